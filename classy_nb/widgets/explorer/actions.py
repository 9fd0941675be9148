"""The explorer's buttons: each checks what is asked, begins a job and says how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from classy_nb.progress import counted

from . import work
from .asked import check
from .desk import Question
from .files import about, mark, size_text
from .preview import table
from .variables import Variables

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd

    from classy_nb.query import Query, QueryBuilder

    from .desk import Connection, Tell
    from .jobs import Job, Outcome


class Actions(Variables):
    """What the buttons do."""

    def __init__(self, connection: Connection, queries: QueryBuilder, tell: Tell) -> None:
        super().__init__(connection, queries, tell)
        self.personal = False
        self._preview: dict[str, Any] | None = None
        self._rows: pd.DataFrame | None = None
        self._counts: dict[str, Any] | None = None

    def preview(self) -> None:
        """Fetch a few rows and show them."""
        asked, query = check(self.form, self.queries)
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

        self.begin(f"Fetching a preview of {resource}", lambda job: work.preview(source, asked, job), then)

    def count(self) -> None:
        """Count the records, by status where there is one."""
        asked, query = check(self.form, self.queries)
        source, resource = self.source(self.form.resource), self.form.resource
        statuses = work.statuses_of(query, self._statuses_seen(resource))

        def then(_: Job, found: dict[str, Any]) -> str:
            requests = counted(found["requests"], "request")
            self._counts = {
                **found,
                "resource": resource,
                "call": self.call_of(asked),
                "caption": f"{found['total']:,} {resource}, counted at {self.now()} with {requests}",
            }
            self.tell("counts", shown=self._counts)
            return f"There are {found['total']:,} {resource.replace('_', ' ')}."

        self.begin(f"Counting {resource}", lambda job: work.count(source, asked, statuses, job), then)

    def save(self, *, replace: str = "") -> None:
        """Write a CSV file on the kernel's side; *replace* is the path that was agreed to."""
        asked, _ = check(self.form, self.queries)
        source, path = self.source(self.form.resource), self.path()
        there = mark(path)
        if there is not None and not self.agreed("save", replace, str(path), there.__eq__):
            text = f"{path} exists ({about(path)}). Replace it?"
            self.ask(Question(text, "save", "Replace the file", str(path), there))
            return

        def then(job: Job, written: Path) -> str:
            self.file = written
            return f"Saved {counted(job.rows, 'row')} ({size_text(written.stat().st_size)}) as {written}"

        def late(job: Job, outcome: Outcome) -> None:
            if outcome.kind == "done":
                self.say(f"It was too late to cancel. {then(job, outcome.value)}", "done")
            elif self._job is None:  # else what is said is about another one
                self.say(outcome.text)  # which rows are kept, and where

        def work(job: Job) -> Path:
            return source.to_csv(path, progress=job.watch, **asked)

        self.begin(f"Saving {path.name}", work, then, late)

    def call_of(self, asked: Mapping[str, Any]) -> str:
        """Return a text by which equal questions are told."""
        return repr((self.form.resource, sorted(asked.items(), key=lambda pair: pair[0])))

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
