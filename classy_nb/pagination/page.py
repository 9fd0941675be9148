"""One page of a list: asked for in pieces as small as the server needs, and read by its shape.

In come a query and what to send it with; out come pages. The two ways to fetch a list, ``keyset`` and
``page_numbers``, ask for their pages here.
"""

from __future__ import annotations

import hashlib
import html
import json
import re
import threading
import time
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote

from classy_nb.catalog import load
from classy_nb.decoding import rows_of
from classy_nb.errors import DataWarning, IncompleteResultError, TimedOutError, UnexpectedAnswerError, warn
from classy_nb.http import kind_of, words_of
from classy_nb.query import MOST_PER_PAGE
from classy_nb.redact import safe_path

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
_MOST_DOUBTS = 4
"""How often one page is asked for while each answer is another doubtful one."""
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
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        return int(value)
    if isinstance(value, str) and len(value) <= _MOST_DIGITS and value.isascii() and value.isdigit():
        return int(value)
    return None


_EXACT = 2.0**53
_MOST_DIGITS = 30


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
            return Page(data or [], total, _whole_number(body.get("last_page")), number, size)
    said = words_of(body, path)
    kind = "" if isinstance(body, dict) else f" ({kind_of(body)} in place of a list)"
    what = f"The API answered without data{kind}{f' and says {said!r}' if said else ''}."
    raise UnexpectedAnswerError(what, method="GET", path=safe_path(path), status=200)


def refuse_foreign_page(body: Any, path: str, parameters: Sequence[tuple[str, str]]) -> None:
    """Raise where a page says that it answers another request than ``GET path?parameters``.

    Where processes or proxies mix up connections, an answer may belong to somebody else's request, and its
    records look like any others. A page that says nothing about its request is believed.

    Raises
    ------
    UnexpectedAnswerError
        It is another page, another list, another range of the list, or larger than what was asked for.
    """
    if what := _contradiction(body, path, parameters) or _possible_habit(body, parameters):
        raise UnexpectedAnswerError(what, method="GET", path=safe_path(path), status=200)


def _contradiction(body: Any, path: str, parameters: Sequence[tuple[str, str]]) -> str:
    """Return what shows that a page is not the answer to its request; empty if nothing does."""
    if not _says_what_it_is(body):
        return ""
    asked = dict(parameters)
    number, came = _whole_number(asked.get("page", 1)), _whole_number(body["current_page"])
    filters = _filter_of(body)
    if None not in (number, came) and came not in (number, 1):
        return f"The API answered page {came} where page {number} was asked for."
    if _names_another_list(body.get("path"), path):
        return f"The API answered another list ({safe_path(str(body['path']))})."
    if filters is not None and not _same_conditions(asked.get("filter", ""), filters):
        return "The API answered another part of the list: its links have other conditions than the request."
    return ""


def _possible_habit(body: Any, parameters: Sequence[tuple[str, str]]) -> str:
    """Return what makes a page look like another one, unless this server always answers so.

    Some ignore the number or the size of a page. If the same comes again, the page is believed: no position
    is taken from it without a look at its ids, and the total shows what is missing.
    """
    if not _says_what_it_is(body):
        return ""
    asked = dict(parameters)
    number, size = _whole_number(asked.get("page", 1)), _whole_number(asked.get("per_page"))
    came, per_page = _whole_number(body["current_page"]), _whole_number(body.get("per_page"))
    if came == 1 and number not in (None, 1):
        return f"The API answered page 1 where page {number} was asked for."
    if size is not None and per_page not in (None, _USUAL_SIZE) and size < min(per_page, len(body["data"])):
        return f"The API answered pages of {per_page} records where {size} were asked for."
    return ""


def _is_out_of_order(page: Page, parameters: Sequence[tuple[str, str]]) -> bool:
    """Tell whether ids do not descend where that was asked for, which some lists ignore."""
    ids = page.ids()
    return ids is not None and ("sort", "id:desc") in parameters and ids != sorted(ids, reverse=True)


def _says_what_it_is(body: Any) -> bool:
    return isinstance(body, dict) and isinstance(body.get("data"), list) and "current_page" in body


_USUAL_SIZE = 20
"""Records on a page where nothing is asked for; some lists are not documented to take a size."""


def _names_another_list(said: object, path: str) -> bool:
    """Tell whether the ``path`` of a paginator names another list of the API than *path*.

    Only the last segments are compared, for what comes before them depends on gateways and proxies. What the
    catalog does not know may be the server's own name for the list.
    """
    if not isinstance(said, str) or said.endswith(path):
        return False
    asked = unquote(path).strip("/").split("/")
    answered = unquote(re.split(r"[?#]", said, maxsplit=1)[0]).strip("/").split("/")[-len(asked) :]
    endpoint = load().find("/".join(answered))
    if endpoint is None:
        return False
    pairs = zip(asked, answered, strict=True)
    return endpoint != load().find("/".join(asked)) or any(
        a.isdecimal() and b.isdecimal() and int(a) != int(b) for a, b in pairs
    )


def _filter_of(body: dict[str, Any]) -> str | None:
    """Return the ``filter`` in a page's links; None where they have none.

    Not every list repeats its parameters there.
    """
    link = body.get("first_page_url") or body.get("last_page_url")
    if not isinstance(link, str):
        return None
    found = parse_qs(link.partition("?")[2]).get("filter")
    return None if found is None else found[-1]


