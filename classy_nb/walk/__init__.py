"""Whole lists: complete by construction, or an error; never fewer records than there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from classy_nb.errors import BadRequestError, TimedOutError
from classy_nb.query import MOST_PER_PAGE, Query

from ._ask import Asker, Fetch
from ._keys import KeyRefusedError, KeyWalk
from ._numbers import NumberWalk
from ._page import looks_like_list

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Fetch", "Walk", "looks_like_list"]


class Walk:
    """Fetches all records of one query.

    Parameters
    ----------
    query
        What to fetch.
    fetch
        Sends one request.

    Attributes
    ----------
    total
        Records that the server promised, or None where it promised nothing.
    """

    def __init__(self, query: Query, fetch: Fetch) -> None:
        self._query = query
        self._asker = Asker(query, fetch)
        self.total: int | None = None

    @property
    def requests(self) -> int:
        """Requests made so far (repeats of the transport not counted)."""
        return self._asker.requests

    def count(self) -> int:
        """Return how many records there are, with one request."""
        page = self._asker.count()
        return len(page.records) if page.total is None else page.total

    def pages(self) -> Iterator[Sequence[Any]]:
        """Yield the records page by page; by id where the list has ids.

        Raises
        ------
        IncompleteResultError
            Fewer records arrived than the server promises.
        ClassyError
            A request failed; nothing is yielded twice before that.
        """
        if self._query.limit is not None:
            return self._first(self._query.limit)
        return self._all()

    def _all(self) -> Iterator[Sequence[Any]]:
        if self._query.endpoint.kind != "list" or self._query.endpoint.id is None:
            yield from self._numbered(NumberWalk(self._asker))
            return
        keys = KeyWalk(self._asker)
        try:
            for records in keys.pages():
                self.total = keys.total
                yield records
            self.total = keys.total
        except KeyRefusedError:
            pass
        else:
            return
        # Where the very first request was refused, it may be the sort that the server refuses.
        sort = None if keys.last is None else "id"
        yield from self._numbered(NumberWalk(self._asker, sort=sort, past=keys.last))

    def _numbered(self, walk: NumberWalk) -> Iterator[Sequence[Any]]:
        for records in walk.pages():
            self.total = walk.total
            yield records
        self.total = walk.total

    def _first(self, limit: int) -> Iterator[Sequence[Any]]:
        """Yield the first *limit* records in the order asked for; by id where none was."""
        if limit <= MOST_PER_PAGE and (records := self._one_page(limit)) is not None:
            yield records
            return
        wanted = limit
        for records in self._numbered(NumberWalk(self._asker)) if self._query.sort else self._all():
            yield records[:wanted]
            wanted -= len(records)
            if wanted <= 0:
                return

    def _one_page(self, limit: int) -> Sequence[Any] | None:
        """Return the first records with one small request, or None where that doesn't work."""
        sort = None if self._query.sort or self._query.endpoint.id is None else "id"
        try:
            page = self._asker.first(limit, sort)
        except (BadRequestError, TimedOutError):
            return None
        self.total = page.total
        enough = limit if page.total is None else min(limit, page.total)
        return page.records[:limit] if len(page.records) >= enough else None
