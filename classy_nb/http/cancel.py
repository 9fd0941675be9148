"""The signal that ends a fetch: one per fetch, shared by everything that works for it.

Whoever wants the fetch to end calls :meth:`Cancel.set`, from any thread. The HTTP client checks the signal
before it sends anything and after each answer, and wakes from its waits. A request that is already on the
wire is not cut off: its answer is dropped when it arrives, and the read time-out bounds how long that takes.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from classy_nb.errors import InterruptedFetchError

if TYPE_CHECKING:
    from collections.abc import Callable

# Python on Windows does not see Ctrl-C while it waits for an event, only between two waits.
_SLICE = 0.25


class Cancel:
    """Set once, for good; from then on :meth:`check` and :meth:`sleep` raise.

    Parameters
    ----------
    tick
        Called a few times a second while the thread that created this sleeps.
    """

    def __init__(self, tick: Callable[[], object] | None = None) -> None:
        self._event = threading.Event()
        self._owner = threading.get_ident()
        self.tick = tick

    def set(self) -> None:
        """End the fetch."""
        self._event.set()

    def clear(self) -> None:
        """Take the signal back, once everyone it was meant for has ended."""
        self._event.clear()

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
        while (left := end - time.monotonic()) > 0 and not self._event.wait(min(left, _SLICE)):
            if self.tick is not None and threading.get_ident() == self._owner:
                self.tick()
        self.check()
