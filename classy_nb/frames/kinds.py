"""Column kinds: what a column is called in the catalog, its Arrow type, its pandas dtype.

The catalog says of each column what kind of values it holds. :mod:`.convert` turns JSON values into the
Arrow type of the kind, :mod:`.frame` turns the Arrow column into the pandas dtype.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa

from classy_nb.arguments import shown
from classy_nb.errors import UsageError

Backend = Literal["numpy_nullable", "pyarrow"]

ARROW: dict[str, pa.DataType] = {
    "int": pa.int64(),
    "float": pa.float64(),
    "decimal": pa.decimal128(18, 2),
    "bool": pa.bool_(),
    # 64-bit offsets: pandas uses them too and takes the finished column over without a copy.
    "text": pa.large_string(),
    "last4": pa.large_string(),
    "datetime": pa.timestamp("us", "UTC"),
    "date": pa.date32(),
    # JSON text; `JSON_KINDS` says how the field is marked.
    "list": pa.large_string(),
    "json": pa.large_string(),
    "object": pa.large_string(),
    "undeclared": pa.large_string(),
}

JSON_KINDS = frozenset({"list", "json", "object", "undeclared"})
"""Kinds without an Arrow type of their own: each cell is JSON text, and the field's metadata says so."""

KIND, RECORD = b"classy_kind", b"classy_record"
"""Keys of a field's metadata: one of `JSON_KINDS`; the record type of the items where the JSON is a list."""

ABOUT = b"classy"
"""Key of a table's metadata: JSON that becomes ``frame.attrs["classy"]`` and tells what was asked."""

MISFITS = "_misfits"
"""The column that holds values that do not fit their columns, where these are kept."""

POOL = pa.system_memory_pool()
"""Where the many small chunks live. Arrow's own allocator makes building a frame a seventh slower and uses
somewhat more memory (benchmarks/README.md)."""

WORDS = {
    "int": "whole numbers",
    "float": "numbers",
    "decimal": "amounts of at most 16 digits before the point",
    "bool": "true or false",
    "text": "text",
    "last4": "last four digits",
    "datetime": "dates with a time",
    "date": "dates",
    "list": "lists",
    "object": "objects",
}
"""What the values of a kind are called in a warning."""


def checked_backend(backend: object) -> Backend:
    """Return what ``dtype_backend=`` takes.

    Raises
    ------
    UsageError
        It is anything else.
    """
    if isinstance(backend, str) and backend == "numpy_nullable":
        return "numpy_nullable"
    if isinstance(backend, str) and backend == "pyarrow":
        return "pyarrow"
    raise UsageError(f"dtype_backend={shown(backend)} must be 'numpy_nullable' or 'pyarrow'.")


def field_of(name: str, kind: str, timezone: str, record: str | None = None) -> pa.Field:
    """Return the Arrow field of a column."""
    metadata = {KIND: kind.encode()} if kind in JSON_KINDS else {}
    if kind in {"list", "json"} and record:
        metadata[RECORD] = record.encode()
    arrow = pa.timestamp("us", timezone) if kind == "datetime" else ARROW[kind]
    return pa.field(name, arrow, metadata=metadata or None)


def json_kind(field: pa.Field) -> str | None:
    """Return which of `JSON_KINDS` a field is marked as; None for an ordinary column."""
    kind = (field.metadata or {}).get(KIND)
    return None if kind is None else kind.decode()


def to_pandas(values: pa.Array, backend: Backend) -> Any:
    """Return an ordinary Arrow column as a pandas array."""
    dtype = _pandas_dtype(values.type, backend)
    if isinstance(dtype, np.dtype):
        return values.cast(pa.timestamp("us")).to_numpy(zero_copy_only=False)
    if isinstance(dtype, pd.ArrowDtype):
        values = values.cast(dtype.pyarrow_dtype)
    return dtype.__from_arrow__(values)


def _pandas_dtype(arrow: pa.DataType, backend: Backend) -> Any:
    if backend == "pyarrow":
        # The type that pandas itself gives with dtype_backend="pyarrow".
        return pd.ArrowDtype(pa.string() if arrow == pa.large_string() else arrow)
    if pa.types.is_timestamp(arrow) and arrow.tz is not None:
        return pd.DatetimeTZDtype("us", arrow.tz)
    return {
        pa.int64(): pd.Int64Dtype(),
        pa.float64(): pd.Float64Dtype(),
        pa.bool_(): pd.BooleanDtype(),
        pa.date32(): np.dtype("datetime64[us]"),
        pa.timestamp("us"): np.dtype("datetime64[us]"),
    }.get(arrow, pd.StringDtype("pyarrow"))
