"""Parquet files: a frame of any kind, or plain Arrow tables one after the other.

:func:`to_parquet` writes a frame, with its dtypes for pandas and with types that DuckDB, polars and Spark
read; :func:`write_parquet` writes what a fetch brings.
"""

from __future__ import annotations

import contextlib
import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pandas.api.types import is_object_dtype

from classy_nb import __version__
from classy_nb.errors import UsageError
from classy_nb.frames import computes_with_arrow
from classy_nb.redact import clear_tracebacks

from .atomic import AtomicFile, explained_errors
from .endings import check_ending
from .tables import ROWS, TEXT, array_of, as_frame, as_utf8, named_columns

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping
    from pathlib import Path


@clear_tracebacks
def to_parquet(frame: pd.DataFrame | pd.Series[Any], path: str | os.PathLike[str]) -> Path:
    """Write a frame of any kind to a Parquet file (zstd) that pandas, DuckDB, polars and Spark read alike.

    Numbers, flags, text, days and instants keep their types; so do Python's dates, decimals and the like
    where a column holds nothing else, and categories (``pd.cut`` included, in their order). Lists and dicts
    are JSON text, as in the files of a resource's ``.to_parquet``; periods, intervals and mixed values are
    the text that pandas writes. Columns of a nested Arrow dtype stay nested.

    Parameters
    ----------
    frame
        What to write; a Series becomes its only column. Its index is written, as the first columns, unless it
        only counts rows, as for :func:`to_csv`. Names of several levels are joined with dots.
    path
        The file: ``.parquet``, ``.pq``, or any ending that promises no other format. It appears once it is
        complete, and replaces an older one only then.

    Returns
    -------
    Path
        The file that was written. ``pd.read_parquet(path)`` gives ids, flags and text the dtypes of *frame*,
        and its ``attrs`` if JSON can hold them. A frame without rows keeps its columns.

    Raises
    ------
    UsageError
        *frame* is neither a DataFrame nor a Series, two of its columns have the same name (or one has the
        name of the index), or *path* has the ending of another format.
    ExportError
        The file cannot be written; nothing half-written is left, and an older file stays.

    Warns
    -----
    DataWarning
        As :func:`to_csv`.
    """
    check_ending(path, "parquet")
    table = _table_of(as_frame(frame))
    file = AtomicFile(path)
    write_parquet([table], table.schema, file)
    return file.path


def write_parquet(tables: Iterable[pa.Table], schema: pa.Schema, file: AtomicFile) -> None:
    """Write *tables*, which all have *schema*, and give the file its name; if that fails, remove it."""
    try:
        with explained_errors(file.path), pq.ParquetWriter(file.file, schema, compression="zstd") as writer:
            for table in tables:
                writer.write_table(table, row_group_size=ROWS)
        file.commit()
    except BaseException:
        file.abort()
        raise


@computes_with_arrow
def _table_of(frame: pd.DataFrame) -> pa.Table:
    columns = named_columns(frame)
    names = [as_utf8(name, name) for name, _ in columns]
    if twice := [name for name in dict.fromkeys(names) if names.count(name) > 1]:
        raise UsageError(
            f"Parquet cannot tell columns of the same name apart: {', '.join(map(repr, twice))}.",
            advice="Rename all but one; an index of that name goes with frame.reset_index(drop=True).",
        )
    arrays = [_typed(column, name) for name, (_, column) in zip(names, columns, strict=True)]
    dtypes = {name: column.dtype for name, (_, column) in zip(names, columns, strict=True)}
    metadata = {b"pandas": json.dumps(_pandas_metadata(dtypes)).encode()}
    with contextlib.suppress(TypeError, ValueError, RecursionError):  # what JSON cannot hold
        metadata[b"PANDAS_ATTRS"] = json.dumps(frame.attrs).encode()
    fields = [pa.field(name, array.type) for name, array in zip(names, arrays, strict=True)]
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields, metadata))


