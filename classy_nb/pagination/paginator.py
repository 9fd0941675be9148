"""One whole list: decides how it is fetched, and says how far it has come.

In come a query and a function that sends a request; out come the records, every one that exists and matches
for the whole fetch exactly once, or an error. ``client.fetch`` makes frames of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from classy_nb.errors import BadRequestError
from classy_nb.http import Cancel

from .keyset import KeyRefusedError, Keyset, Part
from .page import Page, PageFetcher
from .page_numbers import PageNumbers
from .workers import Workers

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from classy_nb.http import Concurrency
    from classy_nb.query import Query

    from .page import Fetch


class Paginator:
    """Fetches all records of one query, once.

    Parameters
    ----------
    query
        What to fetch.
    fetch
        Sends one request; called in daemon threads.
    workers
        How many requests may be under way at the same time, or what finds that number.
    after
        Leave out records with ids up to this one.
    cancel
        Ends the fetch from any thread; set when the fetch ends early, so that nothing more is sent.
    on_wait
        Called several times a second, in the caller's thread, while requests are under way; what it raises
        ends the fetch.

    Attributes
    ----------
    received
        Records yielded so far.
    """

    def __init__(
        self,
        query: Query,
        fetch: Fetch,
        *,
        workers: int | Concurrency = 1,
        after: int | None = None,
        cancel: Cancel | None = None,
        on_wait: Callable[[], object] | None = None,
    ) -> None:
        self.received = 0
        self._query = query
        self._cancel = cancel or Cancel()
        self._pages = PageFetcher(query, fetch, self._cancel, after)
        self._workers = workers
        self._on_wait = on_wait

    @property
    def total(self) -> int | None:
        """Records that the server promises; None where it promises nothing, or was not asked yet."""
        return self._pages.total

    @property
    def requests(self) -> int:
        """Requests made so far; their retries are not counted."""
        return self._pages.requests

    @property
    def silence(self) -> float:
        """Seconds since the last answer."""
        return self._pages.silence

    def count(self) -> int:
        """Return how many records there are: one request where the server tells, else all of them."""
        with Workers(1, self._cancel, self._on_wait) as workers:
            total: int | None = workers.call(self._pages.count)
        return sum(len(records) for records in self.pages()) if total is None else total

    def count_until(self, last: int) -> int | None:
        """Return how many records have ids up to *last*; None where the server does not say."""
        with Workers(1, self._cancel, self._on_wait) as workers:
            total: int | None = workers.call(lambda: self._pages.count(until=last))
        return total

    def pages(self) -> Iterator[Sequence[Any]]:
        """Yield the records page by page; in order of ids where one worker reads by keyset.

        Raises
        ------
        IncompleteResultError
            Fewer records came than the server promises.
        ClassyError
            A request failed; nothing was yielded twice before that.
        """
        for part in self.parts():
            if part.records:
                yield part.records

    def parts(self, *, rows_per_range: int | None = None) -> Generator[Part, None, None]:
        """Yield the records as parts of ranges, in the order in which they come.

        Parameters
        ----------
        rows_per_range
            Read ranges of about this many records in order, few at the same time: then little has to be
            kept to restore the order. None: share the whole list evenly among the workers.

        Raises
        ------
        ClassyError
            As :meth:`pages`.
        """
        with Workers(self._workers, self._cancel, self._on_wait) as workers:
            for part in self._parts(workers, rows_per_range):
                self.received += len(part.records)
                yield part

    def _parts(self, workers: Workers, rows_per_range: int | None) -> Iterator[Part]:
        query, limit = self._query, self._query.limit
        if query.endpoint.kind != "list" or query.endpoint.id is None:
            yield Part(0, PageNumbers(self._pages, workers).without_ids(limit), out_of_turn=True)
        elif limit is not None and query.sort:
            yield Part(0, self._first_sorted(workers, limit), out_of_turn=True)
        else:
            yield from self._by_key(workers, rows_per_range)

    def _by_key(self, workers: Workers, rows_per_range: int | None) -> Iterator[Part]:
        limit = self._query.limit
        keyset = Keyset(self._pages, workers, limit=limit, rows_per_range=rows_per_range)
        try:
            yield from keyset.parts()
        except KeyRefusedError:
            workers.abandon()
        else:
            return
        # Where not even the first page came in order, it may be the sort that the server refuses.
        known = keyset.first_ids
        numbers = PageNumbers(self._pages, workers, sort="id" if known else None)
        if limit is not None:
            start = known[0] - 1 if known else 0  # that of the first page, which these follow
            yield Part(start, numbers.first_with_ids(limit - len(known), known), out_of_turn=True)
            return
        for records in numbers.with_ids(known):
            # Records without ids come first.
            start = min(Page(records).ids or [0], default=0)
            yield Part(start, records, out_of_turn=True)

    def _first_sorted(self, workers: Workers, limit: int) -> list[Any]:
        """Return the first *limit* records in the order that the caller asked for.

        Those that tie are put in order of ids: a server may order them differently on each page.
        """
        decided, plain = self._query.order(decided=True), self._query.order()
        try:
            return PageNumbers(self._pages, workers, sort=decided).first_with_ids(limit)
        except BadRequestError:
            if decided == plain:
                raise
        return PageNumbers(self._pages, workers, sort=plain).first_with_ids(limit)
