"""Downloads: a file that the kernel writes and the browser fetches in chunks.

The kernel may run on another machine, so a path is of no use to the browser. The file is written into a
private temporary folder and offered; the browser pulls chunk after chunk by message, compares the checksum
and reports back. The controller owns one :class:`Downloads` and holds its lock around every call.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from classy_nb.errors import ISSUES, ExportError, InterruptedFetchError

from .files import write_list

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from classy_nb.client import Resource

    from .jobs import Job

CHUNK = 2 * 1024 * 1024
"""Bytes in one message."""
EXPIRES_AFTER = 600.0
"""Seconds without a pull after which a file is dropped; a long-running cell may hold up the pulls."""


class Download:
    """A file in a folder that only its owner can read, and that is deleted with it.

    Parameters
    ----------
    name
        What the browser calls the file.
    view
        The view that asked for it; others leave it alone.
    """

    def __init__(self, name: str, view: str) -> None:
        self.name = name
        self.view = view
        self.ticket = secrets.token_hex(8)
        self._folder: TemporaryDirectory[str] | None = None
        self.size = 0
        self.sha256 = ""

    @property
    def path(self) -> Path:
        """Where the file is, once it is being fetched."""
        if self._folder is None:
            raise FileNotFoundError(self.name)
        return (
            Path(self._folder.name) / f"download{''.join(Path(self.name).suffixes[-2:])}"
        )  # as that is written

    def fetch(self, resource: Resource, keywords: Mapping[str, Any], job: Job) -> int:
        """Fetch a list into the file; return the number of rows. If it fails, nothing is left behind."""
        self._folder = TemporaryDirectory(prefix="classy_nb-", ignore_cleanup_errors=True)
        try:
            write_list(resource, self.path, keywords, job)
            self._measure(job)
        except InterruptedFetchError:
            self.remove()
            # Not what the export says: the rows that it keeps beside its file are gone with the folder.
            raise InterruptedFetchError("Cancelled; nothing was kept.") from None
        except ExportError as error:
            self.remove()
            what = error.what.replace(str(self.path), self.name)
            raise ExportError(what, advice=error.advice) from None
        except BaseException as error:
            self.remove()
            # Not that the same call would continue from the rows it kept; what a report needs stays.
            error.__notes__ = [note for note in getattr(error, "__notes__", []) if ISSUES in note]
            raise
        return job.rows

    def _measure(self, job: Job) -> None:
        digest = hashlib.sha256()
        with self.path.open("rb") as file:
            while chunk := file.read(CHUNK):
                job.check()
                digest.update(chunk)
        self.size, self.sha256 = self.path.stat().st_size, digest.hexdigest()
        job.check()

    def chunk(self, offset: int) -> bytes:
        """Return the chunk that starts at *offset*; empty at the end."""
        with self.path.open("rb") as file:
            file.seek(offset)
            return file.read(CHUNK)

    def remove(self) -> None:
        """Delete the file, also half-way; may be called again."""
        if self._folder is not None:
            self._folder.cleanup()


class Downloads:
    """The download that is prepared or fetched, if there is one.

    Parameters
    ----------
    tell
        Sends a message to the browser.
    on_expired
        Called with a download that nobody has pulled from for a long time, from a timer's thread.
    """

    def __init__(self, tell: Callable[..., object], on_expired: Callable[[Download], object]) -> None:
        self._tell = tell
        self._on_expired = on_expired
        self._timer: threading.Timer | None = None
        self.current: Download | None = None

    def replace(self, download: Download | None) -> None:
        """Make this the current download, which is about to be prepared; an older one is dropped."""
        self.drop()
        self.current = download

    def offer(self, download: Download) -> None:
        """Tell the browser that the file is ready."""
        self._restart_timer(download)
        self._tell(
            "offer",
            view=download.view,
            ticket=download.ticket,
            name=download.name,
            size=download.size,
            sha256=download.sha256,
        )

    def pull(self, ticket: str, offset: int) -> None:
        """Send a chunk."""
        download = self.find(ticket)
        if download is None or not 0 <= offset <= download.size:
            self._tell("dropped", ticket=ticket)
            return
        self._restart_timer(download)
        chunk = download.chunk(offset)
        self._tell("piece", [chunk], ticket=ticket, offset=offset, view=download.view)

    def find(self, ticket: str) -> Download | None:
        """Return the download with this ticket, if it is still there."""
        download = self.current
        return download if download is not None and download.ticket == ticket else None

    def drop(self) -> None:
        """Delete the file, whether or not the browser has all of it."""
        if self._timer is not None:
            self._timer.cancel()
        if self.current is not None:
            self._tell("dropped", ticket=self.current.ticket)
            self.current.remove()
            self.current = None

    def _restart_timer(self, download: Download) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = threading.Timer(EXPIRES_AFTER, self._on_expired, [download])
        self._timer.daemon = True
        self._timer.start()
