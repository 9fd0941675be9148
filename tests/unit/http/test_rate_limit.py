"""How fast requests may be sent, whatever the API says. Clocks are fakes; nobody waits."""

import random
import re
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.connection import Pauses, connected_to, orgs, transport_to
from support.lists import Listed, rows
from support.server import OK, Asked, Reply, ScriptedServer
from support.threads import together, wait_for_none
from support.windows import Window, floor, simulated

from classy_nb.client import Classy
from classy_nb.errors import InterruptedFetchError, RateLimitedError, UsageError
from classy_nb.http import DEFAULT_LIMIT, Cancel, RateLimit


def limited(limit: int = DEFAULT_LIMIT) -> tuple[RateLimit, Pauses]:
    pauses = Pauses()
    return RateLimit(limit, clock=pauses.clock, sleep=pauses), pauses


def send(rate_limit: RateLimit, pauses: Pauses, number: int, path: str = "/x", **headers: str) -> list[float]:
    """Send *number* requests, each of which takes no time; return when each was sent."""
    moments = []
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    for _ in range(number):
        permit = rate_limit.acquire(path)
        moments.append(pauses.now)
        rate_limit.release(permit, 200, named)
    return moments


def refuse(rate_limit: RateLimit, retry_after: float | None, status: int = 429) -> None:
    """Send one request, and let the API answer that there are too many."""
    rate_limit.release(rate_limit.acquire("/x"), status, {}, retry_after)


def most_in_a_minute(moments: list[float]) -> int:
    return max(sum(1 for m in moments if start <= m < start + 60) for start in moments)


# The limit itself


@pytest.mark.parametrize("limit", [1, 7, 300])
def test_trap_23_never_more_than_the_limit_in_any_minute(limit: int) -> None:
    rate_limit, pauses = limited(limit)
    moments = send(rate_limit, pauses, 4 * limit)
    assert most_in_a_minute(moments) == limit
    assert moments[-1] - moments[0] == pytest.approx(180, abs=3)


def test_the_documented_limit_is_the_default_and_a_burst_within_it_does_not_wait() -> None:
    rate_limit, pauses = limited()
    assert DEFAULT_LIMIT == 1800
    send(rate_limit, pauses, 1800)
    assert pauses.asked == []
    assert rate_limit.waiting() == pytest.approx(60, abs=1)
    send(rate_limit, pauses, 1)
    assert pauses.now == pytest.approx(1060, abs=1)


def test_a_long_pause_does_not_save_up_requests_for_a_burst() -> None:
    rate_limit, pauses = limited(50)
    pauses.now += 3600
    sent = send(rate_limit, pauses, 120)
    assert sent[49] == sent[0]
    assert sent[50] - sent[0] > 60
    assert sent[100] - sent[50] > 60


@given(
    limit=st.integers(1, 20),
    steps=st.lists(
        st.tuples(
            st.sampled_from(
                ["send", "send", "headers", "idle", "429", "429 in 2 s", "429 in 30 s", "503 in 5 s"]
            ),
            st.floats(0, 90),
            st.integers(0, 25),
        ),
        max_size=60,
    ),
)
def test_trap_23_never_more_than_the_limit_in_any_minute_whatever_the_api_says(
    limit: int, steps: list[tuple[str, float, int]]
) -> None:
    """What the API refused does not count, neither here nor there."""
    rate_limit, clock = limited(limit)
    sent: list[float] = []
    for what, seconds, number in steps:
        if what == "idle":
            clock.now += seconds
            continue
        for _ in range(1 if what[0] in "45" else min(number, 8)):
            permit = rate_limit.acquire("/x")
            sent.append(clock.now)
            clock.now += 0.01
            if what == "send":
                rate_limit.release(permit, 200)
            elif what == "headers":
                left = {"X-RateLimit-Limit": str(number + 1), "X-RateLimit-Remaining": str(number)}
                rate_limit.release(permit, 200, left)
            elif what == "503 in 5 s":
                rate_limit.release(permit, 503, {}, 5.0)
            else:
                del sent[-1:]
                hint = re.search(r"in (\d+) s", what)
                rate_limit.release(permit, 429, {}, float(hint[1]) if hint else None)
    assert all(later - earlier > 60 for earlier, later in zip(sent, sent[limit:], strict=False))


