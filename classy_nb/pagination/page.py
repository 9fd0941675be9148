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
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from classy_nb.decoding import rows_of
from classy_nb.errors import DataWarning, IncompleteResultError, TimedOutError, UnexpectedAnswerError, warn
from classy_nb.http import kind_of, words_of
from classy_nb.query import MOST_PER_PAGE
from classy_nb.redact import safe_path

from .matching import EXACT, contradiction, is_out_of_order, possible_habit, repeats_conditions, whole_number

if TYPE_CHECKING:
    from collections.abc import Hashable

    from classy_nb.http import Cancel
    from classy_nb.query import Query

Fetch = Callable[[Sequence[tuple[str, str]], bool, "Cancel"], Any]
"""Sends one request: takes its parameters, whether to retry time-outs, and what cancels it; returns JSON."""

PAGE_SIZES = (MOST_PER_PAGE, 50, 25, 5, 1)
"""Page sizes to try, from the API's largest down."""
MOST_RECORDS = 100_000_000
"""Records of the longest list that is believed: more would take ten hours at the API's rate limit."""
_TIMES_READ = 4
"""How often the records of one list may come, over all ways and passes in which it is read."""
_MOST_GROWTH = 10_000
"""Records by which any list may grow while it is read."""
_ASSUMED_TOTAL = 100_000
"""Records of a list that does not say how many it has."""
_MOST_TRIES = 4
"""How often one page is requested while its answers contradict themselves, each in another way."""
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

    @cached_property
    def ids(self) -> list[int] | None:
        """The records' integer ids, or None where a record has no such id."""
        with suppress(TypeError, KeyError):  # as almost all pages are; this is done for each record of a list
            plain = [record["id"] for record in self.records]
            if set(map(type, plain)) == {int}:
                return plain
        ids = [_id_of(record) for record in self.records]
        return None if None in ids else [id_ for id_ in ids if id_ is not None]

    def keys(self) -> list[Hashable]:
        """Return what identifies each record: its id, or a digest of a record without one."""
        if self.ids is not None:
            return [*self.ids]
        return [_digest(record) if (id_ := _id_of(record)) is None else id_ for record in self.records]


def _id_of(record: Any) -> int | None:
    return whole_number(record.get("id")) if isinstance(record, dict) else None


def _digest(record: Any) -> bytes:
    return hashlib.sha256(json.dumps(record, sort_keys=True, default=str).encode()).digest()


def read_page(body: Any, path: str, *, number: int = 1, size: int | None = None, whole: bool = True) -> Page:
    """Read the answer of a list: a paginator, a bare array, an envelope around one record, or no content.

    Where a list came as an object with numbers for keys, its values are the records (see `rows_of`).

    Parameters
    ----------
    whole
        Whether a bare array or no content is the whole list. Where an envelope is documented it is not: the
        records count, but nothing says how many there are.

    Raises
    ------
    UnexpectedAnswerError
        It is none of these, such as an error under status 200; or its total is not a number of records.
    """
    if isinstance(body, dict) and body and (rows := rows_of(body)) is not None:
        body = rows
    if body is None or isinstance(body, list):
        return Page(body or [], len(body or []) if whole else None, 1, number, size)
    if isinstance(body, dict) and "data" in body:
        data = body["data"]
        if isinstance(data, dict):
            rows = rows_of(data)
            data = [data] if rows is None else rows
        if data is None or isinstance(data, list):
            total = _total_of(body, path)
            return Page(data or [], total, whole_number(body.get("last_page")), number, size)
    said = words_of(body, path)
    kind = "" if isinstance(body, dict) else f" ({kind_of(body)} in place of a list)"
    what = f"The API answered without data{kind}{f' and says {said!r}' if said else ''}."
    raise UnexpectedAnswerError(what, method="GET", path=safe_path(path), status=200)


def _total_of(body: dict[str, Any], path: str) -> int | None:
    """Return how many records a list says to have; None where it does not say."""
    said = body.get("total")
    total = whole_number(said)
    if said is None or (total is not None and 0 <= total <= MOST_RECORDS):
        return total
    shown = "something that is not a number"
    if isinstance(said, int | float):
        shown = f"{said:,}" if abs(said) < EXACT else "a number beyond reason"
    what = f"The API says that the list has a total of {shown}; at most {MOST_RECORDS:,} records are read."
    raise UnexpectedAnswerError(what, method="GET", path=safe_path(path), status=200)


def _columns_in_path(query: Query) -> dict[str, str]:
    """Return the columns that stand in the path only: of a payout, no record says whose type it is."""
    columns = {column.name for column in query.columns}
    segments = zip(query.endpoint.path.split("/"), query.path.split("/"), strict=False)
    return {
        key.strip("{}"): unquote(value)
        for key, value in segments
        if key.strip("{}") in query.endpoint.choices and key.strip("{}") in columns
    }


