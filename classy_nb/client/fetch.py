"""From a query to a table, a frame or a record: the one place that paginates, builds and checks.

In come queries, from resources and from ``classy.get``; out go Arrow tables for files, pandas frames for
notebooks and JSON for single records. What arrives is held against the question: filters and sorts that the
API ignored are noticed here, and so are errors that come with status 200.
"""

from __future__ import annotations

import json
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from classy_nb import __version__
from classy_nb.catalog import flat_names
from classy_nb.decoding import Repairs
from classy_nb.errors import DataWarning, InterruptedFetchError, UnexpectedAnswerError, warn
from classy_nb.frames import (
    ABOUT,
    GROUP_ROWS,
    TableBuilder,
    computes_with_arrow,
    fewer_collections,
    json_kind,
    stream,
    to_arrow,
    to_frame,
)
from classy_nb.http import MOST_AT_ONCE, kind_of, message_of, words_of
from classy_nb.pagination import DailyPaginator, Paginator, refuse_foreign_page
from classy_nb.progress import Progress
from classy_nb.redact import clear_tracebacks, safe_path

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Sequence

    import pandas as pd
    import pyarrow as pa

    from classy_nb.frames import Backend
    from classy_nb.http import Cancel, HttpClient
    from classy_nb.pagination import Fetch, Part
    from classy_nb.progress import Watcher
    from classy_nb.query import Condition, Query

    Sort = Sequence[tuple[str, bool]]
    """Columns, and whether descending."""

BATCH_ROWS = 10_000
RANGE_ROWS = 2_500
"""Rows of an id range where rows must leave in order: small enough to keep a few ranges in memory."""
RANGE_ROWS_OF_MANY = 625
"""The same where the number of workers finds itself, for it may become so large that many ranges are kept."""
ROWS_IN_GROUPS = 12_800
"""Rows of all ranges together that may wait to be converted: they are converted in one go at the end, when
nothing else is left to do."""


