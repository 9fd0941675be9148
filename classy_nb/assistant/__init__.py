"""The reader for assistants: a server of the Model Context Protocol (MCP) over a connection or a mirror.

A connection or a mirror comes in, and tool calls on standard input; answers go out that state what was
counted, for which days, in which currency, and how old the data are. ``classy-nb mcp`` calls :func:`serve`.
Values that name or describe a person, or that the public typed, do not leave (``disclosure.py``).

It needs the extra ``mcp``: ``pip install 'classy-nb[mcp]'``.
"""

from __future__ import annotations

from .disclosure import HIDDEN, Disclosure
from .reader import Reader
from .server import build, serve

__all__ = ["HIDDEN", "Disclosure", "Reader", "build", "serve"]
