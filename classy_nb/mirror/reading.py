"""Questions answered out of a mirror: the keywords of the live call come in, the same frames go out.

:class:`Mirror` and its earlier states are :class:`Readable`: each resource is an attribute, as it is of a
connection, and ``sql`` takes anything else. The query room reads and checks a question as for the API; here
it becomes SQL over the columns of the mirror's tables, and what DuckDB gives becomes the table that a fetch
would have brought.
"""

# Statements are put together from the names of our own tables, and values are parameters; resources and
# statements are parts of their mirror.
# ruff: noqa: S608, SLF001

from __future__ import annotations

import inspect
import json
import math
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np
import pyarrow as pa

from classy_nb.arguments import checked_flag
from classy_nb.cards import Facts, html_card, text_card
from classy_nb.catalog import (
    DescribedColumn,
    described_columns,
    example_call,
    flat_names,
    load,
    resource_meaning,
)
from classy_nb.errors import ClassyError, DataWarning, NotFoundError, UsageError, warn
from classy_nb.export import stream_csv, stream_excel, stream_parquet
from classy_nb.frames import (
    ABOUT,
    Backend,
    Converter,
    checked_backend,
    columns_of_items,
    computes_with_arrow,
    field_of,
    free_form_text,
    list_type,
    misfit_message,
    series_of,
    stream,
    to_arrow,
    to_frame,
)
from classy_nb.progress import checked_progress
from classy_nb.query import (
    ListOptions,
    QueryBuilder,
    check_batches,
    check_count,
    check_order_of_id,
    filter_literal,
    instant,
    nearest,
    warn_of_conditions,
    zone,
)
from classy_nb.redact import clear_tracebacks, safe_path

from .extras import import_duckdb
from .tables import (
    DELETED,
    ORGANIZATION,
    SYNCED,
    UNKNOWN,
    VARIANT,
    mirrorable,
    mirrored_lists,
    tables_in,
    variants_in,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    import pandas as pd

    from classy_nb.catalog import Column, ResourceSpec
    from classy_nb.query import Condition, Names, Query

BATCH_ROWS = 10_000

_PARENTS: Mapping[tuple[str, str], str] = {
    ("recurring_donation_history", "recurring_donation_plan"): "t.recurring_id = ?",
    ("answers", "transaction"): "t.answerable_type = 'transaction' AND t.answerable_id = ?",
    ("answers", "registration"): "t.answerable_type = 'campaign_registration' AND t.answerable_id = ?",
    ("answers", "fundraising_page"): "t.answerable_type = 'fundraising_page' AND t.answerable_id = ?",
    ("answers", "fundraising_team"): "t.answerable_type = 'fundraising_team' AND t.answerable_id = ?",
}
"""Which records of a table belong to a parent, where that is not the column with the parent's name."""

_CHILDREN: Mapping[tuple[str, str], tuple[str, str, str]] = {
    ("transactions", "items"): ("transaction_items", "transaction_id", "true"),
    ("transactions", "answers"): ("answers", "answerable_id", "c.answerable_type = 'transaction'"),
    ("fundraising_pages", "answers"): ("answers", "answerable_id", "c.answerable_type = 'fundraising_page'"),
}
"""Included lists: the table of their records, its column with the id of the record, a further condition."""

_NO_TEXT = frozenset(("int", "float", "decimal", "bool", "datetime", "date"))
_INT64 = range(-(2**63), 2**63)


class Readable:
    """What can be asked of a mirror. :class:`Mirror` is one, and so is the state of an earlier day.

    The class that mixes it in has ``path``, ``about``, ``organization`` and ``connect()``.
    """

    path: Path
    as_of_moment: datetime | None = None
    """The moment whose state this is; None for the latest one."""

    if TYPE_CHECKING:

        @property
        def about(self) -> dict[str, str]:
            """What the file says of itself."""

        @property
        def organization(self) -> int:
            """The organization's id."""

        def connect(self) -> AbstractContextManager[Any]:
            """Open the file to read."""

    def _source(self, table: str) -> str:
        """Return the SQL that selects the rows of a table as they are, without those that have vanished."""
        return f'SELECT * FROM "{table}" WHERE {ORGANIZATION} = {self.organization} AND {DELETED} IS NULL'

    def _read_at(self, connection: Any) -> datetime | None:
        """Return when what is read here was fetched: the moment of the last refresh."""
        [(found,)] = connection.sql(
            f"SELECT epoch_us(max({SYNCED})) FROM _refreshes WHERE {ORGANIZATION} = {self.organization}"
        ).fetchall()
        return None if found is None else datetime.fromtimestamp(found / 1e6, UTC)

    @property
    def _known(self) -> dict[str, str]:
        """What the file says of itself, read once for each state of the file: a refresh replaces it."""
        state = self.path.stat() if self.path.exists() else None
        key = None if state is None else (state.st_ino, state.st_mtime_ns)
        kept = self.__dict__.get("_kept")
        if kept is None or kept[0] != key or key is None:
            kept = (key, self.about)
            self.__dict__["_kept"] = kept
        found: dict[str, str] = kept[1]
        return found

    @property
    def _queries(self) -> QueryBuilder:
        about, keys = self._known, {"organization": self.organization, "app": "mirror"}
        return QueryBuilder(load(), about["timezone"], keys, int(about.get("fiscal_year_start") or 1))

    if not TYPE_CHECKING:  # or type checkers would take every name for an attribute

        def __getattr__(self, name: str) -> Any:
            resources = load().resources
            if name in resources:
                return MirroredResource(resources[name], self)
            message = f"{type(self).__name__!r} object has no attribute {name!r}"
            if not name.startswith("_"):
                public = {own for own in dir(type(self)) if not own.startswith("_")}
                meant = nearest(name, sorted({*resources, *public}), most=1)
                message += f". {meant}" if meant else ""
            raise AttributeError(message, name=name, obj=None)

    def _held(self) -> list[str]:
        """Return the names of the resources that are in the mirror."""
        with self.connect() as connection:
            held = tables_in(connection)
        return [name for name in load().resources if name in held]

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._held()})

    @clear_tracebacks
    def sql(
        self,
        query: str,
        parameters: Sequence[Any] | Mapping[str, Any] | None = None,
        *,
        dtype_backend: Backend = "numpy_nullable",
    ) -> pd.DataFrame:
        """Return what one SELECT gives, in DuckDB's SQL.

        The tables are named as the resources, their columns as those of frames with ``flat=True``; records
        that have vanished from the API are in them, with a ``_deleted_at``. Nothing can be written, and
        nothing is downloaded; files on this machine can be joined (``from 'budget.parquet'``).

        Parameters
        ----------
        query
            One SELECT (``WITH``, ``FROM``, ``DESCRIBE`` and ``SHOW TABLES`` are such, too).
        parameters
            The values of ``?`` and ``$1``, or a dict for ``$name``.
        dtype_backend
            As for a list.

        Returns
        -------
        DataFrame
            Whole numbers are Int64 (Float64 where one does not fit), decimals and floats Float64, flags
            boolean, instants in the mirror's time zone, days ``datetime64[us]``, nested values JSON text,
            everything else text. Without rows, the columns and dtypes are the same.

        Raises
        ------
        UsageError
            It is not one SELECT, DuckDB does not understand it, or two columns have the same name.
        """
        backend = checked_backend(dtype_backend)
        if not isinstance(query, str):
            raise UsageError(f"sql() takes text, not a {type(query).__name__}.")
        duckdb = import_duckdb()
        with self.connect() as connection:
            about = self._known
            # Else a name in the query could be a variable of ours.
            connection.execute("SET python_enable_replacements = false")
            try:
                statements = connection.extract_statements(query)
                if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
                    raise UsageError(
                        "sql() takes one SELECT.",
                        advice="A mirror is changed by refresh() and forget() only.",
                    )
                table = _typed_result(connection.sql(query, params=parameters), about["timezone"])
            except duckdb.Error as error:
                raise _sql_error(error) from None
            fetched_at = self._read_at(connection)
        origin = {**self._origin(fetched_at), "asked": [f"sql={query}"], "total": len(table)}
        return to_frame(table.replace_schema_metadata({ABOUT: json.dumps(origin)}), dtype_backend=backend)

    def _origin(self, fetched_at: datetime | None) -> dict[str, Any]:
        """Say of a frame that it comes from a mirror, and of when."""
        moment, queries = self.as_of_moment, self._queries
        return {
            "fetched_at": None if fetched_at is None else fetched_at.isoformat(timespec="seconds"),
            "timezone": queries.timezone,
            "requests": 0,
            "fiscal_year_start": queries.fiscal_year_start,
            "mirror": str(self.path),
            "as_of": None if moment is None else moment.isoformat(),
        }


