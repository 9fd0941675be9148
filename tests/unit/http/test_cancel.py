"""A fetch that is canceled: it sends nothing more, wakes from its waits and drops what comes late."""

import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import urllib3.util.connection
from support.connection import CANARY_TOKEN, Pauses, connected_to, orgs, transport_to
from support.lists import Listed, rows
from support.server import TOKEN, Asked, Reply, ScriptedServer

from classy_nb.errors import ClassyError, InterruptedFetchError
from classy_nb.http import Cancel, HttpClient, RateLimit


def test_a_cancel_ends_a_sleep() -> None:
    cancel = Cancel()
    threading.Timer(0.05, cancel.set).start()
    started = time.monotonic()
    with pytest.raises(InterruptedFetchError, match="Stopped"):
        cancel.sleep(30)
    assert time.monotonic() - started < 5
    assert cancel.is_set()


def test_a_sleep_without_a_cancel_takes_its_time() -> None:
    started = time.monotonic()
    Cancel().sleep(0.3)
    assert time.monotonic() - started >= 0.3


def test_a_cancel_is_for_good() -> None:
    cancel = Cancel()
    cancel.check()
    assert not cancel.is_set()
    cancel.set()
    cancel.set()
    for call in (cancel.check, lambda: cancel.sleep(0)):
        with pytest.raises(InterruptedFetchError, match="Stopped"):
            call()


class Getting(threading.Thread):
    """Gets something in a thread of its own, and keeps what came of it."""

    def __init__(self, http: HttpClient, cancel: Cancel) -> None:
        super().__init__(daemon=True)
        self.http, self.cancel = http, cancel
        self.answer: Any = None
        self.error: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            self.answer = self.http.get("/campaigns", cancel=self.cancel)
        except ClassyError as error:
            self.error = error


@pytest.mark.parametrize("login", [False, True])
def test_after_a_cancel_nothing_is_sent(server: ScriptedServer, *, login: bool) -> None:
    cancel = Cancel()
    cancel.set()
    http = transport_to(server, login=login)
    with pytest.raises(InterruptedFetchError):
        http.get("/campaigns", cancel=cancel)
    assert server.asked == []
    assert http.requests_sent == 0


@pytest.mark.parametrize("early", [None, 0, 5], ids=["no answer", "only headers", "half a body"])
def test_an_answer_that_is_waited_for_is_cut_off(server: ScriptedServer, early: int | None) -> None:
    """It is neither returned nor repeated, and its connection and its permit are free for the next."""
    release, pauses, cancel = threading.Event(), Pauses(), Cancel()
    server.answers.append(Reply(body={"ok": False}, delay=release, early=early))
    server.handler = lambda _: Reply(body={"ok": True})
    rate_limit = RateLimit(100, clock=pauses.clock, sleep=pauses)
    http = transport_to(
        server, login=True, pauses=pauses, rate_limit=rate_limit, timeout=(20.0, 20.0), connections=1
    )
    getting = Getting(http, cancel)
    server.arrived(2)
    cancel.set()
    getting.join(10)
    assert isinstance(getting.error, InterruptedFetchError)
    assert getting.answer is None
    assert [asked.method for asked in server.asked] == ["POST", "GET"]
    assert pauses.asked == []
    assert rate_limit._under_way == 0
    following = Getting(http, Cancel())  # in a thread: without the cut it would wait for the only connection
    following.join(10)
    assert following.answer == {"ok": True}
    release.set()


