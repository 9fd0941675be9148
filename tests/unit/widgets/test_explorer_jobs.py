"""The explorer's jobs: in the background, one at a time, cancelled within a second."""

import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from support import threads
from support.connection import connected_to, orgs
from support.lists import Listed, rows
from support.server import Asked, Reply, ScriptedServer
from support.viewer import Viewer

from classy_nb.client import Classy
from classy_nb.widgets.explorer import Explorer, conversation, desk, jobs
from classy_nb.widgets.explorer import notebook as notebook_module
from classy_nb.widgets.explorer.jobs import Job

ROWS = 1000


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The variables of a notebook."""
    variables: dict[str, Any] = {}
    monkeypatch.setattr(notebook_module, "variables", lambda: variables)
    return variables


@pytest.fixture
def explorer(connected: Classy, notebook: dict[str, Any]) -> Iterator[Explorer]:
    panel = connected.explore()
    yield panel
    panel.close()


class Silent:
    """A list that answers a few times and then says nothing until it is released."""

    def __init__(self, server: ScriptedServer, answers: int) -> None:
        self.listed = Listed(rows(ROWS))
        self.reached, self.release = threading.Event(), threading.Event()
        self._answers = answers
        server.handler = self._answer

    def _answer(self, asked: Asked) -> Reply:
        reply = self.listed.reply(asked)
        if len(self.listed.asked) > self._answers:
            reply.delay = self.release
            self.reached.set()
        return reply


@pytest.fixture
def silent(server: ScriptedServer) -> Iterator[Any]:
    made: list[Silent] = []

    def make(answers: int) -> Silent:
        made.append(Silent(server, answers))
        return made[-1]

    yield make
    for one in made:
        one.release.set()


def form(viewer: Viewer, **changes: Any) -> dict[str, Any]:
    return {**viewer.last("state")["form"], **changes}


def cancelled(viewer: Viewer) -> dict[str, Any]:
    """Cancel, and return what is said in the end."""
    viewer.say("cancel")
    return viewer.wait_for_end()


@pytest.mark.parametrize(
    "case",
    [
        ("preview", 0),
        ("count", 0),
        ("count", 3),
        ("variable", 0),
        ("variable", 4),
        ("save", 4),
        ("download", 4),
    ],
)
def test_cancel_breaks_off_what_is_under_way(
    viewer: Viewer, silent: Any, notebook: dict[str, Any], tmp_path: Path, case: tuple[str, int]
) -> None:
    action, answers = case
    server = silent(answers)
    viewer.say(action, form=form(viewer, file=str(tmp_path / "gifts.csv")))
    assert server.reached.wait(20)
    said = cancelled(viewer)
    assert said["tone"] == ""
    assert any(word in said["text"] for word in ("Cancelled", "Stopped"))
    assert viewer.last("job")["running"] is False
    server.release.set()
    threads.wait_for_none()
    assert notebook == {}
    assert not (tmp_path / "gifts.csv").exists()
    assert viewer.of("offer") == []
    viewer.say("count", form=form(viewer, where=[["status", "=", "success"]]))
    assert viewer.wait_for("counts")["shown"]["total"] == ROWS // 2


def test_cancel_takes_effect_within_a_second(viewer: Viewer, silent: Any) -> None:
    took = []
    for _ in range(3):  # the machine may be busy
        server = silent(0)
        viewer.say("preview", form=form(viewer))
        assert server.reached.wait(20)
        begun = time.monotonic()
        cancelled(viewer)
        took.append(time.monotonic() - begun)
        server.release.set()
        threads.wait_for_none()
    assert min(took) < 1


def test_what_was_saved_so_far_is_said_and_gone_on_with(
    server: ScriptedServer, silent: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("classy_nb.client.resource.BATCH_ROWS", 100)
    monkeypatch.setattr(jobs, "_PATIENCE", 20)  # what is said is to be the job's own word
    file = tmp_path / "gifts.csv"
    server.answers.append(Reply(body=orgs({7: "Helping Hands"})))
    with connected_to(server, workers=1) as classy:
        explorer = classy.explore()
        viewer, slow = Viewer(explorer), silent(4)
        viewer.say("hello")
        viewer.say("save", form=form(viewer, file=str(file)))
        assert slow.reached.wait(20)
        viewer.say("cancel")
        slow.release.set()
        kept = viewer.wait_for_end()["text"]
        assert re.search(rf"[1-5]00 rows are kept beside {file}; the same call goes on from there", kept)
        viewer.say("save", form=form(viewer, file=str(file)))
        said = viewer.wait_until("status", tone="done")["text"]
        assert re.search(r" Going on with [1-5]00 rows that were fetched from .*; what changed since", said)
        assert len(file.read_text().splitlines()) == ROWS + 1
        assert explorer.file == file
        explorer.close()


def test_one_job_at_a_time(viewer: Viewer, silent: Any) -> None:
    server = silent(0)
    viewer.say("preview", form=form(viewer))
    assert server.reached.wait(20)
    viewer.say("count", form=form(viewer))
    assert viewer.last("status") == {
        "kind": "status",
        "text": "Still at it: fetching a preview of transactions. Cancel it, or wait.",
        "tone": "error",
        "question": None,
    }
    assert len(server.listed.asked) == 1
    cancelled(viewer)


def test_a_second_view_sees_what_goes_on(viewer: Viewer, silent: Any) -> None:
    server = silent(4)
    viewer.say("variable", form=form(viewer))
    assert server.reached.wait(20)
    viewer.wait_until("job", total=ROWS)
    viewer.say("hello", view="view-2")
    job = viewer.last("state")["job"]
    assert (job["running"], job["label"]) == (True, "Fetching gifts")
    assert job["total"] == ROWS
    assert job["text"].startswith(f"{job['rows']:,} of 1,000 rows, ")
    assert viewer.last("state")["status"]["text"] == "Fetching gifts …"
    cancelled(viewer)


def test_a_panel_that_nobody_looks_at_any_more_ends_its_job(
    viewer: Viewer, silent: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[Any] = []

    def timer(seconds: float, then: Any) -> SimpleNamespace:
        waits.append(then)
        return SimpleNamespace(start=lambda: None)

    server = silent(0)
    viewer.say("preview", form=form(viewer))
    assert server.reached.wait(20)
    monkeypatch.setattr(conversation, "Timer", timer)
    viewer.say("gone", view="view-2")
    viewer.wait_for("who")
    viewer.say("here")
    waits[0]()
    assert viewer.last("status")["text"] == "Fetching a preview of transactions …"
    viewer.say("gone")
    waits[1]()
    assert viewer.wait_for_end()["text"] in {
        "Cancelled.",
        "Stopped: 0 rows had come; nothing was kept.",
    }
    server.release.set()
    threads.wait_for_none()


def test_closing_the_panel_ends_its_job(explorer: Explorer, viewer: Viewer, silent: Any) -> None:
    server = silent(0)
    viewer.say("variable", form=form(viewer))
    assert server.reached.wait(20)
    explorer.close()
    server.release.set()
    threads.wait_for_none()


def test_progress_is_told_a_few_times_a_second_at_most(viewer: Viewer, explorer: Explorer) -> None:
    def work(job: Job) -> float:
        begun = time.monotonic()
        for number in range(3000):
            job.watch(number, 3000, "")
        return time.monotonic() - begun

    explorer._conversation.begin("Trying", work, lambda jobs, seconds: f"{seconds}")
    viewer.wait_until("status", tone="done")
    seconds = float(viewer.last("status")["text"])
    assert len(viewer.of("job")) <= 3 + seconds / desk._BETWEEN_NEWS


def test_a_result_that_cannot_be_shown_is_an_error(viewer: Viewer, explorer: Explorer) -> None:
    def then(jobs: Job, _value: Any) -> str:
        raise RuntimeError("of a donor")

    explorer._conversation.begin("Trying", lambda _: 1, then)
    viewer.wait_until("status", tone="error")
    assert "RuntimeError" in viewer.last("status")["text"]
    assert "donor" not in viewer.last("status")["text"]
    assert viewer.last("job")["running"] is False
