"""Daemon threads that send a fetch's requests, while the caller's thread waits where it can be interrupted.

In go functions, out come their results, in the order in which they finish. Nobody waits for a worker whose
answer is no longer wanted: the thread looks at ``cancel`` before it sends anything more, and what still
arrives is dropped.
"""

from __future__ import annotations

import os
import queue
import threading
import time
import weakref
from typing import TYPE_CHECKING, Any, Self

from classy_nb.errors import ClassyError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from classy_nb.http import Cancel, Concurrency

_SLICE = 0.1
"""Seconds between two looks at ``cancel`` and calls of ``on_wait`` while nothing arrives."""
_LOOK_UP = 1.0
"""Seconds after which an idle worker looks whether it is still wanted."""
_GRACE = 0.2
"""Seconds that all threads together get to end: those between two requests do, the others are left behind."""


class Workers:
    """Runs functions in up to *number* threads, each started when it is first needed.

    Parameters
    ----------
    number
        How many functions may run at the same time, or what finds that number: then it may change at any
        time, and functions wait for each other where they send requests.
    cancel
        Set when the ``with`` block ends early; checked before each function.
    on_wait
        Called again and again while results are waited for; what it raises ends the wait.
    """

    def __init__(
        self, number: int | Concurrency, cancel: Cancel, on_wait: Callable[[], object] | None = None
    ) -> None:
        self._number = number
        self.under_way = 0
        """Functions that were submitted and whose results have not been taken."""
        self._process = os.getpid()
        self._cancel = cancel
        self._on_wait = on_wait or (lambda: None)
        self._threads: list[threading.Thread] = []
        self._tasks: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._results: queue.SimpleQueue[tuple[Any, Any]] = queue.SimpleQueue()

    @property
    def number(self) -> int:
        """How many functions may run at the same time, at present."""
        return self._number if isinstance(self._number, int) else self._number.number

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process != os.getpid():
            return  # the fetch goes on in the parent of this forked process
        if kind is not None or self.under_way:
            self._cancel.set()
        self._let_go()
        end = time.monotonic() + _GRACE
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))

    def submit(self, label: Any, function: Callable[[], Any]) -> None:
        """Run *function* in a thread; :meth:`take` returns its result with the *label*."""
        self._check_process()
        self.under_way += 1
        most = self._number if isinstance(self._number, int) else self._number.most
        if len(self._threads) < min(self.under_way, most):
            # Daemons, for the interpreter must not wait a minute for a server at its exit.
            name = f"classy_nb-worker-{len(self._threads)}"
            arguments = (self._tasks, self._cancel, weakref.ref(self))
            thread = threading.Thread(target=_work, args=arguments, name=name, daemon=True)
            try:
                thread.start()
            except RuntimeError:
                if not self._threads:
                    what = "This computer cannot start another thread."
                    raise ClassyError(what, advice="Close other programs, then try again.") from None
            else:
                self._threads.append(thread)
        self._tasks.put((self._results, label, function))

    def take(self, *, wait: bool = True, or_room: bool = False) -> list[tuple[Any, Any]]:
        """Return all results that are there, labels with values or exceptions; *wait* for at least one.

        With *or_room* it returns without any, too, when more functions may run.
        """
        self._check_process()
        self._on_wait()
        while True:
            try:
                taken = [self._results.get(block=wait, timeout=_SLICE)]
            except queue.Empty:
                if not wait:
                    return []
                self._cancel.check()
                self._on_wait()
                if or_room and self.under_way < self.number:
                    return []
                continue
            while not self._results.empty():  # only this thread takes results
                taken.append(self._results.get())
            self.under_way -= len(taken)
            return taken

    def call(self, function: Callable[[], Any]) -> Any:
        """Run one function while no other is under way; return or raise what it returns or raises."""
        self.submit(None, function)
        ((_, outcome),) = self.take()
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    def _check_process(self) -> None:
        """Refuse to wait for threads that stayed behind in the process from which this one was forked."""
        if self._process != os.getpid():
            raise UsageError(
                "This fetch was begun before the process was forked, and goes on in its parent.",
                advice="Begin a fetch in the process that reads it.",
            )

    def abandon(self) -> None:
        """Drop the results of whatever is under way, and begin anew with other threads."""
        self._let_go()
        self._threads, self.under_way = [], 0
        self._tasks, self._results = queue.SimpleQueue(), queue.SimpleQueue()

    def _let_go(self) -> None:
        for _ in self._threads:
            self._tasks.put(None)


def _work(tasks: queue.SimpleQueue[Any], cancel: Cancel, owner: weakref.ref[Workers]) -> None:
    while True:
        try:
            task = tasks.get(timeout=_LOOK_UP)
        except queue.Empty:
            # A second Ctrl-C may fall into the end of the first, before every thread was told to go.
            if cancel.is_set() or owner() is None:
                return
            continue
        if task is None:
            return
        results, label, function = task
        del task
        # No local of this frame may hold a result or an exception: the frame goes on running, so that it
        # could not be cleared from a traceback.
        results.put((label, _outcome(function, cancel)))
        del results, label, function


def _outcome(function: Callable[[], Any], cancel: Cancel) -> Any:
    try:
        cancel.check()
        return function()
    except BaseException as error:  # noqa: BLE001 - raised again by whoever takes the result
        return error
