"""Jobs: work in a background thread, one at a time, which shows as cancelled within a second.

The controller starts a job with a function that fetches something; it is told about progress, and once, how
the job ended. Cancelling sets a flag. A fetch calls :meth:`Job.progress` a few times a second, which raises
from then on, so most jobs end at once. One that is not told in time (it waits for a connection, or for the
single answer of a count) is abandoned after a moment. Its thread is a daemon that ends with its own time-out,
and its result is dropped.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from classy_nb.errors import ClassyError, InterruptedFetchError, kept_warnings
from classy_nb.widgets.words import words

if TYPE_CHECKING:
    from collections.abc import Callable

GRACE = 0.5
"""Seconds that a cancelled job has to end by itself (and to say what it kept) before it is abandoned."""
CANCELLED = "Cancelled."


@dataclass(frozen=True)
class Outcome:
    """How a job ended.

    Attributes
    ----------
    kind
        ``done``, ``cancelled`` or ``failed``.
    text
        What to tell people; for a job that is done, its warnings.
    value
        The result of a job that is done.
    """

    kind: Literal["done", "cancelled", "failed"]
    text: str = ""
    value: Any = None


class Job:
    """One piece of work.

    Parameters
    ----------
    label
        What it does, for people.
    work
        Does it, in the job's thread. It is given the job and passes :meth:`progress` on as ``progress=``.
    finish
        Takes the result to where it belongs and returns what to tell people.
    irrevocable
        Whether a result stands although the job was cancelled: a file that was written is there.
    on_progress
        Called when the job has moved on.
    """

    def __init__(
        self,
        label: str,
        work: Callable[[Job], Any],
        finish: Callable[[Any], Any],
        *,
        irrevocable: bool = False,
        on_progress: Callable[[Job], object] = lambda _: None,
    ) -> None:
        self.label = label
        self.finish = finish
        self.irrevocable = irrevocable
        self.rows = 0
        self.total: int | None = None
        self.note = ""
        self.unit = "rows"
        self._work = work
        self._on_progress = on_progress
        self._cancelled = threading.Event()

    @property
    def cancelled(self) -> bool:
        """Whether somebody wants it to end."""
        return self._cancelled.is_set()

    def cancel(self) -> None:
        """Ask it to end."""
        self._cancelled.set()

    def check(self) -> None:
        """Raise if the job was cancelled."""
        if self.cancelled:
            raise InterruptedFetchError(CANCELLED)

    def progress(self, rows: int, total: int | None, note: str, /) -> None:
        """Take in how far the work is; raise if the job was cancelled."""
        self.check()
        self.rows, self.total, self.note = rows, total, note
        self._on_progress(self)

    def run(self) -> Outcome:
        """Do the work. Errors become text here: a thread has nobody else to tell."""
        try:
            with kept_warnings() as warnings:
                value = self._work(self)
        except InterruptedFetchError as error:
            return Outcome("cancelled", _with_notes(str(error), error))
        except ClassyError as error:
            if self.cancelled:  # a request that was under way may fail before the next look at the flag
                return Outcome("cancelled", _with_notes(CANCELLED, error))
            # The whole message, with method and path: whoever reports it will be asked for them.
            return Outcome("failed", _with_notes(str(error), error))
        except Exception as error:  # noqa: BLE001
            return Outcome("failed", words(error))
        if self.cancelled and not self.irrevocable:
            return Outcome("cancelled", CANCELLED)
        return Outcome("done", " ".join(dict.fromkeys(warnings)), value)

    def as_message(self) -> dict[str, Any]:
        """Return how far it is, as the browser shows it."""
        rows, total = self.rows, self.total  # read once: the job's thread may change them
        of = "" if total is None else f" of {total:,}"
        counted = f"{rows:,}{of} {self.unit}, " if rows or total else ""
        return {
            "running": True,
            "label": self.label,
            "rows": rows,
            "total": total,
            "text": f"{counted}{self.note}",
            "ticket": None,
        }


class Jobs:
    """Runs one job at a time.

    Parameters
    ----------
    lock
        The controller's: held when *current* changes and while *on_end* is called.
    on_end
        Called with a job and its outcome; with ``abandoned=True`` a second time, when the thread of an
        abandoned job ends after all.
    """

    def __init__(self, lock: threading.RLock, on_end: Callable[..., object]) -> None:
        self._lock = lock
        self._on_end = on_end
        self.current: Job | None = None

    def start(self, job: Job) -> None:
        """Run a job in the background; there must not be another one."""
        with self._lock:
            self.current = job
        threading.Thread(target=self._run, args=[job], name=f"classy_nb: {job.label}", daemon=True).start()

    def cancel(self) -> None:
        """Cancel the current job, if there is one."""
        with self._lock:
            job = self.current
            if job is None or job.cancelled:
                return
            job.cancel()
        timer = threading.Timer(GRACE, self._abandon, [job])
        timer.daemon = True
        timer.start()

    def _run(self, job: Job) -> None:
        outcome = job.run()
        with self._lock:
            abandoned = self.current is not job
            if not abandoned:
                self.current = None
            self._on_end(job, outcome, abandoned=abandoned)

    def _abandon(self, job: Job) -> None:
        with self._lock:
            if self.current is job:
                self.current = None
                self._on_end(job, Outcome("cancelled", CANCELLED), abandoned=False)


def _with_notes(text: str, error: ClassyError) -> str:
    """Append an error's notes: they say which rows were kept, and how to continue."""
    return " ".join([text, *getattr(error, "__notes__", ())])
