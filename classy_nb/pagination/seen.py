"""Which records have come, to find those that are missing behind the walk."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from typing import TYPE_CHECKING, Any

from classy_nb.query import MOST_PER_PAGE

from .keyset import persistently, to_the_end
from .page import Page
from .records import Records

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .requester import Asker

_MOST_COUNTS = 200
"""Requests that a search may take: a server whose counts are never right would be asked for ever."""


class Seen:
    """The ids of all records that a walk by key has brought: 8 bytes each."""

    def __init__(self) -> None:
        self._ids: array[int] | None = array("q")

    def add(self, records: Sequence[Any]) -> None:
        """Note that these have come."""
        if self._ids is None:
            return
        try:
            self._ids.extend(Page(records).ids() or ())
        except OverflowError:
            self._ids = None  # no number of a database; nothing is searched for then

    def missing(self, asker: Asker, last: int) -> Iterator[Sequence[Any]]:
        """Yield the records with ids up to *last* that are there now and have not come.

        Such as a gift that meets a condition only since the walk has passed it. They are found by counting:
        where the server has more records between two ids than have come, both halves are looked at.
        """
        if self._ids is not None:
            yield from _Search(asker, sorted(self._ids)).between(asker.floor, last)


class _Search:
    def __init__(self, asker: Asker, ids: Sequence[int]) -> None:
        self._asker = asker
        self._ids = ids
        self._counts = 0

    def between(self, low: int | None, high: int) -> Iterator[Sequence[Any]]:
        """Yield what is missing with ids above *low* up to *high*."""
        start = 0 if low is None else bisect_right(self._ids, low)
        end = bisect_right(self._ids, high)
        self._counts += 1
        there = persistently(lambda: self._asker.count(low, high)).total
        if there is None or there <= end - start or self._counts > _MOST_COUNTS:
            return
        if there <= MOST_PER_PAGE or start == end:
            yield from self._fetched(low, high, set(self._ids[start:end]))
            return
        middle = self._ids[(start + end - 1) // 2]
        if middle == high:  # all that is missing is below it, and nothing has come from there
            yield from self._fetched(low, high, set(self._ids[start:end]))
            return
        yield from self.between(low, middle)
        yield from self.between(middle, high)

    def _fetched(self, low: int | None, high: int, known: set[int]) -> Iterator[Sequence[Any]]:
        for _, records in to_the_end(self._asker, low, until=high, proven=True):
            ids = Page(records).ids() or ()
            fresh = [record for id_, record in zip(ids, records, strict=True) if id_ not in known]
            if fresh:
                yield Records(fresh)
