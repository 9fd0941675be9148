"""The envelope of a paginated list: thirteen keys, with absolute URLs and HTML entities in labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .call import Call

_ALL = 13
"""Up to so many pages, every page has its link."""
_WINDOW = 7
"""Up to this page, the first ten have theirs."""


@dataclass(frozen=True)
class Page:
    """Where a page stands in its list."""

    number: int
    per_page: int
    total: int

    @property
    def last(self) -> int:
        """The last page's number; 1 for an empty list."""
        return max(1, -(-self.total // self.per_page))


def envelope(page: Page, data: list[Any], call: Call) -> dict[str, Any]:
    """Return the answer of a list: *data* is the page's rows."""
    faults = call.faults
    first = (page.number - 1) * page.per_page + 1 if data else None
    last = first + len(data) - 1 if first is not None else None
    if not data and faults.empty_as_one:
        first, last, page = 1, 1, Page(page.number, page.per_page, 1)

    before_number = _url(call)

    def url(number: int | None) -> str | None:
        return None if number is None or before_number is None else f"{before_number}{number}"

    following = page.number + 1 if page.number < page.last else None
    previous = page.number - 1 if page.number > 1 else None
    body: dict[str, Any] = {
        "current_page": page.number,
        "data": data,
        "first_page_url": url(1),
        "from": first,
        "last_page": page.last,
        "last_page_url": url(page.last),
        "links": _links(page, url, previous, following, as_text=faults.active_as_text),
        "next_page_url": url(following),
        "path": call.path,
        "per_page": page.per_page,
        "prev_page_url": url(previous),
        "to": last,
        "total": page.total,
    }
    if faults.queries_log:
        body["queries_log"] = [
            {"query": "select * from `stand_in` where `id` > ?", "bindings": [1], "time": 0.4}
        ]
    return body


def _url(call: Call) -> str | None:
    """Return the URL of a page up to its number, which comes last; None where pages have none."""
    style, path = call.faults.next_page_url, call.path
    if style == "missing":
        return None
    if style == "page_only":
        return f"{path}?page="
    target = {"relative": "/" + path.split("/", 3)[3], "other_host": call.other}.get(style, path)
    return f"{target}?{call.query.encoded(page='')}"


def _links(
    page: Page, url: Any, previous: int | None, following: int | None, *, as_text: bool
) -> list[dict[str, Any]]:
    def link(label: str, number: int | None, *, active: bool = False) -> dict[str, Any]:
        return {
            "url": url(number),
            "label": label,
            "active": ("true" if active else "false") if as_text else active,
        }

    middle = [
        link("...", None) if number is None else link(str(number), number, active=number == page.number)
        for number in _shown(page.number, page.last)
    ]
    return [link("&laquo; Previous", previous), *middle, link("Next &raquo;", following)]


def _shown(current: int, last: int) -> list[int | None]:
    """Return the page numbers that have a link; None stands for dots."""
    if last <= _ALL:
        return list(range(1, last + 1))
    if current <= _WINDOW:
        return [*range(1, 11), None, last - 1, last]
    if current > last - _WINDOW:
        return [1, 2, None, *range(last - 9, last + 1)]
    return [1, 2, None, *range(current - 3, current + 4), None, last - 1, last]