@pytest.mark.parametrize("limit", [0, -1, 1.5, "300", True, None])
def test_limits_that_make_no_sense(limit: Any) -> None:
    with pytest.raises(UsageError, match="requests_per_minute="):
        RateLimit(limit)


def test_many_threads_share_one_limit() -> None:
    clock = Pauses()
    lock, sent, full = threading.Lock(), [], threading.Event()

    def sleep(seconds: float) -> None:
        full.set()
        with lock:
            clock(seconds)

    rate_limit = RateLimit(50, clock=clock.clock, sleep=sleep)

    def work() -> None:
        for _ in range(10):
            permit = rate_limit.acquire("/x")
            with lock:
                sent.append(clock.now)
            rate_limit.release(permit, 200)

    together(work, [()] * 16)
    assert len(sent) == 160
    assert full.is_set()
    assert clock.now >= 1000 + 3 * 60


@pytest.mark.parametrize("told", ["headers", "nothing"])
@pytest.mark.parametrize(
    ("limit", "latency", "workers"),
    [(1800, 0.3, 8), (1800, 0.3, 32), (300, 0.3, 8), (300, 0.05, 8), (60, 0.3, 2)],
)
def test_trap_23_the_limit_is_used_to_the_full(told: str, limit: int, latency: float, workers: int) -> None:
    number, headers = 5 * limit, told == "headers"
    outcome = simulated(
        Window(limit), number, own_limit=limit, latency=latency, workers=workers, headers=headers
    )
    assert outcome.refused == []
    assert outcome.seconds <= 1.05 * floor(number, limit, latency, workers) + 1


# A 429 or 503 that says how long to wait


@pytest.mark.parametrize("status", [429, 503])
def test_trap_23_a_hint_closes_the_gate_for_everyone(status: int) -> None:
    rate_limit, pauses = limited()
    refuse(rate_limit, 42.0, status)
    assert rate_limit.waiting("/x") == rate_limit.waiting("/another") == pytest.approx(42, abs=0.2)
    send(rate_limit, pauses, 1, "/another")
    assert pauses.now == pytest.approx(1042, abs=0.2)
    assert pauses.now > 1042


def test_sending_resumes_at_full_speed_after_a_short_hint() -> None:
    """One 429 with ``Retry-After: 2`` in a list of 10 pages costs 2 seconds, not a minute."""
    rate_limit, pauses = limited()
    send(rate_limit, pauses, 3)
    refuse(rate_limit, 2.0)
    send(rate_limit, pauses, 7)
    assert pauses.now == pytest.approx(1002, abs=0.2)
    assert rate_limit.limit == 1800
    assert rate_limit.refusals == 1


@pytest.mark.parametrize("workers", [1, 8])
@pytest.mark.parametrize("headers", [False, True])
def test_a_limit_that_another_program_used_up_is_waited_for_as_long_as_the_hint_says(
    workers: int, *, headers: bool
) -> None:
    window = Window(1800)
    window.take(Pauses().now - 57, 1800)
    outcome = simulated(window, 100, workers=workers, retry_after=True, headers=headers)
    assert outcome.seconds <= 3 + 100 * 0.3 / workers + 1.5
    assert 1 <= len(outcome.refused) <= workers


def test_the_latest_of_several_hints_counts() -> None:
    rate_limit, _ = limited()
    permits = [rate_limit.acquire("/x") for _ in range(3)]
    for permit, hint in zip(permits, (5.0, 20.0, 10.0), strict=True):
        rate_limit.release(permit, 429, {}, hint)
    assert rate_limit.waiting() == pytest.approx(20, abs=0.2)
    assert rate_limit.refusals == 3