_COMMA = re.compile(r",(?=\s*[A-Za-z_][\w.]*\s*[<>=!])")
_CONDITION = re.compile(r"\s*(?:\w+\.)*(\w+)\s*(<=|>=|<>|!=|==|=|<|>)\s*(.*?)\s*", re.DOTALL)
_OPERATORS = {"==": "=", "<>": "!="}
_DATE = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:(?:T|\s+)(\d\d:\d\d)(:\d\d)?(?:[.,]\d+)?\s*(Z|[+-]?\d\d:?\d\d)?)?", re.IGNORECASE
)
_ONE_DAY = 86_400


def _same_conditions(asked: str, answered: str) -> bool:
    """Tell whether two filters may say the same; in doubt they do.

    A server may write a filter in another way: in another order, encoded once more, with spaces, with dates
    in another zone.
    """
    ours, theirs = _conditions_of(asked), _conditions_of(answered)
    if ours is None or theirs is None:
        return True
    return all(
        any(one[:2] == other[:2] and _may_be_same(one[2], other[2]) for other in others)
        for some, others in ((ours, theirs), (theirs, ours))
        for one in some
    )


def _conditions_of(text: str) -> list[tuple[str, str, str]] | None:
    """Return column, operator and value of each condition; None if that is not how the filter is written."""
    text = html.unescape(unquote(unquote(text))).strip(" ,")
    found = [_CONDITION.fullmatch(part) for part in _COMMA.split(text)] if text else []
    return (
        None
        if None in found
        else [(match[1].lower(), _OPERATORS.get(match[2], match[2]), match[3]) for match in found if match]
    )


def _may_be_same(asked: str, answered: str) -> bool:
    a, b = _plain(asked), _plain(answered)
    dates = [_DATE.fullmatch(text.strip("'\" ")) for text in (asked, answered)]
    if dates[0] and dates[1]:
        apart = abs((_instant(dates[0]) - _instant(dates[1])).total_seconds())
        # Without a zone or a time, it may be any hour of that day.
        return apart < (1 if dates[0][4] and dates[1][4] else _ONE_DAY)
    if any(dates):
        return True  # such as a timestamp in seconds
    try:
        return a == b or Decimal(asked.strip("'\" ")) == Decimal(answered.strip("'\" "))
    except ArithmeticError:
        return _BOOLEANS.get(a, a) == _BOOLEANS.get(b, b)


_BOOLEANS = {"true": "1", "false": "0"}


def _plain(text: str) -> str:
    # All that two ways of writing a text leave alone.
    text = re.sub(r"\\u[0-9a-fA-F]{4}", "", unicodedata.normalize("NFC", text))
    return re.sub(r"[^a-z0-9]", "", text.lower())


def _instant(date: re.Match[str]) -> datetime:
    zone = (date[4] or "Z").upper()
    if zone[0] in "0123456789":
        zone = f"+{zone}"  # a plus sign that was read as a space
    try:
        return datetime.fromisoformat(f"{date[1]}T{date[2] or '00:00'}{date[3] or ''}{zone}")
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)


def _total_of(body: dict[str, Any], path: str) -> int | None:
    """Return how many records a list says to have; None where it does not say."""
    said = body.get("total")
    total = _whole_number(said)
    if said is None or (total is not None and 0 <= total <= MOST_RECORDS):
        return total
    shown = "something that is not a number"
    if isinstance(said, int | float):
        shown = f"{said:,}" if abs(said) < _EXACT else "a number beyond reason"
    what = f"The API says that the list has a total of {shown}; at most {MOST_RECORDS:,} records are read."
    raise UnexpectedAnswerError(what, method="GET", path=safe_path(path), status=200)


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
        self._came = 0
        self._believed = False

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
            if what := _contradiction(body, self.query.path, parameters):
                raise UnexpectedAnswerError(what, method="GET", path=safe_path(self.query.path), status=200)
            whole = self.query.endpoint.kind != "list"
            page = read_page(body, self.query.path, number=number, size=per_page, whole=whole)
            if only_total and page.total is not None:
                return page
            with self._lock:
                if self.total is None and after == self.floor and until is None:
                    self.total = page.total  # whatever way the list is read in after this, it was promised
                habit = bool(_possible_habit(body, parameters)) or _is_out_of_order(page, parameters)
                doubtful = habit or self._is_doubtful(page)
                self._refuse_endless(page)
                keys = page.keys() if doubtful else None
                # What comes twice is believed, and so is the next doubtful page of such a server.
                believed = not doubtful or self._believed or keys == before
                if believed:
                    self._believed = doubtful
                    return page
            before = keys
            tries += 1
            if tries == _MOST_DOUBTS:
                what = "The API answers with more records than it counts or was asked for, others each time."
                raise UnexpectedAnswerError(what, method="GET", path=safe_path(self.query.path), status=200)

    def _is_doubtful(self, page: Page) -> bool:
        """Tell whether a page cannot be right by what it says of itself."""
        if page.total is None:
            # Other answers had a total, or the list is empty and not even a total says so.
            return self._first_total is not None or not (page.records or self._came)
        left = page.total
        if self.query.endpoint.kind == "list":
            left = min(max(0, page.total - page.start), page.size or page.total)
            if len(page.records) < left:
                return True  # fewer than its own total says
        # More than were asked for, or than the list has left: some may be another list's.
        return len(page.records) > left and len(set(page.keys())) > left

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
