"""Plain Arrow columns for files: out of any pandas frame, or out of the tables that a fetch brings.

Files hold numbers, flags, dates and text. A fetched table has JSON text as well, marked in its schema
(``frames``): nested values stay JSON, and an undeclared column gets the type that all of its values share, in
whichever of the tables they come. So a file does not depend on how its rows were cut into tables.
"""

from __future__ import annotations

import csv
import io
import json
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pandas as pd
import pyarrow as pa
from pandas.api.types import is_integer_dtype, is_object_dtype

from classy_nb.errors import DataWarning, UsageError, warn
from classy_nb.frames import (
    SharedKind,
    computes_with_arrow,
    field_of,
    free_form_text,
    json_kind,
    json_values,
)

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
    # A resource, not what it returns: the call was forgotten. This room does not know the class.
    forgotten = callable(given) and hasattr(given, "columns")
    raise UsageError(
        f"Only a DataFrame or a Series can be exported, not a {kind}.",
        advice="Call it first, as in classy.transactions()."
        if forgotten
        else "Make one of it first: pd.DataFrame(...).",
    )


def table_of(frame: pd.DataFrame) -> pa.Table:
    """Return *frame* as plain columns; nested cells become JSON text.

    A column of objects that are all missing has the type null: nothing is known about it.
    """
    columns = named_columns(frame)
    arrays = [array_of(column, name) for name, column in columns]
    return pa.Table.from_arrays(arrays, names=[as_utf8(name, name) for name, _ in columns])


def named_columns(frame: pd.DataFrame) -> list[tuple[str, pd.Series[Any]]]:
    """Return the columns of *frame* under the names that a file has for them.

    The index comes first if it says something, that is, unless it only counts rows. Names may occur twice, as
    that of the index and of a column.
    """
    columns = [(header_name(name), frame.iloc[:, place]) for place, name in enumerate(frame.columns)]
    index = frame.index
    if _only_counts_rows(frame):
        return columns
    if isinstance(index, pd.MultiIndex):
        for level in reversed(range(index.nlevels)):
            name = index.names[level]
            values = pd.Series(index.get_level_values(level))
            columns.insert(0, (f"level_{level}" if name is None else header_name(name), values))
    else:
        columns.insert(0, ("index" if index.name is None else header_name(index.name), pd.Series(index)))
    return columns


_IDS = ("id", "donor_id")
"""Columns that tell the rows of our frames apart."""


def _only_counts_rows(frame: pd.DataFrame) -> bool:
    """Whether the index says nothing: it only counts rows, or did so before filters and sorting.

    Whole numbers without a name may be years that somebody chose. Beside the id of a record they are what is
    left of the numbering: a file that is read and written again would get one more such column each time.
    """
    index = frame.index
    if index.nlevels > 1 or index.name is not None:
        return False
    if isinstance(index, pd.RangeIndex):
        return True
    return is_integer_dtype(index.dtype) and any(name in _IDS for name in frame.columns)


def header_name(name: object) -> str:
    """Return what the header has for a column: days as days, the parts of a tuple joined with dots."""
    if isinstance(name, tuple):
        return ".".join(map(header_name, name))
    if isinstance(name, datetime):
        text = name.isoformat()
        return text.removesuffix("T00:00:00") if name.tzinfo is None else text
    return "" if name is None else str(name)


def array_of(column: pd.Series[Any], name: str) -> pa.Array:  # noqa: PLR0911 - a way out for each dtype
    """Return a column as numbers, flags, dates or text; the *name* is for warnings."""
    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        # By code: a missing value would not fit the dtype of the categories.
        codes = column.cat.codes.to_numpy()
        return array_of(pd.Series(column.cat.categories), name).take(pa.array(codes, mask=codes < 0))
    if isinstance(dtype, pd.SparseDtype):
        return array_of(pd.Series(np.asarray(column)), name)
    if is_object_dtype(dtype):
        cells = [
            None if missing else as_utf8(cell_text(cell), name)
            for cell, missing in zip(column, column.isna(), strict=True)
        ]
        texts = pa.array(cells, TEXT)
        return texts if texts.null_count < len(texts) else pa.nulls(len(texts))
    if isinstance(dtype, (pd.PeriodDtype, pd.IntervalDtype)):
        return _as_pandas_writes(column)  # Arrow has them as numbers and as pairs
    try:
        array = pa.Array.from_pandas(column)
    except UnicodeEncodeError:
        return array_of(column.astype(object), name)
    except (pa.ArrowException, TypeError, ValueError):  # a dtype or a time zone that Arrow does not have
        return array_of(column.astype(object), name) if dtype.kind == "M" else _as_pandas_writes(column)
    array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    kind = array.type
    if pa.types.is_dictionary(kind):
        array = array.dictionary_decode()
        kind = array.type
    if pa.types.is_string(kind):
        return array.cast(TEXT)
    if pa.types.is_nested(kind):
        return pa.array([None if cell is None else cell_text(cell) for cell in array.to_pylist()], TEXT)
    return array if any(fits(kind) for fits in _WRITTEN) else _as_pandas_writes(column)


