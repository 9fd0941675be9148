"""At the limit: as fast as it allows, visibly and interruptibly slow where it says so; clocks are fakes."""

import heapq
import itertools
import random
import re
import threading
import time
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.connection import Pauses, connected_to, orgs, transport_to
from support.lists import Listed, rows
from support.server import Asked, Reply, ScriptedServer

from classy_nb.client import Classy
from classy_nb.errors import InterruptedFetchError
from classy_nb.pacing import Pacer


@dataclass
class Window:
    """The API's side: a fixed window that begins with the first request after the last one ended."""

    limit: int
    seconds: float = 60.0
    started: float = float("-inf")
    used: int = 0

    def take(self, now: float, number: int = 1) -> bool:
        if now - self.started >= self.seconds:
            self.started, self.used = now, 0
        self.used += number
        return self.used <= self.limit

    @property
    def headers(self) -> dict[str, str]:
        left = max(0, self.limit - self.used)
        return {"X-RateLimit-Limit": str(self.limit), "X-RateLimit-Remaining": str(left)}


@dataclass
class Outcome:
    seconds: float
    refused: list[float]
    sent: list[float]
    pacer: Pacer


def simulated(
    window: Window,
    number: int,
    *,
    own_limit: int = 1800,
    latency: float = 0.3,
    workers: int = 8,
    headers: bool = False,
    retry_after: bool = False,
    always: float | None = None,
    others: float = 0.0,
    moods: random.Random | None = None,
    mood_seconds: float = 10.0,
) -> Outcome:
    """Let workers send *number* requests, *others* a second being somebody else's; nobody really waits.

    With *moods* the API refuses one request in twenty for no reason, and asks to wait *mood_seconds*;
    then it takes more or less time to answer, too.
    """
    clock = Pauses()
    pacer = Pacer(own_limit, clock=clock.clock)
    refused: list[float] = []
    sent: list[float] = []
    under_way: list[tuple[float, int, bool, dict[str, str] | None, float, float | None]] = []
    idle, ready_at, done, count = workers, 0.0, 0, itertools.count()
    seen_others = clock.now
    start = clock.now
    while done < number:
        wait = max(pacer.waiting(), ready_at - clock.now)
        ends = under_way[0][0] if under_way else float("inf")
        if idle and wait <= 0:
            moment = pacer.acquire(clock)
            share = int((clock.now - seen_others) * others)
            if share:
                window.take(clock.now, share)
                seen_others = clock.now
            fine = window.take(clock.now)
            sent.append(clock.now)
            if moods is not None and fine and moods.random() < 0.05:
                fine, asked = False, mood_seconds
            else:
                asked = window.started + window.seconds - clock.now - latency if retry_after else always
            told = window.headers if headers else None
            ends = clock.now + latency * (1 if moods is None else moods.uniform(0.7, 1.3))
            answer = (ends, next(count), fine, told, moment, asked)
            heapq.heappush(under_way, answer)
            idle -= 1
        elif idle and clock.now + wait < ends:
            clock.now += wait
        else:
            clock.now = max(clock.now, ends)
            _, _, fine, told, moment, asked = heapq.heappop(under_way)
            pacer.release(told)
            idle += 1
            if fine:
                done += 1
                pacer.succeeded(moment)
            else:
                refused.append(clock.now)
                asked = None if asked is None else max(1.0, asked)
                ready_at = max(ready_at, clock.now + pacer.throttled(asked, moment))
    return Outcome(clock.now - start, refused, sent, pacer)


