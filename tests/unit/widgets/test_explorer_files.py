"""CSV files that the explorer writes."""

import os
import threading
from pathlib import Path

import pandas as pd
import pytest
from support.explorer import press
from support.viewer import Viewer

from classy_nb.export.atomic import AtomicFile
from classy_nb.export.checkpoint import Stage
from classy_nb.widgets.explorer import Explorer, jobs
from classy_nb.widgets.explorer.files import file_path
from classy_nb.widgets.explorer.form import FormError


def test_a_file_is_saved_under_the_day_s_name(viewer: Viewer, explorer: Explorer, tmp_path: Path) -> None:
    said = press(viewer, "save", where=[["status", "=", "success"]])
    [file] = tmp_path.iterdir()
    assert file.name == viewer.last("call")["file"]
    assert said["tone"] == "done"
    assert said["text"].startswith("Saved 125 rows (")
    assert said["text"].endswith(f" as {file}")
    assert explorer.file == file
    assert pd.read_csv(file)["status"].unique().tolist() == ["success"]


def test_a_file_that_exists_is_replaced_only_when_told_so(viewer: Viewer, tmp_path: Path) -> None:
    file = tmp_path / "gifts.csv"
    file.write_text("mine")
    said = press(viewer, "save", file="gifts")
    assert said["text"].startswith(f"{file} exists (4 bytes, changed ")
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


def test_only_the_file_that_was_asked_about_is_replaced(viewer: Viewer, tmp_path: Path) -> None:
    file, other = tmp_path / "gifts.csv", tmp_path / "other.csv"
    for one in (file, other):
        one.write_text("mine")
    assert press(viewer, "save", file="gifts.csv", replace=str(file))["question"]  # nobody was asked yet
    for answer in (str(file), str(other)):
        press(viewer, "save", file="gifts.csv")
        said = press(viewer, "save", file="other.csv", replace=answer)
        assert said["text"].startswith(f"{other} exists (4 bytes, ")
        assert said["question"]["about"] == str(other)
    press(viewer, "save", file="gifts.csv")
    file.write_text("changed meanwhile")
    assert "(17 bytes, " in press(viewer, "save", file="gifts.csv", replace=str(file))["text"]
    assert (file.read_text(), other.read_text()) == ("changed meanwhile", "mine")
    assert viewer.of("job") == []


@pytest.mark.parametrize("name", ["a\nb.csv", "folder/", "..", "\0"])
def test_names_of_files_are_checked(viewer: Viewer, tmp_path: Path, name: str) -> None:
    assert press(viewer, "save", file=name)["text"] == "Give the file a name, such as gifts.csv."
    assert viewer.last("problem")["field"] == "file"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("gifts", "gifts.csv"),
        ("gifts.TSV", "gifts.TSV"),
        ("gifts.xlsx", "gifts.xlsx.csv"),
        ("gifts.2026", "gifts.2026.csv"),
        ("../b/./gifts.csv", "../b/gifts.csv"),
    ],
)
def test_a_file_ends_as_what_it_is(tmp_path: Path, name: str, written: str) -> None:
    assert file_path(f"{tmp_path}/a/{name}") == Path(os.path.normpath(f"{tmp_path}/a/{written}"))


def test_a_folder_and_nobodys_home_are_refused(tmp_path: Path) -> None:
    (tmp_path / "all.csv").mkdir()
    with pytest.raises(FormError, match=r"all\.csv is a folder: give the file another name"):
        file_path(f"{tmp_path}/all.csv")
    with pytest.raises(FormError, match="There is no folder of a user ~nobody-at-all"):
        file_path("~nobody-at-all/gifts.csv")


def test_a_file_that_cannot_be_written_is_said(viewer: Viewer, tmp_path: Path) -> None:
    said = press(viewer, "save", file="nowhere/gifts.csv")
    assert said["tone"] == "error"
    assert "the folder does not exist. Make the folder first." in said["text"]
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_the_disk_cannot_hold_is_said_at_its_field(viewer: Viewer, tmp_path: Path) -> None:
    long = {**viewer.last("state")["form"], "file": "x" * 300}
    viewer.say("form", form=long)  # while it is typed: the rest of the form goes on
    assert viewer.last("call")["texts"]["frame"].endswith(".transactions()")
    assert "csv" not in viewer.last("call")["texts"]
    assert viewer.of("problem") == []
    viewer.say("hello")
    assert viewer.last("state")["form"]["file"] == "x" * 300
    said = press(viewer, "save", file="x" * 300)
    assert "the name is too long. Choose a shorter one." in said["text"]
    assert viewer.last("problem")["field"] == "file"
    assert list(tmp_path.iterdir()) == []


def test_what_was_cancelled_before_it_had_its_name_is_not_saved(
    viewer: Viewer, explorer: Explorer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "gifts.csv"
    file.write_text("mine")
    commit, reached, release = AtomicFile.commit, threading.Event(), threading.Event()

    def held(draft: AtomicFile) -> None:
        reached.set()
        assert release.wait(20)
        commit(draft)

    monkeypatch.setattr(AtomicFile, "commit", held)
    monkeypatch.setattr(jobs, "_PATIENCE", 0.1)
    press(viewer, "save", file=str(file))
    viewer.say("save", form={**viewer.last("state")["form"], "file": str(file)}, replace=str(file))
    assert reached.wait(20)
    job = explorer._conversation._job
    assert job is not None
    viewer.say("cancel")
    viewer.wait_until("status", text="Cancelled.")
    release.set()
    assert job.join(20)
    kept = f"Stopped: 250 rows are kept beside {file}; the same call goes on from there."
    assert viewer.last("status")["text"] == kept
    assert (file.read_text(), explorer.file) == ("mine", None)


def test_what_was_cancelled_too_late_is_said_to_be_saved(
    viewer: Viewer, explorer: Explorer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "gifts.csv"
    close, reached, release = Stage.close, threading.Event(), threading.Event()

    def held(stage: Stage, *, keep: bool) -> None:
        reached.set()
        assert release.wait(20)
        close(stage, keep=keep)

    monkeypatch.setattr(Stage, "close", held)
    monkeypatch.setattr(jobs, "_PATIENCE", 0.1)
    viewer.say("save", form={**viewer.last("state")["form"], "file": str(file)})
    assert reached.wait(20)
    viewer.say("cancel")
    viewer.wait_until("status", text="Cancelled.")
    release.set()
    said = viewer.wait_until("status", tone="done")["text"]
    assert said.startswith("It was too late to cancel. Saved 250 rows (")
    assert said.endswith(f" as {file}")
    assert (len(file.read_text().splitlines()), explorer.file) == (251, file)