def test_a_refused_request_does_not_count() -> None:
    rate_limit, pauses = limited(1)
    refuse(rate_limit, 2.0)
    send(rate_limit, pauses, 1)
    assert pauses.now == pytest.approx(1002, abs=0.2)


@pytest.mark.parametrize("workers", [1, 8, 32])
def test_trap_23_a_lower_limit_than_configured_costs_few_refusals(workers: int) -> None:
    """300 a minute, known from the 429s only: a burst of refusals, then one for each window."""
    outcome = simulated(Window(300), 3000, latency=0.1, workers=workers, retry_after=True)
    assert 9 <= len(outcome.refused) <= workers + 8
    assert outcome.seconds <= 1.02 * floor(3000, 300, 0.1, workers)


def test_beyond_what_the_last_window_let_through_requests_start_one_at_a_time() -> None:
    rate_limit, pauses = limited()
    send(rate_limit, pauses, 10)
    refuse(rate_limit, 30.0)
    pauses.now += 31
    send(rate_limit, pauses, 10)
    first = rate_limit.acquire("/x")
    assert 0 < rate_limit.waiting() < 1, "the eleventh is under way"
    rate_limit.release(first, 200)
    pair = [rate_limit.acquire("/x") for _ in range(2)]
    assert 0 < rate_limit.waiting() < 1
    for permit in pair:
        rate_limit.release(permit, 200)
    for _ in range(8):
        assert rate_limit.waiting() == 0, "it was the server's whim, not the limit"
        rate_limit.acquire("/x")


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("seconds", [2.0, 5.0, 40.0])
def test_refusals_at_random_cost_only_what_they_ask_for(seed: int, seconds: float) -> None:
    outcome = simulated(Window(100_000), 609, moods=random.Random(seed), mood_seconds=seconds)
    assert outcome.rate_limit.limit == 1800
    assert outcome.seconds <= 609 * 0.3 / 8 + len(outcome.refused) * (seconds + 1)


# A 429 that says nothing


def test_a_429_without_a_hint_halves_the_rate_and_the_rate_recovers() -> None:
    rate_limit, pauses = limited(1800)
    refuse(rate_limit, None)
    assert rate_limit.limit == 900
    assert rate_limit.waiting() == pytest.approx(2)
    pauses.now += 2
    assert rate_limit.limit == 900
    pauses.now += 10
    assert rate_limit.limit == 1080, (
        "a tenth of what was configured, for every 10 seconds since the gate opened"
    )
    pauses.now += 40
    assert rate_limit.limit == 1800


def test_the_halved_rate_holds_in_any_minute() -> None:
    rate_limit, pauses = limited(200)
    refuse(rate_limit, None)
    pauses.now += 2
    send(rate_limit, pauses, 100)
    assert pauses.now == 1002
    assert rate_limit.waiting() == pytest.approx(60, abs=0.2)


@pytest.mark.parametrize("others", [1, 8])
def test_each_429_without_a_hint_in_a_row_is_waited_for_longer(others: int) -> None:
    rate_limit, pauses = limited(1800)
    waits, limits = [], []
    for _ in range(6):
        permits = [rate_limit.acquire("/x") for _ in range(others)]
        for permit in permits:
            rate_limit.release(permit, 429)
        waits.append(rate_limit.waiting())
        limits.append(rate_limit.limit)
        pauses.now += waits[-1]
    assert waits == [2, 5, 10, 30, 30, 30]
    assert limits[:4] == [900, 450, 225, 112], "a burst of refusals counts once"


def test_a_good_answer_ends_a_row_of_refusals() -> None:
    rate_limit, pauses = limited()
    for _ in range(3):
        refuse(rate_limit, None)
    pauses.now += 10
    send(rate_limit, pauses, 1)
    refuse(rate_limit, None)
    assert rate_limit.waiting() == pytest.approx(2)


