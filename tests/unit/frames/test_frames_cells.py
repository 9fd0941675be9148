"""Single values: every form the API uses, and what fits no kind."""

import json
import math
from datetime import date

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.cells import column_of, moments

from classy_nb.errors import DataWarning
from classy_nb.frames.arrays import Reader, drop_impossible
from classy_nb.frames.cells import MISFIT, READERS, read


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
def test_what_is_no_whole_number_is_missing_and_warned_of(value: object) -> None:
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
def test_what_is_no_finite_number_is_missing_and_warned_of(value: object) -> None:
    with pytest.warns(DataWarning, match="1 of 2 values of 'x' are not numbers"):
        assert column_of([value, 0.5], "float").to_list() == [pd.NA, 0.5]


def test_flags_in_every_form() -> None:
    values = [True, False, 1, 0, "1", "0", "true", "FALSE", 1.0, "", None]
    column = column_of(values, "bool")
    assert str(column.dtype) == "boolean"
    assert column.to_list() == [True, False, True, False, True, False, True, False, True, pd.NA, pd.NA]


@pytest.mark.parametrize("value", [2, -1, 256, "yes", "2", 0.5, [], {}])
def test_what_is_no_flag_is_missing_and_warned_of(value: object) -> None:
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


def test_half_a_surrogate_pair_becomes_a_question_mark() -> None:
    assert column_of(["a\ud800b", {"k": "\udfff"}], "text").to_list() == ["a?b", '{"k":"?"}']


def test_trap_10_last_four_digits_get_their_zeros_back() -> None:
    values = [42, "42", 1234, "0042", 7.0, "x123", "12345", "", None]
    column = column_of(values, "last4")
    assert column.to_list() == ["0042", "0042", "1234", "0042", "0007", "x123", "12345", pd.NA, pd.NA]
    assert column_of([0, 42, None], "last4").to_list() == ["0000", "0042", pd.NA]


@pytest.mark.parametrize("value", [-42, 0.5, True, [], {}, 2**70])
def test_what_is_no_last_four_is_missing_and_warned_of(value: object) -> None:
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
def test_the_quick_ways_give_what_the_patient_way_gives(kind: str, groups: list[list[object]]) -> None:
    reader = Reader(kind)
    for values in groups:  # one reader: it remembers what worked last
        quick, misfits = reader.array(values)
        quick, impossible = drop_impossible(quick, kind, "UTC")
        cells, expected_misfits = read(values, kind)
        slow, slow_impossible = drop_impossible(pa.array(cells, quick.type), kind, "UTC")
        assert quick.equals(slow)
        assert misfits + impossible == expected_misfits + slow_impossible


@given(anything)
def test_a_cell_is_a_value_or_missing_or_a_misfit_but_never_an_exception(value: object) -> None:
    for kind, reader in READERS.items():
        if value is not None:
            cell = reader(value)
            assert cell is MISFIT or cell is None or isinstance(cell, int | float | bool | str | date), kind


def test_text_of_an_object_reads_back() -> None:
    value = {"name": "Zoë", "nested": [1, None, True]}
    assert json.loads(column_of([value], "text")[0]) == value