class Fetcher:
    """Fetches queries through one HTTP client, with some workers, into tables and frames of one time zone.

    Where the HTTP client finds the number of workers, they are None here.
    """

    def __init__(
        self, http: HttpClient, timezone: str, workers: int | None = 1, *, fiscal_year_start: int = 1
    ) -> None:
        self._http = http
        self._workers = workers
        self._fiscal_year_start = fiscal_year_start
        self.timezone = timezone

    # Single records

    def json(self, query: Query) -> Any:
        """Return the JSON of an object; None for an answer without content.

        Raises
        ------
        UnexpectedAnswerError
            It is an error, although its status is 200; or it answers another request.
        """
        repairs = Repairs()
        body = self._http.get(
            query.path, query.parameters, member_only=query.endpoint.member_only, repairs=repairs
        )
        _warn_of_repairs(repairs, query)
        _refuse_disguised_error(body, query)
        _refuse_another_record(body, query)
        refuse_foreign_page(body, query.path, query.parameters)
        if isinstance(body, dict):
            body.pop("queries_log", None)  # a leftover of the server's, which may hold SQL
        return body

    def record(self, query: Query) -> dict[str, Any]:
        """Return the JSON of a record; empty for an answer without content.

        Raises
        ------
        UnexpectedAnswerError
            It is not a record.
        """
        body = self.json(query)
        if body is None or isinstance(body, dict):
            return body or {}
        what = f"The API answered {kind_of(body)} where one record was asked for."
        raise UnexpectedAnswerError(what, method="GET", path=safe_path(query.path), status=200)

    # Whole lists

    def paginate(
        self,
        query: Query,
        progress: Progress | None = None,
        *,
        after: int | None = None,
        repairs: Repairs | None = None,
    ) -> Paginator | DailyPaginator:
        """Return what fetches a list (after an id); while it waits, it keeps *progress* up to date."""

        def fetch_of(query: Query) -> Fetch:
            def fetch(parameters: Sequence[tuple[str, str]], retry_timeouts: bool, cancel: Cancel) -> Any:  # noqa: FBT001
                return self._http.get(
                    query.path,
                    parameters,
                    member_only=query.endpoint.member_only,
                    retry_timeouts=retry_timeouts,
                    cancel=cancel,
                    repairs=repairs,
                )

            return fetch

        def show() -> None:
            if progress is not None:
                self._show(paginator, progress)

        workers = self._workers or self._http.concurrency or 1
        paginator: Paginator | DailyPaginator
        if query.parts:
            paginator = DailyPaginator(query, fetch_of, workers=workers, on_wait=show)
        else:
            paginator = Paginator(query, fetch_of(query), workers=workers, after=after, on_wait=show)
        return paginator

    def frame(
        self, query: Query, backend: Backend, *, progress: bool | Watcher | None = None
    ) -> pd.DataFrame:
        """Return a list as one frame, in the order asked for."""
        return to_frame(self.table(query, progress=progress), dtype_backend=backend)

    def table(self, query: Query, *, progress: bool | Watcher | None = None) -> pa.Table:
        """Return a list as one table, in the order asked for."""
        if query.parts and query.sort and query.limit is not None:
            # No request sorts more than one day: the first rows are known once all have come.
            return self._whole_list(replace(query, limit=None), progress=progress).slice(0, query.limit)
        table = self._whole_list(query, progress=progress)
        if query.limit is not None and _warn_where_unsorted(table, query.sort):
            # The first rows in another order are other rows: sort all of them here, then take the first.
            table = self._whole_list(replace(query, limit=None), progress=progress).slice(0, query.limit)
        return table

    def _whole_list(self, query: Query, *, progress: bool | Watcher | None) -> pa.Table:
        line = Progress(label_of(query), wanted=progress)
        repairs = Repairs()
        paginator = self.paginate(query, line, repairs=repairs)
        ranges: dict[int, TableBuilder] = {}
        with (
            fewer_collections(),
            _explained_interrupts(paginator),
            closing(self._parts(paginator, line)) as parts,
        ):
            for part in parts:
                if part.start not in ranges:
                    ranges[part.start] = self._builder(query)
                builder = ranges[part.start]
                builder.add(part.records)
                if part.finished:
                    builder.convert()  # now, while other ranges are still on their way
            whole = self._builder(query)
            for start in sorted(ranges):
                whole.extend(ranges.pop(start))
            table = self._checked_table(whole, query, paginator)
        _warn_of_repairs(repairs, query)
        if query.limit is None and (query.endpoint.kind == "list" or query.parts):
            table = _in_order(table, query.sort, query.endpoint.id)
        return table

    @clear_tracebacks
    def batches(
        self, query: Query, backend: Backend, rows: int, *, progress: bool | Watcher | None = None
    ) -> Iterator[pd.DataFrame]:
        """Yield a list as frames; see :meth:`tables`."""
        with closing(self.tables(query, rows, progress=progress)) as tables:
            for table in tables:
                frame = to_frame(table, dtype_backend=backend)
                frame.attrs["classy"]["batch"] = len(frame)
                yield frame

    def arrow(self, query: Query, *, progress: bool | Watcher | None = None) -> pa.Table:
        """Return a list as one Arrow table of plain types, in the order asked for."""
        return to_arrow(
            self.table(query, progress=progress), decimal=query.decimal, keep_misfits=query.keep_misfits
        )

    def stream(
        self, query: Query, rows: int, *, progress: bool | Watcher | None = None
    ) -> pa.RecordBatchReader:
        """Return a list as a stream of Arrow batches; see :meth:`tables`."""
        return stream(
            self.tables(query, rows, progress=progress),
            decimal=query.decimal,
            keep_misfits=query.keep_misfits,
        )

    def tables(
        self,
        query: Query,
        rows: int,
        *,
        progress: bool | Watcher | None = None,
        after: int | None = None,
    ) -> Generator[pa.Table, None, None]:
        """Yield a list as tables of about *rows* rows each, in order of id; at least one, maybe empty."""
        if query.sort:  # the first rows of a sorted list are known once all of them have come
            table = self.table(query, progress=progress)
            for start in range(0, max(len(table), 1), rows):
                yield table.slice(start, rows)
            return
        line = Progress(label_of(query), wanted=progress)
        repairs = Repairs()
        paginator = self.paginate(query, line, after=after, repairs=repairs)
        ready, yielded = self._builder(query), False
        most = RANGE_ROWS if self._workers else RANGE_ROWS_OF_MANY
        with (
            _explained_interrupts(paginator),
            closing(self._ranges_in_order(paginator, line, query, min(rows, most))) as builders,
        ):
            for builder, at_once in builders:
                ready.extend(builder)
                if ready.rows >= rows:
                    table = _in_order(self._checked_table(ready, query, paginator), (), query.endpoint.id)
                    # Pieces of what comes in order would leave a small one in the middle.
                    size = rows if at_once else len(table)
                    yield from (table.slice(start, size) for start in range(0, len(table), size))
                    yielded = True
            _warn_of_repairs(repairs, query)  # before the last table: nothing may ask for what follows it
            if ready.rows or not yielded:
                yield _in_order(self._checked_table(ready, query, paginator), (), query.endpoint.id)

    def _ranges_in_order(
        self, paginator: Paginator | DailyPaginator, line: Progress, query: Query, rows: int
    ) -> Generator[tuple[TableBuilder, bool], None, None]:
        """Yield what the ranges hold, the first range first, each as soon as nothing can come before it.

        What was read by page number comes all at once, in any order, and the flag beside it says so.
        """
        ranges: dict[int, TableBuilder] = {}
        ends: dict[int, int | None] = {}
        head: int | None = None
        out_of_turn = False
        with closing(self._parts(paginator, line, rows)) as parts:
            for part in parts:
                if part.start not in ranges:
                    ranges[part.start] = self._builder(query)
                ranges[part.start].add(part.records)
                if part.out_of_turn:
                    out_of_turn = True  # read by page number: what belongs before it may come last
                    continue
                head = part.start if head is None else head
                if part.finished:
                    ends[part.start] = part.end
                while head in ends and (builder := ranges.pop(head, None)) is not None:
                    yield builder, False
                    head = ends.pop(head) or head
                if part.start == head and not part.finished and ranges[head].rows >= rows:
                    # Nothing comes before the first range: its rows can go already.
                    yield ranges.pop(head), False
        if out_of_turn:
            whole = self._builder(query)
            for start in sorted(ranges):
                whole.extend(ranges.pop(start))
            yield whole, True
        for start in sorted(ranges):
            yield ranges[start], False

    def _parts(
        self, paginator: Paginator | DailyPaginator, progress: Progress, rows_per_range: int | None = None
    ) -> Generator[Part, None, None]:
        """Yield the parts of a list, showing how far it has come."""
        complete = False
        try:
            with closing(paginator.parts(rows_per_range=rows_per_range)) as parts:
                for part in parts:
                    self._show(paginator, progress)
                    yield part
            complete = True
        finally:
            self._show(paginator, progress)
            progress.end(whole=complete)

    def _show(self, paginator: Paginator | DailyPaginator, progress: Progress) -> None:
        waiting = self._http.rate_limit.waiting()
        planned = paginator.planned if isinstance(paginator, DailyPaginator) else None
        progress.update(
            paginator.received,
            paginator.total,
            paginator.requests,
            waiting,
            paginator.silence,
            planned=planned,
        )

    def _builder(self, query: Query) -> TableBuilder:
        return TableBuilder(
            query.columns,
            timezone=self.timezone,
            label=query.endpoint.resource,
            group_rows=min(GROUP_ROWS, ROWS_IN_GROUPS // (self._workers or MOST_AT_ONCE)),
            keep_misfits=query.keep_misfits,
        )

    @computes_with_arrow
    def _checked_table(
        self, builder: TableBuilder, query: Query, paginator: Paginator | DailyPaginator
    ) -> pa.Table:
        """Return the table of all that was added, checked against the filters; it says what was asked."""
        table = builder.table()
        _warn_where_ignored(table, query.conditions)
        _warn_where_not_included(table, query.undocumented)
        about = {
            "resource": query.endpoint.resource,
            "path": safe_path(query.path),
            "asked": query.asked,
            "period": query.period,
            "limit": query.limit,
            "fetched_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "timezone": self.timezone,
            "requests": paginator.requests,
            "total": paginator.total,
            "fiscal_year_start": self._fiscal_year_start,
        }
        if query.flat:
            table = table.rename_columns(flat_names(table.column_names))
        return table.replace_schema_metadata({ABOUT: json.dumps(about)})

    def question(self, query: Query) -> dict[str, Any]:
        """Say what is asked, of whom and in which zone: an export resumes only where this is the same."""
        return {
            "version": __version__,
            "base_url": self._http.base_url,
            "timezone": self.timezone,
            "path": query.path,
            "parameters": query.parameters,
            "conditions": [str(condition) for condition in query.conditions],
            "sort": query.sort,
            "limit": query.limit,
            "period": query.period,
            "flat": query.flat,
            "decimal": query.decimal,
        }


def label_of(query: Query) -> str:
    """Return what a progress line calls the list: with the dates that a period in words came to."""
    resource = query.endpoint.resource
    return resource if query.period is None else f"{resource} ({query.period})"


@contextmanager
def _explained_interrupts(paginator: Paginator | DailyPaginator) -> Iterator[None]:
    """Say how far a fetch had come when the user stopped it."""
    try:
        yield
    except KeyboardInterrupt:
        of = "" if paginator.total is None else f" of {paginator.total:,}"
        what = f"Stopped: {paginator.received:,}{of} rows had come; nothing was kept."
        raise InterruptedFetchError(what) from None  # where in our code Ctrl-C fell tells nobody anything


# Answers held against the question


def _warn_of_repairs(repairs: Repairs, query: Query) -> None:
    """Warn of what was changed in responses that were not quite JSON: once for each fetch."""
    if message := repairs.message():
        warn(f"{query.endpoint.resource}: {message}", DataWarning)


def _refuse_disguised_error(body: Any, query: Query) -> None:
    """Raise where the answer for an object is an error under status 200.

    An error has nothing of the record that was asked for; somebody else's answer does not, either, such as
    the one of a sign-in. Where the catalog does not know the record, an error has words, and nothing but the
    keys that errors have.
    """
    if not isinstance(body, dict):
        return
    words = message_of({key: body[key] for key in ("error", "error_description", "errors") if key in body})
    said_to_fail = bool(words) or body.get("success") is False
    known = {column.name.partition(".")[0] for column in query.columns} - _KEYS_OF_ERRORS
    if known & set(body) or not (said_to_fail or (known and query.endpoint.kind == "object")):
        return
    if not known and not set(body) <= _KEYS_OF_ERRORS:
        return
    said = words_of(body, query.path)
    what = f"The API answered without data{f' and says {said!r}' if said else ''}."
    raise UnexpectedAnswerError(what, method="GET", path=safe_path(query.path), status=200)


def _refuse_another_record(body: Any, query: Query) -> None:
    """Raise where the answer for a record's id is another record, or nothing."""
    endpoint = query.endpoint
    if endpoint.key is None or endpoint.id is None:
        return
    if body is None:
        # What may be missing answers so (a page's moments); a record that is not there answers 404.
        what = "The API answered nothing where one record was asked for."
        raise UnexpectedAnswerError(what, method="GET", path=safe_path(query.path), status=204)
    if not isinstance(body, dict):
        return
    template = endpoint.path.split("/")
    asked = query.path.split("/")[template.index(f"{{{endpoint.key}}}")]
    came = body.get(endpoint.id)
    number = isinstance(came, int | float) or (isinstance(came, str) and came.isascii() and came.isdecimal())
    if asked.isdecimal() and number and asked.lstrip("0") != str(came).lstrip("0") and int(asked) != came:
        what = f"The API answered the record {came} where {asked} was asked for."
        raise UnexpectedAnswerError(what, method="GET", path=safe_path(query.path), status=200)


_KEYS_OF_ERRORS = frozenset(
    ("error", "error_description", "message", "errors", "success", "status", "code", "queries_log")
)


def _warn_where_not_included(table: pa.Table, undocumented: Sequence[str]) -> None:
    """Warn if no row has what an include asked for that the document does not list for this list."""
    for name in undocumented:
        cells = [table[column] for column in table.column_names if column.partition(".")[0] == name]
        if len(table) and all(column.null_count == len(table) for column in cells):
            warn(f"No row has {name!r}: the API seems to ignore include={name!r} here.", DataWarning)


@computes_with_arrow
def _in_order(table: pa.Table, sort: Sort, key: str | None) -> pa.Table:
    """Return the rows of a whole list sorted; ties in order of *key*, missing values lowest.

    That is what databases do, so the first rows are those that ``limit=`` asks the API for.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    names = table.column_names
    order = [*sort] if all(name in names for name, _ in sort) else []
    if key in names and not _is_sorted(table[key], descending=False):
        order.append((str(key), False))  # rows that were missing at first have come at the end
    if not order:
        return table
    indices = pa.array(range(len(table)), pa.int64())
    for name, descending in reversed(order):  # Arrow's sort is stable: the first column has the last word
        column = table[name].combine_chunks().take(indices)
        places = pc.array_sort_indices(
            column,
            order="descending" if descending else "ascending",
            null_placement="at_end" if descending else "at_start",
        )
        indices = indices.take(places)
    return table.take(indices)


@computes_with_arrow
def _warn_where_unsorted(table: pa.Table, sort: Sort) -> bool:
    """Warn if the API did not sort *table*, as far as that shows: text it sorts by rules of its own."""
    import pyarrow as pa

    if not sort or sort[0][0] not in table.column_names:
        return False
    name, descending = sort[0]
    column = table[name].drop_null()
    if pa.types.is_large_string(column.type) or _is_sorted(column, descending=descending):
        return False
    warn(
        f"The API seems to ignore sort={name!r}: the first rows would be others. All rows are fetched "
        "and sorted here.",
        DataWarning,
    )
    return True


def _is_sorted(column: pa.ChunkedArray, *, descending: bool) -> bool:
    import pyarrow.compute as pc

    if column.null_count:
        return False
    compare = pc.greater_equal if descending else pc.less_equal
    return pc.all(compare(column.slice(0, max(len(column) - 1, 0)), column.slice(1))).as_py() is not False


def _warn_where_ignored(table: pa.Table, conditions: Iterable[Condition]) -> None:
    """Warn for each condition that some rows of *table* do not satisfy; missing values pass."""
    for condition in conditions:
        name = condition.column.name
        if name not in table.column_names or json_kind(table.schema.field(name)) is not None:
            continue
        failed = _failing(table[name].drop_null(), condition)
        if failed:
            warn(
                f"{failed:,} of {len(table):,} rows do not satisfy '{name} {condition.operator} ...': "
                "the API seems to ignore this condition. Apply it in pandas, to the frame.",
                DataWarning,
            )


def _failing(column: pa.ChunkedArray, condition: Condition) -> int:
    """Return how many values do not satisfy a condition, as far as that can be told here."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind, value = condition.column.kind, condition.value
    if pa.types.is_decimal(column.type):
        column = column.cast(pa.float64())
    if kind in ("text", "last4"):
        if condition.operator != "=":
            return 0
        # The server's collation ignores case and trailing blanks. Columns hold few different texts, so
        # counting them first saves looking at each row.
        wanted_text = (value.zfill(_LAST_FOUR) if kind == "last4" else value).strip().casefold()
        counts = pc.value_counts(column).to_pylist()
        return sum(one["counts"] for one in counts if one["values"].strip().casefold() != wanted_text)
    wanted: Any
    if kind == "datetime":
        wanted = pa.scalar(datetime.strptime(value, "%Y-%m-%dT%H:%M:%S%z"), column.type)
    elif kind == "date":
        column = column.cast(pa.timestamp("us"))
        wanted = pa.scalar(datetime.fromisoformat(value), column.type)
    elif kind == "bool":
        column = column.cast(pa.int8())
        wanted = pa.scalar(int(value == "true"), column.type)
    elif kind == "int" and not -(2**63) <= int(value) < 2**63:
        wanted = pa.scalar(float(value))
    else:
        wanted = pa.scalar(float(value) if kind == "float" else int(value), column.type)
    operator = {
        "=": pc.equal,
        "!=": pc.not_equal,
        "<": pc.less,
        "<=": pc.less_equal,
        ">": pc.greater,
        ">=": pc.greater_equal,
    }[condition.operator]
    holds = operator(column, wanted)
    return int(len(holds) - pc.sum(holds).as_py()) if len(holds) else 0


_LAST_FOUR = 4
"""Digits to which tables pad the last digits of a card."""
