"""The store: every record of one sandbox in an in-memory SQLite database.

The world fills it column by column; lists and objects ask it for ids and then for records, which it returns
as the API sends them. Its tables and views stand in ``sql/`` and its kinds of records in ``tables.toml``.
"""

from __future__ import annotations

import sqlite3
import threading
import tomllib
from array import array
from collections import OrderedDict
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from typing import TYPE_CHECKING, Any

import orjson

from classy_nb import catalog

from . import invent

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Record = dict[str, Any]
DATE_FORMS: Mapping[str, str] = {
    "offset": "%Y-%m-%dT%H:%M:%S+0000",
    "z": "%Y-%m-%dT%H:%M:%SZ",
    "ms": "%Y-%m-%dT%H:%M:%S.000Z",
    "plain": "%Y-%m-%d %H:%M:%S",
    "day": "%Y-%m-%d",
}
_JSON_KINDS = frozenset({"json", "list", "object"})
_NEVER_NULL = {"text": "''", "last4": "''", "list": "'[]'"}
"""What a column without values holds where the catalog says it is never null; numbers are 0."""
_SQL_TYPES = {"int": "INTEGER", "float": "REAL", "bool": "INTEGER", "datetime": "INTEGER", "date": "INTEGER"}
_CACHED_IDS = 8_000_000
_INSERTED_AT_ONCE = 50_000


