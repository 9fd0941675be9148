"""A signal that ends a fetch: seen between requests, in waits and in the middle of an answer."""

from __future__ import annotations

import threading
import time

from .errors import InterruptedFetchError


class Stop:
    """Set once, from any thread; then every :meth:`check` and :meth:`pause` raises."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def set(self) -> None:
        """Ask everyone to stop."""
        self._event.set()

    def is_set(self) -> bool:
        """Whether everyone was asked to stop."""
        return self._event.is_set()

    def check(self) -> None:
        """Raise if everyone was asked to stop."""
        if self._event.is_set():
            raise InterruptedFetchError("Stopped.")

    def pause(self, seconds: float) -> None:
        """Wait, but not a moment longer than until the signal."""
        self._event.wait(seconds)
        self.check()


class Unstoppable(Stop):
    """For the main thread on its own, where Ctrl-C does it."""

    def pause(self, seconds: float) -> None:
        """Wait; an interrupt ends it by itself."""
        time.sleep(seconds)
