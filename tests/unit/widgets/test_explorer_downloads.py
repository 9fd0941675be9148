"""What the explorer hands to the browser: a file in chunks."""

import errno
import hashlib
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from support.explorer import press
from support.viewer import Viewer

from classy_nb.errors import ClassyError, InterruptedFetchError, ServerError
from classy_nb.export.checkpoint import Stage
from classy_nb.widgets.explorer import Explorer, downloads, share


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
    monkeypatch.setattr(share, "CHUNK", 1000)
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
    monkeypatch.setattr(downloads, "_PULLED_WITHIN", 0.1)
    viewer.say("download", form=viewer.last("state")["form"])
    viewer.wait_for("dropped")
    viewer.wait_until("status", tone="error")
    assert "was not fetched in time" in viewer.last("status")["text"]


def test_closing_the_panel_removes_the_file(viewer: Viewer, explorer: Explorer) -> None:
    offered(viewer)
    folder = explorer._conversation._share.path.parent
    explorer.close()
    assert not folder.exists()


@pytest.mark.parametrize(
    "error", [InterruptedFetchError("Cancelled."), ServerError("It failed.", status=500)]
)
def test_of_a_download_that_ends_early_nothing_is_kept_and_nothing_else_is_said(
    viewer: Viewer, explorer: Explorer, monkeypatch: pytest.MonkeyPatch, error: ClassyError
) -> None:
    monkeypatch.setattr("classy_nb.client.resource.BATCH_ROWS", 100)
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
        assert (said["text"], said["tone"]) == (str(error), "error")
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
