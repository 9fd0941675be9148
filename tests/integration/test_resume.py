"""Files that were interrupted, killed or out of room: the same call goes on, and the file is the same."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
import time
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd
import pytest
from support.connection import CANARY, CLIENT_ID, connected_to, orgs
from support.ctrl_c import CtrlC
from support.lists import Faults, Listed, rows
from support.server import Asked, Reply, ScriptedServer

import classy_nb as cn
from classy_nb._retry import Retry
from classy_nb.client import _files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from classy_nb.sandbox import Sandbox

PROGRAM = Path(__file__).with_name("resume_program.py")
WAYS = ("to_csv", "to_parquet")
ways = pytest.mark.parametrize("way", WAYS)
SIZE, BATCH = 900, 200
ROWS = [
    {
        **row,
        "purchased_at": "2026-01-31T18:30:00+0000" if row["id"] % 7 else "2026-01-31T18:30:00.5Z",
        "comment": f"Zoë's gift {row['id']}\n",
        "items": [{"id": row["id"]}],
        # A key that the catalog doesn't know, late, with values of two types.
        **({"brand_new": row["id"] / 2 if row["id"] % 2 else row["id"]} if row["id"] > 1_500 else {}),
    }
    for row in rows(SIZE)
]
IDS = [row["id"] for row in ROWS]


class Place(NamedTuple):
    """A server with a list, a connection to it, and where the file goes."""

    server: ScriptedServer
    listed: Listed
    classy: cn.Classy
    target: Path

    @property
    def kept(self) -> int:
        """Rows that the checkpoint counts."""
        found = list(self.target.parent.glob(".*.partial/checkpoint.json"))
        return int(json.loads(found[0].read_text())["rows"]) if found else 0

    @property
    def beside(self) -> list[Path]:
        return [path for path in self.target.parent.iterdir() if path != self.target]

    def write(self, way: str, **asked: Any) -> Any:
        return getattr(self.classy.transactions, way)(self.target, **asked)


def serve(server: ScriptedServer, listed: Listed) -> None:
    def answer(asked: Asked) -> Reply:
        organizations = asked.path.endswith("/organizations")
        return Reply(body=orgs({7: "Helping Hands"})) if organizations else listed.reply(asked)

    server.handler = answer


@pytest.fixture
def place(server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setattr(_files, "BATCH_ROWS", BATCH)
    listed, folder = Listed(ROWS), tmp_path / "files"
    folder.mkdir()
    serve(server, listed)
    with connected_to(server, workers=4) as classy:
        classy._transport._retry = Retry(base=0.01)
        yield Place(server, listed, classy, folder / "gifts")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("undisturbed")
    with ScriptedServer() as server:
        serve(server, Listed(ROWS))
        with connected_to(server, workers=1) as classy:
            return {way: getattr(classy.transactions, way)(folder / way).read_bytes() for way in WAYS}


def going_on(kept: int) -> Any:
    """Expect to be told of rows of an earlier call, where there are any."""
    words = f"^Going on with {kept} rows that were fetched from .* UTC on; what changed since then"
    return pytest.warns(cn.DataWarning, match=words) if kept else nullcontext()


def dropping(kept: int) -> Any:
    """Expect to be told that rows of another question are gone."""
    words = f"^{kept} rows that were fetched from .* on answer another question .* and were dropped: all is "
    return pytest.warns(cn.DataWarning, match=words)


def wait_for_quiet(listed: Listed) -> None:
    """Let the server read what a killed process had sent."""
    seen = -1
    while seen != (seen := len(listed.asked)):
        time.sleep(0.25)


def assert_goes_on(place: Place, way: str, undisturbed: dict[str, bytes], kept: int) -> None:
    """Assert that the same call asks for nothing that is there, and makes the same file."""
    wait_for_quiet(place.listed)
    serve(place.server, place.listed)
    place.listed.faults.fail.clear()
    place.listed.asked.clear()
    with going_on(kept):
        assert place.write(way) == place.target
    assert place.target.read_bytes() == undisturbed[way]
    assert place.beside == []
    asked = [one.get("filter") for one in place.listed.asked]
    if kept:
        # Whether there are more by now than had come, and what there is behind them.
        assert asked[:2] == [f"id<={IDS[kept - 1]}", f"id>{IDS[kept - 1]}"]
        assert all(int(one.removeprefix("id>")) >= IDS[kept - 1] for one in asked[1:])
    else:
        assert asked[0] is None
    assert len(asked) <= -(-(SIZE - kept) // 100) + 12


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
    [("to_csv", 1, 0), ("to_parquet", 4, 1), ("to_csv", 5, 2), ("to_parquet", 0, None)],
    ids=["first batch", "second checkpoint", "third batch", "the file itself"],
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
        f"Stopped: {kept:,} rows are kept beside {place.target}; the same call goes on from there."
    )
    assert [t.name for t in threading.enumerate() if t.name.startswith("classy_nb-")] == []
    assert_goes_on(place, way, undisturbed, kept)


@ways
def test_an_error_in_the_middle_keeps_what_has_come(
    place: Place, undisturbed: dict[str, bytes], way: str
) -> None:
    place.classy._fetcher._workers = 1
    place.listed.faults.fail[9] = cn.BadRequestError("no", status=400)
    with pytest.raises(cn.BadRequestError) as caught:
        place.write(way)
    assert place.kept == 800
    assert caught.value.__notes__ == [
        f"800 rows are kept beside {place.target}; the same call goes on from there."
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


ANOTHER = {
    "conditions": {"where": "status = success"},
    "columns": {"fields": "status"},
    "parent": {"campaign": 5},
    "first": {"limit": 450},
}


@pytest.mark.parametrize("changed", ANOTHER.values(), ids=ANOTHER.keys())
def test_another_question_begins_anew(place: Place, changed: dict[str, Any]) -> None:
    place.classy._fetcher._workers = 1
    place.listed.faults.fail[9] = cn.BadRequestError("no", status=400)
    with pytest.raises(cn.BadRequestError):
        place.write("to_csv")
    assert place.kept == 800
    place.listed.asked.clear()
    with dropping(800):
        place.write("to_csv", **changed)
    assert "id>" not in place.listed.asked[0].get("filter", "")
    ids = pd.read_csv(place.target, low_memory=False)["id"].tolist()
    expected = [row["id"] for row in ROWS if "where" not in changed or row["status"] == "success"]
    assert ids == expected[: changed.get("limit")]
    assert place.beside == []


def test_another_zone_begins_anew(place: Place) -> None:
    place.classy._fetcher._workers = 1
    place.listed.faults.fail[4] = cn.BadRequestError("no", status=400)
    with pytest.raises(cn.BadRequestError):
        place.write("to_csv")
    assert place.kept > 0
    before = len(place.listed.asked)
    with (
        connected_to(place.server, workers=1, timezone="America/Los_Angeles") as classy,
        dropping(place.kept),
    ):
        classy.transactions.to_csv(place.target)
    assert "filter" not in place.listed.asked[before]
    assert pd.read_csv(place.target, low_memory=False)["purchased_at"][0] == "2026-01-31T10:30:00-08:00"


@ways
@pytest.mark.parametrize(
    "asked", [{"limit": 450}, {"limit": 450, "sort": "fees_amount:desc"}], ids=["first", "top"]
)
def test_what_cannot_be_gone_on_with_begins_anew_and_leaves_nothing(
    place: Place, way: str, asked: dict[str, Any]
) -> None:
    # Twice: a sort that is refused is tried in another way.
    place.listed.faults.fail.update(dict.fromkeys((3, 4), cn.BadRequestError("no", status=400)))
    with pytest.raises(cn.BadRequestError) as caught:
        place.write(way, **asked)
    assert not hasattr(caught.value, "__notes__")
    assert place.beside == []
    place.listed.faults.fail.clear()
    place.listed.asked.clear()
    place.write(way, **asked)
    assert "filter" not in place.listed.asked[0]
    read = pd.read_csv(place.target) if way == "to_csv" else pd.read_parquet(place.target)
    assert len(read) == 450
    assert place.beside == []


@pytest.mark.parametrize("sort", ["works", "ignored"])
def test_a_server_that_refuses_the_key(place: Place, sort: str) -> None:
    """Then nothing can be gone on behind but what is in order all the same."""
    place.listed.rows = ROWS[::-1]
    place.listed.faults = Faults(key_filter="400", sort=sort)
    place.write("to_csv")
    ids = pd.read_csv(place.target, low_memory=False)["id"].tolist()
    assert sorted(ids) == IDS
    assert place.beside == []


def test_a_folder_that_goes_away_in_the_middle(place: Place) -> None:
    def progress(rows: int, total: int | None, note: str) -> None:
        if rows > 500:
            shutil.rmtree(place.target.parent, ignore_errors=True)

    with pytest.raises(cn.ExportError, match="the folder does not exist"):
        place.write("to_csv", progress=progress)
    assert not place.target.parent.exists()


@pytest.mark.parametrize("name", ["nowhere/gifts.csv", "gifts.csv/gifts.csv", ""])
def test_a_place_that_cannot_be_written_costs_no_request(place: Place, name: str) -> None:
    (place.target.parent / "gifts.csv").touch()
    before = len(place.server.asked)
    for way in WAYS:
        with pytest.raises(cn.ExportError):
            getattr(place.classy.transactions, way)(place.target.parent / name)
    assert len(place.server.asked) == before


@ways
@pytest.mark.parametrize("number", [0, 1, BATCH])
def test_small_lists(place: Place, way: str, number: int) -> None:
    place.listed.rows = ROWS[:number]
    place.write(way)
    read = pd.read_csv(place.target) if way == "to_csv" else pd.read_parquet(place.target)
    assert read["id"].tolist() == IDS[:number]
    assert list(read.columns[:90]) == list(place.classy.transactions(limit=1).columns[:90])
    assert place.beside == []


def test_gifts_that_come_meanwhile_are_in_the_file(
    own_box: Sandbox, connecting: Callable[..., cn.Classy], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(_files, "BATCH_ROWS", 100)
    target = tmp_path / "gifts.csv"
    with connecting(own_box, workers=1) as classy:
        own_box.faults.then("ok", "ok", "cloudflare")
        with pytest.raises(cn.BlockedError, match=r"(?s).*"):
            classy.transactions.to_csv(target)
        new = own_box.insert_transactions(3)
        own_box.reset_log()
        with pytest.warns(cn.DataWarning, match="^Going on with 200 rows"):
            classy.transactions.to_csv(target)
    ids = pd.read_csv(target, low_memory=False)["id"].tolist()
    assert ids == [record["id"] for record in own_box.truth("transactions")]
    assert ids[-3:] == new
    assert f"id%3C%3D{ids[199]}" in own_box.requests[0].query
    assert f"id%3E{ids[199]}" in own_box.requests[1].query
