"""However a fetch ends, it ends at once, nothing more is sent, and nobody is left at work."""

import gc
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from support.connection import credentials_for, transport_to
from support.fetching import query, without_ids
from support.keyed import Keyed
from support.server import Reply, ScriptedServer
from support.threads import wait_for_none, workers_left

from classy_nb.client import Classy
from classy_nb.errors import (
    InterruptedFetchError,
)
from classy_nb.http import Cancel, HttpClient, RetryPolicy, TokenAuth
from classy_nb.pagination import Paginator
from classy_nb.redact import Secret

pytestmark = pytest.mark.usefixtures("nobody_is_left_at_work")


def in_the_middle(paginator: Paginator, act: Callable[[Any], object]) -> None:
    parts = paginator.parts()
    next(parts)
    next(parts)
    assert workers_left() != []
    act(parts)


def thrown(parts: Any, error: type[BaseException]) -> None:
    with pytest.raises(error):
        parts.throw(error)


@pytest.mark.parametrize(
    "act",
    [
        lambda parts: parts.close(),
        lambda parts: None,
        lambda parts: thrown(parts, KeyboardInterrupt),
        lambda parts: thrown(parts, MemoryError),
    ],
    ids=["closed", "dropped", "interrupted", "failed"],
)
def test_an_early_end_leaves_nobody_at_work(act: Callable[[Any], object]) -> None:
    listed = Keyed(range(1, 20_001))
    in_the_middle(Paginator(query(), listed.fetch, workers=8), act)
    gc.collect()
    wait_for_none(5)  # those that were abandoned end by themselves
    asked = len(listed.asked)
    assert asked < 100
    assert len(listed.asked) == asked


@pytest.mark.parametrize("error", [KeyError("odd"), MemoryError(), RecursionError(), SystemExit(3)])
def test_whatever_ends_a_worker_ends_the_fetch(error: BaseException) -> None:
    listed = Keyed(range(1, 5001))

    def fetch(parameters: Any, *_: object) -> Any:
        if len(listed.asked) > 10:
            raise error
        return listed.fetch(parameters)

    with pytest.raises(type(error)):
        fetched_from(fetch)


def fetched_from(fetch: Any) -> list[Any]:
    return [row for page in Paginator(query(), fetch, workers=8).pages() for row in page]


def test_a_consumer_that_is_slow_does_not_let_pages_pile_up() -> None:
    listed = Keyed(range(1, 20_001))
    parts = Paginator(query(), listed.fetch, workers=4).parts()
    for _ in range(3):
        next(parts)
    end = time.monotonic() + 2
    asked = -1
    while len(listed.asked) != asked and time.monotonic() < end:
        asked = len(listed.asked)
        time.sleep(0.05)
    assert asked <= 3 + 2 * 4 + 4 + 4 + 3, "what waits to be taken is bounded"
    parts.close()


class Silent:
    """A list that answers some requests, and the others only when it is told to; then late.

    Parameters
    ----------
    answers
        How many requests are answered at once.
    """

    def __init__(self, answers: int = 1) -> None:
        self.listed = Keyed(range(1, 20_001))
        self.release = threading.Event()
        self.reached = threading.Event()
        self.asked = 0
        self._answers = answers
        self._lock = threading.Lock()

    def fetch(self, parameters: Any, *_: object) -> Any:
        with self._lock:
            self.asked += 1
            late = self.asked > self._answers
        if late:
            self.reached.set()
            assert self.release.wait(20)
        return self.listed.fetch(parameters)


@pytest.fixture
def silent() -> Iterator[Silent]:
    made = Silent()
    yield made
    asked = made.asked
    made.release.set()
    wait_for_none()
    assert made.asked == asked, "a late answer is dropped, and nothing more is sent"


@pytest.mark.parametrize("workers", [1, 8])
def test_an_end_does_not_wait_for_answers(silent: Silent, workers: int) -> None:
    cancel = Cancel()
    parts = Paginator(query(), silent.fetch, workers=workers, cancel=cancel).parts()
    next(parts)
    assert silent.reached.wait(10)
    started = time.monotonic()
    parts.close()
    assert time.monotonic() - started < 1
    assert cancel.is_set()
    assert all(thread.daemon for thread in threading.enumerate() if thread.name in workers_left())


