"""JSON values to columns: every form that the API uses, and what does not fit."""

import json
import math
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.cells import column_of, moments

from classy_nb.errors import DataWarning
from classy_nb.frames import json_text, json_values
from classy_nb.frames.convert import MISFIT, READERS, Converter, drop_impossible, read_cells


@given(st.integers(-(2**63), 2**63 - 1))
@example(2**53 + 1)
def test_trap_09_whole_numbers_stay_exact(number: int) -> None:
    values = [number, None, str(number), f" {number}.000 "]
    column = column_of(values, "int")
    assert str(column.dtype) == "Int64"
    assert column.to_list() == [number, pd.NA, number, number]


@pytest.mark.parametrize(
    "value",
    [
        2**63,
        -(2**63) - 1,
        1.5,
        "1.5",
        "1e3",
        "0x10",
        "1_000",
        "1,000",
        "ten",
        True,
        False,
        [1],
        1e300,
        "9" * 500,
    ],
)
def test_what_is_not_a_whole_number_becomes_missing_with_a_warning(value: object) -> None:
    with pytest.warns(DataWarning, match="1 of 2 values of 'x' are not whole numbers"):
        assert column_of([value, 3], "int").to_list() == [pd.NA, 3]


@given(st.floats(allow_nan=False, allow_infinity=False))
@example(-0.0)
def test_trap_08_numbers_read_back_from_text(number: float) -> None:
    column = column_of([number, repr(number), f" {number!r}\t", "", None], "float")
    assert str(column.dtype) == "Float64"
    assert column[:3].to_list() == [number] * 3
    assert column[3:].isna().all()


def test_trap_08_numbers_arrive_as_strings() -> None:
    values = ["1000.000", " 12 ", "", "50.00", 3, 0.15, "-.5", "1e3", None, 2**60]
    column = column_of(values, "float")
    assert column.to_list() == [1000.0, 12.0, pd.NA, 50.0, 3.0, 0.15, -0.5, 1000.0, pd.NA, float(2**60)]
    assert column.sum() == 1000 + 12 + 50 + 3 + 0.15 - 0.5 + 1000 + 2**60


@pytest.mark.parametrize(
    "value",
    [
        "NaN",
        "nan",
        "inf",
        "Infinity",
        "1e999",
        1e999,
        -math.inf,
        True,
        "1_0",
        "12 USD",
        [],
        10**400,
        "\uff11\uff12",
    ],
)
def test_what_is_not_a_finite_number_becomes_missing_with_a_warning(value: object) -> None:
    with pytest.warns(DataWarning, match="1 of 2 values of 'x' are not numbers"):
        assert column_of([value, 0.5], "float").to_list() == [pd.NA, 0.5]


def test_flags_in_every_form() -> None:
    values = [True, False, 1, 0, "1", "0", "true", "FALSE", 1.0, "", None]
    column = column_of(values, "bool")
    assert str(column.dtype) == "boolean"
    assert column.to_list() == [True, False, True, False, True, False, True, False, True, pd.NA, pd.NA]


@pytest.mark.parametrize("value", [2, -1, 256, "yes", "2", 0.5, [], {}])
def test_what_is_not_a_flag_becomes_missing_with_a_warning(value: object) -> None:
    with pytest.warns(DataWarning, match="1 of 2 values of 'x' are not true or false"):
        assert column_of([value, 1], "bool").to_list() == [pd.NA, True]


@given(st.lists(st.none() | st.text()))
def test_trap_10_text_is_kept_as_it_is(texts: list[str | None]) -> None:
    column = column_of(texts, "text")
    assert column.dtype == pd.StringDtype("pyarrow")
    assert [None if value is pd.NA else value for value in column] == texts


def test_trap_10_digits_that_are_text_keep_their_zeros() -> None:
    values = ["02139", "001", 2139, 2139.0, 2**64 + 1, 0.1, 1e22, True, {"a": [1, "é"]}, [], ""]
    assert column_of(values, "text").to_list() == [
        *("02139", "001", "2139", "2139", "18446744073709551617", "0.1", "1e+22"),
        *("true", '{"a":[1,"é"]}', "[]", ""),
    ]


def test_half_a_surrogate_pair_becomes_a_replacement_character() -> None:
    assert column_of(["a\ud800b", {"k": "\udfff"}], "text").to_list() == ["a\ufffdb", '{"k":"\ufffd"}']


def test_trap_10_last_four_digits_get_their_zeros_back() -> None:
    values = [42, "42", 1234, "0042", 7.0, "x123", "12345", "", None]
    column = column_of(values, "last4")
    assert column.to_list() == ["0042", "0042", "1234", "0042", "0007", "x123", "12345", pd.NA, pd.NA]
    assert column_of([0, 42, None], "last4").to_list() == ["0000", "0042", pd.NA]


@pytest.mark.parametrize("value", [-42, 0.5, True, [], {}, 2**70])
def test_what_is_not_four_digits_becomes_missing_with_a_warning(value: object) -> None:
    with pytest.warns(DataWarning, match="1 of 2 values of 'x' are not last four digits"):
        assert column_of([value, 5], "last4").to_list() == [pd.NA, "0005"]


