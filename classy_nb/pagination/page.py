"""One page of a list: asked for in pieces as small as the server needs, and read by its shape.

In come a query and what to send it with; out come pages. The two ways to fetch a list, ``keyset`` and
``page_numbers``, ask for their pages here.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from classy_nb.errors import DataWarning, IncompleteResultError, TimedOutError, UnexpectedAnswerError, warn
from classy_nb.http.responses import message_of
from classy_nb.query import MOST_PER_PAGE
from classy_nb.redact import safe_path, scrub

if TYPE_CHECKING:
    from collections.abc import Hashable

    from classy_nb.http import Cancel
    from classy_nb.query import Query

Fetch = Callable[[Sequence[tuple[str, str]], bool, "Cancel"], Any]
"""Sends one request: takes its parameters, whether to retry time-outs, and what cancels it; returns JSON."""

PAGE_SIZES = (MOST_PER_PAGE, 50, 25, 5, 1)
"""Page sizes to try, from the API's largest down."""
_TIMEOUTS_TO_SHRINK = 3
"""How many time-outs in a row make a size too large that has worked before."""


@dataclass(frozen=True)
class Page:
    """The records of one answer, and what the answer says about the whole list (None: nothing).

    ``start`` is the position in the list of the first record, ``size`` how many records were asked for.
    """

    records: list[Any]
    total: int | None = None
    last_page: int | None = None
    number: int = 1
    size: int | None = None

    @property
    def start(self) -> int:
        """The position of the first record, counted from 0."""
        return (self.number - 1) * (self.size or 0)

    @property
    def ends_the_list(self) -> bool:
        """Whether nothing follows this page, where the filter left out all that came before it.

        A full page is never believed to be the last. Its total may be wrong, and records may have arrived
        since the total was counted; one more request costs less than a list that is silently short.
        """
        count = len(self.records)
        if count == 0:
            return True
        full = self.size is not None and count >= self.size
        return not full and self.total is not None and self.total <= count

    def ids(self) -> list[int] | None:
        """Return the records' integer ids, or None where a record has no such id."""
        ids = [_id_of(record) for record in self.records]
        return None if None in ids else [id_ for id_ in ids if id_ is not None]

    def keys(self) -> list[Hashable]:
        """Return what identifies each record: its id, or a digest of a record without one."""
        return [_digest(record) if (id_ := _id_of(record)) is None else id_ for record in self.records]


def _id_of(record: Any) -> int | None:
    return _whole_number(record.get("id")) if isinstance(record, dict) else None


def _whole_number(value: object) -> int | None:
    """Return an id or a count as a number: the API writes some of them as text."""
    if type(value) is int:  # almost always; a flag is an int to isinstance
        return value
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else None


def _digest(record: Any) -> bytes:
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).digest()


def read_page(body: Any, path: str, *, number: int = 1, size: int | None = None) -> Page:
    """Read the answer of a list: a paginator, a bare array, an envelope around one record, or no content.

    Raises
    ------
    UnexpectedAnswerError
        It is none of these, such as an error under status 200.
    """
    if body is None:
        return Page([], 0, 1, number, size)
    if isinstance(body, list):
        return Page(body, len(body), 1, number, size)
    if isinstance(body, dict) and "data" in body:
        data = [body["data"]] if isinstance(body["data"], dict) else body["data"]
        if data is None or isinstance(data, list):
            total, last_page = _whole_number(body.get("total")), _whole_number(body.get("last_page"))
            return Page(data or [], total, last_page, number, size)
    said = scrub(message_of(body))
    what = f"The API answered without data{f' and says {said!r}' if said else ''}."
    raise UnexpectedAnswerError(what, method="GET", path=safe_path(path), status=200)


def looks_like_list(body: Any) -> bool:
    """Whether an answer is a list of records, by its shape."""
    if isinstance(body, dict):
        return isinstance(body.get("data"), list) and not _OF_A_PAGE.isdisjoint(body)
    return isinstance(body, list)


_OF_A_PAGE = frozenset({"current_page", "last_page", "per_page", "next_page_url"})
"""Keys of which a page has at least one, and a record with a column called ``data`` has none."""


def page_holding(position: int, size: int) -> tuple[int, int]:
    """Return number and size of the page of *size* records that holds a position (counted from 0)."""
    return position // size + 1, size


