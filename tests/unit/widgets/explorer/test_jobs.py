"""Jobs: in the background, one at a time, shown as cancelled within a second."""

import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from support import threads
from support.connection import connected_to, orgs
from support.lists import Listed, rows
from support.server import Asked, Reply, ScriptedServer
from support.viewer import Viewer

from classy_nb.client import Classy, Resource
from classy_nb.errors import InterruptedFetchError, TimedOutError
from classy_nb.widgets.explorer import Explorer, controller, jobs
from classy_nb.widgets.explorer import notebook as notebook_module
from classy_nb.widgets.explorer.jobs import Job, Jobs, Outcome

ROWS = 1000


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The variables of a notebook."""
    variables: dict[str, Any] = {}
    monkeypatch.setattr(notebook_module, "variables", lambda: variables)
    return variables


@pytest.fixture
def explorer(connected: Classy, notebook: dict[str, Any]) -> Iterator[Explorer]:
    made = connected.explore()
    yield made
    made.close()


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


class Held:
    """Stands in for ``to_csv``: stops right before its end until it is released."""

    def __init__(self) -> None:
        self.reached, self.release = threading.Event(), threading.Event()
        self.error: Exception | None = None

    def to_csv(self, path: Path, *, progress: Any, **_: Any) -> Path:
        progress(2, 2, "")
        self.reached.set()
        assert self.release.wait(20)
        if self.error is not None:
            raise self.error
        path.write_text("id\n1\n2\n3\n4")
        return path


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
def test_a_job_can_be_cancelled_while_the_server_is_silent(
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
    threads.wait_for_none()  # a late answer changes nothing
    assert viewer.last("status") == said or "kept" in viewer.last("status")["text"]
    assert notebook == {}
    assert not (tmp_path / "gifts.csv").exists()
    assert viewer.of("offer") == []
    viewer.say("count", form=form(viewer, where=[["status", "=", "success"]]))
    assert viewer.wait_for("counts")["shown"]["total"] == ROWS // 2


def test_cancelling_shows_within_a_second(viewer: Viewer, silent: Any) -> None:
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


def test_a_cancelled_save_says_what_it_kept_and_continues_from_there(
    server: ScriptedServer, silent: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("classy_nb.client.resource.BATCH_ROWS", 100)
    file = tmp_path / "gifts.csv"
    server.answers.append(Reply(body=orgs({7: "Helping Hands"})))
    with connected_to(server, workers=1) as classy:
        explorer = classy.explore()
        viewer, slow = Viewer(explorer), silent(4)
        viewer.say("hello")
        viewer.say("save", form=form(viewer, file=str(file)))
        assert slow.reached.wait(20)
        # Even though the only worker waits for the server:
        assert re.search(rf"[1-4]00 rows are kept beside {file}", cancelled(viewer)["text"])
        slow.release.set()
        threads.wait_for_none()
        viewer.say("save", form=form(viewer, file=str(file)))
        said = viewer.wait_until("status", tone="done")["text"]
        assert re.search(r"[1-4]00 rows fetched since", said)
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
        "text": "Still fetching a preview of transactions. Cancel it, or wait.",
        "tone": "error",
        "question": None,
    }
    assert len(server.listed.asked) == 1
    cancelled(viewer)


def test_a_second_view_sees_the_running_job(viewer: Viewer, silent: Any) -> None:
    server = silent(4)
    viewer.say("variable", form=form(viewer))
    assert server.reached.wait(20)
    viewer.wait_until("job", total=ROWS)
    viewer.say("hello", view="view-2")
    job = viewer.last("state")["job"]
    assert (job["running"], job["label"]) == (True, "Fetching gifts")
    assert job["total"] == ROWS
    assert job["text"].startswith(f"{job['rows']:,} of 1,000 rows, ")
    assert viewer.last("state")["status"]["text"] == "Fetching gifts…"
    cancelled(viewer)


def test_an_explorer_that_no_view_shows_cancels_its_job(
    viewer: Viewer, silent: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[Any] = []

    def timer(seconds: float, then: Any) -> SimpleNamespace:
        waits.append(then)
        return SimpleNamespace(start=lambda: None)

    server = silent(0)
    viewer.say("preview", form=form(viewer))
    assert server.reached.wait(20)
    monkeypatch.setattr(controller, "Timer", timer)
    viewer.say("gone", view="view-2")
    viewer.wait_for("who")
    viewer.say("here")
    waits[0]()
    assert viewer.last("status")["text"] == "Fetching a preview of transactions…"
    viewer.say("gone")
    waits[1]()
    assert viewer.wait_for_end()["text"] in {
        "Cancelled.",
        "Stopped: 0 rows had come; nothing was kept.",
    }
    server.release.set()
    threads.wait_for_none()


def test_closing_the_explorer_cancels_its_job(explorer: Explorer, viewer: Viewer, silent: Any) -> None:
    server = silent(0)
    viewer.say("variable", form=form(viewer))
    assert server.reached.wait(20)
    explorer.close()
    server.release.set()
    threads.wait_for_none()
    assert explorer.frame is None


def test_progress_is_told_a_few_times_a_second_at_most(
    viewer: Viewer, connected: Classy, monkeypatch: pytest.MonkeyPatch
) -> None:
    took: list[float] = []

    def fetch(*, progress: Any, **_: Any) -> pd.DataFrame:
        begun = time.monotonic()
        for number in range(3000):
            progress(number, 3000, "")
        took.append(time.monotonic() - begun)
        return pd.DataFrame({"id": [1]})

    monkeypatch.setattr(connected, "transactions", fetch)
    viewer.say("variable", form=form(viewer))
    viewer.wait_for_end()
    assert len(viewer.of("job")) <= 3 + took[0] / controller.PROGRESS_INTERVAL


def test_a_result_that_cannot_be_shown_is_an_error(
    viewer: Viewer, connected: Classy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connected, "transactions", lambda **_: "a donor, not a frame")
    viewer.say("preview", form=form(viewer))
    said = viewer.wait_for_end()
    assert said["tone"] == "error"
    assert "AttributeError" in said["text"]
    assert "donor" not in said["text"]
    assert viewer.last("job")["running"] is False


@pytest.fixture
def held_save(connected: Classy, monkeypatch: pytest.MonkeyPatch) -> Held:
    """A save that stops right before its end until it is released."""
    held = Held()
    monkeypatch.setattr(Resource, "to_csv", lambda _, *given, **options: held.to_csv(*given, **options))
    monkeypatch.setattr(jobs, "GRACE", 0.1)
    return held


def test_a_save_that_was_cancelled_too_late_is_said_to_be_saved(
    viewer: Viewer, explorer: Explorer, held_save: Held, tmp_path: Path
) -> None:
    file = tmp_path / "gifts.csv"
    viewer.say("save", form=form(viewer, file=str(file)))
    assert held_save.reached.wait(20)
    viewer.say("cancel")
    viewer.wait_until("status", text="Cancelled.")
    assert viewer.last("job")["running"] is False
    held_save.release.set()
    said = viewer.wait_until("status", tone="done")["text"]
    assert said == f"It was too late to cancel. Saved 2 rows (10 bytes) as {file}"
    assert explorer.file == file


def test_what_a_cancelled_save_kept_is_said_when_it_ends(
    viewer: Viewer, explorer: Explorer, held_save: Held, tmp_path: Path
) -> None:
    held_save.error = InterruptedFetchError("Stopped: 2 rows are kept.")
    viewer.say("save", form=form(viewer, file=str(tmp_path / "gifts.csv")))
    assert held_save.reached.wait(20)
    viewer.say("cancel")
    viewer.wait_until("status", text="Cancelled.")
    held_save.release.set()
    viewer.wait_until("status", text="Stopped: 2 rows are kept.")
    assert explorer.file is None


def test_a_late_end_does_not_replace_what_was_said_since(
    viewer: Viewer, held_save: Held, tmp_path: Path
) -> None:
    held_save.error = InterruptedFetchError("Stopped: 2 rows are kept.")
    viewer.say("save", form=form(viewer, file=str(tmp_path / "gifts.csv")))
    assert held_save.reached.wait(20)
    viewer.say("cancel")
    viewer.wait_until("status", text="Cancelled.")
    viewer.say("keep")
    held_save.release.set()
    threads.wait_for_none()
    assert viewer.last("status")["text"] == "Nothing was replaced."


class Ended(threading.Event):
    """Notes how a job ends."""

    def __init__(self) -> None:
        super().__init__()
        self.outcomes: list[tuple[Outcome, bool]] = []

    def note(self, _: Job, outcome: Outcome, *, abandoned: bool) -> None:
        self.outcomes.append((outcome, abandoned))
        self.set()


def started(work: Any, **options: Any) -> tuple[Jobs, Ended]:
    ended = Ended()
    running = Jobs(threading.RLock(), ended.note)
    running.start(Job("Trying", work, lambda value: value, **options))
    return running, ended


def test_a_job_that_does_not_end_is_abandoned_and_its_late_result_dropped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert jobs.GRACE < 1
    monkeypatch.setattr(jobs, "GRACE", 0.1)
    release = threading.Event()
    running, ended = started(lambda _: release.wait(60))
    running.cancel()
    running.cancel()  # once is enough
    assert ended.wait(20)
    assert running.current is None
    ended.clear()
    release.set()
    assert ended.wait(20)
    cancelled = Outcome("cancelled", "Cancelled.")
    assert ended.outcomes == [(cancelled, False), (cancelled, True)]


@pytest.mark.parametrize(
    ("irrevocable", "outcome"),
    [(False, Outcome("cancelled", "Cancelled.")), (True, Outcome("done", "", "all"))],
)
def test_a_result_that_comes_after_the_cancel_stands_only_if_irrevocable(
    *, irrevocable: bool, outcome: Outcome
) -> None:
    begun, release = threading.Event(), threading.Event()

    def work(_: Job) -> str:
        begun.set()
        release.wait(20)
        return "all"

    running, ended = started(work, irrevocable=irrevocable)
    assert begun.wait(20)
    running.cancel()
    release.set()
    assert ended.wait(20)
    assert ended.outcomes == [(outcome, False)]


def test_a_request_that_fails_after_the_cancel_counts_as_cancelled() -> None:
    def work(job: Job) -> None:
        job.cancel()
        error = TimedOutError("The server did not answer in time.")
        error.add_note("5 rows are kept.")
        raise error

    assert Job("Trying", work, str).run() == Outcome("cancelled", "Cancelled. 5 rows are kept.")


def test_progress_raises_once_the_job_was_cancelled() -> None:
    told: list[Job] = []
    job = Job("Trying", lambda _: None, str, on_progress=told.append)
    job.progress(1, 2, "")
    job.cancel()
    with pytest.raises(InterruptedFetchError):
        job.progress(2, 2, "")
    assert (told, job.rows) == ([job], 1)
