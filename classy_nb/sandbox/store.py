"""The store: all records of one sandbox in an in-memory SQLite database."""

# The statements are put together from the names of our own tables and columns and from numbers;
# what a client sends goes in as parameters.
# ruff: noqa: S608

from __future__ import annotations

import sqlite3
import threading
from array import array
from collections import OrderedDict
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import orjson

from .schema import DERIVED, LOOKUPS, SHOWN, STORED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from .table import Table

Record = dict[str, Any]
_CACHED_IDS = 8_000_000
_INSERTED_AT_ONCE = 50_000
_JSON = frozenset({"json", "list", "object"})


class _Database(sqlite3.Connection):
    """A connection that ends with its last user: Python 3.13 warns of one that is merely let go."""

    def __del__(self) -> None:
        self.close()


def _in_memory(**options: Any) -> sqlite3.Connection:
    return sqlite3.connect(":memory:", check_same_thread=False, factory=_Database, **options)


class Store:
    """Tables, filled and asked. Every method may be called from any thread.

    An ordered list of row ids is kept for each question asked, so that the next pages of the same list
    cost a few hundred microseconds however deep they are.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._connection = _in_memory(isolation_level=None)
        self._tables: dict[str, Table] = {}
        self._derived = {derived.table.name: derived for derived in DERIVED}
        self._fillers: dict[str, tuple[Table, Callable[[], Mapping[str, Sequence[Any]]]]] = {}
        self._built: dict[str, int] = {}
        self._orders: OrderedDict[tuple[Any, ...], array[int]] = OrderedDict()
        self.version = 0
        self.last_ids: dict[tuple[str, int | None], int] = {}
        """Highest id before rows were deleted, by table and organization: databases give an id once."""
        self._connection.executescript(LOOKUPS)
        for table in STORED:
            self._add(table)
        for table in SHOWN:
            self._tables[table.name] = table

    def _add(self, table: Table) -> None:
        self._connection.executescript(table.create)
        self._tables[table.name] = table

    def add_filler(self, table: Table, fill: Callable[[], Mapping[str, Sequence[Any]]]) -> None:
        """Declare a table that *fill* gives the rows of when it is first asked for."""
        self._fillers[table.name] = (table, fill)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all tables, filled or not yet."""
        return tuple(dict.fromkeys((*self._tables, *self._derived, *self._fillers)))

    def table(self, name: str) -> Table:
        """Return a table that is filled and up to date."""
        with self.lock:
            if name in self._derived:
                self._derive(name)
            elif name in self._fillers and name not in self._tables:
                table, fill = self._fillers[name]
                self._add(table)
                self.insert(name, fill())
            return self._tables[name]

    def _derive(self, name: str) -> None:
        if self._built.get(name) == self.version:
            return
        derived = self._derived[name]
        for other in derived.needs:
            self.table(other)
        if name in self._tables:
            self._connection.execute(f"DELETE FROM {derived.table.rows}")
        else:
            self._add(derived.table)
        columns = ", ".join(self._fill_columns(derived.table))
        self._connection.execute(f"INSERT INTO {derived.table.rows} ({columns}) {derived.fill}")
        self._built[name] = self.version

    def _fill_columns(self, table: Table) -> list[str]:
        return [f'"{name}"' for name in table.stored]

    def insert(self, name: str, columns: Mapping[str, Any]) -> None:
        """Add rows, given column by column (arrays or lists; NULL is None)."""
        table = self._tables[name]
        names = ", ".join(f'"{column}"' for column in columns)
        marks = ", ".join("?" * len(columns))
        statement = f"INSERT INTO {table.rows} ({names}) VALUES ({marks})"
        size = len(next(iter(columns.values())))
        with self.writing():
            for start in range(0, size, _INSERTED_AT_ONCE):
                part = [_plain(values[start : start + _INSERTED_AT_ONCE]) for values in columns.values()]
                self._connection.executemany(statement, zip(*part, strict=True))

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Lock the store for a change; what was remembered about lists is forgotten."""
        with self.lock:
            self._connection.execute("BEGIN")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
            self.version += 1
            self._orders.clear()

    def execute(
        self, statement: str, parameters: Mapping[str, Any] | Sequence[Any] = ()
    ) -> list[tuple[Any, ...]]:
        """Run one statement of our own and return its rows."""
        with self.lock:
            return self._connection.execute(statement, parameters).fetchall()

    def ids(self, table: Table, where: str, parameters: Mapping[str, Any], order: str) -> array[int]:
        """Return the row ids of a question, in order."""
        key = (table.name, where, order, tuple(sorted(parameters.items())))
        with self.lock:
            known = self._orders.get(key)
            if known is None:
                source = table.source_for(where + order)
                statement = f"SELECT t.rowid FROM {source} WHERE {where} ORDER BY {order}"
                cursor = self._connection.execute(statement, parameters)
                known = array("q", [row[0] for row in cursor])
                self._remember(key, known)
            self._orders.move_to_end(key)
            return known

    def _remember(self, key: tuple[Any, ...], ids: array[int]) -> None:
        self._orders[key] = ids
        while len(self._orders) > 1 and sum(map(len, self._orders.values())) > _CACHED_IDS:
            self._orders.popitem(last=False)

    def records(
        self, table: Table, ids: Sequence[int], parameters: Mapping[str, Any] | None = None
    ) -> list[Record]:
        """Return the records with these row ids, in their order, as they are sent (missing ones left out)."""
        found: dict[int, Record] = {}
        columns = table.columns
        names = [column.name for column in columns]
        flags = [c.name for c in columns if c.kind == "bool" and not c.numeric_flag]
        nested = [c.name for c in columns if c.kind in _JSON]
        # The ids go in as a parameter: an unchanging statement is prepared once.
        wanted = "t.rowid IN (SELECT value FROM json_each(:row_ids))"
        statement = f"SELECT t.rowid, {table.select} FROM {table.source} WHERE {wanted}"
        values = {**(parameters or {}), "row_ids": orjson.dumps(list(ids)).decode()}
        with self.lock:
            rows = self._connection.execute(statement, values).fetchall()
        for number, *cells in rows:
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
        """Return a read-only copy as of now, with a view of each kind of record."""
        copy = _in_memory()
        with self.lock:
            tables = [self.table(name) for name in self.names]
            self._connection.backup(copy)
        for table in tables:
            if ":" not in table.select.replace("%H:%M:%S", ""):
                copy.execute(table.view)
        copy.commit()
        copy.execute("PRAGMA query_only = 1")
        return copy

    def close(self) -> None:
        """Give the memory back."""
        with self.lock:
            self._connection.close()


def _plain(values: Any) -> list[Any]:
    return values.tolist() if hasattr(values, "tolist") else list(values)
