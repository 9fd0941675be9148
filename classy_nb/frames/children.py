"""Lists in the cells of a frame to a frame of their own: a row for each item, with the id of its parent."""

from __future__ import annotations

import ast
from collections.abc import Hashable
from contextlib import suppress
from datetime import date, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from classy_nb import catalog
from classy_nb.arguments import shown
from classy_nb.catalog import Column, Endpoint, Record
from classy_nb.decoding import rows_of
from classy_nb.errors import UsageError
from classy_nb.redact import clear_tracebacks

from .builder import TableBuilder
from .convert import json_values
from .frame import LISTS, to_frame

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .kinds import Backend


@clear_tracebacks
def explode(
    frame: pd.DataFrame,
    column: str,
    *,
    parent_id: str = "id",
    columns: Sequence[Column] | None = None,
) -> pd.DataFrame:
    """Return the lists of one column as a table: a row for each item, with its parent's id.

    Parameters
    ----------
    frame
        A frame with lists in a column, such as transactions fetched with ``include=["items"]``, or with their
        JSON text, such as the ``questions`` of fundraising pages.
    column
        The column of lists. After a detour they may be arrays (Parquet, DuckDB, polars), tuples, or text
        (JSON from our files, Python's notation from pandas' own CSV files).
    parent_id
        The column of *frame* that identifies a row.
    columns
        The items' columns. By default they are the catalog's: of what *frame* says that its lists hold, or
        (some operations lose ``frame.attrs``) of what a list of this name holds, if the items look like it.
        Of other lists they are whatever the items have.

    Returns
    -------
    DataFrame
        First ``parent_id``, with the dtype of the parent's column (``parent_id_`` if the items have a
        ``parent_id`` of their own), then the items' columns, typed as in any frame. Rows are in the
        parents' order, then in the lists' order. Empty and missing lists give no rows; without any items the
        table is empty, with the same columns if these are known. Items that are not objects are in
        ``value``.

    Raises
    ------
    UsageError
        *frame* has no such columns, or *column* holds something other than lists.
    """
    if not isinstance(frame, pd.DataFrame):
        raise UsageError(
            f"explode() takes a pandas DataFrame, not a {_kind_of(frame)}.",
            advice="Convert it with .to_pandas() or .df().",
        )
    for keyword, name in (("column", column), ("parent_id", parent_id)):
        if not isinstance(name, Hashable) or name is None:
            raise UsageError(f"{keyword}={shown(name)} must be the name of a column.")
        found = list(frame.columns).count(name)
        if not found:
            advice = f"Fetch it with include={shown(name)}, or see frame.columns."
            if name in frame.index.names:
                advice = "It is the index: call frame.reset_index()."
            elif keyword == "parent_id":
                advice = "parent_id= names the column that tells the rows apart; see frame.columns."
            raise UsageError(f"The frame has no column {shown(name)}.", advice=advice)
        if found > 1:
            raise UsageError(f"The frame has {found} columns {shown(name)}.", advice="Rename all but one.")
    items, positions = _items(frame[column])
    if not items and not _may_hold_lists(frame, column):
        dtype = frame[column].dtype
        what = f"The column {shown(column)} does not hold lists: it is empty, and its dtype is {dtype}."
        raise UsageError(what, advice=_CHOOSE)
    if columns is None:
        columns = _known_columns(frame, column, items)
    builder = TableBuilder(columns, timezone=_zone(frame), label=column)
    builder.add(items)
    del items
    children = to_frame(builder.table(), dtype_backend=_backend(frame))
    name = "parent_id"
    while name in children.columns:
        name += "_"
    children.insert(0, name, frame[parent_id].take(positions).array)
    return children


def _kind_of(given: object) -> str:
    """Return the name of its class, with that of the library: polars calls its frames DataFrame too."""
    kind = type(given)
    library = kind.__module__.partition(".")[0]
    return kind.__name__ if library == "builtins" else f"{library} {kind.__name__}"


_CHOOSE = "Choose a column of lists, such as 'items' of transactions with include='items'."


def _may_hold_lists(frame: pd.DataFrame, column: str) -> bool:
    """Whether a column without any items is one of lists, as far as its name and its dtype tell."""
    if column in frame.attrs.get(LISTS, {}) or catalog.load().lists_called(column):
        return True
    if any(isinstance(cell, str) and cell.lstrip().startswith("[") for cell in frame[column].dropna()):
        return True  # empty ones, as JSON text
    dtype = frame[column].dtype
    return pd.api.types.is_object_dtype(dtype) or (
        isinstance(dtype, pd.ArrowDtype) and pa.types.is_nested(dtype.pyarrow_dtype)
    )


