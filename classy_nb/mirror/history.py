"""Earlier states of a mirror, and what changed between two of them.

A mirror keeps every version of a record that a refresh saw, in a table beside each list's own. Times come in;
:meth:`History.as_of` gives the mirror as it was then, and :meth:`History.changes` a frame of the differences.
The earlier state is made by :func:`rewound` of views with the names of the tables, in a database in memory,
so that whatever reads a mirror reads an earlier one in the same way.
"""

from __future__ import annotations

import copy
import json
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pyarrow as pa

from classy_nb.arguments import shown
from classy_nb.catalog import flat_names
from classy_nb.errors import UsageError
from classy_nb.frames import to_frame
from classy_nb.query import days, instant, is_date_text, named_period, nearest, today_in, zone
from classy_nb.redact import clear_tracebacks

from . import views
from .tables import DELETED, HOUSE_COLUMNS, ORGANIZATION, SYNCED, UNKNOWN, VERSIONS, tables_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path
    from typing import Self

    import pandas as pd

    from classy_nb.frames import Backend
    from classy_nb.query import Moment

_DAY, _INSTANT = timedelta(days=1), timedelta(microseconds=1)


class History:
    """What a mirror knows of its past. :class:`Mirror` mixes it in."""

    path: Path
    as_of_moment: datetime | None = None
    """The moment whose state this is; None for the latest one."""

    if TYPE_CHECKING:

        @property
        def about(self) -> dict[str, str]: ...  # noqa: D102
        @property
        def organization(self) -> int: ...  # noqa: D102
        @property
        def timezone(self) -> str: ...  # noqa: D102
        def connect(self) -> AbstractContextManager[Any]: ...  # noqa: D102

    @clear_tracebacks
    def as_of(self, when: Moment) -> Self:
        """Return the mirror as it was at an earlier time: what the last refresh until then had found.

        ::

            october = copy.as_of("2026-10-31")
            october.transactions(since="2026-10-01", until="2026-11-01")

        Parameters
        ----------
        when
            A day, month or year (``"2026-10-31"``, ``"2026-10"``) or a period in words (``"last month"``)
            means its end, in the organization's time zone; a datetime or a time of a day means itself.

        Returns
        -------
        Mirror
            It answers as the mirror itself does, lists, ``sql`` and the views included, without a request.
            It cannot be refreshed.

        Raises
        ------
        UsageError
            *when* is not a time, or is before the first refresh; or the mirror keeps no history.
        """
        moment = self._moment(when, "when")
        with self.connect() as connection:
            _refresh_at(connection, self.organization, moment)
        past = copy.copy(self)
        past.as_of_moment = moment if self.as_of_moment is None else min(moment, self.as_of_moment)
        return past

    @clear_tracebacks
    def changes(
        self,
        name: str,
        since: Moment,
        until: Moment | None = None,
        *,
        columns: str | Iterable[str] | None = None,
        dtype_backend: Backend = "numpy_nullable",
    ) -> pd.DataFrame:
        """Return what differs between two states of a list: records that are new, changed or gone.

        ::

            copy.changes("transactions", since="2026-10-31", columns=["status", "donation_gross_amount"])
            copy.changes("report_gifts", since="2026-10-31", columns="raised_amount")

        Parameters
        ----------
        name
            A list, such as ``"transactions"``, or one of the views for SQL, such as ``"report_gifts"``:
            there, a refund changes ``raised_amount``.
        since, until
            The states to compare, as for :meth:`as_of`; *until* is the latest one by default.
        columns
            The columns to compare; None for all.

        Returns
        -------
        pandas.DataFrame
            One row per record and column that differs, in order of the records: ``id`` (Int64; of a view, the
            columns that identify a row), ``change`` (string: ``new``, ``changed`` or ``gone``), ``column``
            (string), ``before`` and ``after`` (with one column in *columns*, its dtype; otherwise the value
            as text; missing where there is no record), ``difference`` (Float64: after less before, of amounts
            and other numbers, where a missing value counts as zero; missing for ids, text and dates) and
            ``seen_at`` (datetime64[us, the mirror's time zone]: the refresh that saw the latest change;
            missing for views). New and gone records have a row for each of *columns*, or if that is None, for
            each value that they have: so the differences of a column always add up to that of its totals. A
            record that changed and changed back has no row. No differences give no rows.

        Raises
        ------
        UsageError
            The mirror holds no such list, view or column; a time is not one, or is before the first refresh;
            *since* is after *until*; or the mirror keeps no history.
        """
        begin = self._moment(since, "since")
        end = datetime.now(UTC) if until is None else self._moment(until, "until")
        if self.as_of_moment is not None:
            end = min(end, self.as_of_moment)
        if begin > end:
            raise UsageError(
                f"since={shown(since)} is after until={'now' if until is None else shown(until)}."
            )
        with self.connect() as connection:
            connection.execute(
                f"SET TimeZone = {_text(self.timezone)}"
            )  # of the instants in before and after
            place = _place(connection)
            reports = f"{name}{VERSIONS}" not in tables_in(connection)
            with (
                rewound(connection, self.organization, begin, reports=reports) as (earlier, old),
                _in_schema(connection, place),
                rewound(connection, self.organization, end, reports=reports) as (later, new),
            ):
                compared = _Compared(connection, place, ((earlier, old), (later, new)), name, self)
                frame = to_frame(compared.table(columns), dtype_backend=dtype_backend)
        about = {"since": old.isoformat(), "until": new.isoformat(), "timezone": self.timezone}
        frame.attrs["classy"] = {"mirror": str(self.path), "changes": name, **about, "requests": 0}
        return frame

    def _moment(self, when: Moment, keyword: str) -> datetime:
        """Return the instant that *when* means: of a day or a longer period, its last one."""
        timezone = self.timezone
        after: date | None = None
        if isinstance(when, str) and not is_date_text(when):
            start = int(self.about.get("fiscal_year_start") or 1)
            period = named_period(when, today=today_in(timezone), fiscal_year_start=start, keyword=keyword)
            after = period[1] + _DAY
        elif isinstance(when, str) or (isinstance(when, int) and not isinstance(when, bool)):
            named = days(str(when), keyword)
            after = named[1] if named else None
        elif isinstance(when, date) and not isinstance(when, datetime):
            after = when + _DAY
        if after is None:
            return instant(when, timezone, keyword)
        return instant(after, timezone, keyword) - _INSTANT


