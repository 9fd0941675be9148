"""The explorer: lists without writing code."""

from __future__ import annotations

from ._panel import Explorer

__all__ = ["Explorer"]