def floor(number: int, limit: int, latency: float, workers: int) -> float:
    """Seconds that it takes at least: by the limit, or by the latency."""
    windows = -(-number // limit) - 1
    rest = number - windows * limit
    return max(60 * windows + rest * latency / workers, number * latency / workers)


@pytest.mark.parametrize("told", ["headers", "nothing"])
@pytest.mark.parametrize(
    ("limit", "latency", "workers"),
    [(1800, 0.3, 8), (1800, 0.3, 16), (1800, 0.3, 32), (300, 0.3, 8), (300, 0.05, 8), (60, 0.3, 2)],
)
def test_trap_23_the_limit_is_used_to_the_full(
    told: str,
    limit: int,
    latency: float,
    workers: int,
) -> None:
    number = 5 * limit
    outcome = simulated(
        Window(limit), number, own_limit=limit, latency=latency, workers=workers, headers=told == "headers"
    )
    assert outcome.refused == []
    assert outcome.seconds <= 1.05 * floor(number, limit, latency, workers) + 1


@pytest.mark.parametrize("workers", [1, 8, 32])
def test_trap_23_a_lower_limit_costs_one_burst_of_refusals(workers: int) -> None:
    """300 a minute, told by ``retry_after`` in the body of the 429 only."""
    outcome = simulated(Window(300), 3000, latency=0.1, workers=workers, retry_after=True)
    assert 1 <= len(outcome.refused) <= workers
    assert 290 <= outcome.pacer.limit <= 300
    assert outcome.seconds <= 1.15 * floor(3000, 300, 0.1, workers)


@pytest.mark.parametrize("workers", [1, 8])
def test_trap_23_a_lower_limit_is_learned_from_silent_refusals(workers: int) -> None:
    outcome = simulated(Window(300), 3000, latency=0.1, workers=workers)
    assert 1 <= len(outcome.refused) <= 3 * workers
    assert outcome.refused[-1] - outcome.refused[0] < 60, "then it is learned"
    assert 280 <= outcome.pacer.limit <= 300
    assert outcome.seconds <= 1.15 * floor(3000, 300, 0.1, workers)


@pytest.mark.parametrize("workers", [1, 8])
def test_a_server_that_always_asks_for_a_whole_minute(workers: int) -> None:
    """It says nothing of where its window began: what has passed in the last minute counts."""
    outcome = simulated(Window(300), 3000, latency=0.1, workers=workers, always=60.0)
    assert 1 <= len(outcome.refused) <= workers
    assert 290 <= outcome.pacer.limit <= 300
    assert outcome.seconds <= 1.15 * floor(3000, 300, 0.1, workers)


def test_a_limit_shared_with_others_is_not_taken_for_a_lower_one() -> None:
    """They take nearly all of it for a while; the headers say so, and so does a refusal's own."""
    clock = Pauses()
    pacer = Pacer(1800, clock=clock.clock)
    for left in (1, 0):
        pacer.acquire(clock)
        pacer.release({"X-RateLimit-Limit": "1800", "X-RateLimit-Remaining": str(left)})
    pacer.throttled(40.0, clock.now)
    assert pacer.limit == 1800
    clock.now += 41
    assert pacer.waiting() <= 0


def test_a_refusal_that_the_headers_do_not_explain_teaches_a_lower_limit() -> None:
    clock = Pauses()
    pacer = Pacer(1800, clock=clock.clock)
    for number in range(300):
        pacer.acquire(clock)
        pacer.release({"X-RateLimit-Limit": "1800", "X-RateLimit-Remaining": str(1799 - number)})
        clock.now += 0.1
    pacer.acquire(clock)
    pacer.release({"X-RateLimit-Limit": "1800", "X-RateLimit-Remaining": "1499"})
    pacer.throttled(30.0, clock.now)
    assert pacer.limit == 300


def test_what_was_learned_is_doubted_more_and_more_rarely() -> None:
    """Five hours at 300 a minute: a refusal now and then, and no time lost to speak of."""
    outcome = simulated(Window(300), 90_000, latency=0.1, workers=1, retry_after=True)
    bursts = [t for before, t in itertools.pairwise([float("-inf"), *outcome.refused]) if t - before > 60]
    gaps = [later - earlier for earlier, later in itertools.pairwise(bursts)]
    assert 4 <= len(bursts) <= 9
    assert all(later > min(1.8 * earlier, 3500) for earlier, later in itertools.pairwise(gaps))
    assert outcome.seconds <= 1.02 * floor(90_000, 300, 0.1, 1)


def test_a_limit_that_others_had_used_up_comes_back() -> None:
    """Learned in a bad minute, without headers; the others have left since."""
    clock = Pauses()
    pacer = Pacer(1800, clock=clock.clock)
    for _ in range(101):
        moment = pacer.acquire(clock)
        pacer.release()
    pacer.throttled(60.0, moment)
    assert pacer.limit == 100
    minutes = 0
    while pacer.limit < 1800:
        minutes += 1
        for _ in range(pacer.limit):
            pacer.acquire(clock)
            pacer.release()
        assert minutes < 60
    assert minutes == pytest.approx(10 + 5, abs=2), "doubted after ten minutes, then doubled each minute"
    assert pacer.limit == 1800, "never above what the vendor documents"


@pytest.mark.parametrize("workers", [1, 8])
def test_others_who_had_used_up_nearly_all_of_it_are_waited_for_once(workers: int) -> None:
    """So few requests came through that they cannot be the limit: nothing is learned from them."""
    window = Window(1800)
    window.take(Pauses().now, 1795)
    outcome = simulated(window, 609, workers=workers, retry_after=True)
    assert outcome.pacer.limit == 1800
    assert outcome.seconds <= 61 + 609 * 0.3 / workers + 1


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("seconds", [5.0, 10.0, 40.0])
def test_moods_of_the_api_teach_no_limit(seed: int, seconds: float) -> None:
    """One request in twenty is refused while others that were sent later come through."""
    outcome = simulated(Window(100_000), 609, moods=random.Random(seed), mood_seconds=seconds)
    assert outcome.pacer.limit == 1800
    assert outcome.seconds <= 609 * 0.3 / 8 + len(outcome.refused) * (seconds + 1)


def test_a_success_that_was_under_way_takes_a_lesson_back() -> None:
    clock = Pauses()
    pacer = Pacer(1800, clock=clock.clock)
    for _ in range(100):
        pacer.acquire(clock)
    refused = pacer.acquire(clock)
    clock.now += 0.2
    later = pacer.acquire(clock)
    clock.now += 0.3
    pacer.throttled(30.0, refused)
    assert pacer.limit == 101
    pacer.succeeded(later)
    assert pacer.limit == 1800
    assert pacer.waiting() >= 30, "what it asked for is waited for all the same"


def test_a_429_of_the_login_says_nothing_of_the_data(server: ScriptedServer) -> None:
    pauses = Pauses()
    server.logins.append(Reply(429, {"retry_after": 20}))
    transport = transport_to(server, login=True, pauses=pauses)
    transport.get("/campaigns")
    assert (transport.pacer.limit, transport.pacer.refusals) == (100_000, 0)
    assert pauses.asked == [20]


@pytest.mark.parametrize("others", [5.0, 15.0])
def test_trap_23_what_others_use_of_the_limit_is_left_to_them(others: float) -> None:
    """Another program of the same application: the header says what is left for both."""
    outcome = simulated(Window(1800), 5000, latency=0.05, workers=8, headers=True, others=others)
    assert len(outcome.refused) <= 8
    share = 1800 - 60 * others
    assert outcome.seconds <= 1.25 * 60 * 5000 / share


def test_trap_23_never_more_is_sent_than_what_is_left_however_many_are_under_way() -> None:
    clock = Pauses()
    pacer = Pacer(1800, clock=clock.clock)
    for _ in range(10):
        pacer.acquire(clock)
    pacer.release({"X-RateLimit-Remaining": "12"})
    sent = 0
    while pacer.waiting() <= 0:
        pacer.acquire(clock)
        sent += 1
    assert sent == 12 - 9, "nine were under way when it was said"
    assert 0 < pacer.waiting() <= 0.25, "their answers may say more"
    for _ in range(9 + sent):
        pacer.release(None)
    assert pacer.waiting() == pytest.approx(60, abs=0.2)
    clock.now += 60.2
    assert pacer.waiting() <= 0


def test_a_window_that_begins_earlier_than_ours_is_noticed() -> None:
    """The API's window began long before our first request; what is left jumps up when it ends."""
    clock = Pauses()
    pacer = Pacer(1800, clock=clock.clock)

    def ask(remaining: int) -> None:
        pacer.acquire(clock)
        pacer.release({"X-RateLimit-Limit": "1800", "X-RateLimit-Remaining": str(remaining)})

    ask(40)
    clock.now += 30
    ask(1799)
    clock.now += 20
    ask(0)
    assert pacer.waiting() == pytest.approx(40, abs=0.2)


@given(
    limit=st.integers(1, 20),
    steps=st.lists(
        st.tuples(
            st.sampled_from(["send", "send", "send and hear", "idle", "429", "429 in 30 s"]),
            st.floats(0, 90),
            st.integers(0, 25),
        ),
        max_size=60,
    ),
)
def test_trap_23_in_no_minute_more_than_was_asked_for(
    limit: int, steps: list[tuple[str, float, int]]
) -> None:
    """Whatever the API says, and however long a pause was: nothing is saved up for a burst.

    What was refused does not count, neither here nor there.
    """
    clock = Pauses()
    pacer = Pacer(limit, clock=clock.clock)
    sent: list[float] = []
    for what, seconds, number in steps:
        if what == "idle":
            clock.now += seconds
        elif what.startswith("429"):
            pacer.throttled(30.0 if "30" in what else None, sent[-1] if sent else clock.now)
            del sent[-1:]
        else:
            left = {"X-RateLimit-Limit": str(number + 1), "X-RateLimit-Remaining": str(number)}
            for _ in range(min(number, 8)):
                pacer.acquire(clock)
                sent.append(clock.now)
                clock.now += 0.01
                pacer.release(left if what == "send and hear" else None)
    assert all(later - earlier > 60 for earlier, later in zip(sent, sent[limit:], strict=False))


@pytest.mark.parametrize("limit", [1, 5, 10])
def test_a_429_never_raises_the_limit(limit: int) -> None:
    pacer = Pacer(limit, clock=Pauses().clock)
    pacer.throttled(60, 0.0)
    assert pacer.limit == limit


def test_after_a_pause_there_is_no_burst() -> None:
    clock = Pauses()
    pacer = Pacer(50, clock=clock.clock)
    clock.now += 3600
    sent = []
    for _ in range(120):
        pacer.acquire(clock)
        sent.append(clock.now)
        pacer.release(None)
    assert sent[49] == sent[0]
    assert sent[50] - sent[0] > 60
    assert sent[100] - sent[50] > 60


# Through the public interface: the wait is seen, and ends when the user ends it.


@pytest.fixture
def limited(server: ScriptedServer) -> Any:
    """A connection that may send six requests a minute, one of which went into the login."""
    server.handler = Listed(rows(3000)).reply
    server.answers.append(Reply(body=orgs({7: "Helping Hands"})))

    def connect(workers: int) -> Classy:
        return connected_to(server, workers=workers, requests_per_minute=6)

    return connect


@pytest.mark.parametrize("workers", [1, 8])
@pytest.mark.parametrize("way", ["frame", "batches", "to_csv"])
def test_trap_23_waiting_is_seen_and_can_be_ended(
    limited: Any, server: ScriptedServer, tmp_path: Any, workers: int, way: str
) -> None:
    notes: list[str] = []

    def progress(rows: int, total: int | None, note: str) -> None:
        notes.append(note)
        if "waiting" in note:
            raise InterruptedFetchError("Cancelled.")

    ways = {
        "frame": lambda classy: classy.transactions(progress=progress),
        "batches": lambda classy: list(classy.transactions.batches(progress=progress)),
        "to_csv": lambda classy: classy.transactions.to_csv(tmp_path / "a.csv", progress=progress),
    }
    with limited(workers) as classy:
        started = time.monotonic()
        with pytest.raises(InterruptedFetchError, match=r"Stopped: \d+ of 3,000 rows had come"):
            ways[way](classy)
        assert time.monotonic() - started < 10
        found = [
            match for note in notes if (match := re.search(r"waiting (\d+) s for the API's limit", note))
        ]
        assert 50 <= int(found[0].group(1)) <= 61
        assert len(server.data_requests) == 6, "the limit was kept"
        assert [t.name for t in threading.enumerate() if t.name.startswith("classy_nb-")] == []


def test_trap_23_waiting_for_a_429_is_seen_too(connected: Classy, server: ScriptedServer) -> None:
    listed = Listed(rows(3000))

    def answer(asked: Asked) -> Reply:
        too_many = Reply(429, {"error": "Too many requests", "retry_after": 42})
        return too_many if len(listed.asked) > 5 else listed.reply(asked)

    server.handler = answer
    notes: list[str] = []

    def progress(rows: int, total: int | None, note: str) -> None:
        notes.append(note)
        if "waiting" in note:
            raise InterruptedFetchError("Cancelled.")

    with pytest.raises(InterruptedFetchError):
        connected.transactions(progress=progress)
    assert re.search(r"waiting 4[12] s for the API's limit", notes[-1]) or "requests in" in notes[-1]
    assert any("waiting 4" in note for note in notes)


def test_lists_of_one_connection_share_the_limit(limited: Any, server: ScriptedServer) -> None:
    def enough(rows: int, total: int | None, note: str) -> None:
        if "waiting" in note:
            raise InterruptedFetchError("Cancelled.")

    with limited(2) as classy:
        outcomes: list[BaseException] = []

        def fetch() -> None:
            try:
                classy.transactions(progress=enough)
            except InterruptedFetchError as error:
                outcomes.append(error)

        threads = [threading.Thread(target=fetch) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert len(outcomes) == 3
        assert len(server.data_requests) == 6
