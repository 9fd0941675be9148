"""Growing columns: values come in groups of rows, an array comes out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa

from .arrays import Reader, drop_impossible
from .cells import EXACT
from .kinds import ARROW, POOL, Backend, object_array, to_pandas

if TYPE_CHECKING:
    from collections.abc import Sequence

_INT64 = range(-(2**63), 2**63)
_OTHER_COLUMNS = "The builders are of other columns."

Place = tuple[int, int, int]


class Part(Protocol):
    """What becomes of one key: a column, or a block of them."""

    def add(self, values: Sequence[Any]) -> None:
        """Take the values of some rows, None where missing."""

    def add_missing(self, count: int) -> None:
        """Take *count* rows that lack the value."""

    def absorb(self, other: Part) -> None:
        """Take over the values of another part of the same kind, behind its own."""


class TypedColumn:
    """A column of a kind that has an Arrow type."""

    def __init__(self, name: str, kind: str) -> None:
        self.name = name
        self.kind = kind
        self.misfits = 0
        self._reader = Reader(kind)
        self._chunks: list[pa.Array] = []

    def add(self, values: Sequence[Any]) -> None:
        """Take the values of some rows, None where missing."""
        chunk, misfits = self._reader.array(values)
        self._chunks.append(chunk)
        self.misfits += misfits

    def add_missing(self, count: int) -> None:
        """Take *count* rows that lack the value."""
        self._chunks.append(pa.nulls(count, ARROW[self.kind], memory_pool=POOL))

    def absorb(self, other: Part) -> None:
        """Take over the values of another column, behind its own; the other is empty then."""
        if not isinstance(other, TypedColumn):
            raise TypeError(_OTHER_COLUMNS)
        chunks, misfits = other.hand_over()
        self._chunks += chunks
        self.misfits += misfits

    def hand_over(self) -> tuple[list[pa.Array], int]:
        """Let go of the values and of the count of those that did not fit."""
        chunks, self._chunks = self._chunks, []
        misfits, self.misfits = self.misfits, 0
        return chunks, misfits

    def finish(self, timezone: str, backend: Backend) -> Any:
        """Return the pandas array; the column lets go of its own copy."""
        # pandas takes over one piece much faster than hundreds.
        chunks = self._chunks or [pa.nulls(0, ARROW[self.kind])]
        values = pa.concat_arrays(chunks, memory_pool=POOL)
        self._chunks = []
        values, misfits = drop_impossible(values, self.kind, timezone)
        self.misfits += misfits
        return to_pandas(values, self.kind, timezone, backend)


class ObjectColumn:
    """A column of Python objects: declared as list or json, or not declared at all.

    ``place`` is where an undeclared one was first seen: row, block, position in the object.
    """

    misfits = 0

    def __init__(self, name: str, kind: str, place: Place = (0, 0, 0)) -> None:
        self.name = name
        self.kind = kind
        self.place = place
        self._values: list[Any] = []

    def add(self, values: Sequence[Any]) -> None:
        """Take the values of some rows, None where missing."""
        self._values.extend(values)

    def add_missing(self, count: int) -> None:
        """Take *count* rows that lack the value."""
        self._values.extend([None] * count)

    def absorb(self, other: Part) -> None:
        """Take over the values of another column, behind its own; the other is empty then."""
        if not isinstance(other, ObjectColumn):
            raise TypeError(_OTHER_COLUMNS)
        self._values.extend(other.hand_over())

    def hand_over(self) -> list[Any]:
        """Let go of the values."""
        values, self._values = self._values, []
        return values

    def finish(self, timezone: str, backend: Backend) -> Any:
        """Return the pandas array; an undeclared column gets the dtype that its values share."""
        values, self._values = self._values, []
        kind = _common_kind(values) if self.kind == "unknown" else None
        if kind is None:
            return object_array(values)
        array, _ = Reader(kind).array(values)
        return to_pandas(array, kind, timezone, backend)


def _common_kind(values: list[Any]) -> str | None:
    """Return the kind that holds all *values* unchanged, or None."""
    types = set(map(type, values)) - {type(None)}
    if types == {int}:
        return "int" if all(v is None or v in _INT64 for v in values) else None
    if types and types <= {int, float}:
        exact = all(type(v) is not int or abs(v) <= EXACT for v in values)
        return "float" if exact else None
    return {frozenset({bool}): "bool", frozenset({str}): "text"}.get(frozenset(types))
