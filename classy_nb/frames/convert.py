"""JSON values to an Arrow array: in one go where Arrow agrees, else cell by cell.

:mod:`.builder` hands over the values of one column for some hundred records at a time and gets back an array
of the column's kind, and how many values did not fit it.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from classy_nb.decoding import loads, rows_of, storable

from .kinds import ARROW, POOL

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

EXACT = 2**53
"""Up to here every whole number is also a float."""

_REFUSED = (pa.ArrowException, TypeError, ValueError, OverflowError)
_INT64 = range(-(2**63), 2**63)


class Converter:
    """Converts the values of one column, chunk by chunk.

    Arrow converts a chunk at once if all of its values have a form that it knows; which form a column comes
    in (numbers or text, say) rarely changes, so the attempt that worked last is made first. A chunk that
    every attempt refuses, often for a single stray value, is read cell by cell, to the same array.

    Without *objects_are_text*, objects and lists do not fit a column of text.
    """

    def __init__(self, kind: str, *, objects_are_text: bool = True) -> None:
        self._kind = kind
        self._objects_are_text = objects_are_text
        self.cut = 0
        """Values so far that lost something: days their time, amounts what is less than a cent."""
        self._attempts = list(_ATTEMPTS[kind])

    def convert(self, values: Sequence[Any]) -> tuple[pa.Array, int]:
        """Return *values* as an array, and how many of them did not fit (they are null)."""
        for attempt in self._attempts:
            try:
                array = attempt(values)
            except _REFUSED:
                continue
            if attempt is not self._attempts[0]:
                self._attempts.remove(attempt)
                self._attempts.insert(0, attempt)
            return array, 0
        arrow = ARROW[self._kind]
        if self._kind == "date":
            self.cut += sum(type(value) is str and _TIME.match(value) is not None for value in values)
        if self._kind in _NATIVE:
            # Mostly it is a few strays that Arrow refused: leave the values alone that it knows.
            cells, misfits = read_cells(
                values, self._kind, _NATIVE[self._kind], objects_are_text=self._objects_are_text
            )
            try:
                return pa.array(cells, arrow, memory_pool=POOL), misfits
            except _REFUSED:
                pass  # one of these was the culprit, such as an integer of more than 64 bits
        cells, misfits = read_cells(values, self._kind, objects_are_text=self._objects_are_text)
        if self._kind == "decimal":
            read = (pair for pair in zip(values, cells, strict=True) if pair[1] is not None)
            self.cut += sum(abs(Decimal(str(value)) - cell) > _NOISE for value, cell in read)
        return pa.array(cells, arrow, memory_pool=POOL), misfits


# --- In one go ---------------------------------------------------------------------------------------


def _refuse(kinds: set[type], values: Sequence[Any]) -> None:
    """Raise TypeError where Arrow would be too lenient: it reads true as 1.0 and 1.5 as 1."""
    if not kinds.isdisjoint(map(type, values)):
        raise TypeError


def _integers(values: Sequence[Any]) -> pa.Array:
    _refuse({float, Decimal}, values)
    return pa.array(values, pa.int64(), memory_pool=POOL)


def _integers_as_text(values: Sequence[Any]) -> pa.Array:
    texts = _trimmed(values)
    # Arrow would also read hexadecimal numbers.
    if pc.all(pc.match_substring_regex(texts, "^-?[0-9]+$")).as_py() is False:
        raise ValueError
    return texts.cast(pa.int64(), memory_pool=POOL)


def _floats(values: Sequence[Any]) -> pa.Array:
    _refuse({bool}, values)
    return pa.array(values, pa.float64(), memory_pool=POOL)


def _floats_as_text(values: Sequence[Any]) -> pa.Array:
    return _strings(values).cast(pa.float64(), memory_pool=POOL)


def _floats_as_padded_text(values: Sequence[Any]) -> pa.Array:
    return _trimmed(values).cast(pa.float64(), memory_pool=POOL)


def _decimals(values: Sequence[Any]) -> pa.Array:
    # By way of the digits, which are those of the JSON: the decoder makes no float that would lose any.
    _refuse({Decimal}, values)
    return _floats(values).cast(pa.string(), memory_pool=POOL).cast(ARROW["decimal"], memory_pool=POOL)


def _booleans(values: Sequence[Any]) -> pa.Array:
    return pa.array(values, pa.bool_(), memory_pool=POOL)


def _booleans_as_digits(values: Sequence[Any]) -> pa.Array:
    _refuse({float, Decimal}, values)
    digits = pa.array(values, pa.uint8(), memory_pool=POOL)
    if (pc.max(digits).as_py() or 0) > 1:
        raise ValueError
    return digits.cast(pa.bool_(), memory_pool=POOL)


def _text(values: Sequence[Any]) -> pa.Array:
    return pa.array(values, pa.large_string(), memory_pool=POOL)


def _last_four(values: Sequence[Any]) -> pa.Array:
    digits = _integers(values)
    if (pc.min(digits).as_py() or 0) < 0:
        raise ValueError
    return pc.utf8_lpad(digits.cast(pa.large_string()), 4, "0", memory_pool=POOL)


def _instants(values: Sequence[Any]) -> pa.Array:
    return _strings(values).cast(ARROW["datetime"], memory_pool=POOL)


_LACKING = {len("2026-01-31T18:30:00"): "Z", len("2026-01-31"): "T00:00:00Z"}


def _instants_of_several_forms(values: Sequence[Any]) -> pa.Array:
    # By its length a text has no zone, or is a day; Arrow refuses anything else of that length.
    return _instants([value if value is None else value + _LACKING.get(len(value), "") for value in values])


def _days(values: Sequence[Any]) -> pa.Array:
    return _strings(values).cast(pa.date32(), memory_pool=POOL)


def _json(values: Sequence[Any]) -> pa.Array:
    texts = [None if value is None else json_text(value) for value in values]
    return pa.array(texts, pa.large_string(), memory_pool=POOL)


def _free_form(values: Sequence[Any]) -> pa.Array:
    texts = [None if value is None else free_form_text(value) for value in values]
    return pa.array(texts, pa.large_string(), memory_pool=POOL)


def _lists(values: Sequence[Any]) -> pa.Array:
    _refuse({str, bool, int, float, dict, Decimal}, values)
    return _json(values)


def _strings(values: Sequence[Any]) -> pa.Array:
    return pa.array(values, pa.string(), memory_pool=POOL)


def _trimmed(values: Sequence[Any]) -> pa.Array:
    texts = pc.utf8_trim_whitespace(_strings(values), memory_pool=POOL)
    return pc.if_else(pc.equal(texts, ""), None, texts)


_ATTEMPTS: dict[str, tuple[Callable[[Sequence[Any]], pa.Array], ...]] = {
    "int": (_integers, _integers_as_text),
    "float": (_floats, _floats_as_text, _floats_as_padded_text),
    "decimal": (_decimals,),
    "bool": (_booleans, _booleans_as_digits),
    "text": (_text,),
    "last4": (_last_four,),
    "datetime": (_instants, _instants_of_several_forms),
    "date": (_days,),
    "json": (_free_form,),
    "object": (_free_form,),
    "undeclared": (_json,),
    "list": (_lists,),
}

_NATIVE: dict[str, frozenset[type]] = {
    "int": frozenset({int}),
    "float": frozenset({float, int}),
    "bool": frozenset({bool}),
    "text": frozenset({str}),
}
"""Types of which Arrow takes every value as it is, or says that it cannot."""


# --- Cell by cell ------------------------------------------------------------------------------------

MISFIT: Final = object()
"""The value does not fit the kind."""

_WHOLE = re.compile(r"[+-]?[0-9]+(?:\.0*)?")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_MOMENT = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ](.+))?", re.DOTALL)
_TIME = re.compile(r"\s*[0-9-]{10}[T ][0:.]*[1-9]")
"""A day with a time other than midnight."""
_FLAGS = {"1": True, "true": True, "0": False, "false": False, "": None}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# Python takes quadratic time to read a number, and no number of this API is nearly as long.
_LONGEST = 400
_CENT = Decimal("0.01")
_NOISE = Decimal("0.000001")
"""Less than this is no amount, but what a server's own floats left: ``0.8200000000000001``."""
_WHOLE_DIGITS = 16
"""Digits before the point that a decimal column has room for."""


