"""Tracebacks without rows or secrets: an exception that leaves the package carries no local variables.

A notebook may print the locals of every frame of a traceback (``%xmode Verbose``), and it saves what it
prints. :func:`clear_tracebacks` decorates each public entry, so that the code below can be written the
ordinary way. An error that nobody expected also gets a note: where to report it, and the versions.
"""

from __future__ import annotations

import functools
import inspect
import os
import traceback
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

from classy_nb.errors import ClassyError, ask_for_report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

P = ParamSpec("P")
R = TypeVar("R")

KEEP_FRAMES = "CLASSY_NB_KEEP_FRAMES"
"""Set this environment variable to keep the locals, when you debug the package itself."""
_PACKAGE = __name__.partition(".")[0]


def clear_tracebacks(function: Callable[P, R]) -> Callable[P, R]:
    """Clear the local variables of all frames below *function* from any exception that it raises.

    This works for functions, methods and generator functions (for the exceptions of every step).
    """
    if inspect.isgeneratorfunction(function):

        @functools.wraps(function)
        def generator(*args: P.args, **kwargs: P.kwargs) -> Iterator[Any]:
            try:
                yield from cast("Iterator[Any]", function(*args, **kwargs))
            except BaseException as error:
                clear_frames(error)
                # This frame is on the traceback too, and cannot be cleared while it runs.
                del args, kwargs
                raise

        return cast("Callable[P, R]", generator)

    @functools.wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except BaseException as error:
            clear_frames(error)
            del args, kwargs  # as above: they may hold connect(client_secret=...)
            raise

    return wrapper


def clear_frames(error: BaseException) -> None:
    """Clear the frames of *error* and of all errors behind it, including those from other threads.

    If the package is called in an ``except`` block, the error that the user is handling is behind ours, too.
    It did not pass through the package, so it keeps its locals: they are the user's own.
    """
    if _is_bug(error):
        ask_for_report(error)
    if os.environ.get(KEEP_FRAMES):
        return
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        found = waiting.pop()
        if found is None or id(found) in seen:
            continue
        seen.add(id(found))
        if _passed_through_here(found):
            traceback.clear_frames(found.__traceback__)
        waiting += [found.__cause__, found.__context__]
        if isinstance(found, BaseExceptionGroup):
            waiting += found.exceptions


def _is_bug(error: BaseException) -> bool:
    """Return whether a line of this package failed in a way that it does not explain itself."""
    expected = (ClassyError, Warning, ImportError, OSError, MemoryError, RecursionError)
    if not isinstance(error, Exception) or isinstance(error, expected):
        return False
    name = ""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        name = frame.f_globals.get("__name__", "")
    # A call with the wrong arguments fails in this file, before any line of the function runs.
    return name.partition(".")[0] == _PACKAGE and name != __name__


def _passed_through_here(error: BaseException) -> bool:
    return any(
        frame.f_globals.get("__name__", "").partition(".")[0] == _PACKAGE
        for frame, _ in traceback.walk_tb(error.__traceback__)
    )
