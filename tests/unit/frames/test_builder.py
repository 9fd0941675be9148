"""Records to tables and frames: columns, dtypes, unusual records, warnings; builders put together."""

import json
import warnings
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support import frames
from support.frames import COLUMNS, build, table_of

from classy_nb import catalog
from classy_nb.catalog import Column, Endpoint
from classy_nb.errors import DataWarning
from classy_nb.frames import TableBuilder, empty_frame, explode, json_kind, to_frame
from classy_nb.frames.convert import READERS, free_form_text, read_cells

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
        "metadata": pd.ArrowDtype(pa.string()),
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


def test_trap_28_unknown_keys_become_columns_at_the_right_in_order_of_appearance() -> None:
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
        *("Int64", "boolean", "string", "Float64", "string", "Float64")
    ]
    assert frame["zeta"].to_list() == [1, pd.NA, pd.NA, pd.NA]
    assert frame["beta"].to_list() == [pd.NA, pd.NA, 2.0, 2.5]
    assert frame["gamma"].to_list() == [pd.NA, pd.NA, "[1]", pd.NA]
    assert frame["context.another"].to_list() == [pd.NA, pd.NA, 1.5, pd.NA]
    assert frame["id"].to_list() == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([1, None, -(2**63)], "Int64"),
        ([1, 2**63], "json"),
        ([1, 0.5], "Float64"),
        ([2**53 + 1, 0.5], "json"),
        ([True, None], "boolean"),
        ([True, 1], "json"),
        (["1", None], "string"),
        (["1", 1], "json"),
        ([None, None], "json"),
        ([{"a": 1}, None], "json"),
    ],
)
def test_the_dtype_of_an_unknown_key_is_what_its_values_share(values: list[object], dtype: str) -> None:
    frame = build([{"id": 1, "new": value} for value in values])
    assert str(frame["new"].dtype) == ("string" if dtype == "json" else dtype)
    found = [None if value is pd.NA else value for value in frame["new"]]
    assert [json.loads(v) if dtype == "json" and v is not None else v for v in found] == values


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


def test_trap_29_pseudo_json_becomes_json_text() -> None:
    values = [{"foo": "bar"}, None, '{"foo": 1}', "{foo: 'bar'}", [], "", "7", 7, "[1]"]
    texts = ['{"foo":"bar"}', pd.NA, '{"foo": 1}', "\"{foo: 'bar'}\"", "[]", '""', '"7"', "7", "[1]"]
    frame = build([{"metadata": value} for value in values])
    assert frame["metadata"].to_list() == texts


@pytest.mark.parametrize("values", [["a", "b"], ["a", None], [1, 2], [True], [None], [{}, []]])
def test_values_without_a_shape_are_json_text_whatever_they_are(values: list[object]) -> None:
    frame = build([{"metadata": value} for value in values])
    assert str(frame["metadata"].dtype) == "string"
    assert frame["metadata"].to_list() == [pd.NA if value is None else json.dumps(value) for value in values]


def test_included_lists_have_the_same_keys_and_types_in_each_item() -> None:
    lists = [
        [{"id": "1", "final_price": 5, "created": "x"}, {"price": "2.50"}],
        None,
        [],
        {"0": {"id": 3}, "2": {"id": 4}},
        {"id": 5},
        "",
    ]
    frame = build([{"items": value} for value in lists])
    assert frame["items"].dtype == object
    keys = [*(c.name for c in KNOWN.columns(Endpoint("", "list", "TransactionItem", ""))), "created"]
    assert {tuple(item) for cell in frame["items"] if isinstance(cell, list) for item in cell} == {
        tuple(keys)
    }
    shown = [
        [(item["id"], item["final_price"], item["price"], item["created"]) for item in cell]
        if isinstance(cell, list)
        else cell
        for cell in frame["items"]
    ]
    assert shown == [
        [(1, 5.0, None, "x"), (None, None, 2.5, None)],
        pd.NA,
        [],
        [(3, None, None, None), (4, None, None, None)],
        [(5, None, None, None)],
        pd.NA,
    ]
    assert type(frame["items"][0][0]["final_price"]) is float


def test_what_is_not_a_list_becomes_missing_with_a_warning() -> None:
    with pytest.warns(DataWarning, match="^records: 2 of 3 values of 'items' are not lists"):
        frame = build([{"items": "x"}, {"items": False}, {"items": [{"id": 1}]}])
    assert [isinstance(cell, list) for cell in frame["items"]] == [False, False, True]


def test_nested_objects_of_items_stay_nested() -> None:
    columns = (Column("id", "int"), Column("source_tracking_codes", "list", False, "SourceTrackingCode"))
    codes = [{"id": 1, "utm": {"utm_source": "mail", "fresh": 2}, "created_at": "2026-01-28T18:00:00Z"}]
    frame = build([{"id": 1, "source_tracking_codes": codes}], columns)
    (code,) = frame["source_tracking_codes"][0]
    assert code["created_at"] == "2026-01-28T18:00:00Z"
    assert code["utm"]["fresh"] == 2
    assert explode(frame, "source_tracking_codes")["utm.fresh"].to_list() == [2]


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


