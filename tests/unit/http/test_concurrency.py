"""How many requests are under way: on a fake clock, against servers that differ in what many of them cost."""

import os
import threading
from collections.abc import Callable
from itertools import pairwise

import pytest
from support.connection import Pauses
from support.loads import Fixed, Load, found_by
from support.windows import Window, floor, simulated

from classy_nb.errors import InterruptedFetchError
from classy_nb.http import MOST_AT_ONCE, Cancel, Concurrency, RateLimit

PAGES = 601
"""Of 60,100 gifts."""
SIZE = 300_000
"""Bytes of a full page."""


def quick(_: int) -> float:
    return 0.3


class Requests:
    """Sends and answers requests by hand."""

    def __init__(self) -> None:
        self.clock = Pauses()
        self.concurrency = Concurrency(clock=self.clock.clock)

    @property
    def number(self) -> int:
        return self.concurrency.number

    def together(
        self,
        number: int,
        seconds: float = 0.3,
        status: int | None = 200,
        *,
        path: str = "/x",
        size: int = SIZE,
    ) -> None:
        """Let *number* requests be under way at the same time, and end."""
        sent = [self.concurrency.take() for _ in range(number)]
        self.clock.now += seconds
        for one in sent:
            assert one is not None, "there was no slot"
            self.concurrency.release(one, path, status, size)

    def grow(self, to: int = MOST_AT_ONCE) -> None:
        self.together(1)
        while self.number < to:
            self.together(self.number)
        assert self.number == to


@pytest.fixture
def requests() -> Requests:
    return Requests()


# Growing


def test_it_begins_with_four_and_doubles_with_each_round_trip() -> None:
    load = Load(quick)
    load.run(PAGES, found_by(load))
    assert load.grown == {4: 0.3, 8: 0.6, 16: 0.9, 32: 1.2}  # the first page is alone
    assert load.highest == MOST_AT_ONCE == 32


def test_60100_gifts_take_hardly_longer_than_with_32_workers() -> None:
    load = Load(quick)
    assert load.run(PAGES, found_by(load)) <= 1.15 * Load(quick).run(PAGES, Fixed(32))


def test_answers_that_take_seconds_are_not_waited_for() -> None:
    """9,480 supporters in 95 pages of 3 seconds: whole round trips would cost more than they tell."""
    load = Load(lambda _: 3.0)
    assert load.run(95, found_by(load)) <= 1.15 * Load(lambda _: 3.0).run(95, Fixed(32))
    assert load.highest == 32


def test_it_does_not_grow_while_fewer_are_under_way(requests: Requests) -> None:
    for _ in range(50):
        requests.together(1)
    assert requests.number == 4
    for _ in range(50):
        requests.together(2)
    assert requests.number == 4


# Servers that slow down


@pytest.mark.parametrize(("jitter", "bound"), [(0.0, 1.15), (0.2, 1.2)])
@pytest.mark.parametrize(
    ("best", "seconds"),
    [
        pytest.param(32, lambda n: 0.3 + 0.05 * (n - 1), id="each one takes a little longer"),
        pytest.param(1, lambda n: 0.1 + 0.1 * (n - 1), id="one after the other"),
        pytest.param(4, lambda n: 0.3 * max(1, n / 4), id="four at full speed"),
        pytest.param(8, lambda n: 0.3 * max(1, n / 8), id="eight at full speed"),
        pytest.param(8, lambda n: 0.3 + 0.005 * (n - 1) ** 2, id="best with eight"),
        pytest.param(4, lambda n: 0.3 + 0.02 * (n - 1) ** 2, id="best with four"),
        pytest.param(16, lambda n: 0.3 + 0.001 * (n - 1) ** 2, id="best with sixteen"),
        pytest.param(1, lambda n: 0.3 + 0.3 * (n - 1) ** 2, id="best alone"),
        pytest.param(8, lambda n: 1.2 + 0.015 * (n - 1) ** 2, id="slow, and best with eight"),
    ],
)
def test_a_server_that_slows_down_gets_no_more_than_helps(
    best: int, seconds: Callable[[int], float], jitter: float, bound: float
) -> None:
    load = Load(seconds, jitter=jitter)
    found = load.run(PAGES, found_by(load))
    assert found <= bound * Load(seconds, jitter=jitter).run(PAGES, Fixed(best))


