"""Lists in the cells of a frame to a frame of their own: a row for each item, with the id of its parent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from classy_nb import catalog
from classy_nb.catalog import Column, Endpoint
from classy_nb.decoding import rows_of
from classy_nb.errors import UsageError
from classy_nb.redact import clear_tracebacks

from .builder import TableBuilder
from .frame import LISTS, to_frame

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

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
        A frame with lists in a column, such as transactions fetched with ``include=["items"]``.
    column
        The column of lists.
    parent_id
        The column of *frame* that identifies a row.
    columns
        The items' columns. By default they are the catalog's if *frame* still knows what its lists hold
        (some operations lose ``frame.attrs``), else whatever the items have.

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
        *frame* has no such columns.
    """
    for name in (column, parent_id):
        if name not in frame.columns:
            raise UsageError(f"The frame has no column {name!r}.", advice="See frame.columns.")
    if columns is None:
        columns = _known_columns(frame, column)
    builder = TableBuilder(columns, timezone=_zone(frame), label=column)
    positions: list[int] = []
    builder.add(_items(frame[column], positions))
    children = to_frame(builder.table(), dtype_backend=_backend(frame))
    name = "parent_id"
    while name in children.columns:
        name += "_"
    children.insert(0, name, frame[parent_id].take(positions).array)
    return children


def _items(lists: pd.Series[Any], positions: list[int]) -> Iterator[Any]:
    """Yield the items and note the row of each."""
    for position, value in enumerate(lists):
        if isinstance(value, dict):  # PHP writes some lists as objects, and may write one item by itself
            rows = rows_of(value)
            value = [value] if rows is None else rows  # noqa: PLW2901
        if isinstance(value, list):
            positions.extend([position] * len(value))
            yield from value


def _known_columns(frame: pd.DataFrame, column: str) -> Sequence[Column]:
    record = frame.attrs.get(LISTS, {}).get(column)
    known = catalog.load()
    if record not in known.records:
        return ()
    return known.columns(Endpoint("", "list", record, ""))


def _zone(frame: pd.DataFrame) -> str:
    for dtype in frame.dtypes:
        zone = getattr(dtype, "tz", None) or getattr(getattr(dtype, "pyarrow_dtype", None), "tz", None)
        if zone is not None:
            return str(zone)
    return "UTC"


def _backend(frame: pd.DataFrame) -> Backend:
    arrow = any(isinstance(dtype, pd.ArrowDtype) for dtype in frame.dtypes)
    return "pyarrow" if arrow else "numpy_nullable"
