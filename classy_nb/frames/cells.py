"""One value at a time: the slow and patient way, for the columns that Arrow refuses.

Each function returns the value of its kind, None where it is missing, or :data:`MISFIT`.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

MISFIT: Final = object()
"""The value does not fit the kind."""

EXACT = 2**53
"""Up to here every whole number is a float of its own."""

_INT64 = range(-(2**63), 2**63)
_WHOLE = re.compile(r"[+-]?[0-9]+(?:\.0*)?")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_MOMENT = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ](.+))?", re.DOTALL)
_FLAGS = {"1": True, "true": True, "0": False, "false": False, "": None}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# Longer digit strings are no numbers of this API, and turning them into one takes ever longer.
_LONGEST = 400


def whole(value: Any) -> Any:
    """Read a whole number that fits 64 bits."""
    if type(value) is str:
        text = value.strip()
        if not text:
            return None
        if len(text) > _LONGEST or not _WHOLE.fullmatch(text):
            return MISFIT
        value = int(text.partition(".")[0])
    elif type(value) is float and value.is_integer() and abs(value) <= EXACT:
        value = int(value)
    # true and false are no numbers: PHP writes false where it has none.
    return value if type(value) is int and value in _INT64 else MISFIT


def number(value: Any) -> Any:
    """Read a number; one that no float can hold comes back infinite, which the caller counts."""
    if type(value) is str:
        text = value.strip()
        if not text:
            return None
        return float(text) if len(text) <= _LONGEST and _NUMBER.fullmatch(text) else MISFIT
    if type(value) is int:
        try:
            return float(value)
        except OverflowError:
            return MISFIT
    return value if type(value) is float else MISFIT


def flag(value: Any) -> Any:
    """Read true or false."""
    if type(value) is str:
        return _FLAGS.get(value.strip().lower(), MISFIT)
    if type(value) in {bool, int, float} and value in {0, 1}:
        return bool(value)
    return MISFIT


def text(value: Any) -> Any:
    """Write any JSON value as text: numbers without a needless ``.0``, objects and lists as JSON."""
    if type(value) is str:
        # Half of a surrogate pair cannot be stored as UTF-8; it becomes a question mark.
        return value.encode("utf-8", "replace").decode("utf-8")
    if type(value) is float and value.is_integer() and abs(value) <= EXACT:
        return str(int(value))
    if type(value) is int or type(value) is float:
        return str(value)
    return text(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def last4(value: Any) -> Any:
    """Read the last digits of a card or account: zeros that a number has lost come back."""
    if type(value) is str:
        digits = text(value.strip())
        if not digits:
            return None
    else:
        digits = str(whole(value)) if value is not None else ""
        if not digits.isdecimal():
            return MISFIT
    return digits.rjust(4, "0") if digits.isdecimal() else digits


def instant(value: Any) -> Any:
    """Read a moment as microseconds since 1970 in UTC; without a zone it is UTC."""
    if type(value) is not str:
        return MISFIT
    trimmed = value.strip()
    if not trimmed:
        return None
    if not _MOMENT.fullmatch(trimmed):
        return MISFIT
    try:
        moment = datetime.fromisoformat(trimmed)
    except ValueError:
        return MISFIT
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // _MICROSECOND


def day(value: Any) -> Any:
    """Read a day; of a moment it is the day as written."""
    micros = instant(value)
    if micros is None or micros is MISFIT:
        return micros
    return date.fromisoformat(value.strip()[:10])


READERS: dict[str, Callable[[Any], Any]] = {
    "int": whole,
    "float": number,
    "bool": flag,
    "text": text,
    "last4": last4,
    "datetime": instant,
    "date": day,
}


NATIVE: dict[str, frozenset[type]] = {
    "int": frozenset({int}),
    "float": frozenset({float, int}),
    "bool": frozenset({bool}),
    "text": frozenset({str}),
}
"""Types of which Arrow takes every value as it is, or says that it cannot."""


def read(values: Sequence[Any], kind: str, skip: Collection[type] = ()) -> tuple[list[Any], int]:
    """Return *values* as cells of *kind*, misfits as None, and the number of misfits.

    Values of the types *skip* stay as they are.
    """
    reader = READERS[kind]
    cells = [value if value is None or type(value) in skip else reader(value) for value in values]
    misfits = cells.count(MISFIT)
    if misfits:
        cells = [None if cell is MISFIT else cell for cell in cells]
    return cells, misfits
