"""Any frame to a Parquet file that pandas, DuckDB, polars and Arrow read with its types."""

import json
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import classy_nb as cn
from classy_nb.errors import ExportError, UsageError

ARROW = pd.ArrowDtype
ZONE = "America/Los_Angeles"
TEXT = pa.large_string()
MONTHS = pd.period_range("2026-01", periods=2, freq="M")
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)

COLUMNS: dict[str, tuple[Any, pa.DataType, list[Any]]] = {
    "ids": (pd.Series([2**60 + 1, None], dtype="Int64"), pa.int64(), [2**60 + 1, None]),
    "amounts": (pd.Series([1.5, None], dtype="Float64"), pa.float64(), [1.5, None]),
    "flags": (pd.Series([True, None], dtype="boolean"), pa.bool_(), [True, None]),
    "text": (pd.Series(["02134", None], dtype="string"), TEXT, ["02134", None]),
    "days": (pd.Series([date(2026, 1, 31), None]), pa.date32(), [date(2026, 1, 31), None]),
    "times": (pd.Series([time(1, 2), None]), pa.time64("us"), [time(1, 2), None]),
    "decimals": (
        pd.Series([Decimal("10.50"), None, Decimal("NaN"), Decimal("1.5")]),
        pa.decimal128(4, 2),
        [Decimal("10.50"), None, None, Decimal("1.50")],
    ),
    "instants": (
        pd.Series([pd.Timestamp(NOON).tz_convert(ZONE), None]).astype(f"datetime64[us, {ZONE}]"),
        pa.timestamp("us", ZONE),
        [NOON, None],
    ),
    "durations": (
        pd.Series([timedelta(1), None], dtype="timedelta64[us]"),
        pa.duration("us"),
        [timedelta(1), None],
    ),
    "periods": (pd.Series(MONTHS), TEXT, ["2026-01", "2026-02"]),
    "intervals": (pd.Series(pd.interval_range(0.5, periods=1)), TEXT, ["(0.5, 1.5]"]),
    "half": (pd.Series(np.array([0.5], dtype="float16")), pa.float32(), [0.5]),
    "sparse": (pd.Series(pd.arrays.SparseArray([0.0, np.nan])), pa.float64(), [0.0, None]),
    "lists": (pd.Series([[{"id": 1}], [], None]), TEXT, ['[{"id":1}]', "[]", None]),
    "mixed shapes": (pd.Series([{"a": 1}, [2], "x", 3], dtype=object), TEXT, ['{"a":1}', "[2]", "x", "3"]),
    "arrow lists": (
        pd.Series([[1, 2], None], dtype=ARROW(pa.list_(pa.int64()))),
        pa.list_(pa.int64()),
        [[1, 2], None],
    ),
    "structs without fields": (pd.Series([{}], dtype=ARROW(pa.struct([]))), TEXT, ["{}"]),
    "nothing": (pd.Series([None, None], dtype=object), TEXT, [None, None]),
    "a number and a text": (pd.Series([1, "a"], dtype=object), TEXT, ["1", "a"]),
    "large": (pd.Series([2**70], dtype=object), TEXT, [str(2**70)]),
    "numbers of objects": (pd.Series([1, None], dtype=object), pa.int64(), [1, None]),
    "two zones": (
        pd.Series([pd.Timestamp("2026-01-01"), NOON], dtype=object),
        TEXT,
        ["2026-01-01T00:00:00", "2026-01-31T12:00:00+00:00"],
    ),
    "ids in categories": (pd.Series([7, None], dtype="Int64").astype("category"), pa.int64(), [7, None]),
    "complex": (pd.Series([1 + 2j]), TEXT, ["(1+2j)"]),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_columns_have_a_type_that_others_read(tmp_path: Path, name: str) -> None:
    given, kind, expected = COLUMNS[name]
    path = cn.to_parquet(pd.DataFrame({"a": given}), tmp_path / "a.parquet")
    table = pq.read_table(path)
    assert table.schema.field("a").type == kind
    assert table["a"].to_pylist() == expected
    assert len(pd.read_parquet(path)) == len(expected)
    assert len(duckdb.sql(f"select a from '{path}'").fetchall()) == len(expected)


def test_bands_keep_their_order(tmp_path: Path) -> None:
    bands = pd.cut(pd.Series([60, 9, 1, 100]), [0, 5, 10, 75])
    path = cn.to_parquet(bands, tmp_path / "a.parquet")
    read = pd.read_parquet(path)["value"]
    assert read.cat.ordered
    assert list(read.cat.categories) == ["(0, 5]", "(5, 10]", "(10, 75]"]
    assert list(read.astype(object).fillna("-")) == ["(10, 75]", "(5, 10]", "(0, 5]", "-"]
    assert duckdb.sql(f"select value::varchar from '{path}'").fetchall()[0] == ("(10, 75]",)


def test_pandas_gives_the_dtypes_back(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "id": pd.Series([2**60 + 1, None], dtype="Int64"),
            "amount": pd.Series([1.5, None], dtype="Float64"),
            "flag": pd.Series([True, None], dtype="boolean"),
            "at": pd.Series([pd.Timestamp(NOON), None], dtype=f"datetime64[us, {ZONE}]"),
            "day": pd.to_datetime(pd.Series(["2026-01-31", None])).astype("datetime64[us]"),
            "arrow": pd.Series([1, None], dtype=ARROW(pa.int64())),
            "nested": pd.Series([[1], None], dtype=ARROW(pa.list_(pa.int64()))),
        }
    )
    read = pd.read_parquet(cn.to_parquet(frame, tmp_path / "a.parquet"))
    assert dict(read.dtypes.drop("nested")) == dict(frame.dtypes.drop("nested"))
    pd.testing.assert_frame_equal(read.drop(columns="nested"), frame.drop(columns="nested"))


