"""What people do with a frame: files, SQL, polars, DuckDB, and back. Values are compared, not only taken.

``WAYS`` is the table: each takes a frame through another library and returns the values that came out. A new
way is one function and one line.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import openpyxl
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import classy_nb as cn

from .conftest import connect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from classy_nb.sandbox import Sandbox

    Values = dict[str, list[Any]]

RESOURCES = (
    "transactions",
    "supporters",
    "campaigns",
    "recurring_donation_plans",
    "fundraising_pages",
    "fundraising_teams",
    "registrations",
    "activity",
    "transaction_items",
    "designations",
    "answers",
    "source_tracking_codes",
)
BACKENDS = ("numpy_nullable", "pyarrow")
MOST_ROWS = 300
"""Rows that go all ways: every value is compared, in Python."""


@pytest.fixture(scope="module")
def connection(shared_box: Sandbox) -> Iterator[cn.Classy]:
    shared_box.faults.clear()
    with connect(shared_box, timezone="America/Los_Angeles") as connected:
        yield connected


@pytest.fixture(scope="module")
def frames(connection: cn.Classy) -> dict[tuple[str, str], pd.DataFrame]:
    return {
        (resource, backend): getattr(connection, resource)(dtype_backend=backend)
        for resource in RESOURCES
        for backend in BACKENDS
    }


def value_of(value: Any) -> Any:
    """Return a value in one spelling, whichever library it comes from."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, (list, dict, np.ndarray)):
        return value
    if value is None or value is pd.NA or value is pd.NaT or value != value:  # noqa: PLR0124 - NaN
        return None
    if isinstance(value, datetime):
        value = value if value.tzinfo is None else value.astimezone(UTC).replace(tzinfo=None)
        return value.isoformat()[:26]
    if isinstance(value, date):
        return f"{value.isoformat()}T00:00:00"
    return value


def values_of(frame: pd.DataFrame) -> Values:
    return {name: [value_of(value) for value in frame[name].astype(object)] for name in frame.columns}


def values_in(table: pa.Table) -> Values:
    return {name: [value_of(value) for value in table[name].to_pylist()] for name in table.column_names}


def to_parquet(frame: pd.DataFrame, folder: Path) -> Values:
    frame.to_parquet(folder / "x.parquet")
    return values_of(pd.read_parquet(folder / "x.parquet", dtype_backend="numpy_nullable"))


def to_feather(frame: pd.DataFrame, folder: Path) -> Values:
    frame.to_feather(folder / "x.feather")
    return values_of(pd.read_feather(folder / "x.feather", dtype_backend="numpy_nullable"))


def to_sql(frame: pd.DataFrame, folder: Path) -> Values:
    with closing(sqlite3.connect(folder / "x.db")) as database:
        assert frame.to_sql("x", database, index=False) == len(frame)
        instants = [
            name
            for name, values in frame.items()
            if "date" in str(values.dtype) or "time" in str(values.dtype)
        ]
        back = pd.read_sql("select * from x", database, dtype_backend="numpy_nullable")
    for name in instants:  # SQLite has no dates: pandas stores their text
        zoned = "," in str(frame[name].dtype)
        back[name] = pd.to_datetime(back[name], format="ISO8601", utc=zoned)
    return values_of(back)


def to_pickle(frame: pd.DataFrame, folder: Path) -> Values:
    frame.to_pickle(folder / "x.pkl")
    back = pd.read_pickle(folder / "x.pkl")
    pd.testing.assert_frame_equal(back, frame)
    assert back.attrs == frame.attrs
    return values_of(back)


def drop_duplicates(frame: pd.DataFrame, _: Path) -> Values:
    twice = pd.concat([frame, frame])
    once = twice.drop_duplicates()
    pd.testing.assert_frame_equal(once, frame)
    return values_of(once)


def nunique(frame: pd.DataFrame, _: Path) -> Values:
    values = values_of(frame)
    assert frame.nunique().to_dict() == {name: len({*column} - {None}) for name, column in values.items()}
    return values


def describe(frame: pd.DataFrame, _: Path) -> Values:
    values = values_of(frame)
    counts = frame.describe(include="all").loc["count"].to_dict()
    assert counts == {name: len(column) - column.count(None) for name, column in values.items()}
    return values