class MirroredResource:
    """A list in a mirror. Call it for a frame: it takes the keywords of the live call, and sends nothing.

    ``copy.transactions(since=2026, where="status = success")`` has the columns, dtypes and order of
    ``classy.transactions(since=2026, where="status = success")`` as of the last refresh; see
    :class:`classy_nb.Resource` for the keywords. The same input is refused with the same errors, before
    anything is read.

    Text is compared as it is written; whether the API tells capital letters apart is not known. ``include=``
    takes records and lists that are in the mirror, also for calls of which the API's document does not list
    them; dates in included lists are written in UTC, with ``Z``. ``progress=`` and ``accept_incomplete=``
    have nothing to do here, and are taken for the sake of the call. Amounts are whole cents: 0.82 where the
    server's own floats are 0.8200000000000001. Columns that the mirror was made without are not in frames.

    ``frame.attrs["classy"]`` names the file (``mirror``) and says when it was refreshed (``fetched_at``). In
    a mirror with ``since=``, a question without a beginning is about what the mirror holds, and ``asked``
    says so.

    Raises
    ------
    UsageError
        As for the live call; or the mirror does not hold what is asked, and the message names the live call.
    """

    def __init__(self, spec: ResourceSpec, copy: Readable) -> None:
        self._spec = spec
        self._copy = copy
        self.__signature__ = _signature(spec)

    @property
    def name(self) -> str:
        """The resource's name, an attribute of the mirror."""
        return self._spec.name

    @property
    def columns(self) -> pd.DataFrame:
        """The columns of its frames, as :attr:`classy_nb.Resource.columns` describes them."""
        import pandas as pd

        catalog, endpoint = load(), (self._spec.lists or self._spec.objects)[0]
        described = described_columns(catalog, endpoint, self._copy._known["timezone"])
        return pd.DataFrame(described, columns=DescribedColumn._fields)

    @clear_tracebacks
    def __call__(
        self, *, dtype_backend: Backend = "numpy_nullable", progress: object = None, **keywords: Any
    ) -> pd.DataFrame:
        """Return a list as a DataFrame; see the class."""
        query = self._list(keywords)
        backend, _ = checked_backend(dtype_backend), checked_progress(progress)
        return to_frame(self._table(query), dtype_backend=backend)

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
        """Return one record, as :meth:`classy_nb.Resource.get` does.

        Raises
        ------
        NotFoundError
            The mirror has no such record, or it has vanished from the API.
        UsageError
            As for a list.
        """
        checked_flag("flat", flat)
        query = self._copy._queries.for_record(
            self._spec, id, fields=fields, include=include, aggregates=aggregates, **keywords
        )
        self._refuse_what_is_not_held(query, {**keywords, "aggregates": aggregates})
        if query.endpoint.key is None:
            raise self._not_held("this record", f"{self.name}.get(...)")
        own_id = _path_ids(query)[query.endpoint.key]
        table = self._table(query)
        if not len(table):
            what = f"The mirror has no record {own_id} of {self.name}, or it has vanished from the API."
            advice = f"classy.{self.name}.get({own_id}) asks the API."
            raise NotFoundError(what, advice=advice, path=safe_path(query.path))
        series = series_of(table, name=f"{self.name} {own_id}" if "id" in table.column_names else self.name)
        return series.set_axis(flat_names(series.index)) if flat else series

    @clear_tracebacks
    def count(self, *, progress: object = None, **keywords: Any) -> int:
        """Return the number of matching records; it takes what :meth:`classy_nb.Resource.count` takes."""
        check_count(keywords)
        checked_progress(progress)
        query = self._list(keywords)
        with self._copy.connect() as connection:
            return self._statement(query, connection).count(connection)

    @clear_tracebacks
    def to_arrow(
        self, *, decimal: bool = False, keep_misfits: bool = False, progress: object = None, **keywords: Any
    ) -> pa.Table:
        """Return a list as an Arrow table, as :meth:`classy_nb.Resource.to_arrow` does."""
        query = self._list(keywords)
        self._refuse_misfits(keep_misfits, "to_arrow(keep_misfits=True)")
        checked_progress(progress)
        query = query.with_decimals() if checked_flag("decimal", decimal) else query
        return to_arrow(self._table(query), decimal=decimal)

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
        progress: object = None,
        **keywords: Any,
    ) -> Iterator[pd.DataFrame] | pa.RecordBatchReader:
        """Yield a list as frames of *rows* rows each, or as Arrow batches.

        It takes what :meth:`classy_nb.Resource.batches` takes. All batches are of one state of the mirror,
        also if it is refreshed meanwhile.
        """
        check_batches(rows, arrow=arrow, decimal=decimal, keep_misfits=keep_misfits)
        self._refuse_misfits(keep_misfits, "batches(arrow=True, keep_misfits=True)")
        backend, _ = checked_backend(dtype_backend), checked_progress(progress)
        query = self._in_order_of_id(keywords)
        if not checked_flag("arrow", arrow):
            return self._frames(query, rows, backend)
        query = query.with_decimals() if decimal else query
        return stream(self._tables(query, rows), decimal=decimal)

    @clear_tracebacks
    def to_csv(
        self,
        path: str | Path,
        *,
        excel: bool = False,
        neutralize: bool = True,
        progress: object = None,
        **keywords: Any,
    ) -> Path:
        """Write a list into a CSV file, as :meth:`classy_nb.Resource.to_csv` does; return its path."""
        tables, question = self._to_file(progress, keywords)
        return stream_csv(tables, path, question, excel=excel, neutralize=neutralize, resumable=False)

    @clear_tracebacks
    def to_parquet(
        self, path: str | Path, *, decimal: bool = False, progress: object = None, **keywords: Any
    ) -> Path:
        """Write a list into a Parquet file, as :meth:`classy_nb.Resource.to_parquet` does."""
        tables, question = self._to_file(progress, keywords, decimal=decimal)
        return stream_parquet(tables, path, question, resumable=False)

    @clear_tracebacks
    def to_excel(self, path: str | Path, *, progress: object = None, **keywords: Any) -> Path:
        """Write a list into a workbook, as :meth:`classy_nb.Resource.to_excel` does; return its path."""
        tables, question = self._to_file(progress, keywords)
        return stream_excel(tables, path, question, sheet=self.name, resumable=False)

    def _to_file(
        self, progress: object, keywords: dict[str, Any], *, decimal: bool = False
    ) -> tuple[Callable[[int | None], Iterator[pa.Table]], dict[str, Any]]:
        checked_progress(progress)
        query = self._in_order_of_id(keywords)
        query = query.with_decimals() if checked_flag("decimal", decimal) else query
        question = {
            "mirror": str(self._copy.path),
            "timezone": self._copy._known["timezone"],
            "asked": query.asked,
        }
        return lambda _: self._tables(query, BATCH_ROWS, lists_as_text=True), question

    def _in_order_of_id(self, keywords: dict[str, Any]) -> Query:
        check_order_of_id(keywords)
        return self._list(keywords)

    # From a question to a statement

    def _list(self, keywords: Mapping[str, Any]) -> Query:
        query = self._copy._queries.for_list(self._spec, **keywords)
        warn_of_conditions(query.conditions)
        self._refuse_what_is_not_held(query, keywords)
        return query

    def _not_held(self, what: str, call: str) -> UsageError:
        return UsageError(f"The mirror does not hold {what}.", advice=f"classy.{call} asks the API for it.")

    def _refuse_misfits(self, keep_misfits: object, call: str) -> None:
        if checked_flag("keep_misfits", keep_misfits):
            # Of a list or a flag, only the JSON text is there, as it is of a text that looks like that.
            what = f"values that do not fit as they came, only their text, in columns such as goal{VARIANT}"
            raise self._not_held(what, f"{self.name}.{call}")

    def _refuse_what_is_not_held(self, query: Query, keywords: Mapping[str, Any]) -> None:
        """Refuse what no mirror holds, whatever is in this one."""
        if query.parts or self.name not in mirrorable():
            raise self._not_held(self.name, example_call(self._spec).removeprefix("classy."))
        if keywords.get("aggregates"):
            raise self._not_held("totals of pages and teams", f"{self.name}(aggregates=True)")
        for parameter in query.endpoint.parameters:
            if keywords.get(parameter.keyword) not in (None, parameter.default):
                word = parameter.keyword
                raise self._not_held(f"what {word}= asks for", f"{self.name}({word}=...)")

    def _statement(self, query: Query, connection: Any, *, lists_as_text: bool = False) -> Statement:
        tables = tables_in(connection)
        if self.name not in tables:
            raise self._not_held(self.name, example_call(self._spec).removeprefix("classy."))
        return Statement(query, self._copy, tables, self._not_held, lists_as_text=lists_as_text)

    def _table(self, query: Query) -> pa.Table:
        with self._copy.connect() as connection:
            statement = self._statement(query, connection)
            return statement.read(connection, self._about(query, statement, connection))

    def _frames(self, query: Query, rows: int, backend: Backend) -> Iterator[pd.DataFrame]:
        for table in self._tables(query, rows):
            frame = to_frame(table, dtype_backend=backend)
            frame.attrs["classy"]["batch"] = len(frame)
            yield frame

    def _tables(
        self, query: Query, rows: int, *, lists_as_text: bool = False
    ) -> Generator[pa.Table, None, None]:
        """Yield the rows in tables of *rows* rows each; at least one, maybe empty."""
        # A refresh replaces the file; the connection keeps reading the one that it has opened.
        with self._copy.connect() as connection:
            statement = self._statement(query, connection, lists_as_text=lists_as_text)
            about = self._about(query, statement, connection)
            if query.sort:  # with limit=, so that all fits into memory
                table = statement.read(connection, about)
                for start in range(0, max(len(table), 1), rows):
                    yield table.slice(start, rows)
                return
            left, after = about["total"] if query.limit is None else min(query.limit, about["total"]), None
            while True:
                table = statement.read(connection, about, after=after, most=min(rows, max(left, 1)))
                left, after = left - len(table), statement.last
                yield table
                if left <= 0 or not len(table):
                    return

    def _about(self, query: Query, statement: Statement, connection: Any) -> dict[str, Any]:
        return {
            "resource": self.name,
            "path": safe_path(query.path),
            "asked": [*query.asked, *statement.also_asked],
            "period": query.period,
            "limit": query.limit,
            "total": statement.count(connection),
            **self._copy._origin(self._copy._read_at(connection)),
        }

    # What a notebook shows

    def _facts(self) -> Facts:
        with self._copy.connect() as connection:
            tables = tables_in(connection)
            if self.name not in tables:
                advice = f"not in this mirror; {example_call(self._spec)} asks the API"
                return [("rows", advice)]
            source = self._copy._source(self.name)
            [(rows,)] = connection.sql(f"SELECT count(*) FROM ({source})").fetchall()
            read_at = self._copy._read_at(connection)
            about = self._copy._known
        facts = [("rows", f"{rows:,}"), ("as of", _age(read_at, about["timezone"]))]
        if about.get("since"):
            facts.append(("since", about["since"]))
        facts.append(("holds", resource_meaning(self.name)))
        includes = dict.fromkeys(
            name for e in self._spec.lists for name in (*e.include, *e.include_elsewhere)
        )
        held = [name for name in includes if _include_of(self.name, name) in tables]
        facts.append(("include", ", ".join(held) or "none"))
        facts.append(("columns", f"{len(tables[self.name])}, as of classy.{self.name}; .columns has them"))
        return facts

    @property
    def _title(self) -> str:
        return f"{self.name}, in the mirror {self._copy.path}"

    def __repr__(self) -> str:
        try:
            return text_card(self._title, self._facts())
        except ClassyError as error:
            return f"{self._title}: {error}"

    def _repr_html_(self) -> str:
        try:
            return html_card(self._title, self._facts())
        except ClassyError as error:
            return html_card(self._title, [("", str(error))])


