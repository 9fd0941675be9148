"""One line that shows the progress of a fetch: in a terminal, in a notebook, or nowhere.

:class:`Progress` is told the number of rows and requests, and how long the API keeps it waiting; it knows
nothing of how a fetch works or is canceled. At most ten times a second it shows the line, or tells the
caller's function. ``client`` drives it; :func:`shell` and :func:`in_notebook` also tell the widgets where
they are.
"""

from __future__ import annotations

import html
import sys
import time
from typing import TYPE_CHECKING, Any, Protocol

from classy_nb.arguments import shown
from classy_nb.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

_UPDATES_PER_SECOND = 10
_NOTABLE_WAIT = 1.0
"""Seconds of waiting for the rate limit from which the line mentions it."""
_NOTABLE_SILENCE = 10.0
"""Seconds without a response from which the line mentions them."""
_RATE_AFTER = 1.0
"""Seconds after which a rate is meaningful."""


class Watcher(Protocol):
    """A function of the caller's that follows a fetch; an exception that it raises ends the fetch."""

    def __call__(self, rows: int, total: int | None, note: str, /) -> object:
        """Receive the rows so far, the server's total (None while unknown) and a note."""
        ...


def checked_progress(progress: object) -> bool | Watcher | None:
    """Return what ``progress=`` takes.

    Raises
    ------
    UsageError
        It is anything else.
    """
    if progress is None or isinstance(progress, bool) or callable(progress):
        return progress
    raise UsageError(f"progress={shown(progress)} must be True, False, None or a function.")


class Line(Protocol):
    """Where the progress is shown."""

    def show(self, rows: int, total: int | None, note: str) -> None:
        """Show the current state."""
        ...

    def end(self, rows: int, total: int | None, note: str, *, whole: bool) -> None:
        """Show the final state and leave one clean line; *whole*: all rows have arrived."""
        ...


