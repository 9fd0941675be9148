"""Growing columns: values come in groups of rows, an array comes out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ._arrays import Reader, drop_impossible
from ._cells import EXACT
from ._kinds import ARROW, POOL, Backend, object_array, to_pandas

if TYPE_CHECKING:
    from collections.abc import Sequence

_INT64 = range(-(2**63), 2**63)


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
    """A column of Python objects: declared as list or json, or not declared at all."""

    misfits = 0

    def __init__(self, name: str, kind: str, values: list[Any] | None = None) -> None:
        self.name = name
        self.kind = kind
        self._values = values or []

    def add(self, values: Sequence[Any]) -> None:
        """Take the values of some rows, None where missing."""
        self._values.extend(values)

    def add_missing(self, count: int) -> None:
        """Take *count* rows that lack the value."""
        self._values.extend([None] * count)

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