@pytest.mark.parametrize(("limit", "lowest"), [(1800, 60), (100, 60), (60, 60), (5, 5)])
def test_the_rate_does_not_fall_below_one_request_a_second(limit: int, lowest: int) -> None:
    rate_limit, _ = limited(limit)
    for _ in range(12):
        refuse(rate_limit, None)
    assert rate_limit.limit == pytest.approx(lowest, abs=0.7 * limit)
    assert rate_limit.limit >= lowest


@pytest.mark.parametrize("workers", [1, 8])
def test_trap_23_a_lower_limit_that_is_never_told_is_kept_all_the_same(workers: int) -> None:
    outcome = simulated(Window(300), 3000, latency=0.1, workers=workers)
    assert len(outcome.refused) <= 25 * workers
    assert outcome.seconds <= 1.15 * floor(3000, 300, 0.1, workers)


# X-RateLimit headers


def test_trap_23_a_lower_limit_in_the_headers_holds_for_its_path_only() -> None:
    """A report that answers ``X-RateLimit-Limit: 10`` does not hold every list to 10 requests a minute."""
    rate_limit, pauses = limited(1800)
    send(rate_limit, pauses, 1, "/report", X_RateLimit_Limit="10", X_RateLimit_Remaining="9")
    send(rate_limit, pauses, 100, "/list")
    assert pauses.asked == []
    moments = send(rate_limit, pauses, 25, "/report", X_RateLimit_Limit="10")
    assert most_in_a_minute(moments) == 10


def test_a_lower_limit_holds_until_a_later_answer_raises_it() -> None:
    rate_limit, pauses = limited(1800)
    send(rate_limit, pauses, 5, X_RateLimit_Limit="5")
    assert rate_limit.waiting("/x") == pytest.approx(60, abs=0.5)
    pauses.now += 30
    permit_of_another_worker = rate_limit.acquire("/y")
    rate_limit.release(permit_of_another_worker, 200, {"X-RateLimit-Limit": "1800"})
    assert rate_limit.waiting("/x") == pytest.approx(30, abs=0.5), "that was another path"
    pauses.now += 31
    send(rate_limit, pauses, 1, X_RateLimit_Limit="1800")
    send(rate_limit, pauses, 100)
    assert pauses.asked == []


def test_a_lower_limit_holds_for_one_window_where_no_later_answer_names_one() -> None:
    rate_limit, pauses = limited(1800)
    send(rate_limit, pauses, 1, X_RateLimit_Limit="5")
    send(rate_limit, pauses, 4)
    pauses.now += 60.2
    send(rate_limit, pauses, 100)
    assert pauses.asked == []


def test_a_higher_limit_in_the_headers_changes_nothing() -> None:
    rate_limit, pauses = limited(100)
    moments = send(rate_limit, pauses, 150, X_RateLimit_Limit="1800", X_RateLimit_Remaining="1799")
    assert most_in_a_minute(moments) == 100


@pytest.mark.parametrize("text", ["", "many", "-5", "1.5", "  ", "٣"])
def test_headers_that_make_no_sense_change_nothing(text: str) -> None:
    rate_limit, pauses = limited(100)
    send(rate_limit, pauses, 1, X_RateLimit_Limit=text, X_RateLimit_Remaining=text)
    assert (rate_limit.limit, rate_limit.remaining) == (100, None)
    send(rate_limit, pauses, 50)
    assert pauses.asked == []


def test_what_is_left_is_known() -> None:
    rate_limit, pauses = limited(1800)
    assert rate_limit.remaining is None
    send(rate_limit, pauses, 1, X_RateLimit_Limit="240", X_RateLimit_Remaining="239")
    assert rate_limit.remaining == 239


