"""Objects of one shape, taken apart column by column.

Most rows have the same keys in the same order: their cells go from dict to column with no look-up and
no copy in between, which is what turning rows round costs. Rows that deviate are looked at one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ._columns import ObjectColumn, TypedColumn

Leaf = TypedColumn | ObjectColumn
Row = dict[str, Any]
NewColumn = Callable[[str, tuple[int, int, int], int], ObjectColumn]
"""Make a column for an undeclared key: its flat name, where it was first seen, missing rows before."""

_NO_KEYS: Row = {}


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
        rows = [value if type(value) is dict else _NO_KEYS for value in values]
        self.misfits += sum(type(v) is not dict and v is not None and v != [] for v in values)
        first = next(filter(None, rows), _NO_KEYS)
        cells, odd = _even(rows, tuple(first))
        found = set(first).union(*odd)
        unseen = found - self._parts.keys() - self._extras.keys()
        if unseen:
            self._meet(rows, unseen)
        parts = {**self._parts, **self._extras}
        for key, column in zip(first, zip(*cells, strict=True), strict=True):
            parts.pop(key).add(column)
        for key, part in parts.items():
            if key in found:
                part.add([row.get(key) for row in rows])
            else:
                part.add_missing(len(rows))
        self._rows += len(rows)

    def add_missing(self, count: int) -> None:
        """Take *count* rows that lack the object."""
        for part in (*self._parts.values(), *self._extras.values()):
            part.add_missing(count)
        self._rows += count

    def _meet(self, rows: list[Row], unseen: set[str]) -> None:
        for number, row in enumerate(rows, self._rows):
            if unseen.isdisjoint(row):
                continue
            for position, key in enumerate(row):
                if key in unseen:
                    unseen.discard(key)
                    name = f"{self.name}.{key}" if self.name else key
                    self._extras[key] = self._new_column(name, (number, self._rank, position), self._rows)


def _even(rows: list[Row], keys: tuple[str, ...]) -> tuple[list[Iterable[Any]], list[Row]]:
    """Return the cells of each row in the order of *keys*, and the rows whose keys are not these."""
    blank = (None,) * len(keys)
    cells: list[Iterable[Any]] = []
    odd = []
    for row in rows:
        if tuple(row) == keys:
            cells.append(row.values())
        elif row:
            cells.append(map(row.get, keys))
            odd.append(row)
        else:
            cells.append(blank)
    return cells, odd