@cache
def settings() -> dict[str, dict[str, Any]]:
    """Return what ``tables.toml`` says of each table."""
    text = resources.files(__package__).joinpath("tables.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@dataclass(frozen=True)
class Column:
    """A column of the API, in SQL over a row ``t``."""

    name: str
    kind: str
    value: str
    """What filters and sorts compare: instants as seconds since 1970, flags as 0 and 1."""
    sent: str
    """What is sent: the same in the API's form."""
    flag_as_number: bool

    @property
    def order(self) -> str:
        """What to sort by: a bare number there would mean the position of a column."""
        return self.value if "t." in self.value else "NULL"

    @property
    def filterable(self) -> bool:
        """Whether a filter or a sort may name it."""
        return self.kind not in _JSON_KINDS


@dataclass(frozen=True)
class Table:
    """A kind of record: the stored rows ``base_<name>`` and the view of them that the API shows."""

    name: str
    rows: str
    source: str
    """The view ``api_<name>``; the stored rows themselves where there is no view."""
    in_source: frozenset[str]
    """Names of the source's columns, also of those that are never sent."""
    columns: tuple[Column, ...]
    """What is sent, in the catalog's order."""
    derived: bool

    @property
    def order(self) -> str:
        """The order of a list without ``sort``."""
        return str(settings()[self.name].get("order", "t.id"))

    @property
    def record(self) -> str:
        """The catalog's record that gives the columns."""
        return str(settings()[self.name]["records"][0])

    @cached_property
    def by_name(self) -> dict[str, Column]:
        """The columns by name."""
        return {column.name: column for column in self.columns}

    @cached_property
    def select(self) -> str:
        """The columns as they are sent."""
        return ", ".join(f'{column.sent} AS "{column.name}"' for column in self.columns)


class _Database(sqlite3.Connection):
    """A connection that closes when its last user is gone: Python 3.13 warns of one left open."""

    def __del__(self) -> None:
        self.close()


def _in_memory(**options: Any) -> sqlite3.Connection:
    return sqlite3.connect(":memory:", check_same_thread=False, factory=_Database, **options)


class Store:
    """The tables of one sandbox. Every method may be called from any thread.

    The ordered ids of each list that was asked for are kept, so that its next pages cost well under a
    millisecond however deep they are.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._connection = _in_memory(isolation_level=None)
        for script in ("schema", "derived", "views"):
            self._run(script)
        names = {row[0] for row in self._connection.execute("SELECT name FROM sqlite_master")}
        self._tables = {name: self._declare(name, names) for name in settings()}
        self._filled: dict[str, int] = {}
        """The version of the data that a derived or invented table was filled at."""
        self._ids: OrderedDict[tuple[Any, ...], array[int]] = OrderedDict()
        self.version = 0
        self.last_ids: dict[tuple[str, int | None], int] = {}
        """Per table (and organization): the highest id of rows that were deleted."""

    def _run(self, script: str) -> None:
        path = resources.files(__package__).joinpath(f"sql/{script}.sql")
        self._connection.executescript(path.read_text(encoding="utf-8"))

    def finish(self) -> None:
        """Give names to what people made, and index the tables, once they are filled."""
        with self.lock:
            self._run("names")
            self._run("indexes")

    def _declare(self, name: str, existing: set[str]) -> Table:
        given = settings()[name]
        columns = catalog.load().records[given["records"][0]].columns
        if "for_each" in given:
            self._connection.executescript(_create_invented(name, columns))
        source = f"api_{name}" if f"api_{name}" in existing else f"base_{name}"
        in_source = frozenset(row[1] for row in self._connection.execute(f"PRAGMA table_info({source})"))
        shown = tuple(_column(column, given, in_source) for column in columns)
        return Table(name, f"base_{name}", source, in_source, shown, derived=f"new_{name}" in existing)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all tables."""
        return tuple(self._tables)

    def table(self, name: str) -> Table:
        """Return a table that is filled and up to date."""
        table = self._tables[name]
        with self.lock:
            if table.derived and self._filled.get(name) != self.version:
                self._derive(table)
            elif "for_each" in settings()[name] and name not in self._filled:
                self._filled[name] = self.version
                self._invent(table)
        return table

    def _derive(self, table: Table) -> None:
        for other in settings()[table.name].get("needs", ()):
            self.table(other)
        described = self._connection.execute(f"PRAGMA table_info({table.rows})")
        columns = ", ".join(f'"{row[1]}"' for row in described)
        self._connection.execute(f"DELETE FROM {table.rows}")
        self._connection.execute(
            f"INSERT INTO {table.rows} ({columns}) SELECT {columns} FROM new_{table.name}"
        )
        self._filled[table.name] = self.version

    def _invent(self, table: Table) -> None:
        given = settings()[table.name]
        organization = "p.id" if given["for_each"] == "organizations" else "p.organization_id"
        member = f"(SELECT MIN(m.id) FROM base_members m WHERE m.organization_id = {organization})"
        from_parent = {
            "organization_id": organization,
            "campaign_id": "p.id" if given["for_each"] == "campaigns" else None,
            "member_id": member,
            "created_by": member,
            **given.get("columns", {}),
        }
        names = [name for name, sql in from_parent.items() if sql and name in table.in_source]
        select = ", ".join(from_parent[name] for name in names)
        parents = self.execute(f"SELECT {select} FROM base_{given['for_each']} p ORDER BY p.id")
        times, first = given.get("times", 1), given["first_id"]
        columns = catalog.load().records[table.record].columns
        rows = []
        for number in range(len(parents) * times):
            row = {column.name: invent.stored(column, number, table.name) for column in columns}
            row |= dict(zip(names, parents[number // times], strict=True))
            rows.append(row | {"id": first + number, given.get("key", "id"): first + number})
        self.insert_rows(table.name, rows)

    def insert(self, name: str, columns: Mapping[str, Any]) -> None:
        """Add rows, given column by column: arrays or lists, or one value for all rows.

        A column that is left out is NULL, as is None and a masked element.
        """
        rows = self._tables[name].rows
        names = ", ".join(f'"{column}"' for column in columns)
        marks = ", ".join("?" * len(columns))
        plain = [values.tolist() if hasattr(values, "tolist") else values for values in columns.values()]
        size = next(len(values) for values in plain if isinstance(values, list))
        lists = [values if isinstance(values, list) else [values] * size for values in plain]
        with self.writing() as connection:
            for start in range(0, size, _INSERTED_AT_ONCE):
                part = [values[start : start + _INSERTED_AT_ONCE] for values in lists]
                connection.executemany(
                    f"INSERT INTO {rows} ({names}) VALUES ({marks})", zip(*part, strict=True)
                )

    def insert_rows(self, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add rows with the same columns, given one by one."""
        if rows:
            self.insert(name, {column: [row[column] for row in rows] for column in rows[0]})

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Lock the store for a change; what was remembered of lists is forgotten."""
        with self.lock:
            self._connection.execute("BEGIN")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
            self.version += 1
            self._ids.clear()

    def execute(
        self, statement: str, parameters: Mapping[str, Any] | Sequence[Any] = ()
    ) -> list[tuple[Any, ...]]:
        """Run one statement of our own and return its rows."""
        with self.lock:
            return self._connection.execute(statement, parameters).fetchall()

    def ids(self, table: Table, where: str, parameters: Mapping[str, Any], order: str) -> array[int]:
        """Return the ids of the rows ``t`` that *where* holds for, in order."""
        key = (table.name, where, order, tuple(sorted(parameters.items())))
        with self.lock:
            known = self._ids.get(key)
            if known is None:
                statement = f"SELECT t.id FROM {table.source} t WHERE {where} ORDER BY {order}"
                known = array("q", [row[0] for row in self._connection.execute(statement, parameters)])
                self._ids[key] = known
                while len(self._ids) > 1 and sum(map(len, self._ids.values())) > _CACHED_IDS:
                    self._ids.popitem(last=False)
            self._ids.move_to_end(key)
            return known

    def records(self, table: Table, ids: Sequence[int]) -> list[Record]:
        """Return the records with these ids, in their order, as they are sent; missing ones are left out."""
        names = [column.name for column in table.columns]
        flags = [c.name for c in table.columns if c.kind == "bool" and not c.flag_as_number]
        nested = [c.name for c in table.columns if c.kind in _JSON_KINDS]
        # The ids go in as one parameter: a statement that never changes is prepared only once.
        statement = (
            f"SELECT t.id, {table.select} FROM {table.source} t"
            " WHERE t.id IN (SELECT value FROM json_each(:ids))"
        )
        found: dict[int, Record] = {}
        for number, *cells in self.execute(statement, {"ids": orjson.dumps(list(ids)).decode()}):
            record = dict(zip(names, cells, strict=True))
            for name in flags:
                if record[name] is not None:
                    record[name] = record[name] != 0
            for name in nested:
                if record[name] is not None:
                    record[name] = orjson.loads(record[name])
            found[number] = record
        return [found[number] for number in ids if number in found]

    def snapshot(self) -> sqlite3.Connection:
        """Return a read-only copy as of now, with a view of each kind of record as it is sent."""
        copy = _in_memory()
        with self.lock:
            tables = [self.table(name) for name in self.names]
            self._connection.backup(copy)
        # The views that only fill derived tables and aggregates would be in the way of a caller's own tables.
        helpers = "SELECT name FROM sqlite_master WHERE type = 'view' AND name NOT GLOB 'api_*'"
        for (name,) in copy.execute(helpers).fetchall():
            copy.execute(f"DROP VIEW {name}")
        for table in tables:
            copy.execute(f"CREATE VIEW {table.name} AS SELECT {table.select} FROM {table.source} t")
        copy.commit()
        copy.execute("PRAGMA query_only = 1")
        return copy

    def close(self) -> None:
        """Give the memory back."""
        with self.lock:
            self._connection.close()


def _create_invented(name: str, columns: Sequence[catalog.Column]) -> str:
    types = {"id": "INTEGER PRIMARY KEY", "organization_id": "INTEGER"}
    if settings()[name]["for_each"] == "campaigns":
        types["campaign_id"] = "INTEGER"
    types = {column.name: _SQL_TYPES.get(column.kind, "TEXT") for column in columns} | types
    listed = ", ".join(f'"{column}" {kind}' for column, kind in types.items())
    return f"CREATE TABLE base_{name} ({listed})"


def _column(column: catalog.Column, given: Mapping[str, Any], in_source: frozenset[str]) -> Column:
    name, kind, form = column.name, column.kind, given.get("forms", {}).get(column.name)
    missing = "NULL" if column.nullable else _NEVER_NULL.get(kind, "0")
    value = sent = f't."{name}"' if name in in_source else missing
    if kind in {"datetime", "date"}:
        pattern = DATE_FORMS[form or ("day" if kind == "date" else given.get("dates", "z"))]
        sent = f"strftime('{pattern}', {value}, 'unixepoch')"
    elif form == "text":
        sent = f"CAST({value} AS TEXT)"
    elif form is not None and form.startswith("%"):
        sent = f"CASE WHEN {value} IS NOT NULL THEN printf('{form}', {value}) END"
    return Column(name, kind, value, sent, flag_as_number=form == "number")