def test_when_nothing_is_left_the_rest_of_the_window_is_waited_for() -> None:
    """Others share the limit: the API says 0 although this client has sent little."""
    rate_limit, pauses = limited(1800)
    send(rate_limit, pauses, 1, X_RateLimit_Remaining="7")
    pauses.now += 20
    send(rate_limit, pauses, 1, X_RateLimit_Remaining="0")
    assert rate_limit.waiting("/x") == pytest.approx(40, abs=0.2)
    send(rate_limit, pauses, 1)
    assert pauses.now == pytest.approx(1060, abs=0.2)


def test_when_nothing_is_left_the_reset_is_waited_for_if_it_is_told() -> None:
    rate_limit, pauses = limited(1800)
    told = {"X_RateLimit_Remaining": "0", "X_RateLimit_Reset": "1000000009"}
    send(rate_limit, pauses, 1, **told, Date="Sun, 09 Sep 2001 01:46:40 GMT")  # 1,000,000,000
    assert rate_limit.waiting("/x") == pytest.approx(9, abs=0.2)


def test_trap_23_no_more_is_sent_than_what_is_left_however_many_are_under_way() -> None:
    rate_limit, pauses = limited(1800)
    permits = [rate_limit.acquire("/x") for _ in range(10)]
    rate_limit.release(permits.pop(), 200, {"X-RateLimit-Remaining": "12"})
    while rate_limit.waiting("/x") <= 0:
        permits.append(rate_limit.acquire("/x"))
    assert len(permits) == 12, "nine were under way when it was said"
    assert 0 < rate_limit.waiting("/x") < 1, "their answers may say more"
    for left, permit in enumerate(reversed(permits)):
        rate_limit.release(permit, 200, {"X-RateLimit-Remaining": str(11 - left)})
    assert rate_limit.waiting("/x") == pytest.approx(60, abs=0.2)
    pauses.now += 60.2
    assert rate_limit.waiting("/x") == 0


def test_a_window_that_began_earlier_than_this_client_is_noticed() -> None:
    """What is left jumps up when the API's window ends."""
    rate_limit, pauses = limited(1800)
    for seconds, left in ((0, 40), (30, 1799), (20, 0)):
        pauses.now += seconds
        send(rate_limit, pauses, 1, X_RateLimit_Limit="1800", X_RateLimit_Remaining=str(left))
    assert rate_limit.waiting("/x") == pytest.approx(40, abs=0.2)


@pytest.mark.parametrize("others", [5.0, 15.0])
def test_trap_23_what_others_use_of_the_limit_is_left_to_them(others: float) -> None:
    """Another program of the same application: the header says what is left for both."""
    outcome = simulated(Window(1800), 5000, latency=0.05, workers=8, headers=True, others=others)
    assert len(outcome.refused) <= 8
    assert outcome.seconds <= 1.25 * 60 * 5000 / (1800 - 60 * others)


def test_paths_whose_headers_no_longer_hold_are_forgotten() -> None:
    rate_limit, pauses = limited(1800)
    for number in range(300):
        send(
            rate_limit,
            pauses,
            1,
            f"/transactions/{number}",
            X_RateLimit_Limit="240",
            X_RateLimit_Remaining="9",
        )
        pauses.now += 1
    assert len(rate_limit._paths) < 70


# Waiting


def test_a_wait_that_is_too_long_is_an_error_that_says_until_when() -> None:
    rate_limit, pauses = limited()
    refuse(rate_limit, 7200.0)
    with pytest.raises(
        RateLimitedError, match=r"another 2 h \(until \d\d:\d\d UTC.*nothing was sent"
    ) as caught:
        rate_limit.acquire("/transactions", longest=300)
    assert caught.value.retry_after == pytest.approx(7200, abs=1)
    assert caught.value.path == "/transactions"
    assert pauses.asked == []


def test_a_wait_that_becomes_too_long_meanwhile_is_an_error_as_well() -> None:
    """Another worker is told to wait for a day while this one waits for a minute."""
    clock = Pauses()
    other: list[Any] = []

    def sleep(seconds: float) -> None:
        clock(seconds)
        rate_limit.release(other.pop(), 429, {}, 86_400.0)

    rate_limit = RateLimit(1800, clock=clock.clock, sleep=sleep)
    other.append(rate_limit.acquire("/x"))
    refuse(rate_limit, 60.0)
    with pytest.raises(RateLimitedError, match="24 h"):
        rate_limit.acquire("/x", longest=300)


