"""Periods in words: ``"last month"`` becomes its first and its last day.

In comes what people write, and what it depends on: the day that it is in the connection's time zone, and the
month in which fiscal years begin. Out come two days, both included (:func:`named_period`), or both ends of
``since=`` and ``until=`` (:func:`read_period`). The builder, the explorer and the command line call this.
Words are looked up once per call: what is sent, and what an export remembers, are the dates.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from classy_nb.arguments import shown
from classy_nb.errors import UsageError

from .dates import DATE_FORMS, instant, is_date_text, zone
from .filters import nearest

if TYPE_CHECKING:
    from collections.abc import Callable

    from .dates import Moment

PERIODS = (
    "today",
    "yesterday",
    "this week",
    "last week",
    "last 7 days",
    "last 30 days",
    "this month",
    "last month",
    "this quarter",
    "last quarter",
    "last 12 months",
    "this year",
    "last year",
    "year to date",
    "this fiscal year",
    "last fiscal year",
    "fiscal year to date",
    "giving tuesday",
)
"""The periods that people ask for most, for menus. :func:`named_period` understands more."""

_WORKS = (
    f"{', '.join(repr(name) for name in PERIODS)}; also other numbers of days, weeks, months or years, "
    "'next' for 'last', and 'January 2026', 'Q1 2026', 'year 2026', 'fiscal year 2026', 'Giving Tuesday 2025'"
)
_DAY = timedelta(days=1)
_LONGEST = 60
"""Letters of a text that is looked at; no period has as many."""


@dataclass(frozen=True)
class Period:
    """Both ends of ``since=`` and ``until=``, without words."""

    since: Moment | None
    until: Moment | None
    """The first moment after it."""
    note: str | None = None
    """What the words came to: ``last month: 2026-10-01 to 2026-10-31``; None where there were none."""


def today_in(timezone: str) -> date:
    """Return the day that it is in *timezone*."""
    return datetime.now(zone(timezone)).date()


def named_period(
    text: str, *, today: date, fiscal_year_start: int = 1, keyword: str = "since"
) -> tuple[date, date]:
    """Return the first and the last day of a period in words, both included.

    Parameters
    ----------
    text
        - ``today``, ``yesterday``, ``tomorrow``
        - ``this``, ``last`` or ``next`` and ``week`` (from Monday), ``month``, ``quarter``, ``year``,
          ``fiscal quarter`` or ``fiscal year``: all of it, including days to come
        - ``last 30 days``, ``last 4 weeks``, ``last 12 months``, ``last 2 years``: as long as that, and
          today is the last day; ``next 30 days`` begins today
        - ``year to date`` (``ytd``), also of a week, month, quarter or fiscal year: up to and including
          today; ``last year to date``: the same stretch of the year before
        - ``January 2026``, ``Q1 2026``, ``year 2026``, ``fiscal year 2026`` (the one that ends in 2026),
          ``Q1 FY2026``
        - ``Giving Tuesday 2025``; without a year, the latest one that has come; ``last``, ``this year's``
          and ``next`` ones

        Case, spaces and hyphens do not matter; ``current``, ``previous`` and ``prior``, ``coming``, and
        ``past`` before a number, are other words for the same.
    today
        The day that it is, in the time zone that matters.
    fiscal_year_start
        The number of the month in which fiscal years begin.
    keyword
        What to call the text in an error.

    Returns
    -------
    tuple of two dates
        The same day twice, if the period is one day.

    Raises
    ------
    UsageError
        It is not a period; the message lists what works. Or it leaves the calendar.
    """
    words = _compact(text)
    for pattern, resolve in _PHRASES:
        if match := pattern.fullmatch(words):
            try:
                return resolve(match, today, fiscal_year_start)
            except (ValueError, OverflowError):  # before the year 1 or after 9999
                raise UsageError(f"{keyword}={shown(text)} is out of range.") from None
    advice = f"Use {DATE_FORMS}; or a period in words: {_WORKS}."
    if close := nearest(" ".join(text.casefold().split())[:_LONGEST], PERIODS):
        advice = f"{close} {advice}"
    raise UsageError(f"{keyword}={shown(text)} is not a date or a period in words.", advice=advice)


def read_period(
    since: Moment | Period | None,
    until: Moment | None,
    *,
    timezone: str,
    fiscal_year_start: int = 1,
    today: date | None = None,
    names: tuple[str, str] = ("since", "until"),
) -> Period:
    """Return ``since=`` and ``until=`` with periods in words replaced by days.

    A period as *since* sets both ends unless *until* is given: "last month" means the whole month. A period
    as *until* ends with its last day.

    Parameters
    ----------
    since, until
        As the caller wrote them. A `Period` as *since* is returned as it is: its words were read already, and
        after midnight they could mean other days.
    timezone
        Where "today" is looked up.
    fiscal_year_start
        The number of the month in which fiscal years begin.
    today
        The day that it is; None: by the clock.
    names
        What to call the two in an error.

    Raises
    ------
    UsageError
        A text is neither a date nor a period, or the period ends before it begins.
    """
    if isinstance(since, Period):
        return since
    words = {
        keyword: " ".join(text.split())
        for keyword, text in zip(names, (since, until), strict=True)
        if isinstance(text, str) and not is_date_text(text)
    }
    if not words:
        return Period(since, until)
    today = today or today_in(timezone)
    found = {
        keyword: named_period(text, today=today, fiscal_year_start=fiscal_year_start, keyword=keyword)
        for keyword, text in words.items()
    }
    begin, end = (found.get(name) for name in names)
    first: Moment | None = begin[0] if begin else since
    last = end[1] if end else begin[1] if begin and until is None else None
    try:
        after = until if last is None else last + _DAY
    except OverflowError:
        raise UsageError(f"{names[1] if end else names[0]}= is out of range.") from None
    if (
        first is not None
        and after is not None
        and instant(first, timezone, names[0]) >= instant(after, timezone, names[1])
    ):
        begins = f"{names[0]}={shown(since)}{f' (from {first})' if begin else ''}"
        ends = f"{names[1]}={shown(until)}{f' (through {last})' if end else ''}"
        raise UsageError(
            f"{begins} is not before {ends}.",
            advice=f"A period in words begins with its first day as {names[0]}=, and ends with its last as "
            f"{names[1]}=.",
        )
    said = " to ".join(dict.fromkeys(words.values()))
    if last is None:
        note = f"{said}: from {first}"
    elif not begin:
        note = f"{said}: through {last}"
    else:
        note = f"{said}: {first}" if first == last else f"{said}: {first} to {last}"
    return Period(first, after, note)


def _compact(text: str) -> str:
    """Return the words of *text* without what does not matter: ``Last  30-days`` is ``last30days``."""
    if len(text) > _LONGEST:
        return ""
    plain = re.sub(r"['’#]", "", unicodedata.normalize("NFKC", text).casefold())  # noqa: RUF001 - as typed
    if re.search(r"[^a-z0-9\s_,.-]", plain):
        return ""
    if re.search(r"(?<![a-z0-9])-|[0-9][.,][0-9]", plain):  # -3 days are not 3, and 1.5 months not 15
        return ""
    # Numbers stay apart: "last 1 2 months" are not 12.
    tokens = re.findall(r"[a-z]+|[0-9]+|~", re.sub(r"(?<=[0-9])[\s_-]+(?=[0-9])", "~", plain))
    return "".join(token for token in tokens if token not in ("the", "of", "calendar"))


# Months are counted from the year 0 on, so that quarters and years are so many of them.


def _month(number: int) -> date:
    return date(number // 12, number % 12 + 1, 1)


def _months(first: int, length: int) -> tuple[date, date]:
    return _month(first), _month(first + length) - _DAY


def _moved(day: date, months: int) -> date:
    """Return the same day of another month, or the last one if that month is too short."""
    first, last = _months(day.year * 12 + day.month - 1 + months, 1)
    return first.replace(day=min(day.day, last.day))


def _unit(name: str, start: int) -> tuple[int, int]:
    """Return how many months a unit has, and in which month (from 0) the first one of a year begins."""
    length = 1 if name.endswith("month") else 3 if name.endswith(("quarter", "q")) else 12
    return length, (start - 1 if name.startswith("f") else 0)


def _around(unit: str, today: date, start: int, offset: int) -> tuple[date, date]:
    """Return the week, month, quarter or year that holds today; or one before or after it."""
    if unit == "week":
        first = today - today.weekday() * _DAY + 7 * offset * _DAY
        return first, first + 6 * _DAY
    length, begins = _unit(unit, start)
    month = today.year * 12 + today.month - 1
    return _months(month - (month - begins) % length + offset * length, length)


def _fiscal_year(number: str, start: int) -> int:
    """Return the first month of a fiscal year, which is called by the calendar year that it ends in."""
    year = int(number) if len(number) > 2 else 2000 + int(number)  # noqa: PLR2004 - FY26
    return year * 12 if start == 1 else (year - 1) * 12 + start - 1


def _giving_tuesday(year: int) -> date:
    """Return the Tuesday after Thanksgiving, which is the fourth Thursday of November."""
    november = date(year, 11, 1)
    thanksgiving = november + ((3 - november.weekday()) % 7 + 21) * _DAY
    return thanksgiving + 5 * _DAY


def _of_a_giving_tuesday(match: re.Match[str], today: date, _: int) -> tuple[date, date]:
    which = _WHICH.get(match["which"] or "")
    if match["year"] or match["before"]:
        day = _giving_tuesday(int(match["year"] or match["before"]))
    elif match["whose"]:
        day = _giving_tuesday(today.year + _WHICH[match["whose"]])
    elif which == 0:
        day = _giving_tuesday(today.year)
    elif which == 1:
        day = _giving_tuesday(today.year)
        day = day if day > today else _giving_tuesday(today.year + 1)
    else:  # the latest one: today counts, unless the last one is asked for
        day = _giving_tuesday(today.year)
        day = day if day < today or (day == today and which is None) else _giving_tuesday(today.year - 1)
    return day, day


def _rolling(match: re.Match[str], today: date, _: int) -> tuple[date, date]:
    number = int(match["number"]) if match["number"].isdecimal() else _NUMBERS[match["number"]]
    ahead = match["which"] in ("next", "coming")
    if match["unit"] in ("day", "week"):
        length = (number * (7 if match["unit"] == "week" else 1) - 1) * _DAY
        return (today, today + length) if ahead else (today - length, today)
    months = number * (12 if match["unit"] == "year" else 1)
    if ahead:
        return today, _moved(today, months) - _DAY
    return _moved(today, -months) + _DAY, today


def _to_date(match: re.Match[str], today: date, start: int) -> tuple[date, date]:
    unit = (
        match["unit"] or {"y": "year", "q": "quarter", "m": "month", "w": "week", "fy": "fy"}[match["abbr"]]
    )
    offset = _WHICH.get(match["which"] or "", 0)
    first, _ = _around(unit, today, start, offset)
    if unit == "week":
        return first, today + 7 * offset * _DAY
    return first, _moved(today, offset * _unit(unit, start)[0])


def _of_a_month(match: re.Match[str], _today: date, _start: int) -> tuple[date, date]:
    month = _MONTHS.index((match["month"] or match["month2"])[:3])
    return _months(int(match["year"] or match["before"]) * 12 + month, 1)


def _of_a_quarter(match: re.Match[str], _today: date, start: int) -> tuple[date, date]:
    number = match["year"] or match["before"]
    fiscal = match["fiscal"] or match["fiscal_year"] or match["fiscal_before"]
    first = _fiscal_year(number, start) if fiscal else int(number) * 12
    return _months(first + 3 * (int(match["quarter"] or match["quarter2"]) - 1), 3)


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WHICH = {"this": 0, "current": 0, "last": -1, "previous": -1, "prior": -1, "next": 1, "coming": 1}
_NUMBERS = {
    word: number
    for number, word in enumerate(
        ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"), 1
    )
} | {"thirty": 30, "sixty": 60, "ninety": 90}

_FISCAL = r"(?:fiscal|financial)"
_FY = rf"(?:{_FISCAL}year|fy)"
_UNIT = rf"(?P<unit>week|month|quarter|year|{_FY}|{_FISCAL}quarter|fq)"
_LAST = "last|previous|prior"
_NAMES = (
    "january|february|march|april|may|june|july|august|september|october|november|december"
    "|jan|feb|mar|apr|jun|jul|aug|sept|sep|oct|nov|dec"
)
_PHRASES: list[tuple[re.Pattern[str], Callable[[re.Match[str], date, int], tuple[date, date]]]] = [
    (re.compile(pattern), resolve)
    for pattern, resolve in (
        ("today", lambda _, today, __: (today, today)),
        ("yesterday", lambda _, today, __: (today - _DAY, today - _DAY)),
        ("tomorrow", lambda _, today, __: (today + _DAY, today + _DAY)),
        (
            rf"(?P<which>{'|'.join(_WHICH)}){_UNIT}",
            lambda match, today, start: _around(match["unit"], today, start, _WHICH[match["which"]]),
        ),
        (
            (
                rf"(?P<which>{_LAST}|past|trailing|rolling|next|coming)"
                rf"(?P<number>[1-9][0-9]{{0,5}}|{'|'.join(_NUMBERS)})(?P<unit>day|week|month|year)s?"
            ),
            _rolling,
        ),
        (rf"(?P<which>this|current|{_LAST})?(?:{_UNIT}todate|(?P<abbr>fy|y|q|m|w)td)", _to_date),
        (
            rf"{_FY}(?P<year>\d{{4}}|\d\d)|{_FISCAL}(?P<short>\d{{4}})|(?P<before>\d{{4}}){_FY}",
            lambda match, _, start: _months(
                _fiscal_year(match["year"] or match["short"] or match["before"], start), 12
            ),
        ),
        (r"year(?P<year>\d{4})", lambda match, _, __: _months(int(match["year"]) * 12, 12)),
        (rf"(?P<month>{_NAMES})(?P<year>\d{{4}})|(?P<before>\d{{4}})(?P<month2>{_NAMES})", _of_a_month),
        (
            (
                rf"(?P<fiscal>{_FISCAL}|f)?q(?:uarter)?(?P<quarter>[1-4])"
                rf"(?:~|(?P<fiscal_year>{_FY}))?(?P<year>\d{{4}})"
                rf"|(?P<fiscal_before>{_FY})?(?P<before>\d{{4}})q(?:uarter)?(?P<quarter2>[1-4])"
            ),
            _of_a_quarter,
        ),
        (
            (
                rf"(?:(?P<before>\d{{4}})|(?P<which>{'|'.join(_WHICH)})|(?P<whose>this|{_LAST}|next)years?)?"
                r"givingtuesday(?P<year>\d{4})?"
            ),
            _of_a_giving_tuesday,
        ),
    )
]
