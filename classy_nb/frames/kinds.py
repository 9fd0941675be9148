"""Column kinds: the Arrow type a column is gathered in, and the pandas dtype it ends as."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa

Backend = Literal["numpy_nullable", "pyarrow"]

ARROW: dict[str, pa.DataType] = {
    "int": pa.int64(),
    "float": pa.float64(),
    "bool": pa.bool_(),
    # Offsets of 64 bits: pandas wants them, so the finished column is taken over without a copy.
    "text": pa.large_string(),
    "last4": pa.large_string(),
    "datetime": pa.timestamp("us", "UTC"),
    "date": pa.date32(),
}
"""The kinds that have a type. The others (``list``, ``json``) hold Python objects."""

POOL = pa.system_memory_pool()
"""Where the many small pieces live. With Arrow's own allocator building costs a seventh more time and
some more memory (benchmarks/README.md)."""

WORDS = {
    "int": "whole numbers",
    "float": "numbers",
    "bool": "true or false",
    "text": "text",
    "last4": "last four digits",
    "datetime": "dates with a time",
    "date": "dates",
    "object": "objects",
}
"""What the values of a kind are called in a warning."""


def pandas_dtype(kind: str, timezone: str, backend: Backend) -> Any:
    """Return the dtype that a column of *kind* has in a frame."""
    if kind not in ARROW:
        return np.dtype(object)
    if backend == "pyarrow":
        return pd.ArrowDtype(_arrow_backend_type(kind, timezone))
    return {
        "int": pd.Int64Dtype(),
        "float": pd.Float64Dtype(),
        "bool": pd.BooleanDtype(),
        "datetime": pd.DatetimeTZDtype("us", timezone),
        "date": np.dtype("datetime64[us]"),
    }.get(kind, pd.StringDtype("pyarrow"))


def _arrow_backend_type(kind: str, timezone: str) -> pa.DataType:
    if kind == "datetime":
        return pa.timestamp("us", timezone)
    # The type that pandas itself gives with dtype_backend="pyarrow".
    return pa.string() if kind in {"text", "last4"} else ARROW[kind]


def to_pandas(values: pa.Array, kind: str, timezone: str, backend: Backend) -> Any:
    """Return *values* as the pandas array of a column of *kind*."""
    dtype = pandas_dtype(kind, timezone, backend)
    if isinstance(dtype, np.dtype):
        return values.cast(pa.timestamp("us")).to_numpy(zero_copy_only=False)
    if isinstance(dtype, pd.ArrowDtype):
        values = values.cast(dtype.pyarrow_dtype)
    return dtype.__from_arrow__(values)


def object_array(values: list[Any]) -> np.ndarray[Any, Any]:
    """Return *values* as a one-dimensional object array, None as ``pd.NA``."""
    array = np.empty(len(values), dtype=object)
    array[:] = [pd.NA if value is None else value for value in values]
    return array