def _with(record: Any, columns: dict[str, str]) -> Any:
    return {**columns, **record} if isinstance(record, dict) else record


def looks_like_list(body: Any) -> bool:
    """Whether an answer is a list of records, by its shape."""
    if not isinstance(body, dict) or _OF_A_PAGE.isdisjoint(body):
        return isinstance(body, list)
    data = body.get("data")
    return isinstance(data, list) or (isinstance(data, dict) and rows_of(data) is not None)


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
        self._first_total: int | None = None
        """What the first answer said."""
        self._came = 0
        """Records that have come in all answers."""
        self._repeats: bool | None = None
        """Whether the list's links repeat the conditions of a request; None: not known yet."""
        self._from_path = _columns_in_path(query)
        self._believed = False
        """Whether the latest answer contradicted itself and was believed all the same."""

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
        only_total: bool = False,
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
        only_total
            Whether the total is all that is wanted: then the records need not agree with it.

        Raises
        ------
        TimedOutError
            Not even a page of one record came in time.
        """
        size = min(self.size, most)
        tries = 0
        before: list[Hashable] | None = None
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
            what = contradiction(body, self.query.path, parameters)
            with self._lock:
                repeats = repeats_conditions(body, parameters)
                self._repeats = repeats if self._repeats is None else self._repeats
                if not what and repeats not in (None, self._repeats):
                    what = (
                        "The API answered another part of the list: its links lost or gained the conditions."
                    )
            if what:
                raise UnexpectedAnswerError(what, method="GET", path=safe_path(self.query.path), status=200)
            whole = self.query.endpoint.kind != "list"
            page = read_page(body, self.query.path, number=number, size=per_page, whole=whole)
            if self._from_path:
                page.records[:] = [_with(record, self._from_path) for record in page.records]
            strange = bool(possible_habit(body, parameters))
            if only_total and not strange and page.total is not None and page.total >= len(page.records):
                return page
            with self._lock:
                if self.total is None and after == self.floor and until is None:
                    self.total = page.total  # whatever way the list is read in after this, it was promised
                ids = page.ids
                # Without ids it may be something else than records: the whole answer once more, in an array.
                nameless = ids is None and not whole and self.query.endpoint.id is not None
                # By keyset, the order is looked at there, and decides whether the list can be read so at all.
                strange |= nameless or (window is not None and is_out_of_order(ids, parameters))
                suspect = strange or self._contradicts_itself(page)
                self._refuse_endless(page)
                keys = page.keys() if suspect else None
                # What comes twice is believed, and so is the next such page of the same server.
                if not suspect or self._believed or keys == before:
                    self._believed = suspect
                    return page
            before = keys
            tries += 1
            if tries == _MOST_TRIES:
                what = "The API answers with more records than it counts or was asked for, others each time."
                raise UnexpectedAnswerError(what, method="GET", path=safe_path(self.query.path), status=200)

    def _contradicts_itself(self, page: Page) -> bool:
        """Tell whether a page cannot be right by what it says of itself."""
        if page.total is None:
            # Other answers had a total, or the list is empty and not even a total says so.
            return self._first_total is not None or not (page.records or self._came)
        left = page.total
        if self.query.endpoint.kind == "list":
            left = min(max(0, page.total - page.start), page.size or page.total)
            if len(page.records) < left:
                return True  # fewer than its own total says
        # More than were asked for, or than the list has left: if they are not the same ones twice, some are
        # another list's.
        return len(page.records) > left and len(set(page.keys())) != left

    def _refuse_endless(self, page: Page) -> None:
        """Raise where records come without end; a list may grow while it is read, to twice its size."""
        if self._first_total is None:
            self._first_total = page.total
        self._came += len(page.records)
        first = _ASSUMED_TOTAL if self._first_total is None else self._first_total
        if self._came > _TIMES_READ * (2 * first + _MOST_GROWTH):
            counted = "" if self._first_total is None else f" where it had counted {first:,}"
            what = f"The list does not end: {self._came:,} records came{counted}."
            raise UnexpectedAnswerError(what, method="GET", path=safe_path(self.query.path), status=200)

    def count(self, until: int | None = None) -> int | None:
        """Return how many records there are (with ids up to *until*): one request, for one record."""
        return self.page(after=self.floor, until=until, sort=None, most=1, only_total=True).total

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
        advice = (
            f"Another try will hardly help. accept_incomplete=True takes these {received:,} with a warning"
        )
        if received:
            advice += f"; limit={received} takes the first {received:,} of a resource's list"
        path = safe_path(self.query.path)
        error = IncompleteResultError(what, method="GET", path=path, advice=f"{advice}.")
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
