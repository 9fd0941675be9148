"""From a query to frames: one place that walks, builds and checks."""

from __future__ import annotations

import json
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from classy_nb import __version__
from classy_nb.errors import InterruptedFetchError, UnexpectedAnswerError
from classy_nb.frames import ABOUT, GROUP_ROWS, TableBuilder, fewer_collections, to_frame
from classy_nb.pagination import Paginator
from classy_nb.progress import Progress
from classy_nb.redact import clear_tracebacks, safe_path

from .disguise import disguised_error
from .order import in_order, warn_where_unsorted
from .verify import warn_where_ignored

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    import pandas as pd
    import pyarrow as pa

    from classy_nb.http import Cancel, HttpClient
    from classy_nb.pagination import Part
    from classy_nb.progress import Watcher
    from classy_nb.query import Query

Backend = Literal["numpy_nullable", "pyarrow"]
BATCH_ROWS = 10_000
RANGE_ROWS = 2_500
"""Rows of a range where order matters: small enough to keep a few of them in memory."""
ROWS_IN_GROUPS = 12_800
"""Rows of all workers' ranges that may become columns only when the last page has come."""


class Fetcher:
    """Fetches queries over one transport, with some workers, into frames of one time zone."""

    def __init__(self, http: HttpClient, timezone: str, workers: int = 1) -> None:
        self._http = http
        self._workers = workers
        self.timezone = timezone

    def json(self, query: Query) -> Any:
        """Return the JSON of an object; None for an answer without content.

        Raises
        ------
        UnexpectedAnswerError
            It is an error under status 200.
        """
        body = self._http.get(query.path, query.parameters, member_only=query.endpoint.member_only)
        error = disguised_error(body, query)
        if error is not None:
            del body  # a traceback may show what is left here
            raise error
        if isinstance(body, dict):
            body.pop("queries_log", None)  # a leftover of the server's, which may hold SQL
        return body

    def record(self, query: Query) -> dict[str, Any]:
        """Return the JSON of a record; empty for an answer without content.

        Raises
        ------
        UnexpectedAnswerError
            It is no record.
        """
        body = self.json(query)
        if body is None or isinstance(body, dict):
            return body or {}
        what = f"The API answered {type(body).__name__} where one record was asked for."
        del body  # as above
        raise UnexpectedAnswerError(what, method="GET", path=safe_path(query.path), status=200)

    def paginate(
        self, query: Query, progress: Progress | None = None, *, after: int | None = None
    ) -> Paginator:
        """Return what fetches a list (after an id); it keeps *progress* up to date while it waits."""

        def fetch(parameters: Sequence[tuple[str, str]], retry_timeouts: bool, cancel: Cancel) -> Any:  # noqa: FBT001
            return self._http.get(
                query.path,
                parameters,
                member_only=query.endpoint.member_only,
                retry_timeouts=retry_timeouts,
                cancel=cancel,
            )

        def show() -> None:
            if progress is not None:
                self._show(paginator, progress)

        paginator = Paginator(query, fetch, workers=self._workers, after=after, on_wait=show)
        return paginator

    def _show(self, paginator: Paginator, progress: Progress) -> None:
        waiting = self._http.rate_limit.waiting()
        progress.update(paginator.received, paginator.total, paginator.requests, waiting, paginator.silence)

    def _parts(
        self, paginator: Paginator, progress: Progress, rows_per_range: int | None = None
    ) -> Generator[Part, None, None]:
        """Yield the parts of a walk, showing how far it is."""
        whole = False
        try:
            with closing(paginator.parts(rows_per_range=rows_per_range)) as parts:
                for part in parts:
                    self._show(paginator, progress)
                    yield part
            whole = True
        finally:
            self._show(paginator, progress)
            progress.end(whole=whole)

    def frame(
        self, query: Query, backend: Backend, *, progress: bool | Watcher | None = None
    ) -> pd.DataFrame:
        """Return a list as one frame, in the order asked for."""
        return to_frame(self._table(query, progress=progress), dtype_backend=backend)

    def _table(self, query: Query, *, progress: bool | Watcher | None) -> pa.Table:
        """Return a list as one table, in the order asked for."""
        table = self._whole(query, progress=progress)
        if query.limit is not None and warn_where_unsorted(table, query.sort):
            # The first rows of another order are other rows.
            table = self._whole(replace(query, limit=None), progress=progress).slice(0, query.limit)
        return table

    def _whole(self, query: Query, *, progress: bool | Watcher | None) -> pa.Table:
        line = Progress(query.endpoint.resource, wanted=progress)
        paginator = self.paginate(query, line)
        ranges: dict[int, TableBuilder] = {}
        with (
            fewer_collections(),
            _telling_interrupts(paginator),
            closing(self._parts(paginator, line)) as parts,
        ):
            for part in parts:
                builder = self._builder_of(part.start, ranges, query)
                builder.add(part.records)
                if part.finished:
                    builder.convert()  # while other ranges are still on their way
            whole = self._builder(query)
            for start in sorted(ranges):
                whole.extend(ranges.pop(start))
            table = self._finished(whole, query, paginator)
        if query.limit is None and query.endpoint.kind == "list":
            table = in_order(table, query.sort, query.endpoint.id)
        return table

    @clear_tracebacks
    def batches(
        self,
        query: Query,
        backend: Backend,
        rows: int,
        *,
        progress: bool | Watcher | None = None,
    ) -> Iterator[pd.DataFrame]:
        """Yield a list as frames; see :meth:`tables`."""
        with closing(self.tables(query, rows, progress=progress)) as tables:
            for table in tables:
                yield to_frame(table, dtype_backend=backend)

    def tables(
        self,
        query: Query,
        rows: int,
        *,
        progress: bool | Watcher | None = None,
        after: int | None = None,
    ) -> Generator[pa.Table, None, None]:
        """Yield a list as tables of about *rows* rows each, in order of ids; at least one, maybe empty."""
        if query.sort:  # the first rows of a sorted list: known once all have come
            table = self._table(query, progress=progress)
            for start in range(0, max(len(table), 1), rows):
                yield table.slice(start, rows)
            return
        line = Progress(query.endpoint.resource, wanted=progress)
        paginator = self.paginate(query, line, after=after)
        ready, yielded = self._builder(query), False
        with (
            _telling_interrupts(paginator),
            closing(self._in_order(paginator, line, query, min(rows, RANGE_ROWS))) as builders,
        ):
            for builder in builders:
                ready.extend(builder)
                if ready.rows >= rows:
                    yield self._finished(ready, query, paginator)
                    yielded = True
            if ready.rows or not yielded:
                yield self._finished(ready, query, paginator)

    def _in_order(
        self, paginator: Paginator, line: Progress, query: Query, rows: int
    ) -> Generator[TableBuilder, None, None]:
        """Yield what ranges hold, the first range first, each as soon as it can be."""
        ranges: dict[int, TableBuilder] = {}
        ends: dict[int, int | None] = {}
        head: int | None = None
        with closing(self._parts(paginator, line, rows)) as parts:
            for part in parts:
                self._builder_of(part.start, ranges, query).add(part.records)
                if part.out_of_turn:
                    continue  # page numbers are walked from the last to the first: all of it is kept
                head = part.start if head is None else head
                if part.finished:
                    ends[part.start] = part.end
                while head in ends and (builder := ranges.pop(head, None)) is not None:
                    yield builder
                    head = ends.pop(head) or head
                if part.start == head and not part.finished and ranges[head].rows >= rows:
                    yield ranges.pop(head)  # what the first range has so far can go at once
        for start in sorted(ranges):
            yield ranges[start]

    def _builder_of(self, start: int, ranges: dict[int, TableBuilder], query: Query) -> TableBuilder:
        if start not in ranges:
            ranges[start] = self._builder(query)
        return ranges[start]

    def question(self, query: Query) -> dict[str, Any]:
        """Say what is asked, of whom and in which zone: equal questions have equal answers."""
        return {
            "version": __version__,
            "base_url": self._http.base_url,
            "timezone": self.timezone,
            "path": query.path,
            "parameters": query.parameters,
            "conditions": [str(condition) for condition in query.conditions],
            "sort": query.sort,
            "limit": query.limit,
        }

    def _finished(self, builder: TableBuilder, query: Query, paginator: Paginator) -> pa.Table:
        table = builder.table()
        warn_where_ignored(table, query.conditions)
        about = json.dumps(self._about(query, paginator))
        return table.replace_schema_metadata({ABOUT: about})

    def _builder(self, query: Query) -> TableBuilder:
        return TableBuilder(
            query.columns,
            timezone=self.timezone,
            label=query.endpoint.resource,
            group_rows=min(GROUP_ROWS, ROWS_IN_GROUPS // self._workers),
        )

    def _about(self, query: Query, paginator: Paginator) -> dict[str, Any]:
        asked = [("filter", str(condition)) for condition in query.conditions]
        asked += [("sort", f"{name}:desc" if down else name) for name, down in query.sort]
        return {
            "resource": query.endpoint.resource,
            "path": query.path,
            "asked": [f"{name}={value}" for name, value in (*query.parameters, *asked)],
            "fetched_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "requests": paginator.requests,
            "total": paginator.total,
        }


@contextmanager
def _telling_interrupts(paginator: Paginator) -> Iterator[None]:
    """Say how far a fetch had come when the user stopped it."""
    try:
        yield
    except KeyboardInterrupt:
        of = "" if paginator.total is None else f" of {paginator.total:,}"
        what = f"Stopped: {paginator.received:,}{of} rows had come; nothing was kept."
    else:
        return
    raise InterruptedFetchError(what) from None  # where the interrupt fell says nothing
