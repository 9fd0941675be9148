"""Many requests against a fixed window, on a clock that is a fake."""

import heapq
import itertools
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from classy_nb.http import MOST_AT_ONCE, Concurrency, RateLimit
from support.connection import Pauses

if TYPE_CHECKING:
    from classy_nb.http.rate_limit import Permit


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
    rate_limit: RateLimit


def simulated(
    window: Window,
    number: int,
    *,
    own_limit: int = 1800,
    latency: float = 0.3,
    workers: int | None = 8,
    headers: bool = False,
    retry_after: bool = False,
    always: float | None = None,
    others: float = 0.0,
    moods: random.Random | None = None,
    mood_seconds: float | None = 10.0,
) -> Outcome:
    """Let workers send *number* requests, *others* a second being somebody else's; nobody really waits.

    With None for *workers* their number finds itself.

    With *moods* the API refuses one request in twenty for no reason, and asks to wait *mood_seconds*;
    then it takes more or less time to answer, too.
    """
    clock = Pauses()
    rate_limit = RateLimit(own_limit, clock=clock.clock, sleep=clock)
    concurrency = Concurrency(clock=clock.clock) if workers is None else None
    refused: list[float] = []
    sent: list[float] = []
    under_way: list[tuple[float, int, int, dict[str, str] | None, Permit, float | None]] = []
    idle, done, count = workers or MOST_AT_ONCE, 0, itertools.count()
    seen_others = clock.now
    start = clock.now
    while done < number:
        wait = rate_limit.waiting("/x")
        ends = under_way[0][0] if under_way else float("inf")
        free = idle and (concurrency is None or len(under_way) < concurrency.number)
        if free and wait <= 0:
            permit = rate_limit.acquire("/x", concurrency=concurrency)
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
            answer = (ends, next(count), 200 if fine else 429, told, permit, asked)
            heapq.heappush(under_way, answer)
            idle -= 1
        elif free and clock.now + wait < ends:
            clock.now += wait
        else:
            clock.now = max(clock.now, ends)
            _, _, status, told, permit, asked = heapq.heappop(under_way)
            idle += 1
            if concurrency is not None and permit.slot is not None:
                concurrency.release(permit.slot, "/x", status, 300_000)
            if status == 200:
                done += 1
                rate_limit.release(permit, 200, told)
            else:
                refused.append(clock.now)
                rate_limit.release(permit, 429, told, None if asked is None else max(1.0, asked))
    return Outcome(clock.now - start, refused, sent, rate_limit)


def floor(number: int, limit: int, latency: float, workers: int) -> float:
    """Seconds that it takes at least: by the limit, or by the latency."""
    windows = -(-number // limit) - 1
    rest = number - windows * limit
    return max(60 * windows + rest * latency / workers, number * latency / workers)
