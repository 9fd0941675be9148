"""No process is forked while one of our threads works inside Arrow.

Arrow has locks in C++ that a fork copies as they are: if another thread holds one at that moment, the child
waits for it forever as soon as it builds a frame. Whatever computes with Arrow is decorated here.
"""

from __future__ import annotations

import functools
import os
import threading
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
R = TypeVar("R")

# The forking thread holds it during the fork, and lives on in the child, where it lets go of it, too.
_lock = threading.RLock()


def computes_with_arrow(function: Callable[P, R]) -> Callable[P, R]:
    """Let forks wait until *function* returns; it must not wait for anything itself."""

    @functools.wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        with _lock:
            return function(*args, **kwargs)

    return wrapper


if hasattr(os, "register_at_fork"):  # not on Windows, which cannot fork
    os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release)
