"""The explorer: lists without writing code."""

from __future__ import annotations

from .widget import Explorer

__all__ = ["Explorer"]
