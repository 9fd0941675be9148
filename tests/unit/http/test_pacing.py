"""Never more than the limit in any 60 seconds, whoever asks; clocks are fakes."""

import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.connection import Pauses
from support.threads import together

from classy_nb.errors import UsageError
from classy_nb.http.rate_limit import DEFAULT_LIMIT, Pacer


def spend(pacer: Pacer, pauses: Pauses, number: int, **headers: str) -> list[float]:
    """Send *number* requests, each of which takes no time; return when each was sent."""
    moments = []
    for _ in range(number):
        pacer.acquire(pauses)
        moments.append(pauses.now)
        pacer.release({name.replace("_", "-"): value for name, value in headers.items()})
    return moments


def most_in_a_minute(moments: list[float]) -> int:
    return max(sum(1 for m in moments if start <= m < start + 60) for start in moments)


def paced(limit: int = DEFAULT_LIMIT) -> tuple[Pacer, Pauses]:
    pauses = Pauses()
    return Pacer(limit, clock=pauses.clock), pauses


@pytest.mark.parametrize("limit", [1, 7, 300])
def test_trap_23_never_more_than_the_limit_in_any_minute(limit: int) -> None:
    pacer, pauses = paced(limit)
    moments = spend(pacer, pauses, 4 * limit)
    assert most_in_a_minute(moments) == limit
    assert moments[-1] - moments[0] == pytest.approx(180, abs=3)


def test_the_documented_limit_is_the_default_and_a_burst_within_it_waits_for_nothing() -> None:
    pacer, pauses = paced()
    assert DEFAULT_LIMIT == 1800
    spend(pacer, pauses, 1800)
    assert pauses.asked == []
    assert pacer.waiting() == pytest.approx(60, abs=1)
    spend(pacer, pauses, 1)
    assert pauses.now == pytest.approx(1060, abs=1)


@given(st.lists(st.floats(0, 30), min_size=1, max_size=60))
def test_whatever_the_rhythm_the_limit_holds(gaps: list[float]) -> None:
    pacer, pauses = paced(5)
    moments = []
    for gap in gaps:
        pauses.now += gap
        moments += spend(pacer, pauses, 1)
    assert most_in_a_minute(moments) <= 5


@pytest.mark.parametrize("limit", [0, -1, 1.5, "300", True, None])
def test_limits_that_make_no_sense(limit: Any) -> None:
    with pytest.raises(UsageError, match="requests_per_minute="):
        Pacer(limit)


def test_trap_23_a_lower_limit_in_the_headers_is_taken_over() -> None:
    pacer, pauses = paced(1800)
    spend(pacer, pauses, 1, X_RateLimit_Limit="240", X_RateLimit_Remaining="239")
    assert pacer.limit == 240
    assert pacer.remaining == 239
    assert most_in_a_minute(spend(pacer, pauses, 500)) <= 240


def test_a_higher_limit_in_the_headers_is_not() -> None:
    pacer, pauses = paced(100)
    spend(pacer, pauses, 1, X_RateLimit_Limit="1800", X_RateLimit_Remaining="1799")
    assert pacer.limit == 100


@pytest.mark.parametrize("text", ["", "many", "-5", "1.5", "  "])
def test_headers_that_make_no_sense_change_nothing(text: str) -> None:
    pacer, pauses = paced(100)
    spend(pacer, pauses, 1, X_RateLimit_Limit=text, X_RateLimit_Remaining=text)
    assert (pacer.limit, pacer.remaining) == (100, None)
    spend(pacer, pauses, 50)
    assert pauses.asked == []


def test_trap_23_without_headers_nothing_is_assumed() -> None:
    pacer, pauses = paced(100)
    spend(pacer, pauses, 10)
    assert pacer.remaining is None
    assert pauses.asked == []


def test_when_nothing_is_left_the_rest_of_the_window_is_waited_for() -> None:
    """Others share the limit: the API says 0 although we have sent little."""
    pacer, pauses = paced(1800)
    spend(pacer, pauses, 1, X_RateLimit_Limit="1800", X_RateLimit_Remaining="0")
    assert pacer.waiting() == pytest.approx(60, abs=1)
    spend(pacer, pauses, 1)
    assert pauses.now == pytest.approx(1060, abs=1)


def test_trap_23_a_429_closes_the_gate_for_everyone() -> None:
    pacer, pauses = paced()
    pacer.acquire(pauses)
    pacer.release(None)
    assert pacer.throttled(42, pauses.now) == pytest.approx(42, abs=0.5)
    assert pacer.waiting() >= 42
    spend(pacer, pauses, 1)
    assert pauses.now >= 1042


@pytest.mark.parametrize("others", [1, 8])
def test_a_429_that_says_nothing_is_waited_for_longer_each_time(others: int) -> None:
    pacer, pauses = paced()
    waits = []
    for _ in range(6):
        for _ in range(others):
            pacer.acquire(pauses)
        for _ in range(others):
            pacer.release(None)
        told = [pacer.throttled(None, pauses.now) for _ in range(others)]
        waits.append(round(told[0], 3))
    assert waits == sorted(waits)
    assert 1 <= waits[0] <= 5
    assert waits[-1] == pytest.approx(30, abs=1)


def test_a_success_ends_a_run_of_silent_refusals() -> None:
    pacer, pauses = paced()
    first = pacer.throttled(None, pauses.now)
    pauses(first)
    assert pacer.throttled(None, pauses.now) > first
    pauses(30)
    pacer.succeeded(pauses.now)
    assert pacer.throttled(None, pauses.now) == pytest.approx(first, abs=0.01)


def test_trap_23_a_lower_limit_is_learned_from_a_429() -> None:
    """Support told one customer 300 a minute: the 301st is refused."""
    pacer, pauses = paced(1800)
    spend(pacer, pauses, 300)
    pacer.acquire(pauses)
    pacer.release(None)
    pacer.throttled(60, pauses.now)
    assert 290 <= pacer.limit <= 300
    moments = spend(pacer, pauses, 900)
    assert most_in_a_minute(moments) <= 300


def test_a_short_hiccup_teaches_no_limit() -> None:
    pacer, pauses = paced(1800)
    spend(pacer, pauses, 20)
    pacer.throttled(1, pauses.now)
    assert pacer.limit == 1800


def test_a_limit_that_nobody_would_set_is_not_believed() -> None:
    pacer, pauses = paced(1800)
    for _ in range(5):
        spend(pacer, pauses, 1)
        pacer.throttled(60, pauses.now)
    assert pacer.limit == 1800
    assert len(spend(pacer, pauses, 20)) == 20


def test_a_pause_that_raises_ends_the_waiting() -> None:
    pacer, pauses = paced(1)
    spend(pacer, pauses, 1)

    def stop(_: float) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        pacer.acquire(stop)
    pauses.now += 61
    assert len(spend(pacer, pauses, 1)) == 1  # nothing was counted for the one that gave up


def test_many_threads_share_one_limit() -> None:
    clock = Pauses()
    pacer = Pacer(50, clock=clock.clock)
    lock, sent = threading.Lock(), []
    full = threading.Event()

    def pause(seconds: float) -> None:
        full.set()
        with lock:
            clock(seconds)

    def work() -> None:
        for _ in range(10):
            pacer.acquire(pause)
            with lock:
                sent.append(clock.now)
            pacer.release(None)

    together(work, [()] * 16)
    assert len(sent) == 160
    assert full.is_set()
    assert clock.now >= 1000 + 3 * 60
