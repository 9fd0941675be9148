"""Cells of CSV files: what stands in them, and that it reads back."""

import json
import re
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from support.csv_rows import COLUMNS, frame_of, rows_of

import classy_nb as cn
from classy_nb.export import to_csv
from classy_nb.export.csv import unguarded

# Letters, digits and what is in the alphabet below are all that these texts are made of.
OPERATORS = "=+\\-@\uff1d\uff0b\uff0d\uff20"
INVISIBLE = " \"'\0\u00a0\u200b\ufeff"
OPERATOR = re.compile(f"[{OPERATORS}]")
FORMULA = re.compile(f"[{INVISIBLE}\t\r\n]*[{OPERATORS}\t\r]")
plain = st.text(st.sampled_from("aZ7é.,;|\t\r\n=+-@" + INVISIBLE), max_size=12)
NUMBER = re.compile(r"-(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
quick = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
risky = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", "a;", "|", "a\t", "x\n", "\r", ";;"]),
    st.sampled_from(["", " ", '"', "'", " '\t", "\u00a0", "\u200b", "\0", "\ufeff"]),
    st.sampled_from("=+-@\t\r"),
    texts,
)


@pytest.mark.parametrize("backend", ["numpy_nullable", "pyarrow"])
def test_trap_44_every_kind_of_cell(tmp_path: Path, backend: str) -> None:
    path = cn.to_csv(frame_of(backend), tmp_path / "gifts.csv")
    header, first, second, third = rows_of(path)
    assert path == tmp_path / "gifts.csv"
    assert header == [column.name for column in COLUMNS]
    assert first[:5] == ["9007199254740993", "-12.5", "true", "02139", 'said "hi",\nZoë 🎉']
    assert datetime.fromisoformat(first[5]).isoformat() == "2026-01-31T18:30:00-08:00"
    assert first[6] == "2026-02-01"
    (item,) = json.loads(first[7])
    assert {key: value for key, value in item.items() if value is not None} == {
        "product_name": 'q"é',
        "quantity": 1,
    }
    assert second[:5] == ["7", "0.1", "false", "", "NA"]
    assert datetime.fromisoformat(second[5]).isoformat() == "2026-06-30T19:30:00.123000-07:00"
    assert third == [""] * len(COLUMNS)


def test_trap_44_seconds_need_no_fraction(tmp_path: Path) -> None:
    path = to_csv(frame_of()[["purchased_at"]].iloc[:1], tmp_path / "a.csv")
    assert rows_of(path)[1] == ["2026-01-31T18:30:00-08:00"]


def test_values_reopened_in_pandas_are_equal(tmp_path: Path) -> None:
    frame = frame_of().drop(columns="items")
    path = to_csv(frame, tmp_path / "gifts.csv")
    times = ["purchased_at", "day"]
    types = {name: frame[name].dtype for name in frame if name not in times}
    again = pd.read_csv(path, dtype=types, keep_default_na=False, na_values=[""])
    for name in times:
        zone = getattr(frame[name].dtype, "tz", None)
        moments = pd.to_datetime(again[name], format="ISO8601", utc=True)
        again[name] = moments.dt.tz_convert(zone).astype(frame[name].dtype)
    pd.testing.assert_frame_equal(again, frame)


@quick
@given(texts=st.lists(texts | risky | st.none(), min_size=1, max_size=5))
@example(texts=["a\rb", "a\r\nb", '"', '""', " a ", ",", "'", "", None, "\u2028", "\x85", "\ufeff"])
def test_any_text_reads_back(tmp_path: Path, texts: list[str | None]) -> None:
    texts = [text and text.replace("\0", "") for text in texts]  # where older versions of pandas end a cell
    frame = pd.DataFrame({"id": range(len(texts)), "text": pd.array(texts, dtype=pd.StringDtype("pyarrow"))})
    path = to_csv(frame, tmp_path / "text.csv", neutralize=False)
    assert [row[1] for row in rows_of(path)[1:]] == [text or "" for text in texts]
    again = pd.read_csv(path, dtype={"text": "string"}, keep_default_na=False, na_values=[""])
    assert [None if value is pd.NA else value for value in again["text"]] == [text or None for text in texts]