class Statement:
    """One question as SQL: its parts, the values of its parameters, and what its rows become.

    Parameters
    ----------
    query
        The question, read and checked.
    copy
        Whose rows they are.
    tables
        The tables that there are, and the types of their columns.
    not_held
        Makes the error for what the mirror lacks: what it is, and the live call.
    lists_as_text
        Whether included lists are JSON text, as files have them.
    """

    def __init__(
        self,
        query: Query,
        copy: Readable,
        tables: Mapping[str, Mapping[str, str]],
        not_held: Callable[[str, str], UsageError],
        *,
        lists_as_text: bool = False,
    ) -> None:
        self._query = query
        self._copy = copy
        self._tables = tables
        self._not_held = not_held
        self._lists_as_text = lists_as_text
        self._name = query.endpoint.resource
        self._about = copy._known
        self._joined: dict[str, str] = {}
        """Included records: their name, which is the alias of their table, and that table."""
        self._lists: list[str] = []
        self.last: int | None = None
        """The last id that was read."""
        self._from = [f"({self._source(self._name)}) t"]
        self._where: list[str] = []
        self._values: list[Any] = []
        self.also_asked: list[str] = []
        """What is asked beyond the question, because the mirror holds no more."""
        for include in dict(query.parameters).get("with", "").split(","):
            if include:
                self._include(include)
        self._belong_to_parents()
        for condition in query.conditions:
            self._hold(condition)
        self._begin()
        wanted = [
            (column, "NULL" if column.name in self._lists else self._expression(column))
            for column in query.columns
        ]
        self._columns = [(column, sql) for column, sql in wanted if sql is not None]
        self._with_unknown = not any(name == "fields" for name, _ in query.parameters)

    def _source(self, table: str) -> str:
        return self._copy._source(table)

    # Parts

    def _include(self, name: str) -> None:
        """Join the record that an include names, or its list of records."""
        table = _include_of(self._name, name)
        if table is None or table not in self._tables:
            raise self._not_held(f"what include={name!r} adds", f"{self._name}(include={name!r})")
        if (self._name, name) in _CHILDREN:
            self._lists.append(name)
            return
        self._joined[name] = table
        self._from.append(f'LEFT JOIN ({self._source(table)}) "{name}" ON "{name}".id = t.{name}_id')

    def _belong_to_parents(self) -> None:
        endpoint = self._query.endpoint
        for key, number in _path_ids(self._query).items():
            if key == endpoint.key:
                sql = "t.id = ?"
            elif key == "organization":
                sql = f"t.{ORGANIZATION} = ?"
                if number != self._copy.organization:
                    call = f"{self._name}(organization={number})"
                    raise self._not_held(f"organization {number}", call)
            elif (self._name, key) in _PARENTS:
                sql = _PARENTS[self._name, key]
            elif f"{key}_id" in _names_of(self._name):
                sql = f"t.{key}_id = ?"
            else:
                call = f"{self._name}({key}={number})"
                raise self._not_held(f"which {self._name.replace('_', ' ')} a {key} has", call)
            self._where.append(sql)
            self._values.append(number)

    def _hold(self, condition: Condition) -> None:
        """Add a condition: the value becomes a parameter; a missing value satisfies none, as in the API."""
        column, kind, text = condition.column, condition.column.kind, condition.value
        sql = self._expression(column, by="where")
        value: Any = text
        mark = "?"
        if kind == "int" and int(text) in _INT64:
            value = int(text)
        elif kind in ("int", "float", "decimal"):
            # As doubles, as the API's own amounts are; a DECIMAL would not take every number.
            sql, value = f"CAST({sql} AS DOUBLE)", float(text)
        elif kind == "bool":
            value = text == "true"
        elif kind == "datetime":
            value, mark = _moment(text).isoformat(), "CAST(? AS TIMESTAMPTZ)"
        elif kind == "date":
            mark = "CAST(? AS DATE)"
        elif kind == "last4":
            value = text.zfill(4)
        self._where.append(f"{sql} {condition.operator} {mark}")
        self._values.append(value)

    def _begin(self) -> None:
        """Refuse a question about the time before the mirror begins, and say where it begins."""
        since = self._about.get("since")
        (listed,) = mirrored_lists([self._name])
        if not since or listed.date is None or self._query.endpoint.key is not None:
            return
        first = instant(since, self._about["timezone"])
        bounds = [
            _moment(condition.value)
            for condition in self._query.conditions
            if condition.column.name == listed.date and condition.operator in (">", ">=", "=")
        ]
        if bounds and max(bounds) < first:
            raise self._not_held(f"{self._name} before {since}", f"{self._name}(since=...)")
        if not bounds:
            self.also_asked.append(f"filter={listed.date}>={filter_literal(first)}")

    def _expression(self, column: Column, *, by: str | None = None) -> str | None:
        """Return the SQL of a column of the frame.

        It is None where the mirror leaves that column out; *by* names the keyword that needs it nevertheless.
        """
        outer, _, inner = column.name.partition(".")
        alias, table, name = "t", self._name, column.name
        if outer in self._joined and inner:
            alias, table, name = outer, self._joined[outer], inner
        flat = _names_of(table).get(name)
        if flat is None and column.kind == "json":  # an object in an included record
            return self._object(alias, table, name)
        stored = self._tables[table].get(str(flat))
        # Of an amount or a date that is hashed, there is only text.
        if flat is None or stored is None or (stored == "VARCHAR" and column.kind in _NO_TEXT):
            if by is not None:
                what = f"{column.name!r}, which {by}= needs"
                raise self._not_held(what, f"{self._name}({by}=...)")
            return None
        return f'{alias}."{flat}"'

    def _object(self, alias: str, table: str, name: str) -> str:
        """Return the JSON text of an object whose parts are columns of their own."""
        parts = {key: flat for key, flat in _names_of(table).items() if key.startswith(f"{name}.")}
        kinds = {column.kind for column in _columns_of(table) if column.name in parts}
        stored = self._tables[table]
        if (
            not parts
            or any(flat + VARIANT in stored for flat in parts.values())
            or not kinds <= {"int", "text", "bool"}
            or not {*parts.values()} <= {*stored}
        ):
            # A date has lost the form in which the API wrote it.
            raise self._not_held(f"{alias}.{name} as it was", f"{self._name}(include={alias!r})")
        cells = ", ".join(
            f"'{key.removeprefix(f'{name}.')}': {alias}.\"{flat}\"" for key, flat in parts.items()
        )
        missing = " AND ".join(f'{alias}."{flat}" IS NULL' for flat in parts.values())
        return f"CASE WHEN {missing} THEN NULL ELSE CAST(to_json({{{cells}}}) AS VARCHAR) END"

    def _order(self) -> str:
        """Return the order of the rows: missing values are the lowest, and the id breaks ties."""
        columns = {column.name: column for column in _columns_of(self._name)}
        parts = []
        for name, descending in self._query.sort:
            direction = "DESC NULLS LAST" if descending else "ASC NULLS FIRST"
            parts.append(f"{self._expression(columns[name], by='sort')} {direction}")
        return ", ".join([*parts, "t.id"])

    # Running it

    @property
    def _rows(self) -> str:
        where = f" WHERE {' AND '.join(self._where)}" if self._where else ""
        return f" FROM {' '.join(self._from)}{where}"

    def count(self, connection: Any) -> int:
        """Return the number of rows, whatever the limit."""
        [(number,)] = connection.sql(f"SELECT count(*){self._rows}", params=self._values).fetchall()
        return int(number)

    def read(
        self, connection: Any, about: Mapping[str, Any], *, after: int | None = None, most: int | None = None
    ) -> pa.Table:
        """Return the rows as the table that a fetch would have brought.

        Parameters
        ----------
        connection
            Open on the mirror.
        about
            What ``frame.attrs["classy"]`` is to say.
        after, most
            Only rows with ids above *after*, and only so many.
        """
        cells = [
            f"{_cell(sql, column.kind)} AS c{place}" for place, (column, sql) in enumerate(self._columns)
        ]
        cells += [f"{sql} AS u{place}" for place, (_, sql) in enumerate(self._unknown())]
        cells += [f"{sql} AS v{place}" for place, sql in self._variants().items()]
        cells += [f'"{name}{VARIANT}"' for name in self._strays()]
        rows, limit = self._rows, self._query.limit if most is None else most
        if after is not None:
            rows += f"{' AND' if self._where else ' WHERE'} t.id > {after}"
        statement = f"SELECT t.id AS id, {', '.join(cells)}{rows} ORDER BY {self._order()}"
        if limit is not None:
            statement += f" LIMIT {min(limit, 2**63 - 1)}"
        connection.execute("SET arrow_large_buffer_size = true")  # pandas' own text has 64-bit offsets, too
        found = connection.sql(statement, params=self._values).to_arrow_table()
        self.last = found["id"][-1].as_py() if len(found) else None
        return self._table(found, {name: self._items(connection, name, found) for name in self._lists}, about)

    def _items(self, connection: Any, name: str, found: pa.Table) -> pa.Array:
        """Return an included list: the records of another table that belong to each row."""
        table, parent, condition = _CHILDREN[self._name, name]
        decimal = self._query.decimal and not self._lists_as_text
        columns = columns_of_items(str(load().includes[name].record), decimal=decimal)
        kinds = {column.name: column.kind for column in _columns_of(table)}
        names = _names_of(table)
        cells = []
        for place, column in enumerate(columns):
            # Dates are text in a list, and instants in the table.
            is_date = kinds[column.name] in ("datetime", "date")
            kind = f"{kinds[column.name]} as text" if is_date else column.kind
            flat = names[column.name]
            sql = f'c."{flat}"' if flat in self._tables[table] else "NULL"
            cells.append(f"{_cell(sql, kind)} AS c{place}")
            if flat + VARIANT in self._tables[table]:
                cells.append(f'c."{flat}{VARIANT}" AS v{place}')
        connection.register("wanted", pa.table({"id": found["id"]}))
        items = connection.sql(
            f"SELECT c.{parent} AS parent, {', '.join(cells)} FROM ({self._source(table)}) c"
            f" WHERE {condition} AND c.{parent} IN (SELECT id FROM wanted) ORDER BY c.{parent}, c.id"
        ).to_arrow_table()
        connection.unregister("wanted")
        items = _with_misfits(items, [(column.name, column.kind) for column in columns], label=name)
        return self._lists_of(
            found["id"], items, list_type(str(load().includes[name].record), decimal=decimal)
        )

    @computes_with_arrow
    def _lists_of(self, ids: pa.ChunkedArray, items: pa.Table, kind: pa.DataType) -> pa.Array:
        """Return the items of each id as a list; *items* are in order of their parents."""
        parents, wanted = items["parent"].to_numpy(), ids.to_numpy()
        first = np.searchsorted(parents, wanted, side="left")
        lengths = np.searchsorted(parents, wanted, side="right") - first
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        places = np.repeat(first - offsets[:-1], lengths) + np.arange(offsets[-1])
        fields = list(kind.value_type)
        arrays = [
            column.combine_chunks().cast(field.type)
            for field, column in zip(fields, items.columns[1:], strict=True)  # behind the parent's id
        ]
        records = pa.StructArray.from_arrays(arrays, fields=fields).take(pa.array(places, pa.int64()))
        lists = pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), records)
        if not self._lists_as_text:
            return lists
        return pa.array(map(free_form_text, lists.to_pylist()), pa.large_string())

    def _unknown(self) -> list[tuple[str, str]]:
        """Return the columns that hold what the catalog does not know, each with the prefix of its names."""
        if not self._with_unknown:
            return []
        return [("", f"t.{UNKNOWN}"), *((f"{name}.", f'"{name}".{UNKNOWN}') for name in self._joined)]

    def _variants(self) -> dict[int, str]:
        """Return the SQL of the values that do not fit their columns, by the place of the column."""
        held: dict[int, str] = {}
        for place, (column, _) in enumerate(self._columns):
            outer, _, inner = column.name.partition(".")
            alias, table, name = "t", self._name, column.name
            if outer in self._joined and inner:
                alias, table, name = outer, self._joined[outer], inner
            variant = f"{_names_of(table).get(name)}{VARIANT}"
            if variant in self._tables[table]:
                held[place] = f'"{alias}"."{variant}"'
        return held

    def _strays(self) -> list[str]:
        """Return the names of objects in place of which other values came, if the frame has their columns."""
        known = {*_names_of(self._name).values()}
        wanted = {column.name.partition(".")[0] for column, _ in self._columns if "." in column.name}
        names = [name.removesuffix(VARIANT) for name in variants_in(self._tables[self._name])]
        return [name for name in names if name not in known and name in wanted - self._joined.keys()]

    @computes_with_arrow
    def _table(self, found: pa.Table, lists: Mapping[str, pa.Array], about: Mapping[str, Any]) -> pa.Table:
        """Return DuckDB's rows, and the lists in them, with the fields of a fetched table."""
        found = _with_misfits(found, [(c.name, c.kind) for c, _ in self._columns], label=self._name)
        for name in self._strays():
            misfits = len(found) - found[name + VARIANT].null_count
            if misfits:
                warn(misfit_message(self._name, misfits, len(found), name, "object"), DataWarning)
        fields, arrays = [], []
        for place, (column, _) in enumerate(self._columns):
            array = lists[column.name] if column.name in lists else found[f"c{place}"]
            field = field_of(column.name, column.kind, self._about["timezone"], column.record)
            if pa.types.is_list(array.type):
                field = pa.field(field.name, array.type, metadata=field.metadata)
            fields.append(field)
            arrays.append(array.cast(field.type))
        for place, (prefix, _) in enumerate(self._unknown()):
            for name, texts in _unknown_columns(found[f"u{place}"], prefix):
                fields.append(field_of(name, "undeclared", "UTC"))
                arrays.append(texts)
        table = pa.table(arrays, schema=pa.schema(fields))
        if self._query.flat:
            table = table.rename_columns(flat_names(table.column_names))
        return table.replace_schema_metadata({ABOUT: json.dumps(about)})


