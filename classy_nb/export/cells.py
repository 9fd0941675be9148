"""Cells of a CSV file: values as text, formulas neutralised, quoted where needed; a column at a time."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc

_FULL_WIDTH = "\uff1d\uff0b\uff0d\uff20"  # the same four, as East Asian keyboards write them
FORMULA = rf"^['\"\s]*[=+\-@\t\r{_FULL_WIDTH}]"
"""Text that a spreadsheet may take for a formula: an operator in front, behind blanks or quotes or not."""
_NUMBER = r"^-(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$"
"""A negative number in JSON, which is none."""
_WHOLE_MINUTES = datetime(1972, 2, 1, tzinfo=UTC)
"""From here on the offset of every zone is in whole minutes (Liberia was the last)."""
_NEEDS_QUOTES = r"[\",\r\n]|^$|^\s|\s$"


def column_text(column: pa.Array, *, neutralize: bool) -> pa.Array:
    """Return a column's cells as they stand in the file; missing ones stay missing."""
    kind = column.type
    if pa.types.is_timestamp(kind):
        return _moments(column)
    if pa.types.is_date(kind):
        return pc.strftime(column.cast(pa.timestamp("s")), format="%Y-%m-%d")
    if pa.types.is_floating(kind):
        return _floats(column)
    if pa.types.is_integer(kind) or pa.types.is_boolean(kind) or pa.types.is_decimal(kind):
        return column.cast(pa.string())
    if pa.types.is_null(kind):
        return pa.nulls(len(column), pa.string())
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        column = pa.array([None if cell is None else str(cell) for cell in column.to_pylist()], pa.string())
    return quoted(column.cast(pa.string()), neutralize=neutralize)


def quoted(text: pa.Array, *, neutralize: bool) -> pa.Array:
    """Put an apostrophe before what looks like a formula, and quotes around what needs them."""
    if neutralize:
        formula, number = (pc.match_substring_regex(text, pattern) for pattern in (FORMULA, _NUMBER))
        risky = pc.fill_null(pc.and_not(formula, number), False)
        if pc.any(risky).as_py():
            text = pc.if_else(risky, pc.binary_join_element_wise("'", text, ""), text)
    needy = pc.fill_null(pc.match_substring_regex(text, _NEEDS_QUOTES), False)
    if pc.any(needy).as_py():
        escaped = pc.replace_substring(text, '"', '""')
        text = pc.if_else(needy, pc.binary_join_element_wise('"', escaped, '"', ""), text)
    return text


def header_text(name: str, *, neutralize: bool) -> str:
    """Return a column's name as it stands in the file."""
    if neutralize and re.match(FORMULA, name):
        name = f"'{name}"
    return '"' + name.replace('"', '""') + '"' if re.search(_NEEDS_QUOTES, name) else name


def _floats(column: pa.Array) -> pa.Array:
    """Write the shortest text that reads back as the same number; not-a-number is missing."""
    column = pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)
    text = column.cast(pa.string())
    whole = pc.fill_null(pc.match_substring_regex(text, r"^-?\d+$"), False)
    # A whole amount keeps its ".0": a reader that guesses then guesses a number with decimals.
    return pc.if_else(whole, pc.binary_join_element_wise(text, ".0", ""), text)


def with_days(table: pa.Table) -> pa.Table:
    """Return *table* with columns of moments without a zone as days, where all of them are midnights."""
    for place, column in enumerate(table.schema):
        if pa.types.is_timestamp(column.type) and column.type.tz is None:
            days = table[place].cast(pa.date32(), safe=False)
            if pc.all(pc.equal(days.cast(column.type), table[place])).as_py() is not False:
                table = table.set_column(place, column.name, days)
    return table


def _moments(column: pa.Array) -> pa.Array:
    """Write ISO 8601, with the offset where there is a zone; a fraction only where a cell has one."""
    if column.type.tz is None:
        return _iso(column, "")
    text = pc.replace_substring_regex(_iso(column, "%z"), r"([+-]\d\d)(\d\d)$", r"\1:\2")
    if pc.any(pc.less(column, pa.scalar(_WHOLE_MINUTES, column.type))).as_py():
        # Local time of old had seconds in its offset. No offset in ISO 8601 has: those cells are in UTC.
        utc = column.cast(pa.timestamp(column.type.unit, "UTC"))
        text = pc.if_else(
            _has_seconds(column, utc), pc.binary_join_element_wise(_iso(utc, ""), "+00:00", ""), text
        )
    return text


def _iso(column: pa.Array, offset: str) -> pa.Array:
    whole = column.cast(pa.timestamp("s", column.type.tz), safe=False)
    text = pc.strftime(whole, format=f"%Y-%m-%dT%H:%M:%S{offset}")
    is_whole = pc.equal(whole.cast(column.type), column)
    if pc.all(is_whole).as_py() is not False:
        return text
    return pc.if_else(is_whole, text, pc.strftime(column, format=f"%Y-%m-%dT%H:%M:%S{offset}"))


def _has_seconds(local: pa.Array, utc: pa.Array) -> pa.Array:
    """Whether the offset of each cell is more than whole minutes."""
    walls = (pc.local_timestamp(column).cast(pa.timestamp("s"), safe=False) for column in (local, utc))
    offset = pc.subtract(*walls).cast(pa.int64())
    return pc.not_equal(pc.multiply(pc.divide(offset, 60), 60), offset)