def test_one_slow_round_is_a_hiccup(requests: Requests) -> None:
    requests.grow()
    requests.together(32)
    for _ in range(5):
        requests.together(32, seconds=0.9)
        assert requests.number == 32
        requests.together(32)


def test_a_server_that_is_slower_for_everybody_is_asked_as_often_as_before(requests: Requests) -> None:
    requests.grow()
    requests.together(32)
    requests.together(32, seconds=0.9)
    requests.together(32, seconds=0.9)
    assert requests.number == 16
    requests.together(16, seconds=0.9)
    assert requests.number == 32  # half as many took as long: it was not their number


def test_a_server_that_has_less_to_spare_is_asked_less_often(requests: Requests) -> None:
    requests.grow()
    requests.together(32)
    for _ in range(2):
        requests.together(32, seconds=0.9)
    for _ in range(4):
        requests.together(requests.number, seconds=requests.number * 0.03)
    assert requests.number == 16
    requests.clock.now += 5
    requests.together(16, seconds=0.48)
    assert requests.number == 16, "it is tried again, but not at once"


def test_a_server_that_can_now_take_only_one_request_gets_one(requests: Requests) -> None:
    requests.together(1)
    requests.together(4, status=429)
    assert requests.number == 2
    requests.together(2)
    for _ in range(2):
        requests.together(2, seconds=0.9)
    assert requests.number == 1


def test_a_number_that_brought_nothing_is_tried_ever_less_often_but_at_least_once_a_minute(
    requests: Requests,
) -> None:
    requests.together(1)
    tried = []
    for _ in range(3000):
        before = requests.number
        requests.together(before, seconds=0.1 * max(1, before / 4))  # four at full speed
        if before <= 4 < requests.number:
            tried.append(requests.clock.now)
    waits = [later - earlier for earlier, later in pairwise(tried)]
    assert waits[:6] == pytest.approx([8, 16, 32, 60, 60, 60], abs=1)


def test_small_pages_say_nothing_about_large_ones(requests: Requests) -> None:
    """The last page of a range may be empty: it is quick, and the next full page is not slow for that."""
    requests.grow()
    requests.together(32)
    for seconds, size in ((0.02, 200), (0.3, SIZE), (0.02, 200), (0.3, SIZE), (0.3, SIZE), (0.02, 200)):
        requests.together(32, seconds=seconds, size=size)
        assert requests.number == 32


def test_a_list_that_nobody_has_read_yet_is_found_out_about_anew(requests: Requests) -> None:
    requests.grow()
    requests.together(1, path="/supporters", seconds=1.0)
    assert requests.number == 4
    for _ in range(2):
        assert requests.number == 4
        requests.together(4, path="/supporters", seconds=4.0)
    assert requests.number == 1  # four at once were as slow as one after the other


def test_a_list_that_is_known_goes_on_with_the_number(requests: Requests) -> None:
    requests.grow()
    requests.together(1)
    assert requests.number == 32


def test_after_a_pause_of_more_than_a_minute_all_is_found_anew(requests: Requests) -> None:
    requests.grow()
    requests.clock.now += 59
    requests.together(1)
    assert requests.number == 32
    requests.clock.now += 61
    requests.together(1)
    assert requests.number == 4


# Servers that refuse


@pytest.mark.parametrize("refused_after", [0.03, 0.3])
@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(("most", "refusals"), [(1, 7), (2, 4), (4, 4), (6, 2), (20, 12)])
def test_refusals_are_few_and_the_number_is_remembered(
    most: int, refusals: int, status: int, refused_after: float
) -> None:
    load = Load(quick, most=most, status=status, refused_after=refused_after)
    load.run(min(PAGES, 190 * most), found_by(load))  # about a minute
    assert load.refused <= refusals
    assert load.numbers[-40] == most


def test_after_a_minute_one_more_is_tried_and_refused() -> None:
    load = Load(quick, most=4)
    concurrency = found_by(load)
    load.run(600, concurrency)
    assert load.refused == 4
    load.run(1_800, concurrency)  # two and a quarter minutes
    assert load.refused <= 4 + 3


