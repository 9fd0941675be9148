"""Warnings that point at the caller's line, not at ours."""

from __future__ import annotations

import sys
import warnings
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_kept: ContextVar[list[str] | None] = ContextVar("kept", default=None)


@contextmanager
def kept_warnings() -> Iterator[list[str]]:
    """Keep what this thread would warn of, for a panel to show; ``warnings`` is one for all threads."""
    found: list[str] = []
    mark = _kept.set(found)
    try:
        yield found
    finally:
        _kept.reset(mark)


def warn(message: str, category: type[Warning]) -> None:
    """Warn at the first line outside this package: that is the line the reader can change."""
    kept = _kept.get()
    if kept is not None:
        kept.append(message)
        return
    package = __name__.partition(".")[0]
    level, frame = 1, sys._getframe()  # noqa: SLF001 - warnings skip files from Python 3.12 on only
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == package:
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)