def read_cells(
    values: Sequence[Any], kind: str, skip: Collection[type] = (), *, objects_are_text: bool = True
) -> tuple[list[Any], int]:
    """Return *values* as cells of *kind*, misfits as None, and the number of misfits.

    Values of the types *skip* stay as they are.
    """
    reader = READERS[kind] if objects_are_text or kind != "text" else read_plain_text
    cells = [value if value is None or type(value) in skip else reader(value) for value in values]
    misfits = cells.count(MISFIT)
    if misfits:
        cells = [None if cell is MISFIT else cell for cell in cells]
    return cells, misfits


# Each reader returns the value as its kind, None where it is missing, or MISFIT.


def read_int(value: Any) -> Any:
    """Read an integer of at most 64 bits."""
    if type(value) is Decimal:
        value = str(value)
    if type(value) is str:
        text = value.strip()
        if not text:
            return None
        if len(text) > _LONGEST or not _WHOLE.fullmatch(text):
            return MISFIT
        value = int(text.partition(".")[0])
    elif type(value) is float and value.is_integer() and abs(value) <= EXACT:
        value = int(value)
    # true and false are not numbers: PHP writes false where it has none.
    return value if type(value) is int and value in _INT64 else MISFIT


def read_float(value: Any) -> Any:
    """Read a number; one that is too large for a float becomes infinite, which `drop_impossible` counts."""
    if type(value) is str:
        text = value.strip()
        if not text:
            return None
        return float(text) if len(text) <= _LONGEST and _NUMBER.fullmatch(text) else MISFIT
    if type(value) is int or type(value) is Decimal:
        try:
            return float(value)
        except OverflowError:
            return MISFIT
    return value if type(value) is float else MISFIT