# Names and kinds


@cache
def _columns_of(table: str) -> tuple[Column, ...]:
    """Return the columns of a list, with the names that they have in a frame."""
    (listed,) = mirrored_lists([table])
    return load().columns(listed.endpoint)


@cache
def _names_of(table: str) -> Mapping[str, str]:
    """Return the name in a mirror's table of each column of a frame."""
    names = [column.name for column in _columns_of(table)]
    return dict(zip(names, flat_names(names), strict=True))


def _include_of(resource: str, name: str) -> str | None:
    """Return the table that holds what an include adds to a list, or None."""
    if (resource, name) in _CHILDREN:
        return _CHILDREN[resource, name][0]
    column = load().includes.get(name)
    if column is None or column.kind != "object" or f"{name}_id" not in _names_of(resource):
        return None
    return _table_of_records().get(str(column.record))


@cache
def _table_of_records() -> Mapping[str, str]:
    return {mirrored_lists([name])[0].endpoint.record: name for name in reversed(mirrorable())}


def _cell(sql: str, kind: str) -> str:
    """Return the SQL of a cell of one kind: amounts are decimals in the file, and doubles in frames."""
    if kind in ("datetime as text", "date as text"):
        form = "%Y-%m-%dT%H:%M:%SZ" if kind == "datetime as text" else "%Y-%m-%d"
        return f"strftime({sql}, '{form}')"
    if kind == "float":
        return f"CAST({sql} AS DOUBLE)"
    return f"CAST({sql} AS DECIMAL(18, 2))" if kind == "decimal" else sql


