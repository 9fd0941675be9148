"""Whole lists: complete by construction, or an error; never fewer records than there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from classy_nb.errors import BadRequestError, TimedOutError
from classy_nb.http import Cancel
from classy_nb.query import MOST_PER_PAGE, Query

from .keyset import KeyRefusedError, accept_page, incomplete, next_page, persistently, to_the_end
from .page import Page, looks_like_list
from .page_numbers import NumberWalk
from .parallel import ParallelWalk, Part
from .requester import Asker, Fetch
from .seen import Seen

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

__all__ = ["Fetch", "Paginator", "Part", "looks_like_list"]

_SETTLING_ROUNDS = 3
_FEW_PAGES = 3
"""Lists up to this many pages are walked by one worker: sharing would cost more than it saves."""


class Paginator:
    """Fetches all records of one query.

    Parameters
    ----------
    query
        What to fetch.
    fetch
        Sends one request; called from several threads where there are several workers.
    workers
        How many requests may be under way at the same time.
    stop
        Set when the walk ends; *fetch* should give up when it is.
    after
        Leave out records with ids up to this one.

    Attributes
    ----------
    total
        Records that the server promised, or None where it promised nothing.
    received
        Records yielded so far.
    """

    def __init__(
        self,
        query: Query,
        fetch: Fetch,
        *,
        workers: int = 1,
        cancel: Cancel | None = None,
        after: int | None = None,
    ) -> None:
        self._query = query
        self._asker = Asker(query, fetch, after)
        self._workers = workers
        self._cancel = cancel or Cancel()
        self._last = after
        self._start = 0
        self._seen = Seen()
        self.total: int | None = None
        self.received = 0

    @property
    def requests(self) -> int:
        """Requests made so far (repeats of the transport not counted)."""
        return self._asker.requests

    @property
    def silence(self) -> float:
        """Seconds since the last answer."""
        return self._asker.silence

    def count(self) -> int:
        """Return how many records there are: with one request where the server says so."""
        total = self._asker.count().total
        return sum(len(records) for records in self.pages()) if total is None else total

    def count_until(self, last: int) -> int | None:
        """Return how many records have ids up to *last*: one request; None where the server doesn't say."""
        return self._asker.count(until=last).total

    def pages(self) -> Iterator[Sequence[Any]]:
        """Yield the records page by page, in order of ids where there is one worker and there are ids.

        Raises
        ------
        IncompleteResultError
            Fewer records arrived than the server promises.
        ClassyError
            A request failed; nothing is yielded twice before that.
        """
        for part in self.parts():
            if part.records:
                yield part.records

    def parts(self, *, rows_per_range: int | None = None) -> Generator[Part, None, None]:
        """Yield the records as parts of ranges, in whatever order they come.

        Parameters
        ----------
        rows_per_range
            Walk ranges of about this many records in order, few at the same time: then little has
            to be kept to restore the order. None: one range for each worker.
        """
        for part in self._parts(rows_per_range):
            self._start = part.start if self.received == 0 else self._start
            self.received += len(part.records)
            yield part

    def _parts(self, rows_per_range: int | None) -> Iterator[Part]:
        query = self._query
        if query.limit is not None:
            yield from self._first(query.limit)
        elif query.endpoint.kind != "list" or query.endpoint.id is None:
            yield from self._numbered(NumberWalk(self._asker))
        else:
            yield from self._by_key(rows_per_range)

    def _by_key(self, rows_per_range: int | None) -> Iterator[Part]:
        try:
            first = next_page(self._asker, self._last)
            ids, records = accept_page(first, self._last)
            self.total = first.total
            for part in self._after_first(first, ids, records, rows_per_range):
                self._seen.add(part.records)
                yield part
        except KeyRefusedError:
            pass
        else:
            yield from self._settle()
            return
        # Where the very first request was refused, it may be the sort that the server refuses.
        sort = None if self._last == self._asker.floor else "id"
        paginator = NumberWalk(self._asker, sort=sort, past=self._last)
        limit = self._query.limit
        yield from self._numbered(paginator) if limit is None else self._top(paginator, limit - self.received)

    def _after_first(
        self, first: Page, ids: Sequence[int], records: Sequence[Any], rows_per_range: int | None
    ) -> Iterator[Part]:
        """Yield the first page and what follows it."""
        if records and self._workers > 1 and (first.total or 0) > _FEW_PAGES * MOST_PER_PAGE:
            paginator = ParallelWalk(
                self._asker,
                self._cancel,
                workers=self._workers,
                first=(ids, records),
                total=first.total or 0,
                rows_per_range=rows_per_range,
            )
            self._last = ids[-1]
            yield from paginator.parts()
            self._last = paginator.last
            return
        if records:
            self._last = ids[-1]
            yield Part(0, records)
        if not first.ends_the_list:
            for last, more in to_the_end(self._asker, self._last):
                self._last = last
                yield Part(0, more)

    def _settle(self) -> Iterator[Part]:
        """Look whether records that are missing were deleted meanwhile; fetch what has come since."""
        for _ in range(_SETTLING_ROUNDS):
            if self._is_whole():
                return
            # The server's own count tells.
            self.total = persistently(self._asker.count).total
            if self._is_whole():
                return
            yield from self._anew(self._ahead())
        if self._last is not None:
            yield from self._anew(self._seen.missing(self._asker, self._last))
        if not self._is_whole():
            raise incomplete(self._asker, self.total, self.received)

    def _is_whole(self) -> bool:
        return self.total is None or self.received >= self.total

    def _ahead(self) -> Iterator[Sequence[Any]]:
        for last, records in to_the_end(self._asker, self._last, proven=True):
            self._last = last
            yield records

    def _anew(self, found: Iterator[Sequence[Any]]) -> Iterator[Part]:
        """Yield records that came after all, or say that the walk by key does not work any more."""
        try:
            for records in found:
                self._seen.add(records)
                yield Part(min(Page(records).ids() or [0]), records)
        except KeyRefusedError:
            raise incomplete(self._asker, self.total, self.received) from None

    def _numbered(self, paginator: NumberWalk) -> Iterator[Part]:
        for records in paginator.pages():
            self.total = paginator.total
            yield Part(_order(records, self._start), records, out_of_turn=True)
        self.total = paginator.total

    def _first(self, limit: int) -> Iterator[Part]:
        """Yield the first *limit* records in the order asked for; by id where none was."""
        if limit <= MOST_PER_PAGE and (records := self._one_page(limit)) is not None:
            yield Part(0, records)
            return
        if self._query.sort or self._query.endpoint.id is None:
            yield from self._top_sorted(limit)
            return
        wanted = limit
        for part in self._by_key_alone():
            yield Part(0, part.records[:wanted])
            wanted -= len(part.records)
            if wanted <= 0:
                return

    def _top(self, paginator: NumberWalk, wanted: int) -> Iterator[Part]:
        for records in paginator.first(wanted):
            self.total = paginator.total
            yield Part(0, records)

    def _top_sorted(self, wanted: int) -> Iterator[Part]:
        """Yield the first *wanted* as the caller sorts; those that tie by their ids, if the API does that."""
        decided, plain = self._query.order(decided=True), self._query.order()
        try:
            yield from self._top(NumberWalk(self._asker, sort=decided), wanted)
        except BadRequestError:
            if decided == plain:
                raise
            yield from self._top(NumberWalk(self._asker, sort=plain), wanted)

    def _by_key_alone(self) -> Iterator[Part]:
        self._workers = 1  # the first records come first only where one worker walks
        return self._by_key(None)

    def _one_page(self, limit: int) -> Sequence[Any] | None:
        """Return the first records with one small request, or None where that doesn't work."""
        sort = self._query.order(decided=True) or ("id" if self._query.endpoint.id is not None else None)
        try:
            page = self._asker.first(limit, sort)
        except (BadRequestError, TimedOutError):
            return None
        self.total = page.total
        enough = limit if page.total is None else min(limit, page.total)
        return page.records[:limit] if len(page.records) >= enough else None


def _order(records: Sequence[Any], otherwise: int) -> int:
    """Return the smallest id, by which pages that come from the last to the first are put in order."""
    ids = Page(records).ids()
    return min(ids) if ids else otherwise
