"""Frames of many records, against what a patient reading row by row gives."""

import warnings
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.frames import COLUMNS, build

from classy_nb.errors import DataWarning
from classy_nb.frames import FrameBuilder
from classy_nb.frames.cells import READERS, read

# --- against a reference that goes row by row --------------------------------------------------

cell = st.none() | st.sampled_from(
    [
        1,
        0,
        2**60,
        "7",
        " 2.50 ",
        "",
        0.25,
        True,
        "rubbish",
        "2026-01-31",
        "2026-01-31 18:30:00",
        [],
        {"k": 1},
        "0",
    ]
)
context = (
    st.none()
    | st.just([])
    | st.just("odd")
    | st.dictionaries(
        st.sampled_from(["source_campaign_id", "batch", "day", "newkey", "other"]), cell, max_size=5
    )
)
record = st.dictionaries(
    st.sampled_from(
        ["id", "amount", "created_at", "fee_on_top", "card_last_four", "metadata", "new", "newer"]
    ),
    cell,
    max_size=8,
).flatmap(
    lambda flat: context.map(lambda c: flat if c == "odd" and len(flat) % 2 else {**flat, "context": c})
)
records_strategy = st.lists(record | st.just("no object") | st.none(), max_size=12)


def reference(records: list[Any]) -> dict[str, list[Any]]:
    """Return what the declared columns should hold, cell by cell."""
    found: dict[str, list[Any]] = {}
    for column in COLUMNS:
        outer, dot, inner = column.name.partition(".")
        values = []
        for row in records:
            value = row.get(outer) if isinstance(row, dict) else None
            if dot:
                value = value.get(inner) if isinstance(value, dict) else None
            values.append(value)
        found[column.name] = read(values, column.kind)[0] if column.kind in READERS else values
    return found


def plain(frame: pd.DataFrame, name: str, kind: str) -> list[Any]:
    values = [None if value is pd.NA or value is pd.NaT else value for value in frame[name]]
    if kind == "datetime":
        epoch = pd.Timestamp(0, tz="UTC")
        return [
            None if value is None else (value - epoch) // pd.Timedelta(microseconds=1) for value in values
        ]
    return [value.date() if kind == "date" and value is not None else value for value in values]


@settings(deadline=None)
@given(records_strategy, st.integers(1, 5))
def test_columns_hold_what_a_reference_row_by_row_holds(records: list[Any], pages: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        builder = FrameBuilder(COLUMNS)
        for start in range(0, len(records), pages):
            builder.add(records[start : start + pages])
        frame = builder.frame()
    for column in COLUMNS:
        assert plain(frame, column.name, column.kind) == reference(records)[column.name], column.name


@settings(deadline=None)
@given(records_strategy, st.sampled_from([1, 2, 3, 7]), st.sampled_from([1, 2, 5]))
def test_the_size_of_groups_and_pages_changes_nothing(records: list[Any], group: int, page: int) -> None:
    results = []
    for group_rows, page_rows in ((400, 100), (group, page)):
        with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            patch.setattr("classy_nb.frames.builder.PAGE_ROWS", page_rows)
            results.append(
                (build(records, group_rows=group_rows), [str(warning.message) for warning in found])
            )
    (one, said), (other, also_said) = results
    pd.testing.assert_frame_equal(one, other)
    assert said == also_said


def test_layouts_that_alternate_are_all_read() -> None:
    records = [
        {"id": n, "amount": n} if n // 100 % 2 else {"created_at": None, "id": n, "new": n}
        for n in range(1000)
    ]
    frame = build(records)
    assert frame["id"].to_list() == list(range(1000))
    assert frame["amount"].dropna().to_list() == [n for n in range(1000) if n // 100 % 2]
    assert frame["new"].dropna().to_list() == [n for n in range(1000) if not n // 100 % 2]
