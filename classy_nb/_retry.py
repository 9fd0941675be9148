"""What is repeated, how often and for how long: the one place that decides it."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception

from .errors import (
    ClassyError,
    ConnectionFailedError,
    RateLimitedError,
    ResponseError,
    ServerError,
    TimedOutError,
    UnexpectedAnswerError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .pacing import Pacer

T = TypeVar("T")

REPEATS: Mapping[type[ClassyError], int] = {
    TimedOutError: 2,
    ConnectionFailedError: 4,
    RateLimitedError: 8,
    ServerError: 4,
    UnexpectedAnswerError: 2,
}
"""How often each error is repeated, at most. Errors that aren't listed are never repeated."""
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

    def call(self, function: Callable[[], T], pacer: Pacer, *, patient: bool = True) -> T:
        """Return what *function* returns, after as few repeats as it takes.

        Parameters
        ----------
        function
            Raises a ClassyError where it fails.
        pacer
            Told of each 429.
        patient
            Whether time-outs are repeated.
        """

        def wait(state: RetryCallState) -> float:
            return self._wait(_error(state), state.attempt_number, pacer)

        def stop(state: RetryCallState) -> bool:
            error = _error(state)
            if isinstance(error, TimedOutError) and not patient:
                return True
            late = (state.seconds_since_start or 0.0) + state.upcoming_sleep > self.seconds
            return late or state.attempt_number > _repeats(error)

        retrying = Retrying(
            retry=retry_if_exception(lambda error: _repeats(error) > 0),
            wait=wait,
            stop=stop,
            sleep=self.pause,
            reraise=True,
        )
        return retrying(function)

    def _wait(self, error: BaseException | None, attempt: int, pacer: Pacer) -> float:
        asked = error.retry_after if isinstance(error, ResponseError) else None
        if isinstance(error, RateLimitedError):
            return pacer.throttled(asked)
        backoff = min(self.longest, self.base * 2 ** (attempt - 1)) * random.uniform(0.75, 1.25)  # noqa: S311
        return backoff if asked is None else max(asked, 0.0)


def _error(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome is not None else None


def _repeats(error: BaseException | None) -> int:
    if isinstance(error, ServerError) and error.status == 500:  # noqa: PLR2004
        return _REPEATS_OF_500
    return next((times for cls, times in REPEATS.items() if isinstance(error, cls)), 0)
