"""Dates as people write them become one instant, in the one form that the API takes."""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classy_nb.errors import UsageError
from classy_nb.query.dates import day, filter_literal, instant, zone

LA = "America/Los_Angeles"
FORM = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\+0000")
ZONES = ["UTC", LA, "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia"]
YEARS = {"min_value": datetime(1, 1, 3), "max_value": datetime(9999, 12, 29)}  # noqa: DTZ001 - hypothesis wants naive bounds
aware = st.datetimes(**YEARS, timezones=st.sampled_from([ZoneInfo(name) for name in ZONES]))


def parsed(text: str) -> datetime:
    assert FORM.fullmatch(text), text
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S%z")


@given(aware)
def test_trap_15_an_aware_datetime_is_the_same_instant_to_the_second(moment: datetime) -> None:
    moment = moment.replace(microsecond=0)
    # Across zones, moments in an hour that clocks repeat equal nothing: so both in UTC.
    assert parsed(filter_literal(instant(moment, LA))) == moment.astimezone(UTC)
    assert instant(moment, LA) == moment.astimezone(UTC)


@given(aware, st.sampled_from([">=", "<", ">", "<="]), st.integers(-2, 2))
def test_trap_15_rounding_a_fraction_keeps_the_operators_meaning(
    moment: datetime, op: str, seconds: int
) -> None:
    """For each whole second around the moment: it satisfies the filter_literal as it satisfies the moment."""
    bound = parsed(filter_literal(instant(moment, "UTC"), op))
    record = moment.astimezone(UTC).replace(microsecond=0) + timedelta(seconds=seconds)
    compare = {">=": "__ge__", "<": "__lt__", ">": "__gt__", "<=": "__le__"}[op]
    assert getattr(record, compare)(bound) == getattr(record, compare)(moment.astimezone(UTC))


@given(st.datetimes(**YEARS), st.sampled_from(ZONES))
def test_trap_11_a_naive_datetime_is_in_the_connections_zone(moment: datetime, name: str) -> None:
    assert instant(moment, name) == moment.replace(tzinfo=ZoneInfo(name)).astimezone(UTC)
    assert instant(moment.isoformat(), name) == instant(moment, name)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2026, "2026-01-01T08:00:00+0000"),
        (np.int64(2026), "2026-01-01T08:00:00+0000"),
        (np.int32(2026), "2026-01-01T08:00:00+0000"),
        ("2026", "2026-01-01T08:00:00+0000"),
        (" 2026 ", "2026-01-01T08:00:00+0000"),
        ("2026-07", "2026-07-01T07:00:00+0000"),
        ("2026-07-31", "2026-07-31T07:00:00+0000"),
        ("20260731", "2026-07-31T07:00:00+0000"),
        (20260731, "2026-07-31T07:00:00+0000"),
        (date(2026, 7, 31), "2026-07-31T07:00:00+0000"),
        ("2026-07-31T18:30", "2026-08-01T01:30:00+0000"),
        ("2026-07-31 18:30:05", "2026-08-01T01:30:05+0000"),
        ("2026-07-31T18:30:00Z", "2026-07-31T18:30:00+0000"),
        ("2026-07-31T18:30:00+0000", "2026-07-31T18:30:00+0000"),
        ("2026-07-31T18:30:00-05:00", "2026-07-31T23:30:00+0000"),
        (datetime(2026, 7, 31, 18, 30, tzinfo=timezone(timedelta(hours=5.5))), "2026-07-31T13:00:00+0000"),
        (pd.Timestamp("2026-07-31 18:30", tz="Europe/Berlin"), "2026-07-31T16:30:00+0000"),
        (pd.Timestamp("2026-07-31 18:30"), "2026-08-01T01:30:00+0000"),
        (np.datetime64("2026-07-31"), "2026-07-31T07:00:00+0000"),
        (np.datetime64("2026-07-31T18:30:00.000000000"), "2026-08-01T01:30:00+0000"),
        # the hour that a change of clocks repeats, and the one that it leaves out
        ("2026-11-01T01:30", "2026-11-01T08:30:00+0000"),
        (datetime(2026, 11, 1, 1, 30, fold=1), "2026-11-01T09:30:00+0000"),  # noqa: DTZ001
        ("2026-03-08T02:30", "2026-03-08T10:30:00+0000"),
        ("2026-03-08T03:30", "2026-03-08T10:30:00+0000"),
        (datetime.max.replace(tzinfo=UTC), "9999-12-31T23:59:59+0000"),
    ],
    ids=repr,
)
def test_dates_as_people_write_them(value: Any, text: str) -> None:
    assert filter_literal(instant(value, LA)) == text


