"""Workbooks read back with openpyxl: values, types, formats, header and filter, and what was asked."""

import os
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl.utils.escape import unescape
from support.streams import QUESTION, Batches, beside, raising, resuming

import classy_nb as cn
from classy_nb.errors import DataWarning, ExportError, InterruptedFetchError, UsageError
from classy_nb.export import excel, stream_excel

quick = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
ARROW = pd.ArrowDtype
ZONE = "America/Los_Angeles"


def wall(*parts: int) -> datetime:
    """Return what a clock shows."""
    return datetime(*parts)  # noqa: DTZ001


def sheet_of(given: Any, tmp_path: Path, name: str | None = None) -> Any:
    book = openpyxl.load_workbook(cn.to_excel(given, tmp_path / "book.xlsx"))
    return book[book.sheetnames[0] if name is None else name]


def column(values: Any, tmp_path: Path) -> list[Any]:
    """Return the cells of a column in a workbook, without the header."""
    sheet = sheet_of(pd.DataFrame({"a": values}), tmp_path)
    return [sheet.cell(row, 1) for row in range(2, len(values) + 2)]


def values_of(values: Any, tmp_path: Path) -> list[Any]:
    return [cell.value for cell in column(values, tmp_path)]


def about_of(path: Path) -> list[tuple[Any, Any]]:
    book = openpyxl.load_workbook(path)
    return [row for row in book[book.sheetnames[-1]].iter_rows(values_only=True) if row[0] is not None]


