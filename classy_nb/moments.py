"""Dates and times: what people write, and the one form that the API takes in a filter.

The API answers 400 to milliseconds in a filter, though its own answers may hold them; offsets other
than ``+0000`` are doubtful. So each moment is converted to UTC and written to the second.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .errors import UsageError

Moment = int | str | date | datetime
"""A year, ISO text, a date or a datetime (``pandas.Timestamp`` is one)."""

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
    except OverflowError:
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
        whole = whole.replace(microsecond=0) + timedelta(seconds=operator in (">=", "<"))
    return f"{whole.isoformat(timespec='seconds').removesuffix('+00:00')}+0000"


def _read(value: Moment, keyword: str) -> datetime:
    if isinstance(value, datetime):
        return _plain(value, keyword)
    if isinstance(value, date):
        return datetime.combine(value, time.min)
    if isinstance(value, int) and not isinstance(value, bool):
        value = f"{value:04d}"
    if isinstance(value, str):
        return _from_text(value.strip(), keyword)
    if hasattr(value, "astype"):  # a numpy datetime64
        return _read(value.astype("datetime64[us]").item(), keyword)
    raise UsageError(f"{keyword}={value!r} is no date.", advice=f"Use {_FORMS}.")


def _plain(value: datetime, keyword: str) -> datetime:
    if value != value:  # noqa: PLR0124 - pandas.NaT, the one datetime that is not itself
        raise UsageError(f"{keyword}= is not a time (NaT).")
    # A Timestamp carries nanoseconds and methods of its own; a plain datetime is enough.
    return datetime.combine(value.date(), value.time(), value.tzinfo).replace(fold=value.fold)


def _from_text(text: str, keyword: str) -> datetime:
    if re.fullmatch(r"\d{4}", text):
        text = f"{text}-01-01"
    elif re.fullmatch(r"\d{4}-\d{2}", text):
        text = f"{text}-01"
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{keyword}={text!r} is no date.", advice=f"Use {_FORMS}.") from None
