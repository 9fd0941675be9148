"""The signal that ends a fetch: one per fetch, shared by everything that works for it.

Whoever wants the fetch to end calls :meth:`Cancel.set`, from any thread. The HTTP client checks the signal
before it sends anything and after each answer, and wakes from its waits. A request that is already on the
wire is not cut off: its answer is dropped when it arrives, and the read time-out bounds how long that takes.
"""

from __future__ import annotations

import threading
import time

from classy_nb.errors import InterruptedFetchError

# Python on Windows does not see Ctrl-C while it waits for an event, only between two waits.
_SLICE = 0.25


class Cancel:
    """Set once, for good, by any thread; from then on :meth:`check` and :meth:`sleep` raise."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def set(self) -> None:
        """End the fetch."""
        self._event.set()

    def is_set(self) -> bool:
        """Tell whether the fetch should end."""
        return self._event.is_set()

    def check(self) -> None:
        """Raise InterruptedFetchError if the fetch should end."""
        if self._event.is_set():
            raise InterruptedFetchError("Stopped.")

    def sleep(self, seconds: float) -> None:
        """Sleep; raise InterruptedFetchError as soon as the fetch should end."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._event.wait(min(left, _SLICE))
            self.check()
        self.check()
