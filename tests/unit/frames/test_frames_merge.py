"""Builders that are filled side by side and put one behind the other give the frame of a single one."""

import warnings
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from classy_nb.catalog import Column
from classy_nb.frames import FrameBuilder

COLUMNS = (
    Column("id", "int"),
    Column("amount", "float"),
    Column("name", "text"),
    Column("is_anonymous", "bool"),
    Column("purchased_at", "datetime"),
    Column("day", "date"),
    Column("card_last_four", "last4"),
    Column("items", "list", record="transaction_items"),
    Column("context.source_campaign_id", "int"),
    Column("context.label", "text"),
    Column("utm.medium", "text"),
)
DECLARED: dict[str, st.SearchStrategy[Any]] = {
    "id": st.sampled_from([1, 2**60, "7", None, "x", 1.5]),
    "amount": st.sampled_from([1, 0.5, "12.50", None, "many", 2**60]),
    "name": st.sampled_from(["Zoë", "", None, 5, ["a"]]),
    "is_anonymous": st.sampled_from([True, 0, "true", None, "maybe"]),
    "purchased_at": st.sampled_from(["2026-01-31T18:30:00+0000", "2026-01-31", None, "soon", "1500-01-01"]),
    "day": st.sampled_from(["2026-01-31", None, "0000-00-00"]),
    "card_last_four": st.sampled_from([42, "0042", None, 1.5]),
    "items": st.sampled_from([[], [{"id": 1}], None]),
}
INNER = st.dictionaries(
    st.sampled_from(["source_campaign_id", "label", "medium", "brand_new", "x.y"]),
    st.sampled_from([1, "a", None, True]),
    max_size=3,
)
NESTED = INNER | st.sampled_from([None, [], "text", 5])
UNDECLARED = st.sampled_from([1, 2**60, 0.5, "a", True, None, [1], {"deep": 1}])
RECORD = st.fixed_dictionaries(
    {},
    optional={
        **DECLARED,
        "context": NESTED,
        "utm": NESTED,
        # Keys with a dot, beside the columns and the undeclared keys that they imitate.
        **dict.fromkeys(
            ["late", "later", "context.label", "context.brand_new", "context.brand_new_"], UNDECLARED
        ),
    },
)
ODD = st.sampled_from([None, "text", 5, [1]])
RUNS = st.lists(st.tuples(RECORD | RECORD | ODD, st.sampled_from([1, 2, 99, 130])), max_size=7)
"""Records, and how often each comes in a row: some hundred rows are turned into columns at once."""
BACKENDS = st.sampled_from(["numpy_nullable", "pyarrow"])


def builder(columns: Sequence[Column], backend: Any) -> FrameBuilder:
    return FrameBuilder(columns, timezone="America/Los_Angeles", dtype_backend=backend, label="gifts")


def finished(built: FrameBuilder) -> tuple[pd.DataFrame, list[str]]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        frame = built.frame()
    return frame, [str(warning.message) for warning in caught]


def assert_same(found: FrameBuilder, expected: FrameBuilder) -> None:
    assert found.rows == expected.rows
    (frame, told), (whole, said) = finished(found), finished(expected)
    pd.testing.assert_frame_equal(frame, whole)
    assert frame.to_dict("list").__repr__() == whole.to_dict("list").__repr__()
    assert frame.attrs == whole.attrs
    assert told == said


def repeated(runs: list[tuple[Any, int]]) -> list[Any]:
    return [record for record, times in runs for _ in range(times)]


