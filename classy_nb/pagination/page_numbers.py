"""The walk by page number: for lists without ids, and for servers that refuse the key.

Rows that come or go meanwhile shift all that follow. Where pages are in order of ids they are walked from
the last to the first: what is deleted then only makes rows come twice, which shows by their ids, and what
is inserted comes at the end. In any other order only two passes that see the same are believed; that goes
for the first so many as well, unless they came in one answer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any

from classy_nb.errors import NotFoundError

from .keyset import incomplete, persistently
from .page import Page
from .records import Records
from .requester import Asker, SmallerPagesError

if TYPE_CHECKING:
    from collections.abc import Generator, Hashable, Iterator, Sequence

_PASSES = 5
_ROUNDS = 3


@dataclass
class _Pass:
    """What one pass over the first pages has seen."""

    keys: dict[Hashable, None] = field(default_factory=dict)
    pages: list[Records] = field(default_factory=list)
    """Records not seen before in this pass, nor in the walk."""
    in_one_answer: bool = True

    @property
    def records(self) -> Records:
        return Records(chain.from_iterable(self.pages))


class NumberWalk:
    """Walks one list by page number.

    Parameters
    ----------
    asker
        Asks for the pages.
    sort
        The API's sort.
    past
        Records with ids up to this one are known already and left out.

    Attributes
    ----------
    total
        Records promised in the latest answer.
    """

    def __init__(self, asker: Asker, *, sort: str | None = None, past: int | None = None) -> None:
        self._asker = asker
        self._sort = sort
        self._past = past
        endpoint = asker.query.endpoint
        self._by_id = endpoint.kind == "list" and endpoint.id is not None
        self._seen: set[Hashable] = set()
        self._proven = False
        self.total: int | None = None

    def pages(self) -> Iterator[Sequence[Any]]:
        """Yield the records not yielded before, page by page.

        Raises
        ------
        IncompleteResultError
            The list could not be made whole.
        """
        while True:
            try:
                yield from self._pages()
            except SmallerPagesError:
                continue  # page numbers mean something else now
            return

    def first(self, wanted: int) -> Iterator[Sequence[Any]]:
        """Yield the first *wanted* records (all, where there are fewer) in one piece.

        Before that it yields an empty piece after each page, for those who watch.

        Raises
        ------
        IncompleteResultError
            The list did not stand still for long enough.
        """
        before: _Pass | None = None
        now = _Pass()
        for _ in range(_PASSES):
            now = yield from self._read_first(wanted)
            seen = len(now.keys) if self._by_id else len(now.records)
            whole = len(now.records) >= wanted or self.total is None or seen >= self.total
            if whole and (now.in_one_answer or (before is not None and self._agree(before, now))):
                yield now.records
                return
            before = now
        expected = None if self.total is None else min(wanted, self.total)
        raise incomplete(self._asker, expected, len(now.records))

    def _read_first(self, wanted: int) -> Generator[Sequence[Any], None, _Pass]:
        """Read as many pages as it takes, and yield an empty piece after each."""
        while True:
            now, left = _Pass(), wanted
            try:
                for page in self._forwards():
                    fresh = self._take(page, now.keys, left)
                    now.pages.append(fresh)
                    left -= len(fresh)
                    now.in_one_answer = len(now.pages) == 1 and (left <= 0 or page.last_page == 1)
                    if left <= 0:
                        break
                    yield Records()
            except SmallerPagesError:
                continue  # page numbers mean something else now: what came before them is dropped
            return now

    def _take(self, page: Page, keys: dict[Hashable, None], most: int) -> Records:
        """Return a page's records, at most so many, but for those that came before; note their keys."""
        if not self._by_id:
            return Records(page.records[:most])
        fresh: list[Any] = []
        for key, record in zip(page.keys(), page.records, strict=True):
            if key not in keys and len(fresh) < most:
                keys[key] = None
                if self._is_new(key):
                    fresh.append(record)
        return Records(fresh)

    def _agree(self, before: _Pass, now: _Pass) -> bool:
        """Whether two passes saw the same, but for new records that push older ones beyond the end.

        Then no page boundary lost a record to a deletion, in either of them.
        """
        if not self._by_id:
            return before.records == now.records
        common = [key for key in now.keys if key in before.keys]
        if common != list(before.keys)[: len(common)]:
            return False
        return len(common) == len(before.keys) or next(reversed(now.keys), None) in before.keys

    def _pages(self) -> Iterator[Sequence[Any]]:
        first = self._ask(1)
        ids = first.ids()
        if first.last_page == 1 or not first.records:
            yield self._fresh(first)
            if self.total is not None and len(first.records) < self.total:
                raise incomplete(self._asker, self.total, len(first.records))
        elif not self._by_id:
            yield from self._until_equal()
        elif ids is not None and first.last_page is not None and ids == sorted(ids):
            yield from self._backwards(first.last_page)
        else:
            yield from self._until_equal_by_id()

    def _backwards(self, last_page: int) -> Iterator[Sequence[Any]]:
        low: int | None = None
        for number in range(last_page, 0, -1):
            page = self._ask(number)
            ids = page.ids()
            in_order = ids is not None and ids == sorted(ids) and (low is None or not ids or ids[0] < low)
            if not in_order:
                yield from self._until_equal_by_id()
                return
            low = ids[0] if ids else low
            yield self._fresh(page)
        for _ in range(_ROUNDS):
            if self.total is None or len(self._seen) >= self.total:
                return
            # New records come at the end.
            page = self._ask(last_page)
            yield self._fresh(page)
            last_page = min(last_page + 1, page.last_page or last_page)
        raise incomplete(self._asker, self.total, len(self._seen))

    def _until_equal_by_id(self) -> Iterator[Sequence[Any]]:
        before: list[Hashable] | None = None
        for _ in range(_PASSES):
            order: list[Hashable] = []
            for page in self._forwards():
                order += page.keys()
                yield self._fresh(page)
            if order == before and (self.total is None or len(self._seen) >= self.total):
                return
            before = order
        raise incomplete(self._asker, self.total, len(self._seen))

    def _until_equal(self) -> Iterator[Sequence[Any]]:
        before: Records | None = None
        records = Records()
        for _ in range(_PASSES):
            pages = []
            for page in self._forwards():
                pages.append(page.records)
                yield Records()  # for those who watch
            records = Records(chain.from_iterable(pages))
            if records == before and (self.total is None or len(records) == self.total):
                yield records
                return
            before = records
        raise incomplete(self._asker, self.total, len(records))

    def _forwards(self) -> Iterator[Page]:
        number, previous = 1, Page(())
        while (page := self._ask(number)).records and page.records != previous.records:
            yield page
            if page.last_page is not None and number >= page.last_page:
                return
            number, previous = number + 1, page

    def _ask(self, number: int) -> Page:
        def ask() -> Page:
            return self._asker.numbered(number, self._sort)

        try:
            page = persistently(ask) if self._proven else ask()
        except NotFoundError:
            if number == 1:
                raise
            return Page(())  # some lists answer 404 beyond their last page
        self._proven = True
        if page.records:
            self.total = page.total
        return page

    def _fresh(self, page: Page) -> Sequence[Any]:
        """Return the records that were not seen before; all where records have no ids by design."""
        if not self._by_id:
            return page.records
        fresh = []
        for key, record in zip(page.keys(), page.records, strict=True):
            if key not in self._seen:
                self._seen.add(key)
                if self._is_new(key):
                    fresh.append(record)
        return Records(fresh)

    def _is_new(self, key: Hashable) -> bool:
        return self._past is None or not isinstance(key, int) or key > self._past