def read_decimal(value: Any) -> Any:
    """Read an amount from its digits, rounded to cents."""
    if type(value) is str:
        value = value.strip()
        if not value:
            return None
        if len(value) > _LONGEST or not _NUMBER.fullmatch(value):
            return MISFIT
    if type(value) not in {str, int, float, Decimal}:
        return MISFIT
    exact = Decimal(str(value))
    if not exact.is_finite() or exact.adjusted() >= _WHOLE_DIGITS:
        return MISFIT
    rounded = exact.quantize(_CENT)
    return rounded if rounded.adjusted() < _WHOLE_DIGITS else MISFIT


def read_bool(value: Any) -> Any:
    """Read true or false."""
    if type(value) is str:
        return _FLAGS.get(value.strip().lower(), MISFIT)
    if type(value) in {bool, int, float} and value in {0, 1}:
        return bool(value)
    return MISFIT


def read_text(value: Any) -> Any:
    """Write any JSON value as text: numbers without a needless ``.0``, objects and lists as JSON."""
    if type(value) is str:
        return storable(value)
    if type(value) is float and value.is_integer() and abs(value) <= EXACT:
        return str(int(value))
    if type(value) in {int, float, Decimal}:
        return str(value)
    return json_text(value).decode()


def read_plain_text(value: Any) -> Any:
    """Write any JSON value as text but objects and lists."""
    return MISFIT if isinstance(value, dict | list) else read_text(value)


def read_last4(value: Any) -> Any:
    """Read the last digits of a card or account: restore the zeros that a number has lost."""
    if type(value) is str:
        digits = read_text(value.strip())
        if not digits:
            return None
    else:
        digits = str(read_int(value)) if value is not None else ""
        if not digits.isdecimal():
            return MISFIT
    return digits.rjust(4, "0") if digits.isdecimal() else digits


def read_instant(value: Any) -> Any:
    """Read an instant as microseconds since 1970 in UTC; without a zone it is UTC."""
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


def read_day(value: Any) -> Any:
    """Read a day; of an instant it is the day as written."""
    micros = read_instant(value)
    if micros is None or micros is MISFIT:
        return micros
    return date.fromisoformat(value.strip()[:10])