@settings(max_examples=40)
@given(
    runs=RUNS,
    cuts=st.lists(st.integers(0, 900), max_size=3),
    columns=st.sampled_from([COLUMNS, (), (Column("value", "text"),)]),
    backend=BACKENDS,
)
@example(
    runs=[({"context.brand_new": 1}, 1), ({"context": {"brand_new": "a"}}, 1)],
    cuts=[1],
    columns=COLUMNS,
    backend="pyarrow",
)
@example(
    runs=[({"late": 1}, 99), ({"id": "x", "context": 5}, 130), ("text", 2), ({"late": "a"}, 1)],
    cuts=[99, 200],
    columns=COLUMNS,
    backend="numpy_nullable",
)
def test_wherever_the_records_are_split_the_frame_is_the_same(
    runs: list[tuple[Any, int]], cuts: list[int], columns: Sequence[Column], backend: str
) -> None:
    records = repeated(runs)
    whole = builder(columns, backend)
    whole.add(records)
    merged = builder(columns, backend)
    for start, end in pairwise([0, *sorted(min(cut, len(records)) for cut in cuts), len(records)]):
        part = builder(columns, backend)
        part.add(records[start:end])
        merged.absorb(part)
        assert part.rows == 0
    assert_same(merged, whole)


@settings(max_examples=12)
@given(segments=st.lists(st.tuples(RUNS, st.booleans(), st.booleans()), max_size=4), backend=BACKENDS)
def test_adding_absorbing_and_settling_take_turns(
    segments: list[tuple[list[tuple[Any, int]], bool, bool]], backend: str
) -> None:
    whole, mixed = builder(COLUMNS, backend), builder(COLUMNS, backend)
    for runs, absorbs, settles in segments:
        records = repeated(runs)
        whole.add(records)
        target = builder(COLUMNS, backend) if absorbs else mixed
        for start in range(0, len(records), 60):
            target.add(records[start : start + 60])
        if settles:
            target.settle()
        if absorbs:
            mixed.absorb(target)
    assert_same(mixed, whole)


@settings(max_examples=8)
@given(parts=st.lists(RUNS, min_size=3, max_size=3), backend=BACKENDS)
def test_it_does_not_matter_who_absorbs_whom_first(parts: list[list[tuple[Any, int]]], backend: str) -> None:
    def filled() -> list[FrameBuilder]:
        builders = [builder(COLUMNS, backend) for _ in parts]
        for one, runs in zip(builders, parts, strict=True):
            one.add(repeated(runs))
        return builders

    left, right = filled(), filled()
    left[0].absorb(left[1])
    left[0].absorb(left[2])
    right[1].absorb(right[2])
    right[0].absorb(right[1])
    assert_same(left[0], right[0])


def test_what_was_absorbed_can_be_filled_anew() -> None:
    mine, other = builder(COLUMNS, "numpy_nullable"), builder(COLUMNS, "numpy_nullable")
    other.add([{"id": 1, "late": "a"}, "text"])
    mine.absorb(other)
    other.add([{"id": 2}])
    assert finished(other)[0]["id"].tolist() == [2]
    frame, told = finished(mine)
    assert frame["late"].tolist() == ["a", pd.NA]
    assert told == ["gifts: 1 of 2 records are no objects; their rows hold missing values."]


def test_undeclared_columns_stand_in_the_order_in_which_the_rows_show_them() -> None:
    first, second = builder(COLUMNS, "numpy_nullable"), builder(COLUMNS, "numpy_nullable")
    first.add([{"context": {"inner": 1}}, {"b": 1}])
    second.add([{"a": 1, "b": 2, "utm": {"c": 3}}])
    first.absorb(second)
    frame = first.frame()
    assert list(frame.columns[len(COLUMNS) :]) == ["context.inner", "b", "a", "utm.c"]
    assert frame["b"].tolist() == [pd.NA, 1, 2]
    assert frame["context.inner"].tolist() == [1, pd.NA, pd.NA]


@pytest.mark.parametrize("others", [(Column("id", "list"),), (Column("id.x", "int"),)])
def test_builders_of_other_columns_are_refused(others: Sequence[Column]) -> None:
    for mine, its in (((Column("id", "int"),), others), (others, (Column("id", "int"),))):
        one, other = builder(mine, "numpy_nullable"), builder(its, "numpy_nullable")
        other.add([{"id": [1]}])
        with pytest.raises(TypeError, match="other columns"):
            one.absorb(other)
