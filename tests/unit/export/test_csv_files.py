"""The file around the cells: whole or not there, and what it begins with."""

import errno
import os
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from support.csv_rows import COLUMNS, frame_of, rows_of

from classy_nb.errors import ExportError, UsageError
from classy_nb.export import CsvWriter, to_csv
from classy_nb.export.tables import table_of


def test_the_mark_for_excel(tmp_path: Path) -> None:
    frame = pd.DataFrame({"name": ["José"]})
    plain, marked = to_csv(frame, tmp_path / "a.csv"), to_csv(frame, tmp_path / "b.csv", excel=True)
    assert marked.read_bytes() == b"\xef\xbb\xbf" + plain.read_bytes()
    assert rows_of(marked, "utf-8-sig") == [["name"], ["José"]]


def test_frames_one_after_the_other(tmp_path: Path) -> None:
    frame = frame_of()
    with CsvWriter(tmp_path / "parts.csv", excel=True) as writer:
        for row in range(3):
            writer.write(table_of(frame.iloc[row : row + 1].reset_index(drop=True)))
        assert list(tmp_path.glob("parts.csv")) == []
    assert writer.rows == 3
    whole = rows_of(to_csv(frame, tmp_path / "whole.csv", excel=True), "utf-8-sig")
    parts = rows_of(tmp_path / "parts.csv", "utf-8-sig")
    assert [row[:5] + row[6:] for row in parts] == [row[:5] + row[6:] for row in whole]


def test_a_frame_without_rows_gives_its_header(tmp_path: Path) -> None:
    assert rows_of(to_csv(frame_of().iloc[:0], tmp_path / "a.csv")) == [[column.name for column in COLUMNS]]


def test_a_series_becomes_its_only_column(tmp_path: Path) -> None:
    codes = pd.Series(["02134", "=1+1"], name="billing_postal_code")
    assert to_csv(codes, tmp_path / "a.csv").read_text() == "billing_postal_code\n02134\n'=1+1\n"
    sums = pd.Series([1.5, 2.25], index=pd.Index([7, 9], name="campaign_id"))
    assert to_csv(sums, tmp_path / "b.csv").read_text() == "campaign_id,value\n7,1.5\n9,2.25\n"


@pytest.mark.parametrize("given", [[1], {"a": [1]}, None, "rows"])
def test_what_is_no_frame_is_refused_before_a_file_is_made(tmp_path: Path, given: object) -> None:
    with pytest.raises(UsageError, match=rf"not a {type(given).__name__}\."):
        to_csv(given, tmp_path / "a.csv")  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_other_columns_are_refused_and_nothing_is_left(tmp_path: Path) -> None:
    def export() -> None:
        with CsvWriter(tmp_path / "a.csv") as writer:
            writer.write(pa.table({"a": [1]}))
            writer.write(pa.table({"b": [1]}))

    with pytest.raises(UsageError, match="same columns"):
        export()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["missing/a.csv", "folder", "file.txt/a.csv", "x" * 300])
def test_a_place_that_cannot_be_written(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file.txt").touch()
    with pytest.raises(ExportError) as caught:
        to_csv(pd.DataFrame({"a": [1]}), tmp_path / name)
    assert caught.value.advice
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file.txt", "folder"]


def test_a_full_disk_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = to_csv(pd.DataFrame({"a": [1]}), tmp_path / "a.csv")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ExportError, match="disk is full"):
        to_csv(pd.DataFrame({"a": [2]}), path)
    assert rows_of(path) == [["a"], ["1"]]
    assert list(tmp_path.iterdir()) == [path]


def test_an_interrupted_export_leaves_nothing(tmp_path: Path) -> None:
    def export() -> None:
        with CsvWriter(tmp_path / "a.csv") as writer:
            writer.write(pa.table({"a": [1]}))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export()
    assert list(tmp_path.iterdir()) == []
