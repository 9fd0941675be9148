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
    """Name of what went wrong with it on purpose (connection faults and ``revoke``)."""
    milliseconds: float
    """What making the answer took, without waits, compression and sending."""
    size: int
    origin: str
    """``api``, or ``other`` for the second origin (signed files, redirects)."""
    authorized: bool
    """Whether an Authorization header came along."""
    user_agent: str
