"""A list that the API gives one day and one kind at a time, fetched as one list: payouts.

In comes a query with `parts`, one for each day and kind; out come the records of all, in the order of the
parts. Each page is requested once: the first page of a part says how many follow and how many records there
are, and where that adds up, nothing has to be read twice. Where it does not, the part is read again by
:class:`PageNumbers`, which believes what comes twice. ``client.fetch`` calls this.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from classy_nb.errors import UnexpectedAnswerError
from classy_nb.http import Cancel
from classy_nb.redact import safe_path

from .keyset import Part
from .page import Page, PageFetcher
from .page_numbers import PageNumbers
from .workers import Workers

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Hashable, Iterator, Sequence

    from classy_nb.http import Concurrency
    from classy_nb.query import Query

    from .page import Fetch

_MOST_PAGES = 10_000
"""Pages of one day that are believed before they have come."""


class DailyPaginator:
    """Fetches the parts of one query, each page once.

    Parameters
    ----------
    query
        What to fetch; it has ``parts``.
    fetch
        Returns what sends the requests of one part; that is called in daemon threads.
    workers, on_wait
        As for :class:`Paginator`.

    Attributes
    ----------
    received
        Records that have come so far.
    """

    def __init__(
        self,
        query: Query,
        fetch: Callable[[Query], Fetch],
        *,
        workers: int | Concurrency = 1,
        on_wait: Callable[[], object] | None = None,
    ) -> None:
        self.received = 0
        self._limit = query.limit
        self._cancel = Cancel()
        self._lists = [PageFetcher(part, fetch(part), self._cancel) for part in query.parts]
        self._workers = workers
        self._on_wait = on_wait
        self._last_pages: dict[int, int] = {}
        """How many pages a part has, as far as its first one has said so."""

    @property
    def total(self) -> int | None:
        """Records that the server promises; None until all parts have said it."""
        totals = [one.total for one in self._lists]
        return None if None in totals else sum(total for total in totals if total is not None)

    @property
    def requests(self) -> int:
        """Requests made so far; their retries are not counted."""
        return sum(one.requests for one in self._lists)

    @property
    def planned(self) -> str | None:
        """How many requests it takes in all: ``124``, or ``at least 62`` until all parts have said it.

        None where only the first records are wanted.
        """
        if self._limit is not None:
            return None
        known = sum(max(1, self._last_pages.get(number, 1)) for number in range(len(self._lists)))
        all_told = len(self._last_pages) == len(self._lists)
        return f"{'' if all_told else 'at least '}{max(known, self.requests):,}"

    @property
    def silence(self) -> float:
        """Seconds since the last answer."""
        return min(one.silence for one in self._lists)

    def count(self) -> int:
        """Return how many records there are: one request a part where the server tells, else all of them."""
        uncounted = []
        total = 0
        with Workers(self._workers, self._cancel, self._on_wait) as workers:
            for number, one in enumerate(self._lists):
                workers.submit(number, one.count)
            while workers.under_way:
                for number, counted in workers.take():
                    if isinstance(counted, BaseException):
                        raise counted
                    self._last_pages[number] = 1  # nothing follows for a count
                    if counted is None:
                        uncounted.append(number)
                    else:
                        total += counted
        if uncounted:
            with Workers(1, self._cancel, self._on_wait) as workers:
                total += sum(len(self._read_carefully(number, workers)) for number in uncounted)
        return total

    def count_until(self, last: int) -> int | None:  # noqa: ARG002 - as a Paginator has it
        """Return None: these records are not in order of id, so that nothing can resume behind one."""
        return None

    def pages(self) -> Iterator[Sequence[Any]]:
        """Yield the records of one part after another, in the order in which they come."""
        for part in self.parts():
            if part.records:
                yield part.records

    def parts(self, *, rows_per_range: int | None = None) -> Generator[Part, None, None]:  # noqa: ARG002 - as a Paginator has it
        """Yield the records, a range for each part, in the order in which they come.

        Raises
        ------
        IncompleteResultError
            Fewer records came than the server promises, or the same one twice.
        UnexpectedAnswerError
            A record came on two days.
        ClassyError
            A request failed.
        """
        seen: dict[Hashable, int] = {}
        with Workers(self._workers, self._cancel, self._on_wait) as workers:
            if self._limit is None:
                ready = self._read(range(len(self._lists)), workers)
            else:
                ready = self._first(self._limit, workers)
            for number, records in ready:
                self._refuse_repeated(number, records, seen)
                self.received += len(records)
                yield Part(number, records, out_of_turn=True)

    def _first(self, limit: int, workers: Workers) -> Iterator[tuple[int, list[Any]]]:
        """Yield the first *limit* records: as many parts as it takes, one after the other."""
        for number in range(len(self._lists)):
            for _, records in self._read([number], workers):
                yield number, records[:limit]
                limit -= len(records)
            if limit <= 0:
                return

    def _read(self, numbers: Sequence[int], workers: Workers) -> Iterator[tuple[int, list[Any]]]:
        """Yield the records of each part as soon as it is complete.

        First pages go first: then it is known early how many requests there will be.
        """
        pages: dict[int, list[Page]] = {number: [] for number in numbers}
        doubtful = []
        for number in numbers:
            workers.submit(number, partial(self._page, number, 1))
        while workers.under_way:
            for number, page in workers.take():
                if isinstance(page, BaseException):
                    raise page
                came = pages[number]
                came.append(page)
                last = came[0].last_page or 1
                if len(came) == 1:
                    total, most = came[0].total or 0, (last - 1) * max(1, len(came[0].records))
                    if last > 1 and (most >= total or last > _MOST_PAGES):
                        last = 1  # pages beyond the total, or beyond reason
                    self._last_pages[number] = last
                    for following in range(2, last + 1):
                        workers.submit(number, partial(self._page, number, following))
                if len(came) < last:
                    continue
                records = _whole(pages.pop(number))
                if records is None:
                    doubtful.append(number)
                else:
                    yield number, records
        for number in doubtful:
            yield number, self._read_carefully(number, workers)

    def _page(self, number: int, which: int) -> Page:
        return self._lists[number].page(window=lambda size: (which, size), sort=None)

    def _read_carefully(self, number: int, workers: Workers) -> list[Any]:
        """Read a part that does not say how many records it has, or contradicts itself."""
        one = self._lists[number]
        records = PageNumbers(one, workers).without_ids()
        distinct = len(set(Page(records).keys()))
        if distinct < len(records):
            raise one.incomplete(one.total, distinct, "The API answers with the same record on two pages.")
        return records

    def _refuse_repeated(self, number: int, records: list[Any], seen: dict[Hashable, int]) -> None:
        """Refuse a record that came on another day: amounts would count twice."""
        path = self._lists[number].query.path
        for key in Page(records).keys():  # noqa: SIM118 - not a dictionary
            before = seen.setdefault((path, key), number)
            if before != number:
                days = [dict(self._lists[one].query.parameters) for one in (before, number)]
                asked = " and ".join(" ".join(day.values()) for day in days)
                what = f"The API answers with the same record for two days ({asked})."
                raise UnexpectedAnswerError(what, method="GET", path=safe_path(path), status=200)


def _whole(pages: list[Page]) -> list[Any] | None:
    """Return the records of all pages of a part; None where they are not what the pages say to be all."""
    pages.sort(key=lambda page: page.number)
    records = [record for page in pages for record in page.records]
    totals = {page.total for page in pages if page.total is not None}
    last_pages = {page.last_page for page in pages if page.last_page is not None}
    agreed = totals == {len(records)} and len(last_pages) <= 1
    return records if agreed and len(set(Page(records).keys())) == len(records) else None