@contextmanager
def rewound(
    connection: Any, organization: int, moment: datetime, *, reports: bool = True
) -> Iterator[tuple[str, datetime]]:
    """Let a connection read an organization's rows as they were at a moment, for as long as a block lasts.

    Its current schema becomes one in memory, with views in the place of all tables: lists, versions, notes.
    The views for SQL are made anew over them, with that moment's day as the current one.

    Parameters
    ----------
    connection
        To a mirror's file, read-only, in the schema of its tables.
    organization
        Whose rows.
    moment
        The state after the last refresh that was begun until then, if it was finished.
    reports
        Whether the views for SQL are needed.

    Yields
    ------
    tuple of str and datetime
        The full name of the schema in memory, and when that refresh began.

    Raises
    ------
    UsageError
        There was none, or the mirror keeps no history.
    """
    place, tables = _place(connection), tables_in(connection)
    refreshed, lists = _refresh_at(connection, organization, moment)
    own = f"{ORGANIZATION} = {int(organization)}"
    until = f"{SYNCED} <= {_instant(refreshed)}"
    # All connections of a process to one file share what is attached, so the name is used once.
    memory = f"past_{uuid4().hex}"
    connection.execute(f"ATTACH ':memory:' AS {memory} (READ_WRITE)")
    try:
        connection.execute(f"USE {memory}.main")
        for table in tables:
            stored, condition = f"{place}.{_name(table)}", own
            if table == "_refreshes" or table.endswith(VERSIONS):
                condition += f" AND {until}"
            elif table + VERSIONS in tables:
                if lists and table not in lists:
                    continue  # It was not mirrored yet, which is not the same as being empty.
                stored = f"{place}.{_name(table + VERSIONS)}"
                # A version is what holds until the next one; a disappearance is a version, too.
                condition += f""" AND {DELETED} IS NULL AND (id, {SYNCED}) IN (
                    SELECT (id, max({SYNCED})) FROM {stored} WHERE {own} AND {until} GROUP BY id)"""
            elif table != "_mirror":
                continue
            connection.execute(f"CREATE VIEW {_name(table)} AS SELECT * FROM {stored} WHERE {condition}")
        if reports:
            views.create_views(connection, today=moment)
        yield f"{memory}.main", refreshed
    finally:
        connection.execute(f"USE {place}")
        connection.execute(f"DETACH {memory}")