def _with_misfits(found: pa.Table, columns: Sequence[tuple[str, str]], *, label: str) -> pa.Table:
    """Return a table with its values that do not fit as a frame has them: missing, with a warning, or text.

    The columns are ``c0``, ``c1`` and so on; ``v0`` holds what does not fit ``c0``, if anything does not.
    """
    for place, (name, kind) in enumerate(columns):
        if f"v{place}" not in found.column_names:
            continue
        variants, index = found[f"v{place}"], found.column_names.index(f"c{place}")
        found = found.drop_columns(f"v{place}")
        texts: list[str | None] = variants.to_pylist()
        cells, misfits = found[f"c{place}"].to_pylist(), 0
        for row, text in enumerate(texts):
            if text is None:
                continue
            # A frame has text with the character 0 as it is, and objects in a column of text as JSON.
            if text.startswith('"') and kind in ("text", "last4"):
                cells[row] = json.loads(text)
            elif kind == "text":
                cells[row] = text
            # A frame also has amounts for which a decimal column has no room.
            elif kind == "float" and (number := _number(text)) is not None:
                cells[row] = number
            else:
                misfits += 1
        found = found.set_column(index, f"c{place}", pa.array(cells, found.schema.field(index).type))
        if misfits:
            warn(misfit_message(label, misfits, len(found), name, kind), DataWarning)
    return found


