"""A limit that is lower than what the API says, or shared with others, is learned from refusals."""

import itertools
import random

import pytest
from support.connection import Pauses, transport_to
from support.server import Reply, ScriptedServer
from support.windows import Window, floor, simulated

from classy_nb.http.rate_limit import RateLimit


@pytest.mark.parametrize("workers", [1, 8, 32])
def test_trap_23_a_lower_limit_costs_one_burst_of_refusals(workers: int) -> None:
    """300 a minute, told by ``retry_after`` in the body of the 429 only."""
    outcome = simulated(Window(300), 3000, latency=0.1, workers=workers, retry_after=True)
    assert 1 <= len(outcome.refused) <= workers
    assert 290 <= outcome.rate_limit.limit <= 300
    assert outcome.seconds <= 1.15 * floor(3000, 300, 0.1, workers)


@pytest.mark.parametrize("workers", [1, 8])
def test_trap_23_a_lower_limit_is_learned_from_silent_refusals(workers: int) -> None:
    outcome = simulated(Window(300), 3000, latency=0.1, workers=workers)
    assert 1 <= len(outcome.refused) <= 3 * workers
    assert outcome.refused[-1] - outcome.refused[0] < 60, "then it is learned"
    assert 280 <= outcome.rate_limit.limit <= 300
    assert outcome.seconds <= 1.15 * floor(3000, 300, 0.1, workers)


@pytest.mark.parametrize("workers", [1, 8])
def test_a_server_that_always_asks_for_a_whole_minute(workers: int) -> None:
    """It says nothing of where its window began: what has passed in the last minute counts."""
    outcome = simulated(Window(300), 3000, latency=0.1, workers=workers, always=60.0)
    assert 1 <= len(outcome.refused) <= workers
    assert 290 <= outcome.rate_limit.limit <= 300
    assert outcome.seconds <= 1.15 * floor(3000, 300, 0.1, workers)


def test_a_limit_shared_with_others_is_not_taken_for_a_lower_one() -> None:
    """They take nearly all of it for a while; the headers say so, and so does a refusal's own."""
    clock = Pauses()
    rate_limit = RateLimit(1800, clock=clock.clock)
    for left in (1, 0):
        rate_limit.acquire(clock)
        rate_limit.release({"X-RateLimit-Limit": "1800", "X-RateLimit-Remaining": str(left)})
    rate_limit.throttled(40.0, clock.now)
    assert rate_limit.limit == 1800
    clock.now += 41
    assert rate_limit.waiting() <= 0


def test_a_refusal_that_the_headers_do_not_explain_teaches_a_lower_limit() -> None:
    clock = Pauses()
    rate_limit = RateLimit(1800, clock=clock.clock)
    for number in range(300):
        rate_limit.acquire(clock)
        rate_limit.release({"X-RateLimit-Limit": "1800", "X-RateLimit-Remaining": str(1799 - number)})
        clock.now += 0.1
    rate_limit.acquire(clock)
    rate_limit.release({"X-RateLimit-Limit": "1800", "X-RateLimit-Remaining": "1499"})
    rate_limit.throttled(30.0, clock.now)
    assert rate_limit.limit == 300


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
    rate_limit = RateLimit(1800, clock=clock.clock)
    for _ in range(101):
        moment = rate_limit.acquire(clock)
        rate_limit.release()
    rate_limit.throttled(60.0, moment)
    assert rate_limit.limit == 100
    minutes = 0
    while rate_limit.limit < 1800:
        minutes += 1
        for _ in range(rate_limit.limit):
            rate_limit.acquire(clock)
            rate_limit.release()
        assert minutes < 60
    assert minutes == pytest.approx(10 + 5, abs=2), "doubted after ten minutes, then doubled each minute"
    assert rate_limit.limit == 1800, "never above what the vendor documents"


@pytest.mark.parametrize("workers", [1, 8])
def test_others_who_had_used_up_nearly_all_of_it_are_waited_for_once(workers: int) -> None:
    """So few requests came through that they cannot be the limit: nothing is learned from them."""
    window = Window(1800)
    window.take(Pauses().now, 1795)
    outcome = simulated(window, 609, workers=workers, retry_after=True)
    assert outcome.rate_limit.limit == 1800
    assert outcome.seconds <= 61 + 609 * 0.3 / workers + 1


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("seconds", [5.0, 10.0, 40.0])
def test_moods_of_the_api_teach_no_limit(seed: int, seconds: float) -> None:
    """One request in twenty is refused while others that were sent later come through."""
    outcome = simulated(Window(100_000), 609, moods=random.Random(seed), mood_seconds=seconds)
    assert outcome.rate_limit.limit == 1800
    assert outcome.seconds <= 609 * 0.3 / 8 + len(outcome.refused) * (seconds + 1)


def test_a_success_that_was_under_way_takes_a_lesson_back() -> None:
    clock = Pauses()
    rate_limit = RateLimit(1800, clock=clock.clock)
    for _ in range(100):
        rate_limit.acquire(clock)
    refused = rate_limit.acquire(clock)
    clock.now += 0.2
    later = rate_limit.acquire(clock)
    clock.now += 0.3
    rate_limit.throttled(30.0, refused)
    assert rate_limit.limit == 101
    rate_limit.succeeded(later)
    assert rate_limit.limit == 1800
    assert rate_limit.waiting() >= 30, "what it asked for is waited for all the same"


def test_a_429_of_the_login_says_nothing_of_the_data(server: ScriptedServer) -> None:
    pauses = Pauses()
    server.logins.append(Reply(429, {"retry_after": 20}))
    http = transport_to(server, login=True, pauses=pauses)
    http.get("/campaigns")
    assert (http.rate_limit.limit, http.rate_limit.refusals) == (100_000, 0)
    assert pauses.asked == [20]
