"""How many records to ask for at a time, learned from what the server can bear."""

from __future__ import annotations

import threading

from classy_nb.query import MOST_PER_PAGE

SIZES = (MOST_PER_PAGE, 50, 25, 5, 1)
"""Page sizes to try, from the API's largest down."""
_BEFORE_CLIMBING = 50
_STRIKES = 3


def smaller(size: int) -> int:
    """Return the next smaller page size; the smallest one where there is none."""
    return SIZES[min(SIZES.index(size) + 1, len(SIZES) - 1)]


class PageSize:
    """The present page size; shared by the workers of one walk.

    A size that has never worked is given up at its first time-out: the list is slow. One that has worked
    is given up at the third in a row: one or two may be the server's mood. After many answers a larger
    size is tried again, more and more rarely.
    """

    def __init__(self) -> None:
        self.now = SIZES[0]
        self._lock = threading.Lock()
        self._works: set[int] = set()
        self._strikes = 0
        self._answers = 0
        self._before_climbing = _BEFORE_CLIMBING

    @property
    def is_least(self) -> bool:
        """Whether there is no smaller one."""
        return self.now == SIZES[-1]

    def worked(self, size: int, *, may_climb: bool) -> None:
        """Take in an answer to a request for *size* records."""
        with self._lock:
            if size != self.now:
                return
            self._works.add(size)
            self._strikes = 0
            self._answers += 1
            if may_climb and self._answers >= self._before_climbing and size != SIZES[0]:
                self._answers = 0
                self._before_climbing *= 4
                self.now = SIZES[SIZES.index(size) - 1]

    def timed_out(self, size: int) -> None:
        """Take in that a request for *size* records got no answer in time."""
        with self._lock:
            if size != self.now:
                return  # another worker has drawn the conclusion already
            self._strikes += 1
            if size in self._works and self._strikes < _STRIKES:
                return
            self._works.discard(size)
            self._strikes = self._answers = 0
            self.now = smaller(size)
