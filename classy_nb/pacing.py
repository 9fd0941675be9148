"""How fast to ask: one window of requests, shared by all workers and lists of a connection.

The API allows a number of requests a minute (documented: 1,800 an application; support has told a
customer 300) in a fixed window whose start nobody knows. Never sending more than the limit in *any*
60 seconds is right wherever the window starts, and leaves bursts inside it alone.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING

from .errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

DEFAULT_LIMIT = 1800
"""Requests a minute that the vendor documents for an application."""
FALLBACK_WAIT = 30.0
"""Seconds to wait after a 429 that says nothing about how long."""
_WINDOW = 60.0
_MARGIN = 0.05
_LEAST = 10
_HICCUP = 5.0
"""A shorter wait is a hiccup of the server, not the end of a window: no limit is learned from it."""


class Pacer:
    """Hands out permissions to send; thread-safe.

    Parameters
    ----------
    requests_per_minute
        The most that is ever sent in 60 seconds.
    clock
        Monotonic seconds.
    pause
        Waits for some seconds (and may raise, to be interruptible).
    """

    def __init__(
        self,
        requests_per_minute: int = DEFAULT_LIMIT,
        *,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], object] = time.sleep,
    ) -> None:
        if isinstance(requests_per_minute, bool) or not isinstance(requests_per_minute, int):
            raise UsageError(f"requests_per_minute= takes a whole number, not {requests_per_minute!r}.")
        if requests_per_minute < 1:
            raise UsageError("requests_per_minute= must be at least 1.")
        self._limit = requests_per_minute
        self._clock = clock
        self._pause = pause
        self._lock = threading.Lock()
        self._sent: deque[float] = deque()
        self._closed_until = float("-inf")
        self._remaining: int | None = None

    @property
    def limit(self) -> int:
        """Requests a minute that are sent at most: the caller's, or lower where the API said so."""
        return self._limit

    @property
    def remaining(self) -> int | None:
        """Requests left in the current window, as the API last said; None where it says nothing."""
        return self._remaining

    def acquire(self) -> None:
        """Wait until one more request may be sent, and count it."""
        while (seconds := self._try()) > 0:
            self._pause(seconds)

    def _try(self) -> float:
        """Count a request and return 0, or return the seconds to wait before trying again."""
        with self._lock:
            now = self._clock()
            while self._sent and self._sent[0] <= now - _WINDOW:
                self._sent.popleft()
            if now < self._closed_until:
                return self._closed_until - now
            if len(self._sent) >= self._limit:
                return self._sent[len(self._sent) - self._limit] + _WINDOW - now + _MARGIN
            self._sent.append(now)
            return 0.0

    def observe(self, headers: Mapping[str, str]) -> None:
        """Take in the ``X-RateLimit-*`` headers of an answer, where there are any."""
        remaining, limit = _count(headers, "X-RateLimit-Remaining"), _count(headers, "X-RateLimit-Limit")
        if remaining is None and limit is None:
            return
        with self._lock:
            self._remaining = remaining
            if limit:
                self._limit = min(self._limit, limit)
            if remaining == 0 and self._sent:
                # Others may share the limit: what is left is less than our own count says.
                self._closed_until = max(self._closed_until, self._sent[0] + _WINDOW + _MARGIN)

    def throttled(self, retry_after: float | None) -> float:
        """Take in a 429: nothing is sent until its time is over. Returns the seconds to wait.

        Parameters
        ----------
        retry_after
            Seconds that the answer asks for; None where it says nothing (then 30 are assumed).
        """
        with self._lock:
            now = self._clock()
            wait = FALLBACK_WAIT if retry_after is None else retry_after
            if now >= self._closed_until and wait >= _HICCUP:
                # The first 429 of a burst: fewer than this many fit into a window.
                fitting = sum(1 for sent in self._sent if sent > now - _WINDOW) - 1
                if fitting < self._limit:
                    self._limit = max(_LEAST, fitting)
            self._closed_until = max(self._closed_until, now + wait)
            return self._closed_until - now


def _count(headers: Mapping[str, str], name: str) -> int | None:
    text = headers.get(name, "").strip()
    return int(text) if text.isdigit() else None