class _Compared:
    """Two states of a list or a view, each in a schema of its own.

    Parameters
    ----------
    connection
        In the later state.
    place
        The schema that both are made of.
    states
        The earlier and the later one: its schema, and the refresh that it follows.
    name
        Which list or view.
    mirror
        Whose organization and time zone matter.
    """

    def __init__(
        self,
        connection: Any,
        place: str,
        states: tuple[tuple[str, datetime], tuple[str, datetime]],
        name: str,
        mirror: History,
    ) -> None:
        earlier, later = states
        self._connection = connection
        self._zone = mirror.timezone
        known = [
            n for n in sorted(tables_in(connection)) if not n.startswith("_") and not n.endswith(VERSIONS)
        ]
        if name not in known:
            listed = nearest(str(name), known) or f"It holds {', '.join(known)}."
            raise UsageError(f"The mirror holds no {shown(name)}.", advice=listed)
        self._name = name
        self._earlier, self._later = (f"{schema}.{_name(name)}" for schema, _ in (earlier, later))
        before, after = (self._columns_in(schema) for schema, _ in (earlier, later))
        if not before:
            when = earlier[1].astimezone(zone(self._zone)).strftime("%Y-%m-%d %H:%M")
            raise UsageError(
                f"On {when}, the mirror did not hold {shown(name)} yet.",
                advice="Compare later states, or another list.",
            )
        self._columns = {column: kind for column, kind in after.items() if column in before}
        self._key, self._touched, self._seen = (
            views.KEYS.get(name, ("id",)),
            "TRUE",
            "CAST(NULL AS TIMESTAMPTZ)",
        )
        if name not in views.KEYS:
            versions = f"{place}.{_name(name + VERSIONS)} WHERE {ORGANIZATION} = {mirror.organization}"
            versions += f" AND {SYNCED} <= {_instant(later[1])}"
            self._touched = f"id IN (SELECT id FROM {versions} AND {SYNCED} > {_instant(earlier[1])})"
            self._seen = f"(SELECT max({SYNCED}) FROM {versions} AND id = pair.id)"

    def _columns_in(self, schema: str) -> dict[str, str]:
        """Return the columns in one of the two states, and their types."""
        rows = self._connection.execute(
            """SELECT column_name, data_type FROM duckdb_columns()
            WHERE database_name = ? AND table_name = ? ORDER BY column_index""",
            [schema.partition(".")[0], self._name],
        ).fetchall()
        hidden = {*HOUSE_COLUMNS} - {UNKNOWN} | ({"organization_id"} if self._name in views.KEYS else set())
        return {name: kind for name, kind in rows if name not in hidden}

    def table(self, columns: str | Iterable[str] | None) -> pa.Table:
        """Return the differences as a table."""
        chosen = self._chosen(columns)
        keys = ", ".join(self._key)
        pairs = ", ".join(
            f"earlier.{_name(name)} AS before_{i}, later.{_name(name)} AS after_{i}"
            for i, name in enumerate(chosen)
        )
        same = " AND ".join(f"earlier.{name} IS NOT DISTINCT FROM later.{name}" for name in self._key)
        ids = ", ".join(f"COALESCE(later.{name}, earlier.{name}) AS {name}" for name in self._key)
        self._connection.execute(
            f"""CREATE TEMP TABLE pair AS
            SELECT {ids}, CASE WHEN earlier.is_there IS NULL THEN 'new'
                WHEN later.is_there IS NULL THEN 'gone' ELSE 'changed' END AS change, {pairs}
            FROM (SELECT *, TRUE AS is_there FROM {self._earlier} WHERE {self._touched}) earlier
            FULL JOIN (SELECT *, TRUE AS is_there FROM {self._later} WHERE {self._touched}) later
            ON {same}"""
        )
        kind = next(iter(chosen.values())) if len(chosen) == 1 else "VARCHAR"
        if kind.startswith("DECIMAL"):
            kind = "DOUBLE"  # here, because Arrow's own cast is not exact
        parts = []
        for i, (name, own) in enumerate(chosen.items()):
            difference = "NULL"
            if own.startswith(_NUMBERS) and not name.endswith("id"):
                difference = f"COALESCE(after_{i}, 0) - COALESCE(before_{i}, 0)"
            # Whatever is new or gone is listed even if the column is missing, if it was asked for.
            differs = f"before_{i} IS DISTINCT FROM after_{i}"
            if columns is not None:
                differs += " OR change <> 'changed'"
            parts.append(
                f"""SELECT {keys}, change, {_text(name)} AS "column", {i} AS place,
                    CAST(before_{i} AS {kind}) AS before, CAST(after_{i} AS {kind}) AS after,
                    CAST({difference} AS DOUBLE) AS difference
                FROM pair WHERE {differs}"""
            )
        found = self._connection.sql(
            f"""SELECT {keys}, change, "column", before, after, difference, {self._seen} AS seen_at
            FROM ({" UNION ALL ".join(parts)}) pair ORDER BY {keys}, place"""
        ).to_arrow_table()
        return pa.table([_plain(column, self._zone) for column in found.columns], found.column_names)

    def _chosen(self, columns: str | Iterable[str] | None) -> dict[str, str]:
        """Return the columns to compare, and their types."""
        if columns is None:
            return self._columns
        # People know the names of frames, with dots, and those of the file.
        asked = flat_names([columns] if isinstance(columns, str) else list(columns))
        if not asked:
            raise UsageError("columns= is empty.", advice="Leave it out to compare all columns.")
        for name in asked:
            if name not in self._columns:
                advice = nearest(name, self._columns) or f"copy.sql('DESCRIBE {self._name}') lists them."
                raise UsageError(
                    f"{shown(self._name)} has no column {shown(name)} in both states.", advice=advice
                )
        return {name: self._columns[name] for name in dict.fromkeys(asked)}


