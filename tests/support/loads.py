"""A server that slows down or refuses when many requests are under way, on a clock that is a fake."""

import heapq
import itertools
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from classy_nb.http import Concurrency
from support.connection import Pauses

REFUSED_AFTER = 0.03
"""Seconds: a server that refuses a request does not work on it."""


@dataclass
class Load:
    """The API's side, and the requests of one list: the first page alone, then as many as there are slots.

    Parameters
    ----------
    seconds
        How long an answer takes when so many requests are under way, this one included.
    most
        How many are answered at the same time; others are refused.
    status
        With what.
    jitter
        By which share answers are faster or slower than that, at random.
    """

    seconds: Callable[[int], float]
    most: int = 1_000
    status: int = 429
    jitter: float = 0.0
    refused_after: float = REFUSED_AFTER
    clock: Pauses = field(default_factory=Pauses)
    refused: int = 0
    highest: int = 0
    numbers: list[int] = field(default_factory=list)
    """The number at each answer."""
    grown: dict[int, float] = field(default_factory=dict)
    """After how many seconds there was each number for the first time."""

    def __post_init__(self) -> None:
        self.random = random.Random(5)

    def run(
        self, pages: int, concurrency: Concurrency, path: str = "/x", sizes: Iterator[int] | None = None
    ) -> float:
        """Return the seconds that it takes until all pages have come."""
        sizes = sizes or itertools.repeat(300_000)
        start, left, done, count, retry_at = self.clock.now, pages, 0, itertools.count(), 0.0
        under_way: list[tuple[float, int, int, object]] = []
        while done < pages:
            most = 1 if done == 0 else 32  # the first page says how many there are
            while left and len(under_way) < most and self.clock.now >= retry_at:
                sent = concurrency.take()
                if sent is None:
                    break
                left -= 1
                accepted = sum(status == 200 for _, _, status, _ in under_way) + 1
                self.highest = max(self.highest, len(under_way) + 1)
                status = 200 if accepted <= self.most else self.status
                takes = self.seconds(accepted) * (1 + self.jitter * self.random.uniform(-1, 1))
                ends = self.clock.now + (takes if status == 200 else self.refused_after)
                heapq.heappush(under_way, (ends, next(count), status, sent))
            ends = under_way[0][0] if under_way else float("inf")
            # Between two answers the caller looks for room a few times a second.
            now = min(ends, max(retry_at, self.clock.now + 0.3))
            self.clock.now = now
            if now < ends:
                continue
            _, _, status, sent = heapq.heappop(under_way)
            concurrency.release(sent, path, status, next(sizes))
            self.numbers.append(concurrency.number)
            self.grown.setdefault(concurrency.number, round(self.clock.now - start, 2))
            if status == 200:
                done += 1
            else:
                self.refused += 1
                left += 1
                retry_at = self.clock.now + 1.0
        return self.clock.now - start


def found_by(load: Load) -> Concurrency:
    return Concurrency(clock=load.clock.clock)


class Fixed(Concurrency):
    """As many as somebody chose."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self._found.number = number

    def _answered(self, *_: object) -> None:
        """Leave the number as it is."""
