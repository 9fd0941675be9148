"""The rate limit: a fixed window of one minute for the application."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass
class Window:
    """Counts requests; a new window starts with the first request after the old one ended.

    Parameters
    ----------
    limit
        Requests in a window; 0 for no limit.
    clock
        Seconds, monotonic.
    seconds
        Length of the window.
    """

    limit: int
    clock: Callable[[], float]
    seconds: float = 60.0
    used: int = 0
    started: float = -math.inf

    def take(self) -> bool:
        """Count one request; tell whether it is within the limit."""
        now = self.clock()
        if now - self.started >= self.seconds:
            self.started, self.used = now, 0
        self.used += 1
        return not self.limit or self.used <= self.limit

    @property
    def remaining(self) -> int:
        """Requests left in this window."""
        return max(0, self.limit - self.used)

    @property
    def wait(self) -> int:
        """Whole seconds until the next window."""
        return max(1, math.ceil(self.started + self.seconds - self.clock()))

    @property
    def reset(self) -> int:
        """Unix time of the next window."""
        return int(time.time()) + self.wait
