"""What a mirror reads from the API: whole lists, what changed since a moment, ranges of ids, and counts.

A connection and a list come in; Arrow tables go out, with flat names and decimal amounts. :mod:`.refresh`
asks; :func:`dlt_source` offers the same to any pipeline of dlt's.
"""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa

from classy_nb.errors import InterruptedFetchError, UnexpectedAnswerError
from classy_nb.frames import ABOUT
from classy_nb.query import MOST_PER_PAGE, instant
from classy_nb.redact import clear_tracebacks

from .destination import list_tables, with_variants
from .extras import import_dlt
from .rows import rows_of
from .tables import KEY, MirroredList, dlt_columns, mirrored_lists

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from classy_nb.query import Moment, Names

BATCH_ROWS = 10_000
"""Rows of a batch of a whole list."""
OVERLAP = timedelta(minutes=10)
"""How far before the last change that was seen a question for changes begins: a record may become visible
some time after the moment that it is dated."""


class Connection(Protocol):
    """What a mirror needs of a :class:`classy_nb.Classy`: whose it is; its resources are attributes."""

    @property
    def organization(self) -> int:
        """The organization's id."""

    @property
    def organization_name(self) -> str | None:
        """Its name, where the API told it."""

    @property
    def timezone(self) -> str:
        """Its time zone."""

    @property
    def fiscal_year_start(self) -> int:
        """The month in which its fiscal year begins."""


class Reader:
    """Reads one list, and counts the requests that this takes.

    Parameters
    ----------
    classy
        Reads the list.
    one
        The list.
    children
        Lists whose records come with it.
    since
        Only records from this moment on, where the list has the date.
    is_over
        Set when nobody wants what is still to come; then reading ends with InterruptedFetchError.

    Attributes
    ----------
    requests
        How many requests were sent.
    total
        How many records the API promised when the last ones were read.
    """

    def __init__(
        self,
        classy: Connection,
        one: MirroredList,
        children: Sequence[MirroredList] = (),
        *,
        since: datetime | None = None,
        is_over: threading.Event | None = None,
    ) -> None:
        self.one = one
        self._is_over = is_over or threading.Event()
        self.requests = 0
        self.total: int | None = None
        self._resource = getattr(classy, one.name)
        self._since = {"since": since} if since is not None and one.date is not None else {}
        self._reading = {
            "decimal": True,
            "keep_misfits": True,
            "flat": True,
            "progress": self._watch,  # called while answers are waited for, too
            # A list that is shorter than the API's total is no reason to stop: the report will say so.
            "accept_incomplete": True,
            "include": [str(child.include) for child in children] or None,
            **self._since,
        }

    def _watch(self, *_: object) -> None:
        if self._is_over.is_set():
            raise InterruptedFetchError("Stopped.")

    def count(self, above: int | None = None, until: int | None = None) -> int:
        """Return how many records with ids in a range the API counts: above the first, up to the second."""
        self.requests += 1
        where = _between(above, until)
        return int(self._resource.count(where=where, progress=self._watch, **self._since))

    def between(self, above: int | None, until: int | None) -> pa.Table:
        """Return the records with ids above the first, and up to the second."""
        return self._table(where=_between(above, until))

    def newest(self, column: str) -> datetime | None:
        """Return the latest moment in a column of dates; None if the list is empty."""
        table = self._table(
            sort=f"{column}:desc", limit=1, fields=[column], where=None, include=None, accept_incomplete=False
        )
        return table[column][0].as_py() if len(table) else None

    def latest(self, column: str, start: datetime) -> tuple[pa.Table, int]:
        """Return the latest records of those whose date in *column* is *start* or later.

        Returns
        -------
        table
            At most as many as a page holds: it takes one request, so they are the state of one moment.
        total
            How many there are.
        """
        table = self._table(where=[_from(column, start)], sort=f"{column}:desc", limit=MOST_PER_PAGE)
        return table, len(table) if self.total is None else self.total

    def all_since(self, column: str, start: datetime) -> pa.Table:
        """Return all records whose date in *column* is *start* or later."""
        return self._table(where=[_from(column, start)])

    def stream(self, after: int | None = None) -> Iterator[pa.Table]:
        """Yield the records with ids above *after* in order of id, some thousand at a time; maybe none."""
        before = self.requests
        while True:
            try:
                batches = self._resource.batches(
                    rows=BATCH_ROWS, arrow=True, where=_between(after, None), **self._reading
                )
                for batch in batches:
                    table = pa.Table.from_batches([batch])
                    after = table["id"][-1].as_py() if len(table) else after
                    self.requests = before + int(_about(table).get("requests") or 0)
                    self.total = _about(table).get("total")
                    yield table
            except UnexpectedAnswerError:
                # The columns of a stream are those of its first batch. Later records may have keys that the
                # catalog does not know: another stream begins where they came up. One that fails with its
                # first batch has failed for another reason.
                if self.requests == before:
                    raise
                before = self.requests
                continue
            return

    def _table(self, **keywords: Any) -> pa.Table:
        table = self._resource.to_arrow(**{**self._reading, **keywords})
        self.total = _about(table).get("total")
        self.requests += int(_about(table).get("requests") or 0)
        return table


