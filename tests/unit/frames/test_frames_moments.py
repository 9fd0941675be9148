"""Dates and moments: every form the API uses, shown in the chosen zone."""

from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.cells import column_of, moments

from classy_nb.errors import DataWarning

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


def micros(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


def forms(moment: datetime) -> list[str]:
    """Every form in which the API writes this moment of UTC."""
    clock = moment.strftime("%H:%M:%S")
    day = f"{moment.year:04}-{moment.month:02}-{moment.day:02}"
    fine = f"{moment.microsecond:06}"
    texts = [f"{day}T{clock}.{fine}Z", f"{day} {clock}.{fine}", f"{day}T{clock}.{fine}+00:00"]
    if moment.microsecond % 1000 == 0:
        texts += [f"{day}T{clock}.{fine[:3]}Z", f"{day} {clock}.{fine[:3]}+0000"]
    if moment.microsecond == 0:
        texts += [f"{day}T{clock}{zone}" for zone in ("+0000", "Z", "+00:00", "-00:00", "")]
        texts += [f"{day} {clock}", f" {day} {clock}Z "]
    if moment == moment.replace(hour=0, minute=0, second=0, microsecond=0):
        texts.append(day)
    return texts


@given(moments, st.sampled_from([1, 1000, 10**6, 86_400 * 10**6]))
def test_trap_27_every_form_of_a_moment_is_the_same_moment(moment: datetime, step: int) -> None:
    rounded = micros(moment.replace(tzinfo=UTC)) // step * step
    texts = forms((EPOCH + timedelta(microseconds=rounded)).replace(tzinfo=None))
    alone = [column_of([text], "datetime")[0] for text in texts]
    together = column_of(texts, "datetime")
    assert [micros(value.to_pydatetime()) for value in alone] == [rounded] * len(texts)
    assert together.to_list() == alone


@given(moments, offsets)
def test_trap_27_offsets_move_to_utc(moment: datetime, offset: timezone) -> None:
    local = moment.replace(tzinfo=offset)
    expected = local.astimezone(UTC)
    text = local.isoformat()
    assert column_of([text], "datetime").to_list() == [expected]
    assert column_of([text.replace("T", " ")], "datetime").to_list() == [expected]
    assert column_of([text[:-3] + text[-2:]], "datetime").to_list() == [expected]


def test_trap_27_forms_may_differ_within_a_column() -> None:
    texts = [
        "2026-01-31T18:30:00+0000",
        "2026-01-31T18:30:00Z",
        "2026-01-31T18:30:00.123Z",
        "2026-01-31T18:30:00.123456Z",
        "2026-01-31 18:30:00",
        "2026-01-31T13:30:00-05:00",
        "2026-01-31",
        "",
        None,
    ]
    column = column_of(texts, "datetime")
    seconds = pd.Timestamp("2026-01-31T18:30:00Z")
    assert column[:7].to_list() == [
        *(seconds, seconds),
        *(pd.Timestamp("2026-01-31T18:30:00.123Z"), pd.Timestamp("2026-01-31T18:30:00.123456Z")),
        *(seconds, seconds, pd.Timestamp("2026-01-31T00:00:00Z")),
    ]
    assert column[7:].isna().all()


@pytest.mark.parametrize(
    "text",
    [
        "0000-00-00 00:00:00",
        "0000-00-00",
        "0000-01-01T00:00:00Z",
        "-0001-11-30T00:00:00+0000",
        "10000-01-01T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "2026-01-31T25:00:00Z",
        "3/15",
        "1017",
        "20260131",
        "2026-W05-6",
        "tomorrow",
        1769884200,
        True,
        {"date": "2026-01-31"},
    ],
)
def test_trap_27_an_unreadable_date_is_missing_and_warned_of(text: object) -> None:
    with pytest.warns(
        DataWarning, match=r"^records: 1 of 2 values of 'x' are not dates with a time"
    ) as found:
        column = column_of([text, "2026-01-31T18:30:00Z"], "datetime")
    assert column.isna().to_list() == [True, False]
    assert column[1] == pd.Timestamp("2026-01-31T18:30:00Z")
    assert str(text) not in str(found[0].message).replace("1 of 2", "")


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Pacific/Kiritimati"])
def test_trap_27_the_ends_of_time_can_be_shown_in_every_zone(zone: str) -> None:
    values = ["1699-12-31T23:59:59Z", "9999-12-31T23:59:59Z", "1700-01-01T00:00:00Z", "9999-12-30T23:59:59Z"]
    with pytest.warns(DataWarning, match="2 of 4 values"):
        column = column_of(values, "datetime", zone)
    assert column.isna().to_list() == [True, True, False, False]
    assert [value.tz_convert("UTC").year for value in column[2:]] == [1700, 9999]
    assert column_of(values[1:], "datetime").notna().all()
    days = column_of(["0001-01-01", "9999-12-31"], "date")
    assert [value.year for value in days] == [1, 9999]


def test_trap_11_instants_are_shown_in_the_chosen_zone() -> None:
    column = column_of(["2027-01-01T04:30:00+0000"], "datetime", "America/Los_Angeles")
    assert column[0].isoformat() == "2026-12-31T20:30:00-08:00"
    assert str(column.dtype) == "datetime64[us, America/Los_Angeles]"


def test_days_are_never_moved_by_a_zone() -> None:
    texts = [
        "2026-02-01",
        "2026-02-01T00:00:00+0000",
        "2026-02-01 23:59:59",
        "2026-02-01T23:00:00-05:00",
        " ",
    ]
    column = column_of(texts, "date", "America/Los_Angeles")
    assert column.dtype == np.dtype("datetime64[us]")
    assert column[:4].to_list() == [pd.Timestamp("2026-02-01")] * 4
    assert column[4] is pd.NaT


@given(st.dates())
def test_days_are_read_as_written(day: date) -> None:
    assert column_of([day.isoformat()], "date")[0].date() == day
