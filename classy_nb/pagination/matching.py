"""Whether a page is the answer to its request, by what it says of itself.

In come the JSON of a page and the request; out comes what contradicts the two, in words. ``page`` asks for
each page that it reads, and ``client.fetch`` for single answers.
"""

from __future__ import annotations

import html
import re
import unicodedata
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote

from classy_nb.catalog import load
from classy_nb.errors import UnexpectedAnswerError
from classy_nb.redact import safe_path

if TYPE_CHECKING:
    from collections.abc import Sequence


def refuse_foreign_page(body: Any, path: str, parameters: Sequence[tuple[str, str]]) -> None:
    """Raise where a page says that it answers another request than ``GET path?parameters``.

    Where processes or proxies mix up connections, an answer may belong to somebody else's request, and its
    records look like any others. A page that says nothing about its request is believed.

    Raises
    ------
    UnexpectedAnswerError
        It is another page, another list, another range of the list, or larger than what was asked for.
    """
    if what := contradiction(body, path, parameters) or possible_habit(body, parameters):
        raise UnexpectedAnswerError(what, method="GET", path=safe_path(path), status=200)


def contradiction(body: Any, path: str, parameters: Sequence[tuple[str, str]]) -> str:
    """Return what shows that a page is not the answer to its request; empty if nothing does."""
    if not _says_what_it_is(body):
        return ""
    asked = dict(parameters)
    number, came = whole_number(asked.get("page", 1)), whole_number(body["current_page"])
    filters = _filter_of(body)
    if None not in (number, came) and came not in (number, 1):
        return f"The API answered page {came} where page {number} was asked for."
    if _names_another_list(body.get("path"), path):
        return f"The API answered another list ({safe_path(str(body['path']))})."
    if filters is not None and not _same_conditions(asked.get("filter", ""), filters):
        return "The API answered another part of the list: its links have other conditions than the request."
    return ""


def possible_habit(body: Any, parameters: Sequence[tuple[str, str]]) -> str:
    """Return what makes a page look like another one, unless this server always answers so.

    Some ignore the number or the size of a page. If the same comes again, the page is believed: no position
    is taken from it without a look at its ids, and the total shows what is missing.
    """
    if not _says_what_it_is(body):
        return ""
    asked = dict(parameters)
    number, size = whole_number(asked.get("page", 1)), whole_number(asked.get("per_page"))
    came, per_page = whole_number(body["current_page"]), whole_number(body.get("per_page"))
    if came == 1 and number not in (None, 1):
        return f"The API answered page 1 where page {number} was asked for."
    if size is not None and per_page not in (None, _USUAL_SIZE) and size < min(per_page, len(body["data"])):
        return f"The API answered pages of {per_page} records where {size} were asked for."
    return ""


def repeats_conditions(body: Any, parameters: Sequence[tuple[str, str]]) -> bool | None:
    """Tell whether a page's links have conditions, as the request did; None where that says nothing.

    Not every list repeats its parameters in links. But one that does, does always: within one read, an answer
    without conditions beside others with them is another list.
    """
    if not dict(parameters).get("filter") or not _says_what_it_is(body) or _first_link(body) is None:
        return None
    return _filter_of(body) is not None


def is_out_of_order(ids: Sequence[int] | None, parameters: Sequence[tuple[str, str]]) -> bool:
    """Tell whether ids are not in the order that was asked for, which some lists ignore."""
    order = dict(parameters).get("sort")
    return ids is not None and order in ("id", "id:desc") and ids != sorted(ids, reverse=order != "id")


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
    """Return the ``filter`` in a page's links; None where they have none."""
    found = parse_qs((_first_link(body) or "").partition("?")[2]).get("filter")
    return None if found is None else found[-1]


def _first_link(body: dict[str, Any]) -> str | None:
    link = body.get("first_page_url") or body.get("last_page_url")
    return link if isinstance(link, str) else None


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


def whole_number(value: object) -> int | None:
    """Return an id or a count as a number: the API writes some of them as text."""
    if type(value) is int:  # almost always; a flag is an int to isinstance
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < EXACT:
        return int(value)
    if isinstance(value, str) and len(value) <= _MOST_DIGITS and value.isascii() and value.isdigit():
        return int(value)
    return None


EXACT = 2.0**53
_MOST_DIGITS = 30
