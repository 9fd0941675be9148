"""Downloads: a file that the browser fetches in chunks."""

import gzip
import hashlib
import io
import threading
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from support import threads
from support.explorer import press
from support.viewer import Viewer

from classy_nb.client import Classy, Resource
from classy_nb.errors import (
    ClassyError,
    ExportError,
    InterruptedFetchError,
    ServerError,
    UnexpectedAnswerError,
)
from classy_nb.widgets.explorer import Explorer, downloads, jobs


def folder_of(explorer: Explorer) -> Path:
    """Return the folder of the current download."""
    download = explorer._controller._downloads.current
    assert download is not None
    return download.path.parent


def offered(viewer: Viewer, **changes: Any) -> dict[str, Any]:
    viewer.say("download", form={**viewer.last("state")["form"], **changes})
    return viewer.wait_for("offer")


def pulled(viewer: Viewer, offer: dict[str, Any]) -> bytes:
    """Fetch the whole file as the browser does."""
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


def test_a_download_comes_in_chunks_and_is_the_file_that_save_writes(
    viewer: Viewer, explorer: Explorer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "CHUNK", 1000)
    offer = offered(viewer, file="some/where/mine.csv")
    assert offer["name"] == "mine.csv"
    assert offer["view"] == "view-1"
    assert viewer.last("job") == {
        "kind": "job",
        "running": True,
        "label": "Downloading",
        "ticket": offer["ticket"],
    }
    folder = folder_of(explorer)
    assert folder.stat().st_mode & 0o077 == 0
    content = pulled(viewer, offer)
    assert len(viewer.of("piece")) == -(-offer["size"] // 1000)
    assert hashlib.sha256(content).hexdigest() == offer["sha256"]
    press(viewer, "save", file="same.csv")
    assert (tmp_path / "same.csv").read_bytes() == content
    assert not folder.exists()  # the next job drops it


def test_the_browser_says_whether_the_file_is_intact(
    viewer: Viewer, explorer: Explorer, tmp_path: Path
) -> None:
    for intact, checksum, tone, text in (
        (True, True, "done", "its checksum is right"),
        (True, False, "done", "its length is right"),
        (False, True, "error", "try again"),
    ):
        viewer.told.clear()
        viewer.say("hello")
        offer = offered(viewer)
        folder = folder_of(explorer)
        viewer.say("received", ticket="another", intact=True)
        assert folder.exists()
        viewer.say("received", ticket=offer["ticket"], intact=intact, checksum=checksum)
        said = viewer.last("status")
        assert (said["tone"], text in said["text"]) == (tone, True)
        assert viewer.last("job")["running"] is False
        assert not folder.exists()
    assert list(tmp_path.iterdir()) == []


def test_only_the_offered_file_is_sent(viewer: Viewer) -> None:
    offer = offered(viewer)
    for ticket, offset in (("another", 0), (offer["ticket"], -1), (offer["ticket"], offer["size"] + 1)):
        viewer.say("pull", ticket=ticket, offset=offset)
        assert viewer.last("dropped")["ticket"] == ticket
    assert viewer.of("piece") == []
    assert len(pulled(viewer, offer)) == offer["size"]


def test_a_download_can_be_cancelled_under_way(viewer: Viewer, explorer: Explorer) -> None:
    offer = offered(viewer)
    folder = folder_of(explorer)
    viewer.say("cancel")
    assert viewer.last("dropped")["ticket"] == offer["ticket"]
    assert viewer.last("status")["text"] == "Cancelled; nothing was kept."
    assert viewer.last("job")["running"] is False
    assert not folder.exists()


def test_a_download_that_nobody_fetches_is_dropped(
    viewer: Viewer, explorer: Explorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "EXPIRES_AFTER", 0.1)
    viewer.say("download", form=viewer.last("state")["form"])
    viewer.wait_for("dropped")
    viewer.wait_until("status", tone="error")
    assert "was not fetched in time" in viewer.last("status")["text"]


def test_closing_the_explorer_deletes_the_file(viewer: Viewer, explorer: Explorer) -> None:
    offered(viewer)
    folder = folder_of(explorer)
    explorer.close()
    assert not folder.exists()


class Broken:
    """Stands in for ``to_csv``: writes a part of the file, then fails."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.folders: list[Path] = []

    def __call__(self, path: Path, **_: Any) -> Path:
        self.folders.append(path.parent)
        (path.parent / "part").write_text("1")
        raise self.error


@pytest.mark.parametrize(
    "error",
    [
        InterruptedFetchError("Cancelled."),
        ServerError("It failed.", status=500),
        UnexpectedAnswerError("It is not JSON.", status=200),
    ],
)
def test_a_download_that_fails_leaves_nothing_behind(
    viewer: Viewer, connected: Classy, monkeypatch: pytest.MonkeyPatch, error: ClassyError
) -> None:
    broken = Broken(error)
    for_a_report = getattr(error, "__notes__", [])[:]
    error.add_note("1 row is kept; the same call continues from there.")
    monkeypatch.setattr(Resource, "to_csv", lambda _, *given, **options: broken(*given, **options))
    said = press(viewer, "download")
    if isinstance(error, InterruptedFetchError):
        assert (said["text"], said["tone"]) == ("Cancelled; nothing was kept.", "")
    else:
        assert (said["text"], said["tone"]) == (" ".join([str(error), *for_a_report]), "error")
    assert [folder.exists() for folder in broken.folders] == [False]
    assert viewer.last("job")["running"] is False


def test_a_download_that_finds_no_room_does_not_name_our_folder(
    viewer: Viewer, connected: Classy, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, **_: Any) -> Path:
        raise ExportError(f"{path} could not be written: the disk is full.", advice="Make room.")

    monkeypatch.setattr(Resource, "to_csv", lambda _, *given, **options: full(*given, **options))
    said = press(viewer, "download", file="mine.csv")
    assert said["text"] == "mine.csv could not be written: the disk is full. Make room."


def test_an_abandoned_download_deletes_its_file_when_it_ends(
    viewer: Viewer, connected: Classy, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached, release, folders = threading.Event(), threading.Event(), []

    def slow(path: Path, **_: Any) -> Path:
        folders.append(path.parent)
        reached.set()
        assert release.wait(20)
        path.parent.mkdir(exist_ok=True)  # the worst case: it writes after the folder was removed
        path.write_text("id")
        return path

    monkeypatch.setattr(jobs, "GRACE", 0.1)
    monkeypatch.setattr(Resource, "to_csv", lambda _, *given, **options: slow(*given, **options))
    viewer.say("download", form=viewer.last("state")["form"])
    assert reached.wait(20)
    viewer.say("cancel")
    viewer.wait_until("status", text="Cancelled.")
    release.set()
    threads.wait_for_none()
    assert [folder.exists() for folder in folders] == [False]
    assert viewer.of("offer") == []


@pytest.mark.edge(17)
def test_a_download_is_compressed_if_its_name_says_so(viewer: Viewer) -> None:
    offer = offered(viewer, file="mine.csv.gz")
    assert offer["name"] == "mine.csv.gz"
    assert gzip.decompress(pulled(viewer, offer)).startswith(b"\xef\xbb\xbfid,")


def test_a_workbook_is_offered_like_any_file(viewer: Viewer) -> None:
    offer = offered(viewer, file="mine", format="xlsx")
    assert offer["name"] == "mine.xlsx"
    content = pulled(viewer, offer)
    assert openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]["A1"].value == "id"