def _number(text: str) -> float | None:
    [number] = Converter("float").convert([text])[0].to_pylist()
    return None if number is None or not math.isfinite(number) else float(number)


def _path_ids(query: Query) -> dict[str, int]:
    """Return the ids in the path of a question."""
    template, path = query.endpoint.path.split("/"), query.path.split("/")
    return {key: int(path[template.index(f"{{{key}}}")]) for key in query.endpoint.keys}


def _moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S%z")


def _unknown_columns(cells: pa.ChunkedArray, prefix: str) -> list[tuple[str, pa.Array]]:
    """Return the columns that the catalog does not know, as JSON text, in the order of their appearance."""
    if cells.null_count == len(cells):
        return []
    rows = [None if cell is None else json.loads(cell) for cell in cells.to_pylist()]
    names = dict.fromkeys(name for row in rows if row is not None for name in row)
    return [
        (
            f"{prefix}{name}",
            pa.array(
                [None if row is None or row.get(name) is None else json.dumps(row[name]) for row in rows],
                pa.large_string(),
            ),
        )
        for name in names
    ]


def _age(moment: datetime | None, timezone: str) -> str:
    """Say how old something is: ``3 hours ago (2026-11-28 06:00 PST)``."""
    if moment is None:
        return "never refreshed"
    seconds = max(0.0, (datetime.now(UTC) - moment).total_seconds())
    units = (("day", 86_400), ("hour", 3_600), ("minute", 60))
    name, size = next(((name, size) for name, size in units if seconds >= size), ("minute", 60))
    number = math.floor(seconds / size)
    ago = f"{number} {name}{'' if number == 1 else 's'} ago" if number else "less than a minute ago"
    return f"{ago} ({moment.astimezone(zone(timezone)):%Y-%m-%d %H:%M %Z})"


