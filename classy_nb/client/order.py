"""The order of rows: sort a whole list as asked for, and notice where the API did not sort."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from classy_nb.errors import DataWarning, warn

if TYPE_CHECKING:
    from collections.abc import Sequence

    Sort = Sequence[tuple[str, bool]]
    """Columns, and whether descending."""


def in_order(table: pa.Table, sort: Sort, key: str | None) -> pa.Table:
    """Return the rows of a whole list sorted; those that tie in order of *key*, missing values lowest.

    That is what databases do, so that the first rows are those that ``limit=`` asks the API for.
    """
    names = table.column_names
    order = [*sort] if all(name in names for name, _ in sort) else []
    if key in names and not _is_sorted(table[key], down=False):
        order.append((str(key), False))  # what was missing at first has come at the end
    if not order:
        return table
    indices = pa.array(range(len(table)), pa.int64())
    for name, down in reversed(order):  # Arrow's sort is stable
        column = table[name].combine_chunks().take(indices)
        places = pc.array_sort_indices(
            column,
            order="descending" if down else "ascending",
            null_placement="at_end" if down else "at_start",
        )
        indices = indices.take(places)
    return table.take(indices)


def warn_where_unsorted(table: pa.Table, sort: Sort) -> bool:
    """Warn if the API did not sort *table*, as far as that shows: text is sorted by rules of its own."""
    if not sort or sort[0][0] not in table.column_names:
        return False
    name, down = sort[0]
    column = table[name].drop_null()
    if pa.types.is_large_string(column.type) or _is_sorted(column, down=down):
        return False
    warn(
        f"The API seems to ignore sort={name!r}: the first rows would be others. All rows are fetched "
        "and sorted here.",
        DataWarning,
    )
    return True


def _is_sorted(column: pa.ChunkedArray, *, down: bool) -> bool:
    if column.null_count:
        return False
    compare = pc.greater_equal if down else pc.less_equal
    return pc.all(compare(column.slice(0, max(len(column) - 1, 0)), column.slice(1))).as_py() is not False
