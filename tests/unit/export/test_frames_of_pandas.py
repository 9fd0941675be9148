"""Any frame that pandas writes is written: its text, then our dates, JSON and guard."""

import csv
import io
import json
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.csv_rows import rows_of

import classy_nb as cn
from classy_nb.errors import DataWarning

quick = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
ARROW = pd.ArrowDtype
MONTHS = pd.period_range("2026-01", periods=2, freq="M")

COLUMNS: dict[str, Any] = {
    "period": pd.Series(MONTHS),
    "quarter": pd.Series([pd.Period("2026Q1"), pd.NaT], dtype="period[Q-DEC]"),
    "duration": pd.to_timedelta(pd.Series(["1 days", None, "2 days 03:00:00"])),
    "whole days": pd.to_timedelta(pd.Series(["1 days", "2 days"])),
    "bands": pd.Series(pd.cut([1, 5, 9], [0, 2, 6])),
    "intervals": pd.Series(pd.interval_range(0.5, periods=2)),
    "of days": pd.Series(pd.interval_range(pd.Timestamp("2026-01-01"), periods=2)),
    "categories": pd.Series(["a", "b", None], dtype="category"),
    "numbers in categories": pd.Series([1, 2, None], dtype=pd.CategoricalDtype([1, 2])),
    "periods in categories": pd.Series(MONTHS).astype("category"),
    "complex": pd.Series([1 + 2j, -2j]),
    "half": pd.Series(np.array([0.1, 2], dtype="float16")),
    "single": pd.Series(np.array([0.1, 2, 1e-7], dtype="float32")),
    "long": pd.Series(np.array([0.1, 2], dtype="longdouble")),
    "floats": pd.Series([1e15, 1e16, 1e-5, 0.0001, 5e-324, -0.0, 12345678.9, np.inf, np.nan]),
    "unsigned": pd.Series([0, 2**64 - 1], dtype="uint64"),
    "sparse": pd.Series(pd.arrays.SparseArray([0.0, np.nan, 1.5])),
    "decimals": pd.Series([Decimal("10.50"), Decimal("-0.10"), Decimal("NaN"), Decimal("1E+3")]),
    "dates": pd.Series([date(2026, 1, 31), None]),
    "times": pd.Series([time(18, 30), time(1, 2, 3, 4)]),
    "bytes": pd.Series([b"a", b"\xff"]),
    "python durations": pd.Series([timedelta(1), None], dtype=object),
    "ids": pd.Series([UUID(int=7), Path("a")]),
    "large": pd.Series([2**70, -(2**70)], dtype=object),
    "numpy": pd.Series(
        [np.float64(0.1), np.int8(3), np.datetime64("2026-01-01"), np.str_("x")], dtype=object
    ),
    "missing": pd.Series(["a", None, np.nan, pd.NA, pd.NaT], dtype=object),
    "arrow decimal": pd.Series([Decimal("1.50"), None], dtype=ARROW(pa.decimal128(10, 2))),
    "arrow time": pd.Series([time(1, 2), None], dtype=ARROW(pa.time64("us"))),
    "arrow duration": pd.Series([timedelta(1), None], dtype=ARROW(pa.duration("us"))),
    "arrow bytes": pd.Series([b"a", None], dtype=ARROW(pa.binary())),
    "arrow dictionary": pd.Series(["a", None], dtype=ARROW(pa.dictionary(pa.int8(), pa.string()))),
    "arrow day": pd.Series([date(2026, 1, 31), None], dtype=ARROW(pa.date32())),
}


def cells_of_pandas(frame: pd.DataFrame, **options: Any) -> list[list[str]]:
    return list(csv.reader(io.StringIO(frame.to_csv(lineterminator="\n", **options), newline="")))


@pytest.mark.edge(18)
@pytest.mark.parametrize("name", COLUMNS)
def test_the_text_is_what_pandas_writes(tmp_path: Path, name: str) -> None:
    frame = pd.DataFrame({"row": range(len(COLUMNS[name])), "value": COLUMNS[name]})
    assert rows_of(cn.to_csv(frame, tmp_path / "a.csv")) == cells_of_pandas(frame, index=False)


@pytest.mark.edge(18)
@pytest.mark.parametrize("name", ["period", "quarter", "bands", "categories", "dates", "decimals", "floats"])
def test_so_is_that_of_an_index(tmp_path: Path, name: str) -> None:
    index = pd.Index(COLUMNS[name], name="value")
    frame = pd.DataFrame({"value": range(len(index))}, index=index)
    assert rows_of(cn.to_csv(frame, tmp_path / "a.csv")) == cells_of_pandas(frame)
    both = pd.MultiIndex.from_arrays([index, range(len(index))], names=["value", "value"])
    frame.index = both
    assert rows_of(cn.to_csv(frame, tmp_path / "b.csv")) == cells_of_pandas(frame)