def test_pandas_gives_the_attrs_back(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": [1]})
    frame.attrs["classy"] = {"resource": "transactions", "limit": 50}
    assert pd.read_parquet(cn.to_parquet(frame, tmp_path / "a.parquet")).attrs == frame.attrs
    frame.attrs["mine"] = object()
    path = cn.to_parquet(frame, tmp_path / "b.parquet")
    assert b"PANDAS_ATTRS" not in pq.read_schema(path).metadata
    assert json.loads(pq.read_schema(path).metadata[b"pandas"])["index_columns"] == []


def test_the_index_comes_first(tmp_path: Path) -> None:
    months = pd.MultiIndex.from_product([MONTHS, ["a"]], names=["month", None])
    frame = pd.DataFrame([[1.0], [2.0]], index=months, columns=pd.MultiIndex.from_tuples([("net", "sum")]))
    table = pq.read_table(cn.to_parquet(frame, tmp_path / "a.parquet"))
    assert table.to_pydict() == {"month": ["2026-01", "2026-02"], "level_1": ["a", "a"], "net.sum": [1, 2]}


@pytest.mark.parametrize(
    ("frame", "names"),
    [
        (pd.DataFrame([[1, 2, 3]], columns=["a", "b", "a"]), "'a'"),
        (pd.DataFrame({"id": [1]}, index=pd.Index([7], name="id")), "'id'"),
        (pd.DataFrame([[1, 2]], columns=[1, "1"]), "'1'"),
    ],
)
def test_names_that_occur_twice_are_refused(tmp_path: Path, frame: pd.DataFrame, names: str) -> None:
    with pytest.raises(UsageError, match=f"of the same name apart: {names}"):
        cn.to_parquet(frame, tmp_path / "a.parquet")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("given", [[1], {"a": [1]}, None, "rows"])
def test_what_is_not_a_frame_is_refused(tmp_path: Path, given: Any) -> None:
    with pytest.raises(UsageError, match=rf"not a {type(given).__name__}\."):
        cn.to_parquet(given, tmp_path / "a.parquet")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a.csv", "a.xlsx", "a.csv.gz", "a.feather"])
def test_another_ending_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="that is not a Parquet file"):
        cn.to_parquet(pd.DataFrame({"a": [1]}), tmp_path / name)


@pytest.mark.parametrize(
    "frame", [pd.DataFrame(), pd.DataFrame({"a": pd.Series([], dtype="Int64"), "b": []})]
)
def test_a_frame_without_rows_keeps_its_columns(tmp_path: Path, frame: pd.DataFrame) -> None:
    table = pq.read_table(cn.to_parquet(frame, tmp_path / "a.parquet"))
    assert table.column_names == list(frame.columns)
    assert len(table) == 0


def test_a_full_disk_leaves_the_older_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = cn.to_parquet(pd.DataFrame({"a": [1]}), tmp_path / "a.parquet")
    older = path.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(ExportError, match="the disk is full"):
        cn.to_parquet(pd.DataFrame({"a": [2]}), path)
    assert path.read_bytes() == older
    assert [p.name for p in tmp_path.iterdir()] == ["a.parquet"]
