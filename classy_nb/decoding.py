"""Bytes to JSON values: strictly where possible, else as much as can be read, counting what had to change.

In comes the body of a response, or the JSON text of a cell; out come values whose numbers keep their digits
and whose texts can be stored as UTF-8. ``http`` decodes responses here, ``frames`` the cells of JSON columns.
"""

from __future__ import annotations

import json
import math
import re
import threading
from collections import Counter
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

if TYPE_CHECKING:
    from collections.abc import Iterator

REPLACEMENT = "\ufffd"
"""Stands for what cannot be read, as Unicode wants it."""

# orjson rounds these to a float, silently. Shorter ones fit a float or 64 bits.
_LONG_NUMBER = re.compile(
    rb"\d{20,}|0\.0*[1-9]\d{17,}|(?=[\d.]{19,})[1-9]\d*\.\d+|[1-9]\d{13,}\.\d+|\d{18,}[eE]"
)
_BEFORE_A_NUMBER = (b"", b":", b",", b"[")
_DIGITS = b"0123456789."
_RUN = re.compile(rb"[0-9.]{17,}")
_SHORT = 1000
"""Bytes up to which the expression is faster than NumPy."""
_EIGHT_TRUE = 0x0101010101010101
_FLOAT_DIGITS = 17
"""Significant digits that tell any float from its neighbors."""
_CENTS_END = 1e13
"""From here on, a float may not tell one cent from the next."""

_HALF_OF_A_PAIR = re.compile(r"\\u[dD][89a-fA-F]")
# Takes one escape after the other, so that an escaped backslash in front of a "u" is not mistaken for one.
_ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
_SURROGATE = re.compile("[\ud800-\udfff]")
_ROW_NUMBER_DIGITS = 18

_HALVES, _BYTES, _CONSTANTS, _CONTROLS = "halves", "bytes", "constants", "controls"


class Repairs:
    """Counts what had to be changed to read the responses of one fetch; threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._responses = 0
        self._found: Counter[str] = Counter()

    def add(self, found: Counter[str]) -> None:
        """Count one response that was read leniently."""
        with self._lock:
            self._responses += 1
            self._found += found

    def message(self) -> str:
        """Return what was changed, in one sentence without any of the data; empty if nothing was."""
        halves, bad_bytes, constants = (self._found[kind] for kind in (_HALVES, _BYTES, _CONSTANTS))
        changes = []
        if halves:
            changes.append(f"{_counted(halves, 'half', 'halves')} of an emoji (or the like) became U+FFFD")
        if bad_bytes:
            changes.append(f"{_counted(bad_bytes, 'character')} that could not be read became U+FFFD")
        if constants:
            changes.append(f"{_counted(constants, 'value')} (NaN or Infinity) became missing")
        if self._found[_CONTROLS]:
            changes.append("control characters in texts were kept")
        if not changes:
            return ""
        responses = _counted(self._responses, "response")
        were = "was" if self._responses == 1 else "were"
        return f"{responses} {were} not valid JSON but could be read: {'; '.join(changes)}."


def _counted(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def decode(body: bytes, repairs: Repairs | None = None, charset: str | None = None) -> Any:
    """Return the JSON value of a response's body.

    Parameters
    ----------
    body
        The bytes as they came, decompressed.
    repairs
        Counts what had to be changed: halves of surrogate pairs and unreadable bytes become U+FFFD, NaN and
        Infinity become None. Control characters inside of texts stay.
    charset
        The encoding that the response declares; it counts if the body is not UTF-8.

    Raises
    ------
    ValueError
        It is not JSON. The error does not hold the body.
    """
    if not _has_long_numbers(body):
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError:
            pass
    text, unreadable = _text_of(body, charset)
    halves = 0
    if _HALF_OF_A_PAIR.search(text):

        def repaired(escape: re.Match[str]) -> str:
            nonlocal halves
            if escape[1] is None:
                return escape[0]
            halves += 1
            return REPLACEMENT

        text = _ESCAPE.sub(repaired, text)
    for strict in (True, False):
        found = Counter({_HALVES: halves, _BYTES: unreadable, _CONTROLS: int(not strict)})

        def missing(_: str, found: Counter[str] = found) -> None:
            found[_CONSTANTS] += 1

        try:
            value = json.loads(
                text, strict=strict, parse_int=_integer, parse_float=_number, parse_constant=missing
            )
        except (ValueError, RecursionError):
            continue
        if repairs is not None and found.total():
            repairs.add(found)
        return value
    # Outside of the except block: the errors of the decoders hold the whole body.
    raise ValueError("not JSON")


def loads(text: str) -> Any:
    """Return the value of a cell's JSON text; numbers keep their digits."""
    raw = text.encode("utf-8", "surrogatepass")
    return orjson.loads(raw) if not _has_long_numbers(raw) else decode(raw)


