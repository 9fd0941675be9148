"""Asking for one page, in smaller pieces where the server is slow."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from classy_nb.errors import NotFoundError, TimedOutError

from .page import Page, read_page
from .page_size import SIZES, PageSize, smaller

if TYPE_CHECKING:
    from classy_nb.query import Query

_TRIES_PER_SIZE = 2
_MOST_SILENCE = 300.0
"""Seconds without any answer after which no smaller page is tried: the server is down, not slow."""

Fetch = Callable[[Sequence[tuple[str, str]], bool], Any]
"""Takes parameters and whether to be patient with time-outs; returns JSON, or raises ClassyError."""


class SmallerPagesError(Exception):
    """Pages have become smaller (internal: a walk by page number begins again)."""


class Asker:
    """Asks for pages of one query; remembers the page size that the server can bear.

    Parameters
    ----------
    query, fetch
        What to ask for, and what sends it.
    floor
        The list begins behind this id; None for all of it.
    """

    def __init__(self, query: Query, fetch: Fetch, floor: int | None = None) -> None:
        self.query = query
        self.floor = floor
        self.size = PageSize()
        self.requests = 0
        self._fetch = fetch
        self._counting = threading.Lock()
        self._answered = time.monotonic()

    @property
    def silence(self) -> float:
        """Seconds since the last answer to any of the workers (or since the beginning)."""
        return time.monotonic() - self._answered

    def count(self, after: int | None = None, until: int | None = None) -> Page:
        """Return a page of one record, for its total: of the list, or of the ids between two."""
        return self._ask(1, 1, self.floor if after is None else after, None, until=until)

    def first(self, number: int, sort: str | None) -> Page:
        """Return the first *number* records, at most a page of them."""
        return self._ask(1, number, None, sort)

    def after(self, last: int | None, until: int | None = None) -> Page:
        """Return the next records by id: those after *last* (None: the first), in ascending order."""
        return self._smaller_when_slow(lambda size: self._ask(1, size, last, "id", until=until))

    def numbered(self, number: int, sort: str | None) -> Page:
        """Return a page by its number.

        Raises
        ------
        SmallerPagesError
            The server is too slow for pages of this size; from now on they are smaller.
        """
        size = self.size.now
        while self.size.now == size:
            try:
                page = self._ask(number, size, None, sort)
            except TimedOutError:
                if self.size.is_least or self.silence > _MOST_SILENCE:
                    raise
                self.size.timed_out(size)
            else:
                self.size.worked(size, may_climb=False)
                return page
        raise SmallerPagesError

    def one_at(self, position: int) -> Page | None:
        """Return the one record at *position* in the order of ids; None where the list ends before."""
        try:
            return self._ask(position + 1, 1, self.floor, "id")
        except NotFoundError:
            return None

    def _smaller_when_slow(self, ask: Callable[[int], Page]) -> Page:
        size, tries = self.size.now, 0
        while True:
            try:
                page = ask(size)
            except TimedOutError:
                if size == SIZES[-1] or self.silence > _MOST_SILENCE:
                    raise
                self.size.timed_out(size)
                tries += 1
                # Others may get answers of this size all the while; this page must not ask for ever.
                most = size if tries % _TRIES_PER_SIZE else smaller(size)
                size = min(self.size.now, most)
            else:
                self.size.worked(size, may_climb=True)
                return page

    def _ask(
        self, number: int, per_page: int, after: int | None, sort: str | None, *, until: int | None = None
    ) -> Page:
        with self._counting:
            self.requests += 1
        patient = per_page == SIZES[-1]
        parameters = self.query.page(number, per_page, after=after, until=until, sort=sort)
        # The body is nobody's local but the reader's: a traceback may show locals.
        page = replace(read_page(self._fetch(parameters, patient), self.query.path), size=per_page)
        self._answered = time.monotonic()
        return page