def test_records_that_are_not_objects_keep_their_rows() -> None:
    with pytest.warns(DataWarning, match="records: 3 of 4 records are not objects"):
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
        "nested.y": "string",
        "when": "string",
        "a": "Float64",
        "nested.z": "string",
    }
    assert frame["nested.z"][2] == '{"deep":1}'
    assert build([], []).shape == (0, 0)
    assert build(["a", "b"], [])["value"].to_list() == ["a", "b"]


def test_an_object_that_is_null_everywhere_else_leaves_no_column_of_its_own() -> None:
    frame = build([{"note": None, "owner": None}, {"note": None, "owner": {"id": 7}}], [])
    assert frame.columns.tolist() == ["note", "owner.id"]
    assert frame["note"].isna().all()
    assert frame["owner.id"].tolist() == [pd.NA, 7]
    lonely = build([{"note": None, "owner": None}], [])
    assert lonely.columns.tolist() == ["note", "owner"]


def test_a_builder_starts_over_after_each_table() -> None:
    builder = TableBuilder(COLUMNS)
    builder.add([{"id": 1, "extra": "x"}] * 150)
    assert builder.rows == 150
    assert to_frame(builder.table())["extra"].to_list() == ["x"] * 150
    builder.add([{"id": 2}])
    assert builder.rows == 1
    again = to_frame(builder.table())
    assert list(again) == [column.name for column in COLUMNS]
    assert again["id"].to_list() == [2]
    assert builder.rows == 0


def test_attrs_say_what_lists_hold_and_survive_concat() -> None:
    first, second = build([{"id": 1}]), build([{"id": 2}])
    assert first.attrs == {"classy_lists": {"items": "TransactionItem"}}
    assert pd.concat([first, second], ignore_index=True).attrs == first.attrs
    assert json.loads(json.dumps(first.attrs)) == first.attrs


def test_the_arrow_types_of_a_table() -> None:
    table = table_of(records_of(COLUMNS, 4), timezone="Europe/Berlin")
    assert table.schema.equals(table_of([], timezone="Europe/Berlin").schema, check_metadata=True)
    assert {field.name: str(field.type) for field in table.schema} == {
        "id": "int64",
        "amount": "double",
        "context.source_campaign_id": "int64",
        "context.batch": "large_string",
        "context.day": "date32[day]",
        "created_at": "timestamp[us, tz=Europe/Berlin]",
        "fee_on_top": "bool",
        "card_last_four": "large_string",
        "items": "large_string",
        "metadata": "large_string",
    }
    assert all(column.num_chunks == 1 for column in table.columns)


def test_lists_free_form_values_and_undeclared_columns_are_json_text_in_arrow() -> None:
    values = [{"a": [1, "é"]}, "text", 1.0, True, None]
    lists = [[{"id": 1}], [], {"id": 2}, {"0": {"id": 3}}, None]
    records = [
        {"items": items, "metadata": value, "new": value} for items, value in zip(lists, values, strict=True)
    ]
    table = table_of(records)
    texts = ['{"a":[1,"é"]}', '"text"', "1.0", "true", None]
    assert table["items"].to_pylist() == ['[{"id":1}]', "[]", '[{"id":2}]', '[{"id":3}]', None]
    for name, kind in (("items", "list"), ("metadata", "json"), ("new", "undeclared")):
        assert table[name].to_pylist() == texts or name == "items"
        assert json_kind(table.schema.field(name)) == kind
    assert json_kind(table.schema.field("id")) is None
    frame = to_frame(table)
    for name in ("metadata", "new"):
        assert frame[name].to_list() == [*texts[:-1], pd.NA]


def test_records_without_any_key_keep_their_rows() -> None:
    assert build([{}, {}], []).shape == (2, 0)


# --- Against a reference that reads row by row -------------------------------------------------------

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
    | st.just("text")
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
    lambda flat: context.map(lambda c: flat if c == "text" and len(flat) % 2 else {**flat, "context": c})
)
records_strategy = st.lists(record | st.just("not an object") | st.none(), max_size=12)


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
        found[column.name] = (
            read_cells(values, column.kind)[0]
            if column.kind in READERS
            else [None if value is None else free_form_text(value) for value in values]
        )
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
        builder = TableBuilder(COLUMNS)
        for start in range(0, len(records), pages):
            builder.add(records[start : start + pages])
        frame = to_frame(builder.table())
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


# --- Builders that are filled side by side and put one behind the other --------------------------------

