"""Lists by page number: where the server refuses the key, where records have no ids, and for the first N.

In come a page fetcher and its workers; out come records, for the paginator. Records that come or go meanwhile
shift all that follow, so going from page to page can lose some and never notice. Two checks stand
against that: where records have ids, each page must begin with one that has come already; where they have
none, two passes must agree. And there must be as many records as the server promises.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from classy_nb.errors import IncompleteResultError, NotFoundError
from classy_nb.query import MOST_PER_PAGE

from .page import Page, page_holding

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator

    from .page import PageFetcher
    from .workers import Workers

_PASSES = 3
_OVERLAP = 5
"""Records that a page should share with the one before: as many may be deleted between two requests without
a gap."""
_MOST_GAPS = 50
"""Gaps in one pass after which it is given up: such a list has no order that lasts."""


class PageNumbers:
    """Fetches one list by page number.

    Parameters
    ----------
    pages, workers
        What asks for pages, and the threads in which it does.
    sort
        The API's sort; None for what the caller asked for.
    """

    def __init__(self, pages: PageFetcher, workers: Workers, *, sort: str | None = None) -> None:
        self._pages = pages
        self._workers = workers
        self._sort = sort
        self._largest_page = MOST_PER_PAGE
        """Less where the server gives fewer records than it is asked for."""
        self._joined = True
        """Whether every page of the latest pass shared a record with the one before."""

    def with_ids(self, known: Iterable[int] = ()) -> Iterator[list[Any]]:
        """Yield the records of a list that has ids, page by page, but for those *known* already.

        Raises
        ------
        IncompleteResultError
            Fewer records came than the server promises.
        """
        seen: set[Hashable] = set(known)
        before: list[Hashable] | None = None
        for _ in range(_PASSES):
            keys: dict[Hashable, None] = {}
            yield from self._pass_with_ids(keys, seen)
            # Even if all pages were joined, records may have been inserted behind the reader: the total
            # shows that, and the next pass finds them.
            total, agreed = self._pages.total or 0, list(keys) == before
            # Too many: some were deleted meanwhile. But nobody can tell what a record without an id was.
            strange = len(seen) > total and any(isinstance(key, bytes) for key in seen)
            if len(seen) >= total and (self._joined or agreed) and not strange:
                return
            if agreed:
                self._pages.settle(total, len(seen))
                return
            before = list(keys)
        raise self._pages.incomplete(self._pages.total, len(seen))

    def first_with_ids(self, limit: int, known: Iterable[int] = ()) -> list[Any]:
        """Return the first *limit* records (all, where there are fewer), but for those *known* already.

        Raises
        ------
        IncompleteResultError
            The list did not stand still.
        """
        before: list[Any] | None = None
        records: list[Any] = []
        for _ in range(_PASSES):
            keys: dict[Hashable, None] = {}
            records = []
            for fresh in self._pass_with_ids(keys, set(known), limit):
                records += fresh
                if len(records) >= limit:
                    break
            records = records[:limit]
            enough = len(records) == limit or len(keys) >= (self._pages.total or 0)
            if enough and (self._joined or records == before):
                return records
            if records == before:
                self._pages.settle(self._pages.total or 0, len(keys))
                return records
            before = records
        raise self._pages.incomplete(self._promised(limit), len(records))

    def without_ids(self, limit: int | None = None) -> list[Any]:
        """Return the records of a list that has no ids, or the first *limit* of them.

        Raises
        ------
        IncompleteResultError
            Their number is not what the server promises, or no two passes in a row agreed.
        """
        before: list[Any] | None = None
        records: list[Any] = []
        for _ in range(_PASSES):
            records, pages = self._pass_without_ids(limit)
            promised = self._promised(limit)
            # What came in one answer is as the server had it at one moment, if it says that this is all.
            at_once = pages == 1 and promised is not None
            if promised in (None, len(records)) and (at_once or records == before):
                return records
            if promised is not None and records == before:
                self._pages.settle(promised, len(records))
                return records
            before = records
        raise self._pages.incomplete(self._promised(limit), len(records))

    def _promised(self, limit: int | None) -> int | None:
        total = self._pages.total
        return total if total is None or limit is None else min(total, limit)

    def _pass_with_ids(
        self, keys: dict[Hashable, None], seen: set[Hashable], limit: int = MOST_PER_PAGE
    ) -> Iterator[list[Any]]:
        """Read the list once; add its records to *keys* and *seen*, and yield those not seen before.

        Each page is chosen so that it begins shortly before the last record that has come. If its first
        record came before, nothing was lost in between, whatever was inserted or deleted meanwhile. If it is
        new, many records before it were deleted and it has moved up: then what comes before it is read again.
        That works in any order that lasts, not only in that of ids.
        """
        self._joined = True
        position = -1  # of the last record that has come
        gaps, gap = 0, False
        while True:
            first = position < 0
            page = self._page(
                partial(_joined_to, position), first=first, most=limit if first else MOST_PER_PAGE
            )
            came = page.keys()
            joined = first or page.start <= position
            if joined and came and not first and came[0] not in keys:
                gaps += 1
                if gaps > _MOST_GAPS:
                    self._joined = False
                    return
                position, gap = max(-1, page.start - len(came) // 2 - 1), True
                continue
            full = page.size is not None and len(came) >= page.size
            # A page that is not full, though more follow, may lack records in its middle.
            short = bool(came) and not full and page.start + len(came) < (page.total or 0)
            self._joined = self._joined and joined and not short
            brings_more = any(key not in keys for key in came)
            keys.update(dict.fromkeys(came))
            yield self._fresh(page, came, seen)
            if not brings_more and not gap:
                if joined and full:
                    raise self._repeats(len(seen))
                return
            if not full and self._pages.total is not None and len(keys) >= self._pages.total:
                return
            position, gap = page.start + len(came) - 1, False

    def _fresh(self, page: Page, came: list[Hashable], seen: set[Hashable]) -> list[Any]:
        """Return the records of a page that were not seen before, and note them."""
        fresh = []
        for key, record in zip(came, page.records, strict=True):
            if key not in seen:
                seen.add(key)
                floor = self._pages.floor
                if floor is None or not isinstance(key, int) or key > floor:
                    fresh.append(record)
        return fresh

    def _pass_without_ids(self, limit: int | None) -> tuple[list[Any], int]:
        """Read the list once; return its records and the number of pages that they took."""
        records: list[Any] = []
        previous: list[Any] = []
        pages = 0
        while limit is None or len(records) < limit:
            first = pages == 0
            most = MOST_PER_PAGE if limit is None or not first else limit
            page = self._page(partial(page_holding, len(records)), first=first, most=most)
            if page.start + len(page.records) <= len(records):
                break  # empty, or the last page once more: it was not full, so it still holds the next record
            if len(page.records) > 1 and page.records == previous:
                raise self._repeats(len(records))
            del records[page.start :]  # pages overlap where they have become smaller
            records += page.records
            pages += 1
            if page.last_page is not None and page.number >= page.last_page:
                break
            previous = page.records
        return records[:limit], max(pages, 1)

    def _page(self, window: Callable[[int], tuple[int, int]], *, first: bool, most: int) -> Page:
        request = partial(
            self._pages.page, window=window, sort=self._sort, most=min(most, self._largest_page)
        )
        try:
            page: Page = self._workers.call(request)
        except NotFoundError:
            if first:
                raise
            return Page([])  # some lists answer 404 beyond their last page
        if page.total is not None:
            self._pages.total = page.total  # else what an earlier page promised still holds
        came = len(page.records)
        if first and 0 < came < (page.size or 0) and page.total != came and page.last_page != 1:
            self._largest_page = came
        return page

    def _repeats(self, received: int) -> IncompleteResultError:
        what = "The API answers with the same page whatever page is asked for."
        return self._pages.incomplete(self._pages.total, received, what)


def _joined_to(position: int, size: int) -> tuple[int, int]:
    """Return number and size of a page that begins shortly before a position and reaches as far as it can.

    A page begins at a multiple of its size, so a size near the largest is chosen that has a multiple just
    there. Where no such page reaches beyond the position (those of a few records do not), the page that holds
    the next one has to do.
    """
    join = max(position - _OVERLAP, 0)
    best = max(range(size, size // 2, -1), key=lambda candidate: candidate - join % candidate)
    end = join - join % best + best
    return page_holding(join, best) if end > position + 1 > 0 else page_holding(position + 1, size)