@quick
@given(texts=st.lists(plain, min_size=1, max_size=5))
@example(
    texts=[
        "hello;=1+1",
        "\t=1",
        "a\t =1",
        ";'=1",
        ";''=1",
        "a|\u00a0+1",
        "=1+1",
        " =1",
        '"=1',
        "'=1",
        "''=1",
        "\t",
        "\r",
        "@x",
        "+1 555",
        "-",
        "\uff1d1",
        "'",
        "'a",
        "a=1",
        "",
    ]
)
def test_trap_44_formulas_are_neutralised_and_can_be_restored(tmp_path: Path, texts: list[str]) -> None:
    frame = pd.DataFrame({"id": range(len(texts)), "text": pd.array(texts, dtype=pd.StringDtype("pyarrow"))})
    cells = [row[1] for row in rows_of(to_csv(frame, tmp_path / "text.csv"))[1:]]
    for text, found in zip(texts, cells, strict=True):
        assert found == guarded(text)
    assert unguarded(pa.array(cells)).to_pylist() == texts


def guarded(text: str) -> str:
    """Say once more, in Python, what the guard does."""
    starts = {
        place
        for place in range(len(text))
        if place and text[place - 1] in ";|\t\r\n" and OPERATOR.match(text[place:].lstrip(INVISIBLE))
    }
    if FORMULA.match(text) and not NUMBER.fullmatch(text):
        starts.add(0)
    return "".join(f"'{char}" if place in starts else char for place, char in enumerate(text))


def test_trap_44_column_names_are_neutralised_and_numbers_are_not(tmp_path: Path) -> None:
    frame = pd.DataFrame({"=name": pd.array([-5], dtype="Int64"), "b,c": [-0.5], '"@"': ["x"]})
    assert rows_of(to_csv(frame, tmp_path / "a.csv")) == [["'=name", "b,c", '\'"@"'], ["-5", "-0.5", "x"]]
    assert rows_of(to_csv(frame, tmp_path / "b.csv", neutralize=False))[0] == ["=name", "b,c", '"@"']


@pytest.mark.parametrize("number", ["-5", "-0.25", "-12e-3", "-0"])
def test_trap_44_a_negative_number_is_no_formula(tmp_path: Path, number: str) -> None:
    """An undeclared column of numbers and texts holds it as an object, a typed one as text."""
    values = [json.loads(number), number, "x"]
    frame = pd.DataFrame({"mixed": pd.Series(values, dtype=object), "nested": [[-1], {"a": -1}, -7]})
    cells = rows_of(to_csv(frame, tmp_path / "n.csv"))[1:]
    assert float(cells[0][0]) == float(number)
    assert [row[0] for row in cells[1:]] == [number, "x"]
    assert [row[1] for row in cells] == ["[-1]", '{"a":-1}', "-7"]
    texts = pd.DataFrame({"text": pd.array([number, "'-5"], dtype="string")})
    assert rows_of(to_csv(texts, tmp_path / "t.csv"))[1:] == [[number], ["''-5"]]


@pytest.mark.parametrize(
    "text",
    [
        "-1+cmd()",
        "-1+1",
        "-5 ",
        " -5",
        "-5\n",
        "-",
        "--5",
        "-5-5",
        "-.5",
        "-007",
        "-1e",
        "-A1",
        "+5",
        "-5%",
        "-٣",
    ],
)
def test_trap_44_what_is_more_than_a_negative_number_is_neutralised(tmp_path: Path, text: str) -> None:
    assert rows_of(to_csv(pd.DataFrame({"a": [text, [text]]}), tmp_path / "a.csv"))[1] == [f"'{text}"]


