"""Less work for the garbage collector while records come and go."""

from __future__ import annotations

import gc
import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_THRESHOLD = 20_000
_lock = threading.Lock()
_depth = 0
_before = (0, 0, 0)


@contextmanager
def fewer_collections() -> Iterator[None]:
    """Let the garbage collector run once in 20,000 new containers instead of once in 700.

    A page of records is about 500 containers without a reference cycle, and the collector keeps searching
    rows that are about to be freed anyway: a twelfth of the time from bytes to frame (benchmarks/README.md).
    Put this around a loop that fetches or parses pages. It may be nested and shared by threads; the last one
    out restores the threshold. A collector that is off, or set to run even less often, is left alone.
    """
    global _depth, _before  # noqa: PLW0603 - the collector is the process's, and so is this
    with _lock:
        if _depth == 0:
            _before = gc.get_threshold()
            if 0 < _before[0] < _THRESHOLD:
                gc.set_threshold(_THRESHOLD, *_before[1:])
        _depth += 1
    try:
        yield
    finally:
        with _lock:
            _depth -= 1
            if _depth == 0:
                gc.set_threshold(*_before)


def _after_fork() -> None:
    """Replace the lock in a forked process: another thread of the parent's may have held it."""
    global _lock  # noqa: PLW0603 - as above
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):  # not on Windows, which cannot fork
    os.register_at_fork(after_in_child=_after_fork)
