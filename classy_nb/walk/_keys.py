"""The walk by key: ``id > LAST`` in ascending order, page 1 each time.

A record that exists throughout is fetched exactly once, whatever is inserted or deleted meanwhile.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from classy_nb.errors import BadRequestError, IncompleteResultError, ServerError
from classy_nb.redact import safe_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ._ask import Asker
    from ._page import Page

_SETTLING_ROUNDS = 3


class KeyRefusedError(Exception):
    """The server does not walk by key (internal: the walk goes on by page number)."""


class KeyWalk:
    """Walks one list by key, from the beginning to its end.

    Attributes
    ----------
    last
        The largest id fetched: all records up to it have been yielded.
    received
        Records yielded.
    total
        Records that the server promised in its first answer.
    """

    def __init__(self, asker: Asker) -> None:
        self._asker = asker
        self.last: int | None = None
        self.received = 0
        self.total: int | None = None

    def pages(self) -> Iterator[Sequence[Any]]:
        """Yield the records, page by page.

        Raises
        ------
        KeyRefusedError
            The server ignores or rejects the key; nothing beyond :attr:`last` was yielded.
        IncompleteResultError
            Fewer records arrived than the server promises.
        """
        yield from self._to_the_end()
        for _ in range(_SETTLING_ROUNDS):
            if self.total is None or self.received >= self.total:
                return
            # Deleted meanwhile, or missing? The server's own count tells.
            self.total = self._asker.count().total
            if self.total is None or self.received >= self.total:
                return
            yield from self._to_the_end()
        raise incomplete(self._asker, self.total, self.received)

    def _to_the_end(self) -> Iterator[Sequence[Any]]:
        while True:
            page = self._next()
            if self.total is None and self.last is None:
                self.total = page.total
            records = self._accept(page)
            if records:
                yield records
            if not page.records or (page.total is not None and page.total <= len(page.records)):
                return

    def _next(self) -> Page:
        try:
            return self._asker.after(self.last)
        except (BadRequestError, ServerError) as error:
            # 500 as well: a filter that the server cannot handle has been seen to end so.
            if isinstance(error, ServerError) and error.status != 500:  # noqa: PLR2004
                raise
            refused = error.what
        raise KeyRefusedError(refused)

    def _accept(self, page: Page) -> Sequence[Any]:
        """Return the page's records; note the last id; refuse pages that aren't in order of ids."""
        ids = page.ids()
        if ids is None:
            raise KeyRefusedError("a record has no id")
        ordered = all(a <= b for a, b in itertools.pairwise(ids))
        if not ordered or (ids and self.last is not None and ids[0] <= self.last):
            raise KeyRefusedError("ids do not advance")
        records = page.records
        if len(set(ids)) < len(ids):
            records = list(dict(zip(ids, records, strict=True)).values())
        if ids:
            self.last = ids[-1]
        self.received += len(records)
        return records


def incomplete(asker: Asker, expected: int | None, received: int) -> IncompleteResultError:
    """Build the error that says how many records are missing."""
    error = IncompleteResultError(
        f"{received:,} of {expected:,} records arrived." if expected is not None else "Records are missing.",
        method="GET",
        path=safe_path(asker.query.path),
    )
    error.expected, error.received = expected, received
    return error
