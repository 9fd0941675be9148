"""The log of what was asked and answered."""

from __future__ import annotations

from typing import NamedTuple


class Request(NamedTuple):
    """One request and how it was answered."""

    method: str
    path: str
    query: str
    status: int
    fault: str | None
    milliseconds: float
    """What the sandbox itself took, waits not counted... see :attr:`Sandbox.requests`."""
    size: int
    origin: str
    """``api``, or ``other`` for the second origin (signed files, redirects)."""
    authorized: bool
    """Whether an Authorization header came along."""
    user_agent: str
