"""How fast to ask: one window of requests, shared by all workers and lists of a connection.

The API allows a number of requests a minute (documented: 1,800 an application; support has told a
customer 300) in a fixed window whose start nobody knows. Never sending more than the limit in *any*
60 seconds is right wherever the window starts, and leaves bursts inside it alone. What the API says
(``X-RateLimit-*``, 429) only ever lowers what is sent.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from typing import TYPE_CHECKING

from classy_nb.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

DEFAULT_LIMIT = 1800
"""Requests a minute that the vendor documents for an application."""
FALLBACK_WAITS = (2.0, 5.0, 10.0, 30.0)
"""Seconds to wait after the first, second, ... 429 in a row that does not say how long."""
_WINDOW = 60.0
_MARGIN = 0.1
_GLANCE = 0.25
"""Seconds between two looks at whether requests under way have freed some of the limit."""
_LEAST = 60
"""Requests a minute; nobody has heard of a lower limit: where fewer came through, others have used it up."""
_HICCUP = 5.0
"""A shorter wait is a hiccup of the server, not the end of a window: no limit is learned from it."""
_OVERTAKING = 0.1
"""Seconds by which a request may arrive earlier than one that was sent before it."""
_BEFORE_GROWING, _MOST_BEFORE_GROWING = 600.0, 3600.0
"""Seconds after which a limit that was learned is doubted: at first, and at most. Each time that it proves
right they are doubled; where nothing is refused for a minute, it is doubted again at once."""
_GROWTH = 2


class RateLimit:
    """Hands out permissions to send; thread-safe.

    Parameters
    ----------
    requests_per_minute
        The most that is ever sent in 60 seconds.
    clock
        Monotonic seconds.
    """

    def __init__(
        self, requests_per_minute: int = DEFAULT_LIMIT, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        if isinstance(requests_per_minute, bool) or not isinstance(requests_per_minute, int):
            raise UsageError(f"requests_per_minute= takes a whole number, not {requests_per_minute!r}.")
        if requests_per_minute < 1:
            raise UsageError("requests_per_minute= must be at least 1.")
        self._limit = requests_per_minute
        self._clock = clock
        self._lock = threading.Lock()
        self._sent: deque[float] = deque()
        self._under_way = 0
        self._closed_until = float("-inf")
        self._remaining: int | None = None
        self._credit: int | None = None
        self._window_end = float("-inf")
        self._silent_refusals = 0
        self._learned: int | None = None
        self._passed = float("-inf")
        """When the latest request was sent that was not refused."""
        self._lesson: tuple[float, float, int | None] | None = None
        """When the request was sent whose refusal taught a limit, when that was, and the limit before."""
        self._reopened, self._to_reopen = float("-inf"), float("-inf")
        """When the API's window had begun anew by its own word: after the latest burst of refusals but one,
        and after the latest."""
        self._grow_after = _BEFORE_GROWING
        self._grow_at = float("inf")
        self.refusals = 0
        """How many 429s there have been."""

    @property
    def limit(self) -> int:
        """Requests a minute that are sent at most: the caller's, or lower where the API said or showed so."""
        return self._limit if self._learned is None else min(self._limit, self._learned)

    @property
    def remaining(self) -> int | None:
        """Requests left in the current window, as the API last said; None where it says nothing."""
        return self._remaining

    def waiting(self) -> float:
        """Return the seconds until the next request may be sent; 0 where it may be sent now."""
        with self._lock:
            return self._wait(self._clock())

    def acquire(self, pause: Callable[[float], object] = time.sleep) -> float:
        """Wait until one more request may be sent, and count it. Tell its end with :meth:`release`.

        Parameters
        ----------
        pause
            Waits for some seconds; may raise, to be interruptible.

        Returns
        -------
        float
            When it is sent: by this it is known to :meth:`succeeded` and :meth:`throttled`.
        """
        while True:
            with self._lock:
                now = self._clock()
                seconds = self._wait(now)
                if seconds <= 0:
                    if now >= self._window_end:
                        self._begin_window(now)
                    self._grow(now)
                    self._sent.append(now)
                    self._under_way += 1
                    if self._credit is not None:
                        self._credit -= 1
                    return now
            pause(seconds)

    def _wait(self, now: float) -> float:
        while self._sent and self._sent[0] <= now - _WINDOW - _MARGIN:
            self._sent.popleft()
        if now < self._closed_until:
            return self._closed_until - now
        if len(self._sent) >= self.limit:
            return self._sent[len(self._sent) - self.limit] + _WINDOW + _MARGIN - now
        if self._credit is not None and self._credit <= 0 and now < self._window_end:
            # The API says that nothing is left: others may share the limit.
            return _GLANCE if self._under_way else self._window_end - now
        return 0.0

    def _begin_window(self, now: float) -> None:
        """Note that the API's window ends a minute after this request at the latest."""
        self._window_end = now + _WINDOW + _MARGIN
        self._credit = None

    def release(self, headers: Mapping[str, str] | None = None) -> None:
        """Tell that a request has ended, and what the ``X-RateLimit-*`` headers of its answer say."""
        remaining = _count(headers, "X-RateLimit-Remaining")
        limit = _count(headers, "X-RateLimit-Limit")
        with self._lock:
            self._under_way -= 1
            if limit:
                self._limit = min(self._limit, limit)
            if remaining is not None:
                # Answers may overtake each other; where more is left than that explains, the API has
                # begun a window of its own.
                if self._remaining is not None and remaining > self._remaining + 2 * self._under_way + 1:
                    self._begin_window(self._clock())
                self._remaining = remaining
                self._credit = remaining - self._under_way

    def succeeded(self, sent: float) -> None:
        """Tell that the API answered a request, sent at *sent*: a run of silent refusals is over."""
        with self._lock:
            self._silent_refusals = 0
            self._passed = max(self._passed, sent)
            if self._lesson is not None:
                refused, taught, before = self._lesson
                if refused + _OVERTAKING < sent <= taught:
                    # The limit was not used up when that one was refused: it was the server's mood.
                    self._learned, self._lesson = before, None

    def throttled(self, retry_after: float | None, sent: float) -> float:
        """Take in a 429: nothing is sent until its time is over. Returns the seconds to wait.

        Parameters
        ----------
        retry_after
            Seconds that the answer asks for; None where it says nothing. Then the waits grow with
            each refusal in a row.
        sent
            When the request was sent.
        """
        with self._lock:
            now = self._clock()
            self.refusals += 1
            new_burst = now >= self._closed_until
            if new_burst:
                self._reopened = self._to_reopen
            if retry_after is None and new_burst:
                self._silent_refusals += 1
            silent = FALLBACK_WAITS[min(max(self._silent_refusals, 1), len(FALLBACK_WAITS)) - 1]
            wait = silent if retry_after is None else retry_after
            with contextlib.suppress(ValueError):
                self._sent.remove(sent)  # it was refused: it does not count
            if wait >= _HICCUP and not self._explained() and self._passed <= sent + _OVERTAKING:
                self._learn(now, wait, sent, new_burst=new_burst)
            if new_burst or retry_after is not None:
                self._closed_until = max(self._closed_until, now + wait + _MARGIN)
            if retry_after is not None and wait >= _HICCUP:
                self._window_end = min(self._window_end, self._closed_until)
                self._to_reopen = self._closed_until
            return max(0.0, self._closed_until - now)

    def _explained(self) -> bool:
        """Whether the API's own count led to a refusal: others share the limit, which is as it was said."""
        return self._remaining is not None and self._remaining <= self._under_way

    def _learn(self, now: float, wait: float, refused: float, *, new_burst: bool) -> None:
        """Lower the limit to what the API has let through in the window that it just closed.

        Some always answer with a whole window, wherever they are in it: then the last minute counts.
        """
        window_start = max(now - _WINDOW + (wait if wait < _WINDOW else 0.0), self._reopened)
        passed = sum(1 for sent in self._sent if sent >= window_start)
        if not _LEAST <= passed < self.limit:
            return
        if new_burst and self._learned is not None:
            # It was doubted, and proved right.
            self._grow_after = min(2 * self._grow_after, _MOST_BEFORE_GROWING)
        if new_burst or self._lesson is None:
            self._lesson = (refused, now, self._learned)
        self._learned = passed
        self._grow_at = now + self._grow_after

    def _grow(self, now: float) -> None:
        """Doubt what was learned long ago: others may have used the limit then."""
        if self._learned is not None and now >= self._grow_at:
            self._learned *= _GROWTH
            self._grow_at = now + _WINDOW + _MARGIN


def _count(headers: Mapping[str, str] | None, name: str) -> int | None:
    text = (headers or {}).get(name, "").strip()
    return int(text) if text.isascii() and text.isdigit() else None
