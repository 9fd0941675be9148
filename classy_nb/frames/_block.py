"""Objects of one shape, taken apart column by column.

Rows are turned round with ``itemgetter`` (one C call a row). Most groups of rows have equal keys;
what deviates is found by its length alone, so that only those rows are looked at closely.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from ._columns import ObjectColumn, TypedColumn

Leaf = TypedColumn | ObjectColumn
Row = Mapping[str, Any]
NewColumn = Callable[[str, tuple[int, int, int], int], ObjectColumn]
"""Make a column for an undeclared key: its flat name, where it was first seen, missing rows before."""


class Block:
    """The columns of one kind of object: the record itself, or an object nested in it.

    Parameters
    ----------
    name
        Name of the nested object in the frame, empty for the record itself.
    rank
        Place among the blocks; orders the undeclared keys of one row.
    parts
        What becomes of each declared key.
    new_column
        Called for each undeclared key.
    """

    kind = "object"

    def __init__(
        self, name: str, rank: int, parts: Mapping[str, Leaf | Block], new_column: NewColumn
    ) -> None:
        self.name = name
        self.misfits = 0
        self._rank = rank
        self._parts = parts
        self._new_column = new_column
        self._extras: dict[str, ObjectColumn] = {}
        self._rows = 0

    def add(self, values: Sequence[Any]) -> None:
        """Take the objects of some rows; None and ``[]`` (PHP's empty object) have no keys."""
        first = next((v for v in values if type(v) is dict and v), None)
        present = [] if first is None else [key for key in self._parts if key in first]
        filler: Row = dict.fromkeys(present)
        rows = [v if type(v) is dict and v else filler for v in values]
        self.misfits += sum(type(v) is not dict and v is not None and v != [] for v in values)
        present, columns, found = self._turn(rows, present)
        for key, column in zip(present, columns, strict=True):
            self._parts[key].add(column)
        for key in self._parts.keys() - present:
            self._parts[key].add_missing(len(rows))
        self._add_extras(rows, found)
        self._rows += len(rows)

    def add_missing(self, count: int) -> None:
        """Take *count* rows that lack the object."""
        for part in (*self._parts.values(), *self._extras.values()):
            part.add_missing(count)
        self._rows += count

    def _turn(self, rows: list[Row], present: list[str]) -> tuple[list[str], list[Sequence[Any]], set[str]]:
        """Return the declared keys that occur, their columns, and all keys that occur."""
        try:
            columns = _columns(rows, present)
        except KeyError:
            columns, odd = None, rows
        else:
            # A row that has all these keys and no more of them has just these.
            odd = [row for row in rows if len(row) != len(present)]
        found = set(present).union(*odd)
        if columns is None or any(key in found for key in self._parts if key not in present):
            present = [key for key in self._parts if key in found]
            blank: Row = dict.fromkeys(present)
            columns = _columns([{**blank, **row} for row in rows], present)
        return present, columns, found

    def _add_extras(self, rows: list[Row], found: set[str]) -> None:
        unseen = found - self._parts.keys() - self._extras.keys()
        if unseen:
            self._meet(rows, unseen)
        for key, column in self._extras.items():
            column.add([row.get(key) for row in rows])

    def _meet(self, rows: list[Row], unseen: set[str]) -> None:
        for number, row in enumerate(rows, self._rows):
            if unseen.isdisjoint(row):
                continue
            for position, key in enumerate(row):
                if key in unseen:
                    unseen.discard(key)
                    name = f"{self.name}.{key}" if self.name else key
                    self._extras[key] = self._new_column(name, (number, self._rank, position), self._rows)


def _columns(rows: list[Row], keys: list[str]) -> list[Sequence[Any]]:
    """Turn *rows* round; raise KeyError where a row lacks a key."""
    if len(keys) < 2:  # noqa: PLR2004 - itemgetter of one key gives no tuple
        return [[row[key] for row in rows] for key in keys]
    return list(zip(*map(itemgetter(*keys), rows), strict=True))