@pytest.mark.edge(18)
def test_what_analysts_derive(tmp_path: Path) -> None:
    gifts = pd.DataFrame(
        {
            "month": pd.period_range("2026-01", periods=3, freq="M"),
            "amount": [Decimal("10.50"), Decimal("-1.00"), None],
            "on": [date(2026, 1, 31), None, date(2026, 3, 1)],
        }
    )
    gifts["band"] = pd.cut([5, 50, 500], [0, 10, 100, 1000])
    assert rows_of(cn.to_csv(gifts, tmp_path / "a.csv")) == [
        ["month", "amount", "on", "band"],
        ["2026-01", "10.50", "2026-01-31", "(0, 10]"],
        ["2026-02", "-1.00", "", "(10, 100]"],
        ["2026-03", "", "2026-03-01", "(100, 1000]"],
    ]
    table = gifts.assign(kind=["a", "b", "a"], n=[1, 2, 3]).pivot_table(
        index="month", columns=["kind"], values=["n"], aggfunc="sum"
    )
    assert rows_of(cn.to_csv(table, tmp_path / "b.csv")) == [
        ["month", "n.a", "n.b"],
        ["2026-01", "1.0", ""],
        ["2026-02", "", "2.0"],
        ["2026-03", "3.0", ""],
    ]


@pytest.mark.edge(18)
@pytest.mark.parametrize(
    ("columns", "header"),
    [
        (pd.Index(["a", "a"]), ["a", "a"]),
        (pd.Index([0, 1.5]), ["0.0", "1.5"]),
        (pd.Index([None, "b"], dtype=object), ["", "b"]),
        (MONTHS, ["2026-01", "2026-02"]),
        (pd.date_range("2026-01-31", periods=2), ["2026-01-31", "2026-02-01"]),
        (pd.interval_range(0, 2), ["(0, 1]", "(1, 2]"]),
        (pd.MultiIndex.from_tuples([("a", 1), ("b", 2)]), ["a.1", "b.2"]),
        (pd.Index([("a", 1), "=b"], tupleize_cols=False), ["a.1", "'=b"]),
    ],
)
def test_names_of_columns(tmp_path: Path, columns: pd.Index, header: list[str]) -> None:
    frame = pd.DataFrame([[1, 2]], columns=columns)
    assert rows_of(cn.to_csv(frame, tmp_path / "a.csv")) == [header, ["1", "2"]]


@pytest.mark.edge(18)
def test_an_index_called_like_a_column(tmp_path: Path) -> None:
    frame = pd.DataFrame({"id": [1], "index": [2]}, index=pd.Index([7], name="id"))
    assert rows_of(cn.to_csv(frame, tmp_path / "a.csv")) == [["id", "id", "index"], ["7", "1", "2"]]
    frame.index = pd.Index(["x"])
    assert rows_of(cn.to_csv(frame, tmp_path / "b.csv")) == [["index", "id", "index"], ["x", "1", "2"]]


@pytest.mark.edge(18)
@pytest.mark.parametrize("name", ["id", "donor_id"])
@pytest.mark.parametrize(
    "chosen",
    [
        lambda frame: frame[frame["n"] != 4],
        lambda frame: frame[frame["n"] > 9],
        lambda frame: frame.sort_values("n"),
        lambda frame: pd.concat([frame, frame]),
        lambda frame: frame.drop_duplicates("n", keep="last"),
    ],
    ids=["filtered", "nothing left", "sorted", "put together", "without duplicates"],
)
def test_row_numbers_that_are_left_over_are_not_written(tmp_path: Path, name: str, chosen: Any) -> None:
    frame = chosen(pd.DataFrame({name: [7, 8, 9], "n": [5, 4, 5]}))
    assert rows_of(cn.to_csv(frame, tmp_path / "a.csv")) == cells_of_pandas(frame, index=False)
    read = pd.read_excel(cn.to_excel(frame, tmp_path / "a.xlsx"))
    assert list(read.columns) == [name, "n"]
    for copy in "bc":
        frame = pd.read_parquet(cn.to_parquet(frame, tmp_path / f"{copy}.parquet"))
        assert list(frame.columns) == [name, "n"]


@pytest.mark.edge(18)
def test_numbers_that_say_something_are_written(tmp_path: Path) -> None:
    years = pd.DataFrame({"raised": [1, 2]}, index=[2025, 2026])
    assert rows_of(cn.to_csv(years, tmp_path / "a.csv"))[0] == ["index", "raised"]
    named = pd.DataFrame({"id": [1, 2]}, index=pd.Index([2025, 2026], name="year"))
    assert rows_of(cn.to_csv(named, tmp_path / "b.csv"))[0] == ["year", "id"]
    texts = pd.DataFrame({"id": [1, 2]}, index=["a", "b"])
    assert rows_of(cn.to_csv(texts, tmp_path / "c.csv"))[0] == ["index", "id"]