# SQL of the user's own


def _typed_result(relation: Any, timezone: str) -> pa.Table:
    """Return what a SELECT gives with the types that frames have."""
    names = relation.columns
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise UsageError(f"The SELECT gives two columns {twice[0]!r}.", advice="Name one of them with AS.")
    quoted = ['"' + name.replace('"', '""') + '"' for name in names]
    cells = [_sql_cell(name, str(kind)) for name, kind in zip(quoted, relation.types, strict=True)]
    found = relation.project(", ".join(f"{cell} AS {name}" for cell, name in zip(cells, quoted, strict=True)))
    return _with_house_types(found.to_arrow_table(), timezone)


def _sql_cell(name: str, kind: str) -> str:
    if kind.endswith("]") or kind.startswith(("STRUCT", "MAP", "UNION")):
        return f"CAST(to_json({name}) AS VARCHAR)"
    if kind.startswith("DECIMAL") or kind == "FLOAT":
        return f"CAST({name} AS DOUBLE)"
    if kind.startswith("TIMESTAMP") and kind != "TIMESTAMP WITH TIME ZONE":
        return f"CAST({name} AS TIMESTAMP)"
    return name if kind in _PLAIN else f"CAST({name} AS VARCHAR)"


_WHOLE = frozenset(
    f"{sign}{size}" for sign in ("", "U") for size in ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
)
_PLAIN = _WHOLE | {"DOUBLE", "BOOLEAN", "DATE", "TIMESTAMP WITH TIME ZONE", "VARCHAR", "JSON"}