class PageFetcher:
    """Asks for pages of one query; the workers of a fetch share it.

    Parameters
    ----------
    query, fetch, cancel
        What to ask for, what sends a request, and what ends it.
    floor
        The list begins after this id; None for all of it.

    Attributes
    ----------
    size
        How many records to ask for at a time. It only ever shrinks: a list that was too slow for a page
        of 100 is not tried with 100 again.
    total
        How many records the server says the list has, by the latest answer that counts; None: it does not.
    requests
        Requests made so far (retries below this not counted).
    """

    def __init__(self, query: Query, fetch: Fetch, cancel: Cancel, floor: int | None = None) -> None:
        self.query = query
        self.floor = floor
        self.size = query.page_size
        self.total: int | None = None
        self.requests = 0
        self._fetch = fetch
        self._cancel = cancel
        self._lock = threading.Lock()  # several workers count requests and time-outs
        self._size_works = False
        self._timeouts = 0
        self._answered = time.monotonic()

    @property
    def silence(self) -> float:
        """Seconds since the last answer, or since the beginning."""
        return time.monotonic() - self._answered

    def page(
        self,
        *,
        window: Callable[[int], tuple[int, int]] | None = None,
        after: int | None = None,
        until: int | None = None,
        sort: str | None = "id",
        most: int = MOST_PER_PAGE,
    ) -> Page:
        """Return a page, in smaller pieces where the server is slow.

        Parameters
        ----------
        window
            Returns the number and the size of the page to ask for, given the largest size that may be
            asked for now; None for page 1 of that size.
        after, until
            Only records with larger ids; and with ids up to this one.
        sort
            The API's sort; None for what the caller asked for.
        most
            The largest page to ask for.

        Raises
        ------
        TimedOutError
            Not even a page of one record came in time.
        """
        size = min(self.size, most)
        while True:
            number, per_page = (1, size) if window is None else window(size)
            parameters = self.query.page(number, per_page, after=after, until=until, sort=sort)
            with self._lock:
                self.requests += 1
            try:
                # A smaller page is the better answer to a time-out; only a single record is asked for again.
                body = self._fetch(parameters, size == PAGE_SIZES[-1], self._cancel)
            except TimedOutError:
                if size == PAGE_SIZES[-1]:
                    raise
                size = self._smaller_than(size)
                continue
            with self._lock:
                self._answered = time.monotonic()
                if size == self.size:
                    self._size_works, self._timeouts = True, 0
            return read_page(body, self.query.path, number=number, size=per_page)

    def count(self, until: int | None = None) -> int | None:
        """Return how many records there are (with ids up to *until*): one request, for one record."""
        return self.page(after=self.floor, until=until, sort=None, most=1).total

    def _smaller_than(self, size: int) -> int:
        """Return the next smaller size for a page that timed out; let all workers use it if it is the list.

        A size that has worked is kept until the third time-out in a row: one may be a hiccup of the network,
        and smaller pages for the rest of the list cost many requests.
        """
        smaller = next(candidate for candidate in PAGE_SIZES if candidate < size)
        with self._lock:
            if size == self.size:  # else another worker has made it smaller already
                self._timeouts += 1
                if not self._size_works or self._timeouts >= _TIMEOUTS_TO_SHRINK:
                    self.size, self._size_works, self._timeouts = smaller, False, 0
        return smaller

    def settle(self, expected: int, received: int) -> None:
        """Deal with a list of which two complete reads agree, but not with the total.

        The total may count a record that the API never shows: then it is wrong however often one tries, and
        the caller has to say whether these records will do.

        Raises
        ------
        IncompleteResultError
            The caller has not said so; the message tells how.
        """
        came = f"{received:,} of {expected:,} records arrived"
        if received > expected:
            came = f"{received:,} records arrived where the API promised {expected:,}"
        what = (
            f"{came}, the same ones in two complete reads: the API's total is wrong, "
            "or it hides records from you."
        )
        if self.query.accept_incomplete:
            warn(f"{what} You accepted that.", DataWarning)
            return
        error = IncompleteResultError(
            what,
            method="GET",
            path=safe_path(self.query.path),
            advice=f"Another try will hardly help. accept_incomplete=True takes these {received:,} with a "
            f"warning; limit={received} takes the first {received:,} of a resource's list.",
        )
        error.expected, error.received = expected, received
        raise error

    def incomplete(
        self, expected: int | None, received: int, what: str = "The list changed each time it was read."
    ) -> IncompleteResultError:
        """Build the error that says how many records are missing, or else *what* happened."""
        if expected is not None and received < expected:
            what = f"{received:,} of {expected:,} records arrived."
        error = IncompleteResultError(what, method="GET", path=safe_path(self.query.path))
        error.expected, error.received = expected, received
        return error