COLUMNS: dict[str, tuple[Any, list[Any], str]] = {
    "whole": (pd.Series([1, None, -3], dtype="Int64"), [1, None, -3], "0"),
    "whole arrow": (pd.Series([1, None], dtype=ARROW(pa.int64())), [1, None], "0"),
    "long ids": (
        pd.Series([999_999_999_999_999, 1_000_000_000_000_001, -(2**60)]),
        [999_999_999_999_999, "1000000000000001", str(-(2**60))],
        "0",
    ),
    "unsigned": (pd.Series([0, 2**64 - 1], dtype="uint64"), [0, str(2**64 - 1)], "0"),
    "money": (pd.Series([10.5, None, 0.1], dtype="Float64"), [10.5, None, 0.1], "#,##0.00"),
    "numbers": (pd.Series([1.5, 0.123456789]), [1.5, 0.123456789], "General"),
    "years": (pd.Series([2025.0, np.nan]), [2025, None], "General"),
    "infinite": (pd.Series([np.inf, -np.inf, np.nan, 1.7e308]), ["inf", "-inf", None, "1.7e+308"], ""),
    "single": (pd.Series([0.1, 2.7], dtype="float32"), [0.1, 2.7], "#,##0.00"),
    "half": (pd.Series([0.5, 2], dtype="float16"), [0.5, 2], "#,##0.00"),
    "longdouble": (pd.Series(np.array([0.1], dtype="longdouble")), [0.1], "#,##0.00"),
    "decimals": (
        pd.Series([Decimal("10.50"), Decimal("NaN"), None, Decimal("1E+3")]),
        [10.5, None, None, 1000],
        "#,##0.00",
    ),
    "long decimals": (pd.Series([Decimal("12345678901234567.89")]), ["12345678901234567.89"], "@"),
    "infinite decimals": (pd.Series([Decimal("Infinity")]), ["Infinity"], ""),
    "arrow decimal": (
        pd.Series([Decimal("1.50"), None], dtype=ARROW(pa.decimal128(38, 2))),
        [1.5, None],
        "#,##0.00",
    ),
    "flags": (pd.Series([True, None, False], dtype="boolean"), [True, None, False], "General"),
    "flags of objects": (pd.Series([True, None], dtype=object), [True, None], "General"),
    "days": (
        pd.to_datetime(pd.Series(["2026-01-31", None])),
        [wall(2026, 1, 31), None],
        "yyyy-mm-dd",
    ),
    "Python's days": (pd.Series([date(2026, 1, 31), None]), [wall(2026, 1, 31), None], "yyyy-mm-dd"),
    "arrow days": (
        pd.Series([date(2026, 1, 31), None], dtype=ARROW(pa.date32())),
        [wall(2026, 1, 31), None],
        "yyyy-mm-dd",
    ),
    "instants": (
        pd.to_datetime(pd.Series(["2026-02-01T02:30:00Z", None])).dt.tz_convert(ZONE),
        [wall(2026, 1, 31, 18, 30), None],
        "yyyy-mm-dd hh:mm:ss",
    ),
    "arrow instants": (
        pd.Series([datetime(2026, 2, 1, 2, 30, tzinfo=UTC)], dtype=ARROW(pa.timestamp("us", ZONE))),
        [wall(2026, 1, 31, 18, 30)],
        "yyyy-mm-dd hh:mm:ss",
    ),
    "instants of objects": (
        pd.Series([pd.Timestamp("2026-01-31 18:30", tz=ZONE), None], dtype=object),
        [wall(2026, 1, 31, 18, 30), None],
        "yyyy-mm-dd hh:mm:ss",
    ),
    "an offset": (
        pd.to_datetime(pd.Series(["2026-01-31T18:30:00+05:30"])),
        [wall(2026, 1, 31, 18, 30)],
        "yyyy-mm-dd hh:mm:ss",
    ),
    "naive": (
        pd.to_datetime(pd.Series(["2026-01-31T18:30:01", "2026-01-31T00:00:00"])),
        [wall(2026, 1, 31, 18, 30, 1), wall(2026, 1, 31)],
        "yyyy-mm-dd hh:mm:ss",
    ),
    "fractions": (
        pd.to_datetime(pd.Series(["2026-01-31T18:30:01.250"])),
        [wall(2026, 1, 31, 18, 30, 1, 250_000)],
        "yyyy-mm-dd hh:mm:ss.000",
    ),
    "durations": (
        pd.to_timedelta(pd.Series(["1 days 03:00:00", None])),
        [timedelta(days=1, hours=3), None],
        "[h]:mm:ss",
    ),
    "negative durations": (pd.to_timedelta(pd.Series(["-1 days"])), ["-1 days +00:00:00"], ""),
    "postal codes": (pd.Series(["02134", None, "1e5", "1/2"]), ["02134", None, "1e5", "1/2"], "@"),
    "words": (pd.Series(["Zoë", "", "TRUE"]), ["Zoë", "", "TRUE"], "General"),
    "months": (pd.Series(pd.period_range("2026-01", periods=2, freq="M")), ["2026-01", "2026-02"], "@"),
    "bands": (pd.Series(pd.cut([1, 5, 9], [0, 2, 6])), ["(0, 2]", "(2, 6]", None], "@"),
    "categories": (pd.Series(["b", None, "a"], dtype="category"), ["b", None, "a"], "General"),
    "days in categories": (
        pd.Series(pd.to_datetime(["2026-01-31", None])).astype("category"),
        [wall(2026, 1, 31), None],
        "yyyy-mm-dd",
    ),
    "ids in categories": (pd.Series([7, None, 9], dtype="Int64").astype("category"), [7, None, 9], "0"),
    "nested": (pd.Series([{"a": [1, None]}, [], None]), ['{"a":[1,null]}', "[]", None], "General"),
    "arrow lists": (pd.Series([[1, 2], None], dtype=ARROW(pa.list_(pa.int64()))), ["[1,2]", None], ""),
    "mixed": (
        pd.Series([1, "02134", 2.5, True, date(2026, 1, 31), None, "=1"], dtype=object),
        [1, "02134", 2.5, True, wall(2026, 1, 31), None, "=1"],
        "0",
    ),
    "sparse": (pd.Series(pd.arrays.SparseArray([0.0, np.nan, 1.5])), [0, None, 1.5], "#,##0.00"),
    "complex": (pd.Series([1 + 2j]), ["(1+2j)"], ""),
    "times": (pd.Series([time(18, 30)]), ["18:30:00"], ""),
    "large": (pd.Series([2**70], dtype=object), [str(2**70)], "@"),
    "nothing": (pd.Series([None, pd.NA, np.nan, pd.NaT], dtype=object), [None] * 4, "General"),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_cells_have_the_values_types_and_formats_of_their_column(tmp_path: Path, name: str) -> None:
    given, expected, number_format = COLUMNS[name]
    title = "donation_amount" if name == "money" else "a"
    sheet = sheet_of(pd.DataFrame({title: given}), tmp_path)
    cells = [sheet.cell(row, 1) for row in range(2, len(given) + 2)]
    values = [cell.value for cell in cells]
    assert values == expected
    assert [type(value) for value in values] == [type(value) for value in expected]
    assert not number_format or cells[0].number_format == number_format
    assert all(cell.data_type != "f" and cell.hyperlink is None for cell in cells)


FORMULAS = [
    "=1+1",
    "+1",
    "-x",
    "@SUM(1)",
    "\t=1",
    "{=1}",
    "=cmd|' /C calc'!A0",
    "https://a.org",
    "mailto:a@b.org",
]
FORMULAS += ["internal:Sheet1!A1", "external:c:\\a.xlsx", "ftp://a.org"]


def test_text_stays_text_whatever_it_looks_like(tmp_path: Path) -> None:
    cells = column(FORMULAS, tmp_path)
    assert [cell.value for cell in cells] == FORMULAS
    assert {cell.data_type for cell in cells} <= {"s", "inlineStr"}
    assert [cell.hyperlink for cell in cells] == [None] * len(FORMULAS)


def test_an_edited_cell_stays_text(tmp_path: Path) -> None:
    """With the format "@" or a quote prefix, Excel does not read what it shows anew."""
    formula, code, name = column(["=1", "02134", "Zoë"], tmp_path)
    assert (formula.quotePrefix, code.quotePrefix, name.quotePrefix) == (True, False, False)
    assert (code.number_format, name.number_format) == ("@", "General")


def test_a_text_of_digits_that_is_long_has_no_format_that_excel_draws_as_hashes(tmp_path: Path) -> None:
    short, long = column(["1" * 255, "1" * 256], tmp_path)
    assert (short.number_format, long.number_format) == ("@", "General")


def test_line_breaks_are_those_of_excel(tmp_path: Path) -> None:
    assert values_of(["a\r\nb\rc\nd"], tmp_path) == ["a\nb\nc\nd"]


def test_characters_that_xml_refuses_are_written_as_excel_writes_them(tmp_path: Path) -> None:
    texts = ["a\x00b", "\x01", "a\x0bb", "\x1f", "_x0041_", " blanks ", "\u2028", "e\u0301"]
    assert [unescape(value) for value in values_of(texts, tmp_path)] == texts


@quick
@given(texts=st.lists(st.text(max_size=40), min_size=1, max_size=20))
def test_any_text_is_read_back(tmp_path: Path, texts: list[str]) -> None:
    found = values_of(pd.Series(texts, dtype=object), tmp_path)
    expected = [text.replace("\r\n", "\n").replace("\r", "\n") for text in texts]
    assert [None if value is None else unescape(value) for value in found] == expected


@quick
@given(numbers=st.lists(st.one_of(st.none(), st.integers(-(10**20), 10**20)), min_size=1, max_size=20))
def test_any_whole_number_keeps_all_of_its_digits(tmp_path: Path, numbers: list[int | None]) -> None:
    found = values_of(pd.Series(numbers, dtype=object), tmp_path)
    assert [None if value is None else int(value) for value in found] == numbers
    assert all(type(value) is str for value in found if value is not None and abs(int(value)) >= 10**15)


@quick
@given(
    numbers=st.lists(
        st.one_of(st.none(), st.floats(-1e12, 1e12).map(lambda x: round(x, 2))), min_size=1, max_size=20
    )
)
def test_any_amount_is_the_same_to_the_cent(tmp_path: Path, numbers: list[float | None]) -> None:
    found = values_of(pd.Series(numbers, dtype="Float64"), tmp_path)
    assert [None if value is None else round(value, 2) for value in found] == numbers


@quick
@given(
    moments=st.lists(
        st.datetimes(wall(1900, 3, 1), wall(9999, 12, 30)).map(lambda m: m.replace(microsecond=0)),
        min_size=1,
        max_size=20,
    )
)
def test_any_moment_is_the_same_to_the_second(tmp_path: Path, moments: list[datetime]) -> None:
    assert values_of(pd.Series(moments, dtype="datetime64[us]"), tmp_path) == moments
    assert values_of(pd.Series(moments, dtype=object), tmp_path) == moments


def test_a_sheet_has_a_frozen_header_a_filter_and_widths(tmp_path: Path) -> None:
    frame = pd.DataFrame({"id": [1, 2], "name": ["x" * 30, "y\nz"], "note": ["z" * 900, None]})
    sheet = sheet_of(frame, tmp_path)
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:C3"
    assert [cell.value for cell in sheet[1]] == ["id", "name", "note"]
    assert all(cell.font.bold for cell in sheet[1])
    widths = [round(sheet.column_dimensions[letter].width) for letter in "ABC"]
    assert (widths[0] < 12, 28 < widths[1] < 40, 40 < widths[2] < 60) == (True, True, True)


def test_sheets_by_name_in_order(tmp_path: Path) -> None:
    frames = {"Gifts": pd.DataFrame({"a": [1]}), 2026: pd.Series([2.5], name="net"), "Leer": pd.DataFrame()}
    book = openpyxl.load_workbook(cn.to_excel(frames, tmp_path / "a.xlsx"))
    assert book.sheetnames == ["Gifts", "2026", "Leer", "About"]
    assert list(book["Gifts"].values) == [("a",), (1,)]
    assert list(book["2026"].values) == [("net",), (2.5,)]
    assert book.active.title == "Gifts"


def test_a_sheet_of_the_name_about(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(cn.to_excel({"about": pd.DataFrame({"a": [1]})}, tmp_path / "a.xlsx"))
    assert book.sheetnames == ["about", "About (2)"]


@pytest.mark.parametrize(
    ("names", "why", "instead"),
    [
        ([""], "is empty", "'Sheet'"),
        (["  "], "is empty", "'Sheet'"),
        (["x" * 32], "more than 31 characters", "'" + "x" * 31 + "'"),
        (["😀" * 16], "more than 31 characters", "'" + "😀" * 15 + "'"),
        (["a/b"], "has '/' in it", "'a-b'"),
        (["a[b]"], r"has '\[' in it", "'a-b-'"),
        (["'a"], "begins or ends with an apostrophe", "'a'"),
        (["history"], "keeps for itself", "'history sheet'"),
        (["Gifts", "gifts"], "is the same as 'Gifts' to Excel", r"'gifts \(2\)'"),
        (["y" * 31, "Y" * 31], "is the same as", "'" + "Y" * 27 + r" \(2\)'"),
    ],
)
def test_a_name_that_excel_refuses_is_refused_with_a_better_one(
    tmp_path: Path, names: list[str], why: str, instead: str
) -> None:
    with pytest.raises(UsageError, match=f"{why}.* such as {instead}"):
        cn.to_excel(dict.fromkeys(names, pd.DataFrame({"a": [1]})), tmp_path / "a.xlsx")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("given", [[1], {"a": [1]}, None, "rows", {}, [pd.DataFrame()]])
def test_what_is_not_a_frame_is_refused(tmp_path: Path, given: Any) -> None:
    with pytest.raises(UsageError):
        cn.to_excel(given, tmp_path / "a.xlsx")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a", "a.xls", "a.xlsm", "a.csv", "a.parquet", "a.ods", "a.xlsx.zip"])
def test_another_ending_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="that is not an Excel file"):
        cn.to_excel(pd.DataFrame({"a": [1]}), tmp_path / name)
    batches = Batches()
    with pytest.raises(UsageError, match="that is not an Excel file"):
        to_excel(batches, tmp_path / name)
    assert (batches.asked, list(tmp_path.iterdir())) == ([], [])


def test_the_index_is_written_as_in_a_csv_file(tmp_path: Path) -> None:
    months = pd.MultiIndex.from_product([[2025, 2026], ["a"]], names=["year", None])
    frame = pd.DataFrame([[1.0], [2.0]], index=months, columns=pd.MultiIndex.from_tuples([("net", "sum")]))
    assert list(sheet_of(frame, tmp_path).values) == [
        ("year", "level_1", "net.sum"),
        (2025, "a", 1),
        (2026, "a", 2),
    ]
    assert sheet_of(frame, tmp_path).cell(2, 3).number_format == "#,##0.00"


def test_names_may_occur_twice(tmp_path: Path) -> None:
    frame = pd.DataFrame([[1, "x"]], columns=["a", "a"])
    assert list(sheet_of(frame, tmp_path).values) == [("a", "a"), (1, "x")]


@pytest.mark.parametrize(
    "frame", [pd.DataFrame(), pd.DataFrame({"a": pd.Series([], dtype="Int64"), "b": []})]
)
def test_a_frame_without_rows_gives_its_header(tmp_path: Path, frame: pd.DataFrame) -> None:
    assert list(sheet_of(frame, tmp_path).values) == [tuple(frame.columns)][: len(frame.columns)]


# Excel's limits


def test_rows_that_do_not_fit_go_on_in_another_sheet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(excel, "MOST_ROWS", 5)
    frames = {"gifts": pd.DataFrame({"id": range(9), "a": "02134"}), "gifts (2)": pd.DataFrame({"b": [1]})}
    with pytest.warns(
        DataWarning, match=r"the 9 rows of 'gifts' .* \(4\); they go on in 'gifts \(3\)', 'gifts \(4\)'"
    ):
        path = cn.to_excel(frames, tmp_path / "a.xlsx")
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["gifts", "gifts (3)", "gifts (4)", "gifts (2)", "About"]
    rows = [list(book[name].values) for name in book.sheetnames[:3]]
    assert [row[0] for sheet in rows for row in sheet[1:]] == list(range(9))
    assert {sheet[0] for sheet in rows} == {("id", "a")}
    assert [book[name].auto_filter.ref for name in book.sheetnames[:3]] == ["A1:B5", "A1:B5", "A1:B2"]
    assert ("Sheet", "gifts, gifts (3), gifts (4)") in about_of(path)


def test_exactly_as_many_rows_as_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(excel, "MOST_ROWS", 5)
    path = cn.to_excel(pd.DataFrame({"id": range(4)}), tmp_path / "a.xlsx")
    assert openpyxl.load_workbook(path).sheetnames == ["Sheet1", "About"]


def test_too_many_columns_are_refused(tmp_path: Path) -> None:
    frame = pd.DataFrame([range(16_384)], index=["x"])
    with pytest.raises(UsageError, match="'Sheet1' would have 16,385 columns; Excel has 16,384"):
        cn.to_excel(frame, tmp_path / "a.xlsx")
    assert list(tmp_path.iterdir()) == []


def test_long_texts_are_cut_and_counted_once(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"a": ["x" * 32_768, "y" * 32_767, "😀" * 16_384], "b": ["z" * 40_000, [1] * 20_000, None]}
    )
    with pytest.warns(
        DataWarning, match=r"more than 32,767 characters were cut.*: 2 in 'a', 2 in 'b'"
    ) as caught:
        sheet = sheet_of(frame, tmp_path)
    assert len(caught) == 1
    assert [len(row[0]) for row in sheet.iter_rows(min_row=2, values_only=True)] == [32_767, 32_767, 16_383]
    assert [sheet.cell(row, 2).value[:5] for row in (2, 3)] == ["zzzzz", "[1,1,"]


