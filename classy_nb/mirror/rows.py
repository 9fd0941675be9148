"""Arrow tables as the client gives them become rows as a mirror holds them, each with its hash.

:func:`rows_of` adds the house's columns to what was fetched; :func:`hashed` computes the hash of rows
wherever they come from, so that a destination's rows can be held against the hash that they were written
with.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from .extras import import_duckdb
from .tables import DELETED, HASH, ORGANIZATION, SYNCED, UNKNOWN

if TYPE_CHECKING:
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


def schema_of(kinds: dict[str, str]) -> pa.Schema:
    """Return the Arrow schema of a table."""
    return pa.schema([pa.field(name, ARROW.get(kind, pa.string())) for name, kind in kinds.items()])


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
        UNKNOWN: _unknown(fetched, [n for n in fetched.column_names if n not in kinds]),
        HASH: pa.nulls(count, pa.string()),
        SYNCED: pa.repeat(pa.scalar(synced, pa.timestamp("us", "UTC")), count),
        DELETED: pa.nulls(count, pa.timestamp("us", "UTC")),
    }
    arrays = [
        house[field.name] if field.name in house else fetched[field.name].cast(field.type) for field in schema
    ]
    return hashed(pa.table(arrays, schema=schema), one)


def _unknown(fetched: pa.Table, names: list[str]) -> pa.Array:
    """Return the columns that the catalog does not know as one column of JSON objects."""
    if not names:
        return pa.nulls(len(fetched), pa.string())
    columns = [fetched[name].to_pylist() for name in names]
    cells = []
    for values in zip(*columns, strict=True):
        present = {n: _value(v) for n, v in zip(names, values, strict=True) if v is not None}
        cells.append(json.dumps(present, ensure_ascii=False, default=str) if present else None)
    return pa.array(cells, pa.string())


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

    It is the MD5 of the texts of all columns that the API gave, in order, and of ``_unknown``. The texts do
    not depend on DuckDB's version or settings: instants are microseconds since 1970, text has its length
    before it (else ``"a|", "b"`` and ``"a", "|b"`` would be the same), missing values are ``~``.
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
        }.get(kind, f"strlen({cell}) || ':' || {cell}")
        parts.append(f"coalesce({text}, '~')")
    return f"md5(concat_ws('|', {', '.join(parts)}))"


def hashed(rows: pa.Table, one: MirroredList) -> pa.Table:
    """Return rows with their hash computed from their other columns."""
    duckdb = import_duckdb()
    with duckdb.connect() as connection:
        connection.register("rows", rows)
        hashes = connection.sql(f"SELECT {hash_sql(one)} AS h FROM rows").to_arrow_table()["h"]  # noqa: S608
    place = rows.column_names.index(HASH)
    return rows.set_column(place, rows.schema.field(place), hashes.cast(pa.string()))
