"""A long list in memory that answers by keyset at once, to try how the work is shared."""

from __future__ import annotations

import threading
from bisect import bisect_right
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from support.lists import Parameters


class Keyed:
    """Records of nothing but ids, behind ``filter=id>N``, ``page`` and ``per_page``.

    Parameters
    ----------
    ids
        Ascending.
    before
        Called before each answer with its parameters, by the thread that asks; what it raises is the answer.
    """

    def __init__(
        self, ids: Sequence[int], before: Callable[[dict[str, str]], object] = lambda _: None
    ) -> None:
        self.ids = list(ids)
        self.before = before
        self.asked: list[dict[str, str]] = []
        self._lock = threading.Lock()

    def fetch(self, parameters: Parameters, *_: object) -> Any:
        """Answer as the HTTP client would."""
        asked = dict(parameters)
        with self._lock:
            self.asked.append(asked)
        self.before(asked)
        with self._lock:
            start = bisect_right(self.ids, last_of(asked))
            first = start + (int(asked["page"]) - 1) * int(asked["per_page"])
            found = self.ids[first : first + int(asked["per_page"])]
            return {
                "current_page": int(asked["page"]),
                "data": [{"id": id_} for id_ in found],
                "total": len(self.ids) - start,
            }


def last_of(asked: dict[str, str]) -> int:
    """Return the id that is asked to go on from."""
    return int(asked.get("filter", "id>0").removeprefix("id>"))
