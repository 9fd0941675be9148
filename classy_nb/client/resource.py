"""One resource as a notebook holds it: call it for a frame, ``.get`` one record, ``.count``, stream, export.

Keywords come in and become a query (``query``), which the connection's fetcher turns into a frame.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from classy_nb.errors import DeprecatedEndpointWarning, QueryWarning, UsageError, warn
from classy_nb.progress import Progress
from classy_nb.redact import clear_tracebacks

from .cards import resource_html, resource_text
from .fetch import BATCH_ROWS, Backend, Fetcher
from .files import Files, watchable

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from classy_nb.catalog import ResourceSpec
    from classy_nb.progress import Watcher
    from classy_nb.query import Moment, Names, Query, QueryBuilder


class Resource(Files):
    """A kind of record that the API offers. Call it to fetch a whole list as a DataFrame.

    Parameters of the call
    ----------------------
    since, until : int, str, date or datetime, optional
        Half-open period on the business date (``purchased_at`` for transactions, otherwise
        ``created_at``). A year, ISO text, a date, a datetime or a Timestamp; without a time zone, it is
        in the connection's.
    by : str, optional
        Another date column for *since* and *until*, such as ``"updated_at"``.
    where : str or list of str, optional
        Conditions, all of which must hold: ``"status = success"``, ``"total_gross_amount >= 100"``. In a
        condition on an instant, a day means its first moment: *until* says "before" more clearly than
        ``<=``.
    fields : str or list of str, optional
        Only these columns; ``id`` is always added.
    include : str or list of str, optional
        Related records in the same row (the API's ``with``): ``include="supporter"`` adds
        ``supporter.*`` columns; lists stay lists (see :func:`classy_nb.explode`).
    aggregates : bool
        Add ``total_raised`` and similar totals (pages and teams).
    sort : str or list of str, optional
        ``"created_at:desc"``; by default, rows are in order of id. Ties are broken by id; missing values
        count as the lowest. Without *limit*, the frame is sorted once it is complete; with *limit*, the
        API sorts, and sorts text by its own rules.
    limit : int, optional
        Only the first rows: one request for up to 100, more page by page, and twice with *sort* (to be
        sure that nothing moved in the meantime). To get most of a list, fetching all of it is faster.
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
        One row per record, with the columns and dtypes of the catalog, even for zero rows. Instants are in
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

    def __init__(self, kind: ResourceSpec, queries: QueryBuilder, fetcher: Fetcher) -> None:
        self._kind = kind
        self._queries = queries
        self._fetcher = fetcher
        self.__signature__ = _signature(kind)

    @property
    def name(self) -> str:
        """The resource's name, an attribute of the connection."""
        return self._kind.name

    @property
    def columns(self) -> pd.DataFrame:
        """The columns of its frames.

        Returns
        -------
        DataFrame, one row per column
            ``column``, ``dtype``, ``nullable`` and ``values`` (a tuple of the texts that the vendor's
            document lists; others may occur). Where the lists of different parents differ, these are the
            columns of the first list; those that ``include=`` and ``aggregates=`` add are left out.
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
            The record's id (``classy.transactions.get(8734)``). Leave it out if the record is found by
            its parent (``classy.overviews.get(campaign=123)``) or by the organization.
        fields, include, aggregates, **keywords
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
        """Return the number of matching records, with one request.

        *progress* is called while the request has to wait or be repeated; an exception that it raises ends
        the request.

        Raises
        ------
        UsageError
            ``limit=``, ``sort=`` or ``fields=``, which would not change the count, or something that the API
            does not know.
        """
        for name in _WITHOUT_EFFECT_ON_A_COUNT:
            if keywords.get(name) is not None:
                raise UsageError(f"count() takes no {name}=.", advice="It counts all matching records.")
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
        **keywords: Any,
    ) -> Iterator[pd.DataFrame]:
        """Yield a list as frames of about *rows* rows each, in constant memory (see the notes).

        Parameters
        ----------
        rows
            Rows per batch, rounded up to whole pages.
        dtype_backend, progress, **keywords
            As for the whole list, except ``sort=``: batches are in order of id.

        Yields
        ------
        DataFrame
            All with the same columns and dtypes (columns that the catalog does not know may differ);
            one empty frame if the list is empty.

        Notes
        -----
        Memory stays constant for lists that can be fetched in order of id, as almost all can. Records
        without an id, a server that refuses the filter on it, and *sort* with *limit* leave only page
        numbers: then the whole list is collected before the first batch, because only as a whole can it be
        checked.
        """
        if isinstance(rows, bool) or not isinstance(rows, int) or rows < 1:
            raise UsageError(f"rows={rows!r} must be a whole number, 1 or more.")
        backend, progress = _checked(dtype_backend), watchable(progress)
        return self._fetcher.batches(self._batched(**keywords), backend, rows, progress=progress)

    def _batched(self, **keywords: Any) -> Query:
        if keywords.get("sort") is not None and keywords.get("limit") is None:
            raise UsageError(
                "Batches and files take sort= only with limit=.", advice="They are in order of id."
            )
        return self._list(**keywords)

    def _list(self, **keywords: Any) -> Query:
        query = self._queries.for_list(self._kind, **keywords)
        self._warn(query)
        return query

    def _warn(self, query: Query) -> None:
        if query.endpoint.deprecated:
            warn(f"{query.endpoint.path} is deprecated: the vendor may remove it.", DeprecatedEndpointWarning)
        for condition in query.conditions:
            if condition.warning is not None:
                warn(condition.warning, QueryWarning)

    def __repr__(self) -> str:
        return resource_text(self._kind, self._queries)

    def _repr_html_(self) -> str:
        return resource_html(self._kind, self._queries)


_WITHOUT_EFFECT_ON_A_COUNT = ("limit", "sort", "fields")


def _signature(kind: ResourceSpec) -> inspect.Signature:
    """Build what Shift-Tab shows for one resource: the keywords of every list, then its own."""
    general = [p for p in inspect.signature(Resource.__call__).parameters.values() if p.name != "self"][:-1]
    names = {parameter.name for parameter in general}
    own = dict.fromkeys(key for e in kind.lists for key in (*e.parents, *(p.keyword for p in e.parameters)))
    extra = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None)
        for name in own
        if name not in names
    ]
    return inspect.Signature([*general, *extra])


def _checked(backend: object) -> Backend:
    if backend == "numpy_nullable":
        return "numpy_nullable"
    if backend == "pyarrow":
        return "pyarrow"
    raise UsageError(f"dtype_backend={backend!r} must be 'numpy_nullable' or 'pyarrow'.")


def _name(resource: str, record: Any) -> str:
    own_id = record.get("id") if isinstance(record, dict) else None
    return resource if own_id is None else f"{resource} {own_id}"
