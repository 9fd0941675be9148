"""Lists in cells become a table of their own."""

import io
import json
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from support.frames import build

import classy_nb as cn
from classy_nb import catalog
from classy_nb.catalog import Column, Endpoint
from classy_nb.errors import UsageError
from classy_nb.frames import empty_frame, explode

KNOWN = catalog.load()
TRANSACTIONS = KNOWN.columns(KNOWN.find("/organizations/1/transactions"), ["items"])  # type: ignore[arg-type]
ITEMS = KNOWN.columns(Endpoint("", "list", "TransactionItem", ""))


def gifts(**options: str) -> pd.DataFrame:
    return build(
        [
            {
                "id": 2**53 + 1,
                "items": [{"id": 1, "quantity": "2"}, {"id": 2, "product_name": None}],
            },
            {"id": 8, "items": []},
            {"id": 9},
            {"id": 10, "items": {"id": 3, "unheard_of": True}},
            {"id": None, "items": [{"id": 4}]},
        ],
        TRANSACTIONS,
        **options,
    )


def test_trap_29_items_become_rows_with_their_parents_id() -> None:
    items = explode(gifts(), "items")
    assert list(items) == ["parent_id", *(column.name for column in ITEMS), "unheard_of"]
    assert items["parent_id"].to_list() == [2**53 + 1, 2**53 + 1, 10, pd.NA]
    assert items["id"].to_list() == [1, 2, 3, 4]
    assert items["unheard_of"].to_list() == [pd.NA, pd.NA, True, pd.NA]
    assert list(items.index) == [0, 1, 2, 3]


@pytest.mark.parametrize("backend", ["numpy_nullable", "pyarrow"])
def test_children_are_typed_by_the_catalog_with_rows_and_without(backend: str) -> None:
    options = {"timezone": "Asia/Tokyo", "dtype_backend": backend}
    expected = empty_frame(ITEMS, **options)  # type: ignore[arg-type]
    full = explode(gifts(**options), "items")
    none = explode(gifts(**options).iloc[1:3], "items")
    empty = explode(empty_frame(TRANSACTIONS, **options), "items")  # type: ignore[arg-type]
    for children, rows in ((full, 4), (none, 0), (empty, 0)):
        assert len(children) == rows
        assert children.dtypes[[*expected]].to_dict() == expected.dtypes.to_dict()
        assert children.dtypes["parent_id"] == gifts(**options).dtypes["id"]


def test_children_have_the_given_columns_or_what_the_items_have() -> None:
    frame = pd.DataFrame({"key": ["a", "b"], "tags": [[{"id": "1"}], [{"id": "2"}, {"id": None}]]})
    given = explode(frame, "tags", parent_id="key", columns=[Column("id", "int")])
    assert given["id"].to_list() == [1, 2, pd.NA]
    assert given["parent_id"].to_list() == ["a", "b", "b"]
    assert explode(frame, "tags", parent_id="key")["id"].to_list() == ["1", "2", pd.NA]


def test_items_that_are_not_objects_are_in_value() -> None:
    frame = pd.DataFrame({"id": [1, 2], "recipients": [["x", "y"], None]})
    children = explode(frame, "recipients")
    assert children["parent_id"].to_list() == [1, 1]
    assert children["value"].to_list() == ["x", "y"]


def test_a_parent_id_that_the_items_have_is_kept() -> None:
    frame = pd.DataFrame({"id": [1], "comments": [[{"id": 5, "parent_id": 4}]]})
    children = explode(frame, "comments")
    assert children.iloc[0].to_dict() == {"parent_id_": 1, "id": 5, "parent_id": 4}


@pytest.mark.parametrize(
    ("column", "parent", "advice"),
    [
        ("nothing", "id", "Fetch it with include='nothing', or see frame.columns."),
        ("items", "nothing", "parent_id= names the column that tells the rows apart; see frame.columns."),
    ],
)
def test_a_column_that_does_not_exist(column: str, parent: str, advice: str) -> None:
    with pytest.raises(UsageError) as caught:
        explode(gifts(), column, parent_id=parent)
    assert str(caught.value) == f"The frame has no column 'nothing'. {advice}"


