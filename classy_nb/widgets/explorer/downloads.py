"""Downloads: a file is written, and handed out to the browser in chunks."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from classy_nb.progress import counted

from . import work
from .asked import check
from .desk import Desk
from .files import file_path, size_text
from .share import Share

if TYPE_CHECKING:
    from pathlib import Path

    from classy_nb.query import QueryBuilder

    from .desk import Connection, Tell
    from .jobs import Job

_PULLED_WITHIN = 600.0
"""Seconds after which a file that nobody fetches any more is dropped; a long cell may keep it waiting."""


class Handout(Desk):
    """What "Download" does."""

    def __init__(self, connection: Connection, queries: QueryBuilder, tell: Tell) -> None:
        super().__init__(connection, queries, tell)
        self._watch: threading.Timer | None = None

    def download(self, view: str) -> None:
        """Write a CSV file and hand it out to the browser in chunks."""
        asked, _ = check(self.form, self.queries)
        source, share = self.source(self.form.resource), Share(self.path().name, view)

        def then(_: Job, rows: int) -> None:
            self._share = share
            self._watch_share()
            self.say(f"Downloading {counted(rows, 'row')} ({size_text(share.size)}) …")
            self.tell("offer", **share.offer())

        self.begin(
            f"Preparing {share.name}",
            lambda job: work.prepare(source, share, asked, job),
            then,
            lambda _job, _outcome: share.drop(),
        )

    def pull(self, ticket: str, offset: int) -> None:
        """Hand out a chunk of the file."""
        with self._lock:
            share = self._share
            if share is None or share.ticket != ticket or not 0 <= offset <= share.size:
                self.tell("dropped", ticket=ticket)
                return
            self._watch_share()
            self.tell("piece", [share.piece(offset)], ticket=ticket, offset=offset, view=share.view)

    def received(self, ticket: str, *, intact: bool) -> None:
        """Take note that the browser has the whole file, and whether its checksum is right."""
        with self._lock:
            share = self._share
            if share is None or share.ticket != ticket:
                return
            about = f"{share.name} ({size_text(share.size)})"
            self.drop_share()
            self.tell("job", **self.job())
            if intact:
                self.say(f"Downloaded {about}; its checksum is right.", "done")
            else:
                self.say(f"{about} did not arrive intact and was not kept: try again.", "error")

    def path(self) -> Path:
        """Return the file's path.

        Raises
        ------
        FormError
            No file can be called so.
        """
        return file_path(self.form.file.strip() or self.file_name())

    def file_name(self) -> str:
        """Return what the file is called where nobody gave it a name."""
        return f"{self.form.resource}_{self.today()}.csv"

    def _watch_share(self) -> None:
        """Drop the file if nothing more of it is asked for: the page may be gone."""
        if self._watch is not None:
            self._watch.cancel()
        self._watch = threading.Timer(_PULLED_WITHIN, self._give_up, [self._ticket()])
        self._watch.daemon = True
        self._watch.start()

    def _give_up(self, ticket: str) -> None:
        with self._lock:
            if self._share is not None and self._share.ticket == ticket:
                self.drop_share()
                self.tell("job", **self.job())
                self.say("The file was not fetched in time and was dropped: press Download again.", "error")
