"""A signal that ends a fetch: seen between requests, in waits and in the middle of an answer."""

from __future__ import annotations

import threading
import time
import weakref
from typing import TYPE_CHECKING

from classy_nb.errors import InterruptedFetchError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


_SLICE = 0.25
_dismissed: weakref.WeakSet[threading.Thread] = weakref.WeakSet()


def dismiss(threads: Iterable[threading.Thread]) -> None:
    """Let these threads do nothing more, ever, however late they find out: a walk may go on without them."""
    _dismissed.update(threads)


def is_dismissed() -> bool:
    """Whether the current thread is to do nothing more."""
    return threading.current_thread() in _dismissed


class Cancel:
    """Set once, from any thread; then every :meth:`check` and :meth:`pause` raises.

    Parameters
    ----------
    tick
        Called a few times a second while the thread that made this waits.
    """

    def __init__(self, tick: Callable[[], object] | None = None) -> None:
        self._event = threading.Event()
        self._owner = threading.get_ident()
        self.tick = tick

    def set(self) -> None:
        """Ask everyone to stop."""
        self._event.set()

    def clear(self) -> None:
        """Take the signal back: those whom it was meant for have ended, or are dismissed."""
        self._event.clear()

    def is_set(self) -> bool:
        """Whether everyone was asked to stop, or this thread is dismissed."""
        return self._event.is_set() or is_dismissed()

    def check(self) -> None:
        """Raise if everyone was asked to stop, or this thread is dismissed."""
        if self.is_set():
            raise InterruptedFetchError("Stopped.")

    def pause(self, seconds: float) -> None:
        """Wait, but not a moment longer than until the signal."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and not self._event.wait(min(left, _SLICE)):
            self.check()
            if self.tick is not None and threading.get_ident() == self._owner:
                self.tick()
        self.check()


class NeverCancelled(Cancel):
    """For the main thread on its own, where Ctrl-C does it."""

    def pause(self, seconds: float) -> None:
        """Wait; an interrupt ends it by itself."""
        time.sleep(seconds)
        self.check()