def read_list(value: Any) -> Any:
    """Read a list as its JSON text; a list with gaps, or of one item, may come from PHP as an object."""
    if type(value) is dict:
        rows = rows_of(value)
        value = [value] if rows is None else rows
    if type(value) is not list:
        return None if value == "" else MISFIT
    return json_text(value).decode()


READERS: dict[str, Callable[[Any], Any]] = {
    "int": read_int,
    "float": read_float,
    "decimal": read_decimal,
    "bool": read_bool,
    "text": read_text,
    "last4": read_last4,
    "datetime": read_instant,
    "date": read_day,
    "list": read_list,
}


# --- What pandas cannot show -------------------------------------------------------------------------

# pandas 2.2 crashes the interpreter when it shows an earlier instant in some zones.
_EARLIEST = datetime(1700, 1, 1, tzinfo=UTC)


def drop_impossible(values: pa.Array, kind: str, zone: str) -> tuple[pa.Array, int]:
    """Return *values* with what pandas cannot show as null, and how many these were.

    These are infinite numbers, days outside the years 1 to 9999, and instants outside the years 1700 to 9999
    (up to the last day but one if *zone* is not UTC, since the zone may move it past the end).
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


# --- JSON text and back ------------------------------------------------------------------------------


def json_text(value: Any) -> bytes:
    """Return *value* as JSON; what JSON does not have (somebody may explode a frame of their own) as text."""
    option = orjson.OPT_SERIALIZE_NUMPY
    try:
        return orjson.dumps(value, default=_as_json, option=option)
    except TypeError:
        value = _with_what_orjson_takes(value)
    try:
        return orjson.dumps(value, default=_as_json, option=option)
    except TypeError:  # nested more than 254 deep
        return json.dumps(value, default=str).encode()


def _as_json(value: Any) -> Any:
    if isinstance(value, Decimal) and value.is_finite():
        return orjson.Fragment(str(value))  # a number of which a float would lose digits
    return str(value)


def _with_what_orjson_takes(value: Any) -> Any:
    """Replace integers of more than 64 bits, halves of surrogate pairs, and keys that are not text."""
    if isinstance(value, dict):
        return {storable(str(key)): _with_what_orjson_takes(cell) for key, cell in value.items()}
    if isinstance(value, list | tuple):
        return [_with_what_orjson_takes(cell) for cell in value]
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, int) and value not in _INT64:
        return Decimal(value)
    return value


def free_form_text(value: Any) -> str:
    """Return the JSON text of a value without a declared shape.

    A text that is itself the JSON of an object or a list stays as it is: the API has both, in one column.
    """
    if type(value) is str and value.lstrip()[:1] in _BRACKETS:
        with suppress(ValueError):
            orjson.loads(value)
            return value
    return json_text(value).decode()


_BRACKETS = frozenset("[{")


def json_values(texts: Iterable[str | None]) -> list[Any]:
    """Return the values of a JSON column, None where missing."""
    return [None if text is None else loads(text) for text in texts]


class SharedKind:
    """Finds the kind that holds all values of an undeclared column unchanged, chunk by chunk."""

    def __init__(self) -> None:
        self._types: set[type] = set()
        self._smallest = self._largest = 0

    def add(self, values: Iterable[Any]) -> None:
        """Take some more of the column's values into account."""
        values = list(values)
        self._types.update(map(type, values))
        integers = [value for value in values if type(value) is int]
        self._smallest = min(self._smallest, *integers, 0)
        self._largest = max(self._largest, *integers, 0)

    @property
    def kind(self) -> str | None:
        """The kind, or None where there is none: objects, lists, values of several types, or no value."""
        types = self._types - {type(None)}
        if types == {int}:
            return "int" if self._smallest in _INT64 and self._largest in _INT64 else None
        if types and types <= {int, float}:
            return "float" if self._smallest >= -EXACT and self._largest <= EXACT else None
        return {frozenset({bool}): "bool", frozenset({str}): "text"}.get(frozenset(types))