@pytest.mark.parametrize(
    "given",
    [
        pd.Series([pd.Timestamp("1899-12-31 12:30"), pd.Timestamp("1900-02-28 01:02:03"), pd.NaT]),
        pd.Series([wall(1899, 12, 31, 12, 30), wall(1900, 2, 28, 1, 2, 3), None], dtype=object),
    ],
)
def test_instants_that_excel_does_not_have_are_text(tmp_path: Path, given: Any) -> None:
    """Excel has a day that never was, 1900-02-29: what is earlier, programs read differently."""
    with pytest.warns(DataWarning, match="before March 1900 or after 9999 are text.*: 2 in 'a'"):
        assert values_of(given, tmp_path) == ["1899-12-31 12:30:00", "1900-02-28 01:02:03", None]


def test_days_that_excel_does_not_have_are_text(tmp_path: Path) -> None:
    for days in (
        pd.Series([date(1900, 2, 28), date(1900, 3, 1), date(1, 1, 1)]),
        pd.Series([date(1900, 2, 28), date(1900, 3, 1), date(1, 1, 1)], dtype=ARROW(pa.date32())),
        pd.Series(np.array(["1900-02-28", "1900-03-01", "0001-01-01"], dtype="datetime64[s]")),
    ):
        with pytest.warns(DataWarning, match="2 in 'a'"):
            assert values_of(days, tmp_path) == ["1900-02-28", wall(1900, 3, 1), "0001-01-01"]