def _between(above: int | None, until: int | None) -> list[str]:
    bounds = [] if above is None else [f"id > {above}"]
    return bounds if until is None else [*bounds, f"id <= {until}"]


def _from(column: str, start: datetime) -> str:
    return f"{column} >= {start.astimezone(UTC):%Y-%m-%dT%H:%M:%S+00:00}"


def _about(table: pa.Table) -> dict[str, Any]:
    about: dict[str, Any] = json.loads((table.schema.metadata or {}).get(ABOUT, b"{}"))
    return about


def items_of(fetched: pa.Table, child: MirroredList) -> pa.Table:
    """Return the records that an include brought as a table; each has the id of its parent."""
    lists = fetched[str(child.include)].combine_chunks()
    structs = lists.flatten()
    table = pa.Table.from_arrays(structs.flatten(), names=[field.name for field in structs.type])
    owners = fetched["id"].combine_chunks().take(lists.value_parent_indices())
    if child.link not in table.column_names:
        return table.append_column(child.link, owners)
    place = table.column_names.index(child.link)
    return table.set_column(place, child.link, owners)


@clear_tracebacks
def dlt_source(
    classy: Connection,
    resources: Names = None,
    since: Moment | None = None,
    *,
    exclude: Names = (),
    hash: Names = (),  # noqa: A002 - what the command line calls it
) -> Any:
    """Return an organization's lists as a source of dlt's, for any destination and any orchestrator.

    ``dlt.pipeline("giving", destination="bigquery", dataset_name="classy").run(cn.dlt_source(classy))``

    The first run loads everything. Later ones load what was created or changed since the run before, which
    the state of the pipeline remembers by organization; lists without dates are read whole. Records merge
    on ``(_organization_id, id)``, so that several organizations can share a dataset. What vanished from the
    API is found by ``classy-nb sync`` and by :meth:`classy_nb.Mirror.refresh` only, which also prove
    that all is equal: a source cannot look into its destination. For a history of each record, apply dlt's
    ``scd2`` strategy with ``_row_hash`` as its row version.

    Parameters
    ----------
    classy
        A connection.
    resources
        Names of lists; by default those of :meth:`classy_nb.Classy.mirror`.
    since
        Only gifts, registrations, answers and plan events from this moment on.
    exclude
        Columns to leave out, by their names in a frame; ``"personal"`` for all that hold personal data, also
        within JSON text.
    hash
        Columns of which only a keyed hash is kept; the key is in the environment variable
        ``CLASSY_HASH_KEY``. Both are as in :func:`classy_nb.mirror.sync`, but nothing remembers them: say
        them in every run.

    Returns
    -------
    dlt.sources.DltSource
        One resource a list, each of which yields Arrow tables: ids and counts are bigint, amounts
        ``decimal(18, 2)``, instants timestamps with a time zone, days dates, nested values JSON text. Every
        column has its hint, also those without any value. ``_organization_id``, ``_unknown`` (JSON text of
        columns that the catalog does not know), ``_row_hash``, ``_synced_at`` and ``_deleted_at`` (always
        missing here) are the columns that are added; values that do not fit a column are in one beside it
        (``goal__v_text``), which exists once there is such a value. Items of transactions come with their
        transactions.

    Raises
    ------
    UsageError
        A list cannot be mirrored, no list has a column that is to be left out or hashed, or there is no key.
    ImportError
        The extra is missing: ``pip install 'classy-nb[mirror]'``.
    """
    dlt = import_dlt()
    lists = mirrored_lists(resources, exclude=exclude, hash=hash)
    organization = classy.organization
    start = None if since is None else instant(since, classy.timezone)

    def tables(one: MirroredList) -> Iterator[Any]:
        state = dlt.current.resource_state().setdefault(str(organization), {})
        children = [child for child in lists if child.parent == one.name]
        reader = Reader(classy, one, children, since=start)
        synced = datetime.now(UTC)
        dates = [column for column in (one.created, one.updated) if column is not None]
        # The moment to ask from the next time is that of the newest record before anything is read: what
        # changes while a long list is read would otherwise be older than the last record that came.
        newest = {column: reader.newest(column) for column in dates}
        asked: Iterator[pa.Table] = reader.stream()
        if dates and all(column in state for column in dates):
            starts = {column: datetime.fromisoformat(state[column]) - OVERLAP for column in dates}
            asked = (reader.all_since(column, start) for column, start in starts.items())
        for fetched in asked:
            for child in children:
                yield from _marked(child, items_of(fetched, child), synced)
            yield from _marked(one, fetched, synced)
        state.update({column: moment.isoformat() for column, moment in newest.items() if moment is not None})

    def _marked(one: MirroredList, fetched: pa.Table, synced: datetime) -> Iterator[Any]:
        rows = rows_of(fetched, one, organization, synced)
        hints = dlt.mark.make_hints(
            table_name=one.name,
            columns=dlt_columns(with_variants(list_tables(one)[0], rows.column_names).kinds, KEY),
            write_disposition={"disposition": "merge", "strategy": "delete-insert"},
        )
        yield dlt.mark.with_hints(rows, hints, create_table_variant=True)

    made = [dlt.resource(tables, name=one.name)(one) for one in lists if one.parent is None]
    return dlt.source(lambda: made, name="classy", max_table_nesting=0)()
