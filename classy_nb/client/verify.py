"""Notice filters that the API ignored: rows that do not satisfy what was asked for."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from classy_nb.errors import DataWarning, warn
from classy_nb.frames import json_kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from classy_nb.query import Condition

_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "=": pc.equal,
    "!=": pc.not_equal,
    "<": pc.less,
    "<=": pc.less_equal,
    ">": pc.greater,
    ">=": pc.greater_equal,
}

_LAST_FOUR = 4  # digits to which tables pad such a column


def warn_where_ignored(table: pa.Table, conditions: Iterable[Condition]) -> None:
    """Warn for each condition that some rows of *table* do not satisfy; missing values pass."""
    for condition in conditions:
        name = condition.column.name
        if name not in table.column_names or json_kind(table.schema.field(name)) is not None:
            continue
        failed = _failing(table[name].drop_null(), condition)
        if failed:
            warn(
                f"{failed:,} of {len(table):,} rows do not satisfy '{name} {condition.operator} ...': "
                "the API seems to ignore this condition. Apply it in pandas, to the frame.",
                DataWarning,
            )


def _failing(column: pa.ChunkedArray, condition: Condition) -> int:
    """Return how many values do not satisfy a condition, as far as that can be told here."""
    kind, value = condition.column.kind, condition.value
    if kind in ("text", "last4"):
        if condition.operator != "=":
            return 0
        # The server's collation ignores case and blanks at the end. Few texts differ, so count them first.
        wanted = (value.zfill(_LAST_FOUR) if kind == "last4" else value).strip().casefold()
        counts = pc.value_counts(column).to_pylist()
        return sum(one["counts"] for one in counts if one["values"].strip().casefold() != wanted)
    wanted_value: Any
    if kind == "datetime":
        wanted_value = pa.scalar(datetime.strptime(value, "%Y-%m-%dT%H:%M:%S%z"), column.type)
    elif kind == "date":
        column = column.cast(pa.timestamp("us"))
        wanted_value = pa.scalar(datetime.fromisoformat(value), column.type)
    elif kind == "bool":
        column = column.cast(pa.int8())
        wanted_value = pa.scalar(int(value == "true"), column.type)
    elif kind == "int" and not -(2**63) <= int(value) < 2**63:
        wanted_value = pa.scalar(float(value))
    else:
        wanted_value = pa.scalar(float(value) if kind == "float" else int(value), column.type)
    holds = _OPERATORS[condition.operator](column, wanted_value)
    return int(len(holds) - pc.sum(holds).as_py()) if len(holds) else 0
