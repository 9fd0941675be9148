"""Dates and times: what people write, and the one form that the API takes in a filter.

The API answers 400 to milliseconds in a filter, though its own answers may hold them; offsets other
than ``+0000`` are doubtful. So each moment is converted to UTC and written to the second.
"""

from __future__ import annotations

import operator
import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, SupportsIndex
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from classy_nb.errors import UsageError

Moment = int | str | date | datetime
"""A year, ISO text, a date or a datetime (``pandas.Timestamp`` is one)."""

_SECOND = timedelta(seconds=1)
_LAST = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
_FORMS = "a year (2026), '2026-01-31', '2026-01-31T18:30', a date, a datetime or a Timestamp"


def zone(name: str) -> ZoneInfo:
    """Return the time zone called *name*.

    Raises
    ------
    UsageError
        There is none.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError, TypeError):
        raise UsageError(
            f"timezone={name!r} is unknown.",
            advice="Use an IANA name such as 'America/Los_Angeles' or 'UTC'.",
        ) from None


def instant(value: Moment, timezone: str, keyword: str = "since") -> datetime:
    """Return the moment meant by *value*, in UTC.

    Parameters
    ----------
    value
        A year, ISO text, a date or a datetime. A day means its first moment.
    timezone
        Zone of a value that has none.
    keyword
        What to call the value in an error.

    Raises
    ------
    UsageError
        It is nothing of the kind.
    """
    moment = _read(value, keyword)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone(timezone))
    try:
        return moment.astimezone(UTC)
    except (OverflowError, ValueError):  # before the year 1 or after 9999, once in UTC
        raise UsageError(f"{keyword}={value!r} is out of range.") from None


def day(value: Moment, keyword: str = "since") -> date:
    """Return the day meant by *value*, for columns that hold days without a time zone."""
    return _read(value, keyword).date()


def literal(moment: datetime, operator: str = ">=") -> str:
    """Write *moment* as the API takes it in a filter: ``2026-01-31T18:30:00+0000``.

    Records hold whole seconds, the API refuses fractions: they are rounded so that *operator* keeps
    its meaning (``>=`` and ``<`` up, ``>`` and ``<=`` down).
    """
    whole = moment.astimezone(UTC)
    if whole.microsecond:
        if operator not in (">=", "<", ">", "<="):
            raise UsageError(f"{moment.isoformat()} has fractions of a second; no record has.")
        whole = whole.replace(microsecond=0)
        if operator in (">=", "<"):
            whole += _SECOND if whole < _LAST else timedelta()
    return f"{whole.isoformat(timespec='seconds').removesuffix('+00:00')}+0000"


def _read(value: Any, keyword: str) -> datetime:
    if isinstance(value, datetime):
        return _plain(value, keyword)
    if isinstance(value, date):
        return datetime.combine(value, time.min)
    if getattr(getattr(value, "dtype", None), "kind", "") == "M" and not value.ndim:  # numpy's
        return _read(value.astype("datetime64[us]").item(), keyword)
    text = value if isinstance(value, str) else _year(value)
    if text is not None:
        return _from_text(text.strip(), keyword)
    shown = repr(value) if isinstance(value, float | bool) or value is None else f"a {type(value).__name__}"
    raise UsageError(f"{keyword}={shown} is no date.", advice=f"Use {_FORMS}.")


def _year(value: Any) -> str | None:
    """Return a whole number of any make as text; a two-digit one is no year."""
    if isinstance(value, bool) or not isinstance(value, SupportsIndex):
        return None
    try:
        return str(operator.index(value))
    except TypeError:  # an array: it only looks like a number
        return None


def _plain(value: datetime, keyword: str) -> datetime:
    if value != value:  # noqa: PLR0124 - pandas.NaT, the one datetime that is not itself
        raise UsageError(f"{keyword}= is not a time (NaT).")
    # A Timestamp has methods of its own; a plain datetime is enough, but nanoseconds are a fraction too.
    plain = datetime.combine(value.date(), value.time(), value.tzinfo).replace(fold=value.fold)
    if not plain.microsecond and getattr(value, "nanosecond", None):
        return plain.replace(microsecond=1)
    return plain


def _from_text(text: str, keyword: str) -> datetime:
    if re.fullmatch(r"\d{4}", text):
        text = f"{text}-01-01"
    elif re.fullmatch(r"\d{4}-\d{2}", text):
        text = f"{text}-01"
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{keyword}={text!r} is no date.", advice=f"Use {_FORMS}.") from None
