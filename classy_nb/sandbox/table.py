"""How a kind of record is stored, and how its columns look in SQL and on the wire.

A *value expression* gives what filters and sorts compare: numbers as numbers, instants as seconds
since 1970, flags as 0 and 1. The *wire expression* gives what is sent: the same, put into the form
that the API uses (``+0000`` or ``Z``, a number as text, an object as JSON text).
"""

# The statements are put together from the names of our own tables and columns and from numbers;
# what a client sends goes in as parameters.
# ruff: noqa: S608

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from classy_nb import catalog

if TYPE_CHECKING:
    from collections.abc import Mapping

DATE_FORMS: Mapping[str, str] = {
    "offset": "%Y-%m-%dT%H:%M:%S+0000",
    "z": "%Y-%m-%dT%H:%M:%SZ",
    "ms": "%Y-%m-%dT%H:%M:%S.000Z",
    "plain": "%Y-%m-%d %H:%M:%S",
    "day": "%Y-%m-%d",
}
_EMPTY = {"text": "''", "last4": "''", "list": "'[]'"}
_JSON_KINDS = frozenset({"json", "list", "object"})


def columns(kind: str, names: str) -> dict[str, str]:
    """Return stored columns of one kind, from their names in one text."""
    return dict.fromkeys(names.split(), kind)


@dataclass(frozen=True)
class Wire:
    """One column of an answer."""

    name: str
    kind: str
    value: str
    """SQL that filters and sorts compare."""
    shown: str
    """SQL that gives what is sent."""
    numeric_flag: bool = False
    """A flag that is sent as 0 or 1."""

    @property
    def order(self) -> str:
        """SQL to sort by: a bare number there would mean a column's position."""
        return "NULL" if re.fullmatch(r"\(?\d+\)?", self.value) else self.value

    @property
    def filterable(self) -> bool:
        """Whether a filter or a sort may name it."""
        return self.kind not in _JSON_KINDS


@dataclass(frozen=True)
class Table:
    """A kind of record in the store.

    Parameters
    ----------
    name
        What it is called: ``transactions``. The stored rows are in ``base_transactions``, the view
        ``transactions`` shows them as they are sent.
    record
        The catalog's record, whose columns are answered in the catalog's order.
    stored
        Columns kept, each with ``int``, ``real``, ``text``, ``cents`` or ``time`` (seconds since 1970).
    computed
        Value expressions of further columns; ``t`` is the stored row, the rest comes from *joins*.
    forms
        Wire forms that differ from the usual: a name of :data:`DATE_FORMS`, a printf format, ``text``
        (a number as text) or ``number`` (a flag as 0 or 1).
    date_form
        The usual form of instants.
    order
        The order without ``sort``.
    base
        Another table's name whose rows this one shows.
    """

    name: str
    record: str
    stored: Mapping[str, str]
    computed: Mapping[str, str] = field(default_factory=dict)
    joins: str = ""
    forms: Mapping[str, str] = field(default_factory=dict)
    date_form: str = "z"
    order: str = "t.rowid"
    indexes: tuple[str, ...] = ()
    base: str | None = None

    @property
    def rows(self) -> str:
        """Name of the SQL table with the stored rows."""
        return f"base_{self.base or self.name}"

    @property
    def source(self) -> str:
        """The FROM clause."""
        return f"{self.rows} t {self.joins}".strip()

    def source_for(self, text: str) -> str:
        """Return the FROM clause, without joins where nothing in *text* needs them (much faster)."""
        aliases = re.findall(r"JOIN \w+ (\w+) ON", self.joins)
        return self.source if any(f"{alias}." in text for alias in aliases) else f"{self.rows} t"

    @cached_property
    def columns(self) -> tuple[Wire, ...]:
        """All columns of an answer, in the catalog's order."""
        return tuple(self._wire(column) for column in catalog.load().records[self.record].columns)

    @cached_property
    def by_name(self) -> dict[str, Wire]:
        """The same by name."""
        return {column.name: column for column in self.columns}

    @cached_property
    def select(self) -> str:
        """The wire expressions of all columns."""
        return ", ".join(f'{column.shown} AS "{column.name}"' for column in self.columns)

    @cached_property
    def create(self) -> str:
        """The statements that create the stored table."""
        sql = {"int": "INTEGER", "cents": "INTEGER", "time": "INTEGER", "real": "REAL", "text": "TEXT"}
        parts = [
            f'"{name}" INTEGER PRIMARY KEY' if name == "id" else f'"{name}" {sql[kind]}'
            for name, kind in self.stored.items()
        ]
        lines = [f"CREATE TABLE {self.rows} ({', '.join(parts)})"]
        lines += [f"CREATE INDEX {self.rows}_{name} ON {self.rows} ({name})" for name in self.indexes]
        return ";".join(lines)

    @property
    def view(self) -> str:
        """The statement that creates the view."""
        return f"CREATE VIEW {self.name} AS SELECT {self.select} FROM {self.source}"

    def _wire(self, column: catalog.Column) -> Wire:
        value = self._value(column)
        form = self.forms.get(column.name)
        return Wire(column.name, column.kind, value, self._shown(column.kind, value, form), form == "number")

    def _value(self, column: catalog.Column) -> str:
        if column.name in self.computed:
            return f"({self.computed[column.name]})"
        kind = self.stored.get(column.name)
        if kind is None:
            return "NULL" if column.nullable else _EMPTY.get(column.kind, "0")
        return f't."{column.name}" / 100.0' if kind == "cents" else f't."{column.name}"'

    def _shown(self, kind: str, value: str, form: str | None) -> str:
        if kind in {"datetime", "date"}:
            pattern = DATE_FORMS[form or ("day" if kind == "date" else self.date_form)]
            return f"strftime('{pattern}', {value}, 'unixepoch')"
        if form == "text":
            return f"CAST({value} AS TEXT)"
        if form is not None and form.startswith("%"):
            return f"CASE WHEN {value} IS NOT NULL THEN printf('{form}', {value}) END"
        return value