class Progress:
    """Shows the rows and requests of a fetch, a few times a second.

    Parameters
    ----------
    label
        What is being fetched.
    wanted
        True: show a line. None: only in a terminal or a notebook. False: never. A function: call it.
    clock
        Returns monotonic seconds.
    """

    def __init__(
        self, label: str, *, wanted: bool | Watcher | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._line = _line(label, clock, wanted=wanted)
        self._started = clock()
        self._shown = float("-inf")
        self._state: tuple[int, int | None, int] = (0, None, 0)

    def update(
        self,
        rows: int,
        total: int | None,
        requests: int,
        waiting: float = 0.0,
        silence: float = 0.0,
        *,
        planned: str | None = None,
    ) -> None:
        """Update the state, and show it unless it was shown just now.

        Parameters
        ----------
        rows, total, requests
            Rows that have arrived, the server's total (None while unknown), and requests sent.
        waiting
            Seconds until the rate limit lets the next request through.
        silence
            Seconds since the last response.
        planned
            How many requests it takes, where that is known: ``124``, ``at least 62``.
        """
        self._state = (rows, total, requests)
        now = self._clock()
        if self._line is None or now - self._shown < 1 / _UPDATES_PER_SECOND:
            return
        self._shown = now
        why = ""
        if waiting >= _NOTABLE_WAIT:
            why = f", waiting {waiting:.0f} s for the API's limit"
        elif silence >= _NOTABLE_SILENCE:
            why = f", no answer for {silence:.0f} s"
        sent = counted(requests, "request")
        if planned is not None:
            sent = f"{requests:,} of {planned} requests"
        self._line.show(rows, total, f"{sent}{why}")

    def end(self, *, whole: bool = True) -> None:
        """Show the final state, which stays; *whole*: all rows have arrived."""
        if self._line is not None:
            rows, total, requests = self._state
            seconds = self._clock() - self._started
            self._line.end(rows, total, f"{counted(requests, 'request')} in {seconds:.1f} s", whole=whole)


def counted(number: int, noun: str) -> str:
    """Return ``1 request``, ``1,200 requests``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def duration_text(seconds: float) -> str:
    """Return ``40 s``, ``2 min 05 s``, ``1 h 10 min``."""
    whole = max(1, round(seconds))
    minutes, rest = divmod(whole, 60)
    hours, sixtieth = divmod(minutes, 60)
    if hours:
        return f"{hours} h {sixtieth:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


class _CallersFunction:
    """Calls a function of the caller's."""

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher

    def show(self, rows: int, total: int | None, note: str) -> None:
        self._watcher(rows, total, note)

    def end(self, rows: int, total: int | None, note: str, *, whole: bool) -> None:
        del whole  # the caller learns that from the fetch, which returns or raises
        self._watcher(rows, total, note)


class _TerminalLine:
    """A tqdm bar."""

    def __init__(self, label: str) -> None:
        from tqdm.std import tqdm

        self._bar: Any = tqdm(desc=label, unit=" rows", file=sys.stderr, mininterval=0, dynamic_ncols=True)

    def show(self, rows: int, total: int | None, note: str) -> None:
        self._bar.total = None if total is None else max(total, rows)
        self._bar.set_postfix_str(note, refresh=False)
        self._bar.n = rows
        self._bar.refresh()

    def end(self, rows: int, total: int | None, note: str, *, whole: bool) -> None:
        self.show(rows, total, note if whole else f"{note}, stopped")
        self._bar.close()


class _NotebookLine:
    """An output that is updated in place: text and a plain HTML bar.

    It is not a widget (tqdm's notebook bar is), so the saved notebook shows the final state instead of 0%.
    """

    def __init__(self, label: str, clock: Callable[[], float]) -> None:
        self._label = label
        self._clock = clock
        self._started = clock()
        self._handle: Any = None

    def show(self, rows: int, total: int | None, note: str) -> None:
        of = "" if total is None else f" of {total:,}"
        text = f"{self._label}: {rows:,}{of} rows, {note}{self._speed(rows, total)}"
        bar = f'<progress max="{total}" value="{rows}"></progress> ' if total else ""
        self._display(text, f"<div>{bar}{html.escape(text)}</div>")

    def _speed(self, rows: int, total: int | None) -> str:
        passed = self._clock() - self._started
        if passed < _RATE_AFTER or not rows:
            return ""
        left = (
            f", about {duration_text((total - rows) * passed / rows)} left" if total and total > rows else ""
        )
        return f", {rows / passed:,.0f} rows/s{left}"

    def end(self, rows: int, total: int | None, note: str, *, whole: bool) -> None:
        # A complete list may have another length than the total of its first page: records come and go.
        arrived = (
            f"{rows:,} rows" if whole else f"stopped at {rows:,}{f' of {total:,}' if total else ''} rows"
        )
        text = f"{self._label}: {arrived}, {note}"
        self._display(text, f"<div>{html.escape(text)}</div>")

    def _display(self, text: str, markup: str) -> None:
        from IPython.display import display

        data = {"text/plain": text, "text/html": markup}
        if self._handle is None:
            self._handle = display(data, raw=True, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self._handle.update(data, raw=True)


def terminal_line(label: str) -> Line | None:
    """Return a line in the terminal; None if nobody looks at one."""
    return _TerminalLine(label) if sys.stderr is not None and sys.stderr.isatty() else None


def _line(label: str, clock: Callable[[], float], *, wanted: bool | Watcher | None) -> Line | None:
    if wanted is False:
        return None
    if callable(wanted):
        return _CallersFunction(wanted)
    if in_notebook():
        return _NotebookLine(label, clock)
    return _TerminalLine(label) if wanted else terminal_line(label)


def shell() -> Any:
    """Return IPython's shell, or None outside of IPython, without importing it."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None else None


def in_notebook() -> bool:
    """Tell whether this is a notebook's kernel, with or without somebody watching."""
    return any(cls.__name__ == "ZMQInteractiveShell" for cls in type(shell()).__mro__)
