"""The edge to Arrow: the JSON text in a builder's table gets the types that it can have.

Lists of declared records become lists of structs, undeclared values what all of them share; whatever has no
shape stays JSON text. :mod:`.frame` makes pandas columns of that; :func:`to_arrow` and :func:`stream` return
it as it is, to whatever reads Arrow: polars, DuckDB, dlt, Spark.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from classy_nb import catalog
from classy_nb.catalog import Column, Endpoint
from classy_nb.errors import UnexpectedAnswerError
from classy_nb.redact import clear_tracebacks

from .builder import TableBuilder
from .convert import Converter, SharedKind, json_values
from .forks import computes_with_arrow
from .kinds import ARROW, MISFITS, RECORD, json_kind

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator


@computes_with_arrow
def to_arrow(
    table: pa.Table, *, decimal: bool = False, shared: bool = True, keep_misfits: bool = False
) -> pa.Table:
    """Return a builder's table with plain types only.

    Parameters
    ----------
    table
        What :meth:`TableBuilder.table` returned.
    decimal
        Whether amounts within lists are decimals; those of the table itself are what the builder made them.
    shared
        Whether undeclared columns get the type that all their values share; otherwise they are JSON text.
    keep_misfits
        Whether records within lists, too, have a column :data:`MISFITS`.
    """
    arrays = [
        typed_column(
            column.combine_chunks(), field, decimal=decimal, shared=shared, keep_misfits=keep_misfits
        )
        for field, column in zip(table.schema, table.columns, strict=True)
    ]
    if not arrays:
        return table
    fields = [pa.field(name, array.type) for name, array in zip(table.column_names, arrays, strict=True)]
    return pa.table(arrays, schema=pa.schema(fields, table.schema.metadata))


def stream(
    tables: Generator[pa.Table, None, None], *, decimal: bool = False, keep_misfits: bool = False
) -> pa.RecordBatchReader:
    """Return builder's tables as a stream of record batches with the columns of the first one.

    The first table is taken at once, each of the others when it is read.

    Raises
    ------
    UnexpectedAnswerError
        (While it is read.) A later table has an undeclared column that the first one lacks: a stream has no
        place for it, and nothing is left out silently.
    """
    options = {"decimal": decimal, "shared": False, "keep_misfits": keep_misfits}
    first = to_arrow(next(tables), **options)
    waiting = [first]
    schema = first.schema

    @clear_tracebacks
    def batches() -> Iterator[pa.RecordBatch]:
        try:
            later = (to_arrow(table, **options) for table in tables)
            for table in chain([waiting.pop()], later):
                yield from _with_schema(table, schema).to_batches()
        finally:
            tables.close()

    del first
    return pa.RecordBatchReader.from_batches(schema, batches())


@computes_with_arrow
def _with_schema(table: pa.Table, schema: pa.Schema) -> pa.Table:
    if table.schema.equals(schema):
        return table
    columns = table.combine_chunks().to_batches()
    whole = columns[0].to_struct_array() if columns else pa.array([], pa.struct(table.schema))
    aligned = _aligned(whole, pa.struct(list(schema)), "")
    return pa.Table.from_arrays(aligned.flatten(), schema=schema)


def _aligned(array: pa.Array, wanted: pa.DataType, name: str) -> pa.Array:
    """Return *array* with the keys of *wanted* in each struct; those that it lacks are missing."""
    if array.type == wanted:
        return array
    if pa.types.is_list(wanted) and pa.types.is_list(array.type):
        values = _aligned(array.values, wanted.value_type, name)
        return pa.ListArray.from_arrays(array.offsets, values, mask=array.is_null())
    if pa.types.is_struct(wanted) and pa.types.is_struct(array.type):
        fields = {field.name: field.type for field in wanted}
        unseen = [field.name for field in array.type if field.name not in fields]
        if not unseen:
            present = {field.name for field in array.type}
            children = [
                _aligned(array.field(key), kind, key) if key in present else pa.nulls(len(array), kind)
                for key, kind in fields.items()
            ]
            return pa.StructArray.from_arrays(children, list(fields), mask=array.is_null())
        name = unseen[0]
    what = f"{name!r}, which the catalog does not know, is in later records, but not in the first ones"
    raise UnexpectedAnswerError(
        f"{what}: the columns of an Arrow stream cannot change.",
        advice="Use to_arrow(), to_parquet() or frames in batches(); or name the columns with fields=.",
    )


def typed_column(
    values: pa.Array,
    field: pa.Field,
    *,
    decimal: bool = False,
    shared: bool = True,
    keep_misfits: bool = False,
) -> pa.Array:
    """Return a column of a builder's table; its JSON text gets the types that it can have."""
    kind = json_kind(field)
    if kind == "undeclared":
        objects = json_values(values.to_pylist())
        all_values = SharedKind()
        if shared:
            all_values.add(objects)
        return Converter(all_values.kind or "json").convert(objects)[0]
    if kind != "list" or pa.types.is_list(values.type):  # lists out of a mirror have their types already
        return values
    return _typed_lists(values, field, decimal=decimal, shared=shared, keep_misfits=keep_misfits)