def test_trap_30_words_outside_the_documented_ones_are_kept() -> None:
    values = ["Stripe", "stripe", "semi-annual", "", "Offline", 4]
    assert column_of(values, "text").to_list() == ["Stripe", "stripe", "semi-annual", "", "Offline", "4"]


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.sampled_from([2**53, 2**53 + 1, 0, 1, 255, -1])
    | st.floats()
    | st.text(max_size=6)
    | st.sampled_from(
        ["", " ", "1", "-7", "+7", "007", "1.0", " 2.50", "1e5", "0x1F", "true", "nan", "2026-01-31"]
    )
    | moments.map(lambda m: m.isoformat() + "Z")
    | moments.map(lambda m: m.isoformat(" ")),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
    max_leaves=3,
)


@given(
    st.sampled_from(sorted(READERS)),
    st.lists(st.lists(anything, min_size=1, max_size=6), min_size=1, max_size=4),
)
def test_converting_at_once_gives_what_reading_cell_by_cell_gives(
    kind: str, groups: list[list[object]]
) -> None:
    converter = Converter(kind)
    for values in groups:  # one converter: it remembers which attempt worked last
        quick, misfits = converter.convert(values)
        quick, impossible = drop_impossible(quick, kind, "UTC")
        cells, expected_misfits = read_cells(values, kind)
        slow, slow_impossible = drop_impossible(pa.array(cells, quick.type), kind, "UTC")
        assert quick.equals(slow)
        assert misfits + impossible == expected_misfits + slow_impossible


@given(anything)
def test_reading_a_cell_never_raises(value: object) -> None:
    for kind, reader in READERS.items():
        if value is not None:
            cell = reader(value)
            assert (
                cell is MISFIT or cell is None or isinstance(cell, int | float | bool | str | date | Decimal)
            ), kind


def test_text_of_an_object_reads_back() -> None:
    value = {"name": "Zoë", "nested": [1, None, True]}
    assert json.loads(column_of([value], "text")[0]) == value


# --- Dates and instants: every form that the API uses, in the chosen time zone ------------------------

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
def test_trap_27_an_unreadable_date_becomes_missing_with_a_warning(text: object) -> None:
    with pytest.warns(
        DataWarning, match=r"^records: 1 of 2 values of 'x' are not dates with a time"
    ) as found:
        column = column_of([text, "2026-01-31T18:30:00Z"], "datetime")
    assert column.isna().to_list() == [True, False]
    assert column[1] == pd.Timestamp("2026-01-31T18:30:00Z")
    assert str(text) not in str(found[0].message).replace("1 of 2", "")


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Pacific/Kiritimati"])
def test_trap_27_the_first_and_last_dates_can_be_shown_in_every_zone(zone: str) -> None:
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
    said = "2 of 5 values of 'x', which holds days, have a time; the day is the one that is written"
    with pytest.warns(DataWarning, match=said):
        column = column_of(texts, "date", "America/Los_Angeles")
    assert column.dtype == np.dtype("datetime64[us]")
    assert column[:4].to_list() == [pd.Timestamp("2026-02-01")] * 4
    assert column[4] is pd.NaT


@pytest.mark.edge(8)
@pytest.mark.parametrize("time", ["T00:00:00.000Z", " 00:00:00", "T00:00:00-0700"])
def test_midnight_is_no_time(time: str) -> None:
    assert column_of([f"2021-08-27{time}"], "date", "America/Los_Angeles")[0] == pd.Timestamp("2021-08-27")


@given(st.dates())
def test_days_are_read_as_written(day: date) -> None:
    assert column_of([day.isoformat()], "date")[0].date() == day


@pytest.mark.edge(12)
@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2**70, "1180591620717411303424"),
        ([2**70, {"k": -(2**64)}], '[1180591620717411303424,{"k":-18446744073709551616}]'),
        (Decimal("0.12345678901234567890123"), "0.12345678901234567890123"),
        ({"a": Decimal("1e400"), "b": 2**65}, '{"a":1E+400,"b":36893488147419103232}'),
        ({"\ud83c": "\udf81"}, '{"\ufffd":"\ufffd"}'),
    ],
)
def test_what_does_not_fit_64_bits_or_utf_8_is_still_json(value: object, text: str) -> None:
    assert json_text(value).decode() == text
    assert column_of([value], "text").to_list() == [text]
    if "ufffd" not in ascii(text):
        assert json_values([text]) == [value]


def test_deep_nesting_is_still_json() -> None:
    deep: list[object] = []
    for _ in range(300):
        deep = [deep]
    assert json_text(deep).decode() == "[" * 301 + "]" * 301


@pytest.mark.edge(12)
def test_long_numbers_in_typed_columns() -> None:
    number = Decimal("1234567890.12345678901234567890")
    assert column_of([number, 1.5], "float").to_list() == [float(number), 1.5]
    for kind in ("int", "bool", "last4", "datetime", "date"):
        with pytest.warns(DataWarning, match="became missing"):
            assert column_of([number], kind).isna().all()
