"""A column of JSON values to an Arrow array: at once where Arrow agrees, else cell by cell."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from ._cells import read
from ._kinds import ARROW

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_REFUSED = (pa.ArrowException, TypeError, ValueError, OverflowError)
_ZONE = r"[T ].*(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)$"
_DAY_LENGTH = 10


def to_arrow(values: Sequence[Any], kind: str) -> tuple[pa.Array, int]:
    """Return *values* as an array of *kind*, and how many of them did not fit (they are null).

    The quick ways below give what the patient way of ``_cells`` gives, or raise.
    """
    for quick in _QUICK[kind]:
        try:
            return quick(values), 0
        except _REFUSED:
            continue
    cells, misfits = read(values, kind)
    return pa.array(cells, ARROW[kind]), misfits


def _plain(kind: str) -> Callable[[Sequence[Any]], pa.Array]:
    return lambda values: pa.array(values, ARROW[kind])


def _numbers(values: Sequence[Any]) -> pa.Array:
    # Arrow would read true as 1.0.
    if bool in set(map(type, values)):
        raise TypeError
    return pa.array(values, ARROW["float"])


def _numbers_as_text(values: Sequence[Any]) -> pa.Array:
    trimmed = pc.utf8_trim_whitespace(pa.array(values, pa.string()))
    return pc.if_else(pc.equal(trimmed, ""), None, trimmed).cast(ARROW["float"])


def _last_four(values: Sequence[Any]) -> pa.Array:
    digits = pa.array(values, pa.int64())
    if (pc.min(digits).as_py() or 0) < 0:
        raise ValueError
    return pc.utf8_lpad(digits.cast(ARROW["last4"]), 4, "0")


def _instants(values: Sequence[Any]) -> pa.Array:
    return pa.array(values, pa.string()).cast(ARROW["datetime"])


def _mixed_instants(values: Sequence[Any]) -> pa.Array:
    """Give the texts without a time or a zone what they lack, then read them."""
    texts = pc.utf8_trim_whitespace(pa.array(values, pa.string()))
    texts = pc.if_else(pc.equal(texts, ""), None, texts)
    lacking = pc.if_else(pc.equal(pc.binary_length(texts), _DAY_LENGTH), "T00:00:00Z", "Z")
    suffix = pc.if_else(pc.match_substring_regex(texts, _ZONE), "", lacking)
    return pc.binary_join_element_wise(texts, suffix, "").cast(ARROW["datetime"])


def _days(values: Sequence[Any]) -> pa.Array:
    return pa.array(values, pa.string()).cast(ARROW["date"])


_QUICK: dict[str, tuple[Callable[[Sequence[Any]], pa.Array], ...]] = {
    "int": (_plain("int"),),
    "float": (_numbers, _numbers_as_text),
    "bool": (_plain("bool"),),
    "text": (_plain("text"),),
    "last4": (_last_four,),
    "datetime": (_instants, _mixed_instants),
    "date": (_days,),
}


def drop_impossible(values: pa.ChunkedArray, kind: str, zone: str) -> tuple[pa.ChunkedArray, int]:
    """Return *values* with what pandas cannot show as null, and how many these were.

    These are infinite numbers, and years before 1 and after 9999 (with a day of room where the
    frame's zone is not UTC, for it moves the ends).
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
    room = timedelta(days=0 if zone == "UTC" else 1)
    ends = (
        datetime.min.replace(tzinfo=UTC) + room,
        datetime.max.replace(tzinfo=UTC) - room,
    )
    return pa.scalar(ends[0], ARROW[kind]), pa.scalar(ends[1], ARROW[kind])