def from_pandas(frame: pd.DataFrame, _: Path) -> Values:
    return values_in(pa.Table.from_pandas(frame))


def polars(frame: pd.DataFrame, _: Path) -> Values:
    return values_in(pl.from_pandas(frame).to_arrow())


def select(frame: pd.DataFrame, _: Path) -> Values:
    with duckdb.connect() as database:
        database.register("gifts", frame)
        return values_in(pa.table(database.sql("select * from gifts").arrow()))


def to_our_parquet(frame: pd.DataFrame, folder: Path) -> Values:
    cn.to_parquet(frame, folder / "x.parquet")
    back = pd.read_parquet(folder / "x.parquet")
    # pandas reads its own Arrow strings back as its string dtype: both are called "string[pyarrow]" in files.
    dtypes = [str(dtype).replace("string[pyarrow]", "string") for dtype in frame.dtypes]
    assert [str(dtype) for dtype in back.dtypes] == dtypes
    return values_of(back)


def to_excel(frame: pd.DataFrame, folder: Path) -> Values:
    cn.to_excel(frame, folder / "x.xlsx")
    names, *rows = openpyxl.load_workbook(folder / "x.xlsx").worksheets[0].values
    values = values_of(frame)
    assert [*names] == [*values]
    for place, name in enumerate(values):
        found, dtype = [row[place] for row in rows], str(frame[name].dtype)
        if "date" in dtype or "time" in dtype:
            clock = [cell.replace(tzinfo=None) if is_zoned(cell) else cell for cell in frame[name]]
            assert [value_of(cell) for cell in found] == [value_of(cell) for cell in clock]
            found = values[name]  # a sheet shows the clock, on which one hour comes twice in fall
        elif "int" in dtype.lower():
            found = [None if cell is None else int(cell) for cell in found]  # long ids are text
        elif "float" in dtype.lower() or "double" in dtype:  # a workbook has 16 digits of a number
            short = [
                [None if cell is None else f"{cell:.15g}" for cell in cells]
                for cells in (found, values[name])
            ]
            assert short[0] == short[1]
            found = values[name]
        values[name] = found
    return values


def is_zoned(value: Any) -> bool:
    return isinstance(value, datetime) and value is not pd.NaT and value.tzinfo is not None