# The last sheet


def test_the_last_sheet_says_what_was_asked_and_when(tmp_path: Path) -> None:
    frame = pd.DataFrame({"purchased_at": pd.to_datetime(["2026-01-31T18:30Z"]).tz_convert(ZONE)})
    frame.attrs["classy"] = {
        "resource": "transactions",
        "path": "/organizations/7/transactions?x=1",
        "asked": [
            *("with=supporter", "filter=status=success", "filter=purchased_at>=2026-01-01T08:00:00+0000"),
            *("filter=email_address=zoe@example.org,campaign_id=123456789", "token=abc", "sort=id:desc"),
            *("filter=supporter.last_name=Miller", "q=zoe@example.org"),
        ],
        "limit": 50,
        "fetched_at": "2026-11-28T10:00:00+00:00",
        "timezone": ZONE,
        "total": 60_100,
        "requests": 3,
        "fiscal_year_start": 7,
    }
    path = cn.to_excel(frame, tmp_path / "a.xlsx")
    assert openpyxl.load_workbook(path).sheetnames == ["transactions", "About"]
    assert about_of(path) == [
        ("Sheet", "transactions"),
        ("Rows", "1"),
        ("Resource", "transactions"),
        ("Asked of the API", "/organizations/7/transactions"),
        ("Parameter", "with = supporter"),
        ("Condition", "status = success"),
        ("Condition", "purchased_at >= 2026-01-01T08:00:00+0000"),
        ("Condition", "email_address = ***"),
        ("Condition", "campaign_id = 123456789"),
        ("Parameter", "token = ***"),
        ("Parameter", "sort = id:desc"),
        ("Condition", "supporter.last_name = ***"),
        ("Parameter", "q = ***"),
        ("Limit", "the first 50 rows"),
        ("Rows of the list", "60,100, as the API counted them"),
        ("Fetched", "2026-11-28 02:00:00 PST"),
        ("Note", "Rows and columns may have been chosen or changed in Python since."),
        ("Times", f"as the clock showed in {ZONE} (Excel has no time zones)"),
        ("Written by", f"classy_nb {cn.__version__}"),
    ]
    assert openpyxl.load_workbook(path).properties.created == wall(2026, 11, 28, 10)