def _typed_lists(
    texts: pa.Array, field: pa.Field, *, decimal: bool, shared: bool, keep_misfits: bool
) -> pa.Array:
    lists = json_values(texts.to_pylist())
    items = [item for cell in lists for item in cell or ()]
    record = (field.metadata or {}).get(RECORD, b"").decode()
    builder = TableBuilder(
        columns_of_items(record, decimal=decimal), label=field.name, keep_misfits=keep_misfits
    )
    builder.add(items)
    table = builder.table()
    arrays = {
        inner.name: typed_column(column.combine_chunks(), inner, decimal=decimal, shared=shared)
        for inner, column in zip(table.schema, table.columns, strict=True)
    }
    names = [name for name in arrays if name != MISFITS]
    if names == ["value"] and not any(isinstance(item, dict) for item in items):
        values = arrays["value"]
    else:
        values = _struct(arrays, len(items))
    lengths = [len(cell or ()) for cell in lists]
    offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int32())
    missing = pa.array([cell is None for cell in lists], pa.bool_())
    return pa.ListArray.from_arrays(offsets, values, mask=missing)


def columns_of_items(record: str, *, decimal: bool = False) -> tuple[Column, ...]:
    """Return the columns of the records in an included list, in the order of their keys."""
    known = catalog.load()
    columns = known.columns(Endpoint("", "list", record, "")) if record in known.records else ()
    # Dates stay the text that they are: as Python's own they would make a cell that neither JSON nor a CSV
    # file of pandas' gives back, and explode() reads them anyway.
    columns = tuple(replace(c, kind="text") if c.kind in {"datetime", "date"} else c for c in columns)
    return catalog.with_decimals(columns) if decimal else columns


def list_type(record: str, *, decimal: bool = False) -> pa.DataType:
    """Return the type of an included list of records that the catalog knows."""
    columns = columns_of_items(record, decimal=decimal)
    fields = {column.name: pa.array([], ARROW[column.kind]) for column in columns}
    return pa.list_(_struct(fields, 0).type)


def _struct(arrays: dict[str, pa.Array], length: int) -> pa.Array:
    """Return flat columns as one array of structs; ``a.b`` becomes ``b`` in a struct ``a``."""
    grouped: dict[str, Any] = {}
    for name, array in arrays.items():
        outer, dot, inner = name.partition(".")
        if dot and outer not in arrays:
            grouped.setdefault(outer, {})[inner] = array
        else:
            grouped[name] = array
    if not grouped:
        return pa.nulls(length)
    children = [_struct(part, length) if isinstance(part, dict) else part for part in grouped.values()]
    return pa.StructArray.from_arrays(children, [*grouped])