_SAME_TYPE = frozenset(
    {"boolean", "integer", "floating", "mixed-integer-float", "decimal", "date", "datetime", "datetime64"}
    | {"time", "timedelta", "timedelta64", "bytes"}
)
"""What pandas calls a column of objects that Arrow has a type for."""
_REFUSED = (pa.ArrowException, TypeError, ValueError, OverflowError)


def _typed(column: pd.Series[Any], name: str) -> pa.Array:  # noqa: PLR0911 - a way out for each dtype
    """Return a column in the type that Parquet has for it; as JSON or text if there is none."""
    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        codes = column.cat.codes.to_numpy()
        places, values = pa.array(codes, mask=codes < 0), _typed(pd.Series(dtype.categories), name)
        if values.type != TEXT or len(values.unique()) < len(values):
            return values.take(places)
        return pa.DictionaryArray.from_arrays(places, values, ordered=bool(dtype.ordered))
    if isinstance(dtype, pd.SparseDtype):
        return _typed(pd.Series(np.asarray(column)), name)
    if isinstance(dtype, (pd.PeriodDtype, pd.IntervalDtype)):
        return array_of(column, name)  # Arrow has them as numbers and as pairs
    if not is_object_dtype(dtype) or _is_of_one_type(column):
        try:
            # With a mask, since NaN is no Decimal to Arrow.
            missing = column.isna().to_numpy(dtype=bool) if is_object_dtype(dtype) else None
            array = pa.Array.from_pandas(column, mask=missing)
        except _REFUSED:
            pass
        else:
            array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
            if pa.types.is_string(array.type) or pa.types.is_null(array.type):
                return array.cast(TEXT)
            if pa.types.is_float16(array.type):
                return array.cast(pa.float32())  # few readers know half of a float
            if _has_place(array.type):
                return array
    array = array_of(column, name)
    return array.cast(TEXT) if pa.types.is_null(array.type) else array


def _is_of_one_type(column: pd.Series[Any]) -> bool:
    kind = pd.api.types.infer_dtype(column, skipna=True)
    if kind == "datetime":  # Arrow would take all of them for those of the first one's zone
        return len({str(cell.tzinfo) for cell in column if isinstance(cell, datetime)}) == 1
    return kind in _SAME_TYPE


def _has_place(kind: pa.DataType) -> bool:
    """Whether Parquet has a place for values of this type; structs without fields, for one, have none."""
    if isinstance(kind, pa.ExtensionType) or pa.types.is_union(kind) or pa.types.is_interval(kind):
        return False
    if not pa.types.is_nested(kind):
        return True
    inner = [kind.field(place).type for place in range(kind.num_fields)]
    return bool(inner) and all(map(_has_place, inner))


_RESTORED = (
    *(pd.BooleanDtype, pd.StringDtype, pd.ArrowDtype, pd.Float32Dtype, pd.Float64Dtype),
    *(pd.Int8Dtype, pd.Int16Dtype, pd.Int32Dtype, pd.Int64Dtype),
    *(pd.UInt8Dtype, pd.UInt16Dtype, pd.UInt32Dtype, pd.UInt64Dtype),
)


def _pandas_metadata(dtypes: Mapping[str, Any]) -> dict[str, Any]:
    """Say which columns had dtypes of pandas' own, in the form that its files use.

    Without it, pandas reads ids of which some are missing as floats, which lose digits.
    """
    columns = []
    for name, dtype in dtypes.items():
        try:
            known = isinstance(dtype, _RESTORED) and pd.api.types.pandas_dtype(str(dtype))
        except (TypeError, ValueError, NotImplementedError):
            continue  # the name of a nested dtype, which pandas cannot read
        if known:
            columns.append(
                {
                    "name": name,
                    "field_name": name,
                    "pandas_type": dtype.name,
                    "numpy_type": str(dtype),
                    "metadata": None,
                }
            )
    return {
        "columns": columns,
        "index_columns": [],
        "column_indexes": [],
        "pandas_version": pd.__version__,
        "creator": {"library": "classy_nb", "version": __version__},
    }
