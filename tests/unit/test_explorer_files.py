"""What the explorer writes and hands over: CSV files, downloads in chunks, variables."""

import errno
import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from support.lists import Listed, rows
from support.server import ScriptedServer
from support.viewer import Viewer

from classy_nb.client import Classy
from classy_nb.errors import ClassyError, InterruptedFetchError, ServerError
from classy_nb.export._atomic import AtomicFile
from classy_nb.export._stage import Stage
from classy_nb.panel._words import words
from classy_nb.panel.explorer import Explorer, _actions, _job, _notebook, _share


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch, connected: Classy) -> dict[str, Any]:
    """The variables of a notebook, in which the connection is called ``raiser``."""
    variables: dict[str, Any] = {"_": connected, "raiser": connected}
    monkeypatch.setattr(_notebook, "variables", lambda: variables)
    return variables


@pytest.fixture
def explorer(
    connected: Classy, server: ScriptedServer, notebook: dict[str, Any], tmp_path: Path, monkeypatch: Any
) -> Iterator[Explorer]:
    server.handler = Listed(rows(250)).reply
    monkeypatch.chdir(tmp_path)
    panel = connected.explore()
    yield panel
    panel.close()


def press(viewer: Viewer, action: str, *, replace: bool = False, **changes: Any) -> dict[str, Any]:
    """Press a button and wait for what is said in the end."""
    viewer.say(action, form={**viewer.last("state")["form"], **changes}, replace=replace)
    return viewer.wait_for_end()


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
    assert said["question"] == {"action": "save", "yes": "Replace the file"}
    assert viewer.of("job") == []
    viewer.say("keep")
    assert viewer.last("status")["text"] == "Nothing was replaced."
    assert viewer.last("status")["question"] is None
    assert file.read_text() == "mine"
    press(viewer, "save", replace=True, file="gifts")
    assert len(file.read_text().splitlines()) == 251


@pytest.mark.parametrize("name", ["a\nb.csv", "folder/", "..", "\0"])
def test_names_of_files_are_checked(viewer: Viewer, tmp_path: Path, name: str) -> None:
    assert press(viewer, "save", file=name)["text"] == "Give the file a name, such as gifts.csv."
    assert viewer.last("problem")["field"] == "file"
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written_is_said(viewer: Viewer, tmp_path: Path) -> None:
    said = press(viewer, "save", file="nowhere/gifts.csv")
    assert said["tone"] == "error"
    assert "the folder does not exist. Make the folder first." in said["text"]
    said = press(viewer, "save", file="x" * 300)
    assert "the name is too long. Choose a shorter one." in said["text"]
    assert list(tmp_path.iterdir()) == []


def test_a_frame_gets_a_name(viewer: Viewer, explorer: Explorer, notebook: dict[str, Any]) -> None:
    said = press(viewer, "variable")
    assert said["text"].startswith("The variable gifts holds 250 rows, ")
    assert notebook["gifts"] is explorer.frame
    assert len(notebook["gifts"]) == 250
    assert viewer.last("call")["text"] == "gifts = raiser.transactions()"
    said = press(viewer, "variable")  # our own earlier one is no loss
    assert said["question"] is None


def test_another_variable_is_replaced_only_when_told_so(viewer: Viewer, notebook: dict[str, Any]) -> None:
    notebook["mine"] = [1, 2]
    said = press(viewer, "variable", variable="mine")
    assert said["text"] == "mine exists already (a list). Replace it?"
    assert said["question"] == {"action": "variable", "yes": "Replace the variable"}
    assert notebook["mine"] == [1, 2]
    press(viewer, "variable", replace=True, variable="mine")
    assert len(notebook["mine"]) == 250


@pytest.mark.parametrize(
    ("name", "words"),
    [("my gifts", "no name for a variable"), ("raiser", "is the connection"), ("list", "a meaning")],
)
def test_names_of_variables_are_checked(
    viewer: Viewer, notebook: dict[str, Any], name: str, words: str
) -> None:
    before = dict(notebook)
    said = press(viewer, "variable", variable=name)
    assert words in said["text"]
    assert viewer.last("problem")["field"] == "variable"
    assert notebook == before
    assert viewer.last("call")["text"] == ""


def test_without_ipython_the_explorer_keeps_the_frame(
    viewer: Viewer, explorer: Explorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_notebook, "variables", lambda: None)
    assert "the explorer's attribute frame" in press(viewer, "variable")["text"]
    assert explorer.frame is not None
    assert len(explorer.frame) == 250
    assert explorer.call == "gifts = classy.transactions()"


def test_the_variables_are_those_of_the_notebook() -> None:
    from IPython.core.interactiveshell import InteractiveShell

    assert _notebook.variables() is None
    shell = InteractiveShell.instance()
    try:
        shell.user_ns["thing"] = thing = object()
        assert _notebook.variables() is shell.user_ns
        assert _notebook.name_of(thing, "otherwise") == "thing"
        assert _notebook.name_of(object(), "otherwise") == "otherwise"
    finally:
        shell.reset()
        InteractiveShell.clear_instance()
    assert _notebook.name_of(object(), "otherwise") == "otherwise"


def offered(viewer: Viewer, **changes: Any) -> dict[str, Any]:
    viewer.say("download", form={**viewer.last("state")["form"], **changes})
    return viewer.wait_for("offer")


