"""At the limit: as fast as it allows, visibly and interruptibly slow where it says so; clocks are fakes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.connection import Pauses
from support.windows import Window, floor, simulated

from classy_nb.http.rate_limit import RateLimit


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


@pytest.mark.parametrize("others", [5.0, 15.0])
def test_trap_23_what_others_use_of_the_limit_is_left_to_them(others: float) -> None:
    """Another program of the same application: the header says what is left for both."""
    outcome = simulated(Window(1800), 5000, latency=0.05, workers=8, headers=True, others=others)
    assert len(outcome.refused) <= 8
    share = 1800 - 60 * others
    assert outcome.seconds <= 1.25 * 60 * 5000 / share


def test_trap_23_never_more_is_sent_than_what_is_left_however_many_are_under_way() -> None:
    clock = Pauses()
    rate_limit = RateLimit(1800, clock=clock.clock)
    for _ in range(10):
        rate_limit.acquire(clock)
    rate_limit.release({"X-RateLimit-Remaining": "12"})
    sent = 0
    while rate_limit.waiting() <= 0:
        rate_limit.acquire(clock)
        sent += 1
    assert sent == 12 - 9, "nine were under way when it was said"
    assert 0 < rate_limit.waiting() <= 0.25, "their answers may say more"
    for _ in range(9 + sent):
        rate_limit.release(None)
    assert rate_limit.waiting() == pytest.approx(60, abs=0.2)
    clock.now += 60.2
    assert rate_limit.waiting() <= 0


def test_a_window_that_begins_earlier_than_ours_is_noticed() -> None:
    """The API's window began long before our first request; what is left jumps up when it ends."""
    clock = Pauses()
    rate_limit = RateLimit(1800, clock=clock.clock)

    def ask(remaining: int) -> None:
        rate_limit.acquire(clock)
        rate_limit.release({"X-RateLimit-Limit": "1800", "X-RateLimit-Remaining": str(remaining)})

    ask(40)
    clock.now += 30
    ask(1799)
    clock.now += 20
    ask(0)
    assert rate_limit.waiting() == pytest.approx(40, abs=0.2)


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
    rate_limit = RateLimit(limit, clock=clock.clock)
    sent: list[float] = []
    for what, seconds, number in steps:
        if what == "idle":
            clock.now += seconds
        elif what.startswith("429"):
            rate_limit.throttled(30.0 if "30" in what else None, sent[-1] if sent else clock.now)
            del sent[-1:]
        else:
            left = {"X-RateLimit-Limit": str(number + 1), "X-RateLimit-Remaining": str(number)}
            for _ in range(min(number, 8)):
                rate_limit.acquire(clock)
                sent.append(clock.now)
                clock.now += 0.01
                rate_limit.release(left if what == "send and hear" else None)
    assert all(later - earlier > 60 for earlier, later in zip(sent, sent[limit:], strict=False))


@pytest.mark.parametrize("limit", [1, 5, 10])
def test_a_429_never_raises_the_limit(limit: int) -> None:
    rate_limit = RateLimit(limit, clock=Pauses().clock)
    rate_limit.throttled(60, 0.0)
    assert rate_limit.limit == limit


def test_after_a_pause_there_is_no_burst() -> None:
    clock = Pauses()
    rate_limit = RateLimit(50, clock=clock.clock)
    clock.now += 3600
    sent = []
    for _ in range(120):
        rate_limit.acquire(clock)
        sent.append(clock.now)
        rate_limit.release(None)
    assert sent[49] == sent[0]
    assert sent[50] - sent[0] > 60
    assert sent[100] - sent[50] > 60