def _items(lists: pd.Series[Any]) -> tuple[list[Any], list[int]]:
    """Return the items of all lists, and the row of each."""
    items: list[Any] = []
    positions: list[int] = []
    for position, cell in enumerate(lists):
        value = cell if type(cell) is list else _as_list(cell)
        if value is None:
            raise UsageError(
                f"The column {lists.name!r} does not hold lists: in row {position} there is a "
                f"{type(cell).__name__} that is not one.",
                advice=_CHOOSE,
            )
        items += map(_plain_item, value)
        positions += [position] * len(value)
    return items, positions


def _as_list(cell: Any) -> list[Any] | None:
    """Return the list that a cell holds in whatever form, empty where it is missing; None: not a list."""
    cell = _plain(cell)
    if isinstance(cell, str):
        cell = _read_text(cell.strip()) if cell.strip() else []
    if cell is None:
        return []
    if isinstance(cell, dict):
        # PHP writes a list with gaps in it as an object with numbers for keys, and a list of one as the item.
        rows = rows_of(cell)
        return [cell] if rows is None else rows
    return cell if isinstance(cell, list) else None


def _read_text(text: str) -> Any:
    """Read JSON, or a list as Python (and so pandas' CSV) writes it; text that is neither stays text."""
    if text == "null":
        return None
    if text[0] not in "[{":
        return text
    with suppress(ValueError, RecursionError):
        return json_values([text])[0]
    with suppress(ValueError, SyntaxError, RecursionError, MemoryError):
        return _plain(ast.literal_eval(text))
    return text


_UNCHANGED = frozenset({str, int, bool, type(None)})
"""Types of JSON values that need no second look."""
_UNCHANGED_BUT_NAN = _UNCHANGED | {float}


def _plain_item(item: Any) -> Any:
    """Return an item as it was in the JSON; DuckDB and polars may have objects as text."""
    if type(item) is dict and _UNCHANGED_BUT_NAN.issuperset(map(type, item.values())):
        # Most items are such, and are to be passed on quickly. NaN alone does not equal itself.
        return {key: None if value != value else value for key, value in item.items()}  # noqa: PLR0124
    plain = _plain(item)
    if isinstance(plain, str) and plain[:1] == "{":
        return _read_text(plain)
    return plain


def _plain(value: Any) -> Any:  # noqa: PLR0911 - a line for each kind of value reads best
    """Return a value as JSON has it: arrays and tuples as lists, all sorts of missing values as None."""
    if type(value) in _UNCHANGED:
        return value
    if type(value) is float:
        return None if value != value else value  # noqa: PLR0124 - NaN alone does not equal itself
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple) or (isinstance(value, np.ndarray) and value.ndim):
        return [_plain(inner) for inner in value]
    if value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, np.datetime64):
        return _plain(pd.Timestamp(value))
    if isinstance(value, date | time):  # a datetime and a Timestamp are dates, too
        return value.isoformat()
    if isinstance(value, Decimal):
        if not value.is_finite():
            return None
        return int(value) if value == value.to_integral_value() else float(value)
    # NumPy, pandas and Arrow call it tolist, polars to_list, and an Arrow scalar as_py.
    for method in ("as_py", "tolist", "to_list"):
        if hasattr(value, method):
            return _plain(getattr(value, method)())
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _known_columns(frame: pd.DataFrame, column: str, items: Sequence[Any]) -> Sequence[Column]:
    """Return the catalog's columns of what the lists in a column hold; none where that is unknown."""
    known = catalog.load()
    record = frame.attrs.get(LISTS, {}).get(column)
    if record is None:
        # pd.concat, files and other libraries lose the attrs. A name says less: the items have to agree.
        keys = {key for item in items if isinstance(item, dict) for key in item}
        names = [name for name in known.lists_called(column) if _shares_keys(known.records[name], keys)]
        record = max(names, key=lambda name: len(keys & _names(known.records[name])), default=None)
    if record not in known.records:
        return ()
    return known.columns(Endpoint("", "list", record, ""))


def _shares_keys(record: Record, keys: set[str]) -> bool:
    """Whether most of the *keys* are those of a record; true without any keys."""
    return 2 * len(keys & _names(record)) >= len(keys)


def _names(record: Record) -> set[str]:
    return {column.name for column in record.columns}


def _zone(frame: pd.DataFrame) -> str:
    asked_in = frame.attrs.get("classy", {}).get("timezone")
    if asked_in is not None:  # the frame itself may be left without a column of instants
        return str(asked_in)
    for dtype in frame.dtypes:
        zone = getattr(dtype, "tz", None) or getattr(getattr(dtype, "pyarrow_dtype", None), "tz", None)
        if zone is not None:
            return str(zone)
    return "UTC"


def _backend(frame: pd.DataFrame) -> Backend:
    arrow = any(isinstance(dtype, pd.ArrowDtype) for dtype in frame.dtypes)
    return "pyarrow" if arrow else "numpy_nullable"
