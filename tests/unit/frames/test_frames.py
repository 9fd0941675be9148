"""Records to frames: columns, dtypes, odd records, warnings."""

import json
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from support import frames
from support.frames import COLUMNS, build

from classy_nb import catalog
from classy_nb.catalog import Column, Endpoint
from classy_nb.errors import DataWarning
from classy_nb.frames import FrameBuilder, empty_frame

KNOWN = catalog.load()
LISTS = [endpoint for endpoint in KNOWN.endpoints if endpoint.is_list]
EXAMPLES = {
    "int": 7,
    "float": "12.50",
    "bool": 1,
    "text": "02139",
    "last4": 42,
    "datetime": "2026-01-31T18:30:00+0000",
    "date": "2026-01-31",
    "list": [{"id": 1}],
    "json": {"a": [1]},
}


def records_of(columns: Sequence[Column], count: int) -> list[Any]:
    """Return records with every column, every third value missing."""
    found: list[Any] = []
    for number in range(count):
        record: dict[str, Any] = {}
        for place, column in enumerate(columns):
            value = None if (number + place) % 3 == 0 else EXAMPLES[column.kind]
            outer, dot, inner = column.name.partition(".")
            if dot:
                record.setdefault(outer, {})[inner] = value
            else:
                record[outer] = value
        found.append(record)
    return found


@pytest.mark.parametrize("endpoint", LISTS, ids=lambda endpoint: endpoint.path)
def test_trap_28_dtypes_do_not_depend_on_rows(endpoint: Endpoint) -> None:
    columns = KNOWN.columns(endpoint, endpoint.include, aggregates=True)
    expected = [(column.name, column.dtype("America/New_York")) for column in columns]
    empty = empty_frame(columns, timezone="America/New_York")
    full = build(records_of(columns, 5), columns, timezone="America/New_York")
    bare = build([{}] * 2, columns, timezone="America/New_York")
    for frame, rows in ((empty, 0), (full, 5), (bare, 2)):
        assert [(name, str(dtype)) for name, dtype in frame.dtypes.items()] == expected
        assert frame.shape == (rows, len(columns))
    assert list(empty.dtypes) == list(full.dtypes) == list(bare.dtypes)
    assert full.notna().sum().sum() == sum(
        (row + place) % 3 > 0 for row in range(5) for place in range(len(columns))
    )


def test_dtypes_of_the_arrow_backend() -> None:
    expected = {
        "id": pd.ArrowDtype(pa.int64()),
        "amount": pd.ArrowDtype(pa.float64()),
        "context.source_campaign_id": pd.ArrowDtype(pa.int64()),
        "context.batch": pd.ArrowDtype(pa.string()),
        "context.day": pd.ArrowDtype(pa.date32()),
        "created_at": pd.ArrowDtype(pa.timestamp("us", "Europe/Berlin")),
        "fee_on_top": pd.ArrowDtype(pa.bool_()),
        "card_last_four": pd.ArrowDtype(pa.string()),
        "items": np.dtype(object),
        "metadata": np.dtype(object),
    }
    full = build(records_of(COLUMNS, 4), timezone="Europe/Berlin", dtype_backend="pyarrow")
    empty = empty_frame(COLUMNS, timezone="Europe/Berlin", dtype_backend="pyarrow")
    assert full.dtypes.to_dict() == empty.dtypes.to_dict() == expected
    plain = build(records_of(COLUMNS, 4), timezone="Europe/Berlin")
    for name in full:
        assert (
            full[name].dropna().astype(str).to_list()[0][:10]
            == plain[name].dropna().astype(str).to_list()[0][:10]
        )
        assert full[name].isna().to_list() == plain[name].isna().to_list()


def test_trap_09_a_null_does_not_turn_ids_into_floats() -> None:
    frame = build([{"id": 2**53 + 1}, {"id": None}, {"id": 2**63 - 1}, {}], [Column("id", "int")])
    assert frame["id"].to_list() == [2**53 + 1, pd.NA, 2**63 - 1, pd.NA]


