"""Cells of a CSV file: values as text, formulas neutralised, quoted where needed; a column at a time."""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc

_FULL_WIDTH = "\uff1d\uff0b\uff0d\uff20"  # the same four, as East Asian keyboards write them
FORMULA = rf"^['\"\s]*[=+\-@\t\r{_FULL_WIDTH}]"
"""Text that a spreadsheet may take for a formula: an operator in front, behind blanks or quotes or not."""
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
        risky = pc.fill_null(pc.match_substring_regex(text, FORMULA), False)
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


def _moments(column: pa.Array) -> pa.Array:
    """Write ISO 8601: instants with their offset, days without a time where a column holds only days."""
    zone = column.type.tz
    whole = column.cast(pa.timestamp("s", zone), safe=False)
    if pc.all(pc.fill_null(pc.equal(whole.cast(column.type), column), True)).as_py():
        column = whole
    if zone is None:
        days = column.cast(pa.date32(), safe=False).cast(column.type)
        only_days = pc.all(pc.fill_null(pc.equal(days, column), True)).as_py()
        return pc.strftime(column, format="%Y-%m-%d" if only_days else "%Y-%m-%dT%H:%M:%S")
    text = pc.strftime(column, format="%Y-%m-%dT%H:%M:%S%z")
    return pc.replace_substring_regex(text, r"([+-]\d\d)(\d\d)$", r"\1:\2")