@computes_with_arrow
def _with_house_types(found: pa.Table, timezone: str) -> pa.Table:
    arrays = []
    for column in found.columns:
        kind = column.type
        if pa.types.is_integer(kind) or pa.types.is_decimal(kind):  # HUGEINT, such as a sum, is a decimal
            try:
                arrays.append(column.cast(pa.int64()))
            except pa.ArrowInvalid:
                arrays.append(column.cast(pa.float64()))
        elif pa.types.is_timestamp(kind) and kind.tz is not None:
            arrays.append(column.cast(pa.timestamp("us", timezone)))
        elif pa.types.is_string(kind) or pa.types.is_null(kind):
            arrays.append(column.cast(pa.large_string()))
        else:
            arrays.append(column)
    return pa.table(arrays, names=found.column_names)


def _sql_error(error: Exception) -> UsageError:
    """Return DuckDB's error as ours: its message only where it was found before any value was looked at."""
    duckdb = import_duckdb()
    about_the_text = (
        duckdb.ParserException,
        duckdb.BinderException,
        duckdb.CatalogException,
        duckdb.SyntaxException,
    )
    if isinstance(error, about_the_text):
        message = str(error).split("\n\nLINE", 1)[0].strip()
        return UsageError(f"DuckDB does not understand the SQL: {message}")
    what = f"DuckDB could not run the SQL ({type(error).__name__}); its message may quote values of the data."
    return UsageError(what, advice="Look for a cast or an operation that some values do not allow.")


def _signature(spec: ResourceSpec) -> inspect.Signature:
    """Return what Shift-Tab shows: the keywords of the live call."""
    own = dict.fromkeys(key for e in spec.lists for key in e.parents)
    defaults = {**{name: getattr(ListOptions, name) for name in ListOptions.__dataclass_fields__}}
    defaults |= {"dtype_backend": "numpy_nullable", "progress": None, **dict.fromkeys(own)}
    return inspect.Signature(
        [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=value)
            for name, value in defaults.items()
        ]
    )
