"""Objects of one shape, taken apart column by column.

Time goes into memory here, not into arithmetic, so each row is taken apart while it is still near: its
cells go into a tuple at once and its dict is freed for the next page. The tuples are turned into columns
some pages at a time, because a column costs a few microseconds however short it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .columns import ObjectColumn, Part, Place, TypedColumn

Leaf = TypedColumn | ObjectColumn
Row = dict[str, Any]
NewColumn = Callable[[str, Place, int], ObjectColumn]
"""Make a column for an undeclared key: its flat name, where it was first seen, missing rows before."""

_NO_KEYS: Row = {}


class Block:
    """The columns of one kind of object: the record itself, or an object nested in it.

    Most rows have the same keys in the same order, the layout; rows that deviate are looked at one by
    one. When most of them deviate the layout changes.

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
    group_rows
        Rows that become columns at once.
    """

    kind = "object"

    def __init__(
        self,
        name: str,
        rank: int,
        parts: Mapping[str, Leaf | Block],
        new_column: NewColumn,
        group_rows: int,
    ) -> None:
        self.name = name
        self.misfits = 0
        self._rank = rank
        self._parts: dict[str, Leaf | Block] = dict(parts)
        self._new_column = new_column
        self._group_rows = group_rows
        self._layout: tuple[str, ...] = ()
        self._cells: list[tuple[Any, ...]] = []
        self._odd: list[tuple[int, Row]] = []
        self._done = 0

    def add(self, values: Sequence[Any]) -> None:
        """Take the objects of some rows; None and ``[]`` (PHP's empty object) have no keys."""
        rows: Sequence[Row] = values
        if set(map(type, values)) != {dict}:
            rows = [value if type(value) is dict else _NO_KEYS for value in values]
            self.misfits += sum(type(v) is not dict and v is not None and v != [] for v in values)
        cells, odd = _even(rows, self._layout)
        if 2 * len(odd) > len(rows):
            self._turn()
            self._layout = tuple(odd[0][1])
            cells, odd = _even(rows, self._layout)
        unseen = set(self._layout).union(*(row for _, row in odd)) - self._parts.keys()
        if unseen:
            self._meet(rows, unseen)
        before = len(self._cells)
        self._odd += [(before + position, row) for position, row in odd]
        self._cells += cells
        if len(self._cells) >= self._group_rows:
            self._turn()

    def add_missing(self, count: int) -> None:
        """Take *count* rows that lack the object."""
        self._turn()
        for part in self._parts.values():
            part.add_missing(count)
        self._done += count

    def finish(self) -> None:
        """Hand over what is still kept; the columns are then complete."""
        self._turn()
        for part in self._parts.values():
            if isinstance(part, Block):
                part.finish()

    def absorb(self, other: Part) -> None:
        """Take over the rows of another block of the same columns, behind its own."""
        if not isinstance(other, Block):
            raise TypeError("The builders are of other columns.")
        self.finish()
        parts, rows, misfits = other.hand_over()
        for key, part in parts.items():
            if key not in self._parts:
                self._adopt(key, part)
            self._parts[key].absorb(part)
        for key, own in self._parts.items():
            if key not in parts:
                own.add_missing(rows)
        self.misfits += misfits
        self._done += rows

    def _adopt(self, key: str, part: Leaf | Block) -> None:
        """Make a column like one that another block has for an undeclared key."""
        if not isinstance(part, ObjectColumn):
            raise TypeError("The builders are of other columns.")
        row, rank, position = part.place
        self._parts[key] = self._new_column(part.name, (self._done + row, rank, position), self._done)

    def hand_over(self) -> tuple[Mapping[str, Leaf | Block], int, int]:
        """Let go of the columns by key; say how many rows they have, and how many were no objects."""
        self.finish()
        parts, self._parts = self._parts, {}
        return parts, self._done, self.misfits

    def _turn(self) -> None:
        """Turn the rows kept so far into columns."""
        cells, self._cells = self._cells, []
        odd, self._odd = self._odd, []
        parts = dict(self._parts)
        if cells:
            for key, column in zip(self._layout, zip(*cells, strict=True), strict=True):
                parts.pop(key).add(column)
        found: set[str] = set().union(*(row for _, row in odd))
        for key, part in parts.items():
            if key in found:
                part.add(_sparse(key, odd, len(cells)))
            elif cells:
                part.add_missing(len(cells))
        self._done += len(cells)

    def _meet(self, rows: Sequence[Row], unseen: set[str]) -> None:
        """Make columns for the keys that are seen for the first time."""
        for number, row in enumerate(rows, self._done + len(self._cells)):
            for position, key in enumerate(row if not unseen.isdisjoint(row) else ()):
                if key in unseen:
                    unseen.discard(key)
                    name = f"{self.name}.{key}" if self.name else key
                    self._parts[key] = self._new_column(name, (number, self._rank, position), self._done)


def _even(
    rows: Sequence[Row], layout: tuple[str, ...]
) -> tuple[list[tuple[Any, ...]], list[tuple[int, Row]]]:
    """Return the cells of each row in the order of *layout*, and the rows whose keys are not these."""
    blank = (None,) * len(layout)
    cells: list[tuple[Any, ...]] = []
    odd = []
    for position, row in enumerate(rows):
        if not row:
            cells.append(blank)
        elif tuple(row) == layout:
            cells.append(tuple(row.values()))
        else:
            cells.append(tuple(map(row.get, layout)))
            odd.append((position, row))
    return cells, odd


def _sparse(key: str, odd: list[tuple[int, Row]], count: int) -> list[Any]:
    """Return the column of a key that only odd rows have."""
    column: list[Any] = [None] * count
    for position, row in odd:
        column[position] = row.get(key)
    return column