@pytest.mark.parametrize("odd", [None, ["items"], pd.Series(["items"])], ids=["none", "list", "series"])
def test_a_column_is_given_by_its_name(odd: Any) -> None:
    with pytest.raises(UsageError, match=r"^column=.* must be the name of a column\.$"):
        explode(gifts(), odd)


def baskets(**options: str) -> pd.DataFrame:
    """Gifts with items that have dates, amounts, flags and missing values; one id is above 2^53."""
    return build(
        [
            {
                "id": 2**53 + 1,
                "status": "success",
                "purchased_at": "2026-01-28T18:00:00Z",
                "items": [
                    {"id": 1, "quantity": "2", "raw_final_price": "10.5"},
                    {"id": 2, "product_name": "Täble for \u20192 “x”", "raw_final_price": None},
                ],
            },
            {"id": 8, "status": "failed", "items": []},
            {"id": 9, "status": "success"},
            {"id": 10, "items": [{"id": 3, "raw_final_price": "7.25"}]},
        ],
        TRANSACTIONS,
        **options,
    )


def arrays_of_dicts(frame: pd.DataFrame) -> pd.DataFrame:
    """What Parquet, DuckDB and polars make of lists: arrays whose items all have the same keys."""
    table = pa.Table.from_pandas(frame[["id", "purchased_at", "items"]], preserve_index=False)
    return frame[["id", "purchased_at"]].assign(items=table.to_pandas()["items"])


def parquet(frame: pd.DataFrame) -> pd.DataFrame:
    file = io.BytesIO()
    frame[["id", "purchased_at", "items"]].to_parquet(file)
    return pd.read_parquet(file, dtype_backend="numpy_nullable")


def arrow_lists(frame: pd.DataFrame) -> pd.DataFrame:
    items = pa.Table.from_pandas(frame[["items"]], preserve_index=False)["items"]
    return frame.assign(items=pd.Series(items, dtype=pd.ArrowDtype(items.type)))


def csv_of_pandas(frame: pd.DataFrame) -> pd.DataFrame:
    text = frame[["id", "items"]].to_csv(index=False)
    return frame.assign(items=pd.read_csv(io.StringIO(text))["items"])


def nested_arrays(frame: pd.DataFrame) -> pd.DataFrame:
    """As NumPy has it: the values are its scalars, the missing ones NaN, NaT and pd.NA."""

    def scalar(value: object) -> object:
        if value is None:
            return np.float64("nan")
        return np.asarray(value)[()] if isinstance(value, int | float) else value

    def cell(items: object) -> object:
        if not isinstance(items, list):
            return np.nan
        return np.array([{k: scalar(v) for k, v in item.items()} for item in items], dtype=object)

    return frame.assign(items=frame["items"].map(cell))


