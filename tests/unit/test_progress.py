"""The line that shows the progress of a fetch."""

import sys
import threading
from types import SimpleNamespace
from typing import Any

import pytest
from support import threads
from support.connection import Pauses
from support.lists import Listed, rows
from support.server import Asked, Reply, ScriptedServer

from classy_nb.client import Classy
from classy_nb.errors import InterruptedFetchError
from classy_nb.progress import Progress, duration_text


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """A fake notebook; the list collects what it displays."""
    shown: list[Any] = []

    class ZMQInteractiveShell:
        pass

    def display(data: Any, **options: Any) -> Any:
        shown.append((data, options))
        return SimpleNamespace(update=lambda data, **options: shown.append((data, options)))

    module = SimpleNamespace(get_ipython=ZMQInteractiveShell)
    monkeypatch.setitem(sys.modules, "IPython", module)
    monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(display=display))
    return shown


def test_in_a_notebook_one_output_is_updated(notebook: list[Any]) -> None:
    clock = Pauses()
    line = Progress("gifts & <more>", clock=clock.clock)
    line.update(100, 1250, 2)
    clock.now += 0.05
    line.update(200, 1250, 3)  # too soon to be shown
    clock.now += 0.95
    line.update(300, 1250, 4, waiting=12.4)
    clock.now += 1
    line.end()
    assert [data["text/plain"] for data, _ in notebook] == [
        "gifts & <more>: 100 of 1,250 rows, 2 requests",
        (
            "gifts & <more>: 300 of 1,250 rows, 4 requests, waiting 12 s for the API's limit, 300 rows/s, "
            "about 3 s left"
        ),
        "gifts & <more>: 300 rows, 4 requests in 2.0 s",
    ]
    assert notebook[0][0]["text/html"] == (
        '<div><progress max="1250" value="100"></progress> '
        "gifts &amp; &lt;more&gt;: 100 of 1,250 rows, 2 requests</div>"
    )
    assert "<progress" not in notebook[-1][0]["text/html"]
    assert [options.get("display_id") for _, options in notebook] == [True, None, None]


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "1 s"), (59, "59 s"), (125, "2 min 05 s"), (4210, "1 h 10 min")]
)
def test_durations_are_written_for_people(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


def test_a_fetch_that_was_stopped_does_not_look_complete(notebook: list[Any]) -> None:
    clock = Pauses()
    line = Progress("gifts", clock=clock.clock)
    line.update(600, 2000, 7)
    clock.now += 1.5
    line.end(whole=False)
    assert notebook[-1][0]["text/plain"] == "gifts: stopped at 600 of 2,000 rows, 7 requests in 1.5 s"


def test_a_long_silence_is_mentioned(notebook: list[Any]) -> None:
    line = Progress("gifts", clock=Pauses().clock)
    line.update(600, 2000, 7, silence=45.4)
    assert notebook[-1][0]["text/plain"] == "gifts: 600 of 2,000 rows, 7 requests, no answer for 45 s"


def test_without_a_total_there_is_no_bar(notebook: list[Any]) -> None:
    line = Progress("gifts")
    line.update(100, None, 2)
    assert notebook[0][0] == {
        "text/plain": "gifts: 100 rows, 2 requests",
        "text/html": "<div>gifts: 100 rows, 2 requests</div>",
    }


def test_in_a_terminal_there_is_a_bar(capsys: pytest.CaptureFixture[str]) -> None:
    line = Progress("gifts", wanted=True, clock=Pauses().clock)
    line.update(100, 1250, 2)
    line.update(1250, 1250, 13)
    line.end()
    err = capsys.readouterr().err
    assert "gifts:   8%" in err
    assert "1250/1250" in err
    assert "13 requests in 0.0 s" in err
    assert "stopped" not in err
    assert err.endswith("\n")
    line = Progress("gifts", wanted=True, clock=Pauses().clock)
    line.update(100, 1250, 2)
    line.end(whole=False)
    assert "2 requests in 0.0 s, st" in capsys.readouterr().err  # the bar is cut where the rate is long


def test_without_a_terminal_nothing_is_shown(
    capsys: pytest.CaptureFixture[str], connected: Classy, server: ScriptedServer
) -> None:
    server.handler = Listed(rows(3)).reply
    connected.transactions()
    connected.transactions(progress=False)
    assert capsys.readouterr() == ("", "")
    connected.transactions(progress=True)
    assert "3/3" in capsys.readouterr().err


def test_a_notebook_shows_nothing_if_it_is_not_wanted(notebook: list[Any]) -> None:
    line = Progress("gifts", wanted=False)
    line.update(1, 2, 3)
    line.end()
    assert notebook == []


def test_a_function_follows_the_progress(connected: Classy, server: ScriptedServer) -> None:
    server.handler = Listed(rows(250)).reply
    told: list[tuple[int, int | None, str]] = []
    connected.transactions(progress=lambda *state: told.append(state))
    assert told[0][:2] == (0, None)  # while the first page is awaited
    assert told[-1][:2] == (250, 250)
    assert told[-1][2].startswith("3 requests in ")


def test_an_exception_from_the_function_ends_the_fetch(connected: Classy, server: ScriptedServer) -> None:
    listed, silent, release = Listed(rows(5000)), threading.Event(), threading.Event()

    def answer(asked: Asked) -> Reply:
        reply = listed.reply(asked)
        if len(listed.asked) > 30:
            reply.delay = release
            silent.set()
        return reply

    server.handler = answer

    def enough(rows: int, total: int | None, note: str) -> None:
        if silent.is_set():
            raise InterruptedFetchError("Cancelled.")

    try:
        with pytest.raises(InterruptedFetchError, match=r"[\d,]+ of 5,000 rows had come; nothing was kept"):
            connected.transactions(progress=enough)
    finally:
        release.set()
    threads.wait_for_none()
