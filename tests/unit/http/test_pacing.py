"""Never more than the limit in any 60 seconds, whoever asks; clocks are fakes."""

import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.connection import Pauses
from support.threads import together

from classy_nb.errors import UsageError
from classy_nb.http.rate_limit import DEFAULT_LIMIT, RateLimit


def spend(rate_limit: RateLimit, pauses: Pauses, number: int, **headers: str) -> list[float]:
    """Send *number* requests, each of which takes no time; return when each was sent."""
    moments = []
    for _ in range(number):
        rate_limit.acquire(pauses)
        moments.append(pauses.now)
        rate_limit.release({name.replace("_", "-"): value for name, value in headers.items()})
    return moments


def most_in_a_minute(moments: list[float]) -> int:
    return max(sum(1 for m in moments if start <= m < start + 60) for start in moments)


def paced(limit: int = DEFAULT_LIMIT) -> tuple[RateLimit, Pauses]:
    pauses = Pauses()
    return RateLimit(limit, clock=pauses.clock), pauses


@pytest.mark.parametrize("limit", [1, 7, 300])
def test_trap_23_never_more_than_the_limit_in_any_minute(limit: int) -> None:
    rate_limit, pauses = paced(limit)
    moments = spend(rate_limit, pauses, 4 * limit)
    assert most_in_a_minute(moments) == limit
    assert moments[-1] - moments[0] == pytest.approx(180, abs=3)


def test_the_documented_limit_is_the_default_and_a_burst_within_it_waits_for_nothing() -> None:
    rate_limit, pauses = paced()
    assert DEFAULT_LIMIT == 1800
    spend(rate_limit, pauses, 1800)
    assert pauses.asked == []
    assert rate_limit.waiting() == pytest.approx(60, abs=1)
    spend(rate_limit, pauses, 1)
    assert pauses.now == pytest.approx(1060, abs=1)


@given(st.lists(st.floats(0, 30), min_size=1, max_size=60))
def test_whatever_the_rhythm_the_limit_holds(gaps: list[float]) -> None:
    rate_limit, pauses = paced(5)
    moments = []
    for gap in gaps:
        pauses.now += gap
        moments += spend(rate_limit, pauses, 1)
    assert most_in_a_minute(moments) <= 5


@pytest.mark.parametrize("limit", [0, -1, 1.5, "300", True, None])
def test_limits_that_make_no_sense(limit: Any) -> None:
    with pytest.raises(UsageError, match="requests_per_minute="):
        RateLimit(limit)


def test_trap_23_a_lower_limit_in_the_headers_is_taken_over() -> None:
    rate_limit, pauses = paced(1800)
    spend(rate_limit, pauses, 1, X_RateLimit_Limit="240", X_RateLimit_Remaining="239")
    assert rate_limit.limit == 240
    assert rate_limit.remaining == 239
    assert most_in_a_minute(spend(rate_limit, pauses, 500)) <= 240


def test_a_higher_limit_in_the_headers_is_not() -> None:
    rate_limit, pauses = paced(100)
    spend(rate_limit, pauses, 1, X_RateLimit_Limit="1800", X_RateLimit_Remaining="1799")
    assert rate_limit.limit == 100


@pytest.mark.parametrize("text", ["", "many", "-5", "1.5", "  "])
def test_headers_that_make_no_sense_change_nothing(text: str) -> None:
    rate_limit, pauses = paced(100)
    spend(rate_limit, pauses, 1, X_RateLimit_Limit=text, X_RateLimit_Remaining=text)
    assert (rate_limit.limit, rate_limit.remaining) == (100, None)
    spend(rate_limit, pauses, 50)
    assert pauses.asked == []


def test_trap_23_without_headers_nothing_is_assumed() -> None:
    rate_limit, pauses = paced(100)
    spend(rate_limit, pauses, 10)
    assert rate_limit.remaining is None
    assert pauses.asked == []