WAYS_TO_WAIT: dict[str, Callable[[Paginator], object]] = {
    "list": lambda paginator: list(paginator.parts()),
    "count": lambda paginator: paginator.count(),
    "count until": lambda paginator: paginator.count_until(5),
}


@pytest.mark.parametrize("way", WAYS_TO_WAIT.values(), ids=WAYS_TO_WAIT.keys())
@pytest.mark.parametrize("asked", [query(), query(limit=5, sort="status"), without_ids()])
def test_what_is_raised_while_waiting_ends_the_wait(way: Callable[[Paginator], object], asked: Any) -> None:
    """As Ctrl-C does, or a progress function that has had enough."""
    silent, cancel, calls = Silent(answers=0), Cancel(), itertools.count(1)

    def on_wait() -> None:
        if silent.reached.is_set() and next(calls) == 2:
            raise KeyboardInterrupt

    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        way(Paginator(asked, silent.fetch, cancel=cancel, on_wait=on_wait))
    assert time.monotonic() - started < 2
    assert cancel.is_set()
    silent.release.set()
    wait_for_none()
    assert silent.asked == 1


@pytest.mark.parametrize("workers", [1, 8])
def test_a_cancel_from_another_thread_ends_the_fetch(silent: Silent, workers: int) -> None:
    cancel = Cancel()
    timer = threading.Timer(0.1, cancel.set)
    timer.start()
    started = time.monotonic()
    with pytest.raises(InterruptedFetchError):
        list(Paginator(query(), silent.fetch, workers=workers, cancel=cancel).parts())
    assert time.monotonic() - started < 2
    timer.join()


def test_a_fetch_that_came_to_its_end_cancels_nothing() -> None:
    cancel = Cancel()
    paginator = Paginator(query(), Keyed(range(1, 3001)).fetch, workers=4, cancel=cancel)
    assert sum(map(len, paginator.pages())) == 3000
    assert not cancel.is_set()
    assert paginator.count() == 3000


DOWN = Reply(503, {}, {"Retry-After": "100"})


@pytest.fixture
def http(server: ScriptedServer) -> HttpClient:
    """Waits as it would outside of tests; its login is down."""
    server.login_handler = lambda _: DOWN
    made = HttpClient(server.base_url, timeout=(2.0, 2.0))
    made.auth = TokenAuth(credentials_for(server), made.post_token, made.origin)
    return made


def test_a_cancel_ends_the_retries_of_a_login(server: ScriptedServer, http: HttpClient) -> None:
    cancel = Cancel()
    timer = threading.Timer(0.1, cancel.set)
    timer.start()
    started = time.monotonic()
    with pytest.raises(InterruptedFetchError):
        http.get("/campaigns", cancel=cancel)
    assert time.monotonic() - started < 5
    timer.join()
    assert [asked.method for asked in server.asked] == ["POST"]


def test_a_thread_that_waits_for_another_ones_login_does_not_begin_one(
    server: ScriptedServer, http: HttpClient
) -> None:
    cancel, ended = Cancel(), threading.Semaphore(0)

    def request() -> None:
        with pytest.raises(InterruptedFetchError):
            http.get("/campaigns", cancel=cancel)
        ended.release()

    threads = [threading.Thread(target=request, daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()
    end = time.monotonic() + 10
    while not server.asked and time.monotonic() < end:
        time.sleep(0.01)
    cancel.set()
    assert all(ended.acquire(timeout=5) for _ in threads)
    assert len(server.asked) == 1


def test_a_progress_function_ends_a_fetch_whose_login_is_down(
    connected: Classy, server: ScriptedServer
) -> None:
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


def test_an_old_cancel_does_not_end_a_later_login(server: ScriptedServer) -> None:
    """A cancel is for one fetch: a login that belongs to no fetch obeys none."""
    http, cancel = transport_to(server), Cancel()
    http.retry = RetryPolicy(base=0)
    http.get("/campaigns", cancel=cancel)
    cancel.set()
    server.logins.append(Reply(502))
    try:
        answer = http.post_token(server.token_url, {})
    except InterruptedFetchError as error:
        raise AssertionError("ended by a cancel that was not meant for it") from error
    assert answer["expires_in"] == 7200