def each(change: Callable[[object], object]) -> Callable[[pd.DataFrame], pd.DataFrame]:
    def way(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(items=pd.Series([change(value) for value in frame["items"]], dtype=object))

    return way


def listed(value: object) -> bool:
    return isinstance(value, list)


WAYS = {
    "tuples": each(lambda v: tuple(v) if listed(v) else None),
    "JSON": each(lambda v: json.dumps(v) if listed(v) else ""),
    "JSON null": each(lambda v: json.dumps(v) if listed(v) else "null"),
    "JSON bytes": each(lambda v: json.dumps(v).encode() if listed(v) else None),
    "texts of objects": each(lambda v: [json.dumps(item) for item in v] if listed(v) else None),
    "Arrow scalars": each(lambda v: pa.scalar(v) if listed(v) and v else None),
    "numbered objects": each(lambda v: {str(i): item for i, item in enumerate(v)} if listed(v) else None),
    "NaN": each(lambda v: v if listed(v) else np.nan),
    "NaT": each(lambda v: v if listed(v) else pd.NaT),
    "arrays of objects": arrays_of_dicts,
    "NumPy's scalars": nested_arrays,
    "Parquet": parquet,
    "lists of Arrow": arrow_lists,
    "CSV of pandas": csv_of_pandas,
}


@pytest.mark.edge(3)
@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
@pytest.mark.parametrize("attrs", ["kept", "lost"])
def test_lists_survive_a_detour(way: Callable[[pd.DataFrame], pd.DataFrame], attrs: str) -> None:
    gifts = baskets(timezone="America/Los_Angeles")
    expected = explode(gifts, "items")
    detour = way(gifts)
    detour.attrs = dict(gifts.attrs) if attrs == "kept" else {}
    found = explode(detour, "items")
    if way is arrow_lists:  # a frame with Arrow's dtypes gets children with Arrow's dtypes
        assert found["id"].to_list() == expected["id"].to_list()
        assert str(found.dtypes["raw_final_price"]) == "double[pyarrow]"
        return
    pd.testing.assert_frame_equal(found, expected, check_column_type=False)
    assert found["raw_final_price"].to_list() == [10.5, pd.NA, 7.25]


@pytest.mark.edge(3)
@pytest.mark.filterwarnings("error")
def test_lists_survive_our_own_files_and_duckdb(tmp_path: Path) -> None:
    gifts = baskets(timezone="America/Los_Angeles")
    expected = explode(gifts, "items")
    cn.to_csv(gifts, tmp_path / "gifts.csv")
    from_csv = explode(gifts.assign(items=pd.read_csv(tmp_path / "gifts.csv")["items"]), "items")
    pd.testing.assert_frame_equal(from_csv, expected)
    duckdb = pytest.importorskip("duckdb")
    gifts_in_sql = gifts[["id", "purchased_at", "items"]].assign(items=gifts["items"].map(as_list))
    back = duckdb.sql("SELECT * FROM gifts_in_sql").df()
    found = explode(back, "items")
    assert found["id"].to_list() == expected["id"].to_list()
    assert found["raw_final_price"].to_list() == [10.5, pd.NA, 7.25]
    assert gifts_in_sql is not None


def as_list(value: object) -> object:
    return value if listed(value) else None


@pytest.mark.edge(3)
@pytest.mark.parametrize("backend", ["numpy_nullable", "pyarrow"])
def test_children_keep_their_types_when_frames_are_put_together(backend: str) -> None:
    gifts = baskets(timezone="Asia/Tokyo", dtype_backend=backend)
    parts = [gifts.iloc[:2], gifts.iloc[2:]]
    for number, part in enumerate(parts):
        part.attrs = {**part.attrs, "classy": {"fetched_at": number}}
    together = pd.concat(parts)
    assert "classy_lists" not in together.attrs
    expected = explode(gifts, "items")
    pd.testing.assert_frame_equal(explode(together, "items"), expected)
    pd.testing.assert_frame_equal(explode(together[["id", "purchased_at", "items"]], "items"), expected)
    none = explode(together.iloc[1:3], "items")
    assert none.dtypes.to_dict() == expected.dtypes.to_dict()
    twice = explode(pd.concat([*parts, *parts]), "items")  # an index with duplicates
    assert twice["parent_id"].to_list() == 2 * expected["parent_id"].to_list()


@pytest.mark.edge(3)
def test_other_lists_are_typed_by_their_name() -> None:
    answers = pd.DataFrame(
        {"id": [1], "answers": [[{"id": 5, "question_id": 6, "created_at": "2026-01-28T10:00:00Z"}]]}
    )
    found = explode(answers, "answers")
    expected = KNOWN.columns(Endpoint("", "list", "Answer", ""))
    assert [*found][1:] == [column.name for column in expected]
    assert str(found.dtypes["created_at"]) == "datetime64[us, UTC]"
    stories = pd.DataFrame(
        {"id": [1], "latest_comments": [({"id": 5, "created_at": "2026-01-28T10:00:00Z"},)]}
    )
    assert str(explode(stories, "latest_comments").dtypes["created_at"]) == "datetime64[us, UTC]"
    # A list of the same name that holds something else is left as it is.
    own = pd.DataFrame({"id": [1], "items": [[{"sku": "a", "pieces": 2, "colour": "red"}]]})
    assert [*explode(own, "items")] == ["parent_id", "sku", "pieces", "colour"]


@pytest.mark.edge(3)
def test_children_are_in_the_zone_of_the_question() -> None:
    answer = {"id": 5, "question_id": 6, "created_at": "2026-01-28T10:00:00Z"}
    frame = pd.DataFrame({"id": [1], "answers": [[answer]]})
    frame.attrs["classy"] = {"timezone": "America/Los_Angeles"}
    found = explode(frame, "answers")
    assert str(found.dtypes["created_at"]) == "datetime64[us, America/Los_Angeles]"


@pytest.mark.edge(3)
@pytest.mark.parametrize("column", ["status", "id", "purchased_at"])
def test_a_column_that_never_held_lists_is_refused(column: str) -> None:
    with pytest.raises(UsageError, match=f"The column '{column}' does not hold lists: in row 0 ") as caught:
        explode(baskets(), column)
    assert "success" not in str(caught.value)


@pytest.mark.edge(3)
@pytest.mark.parametrize("column", ["status", "id", "purchased_at", "is_anonymous", "total_gross_amount"])
@pytest.mark.parametrize("backend", ["numpy_nullable", "pyarrow"])
def test_an_empty_column_that_never_held_lists_is_refused(column: str, backend: str) -> None:
    for frame in (baskets(dtype_backend=backend).iloc[:0], build([{"id": None}], TRANSACTIONS)):
        with pytest.raises(UsageError, match=f"The column '{column}' does not hold lists: it is empty"):
            explode(frame, column)
    unread = pd.DataFrame({"id": [1, 2], "items": [np.nan, np.nan]})  # as a CSV file without items is read
    assert [*explode(unread, "items")] == ["parent_id", *(c.name for c in ITEMS)]


@pytest.mark.edge(3)
@pytest.mark.parametrize(
    "cell",
    [
        "text",
        "[broken",
        "[{'id': array([1])}]",
        "{}}",
        "5",
        "[" * 10_000,
        5,
        1.5,
        True,
        date(2026, 1, 1),
        b"x",
    ],
)
def test_one_cell_that_is_not_a_list_is_refused(cell: object) -> None:
    frame = pd.DataFrame({"id": [1, 2, 3], "items": pd.Series([[{"id": 1}], None, cell], dtype=object)})
    with pytest.raises(UsageError, match="The column 'items' does not hold lists: in row 2 there is a "):
        explode(frame, "items")


@pytest.mark.edge(3)
@pytest.mark.parametrize(
    "missing", [None, np.nan, pd.NA, pd.NaT, "", " ", "null", "[]", "{}", [], (), {}, np.array([])]
)
def test_missing_and_empty_lists_give_no_rows(missing: object) -> None:
    frame = pd.DataFrame({"id": [1, 2], "items": pd.Series([missing, [{"id": 7}]], dtype=object)})
    found = explode(frame, "items")
    assert (found["parent_id"].to_list(), found["id"].to_list()) == ([2], [7])
    assert len(explode(frame.iloc[:1], "items")) == 0


@pytest.mark.edge(3)
def test_values_of_other_libraries_are_read() -> None:
    item = {
        "id": Decimal(5),
        "raw_final_price": Decimal("10.25"),
        "created_at": datetime(2026, 1, 28, 10, tzinfo=UTC),
        "updated_at": np.datetime64("2026-01-28T10:00:00.000000000"),
        "product_name": uuid.UUID(int=5),
        "custom": np.array([1, 2]),
        "unknown": Decimal("NaN"),
    }
    columns = [*ITEMS, Column("created_at", "datetime"), Column("updated_at", "datetime")]
    found = explode(pd.DataFrame({"id": [1], "items": [[item]]}), "items", columns=columns).iloc[0]
    assert (found["id"], found["raw_final_price"]) == (5, 10.25)
    assert found["created_at"] == found["updated_at"] == pd.Timestamp("2026-01-28T10:00Z")
    assert found["product_name"] == "00000000-0000-0000-0000-000000000005"
    assert (found["custom"], found["unknown"]) == ("[1,2]", pd.NA)


@pytest.mark.edge(3)
def test_frames_that_explode_cannot_read_are_refused() -> None:
    frame = baskets()
    for other, kind in (
        (pa.table({"id": [1]}), "pyarrow Table"),
        (pl.DataFrame({"id": [1]}), "polars DataFrame"),
        (frame.to_dict("records"), "list"),
        (None, "NoneType"),
    ):
        with pytest.raises(UsageError, match=f"takes a pandas DataFrame, not a {kind}"):
            explode(other, "items")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=r"no column 'id'\. It is the index: call frame\.reset_index"):
        explode(frame.set_index("id"), "items")
    with pytest.raises(UsageError, match="has 2 columns 'id'"):
        explode(pd.concat([frame, frame[["id"]]], axis=1), "items")