WAYS: dict[str, Callable[[pd.DataFrame, Path], Values]] = {
    "to_parquet": to_parquet,
    "cn.to_parquet": to_our_parquet,
    "cn.to_excel": to_excel,
    "to_feather": to_feather,
    "to_sql": to_sql,
    "to_pickle": to_pickle,
    "drop_duplicates": drop_duplicates,
    "nunique": nunique,
    "describe": describe,
    "pa.Table.from_pandas": from_pandas,
    "pl.from_pandas": polars,
    "duckdb": select,
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("resource", RESOURCES)
def test_a_default_frame_goes_anywhere(
    frames: dict[tuple[str, str], pd.DataFrame], resource: str, backend: str, way: str, tmp_path: Path
) -> None:
    whole = frames[resource, backend]
    frame = whole.iloc[:: len(whole) // MOST_ROWS + 1].reset_index(drop=True)
    assert len(frame) > 0
    assert WAYS[way](frame, tmp_path) == values_of(frame)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_frame_without_rows_goes_anywhere(
    connection: cn.Classy, backend: str, way: str, tmp_path: Path
) -> None:
    frame = connection.transactions(where="id < 0", dtype_backend=backend)  # type: ignore[arg-type]
    assert len(frame) == 0
    assert WAYS[way](frame, tmp_path) == values_of(frame)


@pytest.mark.parametrize("resource", RESOURCES)
def test_to_arrow_holds_the_values_of_the_frame(
    connection: cn.Classy, frames: dict[tuple[str, str], pd.DataFrame], resource: str
) -> None:
    frame = frames[resource, "numpy_nullable"]
    table = getattr(connection, resource).to_arrow()
    assert values_in(table) == values_of(frame)
    with closing(getattr(connection, resource).batches(arrow=True, rows=100)) as reader:
        assert reader.schema == table.schema
        assert reader.read_all().equals(table)


def test_the_dtypes_of_pandas_hold_no_objects(frames: dict[tuple[str, str], pd.DataFrame]) -> None:
    found = {
        (*key, name) for key, frame in frames.items() for name in frame.columns if frame[name].dtype == object
    }
    assert found == set()


def test_metadata_is_json_text(frames: dict[tuple[str, str], pd.DataFrame], shared_box: Sandbox) -> None:
    frame = frames["supporters", "numpy_nullable"]
    sent = {record["id"]: record["metadata"] for record in shared_box.truth("supporters")}
    cells = frame.set_index("id")["metadata"].dropna()
    assert len(cells) > 0
    for key, cell in cells.items():
        assert sent[key] in (json.loads(cell), cell)


# Lists


def through_parquet(frame: pd.DataFrame, folder: Path) -> pd.DataFrame:
    frame.to_parquet(folder / "x.parquet")
    return pd.read_parquet(folder / "x.parquet", dtype_backend="numpy_nullable")


def through_csv(frame: pd.DataFrame, folder: Path) -> pd.DataFrame:
    return cn.read_csv(cn.to_csv(frame, folder / "x.csv"))


def through_duckdb(frame: pd.DataFrame, _: Path) -> pd.DataFrame:
    with duckdb.connect() as database:
        database.register("gifts", frame)
        return database.sql("select * from gifts").df()


def through_polars(frame: pd.DataFrame, _: Path) -> pd.DataFrame:
    return pl.from_pandas(frame).to_pandas()


def through_concat(frame: pd.DataFrame, _: Path) -> pd.DataFrame:
    return pd.concat([frame.iloc[: len(frame) // 2], frame.iloc[len(frame) // 2 :]])


DETOURS: dict[str, Callable[[pd.DataFrame, Path], pd.DataFrame]] = {
    "none": lambda frame, _: frame,
    "parquet": through_parquet,
    "csv": through_csv,
    "duckdb": through_duckdb,
    "polars": through_polars,
    "concat": through_concat,
    "pickle": lambda frame, folder: frame.to_pickle(folder / "x") or pd.read_pickle(folder / "x"),
}
LISTS: dict[str, tuple[str, dict[str, Any]]] = {
    "items": ("transactions", {"include": "items"}),
    "source_tracking_codes": ("transactions", {"include": "source_tracking_codes"}),
    "transactions": (
        "payouts",
        {"payout_type": "stripe", "payout_date": "2026-10-01"},
    ),  # the list is the record's own: JSON text
}


@pytest.mark.parametrize("detour", DETOURS)
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("column", LISTS)
def test_lists_come_apart_after_any_detour(
    connection: cn.Classy, backend: str, column: str, detour: str, tmp_path: Path
) -> None:
    resource, options = LISTS[column]
    frame = getattr(connection, resource)(dtype_backend=backend, **options, limit=MOST_ROWS)
    expected = cn.explode(getattr(connection, resource)(**options, limit=MOST_ROWS), column)
    found = cn.explode(DETOURS[detour](frame, tmp_path), column)
    assert len(found) > 0
    assert values_of(found) == values_of(expected)


@pytest.mark.parametrize("ending", ["parquet", "csv"])
@pytest.mark.parametrize("column", LISTS)
def test_lists_come_apart_from_streamed_files(
    connection: cn.Classy, column: str, ending: str, tmp_path: Path
) -> None:
    resource, options = LISTS[column]
    list_of = getattr(connection, resource)
    if ending == "csv":
        frame = cn.read_csv(list_of.to_csv(tmp_path / "x.csv", **options))
    else:
        path = list_of.to_parquet(tmp_path / "x.parquet", **options)
        frame = pd.read_parquet(path, dtype_backend="numpy_nullable")
    expected = cn.explode(list_of(**options), column)
    pd.testing.assert_frame_equal(cn.explode(frame, column), expected)


def test_included_items_are_those_of_the_list_of_items(connection: cn.Classy) -> None:
    items = cn.explode(connection.transactions(include="items"), "items").set_index("id").sort_index()
    listed = connection.transaction_items().set_index("id").sort_index()
    shared = [name for name in listed.columns if name in items.columns]
    pd.testing.assert_frame_equal(items[shared], listed[shared])


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("resource", "include"),
    [
        ("transactions", "items"),
        ("transactions", "source_tracking_codes"),
        ("transactions", "items,supporter"),
    ],
)
def test_included_lists_are_typed(
    connection: cn.Classy, backend: str, resource: str, include: str, tmp_path: Path
) -> None:
    name = include.split(",", maxsplit=1)[0]
    frame = getattr(connection, resource)(include=include, dtype_backend=backend)
    typed = getattr(connection, resource).to_arrow(include=include)
    assert pa.types.is_list(typed.schema.field(name).type)
    found = pa.Table.from_pandas(frame[["id", name]], preserve_index=False)
    assert found[name].to_pylist() == typed[name].to_pylist() == frame[name].to_list()
    cells = [item for cell in frame[name] for item in cell]
    keys = [field.name for field in typed.schema.field(name).type.value_type]
    assert {tuple(item) for item in cells} == {tuple(keys)}
    for way in ("to_parquet", "to_feather", "to_pickle", "pa.Table.from_pandas", "pl.from_pandas", "duckdb"):
        found_there = WAYS[way](frame[["id", name]], tmp_path)
        assert found_there["id"] == frame["id"].to_list()
        assert [len(cell) for cell in found_there[name]] == [len(cell) for cell in frame[name]]


# Exact money


def cents(record: dict[str, Any], name: str) -> Decimal:
    return Decimal(str(record[name])) if record[name] is not None else Decimal(0)


def test_decimals_are_exact_everywhere(connection: cn.Classy, shared_box: Sandbox, tmp_path: Path) -> None:
    truth = shared_box.truth("transactions")
    gifts = connection.transactions
    exact = sum((cents(record, "total_gross_amount") for record in truth), Decimal(0))
    table = gifts.to_arrow(decimal=True)
    for name in ("total_gross_amount", "donation_net_amount", "raw_total_gross_amount", "fees_amount"):
        assert table.schema.field(name).type == pa.decimal128(18, 2)
    assert table.schema.field("applied_fot_percent").type == pa.float64()
    total = sum((value for value in table["total_gross_amount"].to_pylist() if value is not None), Decimal(0))
    assert total == exact
    with duckdb.connect() as database:
        database.register("gifts", gifts.batches(arrow=True, decimal=True, rows=200))
        found = database.sql("select sum(total_gross_amount), count(*) from gifts").fetchall()
    assert found == [(exact, len(truth))]
    path = gifts.to_parquet(tmp_path / "gifts.parquet", decimal=True)
    assert pq.read_table(path).schema.field("total_gross_amount").type == pa.decimal128(18, 2)
    assert duckdb.sql(f"select sum(total_gross_amount) from '{path}'").fetchall() == [(exact,)]
    polars_total = pl.DataFrame(gifts.batches(arrow=True, decimal=True, rows=200))["total_gross_amount"].sum()
    assert polars_total == exact


def test_amounts_within_lists_are_exact(connection: cn.Classy) -> None:
    table = connection.transactions.to_arrow(include="items", decimal=True)
    item = table.schema.field("items").type.value_type
    assert item.field("final_price").type == pa.decimal128(18, 2)
    assert item.field("quantity").type == pa.int64()
    floats = connection.transactions.to_arrow(include="items")
    found = [part["final_price"] for cell in table["items"].to_pylist() for part in cell]
    expected = [part["final_price"] for cell in floats["items"].to_pylist() for part in cell]
    assert [float(price) for price in found] == expected
    assert all(isinstance(price, Decimal) for price in found)


# Names and places


def test_flat_names_need_no_quoting(connection: cn.Classy, tmp_path: Path) -> None:
    asked: dict[str, Any] = {"include": ["supporter", "recurring_donation_plan"], "limit": 50}
    dotted = connection.transactions(**asked)
    flat = connection.transactions(**asked, flat=True)
    assert not [name for name in flat.columns if "." in name]
    assert len(set(flat.columns)) == len(dotted.columns)
    pd.testing.assert_frame_equal(flat.set_axis(dotted.columns, axis=1), dotted)
    pd.testing.assert_series_equal(
        flat["supporter_email_address"], dotted["supporter.email_address"], check_names=False
    )
    city = dotted["supporter.city"].dropna().iloc[0]
    assert len(flat.query("supporter_city == @city")) == int((dotted["supporter.city"] == city).sum())
    plan = {"recurring_donation_plan_id", "recurring_donation_plan__id"}
    assert plan | {"supporter_id", "supporter__id"} <= {*flat.columns}
    assert connection.transactions.to_arrow(**asked, flat=True).column_names == [*flat.columns]
    assert [*next(iter(connection.transactions.batches(**asked, flat=True)))] == [*flat.columns]
    assert [*cn.read_csv(connection.transactions.to_csv(tmp_path / "x.csv", **asked, flat=True))] == [*flat]
    one = connection.transactions.get(int(flat["id"].iloc[0]), include=asked["include"], flat=True)
    assert [*one.index] == [*flat.columns]


LEADING = {
    "transactions": [
        *("id", "purchased_at", "status"),
        *("total_gross_amount", "donation_gross_amount", "fees_amount", "donation_net_amount"),
        *("currency_code", "campaign_id", "supporter_id", "fundraising_page_id", "fundraising_team_id"),
    ],
    "supporters": ["id", "created_at", "first_name", "last_name", "email_address"],
    "campaigns": ["id", "created_at", "status", "goal", "currency_code", "designation_id", "name", "type"],
    "recurring_donation_plans": [
        *("id", "created_at", "status", "donation_amount", "currency_code"),
        *("campaign_id", "supporter_id", "fundraising_page_id", "fundraising_team_id"),
    ],
    "fundraising_pages": [
        *("id", "created_at", "status", "goal", "currency_code"),
        *("campaign_id", "supporter_id", "fundraising_team_id", "designation_id", "title"),
    ],
    "fundraising_teams": ["id", "created_at", "status", "goal", "currency_code", "campaign_id"],
    "registrations": ["id", "created_at", "status", "campaign_id", "supporter_id", "fundraising_page_id"],
    "activity": ["id", "campaign_id", "fundraising_page_id", "fundraising_team_id", "transaction_id", "type"],
    "transaction_items": [
        *("id", "donation_gross_amount", "fees_amount", "donation_net_amount", "final_price", "price"),
        *("quantity", "campaign_id", "fundraising_page_id", "fundraising_team_id", "transaction_id"),
    ],
    "designations": ["id", "created_at", "goal", "name"],
    "answers": [
        "id",
        "created_at",
        "campaign_id",
        "question_id",
        "answerable_id",
        "answerable_type",
        "answer",
    ],
    "source_tracking_codes": ["id", "created_at", "trackable_id", "trackable_type"],
}


@pytest.mark.parametrize("resource", RESOURCES)
def test_the_columns_that_people_look_at_come_first(
    connection: cn.Classy, frames: dict[tuple[str, str], pd.DataFrame], resource: str, tmp_path: Path
) -> None:
    first = LEADING[resource]
    frame = frames[resource, "numpy_nullable"]
    listed = getattr(connection, resource)
    assert [*frame.columns[: len(first)]] == first
    assert listed.columns["column"].to_list() == [*frame.columns]
    key = int(frame["id"].iloc[0])
    one = {"where": f"id = {key}"}
    header = listed.to_csv(tmp_path / "x.csv", **one).read_text("utf-8").partition("\n")[0]
    assert header.split(",") == [*frame.columns]
    assert pq.read_schema(listed.to_parquet(tmp_path / "x.parquet", **one)).names == [*frame.columns]


def test_fields_keep_the_order_of_the_caller(connection: cn.Classy) -> None:
    gifts = connection.transactions
    assert [*gifts(fields="status,total_gross_amount", limit=1)] == ["id", "status", "total_gross_amount"]
    assert [*gifts(fields=["status", "id", "campaign_id"], limit=1)] == ["status", "id", "campaign_id"]
    included = gifts(fields="currency_code,status", include="items", limit=1)
    assert [*included] == ["id", "currency_code", "status", "items"]
