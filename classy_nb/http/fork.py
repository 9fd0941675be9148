"""What a forked process has to make anew: the connections and locks that it shares with its parent.

`HttpClient`, `TokenAuth`, `RateLimit` and the client's connections register here. A fork copies memory but
only one thread: a lock that another thread held stays locked in the child, and an open connection leads to
the same socket as the parent's, so that each process would read the other's answers.
"""

from __future__ import annotations

import os
import weakref
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_renewals: weakref.WeakKeyDictionary[Any, Callable[[Any], None]] = weakref.WeakKeyDictionary()


def renew_after_fork(thing: object, renewal: Callable[[Any], None]) -> None:
    """Call ``renewal(thing)`` in each process that is forked from this one, before anything else."""
    _renewals[thing] = renewal


def _renew_all() -> None:
    for thing, renewal in list(_renewals.items()):
        renewal(thing)


if hasattr(os, "register_at_fork"):  # not on Windows, which cannot fork
    os.register_at_fork(after_in_child=_renew_all)