_NUMBERS = ("BIGINT", "INTEGER", "DOUBLE", "DECIMAL")


def _plain(column: pa.ChunkedArray, timezone: str) -> pa.ChunkedArray:
    """Return a column of DuckDB's with the type that frames have."""
    kind = column.type
    if pa.types.is_integer(kind):
        return column.cast(pa.int64())
    if pa.types.is_timestamp(kind):
        return column.cast(pa.timestamp("us", timezone))
    return column.cast(pa.large_string()) if pa.types.is_string(kind) else column


def _refresh_at(connection: Any, organization: int, moment: datetime) -> tuple[datetime, frozenset[str]]:
    """Return when the last refresh until a moment began, and which lists it covered (none: unknown)."""
    about = dict(
        connection.execute(
            f"SELECT key, value FROM _mirror WHERE {ORGANIZATION} = ?", [organization]
        ).fetchall()
    )
    if about.get("history") == "false" or not any(
        table.endswith(VERSIONS) for table in tables_in(connection)
    ):
        raise UsageError(
            "This mirror keeps no history: it knows the latest state only.",
            advice="classy.mirror(path, history=True).refresh() keeps one from then on.",
        )
    kept_since = datetime.fromisoformat(about.get("history_since") or "0001-01-02T00:00:00+00:00")
    rows = connection.execute(
        f"SELECT epoch_us({SYNCED}), report FROM _refreshes WHERE {ORGANIZATION} = ? ORDER BY 1",
        [organization],
    ).fetchall()
    known = [(at, report) for micros, report in rows if (at := _from_micros(micros)) >= kept_since]
    found = [(at, report) for at, report in known if at <= moment]
    if not found:
        clock = zone(about.get("timezone", "UTC"))
        what = f"The mirror knows nothing from before {moment.astimezone(clock):%Y-%m-%d %H:%M:%S}"
        if not known:
            raise UsageError(f"{what}: no refresh was finished yet.", advice="Call refresh() first.")
        begins = known[0][0].astimezone(clock)
        raise UsageError(
            f"{what}: its history begins with the refresh of {begins:%Y-%m-%d %H:%M:%S}.",
            advice=f"Ask for a time from '{begins + timedelta(seconds=1):%Y-%m-%dT%H:%M:%S}' on.",
        )
    at, report = found[-1]
    lines = json.loads(report) if report else []
    return at, frozenset(line["list"] for line in lines)


def _place(connection: Any) -> str:
    """Return the current schema by its full name."""
    [(database, schema)] = connection.execute("SELECT current_database(), current_schema()").fetchall()
    return f"{_name(database)}.{_name(schema)}"


@contextmanager
def _in_schema(connection: Any, place: str) -> Iterator[None]:
    """Let bare names mean what is in a schema, for as long as a block lasts."""
    before = _place(connection)
    connection.execute(f"USE {place}")
    try:
        yield
    finally:
        connection.execute(f"USE {before}")


def _from_micros(value: int) -> datetime:
    return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=value)


def _name(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _instant(moment: datetime) -> str:
    return f"TIMESTAMPTZ {_text(moment.astimezone(UTC).isoformat())}"
