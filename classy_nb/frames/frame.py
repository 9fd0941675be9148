"""The edge to pandas: an Arrow table becomes a frame, one record a Series.

Everything before works on Arrow; what a notebook gets is made here. Values without a shape stay JSON text, so
that whatever takes a frame (Parquet, SQL, polars, ``drop_duplicates``) takes this one.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .arrow import typed_column
from .builder import Record, TableBuilder
from .forks import computes_with_arrow
from .kinds import ABOUT, RECORD, Backend, json_kind, to_pandas

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from classy_nb.catalog import Column

LISTS = "classy_lists"
"""Key in ``frame.attrs``: column of lists -> record type of its items, for :func:`explode`."""


@computes_with_arrow
def to_frame(table: pa.Table, *, dtype_backend: Backend = "numpy_nullable") -> pd.DataFrame:
    """Return a table as a frame.

    The columns of *table* are freed one after the other as they are converted, if the caller keeps no other
    reference to it: ``to_frame(builder.table())`` never holds all rows twice.

    Parameters
    ----------
    table
        What :meth:`TableBuilder.table` returned.
    dtype_backend
        ``"numpy_nullable"``, or ``"pyarrow"`` for Arrow dtypes.

    Returns
    -------
    DataFrame, shape (rows, columns)
        Included lists are Python lists of dicts that all have the same keys, with values of the same types
        (dates as ISO text, as the API has them); the column's dtype is object. Undeclared columns have the
        dtype that all their values share. Everything else without a shape is JSON text, of the string dtype.
        The index counts from 0.
    """
    index = pd.RangeIndex(table.num_rows)
    fields = list(table.schema)
    marks = {field.name: field.metadata or {} for field in fields}
    lists = {name: mark[RECORD].decode() for name, mark in marks.items() if RECORD in mark}
    about = (table.schema.metadata or {}).get(ABOUT)
    columns = table.columns[::-1]
    del table
    data: dict[str, Any] = {}
    for field in fields:
        column = columns.pop()
        values = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
        del column
        array = _array(values, field, dtype_backend)
        del values
        if array.dtype == object:
            # Left to itself pandas 3 makes a text column of objects that happen to be strings.
            array = pd.Series(array, index=index, dtype=object, copy=False)
        data[field.name] = array
    frame = pd.DataFrame(data, index=index, copy=False)
    if lists:
        frame.attrs[LISTS] = lists
    if about is not None:
        frame.attrs["classy"] = json.loads(about)
    return frame


def _array(values: pa.Array, field: pa.Field, backend: Backend) -> Any:
    typed = typed_column(values, field)
    return _object_array(typed.to_pylist()) if json_kind(field) == "list" else to_pandas(typed, backend)


def _object_array(values: list[Any]) -> np.ndarray[Any, Any]:
    """Return *values* as a one-dimensional object array, None as ``pd.NA``."""
    array = np.empty(len(values), dtype=object)
    array[:] = [pd.NA if value is None else value for value in values]
    return array


def empty_frame(
    columns: Sequence[Column], *, timezone: str = "UTC", dtype_backend: Backend = "numpy_nullable"
) -> pd.DataFrame:
    """Return a frame without rows: the columns and dtypes that a full one has."""
    return to_frame(TableBuilder(columns, timezone=timezone).table(), dtype_backend=dtype_backend)


@computes_with_arrow
def to_series(
    record: Record,
    columns: Sequence[Column],
    *,
    timezone: str = "UTC",
    name: object = None,
    label: str = "record",
) -> pd.Series[Any]:
    """Return one record as a Series of dtype object.

    Parameters
    ----------
    record
        The parsed JSON object.
    columns
        As in :class:`TableBuilder`; without any, the Series has what the record has.
    timezone
        IANA name of the zone in which instants are shown.
    name
        Name of the Series.
    label
        What the record is called in warnings.

    Returns
    -------
    Series
        Indexed by column name in the columns' order. Ids are ``int``, money is ``float``, flags are
        ``bool``, instants are ``Timestamp`` in *timezone*, days are ``Timestamp`` without a zone, lists are
        lists of dicts, other nested values JSON text; whatever is missing is ``pd.NA``.

    Warns
    -----
    DataWarning
        As :meth:`TableBuilder.table`.
    """
    builder = TableBuilder(columns, timezone=timezone, label=label)
    builder.add([record])
    return series_of(builder.table(), name=name)


def series_of(table: pa.Table, *, name: object = None) -> pd.Series[Any]:
    """Return the only row of a table as a Series of dtype object, as :func:`to_series` does."""
    frame = to_frame(table)
    values = [_scalar(frame[column].array[0]) for column in frame.columns]
    return pd.Series(_object_array(values), index=frame.columns, name=name, dtype=object)


def _scalar(value: Any) -> Any:
    if value is pd.NaT:
        return pd.NA
    return value.item() if isinstance(value, np.generic) else value
