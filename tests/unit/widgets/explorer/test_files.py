"""Files that the explorer writes: names, questions before one is replaced, CSV and Excel."""

import os
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from support.explorer import filled, press
from support.viewer import Viewer

from classy_nb.widgets.explorer import Explorer
from classy_nb.widgets.explorer.files import file_path
from classy_nb.widgets.explorer.form import FormError


def test_a_file_is_named_after_resource_and_day(viewer: Viewer, explorer: Explorer, tmp_path: Path) -> None:
    said = press(viewer, "save", where=[["status", "=", "success"]])
    [file] = tmp_path.iterdir()
    assert file.name == viewer.last("call")["file"]
    assert said["tone"] == "done"
    assert said["text"].startswith("Saved 125 rows (")
    assert said["text"].endswith(f" as {file}")
    assert explorer.file == file
    assert pd.read_csv(file)["status"].unique().tolist() == ["success"]


def test_an_existing_file_is_replaced_only_after_a_question(viewer: Viewer, tmp_path: Path) -> None:
    file = tmp_path / "gifts.csv"
    file.write_text("mine")
    said = press(viewer, "save", file="gifts")
    assert said["text"].startswith(f"{file} already exists (4 bytes, changed ")
    assert said["text"].endswith("Replace it?")
    assert said["question"] == {"action": "save", "yes": "Replace the file", "about": str(file)}
    assert viewer.of("job") == []
    viewer.say("keep")
    assert viewer.last("status")["text"] == "Nothing was replaced."
    assert viewer.last("status")["question"] is None
    assert file.read_text() == "mine"
    press(viewer, "save", file="gifts")
    press(viewer, "save", replace=str(file), file="gifts")
    assert len(file.read_text().splitlines()) == 251


def test_only_the_file_in_question_is_replaced(viewer: Viewer, tmp_path: Path) -> None:
    file, other = tmp_path / "gifts.csv", tmp_path / "other.csv"
    for one in (file, other):
        one.write_text("mine")
    assert press(viewer, "save", file="gifts.csv", replace=str(file))["question"]  # no question was asked yet
    for answer in (str(file), str(other)):
        press(viewer, "save", file="gifts.csv")
        said = press(viewer, "save", file="other.csv", replace=answer)
        assert said["text"].startswith(f"{other} already exists (4 bytes, ")
        assert said["question"]["about"] == str(other)
    press(viewer, "save", file="gifts.csv")
    file.write_text("changed meanwhile")
    assert "(17 bytes, " in press(viewer, "save", file="gifts.csv", replace=str(file))["text"]
    assert (file.read_text(), other.read_text()) == ("changed meanwhile", "mine")
    assert viewer.of("job") == []


@pytest.mark.parametrize("name", ["a\nb.csv", "folder/", "..", "\0"])
def test_bad_file_names_are_refused(viewer: Viewer, tmp_path: Path, name: str) -> None:
    assert press(viewer, "save", file=name)["text"] == "Give the file a name, such as gifts.csv."
    assert viewer.last("problem")["field"] == "file"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("gifts", "gifts.csv"),
        ("gifts.CSV", "gifts.CSV"),
        ("gifts.csv.gz", "gifts.csv.gz"),
        ("gifts.TSV", "gifts.TSV.csv"),
        ("gifts.xlsx", "gifts.xlsx"),
        ("gifts.2026", "gifts.2026.csv"),
        ("../b/./gifts.csv", "../b/gifts.csv"),
    ],
)
def test_a_file_gets_a_suffix_that_fits_its_content(tmp_path: Path, name: str, written: str) -> None:
    assert file_path(f"{tmp_path}/a/{name}", "csv") == Path(os.path.normpath(f"{tmp_path}/a/{written}"))


def test_a_folder_and_an_unknown_home_are_refused(tmp_path: Path) -> None:
    (tmp_path / "all.csv").mkdir()
    with pytest.raises(FormError, match=r"all\.csv is a folder: choose another name"):
        file_path(f"{tmp_path}/all.csv", "csv")
    with pytest.raises(FormError, match="There is no home folder for ~nobody-at-all"):
        file_path("~nobody-at-all/gifts.csv", "csv")


def test_a_file_that_cannot_be_written_is_an_error(viewer: Viewer, tmp_path: Path) -> None:
    said = press(viewer, "save", file="nowhere/gifts.csv")
    assert said["tone"] == "error"
    assert "the folder does not exist. Make the folder first." in said["text"]
    assert list(tmp_path.iterdir()) == []


def test_a_name_too_long_for_the_disk_is_refused_at_its_field(viewer: Viewer, tmp_path: Path) -> None:
    long = {**viewer.last("state")["form"], "file": "x" * 300}
    viewer.say("form", form=long)  # while it is typed: the rest of the form goes on
    assert viewer.last("call")["texts"]["frame"].endswith(".transactions()")
    assert "file" not in viewer.last("call")["texts"]
    assert viewer.of("problem") == []
    viewer.say("hello")
    assert viewer.last("state")["form"]["file"] == "x" * 300
    said = press(viewer, "save", file="x" * 300)
    assert "This file name does not work: File name too long. Choose another one." in said["text"]
    assert viewer.last("problem")["field"] == "file"
    assert list(tmp_path.iterdir()) == []


def test_a_list_is_saved_as_a_workbook(viewer: Viewer, explorer: Explorer, tmp_path: Path) -> None:
    said = press(viewer, "save", format="xlsx", where=[["status", "=", "success"]])
    [file] = tmp_path.iterdir()
    assert file.name == viewer.last("call")["file"]
    assert file.suffix == ".xlsx"
    assert said["text"].startswith("Saved 125 rows (")
    assert explorer.file == file
    assert viewer.last("call")["texts"]["file"].startswith("raiser.transactions.to_excel(")
    sheet = openpyxl.load_workbook(file).worksheets[0]
    header, *rows = sheet.iter_rows(values_only=True)
    place = header.index("status")
    assert (len(rows), {row[place] for row in rows}) == (125, {"success"})


@pytest.mark.parametrize(
    ("name", "chosen", "written", "effective"),
    [
        ("gifts", "xlsx", "gifts.xlsx", "xlsx"),
        ("gifts.csv", "xlsx", "gifts.csv", "csv"),
        ("gifts.XLSX", "csv", "gifts.XLSX", "xlsx"),
        ("gifts.xls", "xlsx", "gifts.xls.xlsx", "xlsx"),
        ("gifts.2026", "xlsx", "gifts.2026.xlsx", "xlsx"),
        ("gifts", "nonsense", "gifts.csv", "csv"),
    ],
)
def test_the_name_decides_about_the_format_or_the_choice_does(
    viewer: Viewer, name: str, chosen: str, written: str, effective: str
) -> None:
    viewer.say("form", form=filled(viewer, file=name, format=chosen))
    call = viewer.last("call")
    assert call["format"] == effective
    assert f'"{written}"' in call["texts"]["file"]
    assert (".to_excel(" in call["texts"]["file"]) == (effective == "xlsx")
