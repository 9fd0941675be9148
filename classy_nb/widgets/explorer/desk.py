"""What the explorer knows at a moment, and the one job that it may be doing."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast

from classy_nb.widgets.words import words

from . import notebook
from .form import Form
from .jobs import Job, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd

    from classy_nb.query import QueryBuilder

    from .share import Share
    from .work import Source

_BETWEEN_NEWS = 0.1
"""Seconds between two messages about progress."""
Tone = Literal["", "done", "error"]


@dataclass(frozen=True)
class Question:
    """Something that would be replaced, which only the user can decide.

    Attributes
    ----------
    text
        The question, for people.
    action
        What to do if the answer is yes.
    yes
        That answer, for people.
    about
        What would be replaced: a path or a name. The answer repeats it.
    held
        What stood there when it was asked.
    """

    text: str
    action: str
    yes: str
    about: str
    held: object = field(repr=False)

    def written(self) -> dict[str, str]:
        """Return it as the browser takes it."""
        return {"action": self.action, "yes": self.yes, "about": self.about}


class Connection(Protocol):
    """What the explorer needs of a connection; each resource is an attribute of it as well."""

    organization: int
    organization_name: str | None


class Tell(Protocol):
    """Sends a message to all views, perhaps with binary pieces; drops it where there is none."""

    def __call__(self, kind: str, /, buffers: list[bytes] | None = None, **fields: Any) -> object:
        """Send it."""
        ...


class Desk:
    """The form, the last answers, and a job.

    Messages come in the kernel's main thread or in others, jobs end in theirs: what changes is changed
    under one lock.

    Attributes
    ----------
    frame
        What "To a variable" fetched last, or None.
    file
        What "Save CSV" wrote last, or None.
    """

    def __init__(self, connection: Connection, queries: QueryBuilder, tell: Tell) -> None:
        self.connection = connection
        self.queries = queries
        self.form = Form()
        self.frame: pd.DataFrame | None = None
        self.file: Path | None = None
        self.tell = tell
        self._lock = threading.RLock()
        self._job: Job | None = None
        self._share: Share | None = None
        self._told = 0.0
        self._status: dict[str, Any] = {"text": "", "tone": "", "question": None}
        self._question: Question | None = None

    def source(self, resource: str) -> Source:
        """Return the resource of the connection."""
        return cast("Source", getattr(self.connection, resource))

    def say(self, text: str, tone: Tone = "", *, question: Question | None = None) -> None:
        """Show a sentence about what happened last, perhaps one that asks for a decision."""
        with self._lock:
            self._question = question
            asked = None if question is None else question.written()
            self._status = {"text": text, "tone": tone, "question": asked}
            self.tell("status", **self._status)

    def ask(self, question: Question) -> None:
        """Let the user decide about something that would be replaced."""
        self.say(question.text, question=question)

    def agreed(self, action: str, answer: str, about: str, still: Callable[[Any], bool]) -> bool:
        """Tell whether the user has agreed to replace just this.

        Parameters
        ----------
        action
            What would be done now.
        answer
            What the user agreed to have replaced.
        about
            What would be replaced now.
        still
            Whether there is still what was there when the question was asked.
        """
        asked = self._question
        if asked is None or (asked.action, asked.about, answer) != (action, about, about):
            return False
        return still(asked.held)

    def begin(
        self,
        label: str,
        work: Callable[[Job], Any],
        then: Callable[[Job, Any], str | Question | None],
        late: Callable[[Job, Outcome], object] = lambda _job, _outcome: None,
    ) -> None:
        """Start a job, if there is none.

        Parameters
        ----------
        label
            What is done, for people.
        work
            Done in a thread.
        then
            Takes the work's value where the job wasn't cancelled, and says what to tell or to ask; None: it
            goes on.
        late
            Takes how the work ended in the end, if it was said to be cancelled before.
        """
        with self._lock:
            if self._job is not None:
                self.say(f"Still at it: {self._job.label.lower()}. Cancel it, or wait.", "error")
                return
            self.drop_share()
            self._job = Job(label, work, self._progressed, lambda job, out: self._ended(job, out, then), late)
            self._told = 0.0
            self.say(f"{label} …")
            self.tell("job", **self.job())
            self._job.start()

    def cancel(self) -> None:
        """End what is going on; within a second it has ended."""
        with self._lock:
            if self._job is not None:
                self.say("Cancelling …")
                self._job.cancel()
            elif self._share is not None:
                self.drop_share()
                self.tell("job", **self.job())
                self.say("Cancelled; nothing was kept.")

    def drop_share(self) -> None:
        """Forget the file that a browser was fetching."""
        with self._lock:
            if self._share is not None:
                self.tell("dropped", ticket=self._share.ticket)
                self._share.drop()
                self._share = None

    def now(self) -> str:
        """Return the time on the reader's clock."""
        return datetime.now().strftime("%H:%M")  # noqa: DTZ005

    def today(self) -> str:
        """Return the day on the reader's calendar."""
        return datetime.now().date().isoformat()  # noqa: DTZ005

    def connection_name(self) -> str:
        """Return what the connection is called in the notebook, or may be called."""
        return notebook.name_of(self.connection) or notebook.free_name("classy")

    def connection_told(self) -> str:
        """Return a line of Python that says which connection is meant, where no variable holds it."""
        if notebook.variables() is None or notebook.name_of(self.connection) is not None:
            return ""
        about = self.connection.organization_name or f"organization {self.connection.organization}"
        return f"# {self.connection_name()}: the connection of this panel ({' '.join(about.split())})\n"

    def _progressed(self, job: Job) -> None:
        with self._lock:
            now = time.monotonic()
            if job is self._job and now - self._told >= _BETWEEN_NEWS:
                self._told = now
                self.tell("job", **self.job())

    def _ended(self, job: Job, outcome: Outcome, then: Callable[[Job, Any], str | Question | None]) -> None:
        with self._lock:
            self._job = None
            said: str | Question | None = outcome.text
            tones: dict[str, Tone] = {"done": "done", "cancelled": "", "failed": "error"}
            tone = tones[outcome.kind]
            if outcome.kind == "done":
                try:
                    said = then(job, outcome.value)
                except Exception as error:  # noqa: BLE001 - nobody else would tell
                    said, tone = words(error), "error"
            self.tell("job", **self.job())
            odd = outcome.text if outcome.kind == "done" else ""
            if isinstance(said, Question):
                self.say(f"{odd} {said.text}".strip(), question=said)
            elif said is not None:
                self.say(f"{said} {odd}".strip(), tone)

    def status(self) -> dict[str, Any]:
        """Return the sentence about what happened last."""
        return self._status

    def job(self) -> dict[str, Any]:
        """Return how far the job is, if there is one."""
        job = self._job
        if job is None:
            return {"running": self._share is not None, "label": "Downloading", "ticket": self._ticket()}
        rows, total = job.rows, job.total  # which its thread may change meanwhile
        of = "" if total is None else f" of {total:,}"
        progress = f"{rows:,}{of} {job.unit}, " if rows or total else ""
        return {
            "running": True,
            "label": job.label,
            "rows": rows,
            "total": total,
            "text": f"{progress}{job.note}",
            "ticket": None,
        }

    def _ticket(self) -> str | None:
        return None if self._share is None else self._share.ticket