def test_instants_of_old_are_exact_too(tmp_path: Path) -> None:
    """Los Angeles was 7:52:58 behind Greenwich until 1883; no offset in ISO 8601 has seconds."""
    moments = pd.to_datetime(
        ["1850-06-01T12:00:00Z", "1850-06-01T12:00:00.25Z", "1890-06-01T12:00:00Z"], format="ISO8601"
    )
    column = pd.Series(moments).dt.tz_convert("America/Los_Angeles").dt.as_unit("us")
    cells = [row[0] for row in rows_of(to_csv(pd.DataFrame({"at": column}), tmp_path / "m.csv"))[1:]]
    assert cells == [
        "1850-06-01T12:00:00+00:00",
        "1850-06-01T12:00:00.250000+00:00",
        "1890-06-01T04:00:00-08:00",
    ]
    assert pd.to_datetime(cells, format="ISO8601", utc=True).tolist() == column.dt.tz_convert("UTC").tolist()


@quick
@given(
    moments=st.lists(st.datetimes(datetime(1700, 1, 2), datetime(1990, 1, 1)), min_size=1, max_size=6),  # noqa: DTZ001
    zone=st.sampled_from(
        ["UTC", "America/Los_Angeles", "Africa/Monrovia", "Europe/Amsterdam", "Asia/Kolkata"]
    ),
)
def test_every_instant_reads_back(tmp_path: Path, moments: list[datetime], zone: str) -> None:
    column = pd.Series(pd.to_datetime(moments, utc=True)).dt.tz_convert(zone).dt.as_unit("us")
    cells = [row[0] for row in rows_of(to_csv(pd.DataFrame({"at": column}), tmp_path / "m.csv"))[1:]]
    assert [datetime.fromisoformat(cell) for cell in cells] == [value.to_pydatetime() for value in column]
    assert all(re.search(r"[+-]\d\d:\d\d$", cell) for cell in cells)


def test_a_fraction_stands_where_there_is_one(tmp_path: Path) -> None:
    """Whatever rows come together: files that were written in other pieces must not differ."""
    at = ["2026-01-31T18:30:00Z", None, "2026-01-31T18:30:00.5Z"]
    column = pd.to_datetime(at, format="ISO8601").as_unit("us")
    assert rows_of(to_csv(pd.DataFrame({"id": range(3), "at": column}), tmp_path / "a.csv"))[1:] == [
        ["0", "2026-01-31T18:30:00+00:00"],
        ["1", ""],
        ["2", "2026-01-31T18:30:00.500000+00:00"],
    ]


def test_days_are_days_where_the_whole_column_is(tmp_path: Path) -> None:
    """A frame is written in slices of 10,000 rows; what a cell looks like does not depend on its slice."""
    days = pd.Series(pd.to_datetime(["2026-01-31"] * 10_001)).astype("datetime64[us]")
    assert {row[0] for row in rows_of(to_csv(pd.DataFrame({"day": days}), tmp_path / "a.csv"))[1:]} == {
        "2026-01-31"
    }
    days.iloc[-1] = pd.Timestamp("2026-02-01T12:00:00")
    cells = [row[0] for row in rows_of(to_csv(pd.DataFrame({"at": days}), tmp_path / "b.csv"))[1:]]
    assert set(cells[:-1]) == {"2026-01-31T00:00:00"}
    assert cells[-1] == "2026-02-01T12:00:00"


@quick
@given(numbers=st.lists(st.floats(allow_nan=False), min_size=1, max_size=5))
def test_numbers_read_back_exactly(tmp_path: Path, numbers: list[float]) -> None:
    path = to_csv(pd.DataFrame({"n": pd.array(numbers, dtype="Float64")}), tmp_path / "n.csv")
    assert [float(row[0]) for row in rows_of(path)[1:]] == numbers


