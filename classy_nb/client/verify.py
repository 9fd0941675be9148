"""Noticing filters that the API ignored: rows that do not satisfy what was asked for."""

from __future__ import annotations

import operator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from classy_nb.errors import DataWarning, warn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import pandas as pd

    from classy_nb.query import Condition

_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}

_LAST_FOUR = 4  # digits to which frames pad such a column


def warn_where_ignored(frame: pd.DataFrame, conditions: Iterable[Condition]) -> None:
    """Warn for each condition that some rows of *frame* do not satisfy; missing values pass."""
    for condition in conditions:
        name = condition.column.name
        if name not in frame.columns or not len(frame):
            continue
        holds = _holds(frame[name], condition)
        failed = (
            0
            if holds is None
            else int((frame[name].notna() & ~holds.astype("boolean").fillna(value=True)).sum())
        )
        if failed:
            warn(
                f"{failed:,} of {len(frame):,} rows do not satisfy '{name} {condition.operator} ...': "
                "the API seems to ignore this condition. Apply it in pandas, to the frame.",
                DataWarning,
            )


def _holds(column: pd.Series[Any], condition: Condition) -> pd.Series[Any] | None:
    compare = _OPERATORS[condition.operator]
    kind, value = condition.column.kind, condition.value
    if kind == "datetime":
        moment = datetime.strptime(value, "%Y-%m-%dT%H:%M:%S%z").astimezone(UTC)
        return compare(column.dt.tz_convert("UTC"), moment)  # type: ignore[no-any-return]
    if kind == "date":
        return compare(column.astype("datetime64[us]"), datetime.fromisoformat(value))  # type: ignore[no-any-return]
    if kind in ("int", "float"):
        return compare(column, float(value) if kind == "float" else int(value))  # type: ignore[no-any-return]
    if kind == "bool":
        return compare(column, value == "true")  # type: ignore[no-any-return]
    if condition.operator == "=":
        value = value.zfill(_LAST_FOUR) if kind == "last4" else value
        # The server's collation ignores case and blanks at the end.
        return column.str.strip().str.casefold() == value.strip().casefold()
    return None