def test_a_cancel_ends_the_wait_and_nothing_is_counted() -> None:
    rate_limit, pauses = limited(1)
    send(rate_limit, pauses, 1)
    cancel = Cancel()
    threading.Timer(0.05, cancel.set).start()
    started = time.monotonic()
    with pytest.raises(InterruptedFetchError, match="Stopped"):
        rate_limit.acquire("/x", cancel)
    assert time.monotonic() - started < 5
    pauses.now += 61
    assert len(send(rate_limit, pauses, 1)) == 1
    assert pauses.asked == []


def test_a_503_with_a_hint_slows_all_workers_of_a_client(server: ScriptedServer) -> None:
    pauses = Pauses()
    http = transport_to(server, pauses=pauses)
    server.answers += [Reply(503, {}, {"Retry-After": "20"}), OK, OK]
    http.get("/campaigns")
    assert pauses.now == pytest.approx(1020, abs=0.5)
    server.answers.insert(0, Reply(503, {}, {"Retry-After": "99999"}))
    with pytest.raises(Exception, match="-> 503"):
        http.get("/campaigns")
    with pytest.raises(RateLimitedError, match="nothing was sent"):
        http.get("/another")


def test_a_429_of_the_login_says_nothing_about_the_data(server: ScriptedServer) -> None:
    pauses = Pauses()
    server.logins.append(Reply(429, {"retry_after": 20}))
    http = transport_to(server, login=True, pauses=pauses)
    http.get("/campaigns")
    assert (http.rate_limit.limit, http.rate_limit.refusals) == (100_000, 0)
    assert pauses.asked == [20]


# Through the public interface


@pytest.fixture
def slow(server: ScriptedServer) -> Callable[[int], Classy]:
    """A connection that may send six requests a minute, one of which went into connecting."""
    server.handler = Listed(rows(3000)).reply
    server.answers.append(Reply(body=orgs({7: "Helping Hands"})))
    return lambda workers: connected_to(server, workers=workers, requests_per_minute=6)


@pytest.mark.parametrize("workers", [1, 8])
@pytest.mark.parametrize("way", ["frame", "batches", "to_csv"])
def test_trap_23_waiting_is_shown_and_can_be_ended(
    slow: Callable[[int], Classy], server: ScriptedServer, tmp_path: Any, workers: int, way: str
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
    with slow(workers) as classy:
        started = time.monotonic()
        with pytest.raises(InterruptedFetchError, match=r"Stopped: \d+ of 3,000 rows had come"):
            ways[way](classy)
        assert time.monotonic() - started < 10
        found = [m for note in notes if (m := re.search(r"waiting (\d+) s for the API's limit", note))]
        assert 50 <= int(found[0].group(1)) <= 61
        assert len(server.data_requests) == 6, "the limit was kept"
        wait_for_none(5)  # those that were abandoned end by themselves


def test_trap_23_waiting_for_a_429_is_shown_too(connected: Classy, server: ScriptedServer) -> None:
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
    assert any(re.search(r"waiting 4[12] s for the API's limit", note) for note in notes)


def test_lists_of_one_connection_share_the_limit(
    slow: Callable[[int], Classy], server: ScriptedServer
) -> None:
    def enough(rows: int, total: int | None, note: str) -> None:
        if "waiting" in note:
            raise InterruptedFetchError("Cancelled.")

    with slow(2) as classy:
        outcomes: list[BaseException] = []

        def fetch() -> None:
            try:
                classy.transactions(progress=enough)
            except InterruptedFetchError as error:
                outcomes.append(error)

        together(fetch, [()] * 3)
        assert len(outcomes) == 3
        assert len(server.data_requests) == 6