def test_when_nothing_is_left_the_rest_of_the_window_is_waited_for() -> None:
    """Others share the limit: the API says 0 although we have sent little."""
    rate_limit, pauses = paced(1800)
    spend(rate_limit, pauses, 1, X_RateLimit_Limit="1800", X_RateLimit_Remaining="0")
    assert rate_limit.waiting() == pytest.approx(60, abs=1)
    spend(rate_limit, pauses, 1)
    assert pauses.now == pytest.approx(1060, abs=1)


def test_trap_23_a_429_closes_the_gate_for_everyone() -> None:
    rate_limit, pauses = paced()
    rate_limit.acquire(pauses)
    rate_limit.release(None)
    assert rate_limit.throttled(42, pauses.now) == pytest.approx(42, abs=0.5)
    assert rate_limit.waiting() >= 42
    spend(rate_limit, pauses, 1)
    assert pauses.now >= 1042


@pytest.mark.parametrize("others", [1, 8])
def test_a_429_that_says_nothing_is_waited_for_longer_each_time(others: int) -> None:
    rate_limit, pauses = paced()
    waits = []
    for _ in range(6):
        for _ in range(others):
            rate_limit.acquire(pauses)
        for _ in range(others):
            rate_limit.release(None)
        told = [rate_limit.throttled(None, pauses.now) for _ in range(others)]
        waits.append(round(told[0], 3))
    assert waits == sorted(waits)
    assert 1 <= waits[0] <= 5
    assert waits[-1] == pytest.approx(30, abs=1)


def test_a_success_ends_a_run_of_silent_refusals() -> None:
    rate_limit, pauses = paced()
    first = rate_limit.throttled(None, pauses.now)
    pauses(first)
    assert rate_limit.throttled(None, pauses.now) > first
    pauses(30)
    rate_limit.succeeded(pauses.now)
    assert rate_limit.throttled(None, pauses.now) == pytest.approx(first, abs=0.01)


def test_trap_23_a_lower_limit_is_learned_from_a_429() -> None:
    """Support told one customer 300 a minute: the 301st is refused."""
    rate_limit, pauses = paced(1800)
    spend(rate_limit, pauses, 300)
    rate_limit.acquire(pauses)
    rate_limit.release(None)
    rate_limit.throttled(60, pauses.now)
    assert 290 <= rate_limit.limit <= 300
    moments = spend(rate_limit, pauses, 900)
    assert most_in_a_minute(moments) <= 300


def test_a_short_hiccup_teaches_no_limit() -> None:
    rate_limit, pauses = paced(1800)
    spend(rate_limit, pauses, 20)
    rate_limit.throttled(1, pauses.now)
    assert rate_limit.limit == 1800


def test_a_limit_that_nobody_would_set_is_not_believed() -> None:
    rate_limit, pauses = paced(1800)
    for _ in range(5):
        spend(rate_limit, pauses, 1)
        rate_limit.throttled(60, pauses.now)
    assert rate_limit.limit == 1800
    assert len(spend(rate_limit, pauses, 20)) == 20


def test_a_pause_that_raises_ends_the_waiting() -> None:
    rate_limit, pauses = paced(1)
    spend(rate_limit, pauses, 1)

    def stop(_: float) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        rate_limit.acquire(stop)
    pauses.now += 61
    assert len(spend(rate_limit, pauses, 1)) == 1  # nothing was counted for the one that gave up


def test_many_threads_share_one_limit() -> None:
    clock = Pauses()
    rate_limit = RateLimit(50, clock=clock.clock)
    lock, sent = threading.Lock(), []
    full = threading.Event()

    def pause(seconds: float) -> None:
        full.set()
        with lock:
            clock(seconds)

    def work() -> None:
        for _ in range(10):
            rate_limit.acquire(pause)
            with lock:
                sent.append(clock.now)
            rate_limit.release(None)

    together(work, [()] * 16)
    assert len(sent) == 160
    assert full.is_set()
    assert clock.now >= 1000 + 3 * 60