def test_trap_28_unknown_keys_stand_at_the_right_in_order_of_first_sight() -> None:
    records = [
        {"id": 1, "zeta": 1, "context": {"newkey": True, "batch": "a"}},
        {"alpha": "x", "id": 2, "zeta": None},
        {"id": 3, "context": {"another": 1.5}, "beta": 2, "gamma": [1]},
        {"id": 4, "beta": 2.5, "context": None},
    ]
    frame = build(records)
    assert list(frame)[len(COLUMNS) :] == [
        "zeta",
        "context.newkey",
        "alpha",
        "beta",
        "gamma",
        "context.another",
    ]
    assert [str(frame[name].dtype) for name in list(frame)[len(COLUMNS) :]] == [
        *("Int64", "boolean", "string", "Float64", "object", "Float64")
    ]
    assert frame["zeta"].to_list() == [1, pd.NA, pd.NA, pd.NA]
    assert frame["beta"].to_list() == [pd.NA, pd.NA, 2.0, 2.5]
    assert frame["gamma"].to_list() == [pd.NA, pd.NA, [1], pd.NA]
    assert frame["context.another"].to_list() == [pd.NA, pd.NA, 1.5, pd.NA]
    assert frame["id"].to_list() == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([1, None, -(2**63)], "Int64"),
        ([1, 2**63], "object"),
        ([1, 0.5], "Float64"),
        ([2**53 + 1, 0.5], "object"),
        ([True, None], "boolean"),
        ([True, 1], "object"),
        (["1", None], "string"),
        (["1", 1], "object"),
        ([None, None], "object"),
        ([{"a": 1}, None], "object"),
    ],
)
def test_the_dtype_of_an_unknown_key_is_what_its_values_share(values: list[object], dtype: str) -> None:
    frame = build([{"id": 1, "new": value} for value in values])
    assert str(frame["new"].dtype) == dtype
    assert [None if value is pd.NA else value for value in frame["new"]] == values


def test_a_key_with_a_dot_does_not_overwrite_a_nested_one() -> None:
    frame = build([{"id": 1, "context.batch": "flat", "context": {"batch": "nested"}}])
    assert frame["context.batch"][0] == "nested"
    assert frame["context.batch_"][0] == "flat"
    bare = build([{"a.b": 1, "a": {"b": 2}}], [])
    assert bare.to_dict("list") == {"a.b": [1], "a.b_": [2]}


def test_trap_29_nested_objects_become_columns() -> None:
    records = [
        {"id": 1, "context": {"source_campaign_id": "5", "batch": "001", "day": "2026-02-01"}},
        {"id": 2, "context": None},
        {"id": 3},
        {"id": 4, "context": []},  # PHP's empty object
        {"id": 5, "context": {}},
    ]
    frame = build(records)
    assert frame["context.source_campaign_id"].to_list() == [5] + [pd.NA] * 4
    assert frame["context.batch"].to_list() == ["001"] + [pd.NA] * 4
    assert frame["context.day"][0] == pd.Timestamp("2026-02-01")


def test_trap_29_a_nested_object_of_another_shape_keeps_the_row_and_is_warned_of() -> None:
    with pytest.warns(DataWarning, match="^gifts: 2 of 3 values of 'context' are not objects") as found:
        frame = build([{"id": 1, "context": "secret"}, {"id": 2, "context": [1]}, {"id": 3}], label="gifts")
    assert frame["id"].to_list() == [1, 2, 3]
    assert frame["context.batch"].isna().all()
    assert [str(warning.message) for warning in found] == [
        "gifts: 2 of 3 values of 'context' are not objects; they became missing."
    ]


def test_trap_29_pseudo_json_is_kept_as_it_came() -> None:
    values = [{"foo": "bar"}, None, '{"foo": 1}', "{foo: 'bar'}", []]
    frame = build([{"metadata": value} for value in values])
    assert frame["metadata"].to_list() == [{"foo": "bar"}, pd.NA, '{"foo": 1}', "{foo: 'bar'}", []]


def test_object_columns_stay_object_whatever_they_hold() -> None:
    for values in (["a", "b"], ["a", None], [1, 2], [True], [None]):
        frame = build([{"metadata": value, "items": value} for value in values])
        assert frame.dtypes[["metadata", "items"]].to_list() == [object, object]
        assert frame["metadata"].to_list() == [pd.NA if value is None else value for value in values]


