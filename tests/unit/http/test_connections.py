"""Hanging up: at once, and without a word in plain text."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import urllib3.util.connection
from support.connection import CANARY_TOKEN, connected_to, orgs, transport_to
from support.lists import Listed, rows
from support.server import TOKEN, Asked, Reply, ScriptedServer

from classy_nb.errors import ClassyError, InterruptedFetchError
from classy_nb.http import connections
from classy_nb.http.cancel import Cancel
from classy_nb.http.client import HttpClient
from classy_nb.http.connections import hang_up
from classy_nb.pagination.parallel import end_threads
from classy_nb.redact import Secret


class Taken:
    """A connection that the current thread has taken from a pool."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock


@pytest.fixture
def encrypted() -> Iterator[tuple[ssl.SSLSocket, ssl.SSLSocket]]:
    """Both ends of an encrypted connection, without certificates."""
    contexts = [ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)]
    for context in contexts:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers("aNULL:@SECLEVEL=0")
    here, there = socket.socketpair()
    ends = []
    accepting = threading.Thread(target=lambda: ends.append(contexts[1].wrap_socket(there, server_side=True)))
    accepting.start()
    with contexts[0].wrap_socket(here) as client:
        accepting.join(10)
        with ends[0] as server:
            yield client, server


def test_what_is_hung_up_stays_encrypted(encrypted: tuple[ssl.SSLSocket, ssl.SSLSocket]) -> None:
    """A worker may be about to send its token: it must fail, not go out in plain text."""
    client, server = encrypted
    client.sendall(b"hello")
    assert server.recv(5) == b"hello"
    here = threading.Thread(target=print)
    here.start()
    here.join()
    connections._in_use[here.ident or 0] = Taken(client)
    hang_up([here])
    assert client.version() == "TLSv1.2", "else it would send plain text from now on"
    with pytest.raises(OSError, match=r"(?i)eof|shut|pipe"):
        client.sendall(b"Authorization: Bearer secret")
    assert server.recv(100) == b""


class Unreachable:
    """Connecting takes until it is released, in all threads but those that it spares."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reached, self.release = threading.Semaphore(0), threading.Event()
        self.spared = {threading.current_thread()}
        self._connect = urllib3.util.connection.create_connection
        monkeypatch.setattr(urllib3.util.connection, "create_connection", self)

    def __call__(self, *args: Any, **options: Any) -> socket.socket:
        if threading.current_thread() not in self.spared:
            self.reached.release()
            assert self.release.wait(20)
        return self._connect(*args, **options)


@pytest.fixture
def unreachable(monkeypatch: pytest.MonkeyPatch) -> Iterator[Unreachable]:
    made = Unreachable(monkeypatch)
    yield made
    made.release.set()


class QueryBuilder(threading.Thread):
    """Asks for something in a thread of its own, and keeps the error that came of it."""

    def __init__(self, http: HttpClient, stop: Cancel) -> None:
        super().__init__(name="classy_nb-asking", daemon=True)
        self.http, self.stop = http, stop
        self.error: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            self.http.get("/campaigns", cancel=self.stop)
        except ClassyError as error:
            self.error = error


@pytest.mark.parametrize("login", [False, True], ids=["GET", "token POST"])
def test_who_was_hung_up_while_connecting_sends_nothing(
    server: ScriptedServer, unreachable: Unreachable, *, login: bool
) -> None:
    """Also where the signal was taken back meanwhile, and however long it took."""
    stop = Cancel()
    asking = QueryBuilder(transport_to(server, login=login), stop)
    assert unreachable.reached.acquire(timeout=10)
    stop.set()
    hang_up([asking])
    stop.clear()
    unreachable.release.set()
    asking.join(10)
    assert not asking.is_alive()
    assert isinstance(asking.error, InterruptedFetchError)
    assert server.asked == []


def test_who_waited_for_a_connection_sends_nothing(server: ScriptedServer) -> None:
    """All connections are in use; when one is free again, it is not for who was hung up."""
    first, answer = threading.Event(), threading.Event()

    def slow(_: Asked) -> Reply:
        first.set()
        return Reply(body={}, delay=answer)

    server.handler = slow
    http = transport_to(server, connections=1, timeout=(20.0, 20.0))
    one = QueryBuilder(http, Cancel())
    assert first.wait(10)
    other = QueryBuilder(http, Cancel())
    other.join(0.2)
    assert other.is_alive()
    hang_up([other])
    answer.set()
    for asking in (one, other):
        asking.join(10)
    assert one.error is None
    assert isinstance(other.error, InterruptedFetchError)
    assert len(server.asked) == 1
    http.get("/campaigns")
    assert len(server.asked) == 2, "its place among the connections is free again"


def test_threads_that_connect_are_waited_for_together(
    server: ScriptedServer, unreachable: Unreachable
) -> None:
    """Not one after the other: Ctrl-C must not take a second for each worker."""
    http = transport_to(server, connections=16)
    asking = [QueryBuilder(http, Cancel()) for _ in range(16)]
    assert all(unreachable.reached.acquire(timeout=10) for _ in asking)
    started = time.monotonic()
    end_threads(asking)
    assert time.monotonic() - started < 1.5
    assert all(thread.is_alive() for thread in asking)
    unreachable.release.set()
    end_threads(asking)
    assert [type(thread.error) for thread in asking] == [InterruptedFetchError] * 16
    assert server.asked == []


def test_a_walk_that_ended_while_its_workers_connect(
    server: ScriptedServer, unreachable: Unreachable
) -> None:
    """The user's own connection works on; the workers that were left behind never say a word."""
    listed = Listed(rows(2000))
    server.answers.append(Reply(body=orgs({7: "Helping Hands"})))
    server.handler = listed.reply
    server.login_handler = lambda _: Reply(body={**TOKEN, "access_token": CANARY_TOKEN})
    with connected_to(server, workers=8) as classy:
        workers: list[threading.Thread] = []
        pressed: list[float] = []

        def watch(rows: int, total: int | None, note: str) -> None:
            workers[:] = [t for t in threading.enumerate() if t.name.startswith("classy_nb-")]
            if unreachable.reached.acquire(blocking=False):
                assert classy._session.http.auth is not None
                classy._session.http.auth.discard(Secret(f"Bearer {CANARY_TOKEN}"))  # each needs a new token
                pressed.append(time.monotonic())
                raise KeyboardInterrupt

        with pytest.raises(InterruptedFetchError, match="rows had come"):
            classy.transactions(progress=watch)
        assert time.monotonic() - pressed[0] < 1.5
        left = [thread for thread in workers if thread.is_alive()]
        assert left != []
        asked = len(server.asked)
        unreachable.release.set()
        for thread in left:
            thread.join(10)
            assert not thread.is_alive()
        assert len(server.asked) == asked
        server.handler = Listed(rows(50)).reply
        assert len(classy.transactions()) == 50
