"""Whole lists by keyset: ``filter=id>LAST&sort=id``, page 1 each time, in id ranges read side by side.

In come a page fetcher and its workers; out come parts of ranges, for the paginator. A record that exists and
matches for the whole fetch comes exactly once: its id lies in exactly one range, and a range is read upwards
from id to id, so that no insertion or deletion moves a record past the reader, as it may with page numbers.

One thread, the caller's, decides everything here and keeps all state; the workers only fetch pages. Before it
hands a page on, it lets a worker fetch the next one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from classy_nb.errors import (
    BadRequestError,
    ConnectionFailedError,
    NotFoundError,
    ServerError,
    UnexpectedAnswerError,
)
from classy_nb.query import MOST_PER_PAGE
from classy_nb.redact import safe_path

from .page import page_holding

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .page import Page, PageFetcher
    from .workers import Workers

_PAGES_WORTH_SHARING = 3
"""Pages left in a range from which on an idle worker takes over a part of it."""
_MOST_FAILED_CUTS = 5
"""Cuts in a row without a usable answer after which no more are tried."""
_CUT_FAILURES = (BadRequestError, NotFoundError, ServerError, UnexpectedAnswerError, ConnectionFailedError)
_INTERNAL_ERROR = 500


class KeyRefusedError(Exception):
    """The server does not answer by keyset; nothing but the first page was yielded."""


@dataclass(frozen=True)
class Part:
    """Some records of a list; a part without records only says that the fetch goes on.

    Parts belong to ranges, which ``start`` tells apart and puts in order; within a range ids ascend. When a
    range is ``finished``, the next one in order starts at ``end`` (None: there is none). ``out_of_turn``:
    what belongs before these records may still come.
    """

    start: int
    records: Sequence[Any]
    finished: bool = False
    end: int | None = None
    out_of_turn: bool = False


@dataclass(eq=False)
class _Range:
    """The records with ids above ``start`` up to ``end``.

    Positions count records of the whole list. They are estimates, for records come and go: they decide how
    evenly the work is shared, and nothing else.
    """

    position: int
    """Position of the next record to fetch."""
    stop: int
    """Position at which the next range begins."""
    start: int | None = None
    """None: only planned; the page that it begins with has not come yet."""
    last: int | None = None
    """The largest id that has come."""
    end: int | None = None
    """None: to the end of the list. The last range stays open-ended, for new records arrive there."""
    finished: bool = False

    @property
    def left(self) -> int:
        return 0 if self.finished else self.stop - self.position

    def will_fetch(self, id_: int) -> bool:
        """Whether this range has still to fetch the record with this id."""
        if self.last is None or self.finished or id_ <= self.last:
            return False
        return self.end is None or id_ <= self.end


class Keyset:
    """Fetches one list by keyset.

    Parameters
    ----------
    pages, workers
        What asks for pages, and the threads in which it does.
    limit
        Only the first records by id; one worker reads them.
    rows_per_range
        Read ranges of about this many records in order, few at the same time, so that little has to be
        kept to restore the order. None: share the whole list evenly.

    Attributes
    ----------
    first_ids
        The ids of the first page, once it was yielded.
    """

    def __init__(
        self,
        pages: PageFetcher,
        workers: Workers,
        *,
        limit: int | None = None,
        rows_per_range: int | None = None,
    ) -> None:
        self.first_ids: Sequence[int] = ()
        self._pages = pages
        self._workers = workers
        self._limit = limit
        self._rows_per_range = rows_per_range
        self._ranges: list[_Range] = []
        """All ranges in order of positions; the finished ones at the front are dropped."""
        self._proven = False
        self._failed_cuts = 0
        self._received = 0
        self._fingerprint = 0
        """Sum of the hashes of all ids that have come: two reads with the same one brought the same records.
        The ids themselves would take memory, which a streamed list must not."""
        self._largest = pages.floor
        """The largest id that has come from any range."""

    def parts(self) -> Iterator[Part]:
        """Yield all parts; each range upwards, the ranges as they come.

        Raises
        ------
        KeyRefusedError
            The server refuses the key, or ignores it.
        IncompleteResultError
            Fewer records came than the server promises.
        ClassyError
            A request failed.
        """
        yield from self._read()
        if self._is_whole():
            return
        if not self._reads_the_same_again():
            raise self._pages.incomplete(self._pages.total, self._received)
        if not self._is_whole():  # the total may have been corrected meanwhile
            self._pages.settle(self._promised(), self._received)

    def _read(self) -> Iterator[Part]:
        """Yield all parts, once; what arrived behind the reader is looked for at the end."""
        self._workers.submit(None, partial(self._pages.page, after=self._pages.floor, most=self._most()))
        ((_, outcome),) = self._workers.take()
        ids, records = self._checked(outcome, self._pages.floor)
        self._pages.total = outcome.total
        if records:
            whole = _Range(0, outcome.total or 0, start=ids[0] - 1)
            self._ranges = [whole]
            part = self._accept(whole, ids, records, ends=outcome.ends_the_list)
            self._share_work()
            self.first_ids = ids
            yield part
            yield from self._the_rest()
        if self._pages.total is not None and self._is_whole():
            return
        # Records may have been deleted meanwhile, or have arrived after the last page was read; or the first
        # page did not say how many there are. Pages at cuts that came too late to matter may still be under
        # way; their results must not be taken for others.
        self._workers.abandon()
        self._pages.total = self._workers.call(self._pages.count)
        if self._is_whole():
            return
        newest = _Range(0, 0, start=self._largest or 0, last=self._largest)
        self._ranges = [newest]
        self._request_next(newest)
        yield from self._the_rest()

    def _reads_the_same_again(self) -> bool:
        """Read the whole list once more; return whether the same records come."""
        self._workers.abandon()
        again = Keyset(self._pages, self._workers, limit=self._limit, rows_per_range=self._rows_per_range)
        try:
            for _ in again._read():
                pass
        except KeyRefusedError:
            return False
        return (again._received, again._fingerprint) == (self._received, self._fingerprint)

    def _is_whole(self) -> bool:
        return self._received >= self._promised()

    def _promised(self) -> int:
        """Return how many records the server promises, of those that are wanted."""
        promised = self._received if self._pages.total is None else self._pages.total
        return promised if self._limit is None else min(promised, self._limit)

    def _the_rest(self) -> Iterator[Part]:
        """Yield what the ranges still have to fetch."""
        # Pages at cuts prove nothing about the key. Until it has worked once, parts are held back: what was
        # yielded could not be taken back where the list has to be fetched anew by page numbers.
        held: deque[Part] = deque()
        while self._is_fetching() or held:
            # Between any two parts, whatever has come meanwhile is taken in and the next pages are asked for:
            # no worker has to wait for what the caller does with the parts.
            for found, outcome in self._workers.take(wait=not (held and self._proven), or_room=True):
                part = self._begin(found, outcome) if found.start is None else self._go_on(found, outcome)
                if part is not None:
                    held.append(part)
            self._share_work()
            if held and self._proven:
                yield held.popleft()

    def _is_fetching(self) -> bool:
        # A range that is only planned need not be waited for: until it begins, another one covers it.
        return any(found.start is not None and not found.finished for found in self._ranges)

    def _go_on(self, found: _Range, outcome: Any) -> Part:
        """Take in the next page of a range."""
        ids, records = self._checked(outcome, found.last)
        self._proven = True
        return self._accept(found, ids, records, ends=outcome.ends_the_list)

    def _begin(self, planned: _Range, outcome: Any) -> Part | None:
        """Take in the page at a cut: the range that covered it ends there, and the planned one begins.

        Any cut will do, as each id stays in exactly one range; so a page that is not where it was expected
        does no harm. One that failed, or that a range has passed meanwhile, leaves everything as it was.
        """
        if isinstance(outcome, BaseException) and not isinstance(outcome, _CUT_FAILURES):
            raise outcome
        in_order = None if isinstance(outcome, BaseException) else _in_order(outcome)
        ids, records = in_order or ([], [])
        covering = next((found for found in self._ranges if ids and found.will_fetch(ids[0])), None)
        if covering is None:
            self._failed_cuts += 1
            index = self._ranges.index(planned)
            if index > 0:
                self._ranges[index - 1].stop = planned.stop
            del self._ranges[index]
            return None
        self._failed_cuts = 0
        planned.start, planned.end, planned.position = ids[0] - 1, covering.end, outcome.start
        covering.end = planned.start
        # Whether this page is the last cannot be seen: its total counts the whole list.
        return self._accept(planned, ids, records, ends=False)

    def _accept(self, found: _Range, ids: list[int], records: list[Any], *, ends: bool) -> Part:
        """Take what belongs to a range from a page, and ask for the next one."""
        if found.end is not None and ids and ids[-1] >= found.end:
            # The bound is checked here, not only in a filter: it may have moved since the request was sent,
            # and a server that ignores half of a filter would give records twice.
            mine = bisect_right(ids, found.end)
            ids, records, ends = ids[:mine], records[:mine], True
        if self._limit is not None and len(records) >= self._limit - self._received:
            wanted = self._limit - self._received
            ids, records, ends = ids[:wanted], records[:wanted], True
        self._received += len(records)
        # Hashes of texts are spread evenly, unlike those of integers, whose sums could easily be equal.
        self._fingerprint += sum(hash(str(id_)) for id_ in ids)
        found.position += len(records)
        found.finished = ends
        if ids:
            found.last = ids[-1]
            self._largest = max(ids[-1], self._largest or ids[-1])
        if not ends:
            self._request_next(found)
        return Part(found.start or 0, records, ends, found.end if ends else None)

    def _request_next(self, found: _Range) -> None:
        self._workers.submit(found, partial(self._pages.page, after=found.last, most=self._most()))

    def _most(self) -> int:
        """Return the largest page to ask for: no larger than what is still wanted."""
        return MOST_PER_PAGE if self._limit is None else min(MOST_PER_PAGE, self._limit - self._received)

    def _share_work(self) -> None:
        """Let idle workers begin new ranges."""
        while self._ranges and self._ranges[0].finished:
            del self._ranges[0]
        while self._workers.under_way < self._workers.number and (planned := self._plan()) is not None:
            # One record less than in other pages, so that the range before it reads past its own end with its
            # last full page, and needs no further request to know that nothing lies in between.
            most = MOST_PER_PAGE - 1
            window = partial(page_holding, planned.position)
            request = partial(self._pages.page, window=window, after=self._pages.floor, most=most)
            self._workers.submit(planned, request)

    def _plan(self) -> _Range | None:
        """Cut the range that has most left; None where that is not worth a request."""
        if self._limit is not None or self._failed_cuts >= _MOST_FAILED_CUTS:
            return None
        if self._rows_per_range is not None and len(self._ranges) >= 2 * self._workers.number:
            return None  # the first range is slow, and all that comes after it has to be kept
        largest = max(self._ranges, key=lambda found: found.left, default=None)
        size = self._pages.size
        if largest is None or largest.left < _PAGES_WORTH_SHARING * size:
            return None
        # A page of this range is under way, so the cut lies beyond it: at least one and a half pages ahead.
        ahead = largest.left // 2
        if self._rows_per_range is not None:
            ahead = min(ahead, max(self._rows_per_range, size + size // 2))
        # Pages begin at multiples of their size.
        size = min(size, MOST_PER_PAGE - 1)
        position = -(-(largest.position + ahead) // size) * size
        planned = _Range(position, largest.stop)
        largest.stop = position
        self._ranges.insert(self._ranges.index(largest) + 1, planned)
        return planned

    def _checked(self, outcome: Any, last: int | None) -> tuple[list[int], list[Any]]:
        """Return ids and records of a page behind *last*; raise where the request failed, or the key did."""
        if isinstance(outcome, BaseException):
            # A server that cannot handle the filter has been seen to answer 500, not only 400.
            refused = isinstance(outcome, BadRequestError) or (
                isinstance(outcome, ServerError) and outcome.status == _INTERNAL_ERROR
            )
            if refused and not self._proven:
                raise KeyRefusedError
            raise outcome
        in_order = _in_order(outcome)
        if in_order is None or (in_order[0] and last is not None and in_order[0][0] <= last):
            if not self._proven:
                raise KeyRefusedError
            what = "The API answered records out of order, in the middle of a list."
            raise UnexpectedAnswerError(what, method="GET", path=safe_path(self._pages.query.path))
        return in_order


def _in_order(page: Page) -> tuple[list[int], list[Any]] | None:
    """Return a page's ids and records, each id once; None where ids are missing or do not ascend."""
    ids = page.ids
    if ids is None or ids != sorted(ids):
        return None
    if len(set(ids)) < len(ids):
        unique = dict(zip(ids, page.records, strict=True))
        return list(unique), list(unique.values())
    return ids, page.records
