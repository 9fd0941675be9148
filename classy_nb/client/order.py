"""The order of rows: by what was asked for, and where the API did not keep to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from classy_nb.errors import DataWarning, warn

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    Sort = Sequence[tuple[str, bool]]
    """Columns, and whether downwards."""


def in_order(frame: pd.DataFrame, sort: Sort, key: str | None) -> pd.DataFrame:
    """Return the rows of a whole list sorted; those that tie in order of *key*, missing values lowest.

    That is what databases do, so that the first rows are those that ``limit=`` asks the API for.
    """
    order = [*sort] if all(name in frame.columns for name, _ in sort) else []
    if key in frame.columns and not frame[key].is_monotonic_increasing:
        order.append((str(key), False))  # what was missing has come at the end
    for name, down in reversed(order):
        frame = frame.sort_values(
            name,
            ascending=not down,
            kind="stable",
            na_position="last" if down else "first",
            ignore_index=True,
        )
    return frame


def warn_where_unsorted(frame: pd.DataFrame, sort: Sort) -> bool:
    """Warn if the API did not sort *frame*, as far as that shows: text is sorted by rules of its own."""
    if not sort or sort[0][0] not in frame.columns:
        return False
    name, down = sort[0]
    column = frame[name].dropna()
    if column.dtype.kind not in "iufbM" or (
        column.is_monotonic_decreasing if down else column.is_monotonic_increasing
    ):
        return False
    warn(
        f"The API seems to ignore sort={name!r}: the first rows would be others. All rows are fetched "
        "and sorted here.",
        DataWarning,
    )
    return True
