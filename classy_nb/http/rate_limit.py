"""How fast requests may be sent: one limit, shared by all workers and lists of a connection.

`HttpClient` takes a permit before each GET and hands it back with what the answer says. The API counts
requests in a fixed window of one minute whose start nobody knows (documented: 1,800 per application; support
has told one customer 300). Never sending more than the limit in *any* 60 seconds is right wherever that
window starts.

What answers say beyond that:

- A 429 or a 5xx that says how long to wait closes the gate for every worker for that long. After a 429, a new
  window has begun. What the last one let through may be the true limit: requests beyond that number start one
  at a time, and twice as many with each answer that is not a refusal.
- A 429 that says nothing closes the gate for 2, 5, 10, then 30 seconds, and halves the rate (not below one
  request a second). It grows back by a tenth of what was configured in every 10 seconds.
- ``X-RateLimit-Limit`` holds for the path that answered it, until it says otherwise or for one minute.
- ``X-RateLimit-Remaining: 0`` stops that path until the window ends, or ``X-RateLimit-Reset``.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from classy_nb.arguments import shown
from classy_nb.errors import UsageError

from .fork import renew_after_fork
from .responses import closed_gate_error, seconds_until_reset

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .cancel import Cancel
    from .concurrency import Concurrency, Sent

DEFAULT_LIMIT = 1800
"""Requests a minute that the vendor documents for an application."""
_WINDOW = 60.0
_MARGIN = 0.1
"""Seconds on top of each window and hint: a request may overtake one that was sent before it."""
_WAITS_WITHOUT_HINT = (2.0, 5.0, 10.0, 30.0)
_LOWEST_RATE = 60
_POLL = 0.1
"""Seconds between two looks at whether an answer has made room."""


class Permit(NamedTuple):
    """One request that may be sent; a ``probe`` finds out whether the API's window is really used up."""

    path: str
    sent: float
    probe: bool
    slot: Sent | None = None
    """Where the number of requests under way is bounded, too."""


@dataclass
class _PathLimit:
    """What the ``X-RateLimit-*`` headers of one path said last, and until when it holds."""

    limit: int = 0
    limit_until: float = float("-inf")
    remaining: int | None = None
    window_end: float = float("-inf")


