"""A column of JSON values to an Arrow array: at once where Arrow agrees, else cell by cell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from .cells import NATIVE, read
from .kinds import ARROW, POOL

_REFUSED = (pa.ArrowException, TypeError, ValueError, OverflowError)
# pandas 2.2 crashes the interpreter when it shows an earlier one in some zones.
_EARLIEST = datetime(1700, 1, 1, tzinfo=UTC)
_LACKING = {len("2026-01-31T18:30:00"): "Z", len("2026-01-31"): "T00:00:00Z"}


Way = Callable[[Sequence[Any]], pa.Array]


class Reader:
    """Turns the values of one column into Arrow arrays, group by group.

    The quick ways give what the patient way of ``_cells`` gives, or raise. The way that worked last
    is tried first: a column mostly stays as it is.
    """

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._ways = list(_QUICK[kind])

    def array(self, values: Sequence[Any]) -> tuple[pa.Array, int]:
        """Return *values* as an array, and how many of them did not fit (they are null)."""
        for way in self._ways:
            try:
                array = way(values)
            except _REFUSED:
                continue
            if way is not self._ways[0]:
                self._ways.remove(way)
                self._ways.insert(0, way)
            return array, 0
        return self._patiently(values)

    def _patiently(self, values: Sequence[Any]) -> tuple[pa.Array, int]:
        if self._kind in NATIVE:
            # Mostly it is a few strays, and the others need no second look.
            cells, misfits = read(values, self._kind, NATIVE[self._kind])
            try:
                return pa.array(cells, ARROW[self._kind], memory_pool=POOL), misfits
            except _REFUSED:
                pass
        cells, misfits = read(values, self._kind)
        return pa.array(cells, ARROW[self._kind], memory_pool=POOL), misfits


def _plain(kind: str) -> Way:
    return lambda values: pa.array(values, ARROW[kind], memory_pool=POOL)


def _refuse(kind: type, values: Sequence[Any]) -> None:
    """Raise TypeError where Arrow would be too kind: it reads true as 1.0 and 1.5 as 1."""
    if not {kind}.isdisjoint(map(type, values)):
        raise TypeError


def _whole_numbers(values: Sequence[Any]) -> pa.Array:
    _refuse(float, values)
    return pa.array(values, ARROW["int"], memory_pool=POOL)


def _numbers(values: Sequence[Any]) -> pa.Array:
    _refuse(bool, values)
    return pa.array(values, ARROW["float"], memory_pool=POOL)


def _texts(values: Sequence[Any]) -> pa.Array:
    return pa.array(values, pa.string(), memory_pool=POOL)


def _trimmed(values: Sequence[Any]) -> pa.Array:
    texts = pc.utf8_trim_whitespace(_texts(values), memory_pool=POOL)
    return pc.if_else(pc.equal(texts, ""), None, texts)


def _numbers_as_text(values: Sequence[Any]) -> pa.Array:
    return _texts(values).cast(ARROW["float"], memory_pool=POOL)


def _numbers_as_padded_text(values: Sequence[Any]) -> pa.Array:
    return _trimmed(values).cast(ARROW["float"], memory_pool=POOL)


def _whole_as_text(values: Sequence[Any]) -> pa.Array:
    texts = _trimmed(values)
    # Arrow would read 0x10 too.
    if pc.all(pc.match_substring_regex(texts, "^-?[0-9]+$")).as_py() is False:
        raise ValueError
    return texts.cast(ARROW["int"], memory_pool=POOL)


def _flags_as_digits(values: Sequence[Any]) -> pa.Array:
    _refuse(float, values)
    digits = pa.array(values, pa.uint8(), memory_pool=POOL)
    if (pc.max(digits).as_py() or 0) > 1:
        raise ValueError
    return digits.cast(ARROW["bool"], memory_pool=POOL)


def _last_four(values: Sequence[Any]) -> pa.Array:
    digits = _whole_numbers(values)
    if (pc.min(digits).as_py() or 0) < 0:
        raise ValueError
    return pc.utf8_lpad(digits.cast(ARROW["last4"]), 4, "0", memory_pool=POOL)


def _instants(values: Sequence[Any]) -> pa.Array:
    return _texts(values).cast(ARROW["datetime"], memory_pool=POOL)


def _mixed_instants(values: Sequence[Any]) -> pa.Array:
    # By its length it is a moment without a zone, or a day; anything else of that length is refused.
    return _instants([value if value is None else value + _LACKING.get(len(value), "") for value in values])


def _days(values: Sequence[Any]) -> pa.Array:
    return _texts(values).cast(ARROW["date"], memory_pool=POOL)


_QUICK: dict[str, tuple[Way, ...]] = {
    "int": (_whole_numbers, _whole_as_text),
    "float": (_numbers, _numbers_as_text, _numbers_as_padded_text),
    "bool": (_plain("bool"), _flags_as_digits),
    "text": (_plain("text"),),
    "last4": (_last_four,),
    "datetime": (_instants, _mixed_instants),
    "date": (_days,),
}


def drop_impossible(values: pa.Array, kind: str, zone: str) -> tuple[pa.Array, int]:
    """Return *values* with what pandas cannot show as null, and how many these were.

    These are infinite numbers, days outside the years 1 to 9999, and instants outside the years 1700 to
    9999 (to the last day but one where the frame's zone is not UTC, for it moves the end).
    """
    if kind == "float":
        possible = pc.is_finite(values)
    elif kind in {"datetime", "date"}:
        first, last = _limits(kind, zone)
        possible = pc.and_(pc.greater_equal(values, first), pc.less_equal(values, last))
    else:
        return values, 0
    if pc.all(possible).as_py() is not False:
        return values, 0
    return pc.if_else(possible, values, None), pc.sum(pc.invert(possible)).as_py()


def _limits(kind: str, zone: str) -> tuple[pa.Scalar, pa.Scalar]:
    if kind == "date":
        return pa.scalar(date.min, ARROW[kind]), pa.scalar(date.max, ARROW[kind])
    last = datetime.max.replace(tzinfo=UTC) - timedelta(days=0 if zone == "UTC" else 1)
    return pa.scalar(_EARLIEST, ARROW[kind]), pa.scalar(last, ARROW[kind])
