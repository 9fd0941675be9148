"""A refresh: the first load in windows, what changed, what vanished, and the proof that all is equal.

In come a connection, the lists and a destination; out comes a report, one row a list. `Mirror.refresh` and
`sync` call it.

A list is compared by what is cheap to ask. What was created or changed since the last time comes as records.
The number of all records shows whether any vanished, and halving the range of their ids shows which. What is
here is held against the hashes that it was written with. Records that turn out to be the same are not
written.
"""

from __future__ import annotations

import json
import threading
import time
import warnings
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from classy_nb.errors import DataWarning, MirrorError
from classy_nb.query import MOST_PER_PAGE

from .destination import ABOUT, CURSORS, REFRESHES, list_tables
from .forget import FORGOTTEN, Forgotten
from .rows import TEXT, hashed, rows_of, schema_of
from .source import OVERLAP, Reader, items_of
from .tables import DELETED, HASH, HOUSE_COLUMNS, ORGANIZATION, SYNCED, UNKNOWN, VARIANT, variants_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from .destination import Destination, Table
    from .source import Connection
    from .tables import MirroredList

    Ids = np.ndarray[Any, np.dtype[np.int64]]

WINDOW_ROWS = 20_000
"""Rows of a package of a first load, about: what a kill may cost."""
WINDOW_SECONDS = 20.0
"""Seconds after which what a first load has read is written, too, where the API is slow."""
SMALL = 300
"""A list of at most this many records is read whole: that takes no more requests than to ask what changed."""
_AT_A_TIME = 4
"""Lists that are asked for at the same time."""
_ROUNDS = 3
"""How often a list that is not equal yet is compared: records come and go while others are read."""
_OVERLAPPING_ROWS = 50
"""Of the records that lie in the overlap, only about this many are asked for again."""
_DAY = timedelta(days=1)


@dataclass
class Here:
    """What is in the destination of one list: arrays in order of id."""

    ids: Ids
    hashes: pa.Array
    """The hashes of what the rows hold now."""
    gone: np.ndarray[Any, Any]
    """Which are marked as deleted."""
    wrong: Ids
    """Ids of rows that do not have the hash that they were written with, or that are there twice."""
    dates: dict[str, Ids]
    """Dates in microseconds since 1970 of the rows that are not gone; ascending."""
    links: Ids
    """The ids of the parents; of no row, where the list has no parent."""

    @property
    def live(self) -> Ids:
        """The ids of the rows that are not marked as deleted, each once."""
        return np.unique(self.ids[~self.gone])


@dataclass
class Found:
    """What a refresh found out about one list."""

    one: MirroredList
    reader: Reader
    here: Here
    known: Ids
    """The ids that should be here, in order, as far as is known."""
    rows: list[pa.Table] = field(default_factory=list)
    """Records to write; later ones replace earlier ones."""
    fetched: set[int] = field(default_factory=set)
    """The ids of all records that came."""
    vanished: set[int] = field(default_factory=set)
    moments: dict[str, datetime] = field(default_factory=dict)
    """For each column of dates, the date from which changes are to be asked for the next time."""
    at_api: int | None = None
    """How many records the API counts."""
    hidden: int = 0
    """Records that the API counts, but does not show."""
    is_whole: bool = False
    """Whether all records were read."""
    came_whole: bool = False
    """Whether all records were read with those of the parent."""


@dataclass
class Line:
    """What the report says of one list, summed up over the rounds."""

    inserted: int = 0
    changed: int = 0
    vanished: int = 0
    requests: int = 0
    seconds: float = 0.0
    rows: int = 0
    at_api: int | None = None
    equal: bool = False
    shown_by: str = ""
    repaired: int = 0
    """Rows that did not have the hash that they were written with."""
    differed: Counter[str] = field(default_factory=Counter)
    """In how many of the changed records each column was different."""
    misfits: dict[str, int] = field(default_factory=dict)
    """How many values of each column do not fit it."""


