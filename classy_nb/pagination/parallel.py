"""The walk by key with several workers: latency is hidden, completeness stays.

Each worker walks a range of ids; all that a consumer sees is parts: records of one range, in order.
"""

from __future__ import annotations

import queue
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from classy_nb.errors import BadRequestError, UnexpectedAnswerError
from classy_nb.redact import safe_path

from .keyset import MOODS, KeyRefusedError, accept_page, next_page
from .ranges import PAGE, Range, Ranges
from .records import Records

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from classy_nb.http import Cancel

    from .page import Page
    from .requester import Asker

_PATIENCE = 0.8
"""Seconds after which threads are left to themselves: what they are still waiting for is dropped."""


@dataclass(frozen=True)
class Part:
    """Records of one range, in order of ids.

    ``start`` tells ranges apart and orders them; when the range is ``finished``, the next one in order
    starts at ``end`` (None: there is none). ``out_of_turn``: what belongs before it may still come.
    A part without records only says that the walk goes on.
    """

    start: int
    records: Sequence[Any]
    finished: bool = False
    end: int | None = None
    out_of_turn: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.records, Records):
            object.__setattr__(self, "records", Records(self.records))


class ParallelWalk:
    """Walks one list by key with several workers, after its first page.

    Parameters
    ----------
    asker
        Asks for pages.
    stop
        Set while the workers end, whatever the reason.
    workers
        How many at the same time.
    first
        Ids and records of the first page.
    total
        Records that the server promised.
    rows_per_range
        None: as many ranges as workers. Else ranges of about this many records, few of them open.
    """

    def __init__(
        self,
        asker: Asker,
        cancel: Cancel,
        *,
        workers: int,
        first: tuple[Sequence[int], Sequence[Any]],
        total: int,
        rows_per_range: int | None,
    ) -> None:
        self._asker = asker
        self._cancel = cancel
        ids, self._first = first
        begin = Range(ids[0] - 1, ids[-1], None, len(ids), total)
        left = -(-(total - len(ids)) // PAGE)
        pages = max(1, -(-left // workers))
        if rows_per_range is not None:
            pages = min(pages, max(1, rows_per_range // PAGE))
        cuts = range(len(ids) + pages * PAGE, total, pages * PAGE)
        self._ranges = Ranges(begin, cuts, workers if rows_per_range is None else 2 * workers)
        self._begin = begin
        self._workers = min(workers, len(cuts) + 1)
        # A parsed page takes 2 MB, which counts where memory is to stay constant; else nobody should wait.
        most = 2 * workers if rows_per_range is None else max(2, workers // 2)
        self._parts: queue.Queue[Part | BaseException] = queue.Queue(most)
        self._key_works = threading.Event()
        self._closed = threading.Event()
        self.received = 0

    @property
    def last(self) -> int:
        """Largest id fetched."""
        return self._ranges.last

    def parts(self) -> Iterator[Part]:
        """Yield all parts as they come; the order of ranges is the consumer's business.

        Raises
        ------
        KeyRefusedError
            The server refuses the key; nothing but the first page was yielded.
        ClassyError
            A request failed.
        """
        threads = [
            threading.Thread(target=self._work, name=f"classy_nb-{n}", daemon=True)
            for n in range(self._workers)
        ]
        try:
            self.received = len(self._first)
            yield Part(self._begin.start, self._first)
            for thread in threads:
                thread.start()
            yield from self._received(threads)
        finally:
            self._closed.set()
            self._cancel.set()
            self._ranges.close()
            self._key_works.set()
            end_threads([t for t in threads if t.ident is not None])
            self._cancel.clear()  # the list may go on without workers

    def _received(self, threads: Sequence[threading.Thread]) -> Iterator[Part]:
        while True:
            at_work = any(thread.is_alive() for thread in threads)
            try:
                part = self._parts.get(timeout=0.05)
            except queue.Empty:
                if not at_work:
                    return
                if self._cancel.tick is not None:
                    self._cancel.tick()
                continue
            if isinstance(part, BaseException):
                raise part
            self.received += len(part.records)
            yield part

    def _work(self) -> None:
        try:
            while (task := self._ranges.take()) is not None:
                found = task if isinstance(task, Range) else self._cut(task)
                if found is not None:
                    self._walk(found)
        except BaseException as error:  # noqa: BLE001 - raised again by whoever consumes the parts
            self._put(error)
            self._ranges.close()

    def _cut(self, position: int) -> Range | None:
        try:
            page = self._asker.one_at(position - 1)
        except (BadRequestError, *MOODS):
            self._cancel.check()
            page = None  # without this cut the work is shared less evenly, nothing else
        ids = page.ids() if page is not None else None
        return self._ranges.cut(position, ids[0] if ids else None)

    def _walk(self, found: Range) -> None:
        if found is not self._begin:
            self._key_works.wait()
        while not found.done and not self._closed.is_set():
            page, ids, records = self._page(found.last)
            records = Records(self._ranges.accept(found, ids, records, is_last=page.ends_the_list))
            self._key_works.set()
            self._put(Part(found.start, records, found.done, found.end))

    def _page(self, last: int) -> tuple[Page, Sequence[int], Sequence[Any]]:
        proven = self._key_works.is_set()
        page = next_page(self._asker, last, proven=proven)
        try:
            return page, *accept_page(page, last)
        except KeyRefusedError:
            if not proven:
                raise
            # Other ranges have come already: to begin anew by page number would repeat their records.
            what = "The API answered records out of order, in the middle of a list."
        raise UnexpectedAnswerError(what, method="GET", path=safe_path(self._asker.query.path))

    def _put(self, part: Part | BaseException) -> None:
        while not self._closed.is_set():
            try:
                self._parts.put(part, timeout=0.1)
            except queue.Full:
                continue
            return


def end_threads(threads: Sequence[threading.Thread]) -> None:
    """Wait for the threads, less than a second in all; those that are left drop what they are waiting for."""
    deadline = time.monotonic() + _PATIENCE
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