@pytest.mark.parametrize(("op", "second"), [(">=", "01"), ("<", "01"), (">", "00"), ("<=", "00")])
@pytest.mark.parametrize(
    "moment",
    [
        "2026-01-01T00:00:00.000001Z",
        "2026-01-01T00:00:00.999999Z",
        pd.Timestamp("2026-01-01T00:00:00.000000001Z"),
        pd.Timestamp("2026-01-01T00:00:00.999999999Z"),
    ],
    ids=str,
)
def test_trap_15_no_fraction_is_ever_sent(moment: Any, op: str, second: str) -> None:
    assert filter_literal(instant(moment, "UTC"), op) == f"2026-01-01T00:00:{second}+0000"


@pytest.mark.parametrize("op", ["=", "!="])
def test_trap_15_a_fraction_equals_no_record(op: str) -> None:
    with pytest.raises(UsageError, match="fractions of a second"):
        filter_literal(instant("2026-01-01T00:00:00.5", "UTC"), op)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "soon",
        "01/31/2026",
        "2026-02-30",
        "2026-1-31",
        "2026-13",
        26,
        -1,
        99,
        202601,
        1_767_225_600,
        2026.0,
        True,
        None,
        pd.NaT,
        np.datetime64("NaT", "s"),
        np.bool_(True),
        np.array([2026]),
        np.array(["2026-01-01"], dtype="datetime64[D]"),
        pd.Series([2026]),
        pd.Series(pd.to_datetime(["2026-01-01"])),
        [2026],
        ...,
        "\uff12\uff10\uff12\uff16",
    ],
    ids=repr,
)
def test_what_is_not_a_date(value: Any) -> None:
    with pytest.raises(UsageError, match=r"^since=") as caught:
        instant(value, "UTC")
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("moment", ["0001-01-01T00:00", datetime.max])  # noqa: DTZ901
def test_moments_outside_the_calendar_in_utc_are_refused(moment: Any) -> None:
    where = "Asia/Kolkata" if isinstance(moment, str) else LA
    with pytest.raises(UsageError, match="out of range"):
        instant(moment, where, "until")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (2026, date(2026, 1, 1)),
        ("2026-07-31", date(2026, 7, 31)),
        (datetime(2026, 7, 31), date(2026, 7, 31)),  # noqa: DTZ001 - a day has no zone
        (pd.Timestamp("2026-07-31", tz=LA), date(2026, 7, 31)),
    ],
)
def test_days_have_no_zone(value: Any, expected: date) -> None:
    assert day(value) == expected


@pytest.mark.edge(8)
@pytest.mark.parametrize(
    "value", ["2026-07-31T23:59", "2026-07-31T00:00:00.1", pd.Timestamp("2026-07-31 23:00", tz=LA)]
)
def test_a_time_is_not_dropped_to_make_a_day(value: Any) -> None:
    with pytest.raises(UsageError, match=r"until=.* has a time, but is compared with days"):
        day(value, "until")


def test_zones() -> None:
    assert zone(LA) == ZoneInfo(LA)
    for name in ("Mars/Olympus", "", "../etc/passwd", 5, None):
        with pytest.raises(UsageError, match="timezone="):
            zone(name)  # type: ignore[arg-type]