def test_a_refusal_halves_the_number_once_for_all_that_were_under_way(requests: Requests) -> None:
    requests.grow()
    sent = [requests.concurrency.take() for _ in range(32)]
    for one in sent[:20]:
        assert one is not None
        requests.concurrency.release(one, "/x", 429)
    assert requests.number == 16


@pytest.mark.parametrize("status", [500, 502, 504, None])
def test_failures_halve_the_number_and_each_round_trip_adds_one(
    requests: Requests, status: int | None
) -> None:
    requests.grow()
    requests.together(32, status=status)
    assert requests.number == 16
    for number in range(16, 32):
        assert requests.number == number
        requests.together(number)
    requests.together(32)
    assert requests.number == 32


@pytest.mark.parametrize("status", [429, 503, 500, None])
def test_a_request_that_fails_alone_says_nothing_about_the_number(
    requests: Requests, status: int | None
) -> None:
    for _ in range(5):
        requests.together(1, status=status)
    assert requests.number == 4


@pytest.mark.parametrize("status", [400, 401, 404])
def test_the_question_s_own_errors_say_nothing_about_the_number(requests: Requests, status: int) -> None:
    requests.grow(8)
    requests.together(8, status=status)
    assert requests.number == 8


def test_what_was_cut_off_says_nothing_about_the_server(requests: Requests) -> None:
    requests.grow(8)
    sent = [requests.concurrency.take() for _ in range(8)]
    for one in sent:
        assert one is not None
        requests.concurrency.release(one, "/x", ended=False)
    assert requests.number == 8
    assert requests.concurrency.take() is not None


@pytest.mark.parametrize("limit", [300, 1800])
@pytest.mark.parametrize("headers", [True, False])
def test_the_rate_stays_the_rate_limit_s_business(limit: int, *, headers: bool) -> None:
    """A window that is used up refuses all that are under way, once; that is not their number's fault."""
    outcome = simulated(
        Window(limit), 3000, latency=0.1, workers=None, headers=headers, retry_after=not headers
    )
    assert outcome.seconds <= 1.02 * floor(3000, limit, 0.1, 32) + 1
    assert len(outcome.refused) <= (0 if headers else 32 + 9)


# Slots


def test_there_are_as_many_slots_as_the_number_says(requests: Requests) -> None:
    sent = [requests.concurrency.take() for _ in range(5)]
    assert [one is not None for one in sent] == [True] * 4 + [False]


def test_a_slot_and_a_permit_are_taken_together() -> None:
    """Whoever waits for the rate limit keeps no slot from others."""
    clock = Pauses()
    concurrency = Concurrency(clock=clock.clock)
    rate_limit = RateLimit(1, clock=clock.clock, sleep=clock)
    first = rate_limit.acquire("/x", concurrency=concurrency)
    assert first.slot is not None
    concurrency.release(first.slot, "/x", 200, SIZE)
    rate_limit.release(first, 200)
    second = rate_limit.acquire("/x", concurrency=concurrency)
    assert clock.asked == [pytest.approx(60.1)]
    assert second.slot is not None
    assert second.slot.number == 1


def test_a_cancel_ends_the_wait_for_a_slot() -> None:
    concurrency, cancel = Concurrency(), Cancel()
    for _ in range(4):
        concurrency.take()
    threading.Timer(0.05, cancel.set).start()
    with pytest.raises(InterruptedFetchError):
        RateLimit().acquire("/x", cancel, concurrency=concurrency)


def test_a_slot_that_comes_free_goes_to_whoever_waits() -> None:
    concurrency = Concurrency()
    sent = [concurrency.take() for _ in range(4)]
    assert sent[0] is not None
    threading.Timer(0.05, concurrency.release, (sent[0], "/x", 200, SIZE)).start()
    assert RateLimit().acquire("/x", concurrency=concurrency).slot is not None


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows cannot fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_counts_its_own_requests(requests: Requests) -> None:
    requests.grow(8)
    for _ in range(8):
        requests.concurrency.take()
    child = os.fork()
    if child == 0:
        free = sum(requests.concurrency.take() is not None for _ in range(9))
        os._exit(free)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 8
    assert requests.concurrency.take() is None
