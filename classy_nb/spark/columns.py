"""The columns of a Spark frame: the catalog's, under flat names and with Spark's types.

In come a query, for the schema, and the client's Arrow tables, for the rows; out go a schema as Spark reads
it and record batches of exactly these types.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from classy_nb.catalog import flat_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from classy_nb.query import Query

ORGANIZATION = "_organization_id"
UNKNOWN = "_unknown"
"""The keys of a record that the catalog does not know, as a JSON object."""

BATCH_ROWS = 10_000
"""Rows of a record batch, which Spark's side holds in memory at once."""

_TYPES: dict[str, tuple[str, pa.DataType]] = {
    "int": ("bigint", pa.int64()),
    "float": ("double", pa.float64()),
    "decimal": ("decimal(18,2)", pa.decimal128(18, 2)),
    "bool": ("boolean", pa.bool_()),
    "datetime": ("timestamp", pa.timestamp("us", "UTC")),
    "date": ("date", pa.date32()),
}
"""By the kind of a column, what Spark calls its type, and the Arrow type that Spark reads as that."""
_TEXT = ("string", pa.string())


def column_types(query: Query) -> dict[str, tuple[str, pa.DataType]]:
    """Return the columns of a query's frame, by name: the type as Spark writes it, and as Arrow has it."""
    columns = query.with_decimals().columns
    names = flat_names(column.name for column in columns)
    own = {name: _TYPES.get(c.kind, _TEXT) for name, c in zip(names, columns, strict=True)}
    return {ORGANIZATION: _TYPES["int"], **own, UNKNOWN: _TEXT}


def schema(query: Query) -> str:
    """Return the schema as Spark reads it: ```id` bigint, `status` string``."""
    return ", ".join(f"`{name}` {spark}" for name, (spark, _) in column_types(query).items())


def batches(table: pa.Table, query: Query, organization: int) -> Iterator[pa.RecordBatch]:
    """Yield a table of the client's as record batches with the columns of :func:`column_types`.

    Its JSON is text already, and stays that: Spark reads it with ``from_json`` or ``get_json_object``.
    """
    types = column_types(query)
    declared = [column.name for column in query.columns]
    arrays = [pa.repeat(pa.scalar(organization, pa.int64()), len(table))]
    for name, (_, arrow) in zip(declared, list(types.values())[1:-1], strict=True):
        arrays.append(table[name].cast(arrow))
    arrays.append(_unknown(table, [name for name in table.column_names if name not in set(declared)]))
    arrow_schema = pa.schema([pa.field(name, arrow) for name, (_, arrow) in types.items()])
    yield from pa.table(arrays, schema=arrow_schema).to_batches(max_chunksize=BATCH_ROWS)


def _unknown(table: pa.Table, names: list[str]) -> Any:
    """Return what is not declared as one JSON object a row; the cells of these columns are JSON text."""
    if not names:
        return pa.nulls(len(table), pa.string())
    cells = [[(json.dumps(name), cell) for cell in table[name].to_pylist()] for name in names]
    objects = (
        ", ".join(f"{name}: {cell}" for name, cell in row if cell is not None)
        for row in zip(*cells, strict=True)
    )
    return pa.array([f"{{{inner}}}" if inner else None for inner in objects], pa.string())
