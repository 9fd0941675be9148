"""Arrow tables as the client gives them become rows as a mirror holds them, each with its hash.

:func:`rows_of` adds the house's columns to what was fetched; :func:`hashed` computes the hash of rows
wherever they come from, so that a destination's rows can be held against the hash that they were written
with.
"""

from __future__ import annotations

import json
import os
from functools import cache
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from classy_nb.redact import MASK, is_personal, redact

from .extras import import_duckdb
from .tables import DELETED, HASH, ORGANIZATION, SYNCED, UNKNOWN, keyed_hash

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from .tables import MirroredList

ARROW: dict[str, pa.DataType] = {
    "int": pa.int64(),
    "float": pa.float64(),
    "decimal": pa.decimal128(18, 2),
    "bool": pa.bool_(),
    "datetime": pa.timestamp("us", "UTC"),
    "date": pa.date32(),
}
"""Arrow types of the kinds of columns in a mirror; all others are text."""
TEXT = pa.large_string()  # as the frames' columns are


def schema_of(kinds: Mapping[str, str]) -> pa.Schema:
    """Return the Arrow schema of a table."""
    return pa.schema([pa.field(name, ARROW.get(kind, TEXT)) for name, kind in kinds.items()])


def rows_of(fetched: pa.Table, one: MirroredList, organization: int, synced: datetime) -> pa.Table:
    """Return fetched records as rows of their table.

    Parameters
    ----------
    fetched
        The records with flat names and decimal amounts; columns that the catalog does not know are put into
        ``_unknown``, as one JSON object a row.
    one
        Their list.
    organization, synced
        Whose they are, and when they were fetched.
    """
    kinds = one.kinds
    schema = schema_of(kinds)
    count = len(fetched)
    house = {
        ORGANIZATION: pa.repeat(pa.scalar(organization, pa.int64()), count),
        UNKNOWN: _unknown(fetched, _unknown_names(fetched, one)),
        HASH: pa.nulls(count, TEXT),
        SYNCED: pa.repeat(pa.scalar(synced, pa.timestamp("us", "UTC")), count),
        DELETED: pa.nulls(count, pa.timestamp("us", "UTC")),
    }
    arrays = [
        house[field.name] if field.name in house else _column(fetched, field, kinds[field.name], one)
        for field in schema
    ]
    return hashed(pa.table(arrays, schema=schema), one)


def _column(fetched: pa.Table, field: pa.Field, kind: str, one: MirroredList) -> pa.Array:
    if field.name not in fetched.column_names:  # an include may bring fewer columns than the list has
        return pa.nulls(len(fetched), field.type)
    column = fetched[field.name]
    if one.hash_key is not None and field.name in one.hashed:
        cells = column.cast(pa.string()).to_pylist()
        return pa.array([None if c is None else keyed_hash(c, one.hash_key) for c in cells], field.type)
    if one.without_personal and kind in ("json", "list", "object"):
        cells = [None if c is None else _without_personal(c) for c in column.to_pylist()]
        return pa.array(cells, field.type)
    return column.cast(field.type)


def _without_personal(cell: str) -> str:
    value = _value(cell)
    return json.dumps(redact(value, is_personal), ensure_ascii=False) if value is not cell else MASK


def _unknown_names(fetched: pa.Table, one: MirroredList) -> list[str]:
    """Return the names of the columns that the catalog does not know."""
    known = {*one.kinds, *one.left_out}
    # An included list has a table of its own.
    lists = {field.name for field in fetched.schema if pa.types.is_list(field.type)}
    names = [name for name in fetched.column_names if name not in known | lists]
    return [name for name in names if not is_personal(name)] if one.without_personal else names


def _unknown(fetched: pa.Table, names: list[str]) -> pa.Array:
    """Return the columns that the catalog does not know as one column of JSON objects."""
    if not names:
        return pa.nulls(len(fetched), TEXT)
    columns = [fetched[name].to_pylist() for name in names]
    cells = []
    for values in zip(*columns, strict=True):
        present = {n: _value(v) for n, v in zip(names, values, strict=True) if v is not None}
        cells.append(json.dumps(present, ensure_ascii=False, default=str) if present else None)
    return pa.array(cells, TEXT)


def _value(cell: Any) -> Any:
    """Return the JSON value of a cell that came as JSON text."""
    if not isinstance(cell, str):
        return cell
    try:
        return json.loads(cell)
    except ValueError:
        return cell


def hash_sql(one: MirroredList) -> str:
    """Return the SQL (DuckDB's) that computes the hash of a row from its columns.

    It is the MD5 of the texts of all columns that the API gave, in order, and of ``_unknown``; between them
    is the control character for that (31), and where a value is missing, another one (30). The texts do not
    depend on DuckDB's version or settings: instants are microseconds since 1970.
    """
    kinds = {
        name: kind for name, kind in one.kinds.items() if name not in (ORGANIZATION, HASH, SYNCED, DELETED)
    }
    parts = []
    for name, kind in kinds.items():
        cell = f'"{name}"'
        text = {
            "int": f"{cell}::VARCHAR",
            "decimal": f"{cell}::VARCHAR",
            "bool": f"{cell}::VARCHAR",
            "date": f"{cell}::VARCHAR",
            "float": f"printf('%.17g', {cell})",
            "datetime": f"epoch_us({cell})::VARCHAR",
        }.get(kind, cell)
        parts.append(f"coalesce({text}, chr(30))")
    return f"md5(concat_ws(chr(31), {', '.join(parts)}))"


@cache
def _calculator_of(_: int) -> Any:
    return import_duckdb().connect(config={"autoinstall_known_extensions": False})


def _calculator() -> Any:
    """Return a DuckDB in memory: of this process, as threads do not survive a fork."""
    return _calculator_of(os.getpid())


def hashed(rows: pa.Table, one: MirroredList) -> pa.Table:
    """Return rows with their hash computed from their other columns."""
    with _calculator().cursor() as connection:
        connection.register("rows", rows)
        hashes = connection.sql(f"SELECT {hash_sql(one)} AS h FROM rows").to_arrow_table()["h"]  # noqa: S608
    place = rows.column_names.index(HASH)
    return rows.set_column(place, rows.schema.field(place), hashes.cast(TEXT))
