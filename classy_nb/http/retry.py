"""What is repeated, how often and for how long: the one place that decides it."""

from __future__ import annotations

import random
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception

from classy_nb.errors import (
    ClassyError,
    ConnectionFailedError,
    RateLimitedError,
    ResponseError,
    ServerError,
    TimedOutError,
    UnexpectedAnswerError,
)

from .rate_limit import FALLBACK_WAITS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

T = TypeVar("T")

REPEATS: Mapping[type[ClassyError], int] = {
    TimedOutError: 2,
    ConnectionFailedError: 4,
    RateLimitedError: 8,
    ServerError: 4,
    UnexpectedAnswerError: 2,
}
"""How often each error is repeated, at most. Errors that aren't listed are never repeated."""
MOST_REPEATS = 12
"""How often a call is repeated for whatever reasons, at most."""
_CHANCE = random.SystemRandom()  # a user's seeded sequence of random numbers is not for us to draw from
_REPEATS_OF_500 = 2  # some APIs answer a bad query with 500: then repeating never helps


@dataclass(frozen=True)
class Retry:
    """Repeats calls that may succeed the next time; bounded in number and in seconds.

    Parameters
    ----------
    seconds
        No wait is begun that would end later than this after the first try.
    base, longest
        Seconds of the first wait and of any wait; each wait is twice the one before.
    pause
        Waits for some seconds (and may raise, to be interruptible).
    """

    seconds: float = 300.0
    base: float = 0.5
    longest: float = 30.0
    pause: Callable[[float], None] = field(default=time.sleep, repr=False)

    def call(
        self,
        function: Callable[[], T],
        *,
        method: str = "GET",
        patient: bool = True,
        pause: Callable[[float], None] | None = None,
    ) -> T:
        """Return what *function* returns, after as few repeats as it takes.

        Parameters
        ----------
        function
            Raises a ClassyError where it fails.
        method
            Only errors of this method are repeated (a GET may fail for a login that has been repeated).
        patient
            Whether time-outs are repeated.
        pause
            Instead of the policy's own.
        """

        def wait(state: RetryCallState) -> float:
            return self._wait(_error(state), state.attempt_number)

        seen: Counter[tuple[object, bool]] = Counter()

        def stop(state: RetryCallState) -> bool:
            error = _error(state)
            if isinstance(error, TimedOutError) and not patient:
                return True
            kind = type(error), getattr(error, "status", None) == 500  # noqa: PLR2004
            seen[kind] += 1
            late = (state.seconds_since_start or 0.0) + state.upcoming_sleep > self.seconds
            return late or state.attempt_number > MOST_REPEATS or seen[kind] > _repeats(error, method)

        retrying = Retrying(
            retry=retry_if_exception(lambda error: _repeats(error, method) > 0),
            wait=wait,
            stop=stop,
            sleep=pause or self.pause,
            reraise=True,
        )
        return retrying(function)

    def _wait(self, error: BaseException | None, attempt: int) -> float:
        asked = error.retry_after if isinstance(error, ResponseError) else None
        if isinstance(error, RateLimitedError):
            silent = FALLBACK_WAITS[min(attempt, len(FALLBACK_WAITS)) - 1]
            wait = next(seconds for seconds in (error.pause, asked, silent) if seconds is not None)
            # "Now" would be asked for again and again.
            return max(wait, self.base * 2 ** (attempt - 1)) if wait < self.base else wait
        backoff = min(self.longest, self.base * 2 ** (attempt - 1)) * _CHANCE.uniform(0.75, 1.25)
        return backoff if asked is None else max(asked, 0.0)


def _error(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome is not None else None


def _repeats(error: BaseException | None, method: str) -> int:
    if isinstance(error, ClassyError) and error.method not in (None, method):
        return 0
    if isinstance(error, ServerError) and error.status == 500:  # noqa: PLR2004
        return _REPEATS_OF_500
    return next((times for cls, times in REPEATS.items() if isinstance(error, cls)), 0)
