"""A file on its way to the browser: handed out in chunks, with the checksum that both sides compare."""

from __future__ import annotations

import hashlib
import secrets
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

CHUNK = 2 * 1024 * 1024
"""Bytes that are handed out at once."""


class Share:
    """A file in a folder that only its owner can read, and that goes with it.

    Parameters
    ----------
    name
        What the browser calls the file.
    view
        Who asked for it: other views of the panel leave it alone.
    """

    def __init__(self, name: str, view: str) -> None:
        self.name = name
        self.view = view
        self.ticket = secrets.token_hex(8)
        self._folder = TemporaryDirectory(prefix="classy_nb-", ignore_cleanup_errors=True)
        self.path = Path(self._folder.name) / "download.csv"
        self.size = 0
        self.sha256 = ""

    def seal(self, check: Callable[[], object]) -> None:
        """Measure the finished file; *check* may raise between two pieces."""
        digest = hashlib.sha256()
        with self.path.open("rb") as file:
            while piece := file.read(CHUNK):
                check()
                digest.update(piece)
        self.size, self.sha256 = self.path.stat().st_size, digest.hexdigest()

    def offer(self) -> dict[str, Any]:
        """Return what the browser needs to fetch it."""
        return {
            "view": self.view,
            "ticket": self.ticket,
            "name": self.name,
            "size": self.size,
            "sha256": self.sha256,
        }

    def piece(self, offset: int) -> bytes:
        """Return the chunk that begins at *offset*; empty beyond the end."""
        with self.path.open("rb") as file:
            file.seek(offset)
            return file.read(CHUNK)

    def drop(self) -> None:
        """Remove the file."""
        self._folder.cleanup()
