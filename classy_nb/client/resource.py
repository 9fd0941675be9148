"""One resource in a notebook: call it for a frame, ``.get`` one record, ``.count``, stream, export."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from classy_nb.errors import DeprecatedEndpointWarning, QueryWarning, UsageError, warn
from classy_nb.progress import Progress
from classy_nb.redact import clear_tracebacks

from .cards import resource_html, resource_text
from .fetch import BATCH_ROWS, Backend, Fetcher
from .files import Files, watchable
from .signature import signature_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from classy_nb.catalog import ResourceSpec
    from classy_nb.progress import Watcher
    from classy_nb.query.builder import Names, Query, QueryBuilder
    from classy_nb.query.dates import Moment

    from .connection import Classy


class Resource(Files):
    """A kind of record that the API offers. Call it to fetch a whole list as a DataFrame.

    Parameters of the call
    ----------------------
    since, until : int, str, date or datetime, optional
        Half-open period on the business date (``purchased_at`` for transactions, else
        ``created_at``). A year, ISO text, a date, a datetime or a Timestamp; without a time zone it
        is in the connection's.
    by : str, optional
        Another date column for *since* and *until*, such as ``"updated_at"``.
    where : str or list of str, optional
        Conditions that must all hold: ``"status = success"``, ``"total_gross_amount >= 100"``. A day
        in a condition on an instant is its first moment: *until* says "before" more clearly than ``<=``.
    fields : str or list of str, optional
        Only these columns; ``id`` is always added.
    include : str or list of str, optional
        Related records in the same row (the API's ``with``): ``include="supporter"`` adds
        ``supporter.*`` columns, lists stay lists (see :func:`classy_nb.explode`).
    aggregates : bool
        Add ``total_raised`` and the like (pages and teams).
    sort : str or list of str, optional
        ``"created_at:desc"``; by default rows come in order of their id. Rows that tie are in order of
        their ids; missing values count as the lowest. Without *limit* the frame is sorted after it is
        complete; with it the API sorts, text by rules of its own.
    limit : int, optional
        Only the first rows: up to 100 with one request, more page after page, with *sort* twice (to be
        sure that nothing moved meanwhile). Large parts of a list come faster as the whole list.
    dtype_backend : {"numpy_nullable", "pyarrow"}
        Family of the dtypes.
    progress : bool or callable, optional
        Show a line with rows, requests, rate and time left. None: in a terminal and in a notebook only. A
        function is called with rows, total (or None) and a note a few times a second; what it raises ends
        the fetch.
    **keywords
        The parent (``campaign=123``; none means the organization) and the endpoint's own
        parameters.

    Returns
    -------
    DataFrame
        One row a record, columns and dtypes as the catalog says, also for no rows. Instants are in
        the connection's time zone, amounts in the currency that stands beside them.
        ``frame.attrs["classy"]`` tells what was asked.

    Raises
    ------
    UsageError
        The API does not know what was asked for; nothing was sent.
    IncompleteResultError
        Fewer rows arrived than the API promised.
    ClassyError
        Anything else went wrong.

    Notes
    -----
    Nothing is filtered silently: lists hold test, failed and refunded gifts, deleted pages and
    inactive designations as well.
    """

    def __init__(self, kind: ResourceSpec, connection: Classy) -> None:
        self._kind = kind
        self._connection = connection
        self.__signature__ = signature_of(kind, Resource.__call__)

    @property
    def _queries(self) -> QueryBuilder:
        return self._connection._require_session().queries  # noqa: SLF001 - a resource is part of its connection

    @property
    def _fetcher(self) -> Fetcher:
        return self._connection._require_session().fetcher  # noqa: SLF001

    @property
    def name(self) -> str:
        """The resource's name, an attribute of the connection."""
        return self._kind.name

    @property
    @clear_tracebacks
    def columns(self) -> pd.DataFrame:
        """The columns of its frames.

        Returns
        -------
        DataFrame, one row a column
            ``column``, ``dtype``, ``nullable``, ``values`` (the texts that the vendor's document
            names, as a tuple; others may come); of the first list where lists of several parents
            differ. Columns that ``include=`` and ``aggregates=`` add are not among them.
        """
        import pandas as pd

        endpoint = (self._kind.lists or self._kind.objects)[0]
        rows = [
            (c.name, c.dtype(self._queries.timezone), c.nullable, c.known)
            for c in self._queries.catalog.columns(endpoint)
        ]
        return pd.DataFrame(rows, columns=["column", "dtype", "nullable", "values"])

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
            **keywords,
        )
        return self._fetcher.frame(query, _checked(dtype_backend), progress=watchable(progress))

    @clear_tracebacks
    def get(
        self,
        id: object = None,  # noqa: A002 - the word users know
        *,
        fields: Names = None,
        include: Names = None,
        aggregates: bool = False,
        **keywords: object,
    ) -> pd.Series[Any]:
        """Fetch one record.

        Parameters
        ----------
        id
            The record's id (``classy.transactions.get(8734)``); left out where the record is found
            by its parent (``classy.overviews.get(campaign=123)``) or by the organization.
        fields, include, aggregates, **keywords
            As for the list.

        Returns
        -------
        Series
            One value a column, typed as in a frame (dtype object); missing values are ``pandas.NA``.
            An answer without content gives a Series of missing values.

        Raises
        ------
        NotFoundError
            There is no such record, or it is out of reach.
        ClassyError
            Anything else went wrong.
        """
        from classy_nb.frames import to_series

        query = self._queries.for_record(
            self._kind, id, fields=fields, include=include, aggregates=aggregates, **keywords
        )
        self._warn(query)
        record = self._fetcher.record(query)
        return to_series(
            record, query.columns, timezone=self._fetcher.timezone, name=_name(self._kind.name, record)
        )

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
        """Return how many records there are, with one request.

        *progress* is called while the request has to wait or be repeated; what it raises ends it.

        Raises
        ------
        UsageError
            Something that would count nothing else: ``limit=``, ``sort=``, ``fields=``, or what the API does
            not know.
        """
        for name in (name for name in _NOT_COUNTED if keywords.get(name) is not None):
            raise UsageError(f"count() takes no {name}=.", advice="It counts all records that meet the rest.")
        watchable(progress)
        query = self._list(since=since, until=until, by=by, where=where, **keywords)
        line = Progress(self._kind.name, wanted=progress) if progress is not None else None
        return self._fetcher.paginate(query, line).count()

    @clear_tracebacks
    def batches(
        self,
        *,
        rows: int = BATCH_ROWS,
        dtype_backend: Backend = "numpy_nullable",
        progress: bool | Watcher | None = None,
        **asked: Any,
    ) -> Iterator[pd.DataFrame]:
        """Yield a list as frames of about *rows* rows each, in constant memory (see the notes).

        Parameters
        ----------
        rows
            Rows of a batch, to the next whole page.
        dtype_backend, progress, **asked
            As for the whole list, but for ``sort=``: batches come in order of their ids.

        Yields
        ------
        DataFrame
            All of the same columns and dtypes (columns that the catalog does not know may differ);
            one empty frame where there is nothing.

        Notes
        -----
        Memory stays constant where a list is walked by id, as almost all are. Records without ids, a
        server that refuses the filter on ids, and *sort* with *limit* leave page numbers only: then all
        of it is collected before the first batch comes, for only the whole can be checked.
        """
        if isinstance(rows, bool) or not isinstance(rows, int) or rows < 1:
            raise UsageError(f"rows={rows!r} must be a whole number from 1.")
        backend, progress = _checked(dtype_backend), watchable(progress)
        return self._fetcher.batches(self._batched(**asked), backend, rows, progress=progress)

    def _batched(self, **asked: Any) -> Query:
        if asked.get("sort") is not None and asked.get("limit") is None:
            raise UsageError(
                "Batches and files take no sort= without limit=.", advice="They come in order of id."
            )
        return self._list(**asked)

    def _list(self, **asked: Any) -> Query:
        query = self._queries.for_list(self._kind, **asked)
        self._warn(query)
        return query

    def _warn(self, query: Query) -> None:
        if query.endpoint.deprecated:
            warn(f"{query.endpoint.path} is deprecated: the vendor may remove it.", DeprecatedEndpointWarning)
        for condition in query.conditions:
            if doubt := condition.doubt:
                warn(doubt, QueryWarning)

    def __repr__(self) -> str:
        if self._connection._session is None:  # noqa: SLF001
            return f"{self.name}: {self._connection._not_logged_in()}"  # noqa: SLF001
        return resource_text(self._kind, self._queries)

    def _repr_html_(self) -> str:
        if self._connection._session is None:  # noqa: SLF001
            return f"<div>{escape(repr(self))}</div>"
        return resource_html(self._kind, self._queries)


_NOT_COUNTED = ("limit", "sort", "fields")
"""What a list takes and a count would silently leave out."""


def _checked(backend: object) -> Backend:
    if backend == "numpy_nullable":
        return "numpy_nullable"
    if backend == "pyarrow":
        return "pyarrow"
    raise UsageError(f"dtype_backend={backend!r} is neither 'numpy_nullable' nor 'pyarrow'.")


def _name(resource: str, record: Any) -> str:
    own_id = record.get("id") if isinstance(record, dict) else None
    return resource if own_id is None else f"{resource} {own_id}"
