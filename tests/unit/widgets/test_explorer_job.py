"""One job: it ends once, and says how."""

import threading
from typing import Any

import pytest

from classy_nb.errors import InterruptedFetchError
from classy_nb.widgets.explorer import jobs
from classy_nb.widgets.explorer.jobs import Job, Outcome


def ended_job(work: Any, **ways: Any) -> tuple[Job, list[Outcome], threading.Event]:
    outcomes: list[Outcome] = []
    over = threading.Event()

    def ended(_: Job, outcome: Outcome) -> None:
        outcomes.append(outcome)
        over.set()

    job = Job("Trying", work, ways.pop("tell", lambda _: None), ended, **ways)
    job.start()
    return job, outcomes, over


def test_a_job_that_cannot_be_broken_off_is_left_to_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    assert jobs._PATIENCE <= 1
    monkeypatch.setattr(jobs, "_PATIENCE", 0.1)
    release = threading.Event()
    job, outcomes, over = ended_job(lambda _: release.wait(60))
    job.cancel()
    assert over.wait(20)
    release.set()
    assert job.join(20)
    assert outcomes == [Outcome("cancelled", "Cancelled.")]  # what it brings later has no effect


def test_what_is_done_after_all_is_told_though_it_was_said_to_be_cancelled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(jobs, "_PATIENCE", 0.1)
    release, late, told = threading.Event(), threading.Event(), []

    def take(job: Job, outcome: Outcome) -> None:
        told.append((job, outcome))
        late.set()

    job, outcomes, over = ended_job(lambda _: release.wait(60) and "saved", late=take)
    job.cancel()
    assert over.wait(20)
    assert outcomes == [Outcome("cancelled", "Cancelled.")]
    release.set()
    assert late.wait(20)
    assert told == [(job, Outcome("done", "", "saved"))]


def test_a_job_that_is_done_before_the_cancel_is_seen_is_done() -> None:
    begun, release = threading.Event(), threading.Event()

    def work(_: Job) -> str:
        begun.set()
        release.wait(20)
        return "all"

    job, outcomes, over = ended_job(work)
    assert begun.wait(20)
    job.cancel()
    release.set()
    assert over.wait(20)
    assert outcomes == [Outcome("done", "", "all")]


def test_progress_raises_once_it_was_cancelled() -> None:
    told: list[Job] = []
    job = Job("Trying", lambda _: None, told.append, lambda jobs, _outcome: None)
    job.watch(1, 2, "")
    job._cancelled.set()
    with pytest.raises(InterruptedFetchError):
        job.watch(2, 2, "")
    assert len(told) == 1
    assert job.rows == 1
