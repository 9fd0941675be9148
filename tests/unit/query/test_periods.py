"""Periods in words become days, whatever day it is, wherever that is and whenever fiscal years begin."""

import calendar
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.queries import CATALOG, listed, recorded, refusal

from classy_nb.errors import UsageError
from classy_nb.query import (
    PERIODS,
    Period,
    QueryBuilder,
    instant,
    named_period,
    periods,
    read_period,
    today_in,
)

SATURDAY = date(2026, 11, 28)
DAY = timedelta(days=1)
days = st.dates(date(1990, 1, 1), date(2060, 12, 31))
starts = st.integers(1, 12)
ZONES = ["UTC", "America/Los_Angeles", "America/Sao_Paulo", "Asia/Beirut", "Pacific/Apia", "Asia/Kolkata"]
zones = st.sampled_from(ZONES)


def came_to(text: str, today: date = SATURDAY, start: int = 1) -> tuple[str, str]:
    first, last = named_period(text, today=today, fiscal_year_start=start)
    return first.isoformat(), last.isoformat()


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("today", "2026-11-28", "2026-11-28"),
        ("yesterday", "2026-11-27", "2026-11-27"),
        ("tomorrow", "2026-11-29", "2026-11-29"),
        ("this week", "2026-11-23", "2026-11-29"),
        ("last week", "2026-11-16", "2026-11-22"),
        ("next week", "2026-11-30", "2026-12-06"),
        ("this month", "2026-11-01", "2026-11-30"),
        ("last month", "2026-10-01", "2026-10-31"),
        ("next month", "2026-12-01", "2026-12-31"),
        ("this quarter", "2026-10-01", "2026-12-31"),
        ("last quarter", "2026-07-01", "2026-09-30"),
        ("this year", "2026-01-01", "2026-12-31"),
        ("last year", "2025-01-01", "2025-12-31"),
        ("this fiscal year", "2026-07-01", "2027-06-30"),
        ("last fiscal year", "2025-07-01", "2026-06-30"),
        ("next FY", "2027-07-01", "2028-06-30"),
        ("last fiscal quarter", "2026-07-01", "2026-09-30"),
        ("last 7 days", "2026-11-22", "2026-11-28"),
        ("last 30 days", "2026-10-30", "2026-11-28"),
        ("last 1 day", "2026-11-28", "2026-11-28"),
        ("last 4 weeks", "2026-11-01", "2026-11-28"),
        ("last 12 months", "2025-11-29", "2026-11-28"),
        ("last 2 years", "2024-11-29", "2026-11-28"),
        ("next 30 days", "2026-11-28", "2026-12-27"),
        ("next 2 months", "2026-11-28", "2027-01-27"),
        ("year to date", "2026-01-01", "2026-11-28"),
        ("last year to date", "2025-01-01", "2025-11-28"),
        ("month to date", "2026-11-01", "2026-11-28"),
        ("last month to date", "2026-10-01", "2026-10-28"),
        ("quarter to date", "2026-10-01", "2026-11-28"),
        ("week to date", "2026-11-23", "2026-11-28"),
        ("last week to date", "2026-11-16", "2026-11-21"),
        ("fiscal year to date", "2026-07-01", "2026-11-28"),
        ("last fiscal year to date", "2025-07-01", "2025-11-28"),
        ("January 2026", "2026-01-01", "2026-01-31"),
        ("feb 2028", "2028-02-01", "2028-02-29"),
        ("2026 sept", "2026-09-01", "2026-09-30"),
        ("Q1 2026", "2026-01-01", "2026-03-31"),
        ("2026-Q4", "2026-10-01", "2026-12-31"),
        ("Q1 FY2026", "2025-07-01", "2025-09-30"),
        ("fiscal q4 2026", "2026-04-01", "2026-06-30"),
        ("year 2025", "2025-01-01", "2025-12-31"),
        ("fiscal year 2026", "2025-07-01", "2026-06-30"),
        ("FY26", "2025-07-01", "2026-06-30"),
        ("fiscal 2026", "2025-07-01", "2026-06-30"),
        ("giving tuesday 2025", "2025-12-02", "2025-12-02"),
        ("Giving Tuesday", "2025-12-02", "2025-12-02"),
        ("last giving tuesday", "2025-12-02", "2025-12-02"),
        ("this giving tuesday", "2026-12-01", "2026-12-01"),
        ("next giving tuesday", "2026-12-01", "2026-12-01"),
        ("last year's #GivingTuesday", "2025-12-02", "2025-12-02"),
    ],
)
def test_words_on_one_saturday_with_fiscal_years_from_july(text: str, first: str, last: str) -> None:
    assert came_to(text, start=7) == (first, last)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("LAST MONTH", "last month"),
        ("  last \t  month ", "last month"),
        ("last\u00a0month", "last month"),
        ("last-month", "last month"),
        ("last_month", "last month"),
        ("lastmonth", "last month"),
        ("".join(chr(ord(letter) + 0xFEE0) for letter in "lastmonth"), "last month"),  # full width
        ("previous month", "last month"),
        ("prior month", "last month"),
        ("the last month", "last month"),
        ("current month", "this month"),
        ("Last 30-Days", "last 30 days"),
        ("past 30 days", "last 30 days"),
        ("previous thirty days", "last 30 days"),
        ("the last twelve months", "last 12 months"),
        ("rolling 12 months", "last 12 months"),
        ("ytd", "year to date"),
        ("YTD.", "year to date"),
        ("this year to date", "year to date"),
        ("FYTD", "fiscal year to date"),
        ("last financial year", "last fiscal year"),
        ("this calendar year", "this year"),
        ("givingtuesday2025", "Giving Tuesday 2025"),
        ("2025 giving tuesday", "Giving Tuesday 2025"),
        ("#GivingTuesday 2025", "Giving Tuesday 2025"),
    ],
)
def test_other_ways_to_say_it(text: str, meant: str) -> None:
    assert came_to(text, start=10) == came_to(meant, start=10)


