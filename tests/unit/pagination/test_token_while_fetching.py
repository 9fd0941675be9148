"""A login that is made in the middle of a walk, and down: whoever stops the walk stops it, too."""

import threading
import time

import pytest
from support.connection import credentials_for, transport_to
from support.server import Reply, ScriptedServer

from classy_nb.client import Classy
from classy_nb.errors import InterruptedFetchError
from classy_nb.http import Cancel, HttpClient, RetryPolicy, TokenAuth
from classy_nb.redact import Secret

DOWN = Reply(503, {}, {"Retry-After": "100"})


@pytest.fixture
def http(server: ScriptedServer) -> HttpClient:
    """Waits as it would outside of tests; its login is down."""
    server.login_handler = lambda _: DOWN
    made = HttpClient(server.base_url, timeout=(2.0, 2.0))
    made.auth = TokenAuth(credentials_for(server), made.post_token, made.origin)
    return made


def test_a_stop_ends_the_repeats_of_a_login(server: ScriptedServer, http: HttpClient) -> None:
    stop = Cancel()
    timer = threading.Timer(0.1, stop.set)
    timer.start()
    started = time.monotonic()
    with pytest.raises(InterruptedFetchError):
        http.get("/campaigns", cancel=stop)
    assert time.monotonic() - started < 5
    timer.join()
    assert [asked.method for asked in server.asked] == ["POST"]


def test_who_waits_for_somebody_elses_login_does_not_begin_one(
    server: ScriptedServer, http: HttpClient
) -> None:
    stop, ended = Cancel(), threading.Semaphore(0)

    def ask() -> None:
        with pytest.raises(InterruptedFetchError):
            http.get("/campaigns", cancel=stop)
        ended.release()

    threads = [threading.Thread(target=ask, daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()
    end = time.monotonic() + 10
    while not server.asked and time.monotonic() < end:
        time.sleep(0.01)
    stop.set()
    assert all(ended.acquire(timeout=5) for _ in threads)
    assert len(server.asked) == 1


def test_a_watcher_ends_a_walk_whose_login_is_down(connected: Classy, server: ScriptedServer) -> None:
    server.login_handler = lambda _: DOWN
    auth = connected._session.http.auth
    assert auth is not None
    auth.discard(Secret(f"Bearer {'t' * 32}"))

    def cancel(rows: int, total: int | None, note: str) -> None:
        if server.token_requests:
            raise InterruptedFetchError("Cancelled.")

    started = time.monotonic()
    with pytest.raises(InterruptedFetchError, match="0 rows had come"):
        connected.transactions(progress=cancel)
    assert time.monotonic() - started < 5
    assert len(server.token_requests) == 1


def test_what_follows_is_not_stopped_by_an_old_signal(server: ScriptedServer) -> None:
    """The stop of one question ends with it: a login of its own obeys no other."""
    http, stop = transport_to(server), Cancel()
    http.retry = RetryPolicy(base=0)
    http.get("/campaigns", cancel=stop)
    stop.set()
    server.logins.append(Reply(502))
    try:
        answer = http.post_token(server.token_url, {})
    except InterruptedFetchError as error:
        raise AssertionError("stopped by a signal that was not meant for it") from error
    assert answer["expires_in"] == 7200
