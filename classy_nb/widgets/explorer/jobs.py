"""One piece of work in a thread of its own, which can be cancelled within a second."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from classy_nb.errors import ClassyError, InterruptedFetchError, kept_warnings
from classy_nb.widgets.words import words

if TYPE_CHECKING:
    from collections.abc import Callable

_PATIENCE = 0.5
"""Seconds after which a cancelled job is left to itself."""
_BETWEEN_HANGUPS = 0.2
_LONGEST_TO_END = 15.0


@dataclass(frozen=True)
class Outcome:
    """How a job ended; the text of one that is done holds what was odd."""

    kind: Literal["done", "cancelled", "failed"]
    text: str = ""
    value: Any = None


class Job:
    """Does some work in a daemon thread.

    Parameters
    ----------
    label
        What it is, for people.
    work
        Is given the job: it passes :meth:`watch` on as ``progress=``. Its value is the outcome's.
    tell
        Called with rows, total and a note while the work goes on.
    ended
        Called once with the outcome, from whatever thread; after a cancel perhaps before the thread
        ends.
    late
        Called with how the work ended in the end, if it was said to be cancelled before.
    """

    def __init__(
        self,
        label: str,
        work: Callable[[Job], Any],
        tell: Callable[[Job], object],
        ended: Callable[[Job, Outcome], object],
        late: Callable[[Job, Outcome], object] = lambda _job, _outcome: None,
    ) -> None:
        self.label = label
        self.rows = 0
        self.total: int | None = None
        self.note = ""
        self.unit = "rows"
        self._work = work
        self._tell = tell
        self._ended = ended
        self._late = late
        self._cancelled = threading.Event()
        self._over = threading.Lock()
        self._thread = threading.Thread(target=self._run, name=f"classy_nb-panel-{label}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    @property
    def cancelled(self) -> bool:
        """Whether it was asked to end."""
        return self._cancelled.is_set()

    def check(self) -> None:
        """Raise if it was asked to end."""
        if self.cancelled:
            raise InterruptedFetchError("Cancelled.")

    def watch(self, rows: int, total: int | None, note: str, /) -> None:
        """Take in how far it is; raise if it was asked to end."""
        self.check()
        self.rows, self.total, self.note = rows, total, note
        self._tell(self)

    def cancel(self) -> None:
        """Ask it to end; what it is still waiting for is dropped."""
        if not self._cancelled.is_set():
            self._cancelled.set()
            threading.Thread(target=self._break_off, name="classy_nb-panel-cancel", daemon=True).start()

    def join(self, seconds: float) -> bool:
        """Wait until its thread has ended; tell whether it has."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _break_off(self) -> None:
        begun = time.monotonic()
        while self._thread.is_alive() and (passed := time.monotonic() - begun) < _LONGEST_TO_END:
            if passed > _PATIENCE:
                self._end(Outcome("cancelled", "Cancelled."))
            self._thread.join(_BETWEEN_HANGUPS)

    def _run(self) -> None:
        try:
            with kept_warnings() as notes:
                value = self._work(self)
            outcome = Outcome("done", " ".join(dict.fromkeys(notes)), value)
        except InterruptedFetchError as error:
            outcome = Outcome("cancelled", _told(error))
        except ClassyError as error:
            outcome = (
                Outcome("cancelled", "Cancelled.") if self.cancelled else Outcome("failed", _told(error))
            )
        except Exception as error:  # noqa: BLE001 - a thread has nobody else to tell
            outcome = Outcome("failed", words(error))
        self._end(outcome)

    def _end(self, outcome: Outcome) -> None:
        if self._over.acquire(blocking=False):
            self._ended(self, outcome)
        elif threading.current_thread() is self._thread:
            self._late(self, outcome)


def _told(error: ClassyError) -> str:
    # With the path: whoever reports it is asked for that.
    return " ".join([str(error), *getattr(error, "__notes__", ())])