def pulled(viewer: Viewer, offer: dict[str, Any]) -> bytes:
    """Fetch all of it as the browser does."""
    received = b""
    while len(received) < offer["size"]:
        viewer.say("pull", ticket=offer["ticket"], offset=len(received))
        message, [piece] = next(pair for pair in reversed(viewer.told) if pair[0]["kind"] == "piece")
        assert (message["offset"], message["ticket"], message["view"]) == (
            len(received),
            offer["ticket"],
            "view-1",
        )
        received += piece
    return received


def test_a_download_comes_in_chunks_and_is_the_same_file(
    viewer: Viewer, explorer: Explorer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_share, "CHUNK", 1000)
    offer = offered(viewer, file="some/where/mine.csv")
    assert offer["name"] == "mine.csv"
    assert offer["view"] == "view-1"
    assert viewer.last("job") == {
        "kind": "job",
        "running": True,
        "label": "Downloading",
        "ticket": offer["ticket"],
    }
    folder = explorer._conversation._share.path.parent
    assert folder.stat().st_mode & 0o077 == 0
    content = pulled(viewer, offer)
    assert len(viewer.of("piece")) == -(-offer["size"] // 1000)
    assert hashlib.sha256(content).hexdigest() == offer["sha256"]
    press(viewer, "save", file="same.csv")
    assert (tmp_path / "same.csv").read_bytes() == content
    assert not folder.exists()  # the next job drops it


def test_the_checksum_decides(viewer: Viewer, explorer: Explorer, tmp_path: Path) -> None:
    for intact, tone, said_of_it in ((True, "done", "its checksum is right"), (False, "error", "try again")):
        viewer.told.clear()
        viewer.say("hello")
        offer = offered(viewer)
        folder = explorer._conversation._share.path.parent
        viewer.say("received", ticket="another", intact=True)
        assert folder.exists()
        viewer.say("received", ticket=offer["ticket"], intact=intact)
        said = viewer.last("status")
        assert (said["tone"], said_of_it in said["text"]) == (tone, True)
        assert viewer.last("job")["running"] is False
        assert not folder.exists()
    assert list(tmp_path.iterdir()) == []


def test_only_what_was_offered_is_handed_out(viewer: Viewer) -> None:
    offer = offered(viewer)
    for ticket, offset in (("another", 0), (offer["ticket"], -1), (offer["ticket"], offer["size"] + 1)):
        viewer.say("pull", ticket=ticket, offset=offset)
        assert viewer.last("dropped")["ticket"] == ticket
    assert viewer.of("piece") == []
    assert len(pulled(viewer, offer)) == offer["size"]


def test_a_download_can_be_cancelled_on_its_way(viewer: Viewer, explorer: Explorer) -> None:
    offer = offered(viewer)
    folder = explorer._conversation._share.path.parent
    viewer.say("cancel")
    assert viewer.last("dropped")["ticket"] == offer["ticket"]
    assert viewer.last("status")["text"] == "Cancelled; nothing was kept."
    assert viewer.last("job")["running"] is False
    assert not folder.exists()


def test_a_download_that_nobody_fetches_is_dropped(
    viewer: Viewer, explorer: Explorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_actions, "_PULLED_WITHIN", 0.1)
    viewer.say("download", form=viewer.last("state")["form"])
    viewer.wait_for("dropped")
    viewer.wait_until("status", tone="error")
    assert "the page that asked for it is gone" in viewer.last("status")["text"]


def test_closing_the_panel_removes_the_file(viewer: Viewer, explorer: Explorer) -> None:
    offered(viewer)
    folder = explorer._conversation._share.path.parent
    explorer.close()
    assert not folder.exists()


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
    monkeypatch.setattr(_job, "_PATIENCE", 0.1)
    viewer.say("save", form={**viewer.last("state")["form"], "file": str(file)}, replace=True)
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
    monkeypatch.setattr(_job, "_PATIENCE", 0.1)
    viewer.say("save", form={**viewer.last("state")["form"], "file": str(file)})
    assert reached.wait(20)
    viewer.say("cancel")
    viewer.wait_until("status", text="Cancelled.")
    release.set()
    said = viewer.wait_until("status", tone="done")["text"]
    assert said.startswith("It was too late to cancel. Saved 250 rows (")
    assert said.endswith(f" as {file}")
    assert (len(file.read_text().splitlines()), explorer.file) == (251, file)


@pytest.mark.parametrize(
    "error", [InterruptedFetchError("Cancelled."), ServerError("It failed.", status=500)]
)
def test_of_a_download_that_ends_early_nothing_is_kept_and_nothing_else_is_said(
    viewer: Viewer, explorer: Explorer, monkeypatch: pytest.MonkeyPatch, error: ClassyError
) -> None:
    monkeypatch.setattr("classy_nb.client._files.BATCH_ROWS", 100)
    add, folders = Stage.add, []

    def then_break(stage: Stage, frame: pd.DataFrame) -> None:
        add(stage, frame)
        folders.append(stage.folder.parent)
        raise error

    monkeypatch.setattr(Stage, "add", then_break)
    said = press(viewer, "download")
    if isinstance(error, InterruptedFetchError):
        assert (said["text"], said["tone"]) == ("Cancelled; nothing was kept.", "")
    else:
        assert (said["text"], said["tone"]) == (words(error), "error")
    assert [folder.exists() for folder in folders] == [False]


def test_a_download_that_finds_no_room_names_no_folder_of_ours(
    viewer: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(Stage, "add", full)
    said = press(viewer, "download", file="mine.csv")
    assert said["text"] == (
        "mine.csv could not be written: the disk is full. Make room, or write to another disk."
    )