@quick
@given(
    moments=st.lists(st.datetimes(datetime(1970, 1, 2), datetime(2037, 12, 30)), min_size=1, max_size=5),  # noqa: DTZ001
    zone=st.sampled_from(["UTC", "America/Los_Angeles", "Asia/Kathmandu", "Australia/Lord_Howe"]),
)
def test_instants_read_back_with_their_offset(tmp_path: Path, moments: list[datetime], zone: str) -> None:
    column = pd.Series(pd.to_datetime(moments, utc=True)).dt.tz_convert(zone).dt.as_unit("us")
    cells = [row[0] for row in rows_of(to_csv(pd.DataFrame({"at": column}), tmp_path / "m.csv"))[1:]]
    found = [datetime.fromisoformat(cell) for cell in cells]
    assert found == [value.to_pydatetime() for value in column]
    assert [f.utcoffset() for f in found] == [f.astimezone(ZoneInfo(zone)).utcoffset() for f in found]


def test_an_empty_text_is_quoted_and_a_missing_one_is_not(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": pd.array(["", None], dtype="string"), "b": [1, 2]})
    assert to_csv(frame, tmp_path / "a.csv").read_bytes() == b'a,b\n"",1\n,2\n'


LEADS = [
    *("\u00a0", "\u2007", "\u202f", "\u3000", "\u2028", "\u1680", "\x85"),  # blanks
    *("\0", "\x01", "\x08", "\x1f", "\x7f", "\x9f"),  # control characters
    *("\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u180e"),  # nothing to see
    *("\u200e", "\u200f", "\u202a", "\u202e", "\u2066", "\u2069", "\u061c"),  # directions
    *("\u034f", "\ufe0f", "\u0301", "\U000e0100"),  # marks that combine
    *("\u115f", "\u3164", "\uffa0", "\u2800", "\ue000"),  # letters without a shape
    *(" \u200b ", "\u00a0'\"\u200e"),
]


@pytest.mark.edge(30)
@pytest.mark.parametrize("operator", ["=", "+", "-", "@", "\uff1d", "\u2212", "\ufe66", "\u207c"])
def test_invisible_characters_do_not_disarm_the_guard(tmp_path: Path, operator: str) -> None:
    texts = [f"{lead}{operator}{rest}" for lead in LEADS for rest in ("1+1", "cmd|' /C calc'!A0", "5")]
    path = cn.to_csv(pd.DataFrame({"id": range(len(texts)), "text": texts}), tmp_path / "a.csv")
    cells = [row[1] for row in rows_of(path)[1:]]
    assert cells == [f"'{text}" for text in texts]
    assert cn.read_csv(path)["text"].tolist() == texts


@pytest.mark.edge(30)
@pytest.mark.parametrize("separator", [";", "\t", "|", "\n", "\r", "\r\n"])
def test_nor_do_they_behind_a_separator(tmp_path: Path, separator: str) -> None:
    texts = [f"hello{separator}{lead}=1+1" for lead in LEADS]
    path = cn.to_csv(pd.DataFrame({"id": range(len(texts)), "text": texts}), tmp_path / "a.csv")
    assert [row[1] for row in rows_of(path)[1:]] == [f"hello{separator}'{lead}=1+1" for lead in LEADS]
    assert cn.read_csv(path)["text"].tolist() == texts


@pytest.mark.edge(19)
@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_a_column_name_with_a_formula_behind_a_separator(tmp_path: Path, separator: str) -> None:
    frame = pd.DataFrame({f"a{separator}=1": [-1], "nested": [[f"a{separator}=1", -1]]})
    path = cn.to_csv(frame, tmp_path / "a.csv")
    assert rows_of(path)[0] == [f"a{separator}'=1", "nested"]
    again = cn.read_csv(path, dtype={"nested": object})
    assert again.columns.tolist() == frame.columns.tolist()
    assert again["nested"].tolist() == frame["nested"].tolist()


@pytest.mark.edge(30)
def test_a_mark_at_the_beginning_of_the_file_is_not_lost(tmp_path: Path) -> None:
    path = cn.to_csv(pd.DataFrame({"\ufeffid": [1]}), tmp_path / "a.csv")
    assert path.read_bytes() == '"\ufeffid"\n1\n'.encode()
