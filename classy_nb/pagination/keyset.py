"""The walk by key: ``id > LAST`` in ascending order, page 1 each time.

A record that exists throughout is fetched exactly once, whatever is inserted or deleted meanwhile.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from classy_nb.errors import (
    BadRequestError,
    ClassyError,
    ConnectionFailedError,
    IncompleteResultError,
    ServerError,
    TimedOutError,
    UnauthorizedError,
    UnexpectedAnswerError,
)
from classy_nb.redact import safe_path

from .records import Records

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from .page import Page
    from .requester import Asker


MOODS = (UnauthorizedError, ServerError, UnexpectedAnswerError, ConnectionFailedError)
_PROVEN_REPEATS = 2


class KeyRefusedError(Exception):
    """The server does not walk by key (internal: the walk goes on by page number)."""


def persistently(
    ask: Callable[[], Page],
    repeats: int = _PROVEN_REPEATS,
    moods: tuple[type[ClassyError], ...] = MOODS,
) -> Page:
    """Ask again where the transport has given up; by default in the middle of a walk that has worked."""
    for _ in range(repeats):
        try:
            return ask()
        except TimedOutError:
            raise  # has been asked for again in smaller pieces, for minutes
        except moods:
            continue
    return ask()


def next_page(asker: Asker, last: int | None, *, until: int | None = None, proven: bool = False) -> Page:
    """Ask for the records after *last*; a server that cannot handle the filter refuses the key.

    Parameters
    ----------
    asker
        Asks for it.
    last
        The id to go on from; None for the beginning.
    until
        The last id that is wanted; None for all.
    proven
        Whether this walk has worked before: then a failure is the server's mood, and the page is
        asked for again where the transport has given up.
    """
    try:
        if proven:
            return persistently(lambda: asker.after(last, until))
        # Answers that break off are worth another round; what fails for good should fail soon.
        return persistently(lambda: asker.after(last, until), 1, (UnexpectedAnswerError,))
    except (BadRequestError, ServerError) as error:
        # 500 as well: a filter that the server cannot handle has been seen to end so.
        if proven or (isinstance(error, ServerError) and error.status != 500):  # noqa: PLR2004
            raise
        refused = error.what
    raise KeyRefusedError(refused)


def accept_page(page: Page, last: int | None) -> tuple[Sequence[int], Sequence[Any]]:
    """Return a page's ids and records, each id once; refuse pages that aren't in order of ids."""
    ids = page.ids()
    if ids is None:
        raise KeyRefusedError("a record has no id")
    ordered = all(a <= b for a, b in pairwise(ids))
    if not ordered or (ids and last is not None and ids[0] <= last):
        raise KeyRefusedError("ids do not advance")
    unique = dict(zip(ids, page.records, strict=True))
    return list(unique), Records(unique.values())


def to_the_end(
    asker: Asker, last: int | None, *, until: int | None = None, proven: bool = False
) -> Iterator[tuple[int, Sequence[Any]]]:
    """Yield the records after *last* to the list's end, or *until* an id, each page with its last id."""
    while True:
        page = next_page(asker, last, until=until, proven=proven)
        proven = True
        ids, records = accept_page(page, last)
        if records:
            last = ids[-1]
            yield last, records
        if page.ends_the_list:
            return


def incomplete(asker: Asker, expected: int | None, received: int) -> IncompleteResultError:
    """Build the error that says how many records are missing, or that nobody can know."""
    what = "The list changed each time it was read."
    if expected is not None and received < expected:
        what = f"{received:,} of {expected:,} records arrived."
    error = IncompleteResultError(what, method="GET", path=safe_path(asker.query.path))
    error.expected, error.received = expected, received
    return error