def test_each_column_warns_once_with_its_count_and_never_a_value() -> None:
    records = [{"id": "x-secret", "amount": "rubbish"}, {"id": 2, "amount": "junk"}] * 300
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        frame = build(records, label="transactions")
    assert [str(warning.message) for warning in found] == [
        "transactions: 300 of 600 values of 'id' are not whole numbers; they became missing.",
        "transactions: 600 of 600 values of 'amount' are not numbers; they became missing.",
    ]
    assert len(frame) == 600
    assert {warning.filename for warning in found} == {frames.__file__}


def test_records_that_are_no_objects_keep_their_rows() -> None:
    with pytest.warns(DataWarning, match="records: 3 of 4 records are no objects"):
        frame = build([{"id": 1}, "text", None, 5])
    assert frame["id"].to_list() == [1, pd.NA, pd.NA, pd.NA]


def test_trap_34_string_items() -> None:
    roles = next(endpoint for endpoint in LISTS if endpoint.path == "/members/{member}/roles")
    columns = KNOWN.columns(roles)
    frame = build(["admin", "viewer", None, 7], columns)
    assert frame.dtypes.astype(str).to_dict() == {"value": "string"}
    assert frame["value"].to_list() == ["admin", "viewer", pd.NA, "7"]
    odd = build([{"id": 1, "name": "admin"}, "viewer"], columns)
    assert odd["value"].to_list() == [pd.NA, "viewer"]
    assert odd["name"].to_list() == ["admin", pd.NA]


def test_trap_45_anonymous_rows_are_left_as_they_are() -> None:
    transactions = KNOWN.find("/organizations/1/transactions")
    assert transactions is not None
    gift = {
        "id": 1,
        "is_anonymous": True,
        "hide_amount": 1,
        "member_name": "Ann",
        "total_gross_amount": "5.00",
    }
    frame = build([gift], KNOWN.columns(transactions))
    row = frame.loc[0, list(gift)].to_list()
    assert row == [1, True, True, "Ann", 5.0]


def test_trap_13_amounts_stay_apart() -> None:
    transactions = KNOWN.find("/organizations/1/transactions")
    assert transactions is not None
    amounts = {
        "total_gross_amount": 10.5,
        "donation_gross_amount": "10.00",
        "donation_net_amount": 9,
        "fees_amount": 0.9,
    }
    frame = build([{"id": 1, **amounts}], KNOWN.columns(transactions))
    assert frame[list(amounts)].iloc[0].to_list() == [10.5, 10.0, 9.0, 0.9]
    assert frame["raw_total_gross_amount"].isna().all()


def test_without_declared_columns_everything_is_inferred() -> None:
    records = [
        {"b": 1, "nested": {"x": "1", "y": [1]}, "when": "2026-01-31"},
        {"a": 0.5, "nested": None, "b": 2},
        {"nested": {"z": {"deep": 1}}},
    ]
    frame = build(records, [])
    assert frame.dtypes.astype(str).to_dict() == {
        "b": "Int64",
        "nested.x": "string",
        "nested.y": "object",
        "when": "string",
        "a": "Float64",
        "nested.z": "object",
    }
    assert frame["nested.z"][2] == {"deep": 1}
    assert build([], []).shape == (0, 0)
    assert build(["a", "b"], [])["value"].to_list() == ["a", "b"]


def test_a_builder_starts_over_after_each_frame() -> None:
    builder = FrameBuilder(COLUMNS)
    builder.add([{"id": 1, "extra": "x"}] * 150)
    assert builder.rows == 150
    assert builder.frame()["extra"].to_list() == ["x"] * 150
    builder.add([{"id": 2}])
    assert builder.rows == 1
    again = builder.frame()
    assert list(again) == [column.name for column in COLUMNS]
    assert again["id"].to_list() == [2]
    assert builder.rows == 0


def test_attrs_say_what_lists_hold_and_survive_concat() -> None:
    first, second = build([{"id": 1}]), build([{"id": 2}])
    assert first.attrs == {"classy_lists": {"items": "TransactionItem"}}
    assert pd.concat([first, second], ignore_index=True).attrs == first.attrs
    assert json.loads(json.dumps(first.attrs)) == first.attrs
