"""The explorer's buttons: each checks what is asked, begins a job and says how it ended."""

from __future__ import annotations

import threading
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from classy_nb.export._atomic import telling_reasons
from classy_nb.moments import zone
from classy_nb.progress import counted

from . import _notebook, _work
from ._call import bad_name
from ._desk import Desk
from ._facts import variable_for
from ._form import FormError, check
from ._preview import table
from ._share import Share

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from classy_nb.query import Asking, Query

    from ._desk import Connection, Tell
    from ._job import Job, Outcome

_PULLED_WITHIN = 30.0
"""Seconds after which a file that nobody fetches any more is dropped."""


class Actions(Desk):
    """What the buttons do."""

    def __init__(self, connection: Connection, asking: Asking, tell: Tell) -> None:
        super().__init__(connection, asking, tell)
        self.personal = False
        self._preview: dict[str, Any] | None = None
        self._rows: pd.DataFrame | None = None
        self._counts: dict[str, Any] | None = None
        self._watch: threading.Timer | None = None

    def preview(self) -> None:
        """Fetch a few rows and show them."""
        asked, query = check(self.form, self.asking)
        source, resource = self.source(self.form.resource), self.form.resource

        def then(_: Job, frame: pd.DataFrame) -> str:
            total = frame.attrs.get("classy", {}).get("total")
            of = "" if total is None else f" of {total:,}"
            self._rows = frame
            self._preview = {
                "resource": resource,
                "query": query,
                "caption": f"{resource}: the first {len(frame)}{of} rows by id, fetched at {self.now()}",
                "call": self.call_of(asked),
            }
            self.tell("preview", shown=self.preview_shown())
            return f"Fetched {len(frame)}{of} rows." if len(frame) else "There are no such records."

        self.begin(f"Fetching a preview of {resource}", lambda job: _work.preview(source, asked, job), then)

    def count(self) -> None:
        """Count the records, by status where there is one."""
        asked, query = check(self.form, self.asking)
        source, resource = self.source(self.form.resource), self.form.resource
        statuses = _work.statuses_of(query, self._statuses_seen(resource))

        def then(_: Job, found: dict[str, Any]) -> str:
            requests = counted(found["requests"], "request")
            self._counts = {
                **found,
                "resource": resource,
                "call": self.call_of(asked),
                "caption": f"{resource}, counted at {self.now()} with {requests}",
            }
            self.tell("counts", shown=self._counts)
            return f"There are {found['total']:,} {resource.replace('_', ' ')}."

        self.begin(f"Counting {resource}", lambda job: _work.count(source, asked, statuses, job), then)

    def save(self, *, replace: bool = False) -> None:
        """Write a CSV file on the kernel's side."""
        asked, _ = check(self.form, self.asking)
        source, path = self.source(self.form.resource), self._path()
        with telling_reasons(path):
            there = path.stat() if path.exists() else None
        if there is not None and not replace:
            changed = datetime.fromtimestamp(there.st_mtime, zone(self.asking.timezone))
            about = f"{_size(there.st_size)}, changed {changed:%Y-%m-%d %H:%M}"
            self.ask("save", f"{path} exists ({about}). Replace it?", "Replace the file")
            return

        def then(job: Job, written: Path) -> str:
            self.file = written
            return f"Saved {counted(job.rows, 'row')} ({_size(written.stat().st_size)}) as {written}"

        def late(job: Job, outcome: Outcome) -> None:
            if outcome.kind == "done":
                self.say(f"It was too late to cancel. {then(job, outcome.value)}", "done")
            elif self._job is None:  # else what is said is about another one
                self.say(outcome.text)  # which rows are kept, and where

        def work(job: Job) -> Path:
            return source.to_csv(path, progress=job.watch, **asked)

        self.begin(f"Saving {path.name}", work, then, late)

    def variable(self, *, replace: bool = False) -> None:
        """Fetch the frame and give it a name in the notebook."""
        asked, _ = check(self.form, self.asking)
        source, name = self.source(self.form.resource), self.variable_name()
        space = _notebook.variables()
        taken = space is not None and name in space and space[name] is not self.frame
        if taken and not replace:
            kind = type(space[name]).__name__ if space is not None else ""
            self.ask("variable", f"{name} exists already (a {kind}). Replace it?", "Replace the variable")
            return

        def then(_: Job, frame: pd.DataFrame) -> str:
            self.frame = frame
            size = f"{counted(len(frame), 'row')}, {counted(len(frame.columns), 'column')}"
            if space is None:
                return f"Fetched {size}: the explorer's attribute frame holds them."
            space[name] = frame
            return f"The variable {name} holds {size}."

        self.begin(f"Fetching {name}", lambda job: source(progress=job.watch, **asked), then)

    def download(self, view: str) -> None:
        """Write a CSV file and hand it out to the browser in chunks."""
        asked, _ = check(self.form, self.asking)
        source, share = self.source(self.form.resource), Share(self._path().name, view)

        def then(_: Job, rows: int) -> None:
            self._share = share
            self._watch_share()
            self.say(f"Downloading {counted(rows, 'row')} ({_size(share.size)}) …")
            self.tell("offer", **share.offer())

        self.begin(
            f"Preparing {share.name}",
            lambda job: _work.prepare(source, share, asked, job),
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
            about = f"{share.name} ({_size(share.size)})"
            self.drop_share()
            self.tell("job", **self.job())
            if intact:
                self.say(f"Downloaded {about}; its checksum is right.", "done")
            else:
                self.say(f"{about} did not arrive intact and was not kept: try again.", "error")

    def ask(self, action: str, text: str, yes: str) -> None:
        """Let the user decide about something that would be replaced."""
        self.say(text, question={"action": action, "yes": yes})

    def call_of(self, asked: Mapping[str, Any]) -> str:
        """Return a text by which equal questions are told."""
        return repr((self.form.resource, sorted(asked.items(), key=lambda pair: pair[0])))

    def variable_name(self) -> str:
        """Return what the frame is to be called.

        Raises
        ------
        FormError
            It cannot be called so.
        """
        name = self.form.variable.strip() or variable_for(self.form.resource)
        problem = bad_name(name)
        if problem is None and name == self.connection_name():
            problem = f"{name} is the connection: choose another name."
        if problem is not None:
            raise FormError(problem, "variable")
        return name

    def file_name(self) -> str:
        """Return what the file is called where nobody gave it a name."""
        return f"{self.form.resource}_{self.today()}.csv"

    def preview_shown(self) -> dict[str, Any] | None:
        """Return the rows as text, masked or not."""
        if self._preview is None or self._rows is None:
            return None
        query: Query = self._preview["query"]
        shown = table(
            self._rows,
            self._preview["resource"],
            known={column.name for column in query.columns},
            date_column=query.endpoint.date,
            personal=self.personal,
        )
        about = {name: self._preview[name] for name in ("resource", "caption", "call")}
        return {**about, **shown, "unmasked": self.personal}

    def _statuses_seen(self, resource: str) -> list[str]:
        if self._preview is None or self._rows is None or self._preview["resource"] != resource:
            return []
        return [str(s) for s in self._rows["status"].dropna()] if "status" in self._rows else []

    def _path(self) -> Path:
        name = self.form.file.strip() or self.file_name()
        if not name.isprintable() or Path(name).name in ("", "..") or name.endswith(("/", "\\")):
            raise FormError("Give the file a name, such as gifts.csv.", "file")
        path = Path(name).expanduser()
        return (path if path.suffix else path.with_name(f"{path.name}.csv")).absolute()

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
                self.say("The download broke off: the page that asked for it is gone.", "error")


def _size(count: int) -> str:
    if count < 1000:  # noqa: PLR2004
        return f"{count} bytes"
    return f"{count / 1e3:.1f} kB" if count < 1e6 else f"{count / 1e6:.1f} MB"  # noqa: PLR2004