@pytest.mark.parametrize(
    "attrs",
    [
        {},
        {"classy": 7},
        {"classy": {}},
        {"classy": {"resource": 7, "asked": 1, "limit": "x", "fetched_at": 3}},
    ],
)
def test_attrs_of_any_shape(tmp_path: Path, attrs: Any) -> None:
    frame = pd.DataFrame({"a": [1]})
    frame.attrs.update(attrs)
    assert about_of(cn.to_excel(frame, tmp_path / "a.xlsx"))[1] == ("Rows", "1")


def test_the_same_frame_gives_the_same_file(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", "02134"]})
    first, second = (cn.to_excel(frame, tmp_path / name).read_bytes() for name in ("a.xlsx", "b.xlsx"))
    assert first == second


# The file


def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


def test_nothing_is_left_beside_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = temporary(tmp_path, monkeypatch)
    cn.to_excel(pd.DataFrame({"a": range(3000)}), tmp_path / "a.xlsx")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.xlsx", "temporary"]
    assert list(folder.iterdir()) == []


class Broken:
    def __str__(self) -> str:
        raise KeyboardInterrupt


def test_an_interrupt_leaves_the_older_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = temporary(tmp_path, monkeypatch)
    path = cn.to_excel(pd.DataFrame({"a": [1]}), tmp_path / "a.xlsx")
    older = path.read_bytes()
    with pytest.raises(KeyboardInterrupt):
        cn.to_excel(pd.DataFrame({"a": [*range(1500), Broken()]}, dtype=object), path)
    assert path.read_bytes() == older
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.xlsx", "temporary"]
    assert list(folder.iterdir()) == []


def test_a_warning_that_is_an_error_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(DataWarning, match="were cut"):
        cn.to_excel(pd.DataFrame({"a": ["x" * 40_000]}), tmp_path / "a.xlsx")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["missing/a.xlsx", "folder.xlsx", "x" * 300 + ".xlsx"])