class Refresh:
    """One refresh of one organization's rows.

    Parameters
    ----------
    classy
        The connection.
    lists
        The lists, parents before their children.
    destination
        Where the rows are.
    about
        What the mirror says of itself.
    since
        The moment from which on some of the lists are held.
    history
        Whether versions are kept.
    full
        Whether all is read again and compared.
    trust_totals
        Whether the API's totals count what it shows, and nothing else.
    """

    def __init__(
        self,
        classy: Connection,
        lists: Sequence[MirroredList],
        destination: Destination,
        *,
        about: dict[str, str],
        since: datetime | None = None,
        history: bool = True,
        full: bool = False,
        trust_totals: bool = True,
    ) -> None:
        self._classy = classy
        self._lists = lists
        self._destination = destination
        self._about = about
        self._since = since
        self._history = history
        self._full = full
        self._trust_totals = trust_totals
        self._organization = classy.organization
        self._lines = {one.name: Line() for one in lists}
        self._cursors: dict[str, dict[str, Any]] = {}
        self._forgotten = Forgotten()
        self._new: set[str] = set()
        """The lists that this refresh loads for the first time."""
        self._is_over = threading.Event()
        """Set when nobody waits for the threads of this refresh anymore."""
        self.synced = datetime.now(UTC)

    def run(self) -> list[dict[str, Any]]:
        """Bring the destination up to date, and return the report."""
        with warnings.catch_warnings():
            # The report says if the API counts records that it does not show.
            warnings.filterwarnings("ignore", ".*You accepted that", DataWarning)
            return self._run()

    def _run(self) -> list[dict[str, Any]]:
        self._prepare()
        self._load_new_lists()
        waiting = {one.name for one in self._lists}
        for turn in range(_ROUNDS):
            if waiting:
                waiting = self._compare(waiting, full=self._full and turn == 0)
        report = [_report(one, self._lines[one.name]) for one in self._lists]
        owner = {ORGANIZATION: self._organization}
        self._destination.record(
            {
                REFRESHES: _table(REFRESHES, [{**owner, SYNCED: self.synced, "report": json.dumps(report)}]),
                ABOUT: _table(ABOUT, [{**owner, "key": k, "value": v} for k, v in self._about.items()]),
                CURSORS: self._cursor_rows(),
            }
        )
        return report

    @contextmanager
    def _threads(self) -> Iterator[ThreadPoolExecutor]:
        """Yield threads that end soon if the block fails: left alone, each would read its list to the end."""
        with ThreadPoolExecutor(_AT_A_TIME) as pool:
            try:
                yield pool
            except BaseException:
                self._is_over.set()
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def _prepare(self) -> None:
        """Make the tables and columns that are missing, and take up the cursors."""
        tables = [table for one in self._lists for table in list_tables(one, history=self._history)]
        tables += [CURSORS, ABOUT, REFRESHES]
        there = self._destination.columns()
        for table in tables:
            for name, kind in table.kinds.items():
                is_, should = there.get(table.name, {}).get(name), self._destination.type_of(kind)
                if is_ is not None and is_ != should:
                    what = (
                        f"The column {name!r} of {table.name!r} holds {is_}; by now, it should hold {should}"
                    )
                    raise MirrorError(
                        f"{what}: the catalog has changed.",
                        advice="Make the mirror anew, under another name or in another dataset.",
                    )
        # Where a column is new, no row has the hash that it should have, and so the list is read whole.
        if any(not set(table.kinds) <= set(there.get(table.name, ())) for table in tables):
            self._destination.prepare(tables)
            for one in self._lists:
                if self._history and one.name in there and one.versions not in there:
                    self._keep_versions(one)  # the history begins now
        if FORGOTTEN.name in there:
            self._forgotten = Forgotten.of(self._destination.rows(FORGOTTEN, self._organization).to_pylist())
        rows = self._destination.rows(CURSORS, self._organization).to_pylist()
        self._cursors = {row["resource"]: row for row in rows}
        finished = self._destination.rows(REFRESHES, self._organization)[SYNCED].to_pylist()
        # A first load that was killed goes on as the same refresh.
        begun = [row[SYNCED] for row in self._cursors.values() if row[SYNCED] not in finished]
        self.synced = min(begun, default=self.synced)
        # What another one wrote before it failed, without finishing, becomes part of this one.
        half_done = self._destination.take_over(self._lists, self._organization, self.synced)
        for one in self._lists:
            cursor = self._cursors.get(one.parent or one.name)
            is_loaded = cursor is not None and cursor[SYNCED] != self.synced  # or else it is not whole yet
            if self._history and is_loaded and one.name in half_done:
                self._keep_versions(one)

    def _keep_versions(self, one: MirroredList, ids: Sequence[int] | None = None) -> None:
        self._destination.keep_versions(one, self._organization, self.synced, ids)

    # The first load

    def _load_new_lists(self) -> None:
        """Load the lists that are not here yet, window by window, behind what an earlier call had loaded."""
        unknown = [one for one in self._lists if one.parent is None and one.name not in self._cursors]
        with self._threads() as pool:
            list(pool.map(self._begin, unknown))
        begun = [one for one in self._lists if self._cursors.get(one.name, {}).get(SYNCED) == self.synced]
        if not begun:
            return
        self._new = {child.name for one in begun for child in (one, *self._children(one))}
        new = [one for one in begun if not self._cursors[one.name]["is_loaded"]]
        for one in new:
            last = self._cursors[one.name]["last_id"]
            self._destination.cut(one.name, self._organization, "id", last)
            for child in self._children(one):
                self._destination.cut(child.name, self._organization, child.link, last)
        self._load(new)
        if self._history:
            for one in self._lists:
                if one.name in self._new:
                    self._keep_versions(one)

    def _load(self, new: Sequence[MirroredList]) -> None:
        """Read lists, and write them window by window."""
        rows: dict[str, list[pa.Table]] = {}
        # What is read while a window is being written becomes the next window.
        with ThreadPoolExecutor(1) as writer:
            written: Future[None] | None = None
            written_at = time.monotonic()
            for one in new:
                began = time.monotonic()
                reader, cursor = self._reader(one), self._cursors[one.name]
                for fetched in reader.stream(cursor["last_id"]):
                    parts = [(child, items_of(fetched, child)) for child in self._children(one)]
                    for part, records in [*parts, (one, fetched)]:
                        new_rows = self._rows_of(records, part)
                        rows.setdefault(part.name, []).append(new_rows)
                    cursor["last_id"] = fetched["id"][-1].as_py()
                    is_full = sum(len(t) for tables in rows.values() for t in tables) >= WINDOW_ROWS
                    if is_full or time.monotonic() - written_at > WINDOW_SECONDS:
                        if written is not None:
                            written.result()
                        written_at = time.monotonic()
                        written, rows = writer.submit(self._write_window, rows, self._cursor_rows()), {}
                cursor["is_loaded"] = True
                self._lines[one.name].requests += reader.requests
                self._lines[one.name].seconds += time.monotonic() - began
            if written is not None:
                written.result()
            writer.submit(self._write_window, rows, self._cursor_rows()).result()

    def _begin(self, one: MirroredList) -> None:
        """Note from which date the changes of a list will have to be asked for once it is loaded.

        That is the date of its newest record before anything is read: a record that changes behind the reader
        would otherwise be older than the newest one that it came across.
        """
        reader = self._reader(one, children=False)
        self._cursors[one.name] = {
            ORGANIZATION: self._organization,
            "resource": one.name,
            "last_id": None,
            "is_loaded": False,
            SYNCED: self.synced,
            **{name: reader.newest(column) for name, column in one.dates},
        }
        self._lines[one.name].requests += reader.requests

    def _rows_of(self, fetched: pa.Table, one: MirroredList) -> pa.Table:
        """Return records as rows, without what names people whom the mirror has forgotten."""
        return self._forgotten.blank(rows_of(fetched, one, self._organization, self.synced), one)

    def _write_window(self, rows: dict[str, list[pa.Table]], cursors: pa.Table) -> None:
        """Write a window, and then how far it comes: after a kill in between it is read once more."""
        if rows:
            lists = {one.name: one for one in self._lists}
            self._destination.append(
                {list_tables(lists[name])[0]: _together(parts) for name, parts in rows.items()}
            )
        self._destination.record({CURSORS: cursors})

    def _cursor_rows(self) -> pa.Table:
        return _table(CURSORS, list(self._cursors.values()))

    def _reader(self, one: MirroredList, *, children: bool = True) -> Reader:
        return Reader(
            self._classy,
            one,
            self._children(one) if children else (),
            since=self._since,
            is_over=self._is_over,
        )

    def _children(self, one: MirroredList) -> list[MirroredList]:
        return [child for child in self._lists if child.parent == one.name]

    # What is different

    def _compare(self, names: set[str], *, full: bool) -> set[str]:
        """Compare lists, and write what is different; return the names of those to compare once more."""
        groups = [
            [one, *self._children(one)]
            for one in self._lists
            if one.parent is None and names & {one.name, *(child.name for child in self._children(one))}
        ]
        with self._threads() as pool:
            looks = pool.map(lambda group: self._look_at(group, full=full), groups)
            found = [one for group in looks for one in group]
        changes = {one.one.name: rows for one in found if len(rows := self._changes(one))}
        if changes:
            lists = {one.name: one for one in self._lists}
            self._destination.merge({list_tables(lists[name])[0]: rows for name, rows in changes.items()})
        for one in found:
            if one.one.name in changes:
                if self._history:
                    self._keep_versions(one.one, changes[one.one.name]["id"].to_pylist())
                one.here = self._here(one.one)  # as it was written
        for one in found:
            self._prove(one)
        if not self._trust_totals:
            return set()
        return {one.one.name for one in found if not self._lines[one.one.name].equal and not one.hidden}

    def _look_at(self, group: Sequence[MirroredList], *, full: bool) -> list[Found]:
        """Find out what is different in a list, and in those whose records come with it."""
        began = time.monotonic()
        with ThreadPoolExecutor(len(group)) as pool:  # most of a quiet refresh is computing hashes
            found, *nested = pool.map(self._found, group)
        if full or len(found.known) <= SMALL or len(found.here.wrong) > SMALL:
            self._read_whole(found, nested)
            for child in nested:
                child.came_whole = True
        elif found.one.strategy == "counted":
            found.at_api = found.reader.count()
            if found.at_api != len(found.known) or len(found.here.wrong):
                self._read_whole(found, nested)
        else:
            self._ask_what_changed(found, nested)
            self._read_again(found, nested)
            self._find_by_counting(found, nested)
        self._lines[found.one.name].seconds += time.monotonic() - began
        for child in nested:
            began = time.monotonic()
            _lose(child, child.here.ids[~child.here.gone & ~np.isin(child.here.links, found.known)])
            # Every cell is compared with the list itself: an include might have fewer columns.
            is_due = full and not self._is_cut(child.one)
            if is_due or (len(child.here.wrong) > SMALL and not found.is_whole):
                self._read_whole(child, [])
            else:
                self._read_again(child, [])
            if not child.is_whole:
                self._find_by_counting(child, [])
            self._lines[child.one.name].seconds += time.monotonic() - began
        for one in (found, *nested):
            self._lines[one.one.name].requests += one.reader.requests
        cursor = self._cursors[found.one.name]
        for name, column in found.one.dates:
            if column in found.moments:
                cursor[name] = max(filter(None, (cursor[name], found.moments[column])))
        return [found, *nested]

    def _found(self, one: MirroredList) -> Found:
        here = self._here(one)
        return Found(one, self._reader(one), here, here.live)

    def _here(self, one: MirroredList) -> Here:
        columns = [column for _, column in one.dates]
        extra = [*columns, *([one.link] if one.parent is not None else [])]
        rows = self._destination.hashes(one, self._organization, extra).sort_by("id").combine_chunks()
        ids = rows["id"].to_numpy()
        gone = np.asarray(rows["gone"].to_numpy(), bool)
        different = np.asarray(pc.fill_null(pc.not_equal(rows["stored"], rows["actual"]), True), bool)
        twice = np.zeros(len(ids), bool)
        twice[1:] = ids[1:] == ids[:-1]
        dates = {}
        for column in columns:
            values = rows[column].filter(pc.invert(rows["gone"])).drop_null()
            dates[column] = np.sort(values.cast(pa.timestamp("us", "UTC")).cast(pa.int64()).to_numpy())
        return Here(
            ids=ids,
            hashes=_one_array(rows["actual"]),
            gone=gone,
            wrong=np.unique(ids[(different & ~gone) | twice]),
            dates=dates,
            links=ids[:0] if one.parent is None else pc.fill_null(rows[one.link], -1).to_numpy(),
        )

    def _add(self, found: Found, nested: Sequence[Found], fetched: pa.Table) -> None:
        """Take in records that came, and those that came with them."""
        ids = fetched["id"].to_numpy()
        for child in nested:
            items = items_of(fetched, child.one)
            theirs = child.here.ids[~child.here.gone & np.isin(child.here.links, ids)]
            self._add(child, [], items)
            _lose(child, np.setdiff1d(theirs, items["id"].to_numpy()))
        rows = self._rows_of(fetched, found.one)
        found.known = np.union1d(found.known, ids)
        found.fetched.update(ids.tolist())
        found.vanished.difference_update(ids.tolist())
        found.rows.append(rows.filter(_are_different(rows, found.here)))

    def _ask_what_changed(self, found: Found, nested: Sequence[Found]) -> None:
        """Fetch what was created or changed since the cursor."""
        cursor = self._cursors[found.one.name]
        for name, column in found.one.dates:
            dates = found.here.dates[column]
            start = _start(cursor[name], dates)
            # One request: what it brings is the state of one moment, and so its newest date is where the
            # next refresh has to begin. While several pages are read, something may change behind the reader.
            latest, total = found.reader.latest(column, start)
            before = len(found.rows)
            self._add(found, nested, latest)
            if len(latest):
                found.moments[column] = pc.max(latest[column]).as_py()
            if total > len(latest):
                here = len(dates) - int(np.searchsorted(dates, _microseconds(start)))
                if total != here or any(map(len, found.rows[before:])):
                    self._add(found, nested, found.reader.all_since(column, start))

    def _find_by_counting(self, found: Found, nested: Sequence[Found]) -> None:
        """Find what vanished and what is missing by counting ranges of ids, halved until they are small."""
        if not self._trust_totals or self._is_cut(found.one):
            return
        found.at_api = total = found.reader.count()
        if total == len(found.known):
            return
        above, until = None, None
        if total > len(found.known) and len(found.known):
            # There are more than here: as likely as not, they have arrived at the end just now.
            until = int(found.known[-1])
            total -= self._read_range(found, nested, until, None)
        ranges: list[tuple[int | None, int | None, int]] = [(above, until, total)]
        while ranges:
            above, until, at_api = ranges.pop()
            ids = _within(found.known, above, until)
            if at_api == len(ids):
                continue
            if max(at_api, len(ids)) <= MOST_PER_PAGE or len(ids) < 2:  # noqa: PLR2004 - one cannot be halved
                found.hidden += max(at_api - self._read_range(found, nested, above, until), 0)
                continue
            middle = int(ids[(len(ids) - 1) // 2])
            left = found.reader.count(above, middle)
            ranges += [(middle, until, at_api - left), (above, middle, left)]

    def _is_cut(self, one: MirroredList) -> bool:
        """Tell whether the API has no list of just these records: they begin with a date of their parents."""
        return self._since is not None and one.is_cut_by_its_parent

    def _read_range(self, found: Found, nested: Sequence[Found], above: int | None, until: int | None) -> int:
        """Read the records with ids in a range; what is here besides has vanished. Return their number."""
        expected = _within(found.known, above, until)
        fetched = found.reader.between(above, until)
        self._add(found, nested, fetched)
        _lose(found, np.setdiff1d(expected, fetched["id"].to_numpy()))
        return len(fetched)

    def _read_again(self, found: Found, nested: Sequence[Found]) -> None:
        """Read the records anew that do not have their hash, a page at a time."""
        ids = np.array([id_ for id_ in found.here.wrong.tolist() if id_ not in found.fetched], np.int64)
        known = np.union1d(found.known, ids)
        while len(ids):
            first = int(np.searchsorted(known, ids[0]))
            last = int(known[min(first + MOST_PER_PAGE, len(known)) - 1])
            mine = ids[ids <= last]
            self._read_range(found, nested, int(mine[0]) - 1, int(mine[-1]))
            ids = ids[ids > last]

    def _read_whole(self, found: Found, nested: Sequence[Found]) -> None:
        """Read all records, and keep those that are different."""
        found.fetched.clear()
        for fetched in found.reader.stream():
            self._add(found, nested, fetched)
        ids = np.fromiter(found.fetched, np.int64, len(found.fetched))
        _lose(found, np.setdiff1d(found.known, ids))
        found.is_whole, found.at_api = True, len(ids)
        if self._trust_totals and len(ids) and found.reader.total is not None:
            found.at_api = found.reader.total
            found.hidden = max(found.at_api - len(ids), 0)
        cursor = self._cursors.get(found.one.name, {})
        for name, column in found.one.dates:
            if cursor.get(name) is None and found.rows:
                # The list was empty until now. Something may have changed behind the reader.
                newest = max(
                    filter(None, (pc.max(rows[column]).as_py() for rows in found.rows)), default=None
                )
                if newest is not None:
                    found.moments[column] = newest - _DAY

    # What is written, and the proof

    def _changes(self, found: Found) -> pa.Table:
        """Return the rows to write: each id once, and what vanished marked as deleted."""
        name, line = found.one.name, self._lines[found.one.name]
        schema = schema_of(found.one.kinds)
        rows = _together([schema.empty_table(), *found.rows])
        if len(rows):
            ids = rows["id"].to_numpy()
            _, places = np.unique(ids[::-1], return_index=True)
            places = len(ids) - 1 - places
            if found.vanished:
                places = places[~np.isin(ids[places], list(found.vanished))]
            rows = _without_empty_variants(rows.take(places))
        here = found.here.live
        changing = np.isin(rows["id"].to_numpy(), here)
        changed = int(changing.sum())
        if changed:
            before = self._destination.rows(
                list_tables(found.one)[0], self._organization, rows["id"].to_numpy()[changing].tolist()
            )
            line.differed.update(_differences(before, rows.filter(pa.array(changing))))
        line.changed += changed
        line.inserted += len(rows) - changed
        line.repaired += len(found.here.wrong)
        gone = np.intersect1d(here, np.fromiter(found.vanished, np.int64, len(found.vanished)))
        if name in self._new and not line.rows:
            line.inserted += len(here)  # by the first load
        if not len(gone):
            return rows
        line.vanished += len(gone)
        return _together([rows, self._deleted(found.one, gone.tolist())])

    def _deleted(self, one: MirroredList, ids: list[int]) -> pa.Table:
        """Return rows as they are here, marked as deleted now."""
        rows = self._destination.rows(list_tables(one)[0], self._organization, ids)
        now = pa.repeat(pa.scalar(self.synced, pa.timestamp("us", "UTC")), len(rows))
        for name in (SYNCED, DELETED):
            rows = rows.set_column(rows.column_names.index(name), rows.schema.field(name), now)
        return hashed(rows, one)

    def _prove(self, found: Found) -> None:
        """Say in the report whether a list is equal, and how that was shown."""
        one, line = found.one, self._lines[found.one.name]
        line.rows, line.at_api = len(found.here.live), found.at_api
        line.misfits = self._destination.misfits(one, self._organization)
        hashes = "every row has the hash that it was written with"
        if len(found.here.wrong):
            line.equal, line.shown_by = False, f"{len(found.here.wrong):,} rows do not have their hash"
            return
        if found.is_whole:
            line.equal = line.rows == found.at_api
            line.shown_by = f"all {len(found.fetched):,} records read, every cell compared"
        elif not self._trust_totals:
            line.equal = False
            line.shown_by = f"not shown, as totals are not trusted: use verify='full'; {hashes}"
        elif found.at_api is None:
            line.equal = self._lines[str(one.parent)].equal
            line.shown_by = f"came with their {one.parent}, as the API cannot count them by date; {hashes}"
            if found.came_whole:
                line.shown_by += "; every cell compared"
        else:
            line.equal = line.rows == found.at_api
            line.shown_by = f"{line.rows:,} ids here, {found.at_api:,} counted at the API; {hashes}"
        if not line.equal and found.hidden:
            line.shown_by += (
                f"; the API counts {found.hidden:,} records that it does not show: trust_totals=False"
            )
        if line.repaired:
            line.shown_by += f"; {line.repaired:,} rows without their hash were read again"
        if not (found.is_whole or (found.came_whole and found.at_api is None)):
            line.shown_by += f". Not shown: {one.unseen}"


def _report(one: MirroredList, line: Line) -> dict[str, Any]:
    return {
        "list": one.name,
        "rows_here": line.rows,
        "count_at_api": line.at_api,
        "inserted": line.inserted,
        "changed": line.changed,
        "vanished": line.vanished,
        "requests": line.requests,
        "seconds": round(line.seconds, 3),
        "equal": line.equal,
        "shown_by": line.shown_by,
        "differed": _with_counts(line.differed),
        "misfits": _with_counts(line.misfits),
    }


def _with_counts(columns: Mapping[str, int]) -> str | None:
    return ", ".join(f"{name} ({count:,})" for name, count in columns.items()) or None


def _table(table: Table, rows: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=schema_of(table.kinds))


def _together(tables: Sequence[pa.Table]) -> pa.Table:
    """Return tables as one; some may have values that do not fit, in columns that others lack."""
    return pa.concat_tables(tables, promote_options="default")


def _without_empty_variants(rows: pa.Table) -> pa.Table:
    empty = [name for name in variants_in(rows.column_names) if rows[name].null_count == len(rows)]
    return rows.drop_columns(empty)


def _differences(before: pa.Table, after: pa.Table) -> dict[str, int]:
    """Return for each column in how many of some records it is different."""
    _, places = np.unique(before["id"].to_numpy(), return_index=True)  # a row may be there twice
    before, after = before.take(places), after.sort_by("id")
    different: dict[str, pa.Array] = {}
    for name in dict.fromkeys((*after.column_names, *before.column_names)):
        if name in HOUSE_COLUMNS and name != UNKNOWN:
            continue
        old, new = (
            _one_array(table[name]) if name in table.column_names else pa.nulls(len(table), TEXT)
            for table in (before, after)
        )
        differs = pc.or_(pc.xor(old.is_null(), new.is_null()), pc.fill_null(pc.not_equal(old, new), False))
        column = name.removesuffix(VARIANT)
        different[column] = pc.or_(different[column], differs) if column in different else differs
    return {name: differs.true_count for name, differs in different.items() if differs.true_count}


def _one_array(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _are_different(rows: pa.Table, here: Here) -> pa.Array:
    """Return which of these rows are not here, or not like this."""
    ids = rows["id"].to_numpy()
    if not len(here.ids):
        return pa.array(np.ones(len(ids), bool))
    places = np.minimum(np.searchsorted(here.ids, ids), len(here.ids) - 1)
    there = (here.ids[places] == ids) & ~here.gone[places] & ~np.isin(ids, here.wrong)
    same = pc.fill_null(pc.equal(here.hashes.take(pa.array(places)), _one_array(rows[HASH])), False)
    return pa.array(~(there & np.asarray(same, bool)))


def _lose(found: Found, ids: Ids) -> None:
    """Note that records are not there any more."""
    found.vanished.update(ids.tolist())
    found.known = np.setdiff1d(found.known, ids)


def _within(ids: Ids, above: int | None, until: int | None) -> Ids:
    """Return those of the ascending *ids* that are greater than the first and at most the second."""
    start = 0 if above is None else int(np.searchsorted(ids, above, side="right"))
    stop = len(ids) if until is None else int(np.searchsorted(ids, until, side="right"))
    return ids[start:stop]


def _microseconds(moment: datetime) -> int:
    return int(moment.timestamp()) * 1_000_000 + moment.microsecond


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _start(cursor: datetime | None, dates: Ids) -> datetime:
    """Return from when on to ask for changes: some time before the cursor, but not many records before."""
    if cursor is None:
        return _EPOCH
    start = cursor - OVERLAP
    if len(dates) > _OVERLAPPING_ROWS:
        # Windows refuses fromtimestamp() before 1970.
        fewer = _EPOCH + timedelta(seconds=int(dates[-_OVERLAPPING_ROWS]) // 1_000_000)
        start = max(start, min(fewer, cursor))
    return start.replace(microsecond=0)
