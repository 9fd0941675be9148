"""Ctrl-C ends a fetch at once, also while the server is silent; the message says how far it came."""

import threading
import time
import weakref
from collections.abc import Iterator
from typing import Any

import pytest
from support.connection import CANARY, CLIENT_ID, orgs
from support.ctrl_c import CtrlC
from support.lists import Listed, rows
from support.server import Asked, Reply, ScriptedServer
from support.threads import wait_for_none

from classy_nb.client import Classy, connect
from classy_nb.errors import InterruptedFetchError


@pytest.fixture
def silent(server: ScriptedServer) -> Any:
    """The list answers four times and then says nothing more until the test is over."""
    listed, reached, release = Listed(rows(2000)), threading.Event(), threading.Event()

    def answer(asked: Asked) -> Reply:
        reply = listed.reply(asked)
        if len(listed.asked) > 4:
            reply.delay = release
            reached.set()
        return reply

    server.handler = answer
    yield reached
    release.set()
    wait_for_none()  # workers that waited for an answer drop it, and end


@pytest.mark.parametrize("way", ["frame", "batches"])
def test_ctrl_c_ends_a_fetch_within_a_second(connected: Classy, silent: threading.Event, way: str) -> None:
    told = r"Stopped: [\d,]+ of 2,000 rows had come"
    with CtrlC(silent.is_set) as pressed, pytest.raises(InterruptedFetchError, match=told) as caught:
        connected.transactions() if way == "frame" else list(connected.transactions.batches())
    assert time.monotonic() - pressed.at < 1.5
    assert isinstance(caught.value, KeyboardInterrupt)


@pytest.fixture
def behind_a_proxy(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Classy]:
    """A connection to an address where nobody listens: only the server, as its proxy, answers for it."""
    for name in ("http_proxy", "no_proxy", "NO_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", server.origin)
    # Anything on this computer is asked without a proxy; the address stands in for one elsewhere.
    monkeypatch.setattr("classy_nb.http.session.is_this_computer", lambda _: False)
    server.answers.append(Reply(body=orgs({7: "Helping Hands"})))
    nobody = "http://127.0.0.1:9"
    with connect(CLIENT_ID, CANARY, base_url=f"{nobody}/2.0", token_url=f"{nobody}/oauth2/auth") as classy:
        yield classy


def test_ctrl_c_ends_a_fetch_behind_a_proxy(behind_a_proxy: Classy, silent: threading.Event) -> None:
    with CtrlC(silent.is_set) as pressed, pytest.raises(InterruptedFetchError):
        behind_a_proxy.transactions()
    assert time.monotonic() - pressed.at < 1.5


def test_a_connection_works_on_after_an_interrupt(
    connected: Classy, server: ScriptedServer, silent: threading.Event
) -> None:
    with CtrlC(silent.is_set), pytest.raises(InterruptedFetchError):
        connected.transactions()
    server.handler = Listed(rows(250)).reply
    assert len(connected.transactions()) == 250


def test_ctrl_c_is_pressed_again_where_python_lost_it() -> None:
    """The tests' own Ctrl-C: this one falls into a callback, from which no exception gets out."""

    class Held:
        pass

    def callback(_: object) -> None:
        gone.set()
        time.sleep(5)

    gone, held = threading.Event(), [Held()]
    watching = weakref.ref(held[0], callback)

    def wait() -> None:
        held.clear()
        time.sleep(5)

    with CtrlC(gone.is_set) as pressed, pytest.raises(KeyboardInterrupt):
        wait()
    assert watching() is None
    assert pressed.times == 2