def test_a_place_that_cannot_be_written(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.xlsx").mkdir()
    with pytest.raises(ExportError) as caught:
        cn.to_excel(pd.DataFrame({"a": [1]}), tmp_path / name)
    assert caught.value.advice
    assert [p.name for p in tmp_path.iterdir()] == ["folder.xlsx"]


def test_a_file_that_is_open_in_excel_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = cn.to_excel(pd.DataFrame({"a": [1]}), tmp_path / "a.xlsx")
    older = path.read_bytes()

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Access is denied")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(ExportError, match=r"Is it open in another program\?.*in Excel"):
        cn.to_excel(pd.DataFrame({"a": [2]}), path)
    assert path.read_bytes() == older
    assert beside(path) == []


def test_a_full_temporary_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = temporary(tmp_path, monkeypatch)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("zipfile.ZipFile.write", full)
    with pytest.raises(ExportError, match=f"{folder}.*the disk is full"):
        cn.to_excel(pd.DataFrame({"a": [2]}), tmp_path / "a.xlsx")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["temporary"]
    assert list(folder.iterdir()) == []


# From a fetch


def to_excel(batches: Any, path: Path, **options: Any) -> Path:
    return stream_excel(batches, path, QUESTION, sheet="gifts", **{"resumable": True, **options})


def test_a_list_straight_into_a_workbook(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(to_excel(Batches(), tmp_path / "a.xlsx"))
    assert book.sheetnames == ["gifts", "About"]
    rows = list(book["gifts"].values)
    assert rows[0] == ("id", "name", "items", "late")
    assert [row[0] for row in rows[1:]] == list(range(1, 41))
    assert rows[30] == (30, "Zoë 30", None, '"x"')
    assert rows[31] == (31, "Zoë 31", None, "31")


def test_an_empty_list(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(to_excel(Batches(rows=0), tmp_path / "a.xlsx"))
    assert list(book["gifts"].values) == [("id", "name", "items")]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError("lost")])
def test_a_stopped_fetch_is_resumed(tmp_path: Path, error: BaseException) -> None:
    path = tmp_path / "a.xlsx"
    with pytest.raises((InterruptedFetchError, OSError)):
        to_excel(Batches(before=raising(error, at=3)), path)
    assert not path.exists()
    batches = Batches()
    with resuming(20):
        to_excel(batches, path)
    assert batches.asked == [20]
    whole = to_excel(Batches(), tmp_path / "whole.xlsx")
    assert path.read_bytes() == whole.read_bytes()
    assert beside(path) == ["whole.xlsx"]


def test_a_cancelled_write_leaves_the_older_file(tmp_path: Path) -> None:
    path = to_excel(Batches(), tmp_path / "a.xlsx")
    older = path.read_bytes()

    def watcher(rows: int, total: int | None, note: str) -> None:
        if note == "writing the file":
            raise KeyboardInterrupt

    with pytest.raises(InterruptedFetchError):
        to_excel(Batches(), path, watcher=watcher, resumable=False)
    assert path.read_bytes() == older
    assert beside(path) == []


@pytest.mark.skipif(os.name == "nt", reason="umask")
def test_only_the_owner_reads_the_temporary_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, modes = temporary(tmp_path, monkeypatch), []

    class Looks:
        def __str__(self) -> str:
            modes.extend(p.stat().st_mode & 0o077 for p in folder.iterdir())
            return "x"

    cn.to_excel(pd.DataFrame({"a": [Looks()]}), tmp_path / "a.xlsx")
    assert modes == [0]
