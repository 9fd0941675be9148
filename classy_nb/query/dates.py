"""``since=`` and ``until=``: dates as people write them become moments as the API reads them.

A filter takes moments in one form only: the API answers 400 to milliseconds, though its own records may
hold them, and offsets other than ``+0000`` are not reliable. So every moment is converted to UTC and
written to the second. Filters, the builder and ``classy.get(path)`` call this.
"""

from __future__ import annotations

import operator
import re
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, SupportsIndex
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from classy_nb.arguments import shown
from classy_nb.errors import UsageError

Moment = int | str | date | datetime
"""A year, ISO text, a date or a datetime (``pandas.Timestamp`` is one)."""

DATE_FORMS = "a year (2026), '2026-01-31', '2026-01-31T18:30', a date, a datetime or a Timestamp"
"""What a date may be, for the advice of errors."""
_LAST_SECOND = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


def zone(name: str) -> ZoneInfo:
    """Return the time zone called *name*.

    Raises
    ------
    UsageError
        It does not exist.
    """
    if isinstance(name, str):
        with suppress(ZoneInfoNotFoundError, ValueError, OSError):
            return ZoneInfo(name)
    raise UsageError(
        f"timezone={shown(name)} is unknown.",
        advice="Use an IANA name such as 'America/Los_Angeles' or 'UTC'.",
    )


def is_date_text(text: str) -> bool:
    """Tell whether *text* is a date or a time of a day, and not a period in words."""
    try:
        _from_text(text.strip(), "since")
    except UsageError:
        return False
    return True


def instant(value: Moment, timezone: str, keyword: str = "since") -> datetime:
    """Return the moment that *value* stands for, in UTC.

    Parameters
    ----------
    value
        A year, ISO text, a date or a datetime. A day stands for its first moment.
    timezone
        Time zone of a value that has none.
    keyword
        What to call the value in an error.

    Raises
    ------
    UsageError
        The value is not a date, or is out of range.
    """
    moment = _read(value, keyword)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone(timezone))
    try:
        return moment.astimezone(UTC)
    except (OverflowError, ValueError):  # before the year 1 or after 9999, once in UTC
        raise UsageError(f"{keyword}={shown(value)} is out of range.") from None


def day(value: Moment, keyword: str = "since") -> date:
    """Return the day that *value* stands for, for columns that hold days without a time zone.

    Raises
    ------
    UsageError
        The value is not a date, or has a time of day: no such column could be compared with it.
    """
    moment = _read(value, keyword)
    if moment.time() != time.min:
        raise UsageError(
            f"{keyword}={shown(value)} has a time, but is compared with days.", advice="Give the day alone."
        )
    return moment.date()


def days(text: str, keyword: str = "where") -> tuple[date, date] | None:
    """Return the first day that *text* names and the first one after it; None if it is a time of a day.

    A day names itself; a month, a week or a year names all of its days.

    Raises
    ------
    UsageError
        The text is not a date, or is out of range.
    """
    text = text.strip()
    first = _from_text(text, keyword).date()
    try:
        if re.fullmatch(r"\d{4}", text):
            return first, first.replace(year=first.year + 1)
        if re.fullmatch(r"\d{4}-\d{2}", text):
            return first, (first + timedelta(days=31)).replace(day=1)
        if re.fullmatch(r"\d{4}-?W\d{2}", text):
            return first, first + timedelta(days=7)
        return (first, first + timedelta(days=1)) if _is_day(text) else None
    except (OverflowError, ValueError):  # the calendar ends with the year 9999
        raise UsageError(f"{keyword}={shown(text)} is out of range.") from None


def filter_literal(moment: datetime, operator: str = ">=") -> str:
    """Write *moment* the way a filter takes it: ``2026-01-31T18:30:00+0000``.

    Records hold whole seconds and the API refuses fractions, so a fraction is rounded in the direction that
    leaves *operator* with the same records: up for ``>=`` and ``<``, down for ``>`` and ``<=``.
    """
    whole = moment.astimezone(UTC)
    if whole.microsecond:
        if operator not in (">=", "<", ">", "<="):
            raise UsageError(f"{moment.isoformat()} has fractions of a second; records do not.")
        whole = whole.replace(microsecond=0)
        if operator in (">=", "<") and whole < _LAST_SECOND:
            whole += timedelta(seconds=1)
    return f"{whole.isoformat(timespec='seconds').removesuffix('+00:00')}+0000"


def _read(value: Any, keyword: str) -> datetime:
    if isinstance(value, datetime):
        return _plain_datetime(value, keyword)
    if isinstance(value, date):
        return datetime.combine(value, time.min)
    if getattr(getattr(value, "dtype", None), "kind", "") == "M" and not value.ndim:  # a numpy.datetime64
        return _read(value.astype("datetime64[us]").item(), keyword)
    text = value if isinstance(value, str) else _integer_text(value)
    if text is not None:
        return _from_text(text.strip(), keyword)
    shown = repr(value) if isinstance(value, float | bool) or value is None else f"a {type(value).__name__}"
    raise UsageError(f"{keyword}={shown} is not a date.", advice=f"Use {DATE_FORMS}.")


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _integer_text(value: Any) -> str | None:
    """Return an integer of any type (NumPy has several) as text, or None if it is not one."""
    if isinstance(value, bool) or not isinstance(value, SupportsIndex):
        return None
    try:
        return str(operator.index(value))
    except TypeError:  # an array: it has __index__, but only one with a single element can use it
        return None


def _plain_datetime(value: datetime, keyword: str) -> datetime:
    if value != value:  # noqa: PLR0124 - pandas.NaT is the one datetime that does not equal itself
        raise UsageError(f"{keyword}= is not a time (NaT).")
    # A Timestamp overrides datetime's arithmetic, so it is copied into a plain one. Its nanoseconds would be
    # lost, but they are a fraction of a second too: a microsecond replaces them, for rounding to see.
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
        advice = f"Use {DATE_FORMS}."
        if keyword == "where":
            advice += " Periods in words, such as 'last month', go into since= and until=."
        raise UsageError(f"{keyword}={shown(text)} is not a date.", advice=advice) from None
