"""The reader for assistants: a server of the Model Context Protocol (MCP) over a connection or a mirror.

A connection or a mirror comes in, and calls of tools on standard input; answers go out that state what was
counted, for which days, in which currency and how old it is. ``classy-nb mcp`` calls :func:`serve`. What
names or describes a person, and what the public typed, does not leave (``disclosure.py``).

It needs the extra ``mcp``: ``pip install 'classy-nb[mcp]'``.
"""

from __future__ import annotations

from .disclosure import HIDDEN, Disclosure
from .reader import Reader
from .server import build, serve

__all__ = ["HIDDEN", "Disclosure", "Reader", "build", "serve"]
