"""The id space of a list, cut into ranges that several workers walk at the same time.

Any cut is a right one: a record belongs to exactly one range by its id. Where the cuts lie only decides
how evenly the work is shared, so they are read once and never corrected.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from classy_nb.query import MOST_PER_PAGE

if TYPE_CHECKING:
    from collections.abc import Sequence

PAGE = MOST_PER_PAGE
WORTH_SHARING = 5 * PAGE
"""Records left in a range from which on an idle worker takes over its second half."""
_MOST_FAILED = 5
"""So many cuts in a row without a usable answer, and no more are tried."""


@dataclass(eq=False)
class Range:
    """Records with ids above ``start`` up to ``end`` (None: to the list's end)."""

    start: int
    last: int
    """Largest id fetched."""
    end: int | None
    position: int
    """Records of the whole list up to ``last``, as far as known."""
    end_position: int
    done: bool = False
    being_cut: bool = False

    @property
    def left(self) -> int:
        """Records still to come, as far as known."""
        return 0 if self.done else self.end_position - self.position


class Ranges:
    """All ranges of one list, in order of ids; shared by the workers.

    Parameters
    ----------
    first
        The range that begins with the list.
    cuts
        Positions at which to cut, ascending.
    open_at_most
        How many unfinished ranges there may be: bounds what has to be kept to restore the order.
    """

    def __init__(self, first: Range, cuts: Sequence[int], open_at_most: int) -> None:
        self._ranges = [first]
        self._untaken: Range | None = first
        self._cuts = deque(cuts)
        self._cutting: dict[int, Range] = {}
        self._failed = 0
        self._open_at_most = open_at_most
        self._changed = threading.Condition()
        self.closed = False
        self.last = first.last
        """Largest id fetched, of all ranges."""

    def close(self) -> None:
        """Let all workers go."""
        with self._changed:
            self.closed = True
            self._changed.notify_all()

    def take(self) -> Range | int | None:
        """Return a range to walk, or a position to cut at; None when there is nothing left to do.

        Waits while nothing can be shared but others are still at work.
        """
        with self._changed:
            while not self.closed:
                if self._untaken is not None:
                    taken, self._untaken = self._untaken, None
                    return taken
                self._drop_finished()
                if not self._ranges:
                    return None
                if (position := self._position()) is not None:
                    return position
                self._changed.wait()
            return None

    def _position(self) -> int | None:
        """Return where to cut next; None where that is not worth it now."""
        if self._failed >= _MOST_FAILED:
            return None
        if self._cuts:
            return self._cuts.popleft() if len(self._ranges) < self._open_at_most else None
        largest = self._largest()
        if largest is None:
            return None
        largest.being_cut = True
        position = largest.position + largest.left // 2
        self._cutting[position] = largest
        return position

    def _drop_finished(self) -> None:
        while self._ranges and self._ranges[0].done:
            del self._ranges[0]

    def _largest(self) -> Range | None:
        shareable = [r for r in self._ranges if not r.done and not r.being_cut]
        largest = max(shareable, key=lambda r: r.left, default=None)
        return largest if largest is not None and largest.left >= WORTH_SHARING else None

    def cut(self, position: int, boundary: int | None) -> Range | None:
        """Cut at the id *boundary* and return the new range; None where that part is done already."""
        with self._changed:
            # Rows that came or went may have moved the cut into another range than it was meant for.
            if (meant := self._cutting.pop(position, None)) is not None:
                meant.being_cut = False
            self._changed.notify_all()  # whatever comes of it, whoever waits may look for something else
            for index, found in enumerate(self._ranges):
                if boundary is None or found.done or boundary <= found.last:
                    continue
                if found.end is None or boundary < found.end:
                    new = Range(boundary, boundary, found.end, position, found.end_position)
                    found.end, found.end_position = boundary, position
                    self._ranges.insert(index + 1, new)
                    self._failed = 0
                    return new
            # Where the range has got past the cut meanwhile, the answer only came too late.
            there = next((found for found in self._ranges if position <= found.end_position), None)
            self._failed += there is not None and there.position < position
            return None

    def accept(
        self, found: Range, ids: Sequence[int], records: Sequence[Any], *, is_last: bool
    ) -> Sequence[Any]:
        """Note that *records* of a range have come; return those that belong to it."""
        with self._changed:
            if found.end is not None and ids and ids[-1] >= found.end:
                records = [r for i, r in zip(ids, records, strict=True) if i <= found.end]
                found.last, is_last = found.end, True
            elif ids:
                found.last = ids[-1]
            self.last = max(self.last, found.last)
            found.position += len(records)
            if is_last:
                found.done = True
            self._changed.notify_all()
            return records
