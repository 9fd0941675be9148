"""One resource as a notebook holds it: call it for a frame, ``.get`` one record, ``.count``, stream, export.

Keywords come in and become a query (``query``), which the connection's fetcher turns into a frame.
"""

from __future__ import annotations

import inspect
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Any, Literal, overload

from classy_nb.arguments import checked_flag
from classy_nb.catalog import (
    DescribedColumn,
    described_columns,
    example_call,
    flat_names,
    load,
    meanings,
    resource_meaning,
)
from classy_nb.errors import DeprecatedEndpointWarning, QueryWarning, warn
from classy_nb.frames import Backend, checked_backend
from classy_nb.progress import Progress, checked_progress
from classy_nb.query import check_batches, check_count, check_order_of_id, warn_of_conditions
from classy_nb.redact import clear_tracebacks

from .cards import resource_html, resource_text
from .fetch import BATCH_ROWS, Fetcher, label_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import pandas as pd
    import pyarrow as pa

    from classy_nb.catalog import ResourceSpec
    from classy_nb.progress import Watcher
    from classy_nb.query import Moment, Names, Query, QueryBuilder

    from .connection import Classy


class Resource:
    """A kind of record that the API offers. Call it to fetch a whole list as a DataFrame.

    The parameters are those of the call.

    Parameters
    ----------
    since, until : int, str, date or datetime, optional
        Half-open period on the business date (``purchased_at`` for transactions, otherwise
        ``created_at``). A year, ISO text, a date, a datetime or a Timestamp; without a time zone, it is
        in the connection's. Or a period in words: ``"last month"``, ``"this fiscal year"``,
        ``"last 30 days"``, ``"year to date"``, ``"Giving Tuesday 2025"``. As *since*, that is the whole
        period, unless *until* says where it ends (``since="last month", until="today"``); as *until*, it
        is included. What "today" is follows the connection's time zone, a fiscal year
        its ``fiscal_year_start``; ``frame.attrs["classy"]["period"]`` and the progress line say which dates
        the words came to. :func:`classy_nb.query.named_period` has all that works.
    by : str, optional
        Another date column for *since* and *until*, such as ``"updated_at"``.
    where : str or list of str, optional
        Conditions, all of which must hold: ``"status = success"``, ``"total_gross_amount >= 100"``. In a
        condition on an instant, a day means the whole day in the connection's time zone
        (``"purchased_at = 2026-01-28"``, ``"purchased_at <= 2026-01-31"``), and a month or a year means all
        of it; only ``!=`` cannot have one, because the API has no OR.
    fields : str or list of str, optional
        Only these columns, in this order; ``id`` is always added.
    include : str or list of str, optional
        Related records in the same row (the API's ``with``): ``include="supporter"`` adds
        ``supporter.*`` columns; lists (``include="items"``) are lists of dicts, which
        :func:`classy_nb.explode` takes apart. A list that a record has of its own (``questions`` of
        ``fundraising_pages``) is JSON text, and :func:`classy_nb.explode` reads that, too.
    aggregates : bool
        Add ``total_raised`` and similar totals (pages and teams).
    sort : str or list of str, optional
        ``"created_at:desc"``; by default, rows are in order of id. Ties are broken by id; missing values
        count as the lowest. Without *limit*, the frame is sorted once it is complete; with *limit*, the
        API sorts, and sorts text by its own rules.
    limit : int, optional
        Only the first rows: one request for up to 100, more page by page, and twice with *sort* (to be
        sure that nothing moved in the meantime). To get most of a list, fetching all of it is faster.
    flat : bool
        Names without dots, which need no quoting in ``frame.query`` and SQL: ``supporter_city`` instead of
        ``supporter.city``; two underscores where that is another column (``campaign__id`` beside
        ``campaign_id``). The keywords of the call keep the dots.
    accept_incomplete : bool
        If the API's total keeps counting records that it does not show, take the rows that two complete
        reads agree on, with a ``DataWarning``. Otherwise that is an ``IncompleteResultError``.
    dtype_backend : {"numpy_nullable", "pyarrow"}
        Family of the dtypes.
    progress : bool or callable, optional
        Show a line with rows, requests, rate and time left. None: only in a terminal or a notebook. A
        function is called a few times a second with the rows, the total (or None) and a note; an
        exception that it raises ends the fetch.
    **keywords
        The parent (``campaign=123``; the organization if there is none) and the endpoint's own
        parameters.

    Returns
    -------
    DataFrame
        One row per record, with the columns and dtypes of the catalog, even for zero rows: first those that
        people look at (id, business date, status, amounts, ...), then the vendor's order. Instants are in
        the connection's time zone, amounts in the currency given in the row.
        ``frame.attrs["classy"]`` records the request.

    Raises
    ------
    UsageError
        The API does not know one of the keywords or values; nothing was sent.
    IncompleteResultError
        Fewer rows arrived than the API promised.
    ClassyError
        Anything else went wrong.

    Notes
    -----
    Nothing is filtered silently: lists include test, failed and refunded gifts, deleted pages and
    inactive designations.
    """

    def __init__(self, spec: ResourceSpec, connection: Classy) -> None:
        self._spec = spec
        self._connection = connection
        self.__signature__ = _signature(spec)
        self.__doc__ = _documentation(spec.name)

    @property
    def _queries(self) -> QueryBuilder:
        return self._connection._require_session().queries  # noqa: SLF001 - a resource is part of its connection

    @property
    def _fetcher(self) -> Fetcher:
        return self._connection._require_session().fetcher  # noqa: SLF001

    @property
    def name(self) -> str:
        """The resource's name, an attribute of the connection."""
        return self._spec.name

    @property
    @clear_tracebacks
    def columns(self) -> pd.DataFrame:
        """The columns of its frames.

        Returns
        -------
        DataFrame, one row per column
            ``column``, ``dtype``, ``nullable``, ``values`` (a tuple of the texts that the vendor's document
            lists; others may occur), ``meaning`` (what the name does not say; empty where we have no
            words for it) and ``joins_to`` (the resource and column that an id leads to, such as
            ``campaigns.id``; empty for the others). Where the lists of different parents differ, these are
            the columns of the first list; those that ``include=`` and ``aggregates=`` add are left out.
        """
        from .finding import ReadableTable

        endpoint = (self._spec.lists or self._spec.objects)[0]
        catalog, timezone = self._queries.catalog, self._queries.timezone
        return ReadableTable(described_columns(catalog, endpoint, timezone), columns=DescribedColumn._fields)

    @clear_tracebacks
    def __call__(
        self,
        *,
        since: Moment | None = None,
        until: Moment | None = None,
        by: str | None = None,
        where: Names = None,
        fields: Names = None,
        include: Names = None,
        aggregates: bool = False,
        sort: Names = None,
        limit: int | None = None,
        flat: bool = False,
        accept_incomplete: bool = False,
        dtype_backend: Backend = "numpy_nullable",
        progress: bool | Watcher | None = None,
        **keywords: object,
    ) -> pd.DataFrame:
        """Fetch a whole list as a DataFrame; see the class for the keywords."""
        query = self._list(
            since=since,
            until=until,
            by=by,
            where=where,
            fields=fields,
            include=include,
            aggregates=aggregates,
            sort=sort,
            limit=limit,
            flat=flat,
            accept_incomplete=accept_incomplete,
            **keywords,
        )
        return self._fetcher.frame(query, checked_backend(dtype_backend), progress=checked_progress(progress))

    @clear_tracebacks
    def get(
        self,
        id: object = None,  # noqa: A002 - the word users know
        *,
        fields: Names = None,
        include: Names = None,
        aggregates: bool = False,
        flat: bool = False,
        **keywords: object,
    ) -> pd.Series[Any]:
        """Fetch one record.

        Parameters
        ----------
        id
            The record's id (``classy.transactions.get(8734)``). Leave it out if the record is found by
            its parent (``classy.overviews.get(campaign=123)``) or by the organization.
        fields, include, aggregates, flat, **keywords
            As for the list.

        Returns
        -------
        Series
            One value per column, typed as in a frame (the Series has dtype object); missing values are
            ``pandas.NA``. An empty response gives a Series of missing values.

        Raises
        ------
        NotFoundError
            The record does not exist, or the application cannot see it.
        ClassyError
            Anything else went wrong.
        """
        from classy_nb.frames import to_series

        checked_flag("flat", flat)
        query = self._queries.for_record(
            self._spec, id, fields=fields, include=include, aggregates=aggregates, **keywords
        )
        self._warn(query)
        record = self._fetcher.record(query)
        series = to_series(
            record, query.columns, timezone=self._fetcher.timezone, name=_name(self._spec.name, record)
        )
        return series.set_axis(flat_names(series.index)) if flat else series

    @clear_tracebacks
    def count(
        self,
        *,
        since: Moment | None = None,
        until: Moment | None = None,
        by: str | None = None,
        where: Names = None,
        progress: Watcher | None = None,
        **keywords: object,
    ) -> int:
        """Return the number of matching records, as the API counts them, with one request.

        *progress* is called while the request has to wait or be repeated; an exception that it raises ends
        the request.

        Raises
        ------
        UsageError
            ``limit=``, ``sort=``, ``fields=`` or ``accept_incomplete=``, which would not change the count,
            or something that the API does not know.
        """
        check_count(keywords)
        checked_progress(progress)
        query = self._list(since=since, until=until, by=by, where=where, **keywords)
        line = Progress(label_of(query), wanted=progress) if progress is not None else None
        return self._fetcher.paginate(query, line).count()

    @clear_tracebacks
    def to_arrow(
        self,
        *,
        decimal: bool = False,
        keep_misfits: bool = False,
        progress: bool | Watcher | None = None,
        **keywords: Any,
    ) -> pa.Table:
        """Fetch a whole list as an Arrow table: for polars, DuckDB, dlt, Spark and whatever else reads Arrow.

        Parameters
        ----------
        decimal
            Amounts of money as ``decimal128(18, 2)``, made of the digits that the API sends, so that sums are
            exact. Rates and percentages stay ``double``.
        keep_misfits
            Values that do not fit their columns are in a last column, ``_misfits``: the JSON text of an
            object, by the names of their columns; missing where all fit. Without it, they are missing, with a
            warning. Objects and lists in a column of text are among them.
        progress, **keywords
            As for the frame (``dtype_backend=`` apart, which is pandas' own).

        Returns
        -------
        pyarrow.Table
            One row per record, with the columns of the frame, even for zero rows: ids and counts ``int64``,
            money ``double`` or decimal, flags ``bool``, text ``large_string``, instants
            ``timestamp[us, zone]`` in the connection's time zone, days ``date32``, included lists
            ``list<struct>`` (dates in them are ISO text), values without a declared shape JSON text.

        Raises
        ------
        ClassyError
            As for the frame.

        Warns
        -----
        DataWarning
            With *decimal*, an amount with a fraction of a cent is rounded to cents (without a warning where
            that is the noise of the server's own floats, as in ``0.8200000000000001``); one of more than 16
            digits before the point becomes missing.
        """
        query = self._list(**keywords)
        if checked_flag("decimal", decimal):
            query = query.with_decimals()
        if checked_flag("keep_misfits", keep_misfits):
            query = query.keeping_misfits()
        return self._fetcher.arrow(query, progress=checked_progress(progress))

    @overload
    def batches(
        self, *, rows: int = ..., arrow: Literal[False] = ..., dtype_backend: Backend = ..., **keywords: Any
    ) -> Iterator[pd.DataFrame]: ...
    @overload
    def batches(
        self,
        *,
        rows: int = ...,
        arrow: Literal[True],
        decimal: bool = ...,
        keep_misfits: bool = ...,
        **keywords: Any,
    ) -> pa.RecordBatchReader: ...
    @clear_tracebacks
    def batches(
        self,
        *,
        rows: int = BATCH_ROWS,
        arrow: bool = False,
        decimal: bool = False,
        keep_misfits: bool = False,
        dtype_backend: Backend = "numpy_nullable",
        progress: bool | Watcher | None = None,
        **keywords: Any,
    ) -> Iterator[pd.DataFrame] | pa.RecordBatchReader:
        """Yield a list as frames of about *rows* rows each, in constant memory (see the notes).

        Parameters
        ----------
        rows
            Rows per batch, rounded up to whole pages.
        arrow
            Return a ``pyarrow.RecordBatchReader`` instead, which yields Arrow record batches, and which
            DuckDB (``from reader``), polars (``pl.DataFrame(reader)``), dlt and whatever knows
            ``__arrow_c_stream__`` read by themselves.
        decimal, keep_misfits
            With *arrow*: exact amounts, and values that do not fit their columns, as in :meth:`to_arrow`.
        dtype_backend, progress, **keywords
            As for the whole list, except ``sort=``: batches are in order of id.

        Yields
        ------
        DataFrame
            All with the same columns and dtypes (columns that the catalog does not know may differ);
            one empty frame if the list is empty. With *arrow*, record batches with the types of
            :meth:`to_arrow`, none if the list is empty (the reader has the schema all the same).

        Raises
        ------
        UsageError
            An argument is not valid; nothing was sent.
        UnexpectedAnswerError
            With *arrow*: later records have a key that the catalog does not know and that no record of the
            first batch had. The columns of a stream are fixed, and nothing is left out silently. (Such keys
            of the first batch are columns of JSON text.)

        Notes
        -----
        With *arrow*, the call itself fetches the first batch, whose columns are those of all.

        Rows are in order of id, within and across batches. A list whose records have no id comes in the API's
        order, and *sort* with *limit* in the order that it asks for.

        Memory stays constant for lists that can be fetched in order of id, as almost all can. Records
        without an id, a server that refuses the filter on it, and *sort* with *limit* leave only page
        numbers: then the whole list is collected before the first batch, because only as a whole can it be
        checked.
        """
        check_batches(rows, arrow=arrow, decimal=decimal, keep_misfits=keep_misfits)
        backend, progress = checked_backend(dtype_backend), checked_progress(progress)
        query = self._in_order_of_id(**keywords)
        if not checked_flag("arrow", arrow):
            return self._fetcher.batches(query, backend, rows, progress=progress)
        query = query.with_decimals() if decimal else query
        query = query.keeping_misfits() if keep_misfits else query
        return self._fetcher.stream(query, rows, progress=progress)

    @clear_tracebacks
    def to_csv(
        self,
        path: str | Path,
        *,
        excel: bool = False,
        neutralize: bool = True,
        progress: bool | Watcher | None = None,
        **keywords: Any,
    ) -> Path:
        """Fetch a list straight into a CSV file, in constant memory where :meth:`batches` has it.

        After a crash, an interrupt or a lost connection, the same call within a day picks up where the
        first one ended; until then, the rows that arrived are kept in a hidden folder beside the file. They
        are as they were when they arrived: a gift refunded since is not updated. A warning says so; to
        start over, delete the folder that it names. If the API now counts more records than had arrived (a
        gift has come to match ``where=`` since), they are dropped and everything is fetched again.

        Parameters
        ----------
        path
            The file, as in :func:`classy_nb.to_csv`; its rows are in order, as those of :meth:`batches`.
        excel, neutralize
            As in :func:`classy_nb.to_csv`.
        progress, **keywords
            As for :meth:`batches`.

        Returns
        -------
        Path
            The file that was written.

        Raises
        ------
        UsageError
            The name ends as files of another format do; nothing is fetched.
        ExportError
            The file cannot be written; nothing half-written is left, but for the rows that are kept to resume
            with: a note of the error says where.
        ClassyError
            The list cannot be fetched.

        Warns
        -----
        DataWarning
            Rows of an earlier call are used, which may have changed since; or they are dropped, and why.
        """
        from classy_nb.export import stream_csv

        tables, question, options = self._stream(progress=progress, **keywords)
        return stream_csv(tables, path, question, excel=excel, neutralize=neutralize, **options)

    @clear_tracebacks
    def to_parquet(
        self,
        path: str | Path,
        *,
        decimal: bool = False,
        progress: bool | Watcher | None = None,
        **keywords: Any,
    ) -> Path:
        """Fetch a list straight into a Parquet file (zstd), in constant memory where :meth:`batches` has it.

        Nested cells become JSON text. ``pd.read_parquet(path, dtype_backend="numpy_nullable")`` reads
        it back with the dtypes of a frame. After a crash, an interrupt or a lost connection, the same call
        picks up where the first one ended, as with :meth:`to_csv`.

        Parameters
        ----------
        path
            The file: ``.parquet``, ``.pq``, or any ending that promises no other format. It appears once it
            is complete, and replaces an older one only then. Its rows are in order, as those of
            :meth:`batches`.
        decimal
            Exact amounts (``DECIMAL(18, 2)``) instead of floats, as in :meth:`to_arrow`.
        progress, **keywords
            As for :meth:`batches`.

        Returns
        -------
        Path
            The file that was written.

        Raises
        ------
        UsageError
            The name ends as files of another format do; nothing is fetched.
        ExportError
            The file cannot be written; nothing half-written is left, but for the rows that are kept to resume
            with: a note of the error says where.
        ClassyError
            The list cannot be fetched.

        Warns
        -----
        DataWarning
            Rows of an earlier call are used, which may have changed since; or they are dropped, and why.
        """
        from classy_nb.export import stream_parquet

        tables, question, options = self._stream(decimal=decimal, progress=progress, **keywords)
        return stream_parquet(tables, path, question, **options)

    @clear_tracebacks
    def to_excel(self, path: str | Path, *, progress: bool | Watcher | None = None, **keywords: Any) -> Path:
        """Fetch a list straight into an Excel workbook, in constant memory where :meth:`batches` has it.

        The cells are those of :func:`classy_nb.to_excel`; the sheet has the resource's name, and the sheet
        "About" says what was asked. After a crash, an interrupt or a lost connection, the same call picks
        up where the first one ended, as with :meth:`to_csv`.

        Parameters
        ----------
        path
            The file, which must end in ``.xlsx``. It appears once it is complete, and replaces an older one
            only then. Its rows are in order, as those of :meth:`batches`.
        progress, **keywords
            As for :meth:`batches`.

        Returns
        -------
        Path
            The file that was written.

        Raises
        ------
        UsageError
            The name does not end in ``.xlsx``; nothing is fetched.
        ExportError
            The file cannot be written; nothing half-written is left, but for the rows that are kept to resume
            with: a note of the error says where.
        ClassyError
            The list cannot be fetched.

        Warns
        -----
        DataWarning
            As :func:`classy_nb.to_excel`, where something does not fit into Excel. Rows of an earlier call
            are used, which may have changed since; or they are dropped, and why.
        """
        from classy_nb.export import stream_excel

        tables, question, options = self._stream(progress=progress, **keywords)
        return stream_excel(tables, path, question, sheet=self.name, **options)

    def _stream(
        self, *, decimal: bool = False, progress: bool | Watcher | None, **keywords: Any
    ) -> tuple[Callable[[int | None], Iterator[pa.Table]], dict[str, Any], dict[str, Any]]:
        """Return what fetches the tables after an id, the question, and how to stream them."""
        query = self._in_order_of_id(**keywords)
        if checked_flag("decimal", decimal):
            query = query.with_decimals()
        watcher = progress if callable(checked_progress(progress)) else None
        line = Progress(label_of(query), wanted=watcher or False)

        def tables(after: int | None) -> Iterator[pa.Table]:
            return self._fetcher.tables(query, BATCH_ROWS, progress=progress, after=after)

        def count_until(last: int) -> int | None:
            return self._fetcher.paginate(query, line).count_until(last)

        options = {
            # Only a list in order of id can be resumed behind the last id that arrived.
            "resumable": query.endpoint.id is not None and query.limit is None,
            "count_until": count_until,
            "watcher": watcher,
        }
        return tables, self._fetcher.question(query), options

    def _in_order_of_id(self, **keywords: Any) -> Query:
        check_order_of_id(keywords)
        return self._list(**keywords)

    def _list(self, **keywords: Any) -> Query:
        query = self._queries.for_list(self._spec, **keywords)
        self._warn(query)
        return query

    def _warn(self, query: Query) -> None:
        if query.endpoint.deprecated:
            warn(f"{query.endpoint.path} is deprecated: the vendor may remove it.", DeprecatedEndpointWarning)
        for message in query.warnings:
            warn(message, QueryWarning)
        warn_of_conditions(query.conditions)

    def __reduce__(self) -> Any:
        return getattr, (self._connection, self.name)

    def __repr__(self) -> str:
        if self._connection._session is None:  # noqa: SLF001
            return f"{self.name}: {self._connection._not_logged_in()}"  # noqa: SLF001
        return resource_text(self._spec, self._queries)

    def _repr_html_(self) -> str:
        if self._connection._session is None:  # noqa: SLF001
            return f"<div>{escape(repr(self))}</div>"
        return resource_html(self._spec, self._queries)


