"""The walk by page number: for lists without ids, and for servers that refuse the key.

Rows that come or go meanwhile shift all that follow: pages then repeat or lose records. Repeats are
dropped by id; a loss shows in the last page, which is asked for a second time: as long as it begins
with the same records, nothing before it has gone. Otherwise the walk is repeated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from classy_nb.errors import NotFoundError

from ._keys import incomplete

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ._ask import Asker
    from ._page import Page

_PASSES = 4


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
    received, total
        Records yielded, and promised in the latest answer.
    """

    def __init__(self, asker: Asker, *, sort: str | None = None, past: int | None = None) -> None:
        self._asker = asker
        self._sort = sort
        self._past = past
        self._seen: set[int] = set()
        self._known = 0
        self.received = 0
        self.total: int | None = None

    def pages(self) -> Iterator[Sequence[Any]]:
        """Yield the records not yielded before, page by page.

        Raises
        ------
        IncompleteResultError
            The list could not be made whole.
        """
        for _ in range(_PASSES):
            gathered: list[Sequence[Any]] = []
            with_ids = True
            trail = _Trail()
            for page in self._pass(trail):
                fresh = self._fresh(page)
                with_ids = with_ids and fresh is not None
                if fresh is None:
                    gathered.append(page.records)  # cannot be told apart: kept back until proven whole
                elif fresh:
                    self.received += len(fresh)
                    yield fresh
            if self._whole(trail, with_ids=with_ids):
                self.received += sum(map(len, gathered))
                yield from gathered
                return
        raise incomplete(self._asker, self.total, len(self._seen) or sum(map(len, gathered)))

    def _pass(self, trail: _Trail) -> Iterator[Page]:
        position = 0
        while True:
            page = self._at(position)
            if page is None or not page.records or trail.repeats(page):
                return
            trail.add(position, page)
            self.total = page.total
            yield page
            size = self._asker.per_page
            if page.last_page is not None and position // size + 1 >= page.last_page:
                return
            position += size

    def _at(self, position: int) -> Page | None:
        try:
            return self._asker.at(position, sort=self._sort)
        except NotFoundError:
            if position == 0:
                raise
            return None  # some lists answer 404 beyond their last page

    def _fresh(self, page: Page) -> Sequence[Any] | None:
        ids = page.ids()
        if ids is None:
            return None
        fresh = []
        for id_, record in zip(ids, page.records, strict=True):
            if id_ not in self._seen:
                self._seen.add(id_)
                if self._past is None or id_ > self._past:
                    fresh.append(record)
        return fresh

    def _whole(self, trail: _Trail, *, with_ids: bool) -> bool:
        """Whether the pass that just ended saw every record there is."""
        arrived = len(self._seen) if with_ids else trail.records
        if self.total is not None and (arrived < self.total or (not with_ids and arrived != self.total)):
            return False
        if trail.pages <= 1:
            return True
        again = self._at(trail.position)
        return again is not None and list(again.records[: len(trail.last)]) == list(trail.last)


class _Trail:
    """What a pass has seen: enough to notice that pages repeat, and to look back at its end."""

    def __init__(self) -> None:
        self.pages = 0
        self.records = 0
        self.position = 0
        self.last: Sequence[Any] = ()

    def repeats(self, page: Page) -> bool:
        """Whether the server ignores the page number: the same records again."""
        return self.pages > 0 and list(page.records) == list(self.last)

    def add(self, position: int, page: Page) -> None:
        self.pages += 1
        self.records += len(page.records)
        self.position, self.last = position, page.records