@pytest.mark.parametrize("status", [200, 401, 429, 503])
def test_an_answer_that_came_with_the_cancel_is_dropped(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    """Whatever it says: it is neither returned nor repeated, and the rate limit knows that it has come."""
    pauses, cancel = Pauses(), Cancel()
    server.handler = lambda _: Reply(status, {"error": "invalid_token"})
    rate_limit = RateLimit(100, clock=pauses.clock, sleep=pauses)
    http = transport_to(server, login=True, pauses=pauses, rate_limit=rate_limit)
    leave_alone = Cancel.done_with

    def cancel_then(self: Cancel, sock: socket.socket) -> None:
        leave_alone(self, sock)
        self.set()

    monkeypatch.setattr(Cancel, "done_with", cancel_then)
    with pytest.raises(InterruptedFetchError):
        http.get("/campaigns", cancel=cancel)
    assert [asked.method for asked in server.asked] == ["POST", "GET"]
    assert pauses.asked == []
    assert rate_limit.refusals == (status == 429)
    assert rate_limit._under_way == 0


def test_a_connection_that_went_on_to_others_is_left_alone(server: ScriptedServer) -> None:
    release, first = threading.Event(), Cancel()
    server.answers += [Reply(body={"ok": 1}), Reply(body={"ok": 2}, delay=release)]
    http = transport_to(server, timeout=(20.0, 20.0), connections=1)
    assert http.get("/campaigns", cancel=first) == {"ok": 1}
    other = Getting(http, Cancel())
    server.arrived(2)
    first.set()
    release.set()
    other.join(10)
    assert other.answer == {"ok": 2}


def test_a_cancel_does_not_end_the_requests_of_others(server: ScriptedServer) -> None:
    release, cancel = threading.Event(), Cancel()
    server.handler = lambda _: Reply(body={"ok": True}, delay=release)
    http = transport_to(server, timeout=(20.0, 20.0))
    canceled, other = Getting(http, cancel), Getting(http, Cancel())
    server.arrived(2)
    cancel.set()
    release.set()
    canceled.join(10)
    other.join(10)
    assert isinstance(canceled.error, InterruptedFetchError)
    assert other.answer == {"ok": True}
    assert http.get("/campaigns") == {"ok": True}


def test_a_cancel_ends_the_wait_for_the_rate_limit(server: ScriptedServer) -> None:
    cancel = Cancel()
    http = transport_to(server, rate_limit=RateLimit(1))
    http.get("/campaigns")
    threading.Timer(0.05, cancel.set).start()
    started = time.monotonic()
    with pytest.raises(InterruptedFetchError):
        http.get("/campaigns", cancel=cancel)
    assert time.monotonic() - started < 5
    assert len(server.asked) == 1


class Unreachable:
    """Once it has begun, new connections take until they are released."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun = False
        self.reached, self.release = threading.Semaphore(0), threading.Event()
        self._connect = urllib3.util.connection.create_connection
        monkeypatch.setattr(urllib3.util.connection, "create_connection", self)

    def __call__(self, *args: Any, **options: Any) -> socket.socket:
        if self.begun:
            self.reached.release()
            assert self.release.wait(20)
        return self._connect(*args, **options)


@pytest.fixture
def unreachable(monkeypatch: pytest.MonkeyPatch) -> Iterator[Unreachable]:
    made = Unreachable(monkeypatch)
    yield made
    made.release.set()


def test_a_fetch_ends_at_once_although_its_workers_still_connect(
    server: ScriptedServer, unreachable: Unreachable
) -> None:
    server.answers.append(Reply(body=orgs({7: "Helping Hands"})))
    server.handler = Listed(rows(2000)).reply
    server.login_handler = lambda _: Reply(body={**TOKEN, "access_token": CANARY_TOKEN})
    with connected_to(server, workers=8) as classy:
        unreachable.begun = True
        pressed: list[float] = []

        def watch(rows: int, total: int | None, note: str) -> None:
            if unreachable.reached.acquire(blocking=False):
                pressed.append(time.monotonic())
                raise KeyboardInterrupt

        with pytest.raises(InterruptedFetchError, match="rows had come"):
            classy.transactions(progress=watch)
        assert time.monotonic() - pressed[0] < 1.5
        unreachable.release.set()
        server.handler = Listed(rows(50)).reply
        assert len(classy.transactions()) == 50


def test_after_a_cancel_the_next_fetch_does_not_wait_for_stalled_answers(server: ScriptedServer) -> None:
    release = threading.Event()
    server.answers.append(Reply(body=orgs({7: "Helping Hands"})))
    listed = Listed(rows(2000))
    stalled: list[Asked] = []

    def stall_after_the_first(asked: Asked) -> Reply:
        if listed.asked:
            stalled.append(asked)
            return Reply(body={}, delay=release)
        return listed.reply(asked)

    server.handler = stall_after_the_first
    with connected_to(server, workers=4) as classy:

        def watch(rows: int, total: int | None, note: str) -> None:
            if len(stalled) == 4:
                raise KeyboardInterrupt

        with pytest.raises(InterruptedFetchError, match="rows had come"):
            classy.transactions(progress=watch)
        server.handler = Listed(rows(50)).reply
        following = threading.Thread(target=lambda: fetched.append(len(classy.transactions())), daemon=True)
        fetched: list[int] = []
        following.start()
        following.join(10)
        assert fetched == [50]
        release.set()
