"""The one retry policy: told an error and the attempts so far, it answers how long to wait, or to give up.

`HttpClient` asks it after each failed attempt. It sends nothing, remembers nothing, and does not decide how
long a 429 is waited for: that concerns every worker, so `RateLimit` does.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from classy_nb.errors import (
    BlockedError,
    ClassyError,
    ConnectionFailedError,
    ConnectionSetupError,
    RateLimitedError,
    ResponseError,
    ServerError,
    TimedOutError,
    UnauthorizedError,
    UnexpectedAnswerError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

REPEATS: Mapping[type[ClassyError], int] = {
    TimedOutError: 2,
    ConnectionSetupError: 0,
    ConnectionFailedError: 4,
    RateLimitedError: 8,
    ServerError: 4,
    UnexpectedAnswerError: 2,
    UnauthorizedError: 0,
}
"""How often each error is repeated *in a row*. Errors that aren't listed are never repeated."""
REPEATS_OF_500 = 2
"""Some APIs answer a query that they cannot handle with 500: then repeating never helps."""
REPEATS_WHERE_PROVEN: Mapping[type[ClassyError], int] = {
    ServerError: 4,
    UnexpectedAnswerError: 4,
    UnauthorizedError: 2,
}
"""The same for a path that this client has read before: such an error is the server's, not the question's."""
REPEATS_OF_STRAYS = 3
"""How often a page of the firewall is repeated on a connection that has worked: such a page strays in now and
then, while a firewall that blocks us does so from the first request on, and more requests make it worse."""
STRAY_FACTOR = 10
"""How much longer than the other waits are those after a page of the firewall."""
MOST_REPEATS = 20
"""How often a request is repeated in all. A server that fails in many ways at once gets past the bounds
above, each of which starts over when another failure comes between; this many failures are not bad luck
anymore."""

# Users seed the global generator to make their results reproducible; drawing from it here would change them.
_RANDOM = random.SystemRandom()


@dataclass(frozen=True)
class RetryPolicy:
    """Bounded in number (the tables above) and in seconds.

    Parameters
    ----------
    seconds
        No wait begins that would end later than this after the first attempt.
    base, longest
        Seconds of the first wait and of the longest one; each wait is about twice the one before. Tests pass
        ``base=0`` to repeat at once.
    sleep, clock
        How to wait and how to tell the time; tests pass fakes.
    """

    seconds: float = 300.0
    base: float = 0.5
    longest: float = 10.0
    sleep: Callable[[float], object] = field(default=time.sleep, repr=False)
    clock: Callable[[], float] = field(default=time.monotonic, repr=False)

    def delay(
        self,
        error: ClassyError,
        attempt: int,
        in_a_row: int,
        *,
        method: str = "GET",
        elapsed: float = 0.0,
        retry_timeouts: bool = True,
        proven: bool = False,
        connected: bool = False,
    ) -> float | None:
        """Return the seconds to wait before the next attempt, or None to give up.

        Parameters
        ----------
        error
            What the last attempt raised.
        attempt
            Its number, from 1.
        in_a_row
            How many of the last attempts failed in the same way (see `same_failure`), this one included.
        method
            The request's method. A GET may fail for the login before it, a POST that has had its own repeats:
            that error is not repeated again.
        elapsed
            Seconds since the first attempt began.
        retry_timeouts
            Whether time-outs are repeated; not where the caller would rather ask for a smaller page.
        proven
            Whether this path has been read before.
        connected
            Whether anything has been read before.
        """
        if error.method not in (None, method) or (isinstance(error, TimedOutError) and not retry_timeouts):
            return None
        if in_a_row > _repeats(error, proven=proven, connected=connected) or attempt > MOST_REPEATS:
            return None
        hint = error.retry_after if isinstance(error, ResponseError) else None
        backoff = min(self.longest, self.base * 2 ** (attempt - 1)) * _RANDOM.uniform(0.75, 1.25)
        if isinstance(error, BlockedError):
            backoff *= STRAY_FACTOR
        if elapsed + max(hint or 0.0, backoff) > self.seconds:
            return None
        if method == "GET" and (hint or (hint is None and isinstance(error, RateLimitedError))):
            # The rate limit holds back every worker, this one too. A hint of 0 seconds holds back nobody:
            # then the backoff keeps "now" from being asked for again and again.
            return 0.0
        return hint or backoff


def same_failure(one: ClassyError | None, other: ClassyError) -> bool:
    """Tell whether two errors count as the same failure in a row; 500 is apart from 502, 503 and 504."""
    return type(one) is type(other) and _is_500(one) == _is_500(other)


def _is_500(error: ClassyError | None) -> bool:
    return error is not None and error.status == 500


_WANT_A_SIGN_IN = (407, 511)


def _repeats(error: ClassyError, *, proven: bool, connected: bool) -> int:
    if isinstance(error, BlockedError):
        # A proxy or a network that wants a sign-in stays; a firewall's page may have been a stray one.
        return REPEATS_OF_STRAYS if connected and error.status not in _WANT_A_SIGN_IN else 0
    if proven and type(error) in REPEATS_WHERE_PROVEN:
        return REPEATS_WHERE_PROVEN[type(error)]
    if connected and type(error) is UnexpectedAnswerError:
        # The address is that of an API. One whose answers come damaged would else fail each list at its first
        # request, which has fewer repeats than all the others.
        return REPEATS_WHERE_PROVEN[UnexpectedAnswerError]
    if isinstance(error, ServerError) and _is_500(error):
        return REPEATS_OF_500
    return next((times for cls, times in REPEATS.items() if isinstance(error, cls)), 0)