@pytest.mark.parametrize(
    "text",
    [
        "soon",
        "",
        "month",
        "past month",  # thirty days, or the month before? Who knows.
        "last",
        "last 0 days",
        "last -3 days",
        "last 1.5 months",
        "last 1 2 months",
        "last 1 and 2 months",
        "last months",
        "last 4 quarters",
        "q5 2026",
        "Q1",
        "january",
        "last month or so",
        "not last month",
        "last month; drop table",
        "".join(chr(ord(letter) + 0xFEE0) for letter in "lastmonths"),
        "last month" * 50,
        "30/01/2026",
        "2026-13-01",
    ],
)
def test_what_is_not_a_period_is_refused_with_what_works(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        named_period(text, today=SATURDAY)
    said = str(caught.value)
    assert said.startswith(f"since={text!r} is not a date or a period in words.")
    for works in ("'last month'", "'this fiscal year'", "'last 30 days'", "'giving tuesday'", "2026-01-31"):
        assert works in said
    assert "until='soon' is not" in refusal("transactions", until="soon")


def test_a_typo_gets_a_suggestion() -> None:
    with pytest.raises(UsageError, match="Did you mean 'last month'"):
        named_period("last mnoth", today=SATURDAY)
    with pytest.raises(UsageError, match="Did you mean 'this fiscal year'"):
        named_period("This  fiscl year", today=SATURDAY)


@pytest.mark.parametrize(
    ("text", "today"),
    [
        ("last 9999 years", SATURDAY),
        ("last 999999 days", SATURDAY),
        ("next year", date(9999, 1, 1)),
        ("last year", date(1, 5, 5)),
        ("year 0000", SATURDAY),
        ("year 9999", SATURDAY),
    ],
)
def test_periods_beyond_the_calendar_are_refused(text: str, today: date) -> None:
    with pytest.raises(UsageError, match="is out of range"):
        named_period(text, today=today)


@given(days, starts)
@example(date(2028, 2, 29), 3)
@example(date(2028, 2, 29), 2)
def test_calendar_periods_hold_today_and_follow_each_other(today: date, start: int) -> None:
    for unit, lengths in (
        ("week", {7}),
        ("month", {28, 29, 30, 31}),
        ("quarter", {90, 91, 92}),
        ("year", {365, 366}),
        ("fiscal quarter", {89, 90, 91, 92}),
        ("fiscal year", {365, 366}),
    ):
        first, last = named_period(f"this {unit}", today=today, fiscal_year_start=start)
        assert first <= today <= last
        assert (last - first).days + 1 in lengths
        earlier = named_period(f"last {unit}", today=today, fiscal_year_start=start)
        assert earlier[1] + DAY == first
        assert earlier == named_period(f"this {unit}", today=earlier[0], fiscal_year_start=start)
        later = named_period(f"next {unit}", today=today, fiscal_year_start=start)
        assert later[0] == last + DAY
        assert named_period(f"{unit} to date", today=today, fiscal_year_start=start) == (first, today)


@given(days, starts)
def test_where_periods_begin(today: date, start: int) -> None:
    assert named_period("this week", today=today)[0].weekday() == 0
    assert named_period("this month", today=today) == (
        today.replace(day=1),
        today.replace(day=calendar.monthrange(today.year, today.month)[1]),
    )
    assert named_period("this quarter", today=today)[0] == date(today.year, (today.month - 1) // 3 * 3 + 1, 1)
    assert named_period("this year", today=today) == (date(today.year, 1, 1), date(today.year, 12, 31))
    year = today.year if today.month >= start else today.year - 1
    fiscal = named_period("this fiscal year", today=today, fiscal_year_start=start)
    assert fiscal[0] == date(year, start, 1)
    # A fiscal year is called by the year that it ends in, as in analysis.
    assert named_period(f"fiscal year {fiscal[1].year}", today=today, fiscal_year_start=start) == fiscal
    assert named_period(f"FY{fiscal[1].year % 100:02}", today=date(2026, 1, 1), fiscal_year_start=start)[
        1
    ] == fiscal[1].replace(year=2000 + fiscal[1].year % 100, day=_last_day(fiscal[1]))
    quarters = [
        named_period(f"Q{q} FY{fiscal[1].year}", today=today, fiscal_year_start=start) for q in (1, 2, 3, 4)
    ]
    assert (quarters[0][0], quarters[3][1]) == fiscal
    assert all(a[1] + DAY == b[0] for a, b in pairwise(quarters))
    assert named_period("this fiscal quarter", today=today, fiscal_year_start=start) in quarters


def _last_day(day: date) -> int:
    return calendar.monthrange(2000 + day.year % 100, day.month)[1]


@given(days, st.integers(1, 400))
@example(date(2028, 2, 29), 12)
@example(date(2027, 2, 28), 12)
@example(date(2026, 3, 31), 1)
def test_rolling_periods_end_today_and_are_as_long_as_they_say(today: date, number: int) -> None:
    assert named_period(f"last {number} days", today=today) == (today - (number - 1) * DAY, today)
    assert named_period(f"last {number} weeks", today=today) == (today - (7 * number - 1) * DAY, today)
    first, last = named_period(f"last {number} months", today=today)
    assert last == today
    before = first - DAY  # the same day of an earlier month, or that month's last day
    assert (today.year - before.year) * 12 + today.month - before.month == number
    assert before.day == min(today.day, calendar.monthrange(before.year, before.month)[1])
    assert named_period("last 2 years", today=today) == named_period("last 24 months", today=today)
    begins, ends = named_period(f"next {number} days", today=today)
    assert (begins, (ends - begins).days + 1) == (today, number)


@given(days)
@example(date(2026, 12, 1))
@example(date(2025, 12, 2))
def test_giving_tuesday_follows_the_fourth_thursday_of_november(today: date) -> None:
    def of(year: int) -> date:
        thursdays = [
            day for number in range(1, 31) if (day := date(year, 11, number)).weekday() == calendar.THURSDAY
        ]
        tuesday = thursdays[3]
        while tuesday.weekday() != calendar.TUESDAY:
            tuesday += DAY
        return tuesday

    this = of(today.year)
    assert named_period(f"giving tuesday {today.year}", today=SATURDAY) == (this, this)
    assert named_period("giving tuesday", today=today)[0] == (this if this <= today else of(today.year - 1))
    assert named_period("last giving tuesday", today=today)[0] == (
        this if this < today else of(today.year - 1)
    )
    assert named_period("next giving tuesday", today=today)[0] == (
        this if this > today else of(today.year + 1)
    )
    assert named_period("last year's giving tuesday", today=today)[0] == of(today.year - 1)


def test_giving_tuesdays_that_were() -> None:
    known = {2012: "11-27", 2019: "12-03", 2021: "11-30", 2023: "11-28", 2024: "12-03", 2025: "12-02"}
    for year, day in known.items():
        assert came_to(f"giving tuesday {year}")[0] == f"{year}-{day}"


@given(days, starts)
def test_all_periods_of_the_menu_work(today: date, start: int) -> None:
    for text in PERIODS:
        first, last = named_period(text, today=today, fiscal_year_start=start)
        assert first <= last


# since= and until=


def read(since: Any = None, until: Any = None, **options: Any) -> Period:
    return read_period(since, until, timezone="America/Los_Angeles", today=SATURDAY, **options)


@pytest.mark.parametrize(
    ("since", "until", "begins", "ends", "note"),
    [
        ("last month", None, date(2026, 10, 1), date(2026, 11, 1), "last month: 2026-10-01 to 2026-10-31"),
        ("yesterday", None, date(2026, 11, 27), date(2026, 11, 28), "yesterday: 2026-11-27"),
        (None, "last month", None, date(2026, 11, 1), "last month: through 2026-10-31"),
        (
            "last  Quarter",
            "last month",
            date(2026, 7, 1),
            date(2026, 11, 1),
            "last Quarter to last month: 2026-07-01 to 2026-10-31",
        ),
        (
            "last month",
            "today",
            date(2026, 10, 1),
            date(2026, 11, 29),
            "last month to today: 2026-10-01 to 2026-11-28",
        ),
        ("last month", "2026-11-15", date(2026, 10, 1), "2026-11-15", "last month: from 2026-10-01"),
        (2026, "last month", 2026, date(2026, 11, 1), "last month: through 2026-10-31"),
        (
            "last month",
            "last month",
            date(2026, 10, 1),
            date(2026, 11, 1),
            "last month: 2026-10-01 to 2026-10-31",
        ),
        ("2026-10", None, "2026-10", None, None),
        (2026, "2026-02-01", 2026, "2026-02-01", None),
    ],
)
def test_words_set_both_ends_unless_until_is_given(
    since: Any, until: Any, begins: Any, ends: Any, note: str | None
) -> None:
    assert read(since, until) == Period(begins, ends, note)


@pytest.mark.parametrize(
    ("since", "until", "said"),
    [
        (
            "this month",
            "last month",
            "since='this month' (from 2026-11-01) is not before until='last month' (through 2026-10-31).",
        ),
        (
            "last month",
            "2026-10-01",
            "since='last month' (from 2026-10-01) is not before until='2026-10-01'.",
        ),
        (2027, "this year", "since=2027 is not before until='this year' (through 2026-12-31)."),
        ("next year", "today", "since='next year' (from 2027-01-01) is not before until='today'"),
    ],
)
def test_periods_that_end_before_they_begin_are_refused_by_name(since: Any, until: Any, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(since, until)
    assert said in str(caught.value)


def test_what_was_read_once_is_not_read_again() -> None:
    period = read("last 30 days")
    assert read_period(period, None, timezone="UTC", today=date(2030, 1, 1)) is period


class Clock(datetime):
    """A clock that stands still."""

    moment = datetime(2026, 11, 1, 6, 30, tzinfo=UTC)

    @classmethod
    def now(cls, tz: Any = None) -> Any:
        return cls.moment.astimezone(tz)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> type[Clock]:
    monkeypatch.setattr(periods, "datetime", Clock)
    return Clock


def test_the_day_is_that_of_the_zone(clock: type[Clock]) -> None:
    assert clock.moment.isoformat() == "2026-11-01T06:30:00+00:00"
    assert today_in("America/Los_Angeles") == date(2026, 10, 31)
    assert today_in("UTC") == today_in("Europe/Berlin") == date(2026, 11, 1)
    conditions = listed("transactions", since="last month").conditions
    assert [str(condition) for condition in conditions] == [
        "purchased_at>=2026-09-01T07:00:00+0000",
        "purchased_at<2026-10-01T07:00:00+0000",
    ]
    berlin = QueryBuilder(CATALOG, "Europe/Berlin", {"organization": 7}, 7)
    query = berlin.for_list(CATALOG.resources["transactions"], since="last month")
    assert query.period == "last month: 2026-10-01 to 2026-10-31"
    assert [str(condition) for condition in query.conditions] == [
        "purchased_at>=2026-09-30T22:00:00+0000",
        "purchased_at<2026-10-31T23:00:00+0000",  # summer time ended in between
    ]
    query = berlin.for_list(CATALOG.resources["supporters"], since="this fiscal year", by="updated_at")
    assert query.period == "this fiscal year: 2026-07-01 to 2027-06-30"
    assert [str(condition) for condition in query.conditions] == [
        "updated_at>=2026-06-30T22:00:00+0000",
        "updated_at<2027-06-30T22:00:00+0000",
    ]


@given(days, zones, starts, st.sampled_from(PERIODS))
def test_each_moment_of_the_period_and_no_other_is_in_it(
    today: date, name: str, start: int, text: str
) -> None:
    first, last = named_period(text, today=today, fiscal_year_start=start)
    period = read_period(text, None, timezone=name, fiscal_year_start=start, today=today)
    assert period.since is not None
    assert period.until is not None
    begins, ends = instant(period.since, name), instant(period.until, name)
    zone, second = ZoneInfo(name), timedelta(seconds=1)
    # Clocks that skip midnight begin the day at one o'clock; Apia skipped a whole day.
    assert begins.astimezone(zone).date() in (first, first + DAY)
    assert (begins - second).astimezone(zone).date() < first
    assert (ends - second).astimezone(zone).date() in (last, last - DAY)
    assert ends.astimezone(zone).date() > last


def test_columns_of_days_take_periods_too(clock: type[Clock]) -> None:
    assert clock.moment
    query = listed("recurring_donation_plans", since="this month", by="next_processing_date")
    assert [str(condition) for condition in query.conditions] == [
        "next_processing_date>=2026-10-01",
        "next_processing_date<2026-11-01",
    ]


def test_overviews_of_a_period_in_words(clock: type[Clock]) -> None:
    assert clock.moment
    query = recorded("overviews", fundraising_page=5, start_date="last month")
    assert dict(query.parameters) == {
        "start_date": "2026-09-01 00:00:00",
        "end_date": "2026-10-01 00:00:00",
        "timezone": "America/Los_Angeles",
    }
    tokyo = recorded("overviews", fundraising_page=5, start_date="last month", timezone="Asia/Tokyo")
    assert dict(tokyo.parameters)["start_date"] == "2026-10-01 00:00:00"  # November has begun there
    with pytest.raises(UsageError, match="start_date='soon' is not a date or a period"):
        recorded("overviews", fundraising_page=5, start_date="soon")


def test_where_says_where_periods_go() -> None:
    assert "Periods in words, such as 'last month', go into since= and until=." in refusal(
        "transactions", where="purchased_at = last month"
    )
