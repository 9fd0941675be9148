"""Files that were interrupted, killed or out of room: the same call goes on, and the file is the same."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest
from support.connection import CANARY, CLIENT_ID
from support.ctrl_c import CtrlC
from support.resuming import BATCH, PROGRAM, SIZE, Place, assert_goes_on, ways
from support.threads import wait_for_none

import classy_nb as cn

if TYPE_CHECKING:
    from support.server import Asked, Reply


def run(place: Place, way: str, **more: int) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, str(PROGRAM)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    keywords = {
        "client_id": CLIENT_ID,
        "client_secret": CANARY,
        "base_url": place.server.base_url,
        "token_url": place.server.token_url,
        "workers": 4,
    }
    asked = {"way": way, "target": str(place.target), "connect": keywords, **more}
    process.stdin.write(json.dumps(asked) + "\n")
    process.stdin.flush()
    return process


@pytest.mark.parametrize(
    ("way", "stop_at", "batches"),
    [("to_csv", 1, 0), ("to_parquet", 3, 1), ("to_csv", 4, 2), ("to_parquet", 0, None)],
    ids=["question", "second part", "third part", "the file itself"],
)
def test_trap_20_a_file_is_gone_on_with_after_kill_9(
    place: Place, undisturbed: dict[str, bytes], way: str, stop_at: int, batches: int | None
) -> None:
    place.target.write_text("older")
    process = run(place, way, stop_at=stop_at)
    assert process.stdout is not None
    assert process.stdout.readline() == "here\n"
    process.kill()
    process.communicate()
    assert place.target.read_text() == "older"
    kept = place.kept
    assert kept == SIZE if batches is None else batches * BATCH <= kept < SIZE
    assert kept > 0 or batches == 0
    assert_goes_on(place, way, undisturbed, kept)


def test_files_may_not_grow(place: Place, undisturbed: dict[str, bytes]) -> None:
    """A limit that the system itself enforces: for the file here, for the batches below."""
    place.target.write_text("older")
    process = run(place, "to_csv", most_bytes=len(undisturbed["to_csv"]) - 1)
    told, _ = process.communicate(timeout=60)
    assert process.returncode == 7, told
    assert "gifts could not be written: the file is larger than your system allows" in told
    assert place.target.read_text() == "older"
    assert place.kept == SIZE
    assert list(place.target.parent.glob("**/*.tmp")) == []


def test_batches_may_not_grow(place: Place) -> None:
    process = run(place, "to_parquet", most_bytes=2_000)
    told, _ = process.communicate(timeout=60)
    assert process.returncode == 7, told
    assert "larger than your system allows" in told
    assert list(place.target.parent.iterdir()) == []


def folder_of(place: Place) -> object:
    return place.target.with_name(f".{place.target.name}.partial")


@ways
def test_stopped_by_ctrl_c(place: Place, undisturbed: dict[str, bytes], way: str) -> None:
    release = threading.Event()

    def hold(asked: Asked) -> Reply:
        reply = place.listed.reply(asked)
        if len(place.listed.asked) > 9:
            reply.delay = release
        return reply

    def far_enough() -> bool:
        return place.kept > 0 and len(place.listed.asked) > 9

    place.server.handler = hold
    try:
        with (
            CtrlC(far_enough) as pressed,
            pytest.raises(cn.InterruptedFetchError, match="rows are kept beside") as caught,
        ):
            place.write(way)
        assert time.monotonic() - pressed.at < 2
    finally:
        release.set()
    kept = place.kept
    assert str(caught.value) == (
        f"Stopped: {kept:,} rows are kept beside {place.target}; the same call resumes there. "
        f"They are in {folder_of(place)} and serve for a day: to start over, delete that folder."
    )
    wait_for_none()
    assert_goes_on(place, way, undisturbed, kept)


@ways
def test_an_error_in_the_middle_keeps_what_has_come(
    place: Place, undisturbed: dict[str, bytes], way: str
) -> None:
    place.classy._session.fetcher._workers = 1
    place.listed.faults.fail[9] = cn.BadRequestError("no", status=400)
    with pytest.raises(cn.BadRequestError) as caught:
        place.write(way)
    assert place.kept == 800
    assert caught.value.__notes__ == [
        (
            f"800 rows are kept beside {place.target}; the same call resumes there. "
            f"They are in {folder_of(place)} and serve for a day: to start over, delete that folder."
        )
    ]
    assert_goes_on(place, way, undisturbed, 800)


@ways
def test_a_progress_function_that_raises(place: Place, undisturbed: dict[str, bytes], way: str) -> None:
    def cancel(rows: int, total: int | None, note: str) -> None:
        if place.kept:
            raise cn.InterruptedFetchError("Cancelled.")

    with pytest.raises(cn.InterruptedFetchError, match="rows are kept beside"):
        place.write(way, progress=cancel)
    assert_goes_on(place, way, undisturbed, place.kept)
