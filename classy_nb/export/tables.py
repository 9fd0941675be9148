"""Plain Arrow columns for files: out of any pandas frame, or out of the tables that a fetch brings.

Files hold numbers, flags, dates and text. A fetched table has JSON text as well, marked in its schema
(``frames``): nested values stay JSON, and an undeclared column gets the type that all of its values share, in
whichever of the tables they come. So a file does not depend on how its rows were cut into tables.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from classy_nb.errors import UsageError
from classy_nb.frames import SharedKind, computes_with_arrow, json_kind, json_values

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

TEXT = pa.large_string()
"""The type of all text: pandas' own."""
ROWS = 10_000
"""Rows of each table that is written, and of each row group of a Parquet file."""
_SHARED_TYPES = {"int": pa.int64(), "float": pa.float64(), "bool": pa.bool_(), "text": TEXT}
_DAY = pa.timestamp("us")
"""Days are stored as midnights, which is what a frame holds: reading a Parquet file gives its dtypes back."""


# From pandas


def as_frame(given: Any) -> pd.DataFrame:
    """Return what somebody wants to export as a frame; a Series becomes its only column."""
    if isinstance(given, pd.Series):
        return given.to_frame("value" if given.name is None else given.name)
    if isinstance(given, pd.DataFrame):
        return given
    kind = type(given).__name__
    raise UsageError(
        f"Only a DataFrame or a Series can be exported, not a {kind}.",
        advice="Make one of it first: pd.DataFrame(...).",
    )


def table_of(frame: pd.DataFrame) -> pa.Table:
    """Return *frame* as plain columns; nested cells become JSON text.

    The index comes first if it says something, that is, unless it only counts from 0. A column of objects
    that are all missing has the type null: nothing is known about it.
    """
    if not (isinstance(frame.index, pd.RangeIndex) and frame.index.name is None):
        frame = frame.reset_index()
    names = [".".join(map(str, name)) if isinstance(name, tuple) else str(name) for name in frame.columns]
    arrays = [_array(frame.iloc[:, place]) for place in range(frame.shape[1])]
    return pa.Table.from_arrays(arrays, names=names)


def _array(column: pd.Series[Any]) -> pa.Array:
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(column.cat.categories.dtype)
    if column.dtype == object:
        texts = pa.array([_json_or_text(cell) for cell in column], TEXT)
        return texts if texts.null_count < len(texts) else pa.nulls(len(texts))
    array = pa.Array.from_pandas(column)
    array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    return array.cast(TEXT) if pa.types.is_string(array.type) else array


def _json_or_text(cell: Any) -> str | None:
    """Return text as it is, anything else as JSON; None where it is missing."""
    if isinstance(cell, str):
        return cell
    if cell is None or cell is pd.NA or cell is pd.NaT or (isinstance(cell, float) and cell != cell):  # noqa: PLR0124
        return None
    return orjson.dumps(cell, default=str, option=orjson.OPT_SERIALIZE_NUMPY).decode()


# From a fetch


def plain_schema(
    schemas: Sequence[pa.Schema], texts: Callable[[str], Iterable[pa.ChunkedArray]]
) -> pa.Schema:
    """Return the plain columns of fetched tables: all columns of all *schemas*, those of the first one first.

    Parameters
    ----------
    schemas
        Those of the tables, in order.
    texts
        Gives a column's JSON text in each table that has it; called for undeclared columns only.
    """
    fields = {field.name: field for schema in reversed(schemas) for field in schema}
    order = dict.fromkeys(name for schema in schemas for name in schema.names)
    return pa.schema([(name, _plain_type(fields[name], texts)) for name in order])


def _plain_type(field: pa.Field, texts: Callable[[str], Iterable[pa.ChunkedArray]]) -> pa.DataType:
    kind = json_kind(field)
    if kind == "undeclared":
        shared = SharedKind()
        for column in texts(field.name):
            shared.add(json_values(column.to_pylist()))
        return _SHARED_TYPES.get(shared.kind or "text", TEXT)
    if kind is not None:
        return TEXT
    return _DAY if pa.types.is_date32(field.type) else field.type


@computes_with_arrow
def plain_table(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Return a fetched table with the columns and types of *schema*; columns that it lacks are missing."""
    columns = [
        _plain_column(table, column)
        if column.name in table.column_names
        else pa.nulls(len(table), column.type)
        for column in schema
    ]
    return pa.table(columns, schema=schema)


def _plain_column(table: pa.Table, wanted: pa.Field) -> pa.ChunkedArray:
    column, kind = table[wanted.name], json_kind(table.schema.field(wanted.name))
    if kind is None:
        return column.cast(wanted.type)
    if kind == "undeclared" and wanted.type != TEXT:
        return pa.chunked_array([pa.array(json_values(column.to_pylist()), wanted.type)])
    # Numbers, objects and lists are written as JSON has them; text without the quotes that JSON puts around.
    quoted = pc.fill_null(pc.starts_with(column, '"'), False)
    if not pc.any(quoted).as_py():
        return column
    cells = [
        json_values([text])[0] if text is not None and text[0] == '"' else text for text in column.to_pylist()
    ]
    return pa.chunked_array([pa.array(cells, TEXT)])


def even(tables: Iterable[pa.Table], schema: pa.Schema, rows: int = ROWS) -> Iterator[pa.Table]:
    """Yield the rows of *tables* in tables of *rows* rows each, the last one shorter; at least one."""
    held: list[pa.Table] = []
    count, yielded = 0, False
    for table in tables:
        rest = table
        while count + len(rest) >= rows:
            yield _joined([*held, rest.slice(0, rows - count)], schema)
            rest, held, count, yielded = rest.slice(rows - count), [], 0, True
        held.append(rest)
        count += len(rest)
    if count or not yielded:
        yield _joined(held, schema)


def _joined(tables: list[pa.Table], schema: pa.Schema) -> pa.Table:
    return pa.concat_tables([schema.empty_table(), *tables]).combine_chunks()
