"""From a frame of any kind to Arrow columns of plain values."""

from __future__ import annotations

from typing import Any

import orjson
import pandas as pd
import pyarrow as pa

from classy_nb.errors import UsageError

TEXT = pa.large_string()
"""The type of all text: pandas' own."""


def as_frame(given: Any) -> pd.DataFrame:
    """Return what somebody wants to export as a frame; a Series becomes its only column."""
    if isinstance(given, pd.Series):
        return given.to_frame("value" if given.name is None else given.name)
    if isinstance(given, pd.DataFrame):
        return given
    kind = type(given).__name__
    raise UsageError(
        f"A DataFrame can be exported, not a {kind}.", advice="Make one of it first: pd.DataFrame(...)."
    )


def flat_table(frame: pd.DataFrame) -> pa.Table:
    """Return *frame* as Arrow columns; nested cells become JSON text.

    The index stands in front where it says something (any other than a count from 0 on). A column of
    objects that are all missing has the type null: nothing is known of it.
    """
    if not (isinstance(frame.index, pd.RangeIndex) and frame.index.name is None):
        frame = frame.reset_index()
    arrays = [_array(frame.iloc[:, place]) for place in range(frame.shape[1])]
    return pa.Table.from_arrays(arrays, names=[_name(name) for name in frame.columns])


def _name(name: object) -> str:
    return ".".join(map(str, name)) if isinstance(name, tuple) else str(name)


def _array(column: pd.Series[Any]) -> pa.Array:
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(column.cat.categories.dtype)
    if column.dtype == object:
        texts = pa.array([json_or_text(cell) for cell in column], TEXT)
        return texts if texts.null_count < len(texts) else pa.nulls(len(texts))
    array = pa.Array.from_pandas(column)
    array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    return array.cast(TEXT) if pa.types.is_string(array.type) else array


def json_or_text(cell: Any) -> str | None:
    """Return text as it is, anything else as JSON; None where it is missing."""
    if isinstance(cell, str):
        return cell
    if cell is None or cell is pd.NA or cell is pd.NaT or (isinstance(cell, float) and cell != cell):  # noqa: PLR0124
        return None
    return orjson.dumps(cell, default=str, option=orjson.OPT_SERIALIZE_NUMPY).decode()