GIFTS = (
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
MERGED = st.fixed_dictionaries(
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
NOT_OBJECTS = st.sampled_from([None, "text", 5, [1]])
RUNS = st.lists(st.tuples(MERGED | MERGED | NOT_OBJECTS, st.sampled_from([1, 2, 99, 130])), max_size=7)
"""Records, and how often each comes in a row: some hundred rows are turned into columns at once."""
BACKENDS = st.sampled_from(["numpy_nullable", "pyarrow"])


def gift_builder(columns: Sequence[Column] = GIFTS) -> TableBuilder:
    return TableBuilder(columns, timezone="America/Los_Angeles", label="gifts")


def finished(builder: TableBuilder, backend: Any = "numpy_nullable") -> tuple[pd.DataFrame, list[str]]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        frame = to_frame(builder.table(), dtype_backend=backend)
    return frame, [str(warning.message) for warning in caught]


def assert_same(found: TableBuilder, expected: TableBuilder, backend: str) -> None:
    assert found.rows == expected.rows
    (frame, told), (whole, said) = finished(found, backend), finished(expected, backend)
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
    columns=st.sampled_from([GIFTS, (), (Column("value", "text"),)]),
    backend=BACKENDS,
)
@example(
    runs=[({"context.brand_new": 1}, 1), ({"context": {"brand_new": "a"}}, 1)],
    cuts=[1],
    columns=GIFTS,
    backend="pyarrow",
)
@example(
    runs=[({"late": 1}, 99), ({"id": "x", "context": 5}, 130), ("text", 2), ({"late": "a"}, 1)],
    cuts=[99, 200],
    columns=GIFTS,
    backend="numpy_nullable",
)
def test_wherever_the_records_are_split_the_frame_is_the_same(
    runs: list[tuple[Any, int]], cuts: list[int], columns: Sequence[Column], backend: str
) -> None:
    records = repeated(runs)
    whole = gift_builder(columns)
    whole.add(records)
    merged = gift_builder(columns)
    for start, end in pairwise([0, *sorted(min(cut, len(records)) for cut in cuts), len(records)]):
        part = gift_builder(columns)
        part.add(records[start:end])
        merged.extend(part)
        assert part.rows == 0
    assert_same(merged, whole, backend)


@settings(max_examples=12)
@given(segments=st.lists(st.tuples(RUNS, st.booleans(), st.booleans()), max_size=4), backend=BACKENDS)
def test_adding_extending_and_converting_can_take_turns(
    segments: list[tuple[list[tuple[Any, int]], bool, bool]], backend: str
) -> None:
    whole, mixed = gift_builder(), gift_builder()
    for runs, extends, converts in segments:
        records = repeated(runs)
        whole.add(records)
        target = gift_builder() if extends else mixed
        for start in range(0, len(records), 60):
            target.add(records[start : start + 60])
        if converts:
            target.convert()
        if extends:
            mixed.extend(target)
    assert_same(mixed, whole, backend)


@settings(max_examples=8)
@given(parts=st.lists(RUNS, min_size=3, max_size=3), backend=BACKENDS)
def test_the_order_of_extending_does_not_matter(parts: list[list[tuple[Any, int]]], backend: str) -> None:
    def filled() -> list[TableBuilder]:
        builders = [gift_builder() for _ in parts]
        for one, runs in zip(builders, parts, strict=True):
            one.add(repeated(runs))
        return builders

    left, right = filled(), filled()
    left[0].extend(left[1])
    left[0].extend(left[2])
    right[1].extend(right[2])
    right[0].extend(right[1])
    assert_same(left[0], right[0], backend)


def test_a_builder_that_extended_another_can_be_filled_again() -> None:
    mine, other = gift_builder(), gift_builder()
    other.add([{"id": 1, "late": "a"}, "text"])
    mine.extend(other)
    other.add([{"id": 2}])
    assert finished(other)[0]["id"].tolist() == [2]
    frame, told = finished(mine)
    assert frame["late"].tolist() == ["a", pd.NA]
    assert told == ["gifts: 1 of 2 records are not objects; their rows hold missing values."]


def test_undeclared_columns_are_in_order_of_first_appearance() -> None:
    first, second = gift_builder(), gift_builder()
    first.add([{"context": {"inner": 1}}, {"b": 1}])
    second.add([{"a": 1, "b": 2, "utm": {"c": 3}}])
    first.extend(second)
    frame = to_frame(first.table())
    assert list(frame.columns[len(GIFTS) :]) == ["context.inner", "b", "a", "utm.c"]
    assert frame["b"].tolist() == [pd.NA, 1, 2]
    assert frame["context.inner"].tolist() == [1, pd.NA, pd.NA]


@pytest.mark.parametrize("others", [(Column("id", "list"),), (Column("id.x", "int"),)])
def test_builders_of_other_columns_are_refused(others: Sequence[Column]) -> None:
    for mine, its in (((Column("id", "int"),), others), (others, (Column("id", "int"),))):
        one, other = gift_builder(mine), gift_builder(its)
        other.add([{"id": [1]}])
        with pytest.raises(TypeError, match="different columns"):
            one.extend(other)
