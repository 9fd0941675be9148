"""One schema for batches whose undeclared columns differ.

However the same rows are cut into batches, the columns and types are the ones that a single batch of all
rows would have: a file that was interrupted must not differ from one that was not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from .tables import TEXT, json_or_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

EXACT = 2**53
"""Up to here every whole number is a float of its own."""
ROWS = 10_000
"""Rows of each table, and of each row group of a Parquet file."""


def common_schema(
    schemas: Sequence[pa.Schema], values: Callable[[str], Iterable[pa.ChunkedArray]]
) -> pa.Schema:
    """Return the columns of all *schemas*, those of the first one first.

    Parameters
    ----------
    schemas
        Those of the batches, in order.
    values
        Gives a column's values in each batch that has it.
    """
    types: dict[str, set[pa.DataType]] = {}
    for schema in schemas:
        for column in schema:
            types.setdefault(column.name, set()).add(column.type)
    return pa.schema([(name, _common(found, name, values)) for name, found in types.items()])


def _common(
    found: set[pa.DataType], name: str, values: Callable[[str], Iterable[pa.ChunkedArray]]
) -> pa.DataType:
    found = found - {pa.null()}
    if len(found) == 1:
        return found.pop()
    if found == {pa.int64(), pa.float64()} and all(map(_exact, values(name))):
        return pa.float64()
    return TEXT


def _exact(column: pa.ChunkedArray) -> bool:
    """Whether all values are floats, or would be the same number as floats."""
    if not pa.types.is_integer(column.type):
        return True
    bounds = pc.min_max(column).as_py()
    return all(bound is None or abs(bound) <= EXACT for bound in bounds.values())


def fitted(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Return *table* with the columns and types of *schema*."""
    columns = [
        _as(table[column.name], column.type)
        if column.name in table.column_names
        else pa.nulls(len(table), column.type)
        for column in schema
    ]
    return pa.table(columns, schema=schema)


def _as(column: pa.ChunkedArray, wanted: pa.DataType) -> pa.ChunkedArray:
    if wanted == TEXT and column.type not in (TEXT, pa.null()):
        # The text that stands in a column of mixed values; Arrow would write 1.0 as 1.
        return pa.chunked_array([[json_or_text(value) for value in column.to_pylist()]], TEXT)
    return column.cast(wanted)


def even(tables: Iterable[pa.Table], schema: pa.Schema, rows: int = ROWS) -> Iterator[pa.Table]:
    """Yield the rows of *tables* in tables of *rows* rows each, the last one shorter; at least one."""
    held: list[pa.Table] = []
    count, yielded = 0, False
    for table in tables:
        rest = table
        while count + len(rest) >= rows:
            yield _joined([*held, rest.slice(0, rows - count)], schema)
            rest, held, count, yielded = rest.slice(rows - count), [], 0, True
        held.append(rest)
        count += len(rest)
    if count or not yielded:
        yield _joined(held, schema)


def _joined(tables: list[pa.Table], schema: pa.Schema) -> pa.Table:
    return pa.concat_tables([schema.empty_table(), *tables]).combine_chunks()