def storable(text: str) -> str:
    """Return *text* as UTF-8 can hold it: half of a surrogate pair becomes U+FFFD."""
    return _SURROGATE.sub(REPLACEMENT, text)


def rows_of(numbered: dict[str, Any]) -> list[Any] | None:
    """Return the rows of a list that came as an object; None if *numbered* is another object.

    PHP writes a list whose positions have gaps, as after filtering it, as ``{"0": ..., "2": ...}``.
    """
    if not all(key.isascii() and key.isdigit() and len(key) <= _ROW_NUMBER_DIGITS for key in numbered):
        return None
    return [numbered[key] for key in sorted(numbered, key=int)]


def _has_long_numbers(body: bytes) -> bool:
    for start in _runs_of_digits(body):
        # Most of them are texts, which the character in front of them tells.
        before = body[max(0, start - 20) : start].removesuffix(b"-").rstrip()
        if before[-1:] in _BEFORE_A_NUMBER and _LONG_NUMBER.match(body, start):
            return True
    return False


def _runs_of_digits(body: bytes) -> Iterator[int]:
    """Yield where runs of at least 17 digits and points begin, and perhaps some others."""
    if len(body) < _SHORT:
        yield from (run.start() for run in _RUN.finditer(body))
        return
    # The expression takes ten times as long for a page as reading it does. But such a run fills at least one
    # of the body's words of eight bytes and goes on for two more, which NumPy sees in a fraction of the time.
    places = np.frombuffer(body, np.uint8) - ord(".")
    is_digit = np.less_equal(places, ord("9") - ord("."), out=places.view(np.bool_))  # or "/"
    filled = is_digit[: len(body) // 8 * 8].view(np.uint64) == _EIGHT_TRUE
    filled[1:] &= ~filled[:-1]  # the first word of each run
    ends = 8 * np.flatnonzero(filled) + 8
    ends = ends[ends < len(body) - 1]
    for end in ends[is_digit[ends] & is_digit[ends + 1]].tolist():
        digits = body[max(0, end - 15) : end]  # the first of them is one of the seven before the word
        yield end - len(digits) + len(digits.rstrip(_DIGITS))


def _text_of(body: bytes, charset: str | None) -> tuple[str, int]:
    """Return a body as text, and how many of its characters could not be read."""
    encoding = json.detect_encoding(body)
    for name in (encoding, charset):
        try:
            return body.decode(name or "utf-8"), 0
        except (UnicodeDecodeError, LookupError):
            continue
    text = body.decode(encoding, "replace")
    return text, max(1, text.count(REPLACEMENT) - body.count(REPLACEMENT.encode()))


def _integer(digits: str) -> int | Decimal:
    try:
        return int(digits)
    except ValueError:  # more digits than Python reads without complaint
        return Decimal(digits)


def _number(digits: str) -> float | Decimal | None:
    """Return a float where it holds all digits, else a Decimal."""
    value = float(digits)
    if len(digits) <= _FLOAT_DIGITS and abs(value) < _CENTS_END:
        return value
    try:
        exact = Decimal(digits)
    except InvalidOperation:  # an exponent beyond all measure
        return value
    if math.isfinite(value):
        short = len(exact.as_tuple().digits) <= _FLOAT_DIGITS and abs(value) < _CENTS_END
        if short or exact == Decimal(repr(value)):
            return value
    return exact