@pytest.mark.edge(18)
@pytest.mark.parametrize(
    "frame",
    [pd.DataFrame(), pd.DataFrame(columns=["a"]), pd.DataFrame(index=[1, 2]), pd.DataFrame({"a": []})],
)
def test_empty_frames(tmp_path: Path, frame: pd.DataFrame) -> None:
    path = cn.to_csv(frame, tmp_path / "a.csv")
    assert rows_of(path)[1:] == [["1"], ["2"]][: len(frame)]
    assert len(cn.read_csv(path)) == len(frame)


@pytest.mark.edge(18)
@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ({1: "a", (2, 3): date(2026, 1, 1)}, "{1: 'a', (2, 3): datetime.date(2026, 1, 1)}"),
        ({1: "a"}, {"1": "a"}),
        ({"b", "a"}, ["a", "b"]),
        ((1, Decimal("10.50")), "[1,10.50]"),
        (np.array([1.5, np.nan]), [1.5, None]),
        ([pd.Timestamp("2026-01-31", tz="UTC"), pd.NA, np.int64(3)], ["2026-01-31T00:00:00+00:00", None, 3]),
        ([2**70], [2**70]),
        (["\ud83c"], ["\ud83c"]),
        ([time(1, 2), UUID(int=7)], ["01:02:00", str(UUID(int=7))]),
    ],
)
def test_nested_cells_are_json_wherever_json_has_them(tmp_path: Path, cell: Any, expected: Any) -> None:
    frame = pd.DataFrame({"n": [1], "cell": pd.Series([cell], dtype=object)})
    found = rows_of(cn.to_csv(frame, tmp_path / "a.csv"))[1][1]
    assert (found if isinstance(expected, str) else json.loads(found)) == expected


@pytest.mark.edge(18)
def test_moments_in_objects_are_iso_too(tmp_path: Path) -> None:
    moments = [datetime(2026, 1, 31, 18, 30, tzinfo=UTC), pd.Timestamp("2026-01-31 18:30"), True]
    rows = rows_of(cn.to_csv(pd.DataFrame({"at": pd.Series(moments, dtype=object)}), tmp_path / "a.csv"))
    assert rows[1:] == [["2026-01-31T18:30:00+00:00"], ["2026-01-31T18:30:00"], ["true"]]


@pytest.mark.edge(18)
def test_half_of_a_surrogate_pair_is_replaced(tmp_path: Path) -> None:
    frame = pd.DataFrame({"n": [1], "a": pd.Series(["x\ud83c"], dtype=object)})
    with pytest.warns(DataWarning, match="Column 'a' has text with half of a surrogate pair"):
        path = cn.to_csv(frame, tmp_path / "a.csv")
    assert rows_of(path)[1] == ["1", "x\ufffd"]


plain = st.text(
    st.characters(
        codec="utf-8", exclude_characters="=+-@\0\t\r\n\uff1d\uff0b\uff0d\uff20", max_codepoint=0x200
    ),
    max_size=6,
)
cells = st.one_of(
    st.none(),
    plain,
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=True),
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-1000, max_value=1000, places=2),
    st.dates(date(1970, 1, 1), date(2100, 1, 1)),
    st.times(),
    st.uuids(),
    st.sampled_from([pd.NA, pd.NaT, pd.Period("2026-01"), pd.Interval(0, 1), np.int8(3), np.float32(0.1)]),
)
names = st.one_of(plain.filter(bool), st.integers(0, 9), st.tuples(st.just("a"), st.just("b")), st.dates())


@pytest.mark.edge(18)
@quick
@given(data=st.data(), rows=st.integers(0, 4), index=st.booleans())
def test_whatever_pandas_writes_is_written(
    tmp_path: Path, data: st.DataObject, rows: int, index: Any
) -> None:
    columns = data.draw(st.lists(names, min_size=2, max_size=4))
    values = [data.draw(st.lists(cells, min_size=rows, max_size=rows)) for _ in columns]
    frame = pd.concat([pd.Series(column, dtype=object) for column in values], axis=1)
    if data.draw(st.booleans()):
        frame = frame.infer_objects()
    frame.columns = pd.Index(columns, tupleize_cols=False)
    if index:
        frame.index = pd.Index(
            data.draw(st.lists(plain, min_size=rows, max_size=rows)), name="a", dtype=object
        )
    theirs = cells_of_pandas(frame, index=index)
    ours = rows_of(cn.to_csv(frame, tmp_path / "a.csv"))
    assert [[cell.strip() for cell in row] for row in ours[1:]] == [
        [cell.strip() for cell in row] for row in theirs[1:]
    ]
    assert len(ours[0]) == len(theirs[0])
