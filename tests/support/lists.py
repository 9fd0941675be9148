"""A list in memory that is filtered, sorted and paged as the API does it, or misbehaves as told to."""

import json
import math
import operator
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from classy_nb.errors import BadRequestError, NotFoundError, ServerError, TimedOutError
from support.server import Asked, Reply, ScriptedServer

Row = Any
Parameters = Sequence[tuple[str, str]]

OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<>": operator.ne,
    "!=": operator.ne,
    "=": operator.eq,
    "<": operator.lt,
    ">": operator.gt,
}


@dataclass
class Faults:
    """How the list misbehaves; by default it doesn't."""

    key_filter: str = "works"
    """``works``, ``ignored``, ``400`` or ``500``; of conditions on the id only."""
    filters: bool = True
    sort: str = "works"
    """``works``, ``ignored`` or ``400``."""
    paging: bool = True
    """Whether the page number is looked at."""
    most_per_page: int = 100
    beyond: int = 200
    """Status of pages beyond the last."""
    total: str | int = "right"
    """``right``, ``missing``, a number to claim, or ``+5`` for five too many."""
    shape: str = "paginator"
    """``paginator``, ``bare``, or ``one`` (an object as data, a record a page)."""
    lying_links: bool = False
    slow_above: int | None = None
    """Larger pages time out."""
    repeated_ids: bool = False
    """The first row of each page is there twice."""
    fail: dict[int, Exception] = field(default_factory=dict)
    """Errors to raise instead of the n-th answer (from 1)."""


class Listed:
    """Rows behind an endpoint.

    Parameters
    ----------
    rows
        In the order in which they come unsorted.
    before
        Called before each answer with its number (from 1) and the list itself: changes the rows.
    """

    def __init__(
        self,
        rows: Sequence[Row],
        faults: Faults | None = None,
        before: Callable[[int, "Listed"], object] | None = None,
    ) -> None:
        self.rows = list(rows)
        self.faults = faults or Faults()
        self.before = before
        self.asked: list[dict[str, str]] = []
        self._lock = threading.Lock()

    def fetch(self, parameters: Parameters, *_: object) -> Any:
        """Answer as the HTTP client would: JSON, or an error of the package."""
        with self._lock:
            asked = dict(parameters)
            assert len(asked) == len(list(parameters)), "a parameter twice: the last would win"
            self.asked.append(asked)
            number = len(self.asked)
            if self.before is not None:
                self.before(number, self)
            if number in self.faults.fail:
                raise self.faults.fail.pop(number)
            return json.loads(json.dumps(self._answer(asked)))

    def reply(self, asked: Asked) -> Reply:
        """Answer over HTTP."""
        try:
            return Reply(body=self.fetch([(k, v[-1]) for k, v in asked.query.items()]))
        except (BadRequestError, NotFoundError, ServerError) as error:
            return Reply(error.status or 400, {"error": error.what})

    def _answer(self, asked: dict[str, str]) -> Any:
        per_page = int(asked.get("per_page", 20))
        if self.faults.slow_above is not None and per_page > self.faults.slow_above:
            raise TimedOutError("The server did not answer in time.")
        rows = self._sorted(self._filtered(asked.get("filter", "")), asked.get("sort", ""))
        per_page = 1 if self.faults.shape == "one" else min(per_page, self.faults.most_per_page)
        page = int(asked.get("page", 1)) if self.faults.paging else 1
        last = max(1, math.ceil(len(rows) / per_page))
        if page > last and self.faults.beyond == 404:
            raise NotFoundError("The API has no such record.", status=404)
        if self.faults.shape == "bare":
            return rows
        shown = rows[(page - 1) * per_page : page * per_page]
        return self._envelope(shown, len(rows), page, last, per_page)

    def _envelope(self, shown: list[Row], total: int, page: int, last: int, per_page: int) -> dict[str, Any]:
        if self.faults.repeated_ids and shown:
            shown = [shown[0], *shown]
        links = {"next_page_url": None, "prev_page_url": None}
        if self.faults.lying_links:
            links = {"next_page_url": "https://evil.example.org/?page=2", "prev_page_url": "x"}
        body = {
            "current_page": page,
            "data": (shown[0] if shown else None) if self.faults.shape == "one" else shown,
            "last_page": last,
            "per_page": per_page,
            "total": total,
            "queries_log": [],
            **links,
        }
        claimed = self.faults.total
        if claimed == "missing":
            del body["total"], body["last_page"]
        elif isinstance(claimed, int):
            body["total"] = claimed
        elif claimed.startswith("+"):
            body["total"] = total + int(claimed)
        return body

    def _filtered(self, text: str) -> list[Row]:
        rows = list(self.rows)
        for condition in filter(None, text.split(",")):
            match = re.fullmatch(r"([\w.]+?)(<=|>=|<>|!=|=|<|>)(.*)", condition)
            assert match is not None, condition
            name, sign, value = match.groups()
            works = self.faults.key_filter if name == "id" else "works" if self.faults.filters else "ignored"
            if works in ("400", "500"):
                cls = BadRequestError if works == "400" else ServerError
                raise cls("The filter is beyond us.", status=int(works))
            if works == "works":
                compare, wanted = OPERATORS[sign], value_of(value)
                like = value_of if isinstance(wanted, int) else str
                rows = [row for row in rows if compare(like(row[name]), wanted)]
        return rows

    def _sorted(self, rows: list[Row], text: str) -> list[Row]:
        if text and self.faults.sort == "400":
            raise BadRequestError("The sort is beyond us.", status=400)
        if self.faults.sort == "ignored":
            return rows
        for part in reversed([p for p in text.split(",") if p]):
            name, _, way = part.partition(":")
            rows = sorted(rows, key=lambda row: value_of(row[name]), reverse=way == "desc")
        return rows


def value_of(cell: Any) -> Any:
    """Numbers compare as numbers, also where they are text."""
    if type(cell) is int:
        return cell
    text = str(cell)
    return int(text) if re.fullmatch(r"-?\d+", text) else text


def rows(number: int, first: int = 1, step: int = 3) -> list[dict[str, Any]]:
    """So many records, with gaps in their ids, every second one a success."""
    return [
        {"id": first + i * step, "status": "success" if i % 2 else "failed", "fees_amount": (i * 37) % 101}
        for i in range(number)
    ]


def serve(server: ScriptedServer, number: int, faults: Faults | None = None) -> Listed:
    """Let the scripted server answer with so many records, as a list does."""
    listed = Listed(rows(number), faults)
    server.handler = listed.reply
    return listed
