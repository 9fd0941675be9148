"""Ctrl-C, pressed by a test in the middle of something."""

from __future__ import annotations

import signal
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, Self

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

_LONG = 10.0
"""Seconds after which it is pressed again, whatever became of it."""


class CtrlC(threading.Thread):
    """Presses Ctrl-C once something has happened; a person's second press where Python lost the first.

    A ``KeyboardInterrupt`` that falls into a weakref's callback or a finalizer goes no further: Python
    reports it as unraisable and drops it. Then, and only then, it is pressed again: a second one would hit
    whoever is handling the first.

    Parameters
    ----------
    happened
        Asked again and again, until the block has ended.

    Attributes
    ----------
    at
        The moment of the last press (monotonic).
    times
        How often it was pressed.
    """

    def __init__(self, happened: Callable[[], object]) -> None:
        super().__init__(name="ctrl-c", daemon=True)
        self._happened = happened
        self._over, self._again = threading.Event(), threading.Event()
        self._hook = sys.unraisablehook
        self.at, self.times = 0.0, 0

    def run(self) -> None:
        while not self._happened():
            if self._over.wait(0.002):
                return
        while not self._over.is_set():
            self._again.clear()
            self.at, self.times = time.monotonic(), self.times + 1
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
            self._again.wait(_LONG)

    def _lost(self, unraisable: Any) -> None:
        if issubclass(unraisable.exc_type, KeyboardInterrupt):
            self._again.set()
        else:
            self._hook(unraisable)

    def __enter__(self) -> Self:
        if not hasattr(signal, "pthread_kill"):
            pytest.skip("signals cannot be sent to a thread here")
        sys.unraisablehook = self._lost
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._again.set()
        self.join()
        sys.unraisablehook = self._hook