_WRITTEN = (
    pa.types.is_large_string,
    pa.types.is_boolean,
    pa.types.is_integer,
    pa.types.is_float32,
    pa.types.is_float64,
    pa.types.is_decimal,
    pa.types.is_timestamp,
    pa.types.is_date,
    pa.types.is_null,
)
"""Types of which :mod:`.csv` writes the text; of all others it is what pandas writes."""


def _as_pandas_writes(column: pd.Series[Any]) -> pa.Array:
    """Return the text that pandas' own CSV has for each cell."""
    lines = io.StringIO(column.to_csv(index=False, header=False, lineterminator="\n"), newline="")
    cells = [row[0] for row in csv.reader(lines)]
    return pa.array(cells, TEXT, mask=column.isna().to_numpy(dtype=bool))


def cell_text(cell: Any) -> str:
    """Return the text of one object: nested ones as JSON, dates in ISO 8601, others as pandas writes them."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, (bool, np.bool_)):
        return "true" if cell else "false"
    if isinstance(cell, datetime):
        return cell.isoformat()
    if isinstance(cell, (dict, list, tuple, set, frozenset, np.ndarray)):
        try:
            return orjson.dumps(cell, default=_exact_json_value, option=_JSON).decode()
        except TypeError:  # an integer of more than 64 bits, half of a surrogate pair, a float as a key
            pass
        try:
            return json.dumps(cell, default=_json_value, ensure_ascii=True)
        except (TypeError, ValueError, RecursionError):  # a tuple as a key; a list that holds itself
            pass
    return str(cell)


_JSON = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS


def _exact_json_value(value: Any) -> Any:
    if isinstance(value, Decimal) and value.is_finite():
        return orjson.Fragment(str(value))  # a number of which a float would lose digits
    return _json_value(value)


def _json_value(value: Any) -> Any:
    """Return what JSON has for a Python value that it does not know."""
    if isinstance(value, (set, frozenset)):
        return sorted(value, key=repr)  # the same file each time
    if isinstance(value, (tuple, np.ndarray)):
        return list(value)
    if isinstance(value, np.generic):
        return value.item()
    if value is pd.NA or value is pd.NaT:
        return None
    return value.isoformat() if isinstance(value, date) else str(value)


def as_utf8(text: str, where: str) -> str:
    """Return *text*, without the halves of surrogate pairs that no file in UTF-8 can hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        warn(
            f"Column {where!a} has text with half of a surrogate pair, which is written as U+FFFD.",
            DataWarning,
        )
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


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
    return pa.schema([_plain_field(fields[name], texts) for name in order])


def _plain_field(field: pa.Field, texts: Callable[[str], Iterable[pa.ChunkedArray]]) -> pa.Field:
    if json_kind(field) == "undeclared":
        shared = SharedKind()
        for column in texts(field.name):
            shared.add(json_values(column.to_pylist()))
        if shared.kind is not None:
            return pa.field(field.name, _SHARED_TYPES[shared.kind])
        return field_of(field.name, "json", "UTC")
    return pa.field(
        field.name, _DAY if pa.types.is_date32(field.type) else field.type, metadata=field.metadata
    )


@computes_with_arrow
def plain_table(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Return a fetched table with the columns and types of *schema*; columns that it lacks are missing."""
    names = set(table.column_names)
    columns = [
        _plain_column(table, column) if column.name in names else pa.nulls(len(table), column.type)
        for column in schema
    ]
    return pa.table(columns, schema=schema)


def _plain_column(table: pa.Table, wanted: pa.Field) -> pa.ChunkedArray:
    column, kind = table[wanted.name], json_kind(table.schema.field(wanted.name))
    if kind != "undeclared":
        return column.cast(wanted.type)
    values = json_values(column.to_pylist())
    if json_kind(wanted) is None:
        return pa.chunked_array([pa.array(values, wanted.type)])
    return pa.chunked_array([pa.array([None if v is None else free_form_text(v) for v in values], TEXT)])


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