def _signature(spec: ResourceSpec) -> inspect.Signature:
    """Build what Shift-Tab shows for one resource: the keywords of every list, then its own."""
    general = [p for p in inspect.signature(Resource.__call__).parameters.values() if p.name != "self"][:-1]
    names = {parameter.name for parameter in general}
    own = dict.fromkeys(key for e in spec.lists for key in (*e.parents, *(p.keyword for p in e.parameters)))
    extra = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None)
        for name in own
        if name not in names
    ]
    return inspect.Signature([*general, *extra])


@cache
def _documentation(name: str) -> str:
    """Return what Shift-Tab, ``?`` and ``help`` show of one resource: what it holds, and its columns."""
    catalog = load()
    spec = catalog.resources[name]
    endpoint = (spec.lists or spec.objects)[0]
    meaning = meanings(catalog, endpoint)
    width = max(map(len, meaning))
    columns = (
        f"{column.name:<{width}}  {column.kind:<8}  {meaning[column.name]}".rstrip()
        for column in catalog.columns(endpoint)
    )
    return "\n".join(
        (
            f"{resource_meaning(name)}.\n",
            f"{example_call(spec)}\n",
            "since, until, where, fields, include, sort, limit and the other keywords: help(cn.Resource).",
            ".columns has this as a frame, with dtypes, values and joins; find('refund') searches it.\n",
            "Columns",
            "-------",
            *columns,
        )
    )


def _name(resource: str, record: Any) -> str:
    own_id = record.get("id") if isinstance(record, dict) else None
    return resource if own_id is None else f"{resource} {own_id}"