class RateLimit:
    """Permits requests; thread-safe.

    Parameters
    ----------
    requests_per_minute
        The most that is ever sent in 60 seconds. Requests that the API refused don't count.
    clock
        Monotonic seconds.
    sleep
        How to wait where there is no `Cancel`.

    Attributes
    ----------
    refusals
        How many 429s there have been.
    remaining
        Requests left in the current window, as the API last said; None if it has not said.
    requests_per_minute
        As configured.
    """

    def __init__(
        self,
        requests_per_minute: int = DEFAULT_LIMIT,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        if isinstance(requests_per_minute, bool) or not isinstance(requests_per_minute, int):
            raise UsageError(f"requests_per_minute= takes a whole number, not {shown(requests_per_minute)}.")
        if requests_per_minute < 1:
            raise UsageError("requests_per_minute= must be at least 1.")
        self.refusals = 0
        self.remaining: int | None = None
        self.requests_per_minute = requests_per_minute
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._permits: deque[Permit] = deque()  # of the last 60 seconds, without those that were refused
        self._under_way = 0
        self._paths: dict[str, _PathLimit] = {}
        # The gate. When it opens again, the API has begun a new window.
        self._closed_until = float("-inf")
        # How many requests the last window let through, and how many may be under way beyond that number.
        self._let_through: int | None = None
        self._most_probes = 1
        # The rate to which the last 429 without a hint halved it, when, and how many of those came in a row.
        self._halved_rate, self._halved_at = requests_per_minute, float("-inf")
        self._silent_refusals = 0
        renew_after_fork(self, RateLimit._after_fork)

    def _after_fork(self) -> None:
        """Count for this process alone, beginning with what its parent had sent: the API counts both."""
        self._lock = threading.Lock()
        self._under_way = 0  # those are the parent's, and nobody here will hand their permits back

    @property
    def limit(self) -> int:
        """Requests a minute at present: what was configured, or less after a 429 without a hint."""
        with self._lock:
            return self._rate(self._clock())

    def waiting(self, path: str = "") -> float:
        """Return the seconds until the next request (to *path*) may be sent; 0 if it may be sent now."""
        with self._lock:
            return self._wait(path, self._clock())

    def acquire(
        self,
        path: str,
        cancel: Cancel | None = None,
        *,
        longest: float = float("inf"),
        concurrency: Concurrency | None = None,
    ) -> Permit:
        """Wait until a request to *path* may be sent, and *concurrency* has a slot for it; count it.

        Each permit must be given back to :meth:`release`, and its slot to *concurrency*.

        Raises
        ------
        RateLimitedError
            The wait would be longer than *longest* seconds; the message says until when.
        InterruptedFetchError
            It was canceled.
        """
        while True:
            with self._lock:
                now = self._clock()
                wait = self._wait(path, now)
                # Both at once: who waited for one with the other in hand would hold up those who need it.
                slot = concurrency.take() if concurrency is not None and wait <= 0 else None
                if wait <= 0 and (concurrency is None or slot is not None):
                    permit = Permit(path, now, self._may_be_used_up(), slot)
                    self._permits.append(permit)
                    self._under_way += 1
                    return permit
            if concurrency is not None and wait <= 0:
                concurrency.wait(cancel)
                continue
            # Checked on every turn: while this worker waits, another one may be told to wait for a day.
            if wait > longest:
                raise closed_gate_error(wait, path)
            if cancel is None:
                self._sleep(wait)
            else:
                cancel.sleep(wait)

    def release(
        self,
        permit: Permit,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
        retry_after: float | None = None,
    ) -> None:
        """Tell how a request ended: with which answer, if any, and how long that asks to wait, if it does."""
        with self._lock:
            now = self._clock()
            self._under_way -= 1
            if headers:
                self._read_headers(permit, headers, now)
            if status == 429:
                self._refused(permit, retry_after, now)
            elif status is not None and status < 500:
                self._silent_refusals = 0
                if permit.probe:
                    self._most_probes *= 2
                if self._let_through is not None and permit.sent < self._closed_until:
                    self._let_through += 1  # it was under way when another one was refused
            elif retry_after:
                self._close(retry_after + _MARGIN, now)

    def _wait(self, path: str, now: float) -> float:
        """Return the seconds until a request to *path* may be sent: the longest of all reasons to wait."""
        while self._permits and self._permits[0].sent <= now - _WINDOW - _MARGIN:
            self._permits.popleft()
        rate = self._rate(now)
        waits = [self._closed_until - now, _until_below(rate, self._permits, now)]
        if self._may_be_used_up() and self._under_way >= self._most_probes:
            waits.append(_POLL)
        said = self._paths.get(path, _PathLimit())
        if said.limit < rate and now < said.limit_until:
            on_this_path = [permit for permit in self._permits if permit.path == path]
            waits.append(_until_below(said.limit, on_this_path, now))
        if said.remaining is not None and self._under_way >= said.remaining and now < said.window_end:
            # What is under way will be taken off what is left. Its answers may also say that more is left.
            waits.append(_POLL if self._under_way else said.window_end - now)
        return max(0.0, *waits)

    def _rate(self, now: float) -> int:
        since = max(0.0, now - max(self._halved_at, self._closed_until))
        return int(min(self.requests_per_minute, self._halved_rate + self.requests_per_minute * since / 100))

    def _may_be_used_up(self) -> bool:
        """Whether the API's window has taken as many requests as the last one let through."""
        return self._let_through is not None and self._since_the_gate_opened() >= self._let_through

    def _since_the_gate_opened(self) -> int:
        return sum(permit.sent >= self._closed_until for permit in self._permits)

    def _refused(self, permit: Permit, retry_after: float | None, now: float) -> None:
        # Refusals come in bursts, up to one for each worker: only the first of them tells something new.
        first = permit.sent >= self._closed_until
        self.refusals += 1
        if permit in self._permits:
            self._permits.remove(permit)
        if retry_after is not None:
            if first:
                # What is still under way will be added if it is let through, too.
                self._let_through = max(1, self._since_the_gate_opened() - self._under_way)
                self._most_probes = 1
            self._close(retry_after + _MARGIN, now)
        elif first:
            rate = self._rate(now)
            self._halved_rate, self._halved_at = max(min(_LOWEST_RATE, rate), rate // 2), now
            wait = _WAITS_WITHOUT_HINT[min(self._silent_refusals, len(_WAITS_WITHOUT_HINT) - 1)]
            self._silent_refusals += 1
            self._close(wait, now)

    def _close(self, seconds: float, now: float) -> None:
        """Close the gate for everyone."""
        self._closed_until = max(self._closed_until, now + seconds)
        for said in self._paths.values():
            said.remaining = None  # of a window that will have ended

    def _read_headers(self, permit: Permit, headers: Mapping[str, str], now: float) -> None:
        limit, remaining = _count(headers, "X-RateLimit-Limit"), _count(headers, "X-RateLimit-Remaining")
        if not limit and remaining is None:
            return
        if permit.path not in self._paths:
            # Each record has a path of its own: forget those whose headers no longer hold.
            kept = {p: s for p, s in self._paths.items() if now < max(s.limit_until, s.window_end)}
            self._paths = {**kept, permit.path: _PathLimit()}
        said = self._paths[permit.path]
        if limit:
            said.limit, said.limit_until = limit, now + _WINDOW + _MARGIN
        if remaining is not None:
            # Answers may overtake each other. If more is left than that explains, a new window has begun.
            more = said.remaining is not None and remaining > said.remaining + 2 * self._under_way + 1
            if more or now >= said.window_end:
                said.window_end = permit.sent + _WINDOW + _MARGIN
            reset = seconds_until_reset(headers)
            if reset is not None:
                said.window_end = now + reset + _MARGIN
            said.remaining = self.remaining = remaining


def _until_below(limit: int, permits: Sequence[Permit], now: float) -> float:
    """Return the seconds until fewer than *limit* of the permits lie within the last window."""
    return permits[-limit].sent + _WINDOW + _MARGIN - now if len(permits) >= limit else 0.0


def _count(headers: Mapping[str, str], name: str) -> int | None:
    text = headers.get(name, "").strip()
    return int(text) if text.isascii() and text.isdigit() else None
