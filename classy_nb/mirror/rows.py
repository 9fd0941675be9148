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

from classy_nb.catalog import flat_names
from classy_nb.decoding import loads
from classy_nb.frames import MISFITS, Converter, json_text
from classy_nb.redact import MASK, is_personal, redact

from .extras import import_duckdb
from .tables import DELETED, HASH, ORGANIZATION, SYNCED, UNKNOWN, VARIANT, keyed_hash, variants_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
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
        The records with flat names, decimal amounts and misfits; columns that the catalog does not know are
        put into ``_unknown``, as one JSON object a row.
    one
        Their list.
    organization, synced
        Whose they are, and when they were fetched.

    Returns
    -------
    pyarrow.Table
        The columns of the list; and, for each column that has values which do not fit it, one with these at
        the right (``goal__v_text``): text as it came, anything else as JSON. Text that holds the character 0
        is among them, as JSON, because PostgreSQL has no such character.
    """
    variants = _misfits(fetched, one)
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
        house[field.name]
        if field.name in house
        else _column(fetched, field, kinds[field.name], one, variants)
        for field in schema
    ]
    rows = pa.table(arrays, schema=schema)
    for name in sorted(variants):
        cells = [variants[name].get(row) for row in range(count)]
        rows = rows.append_column(name + VARIANT, pa.array(cells, TEXT))
    return hashed(rows, one)


def _misfits(fetched: pa.Table, one: MirroredList) -> dict[str, dict[int, str]]:
    """Return the values that do not fit their columns as text: by column, and then by row."""
    found: dict[str, dict[int, str]] = {}
    if MISFITS not in fetched.column_names or fetched[MISFITS].null_count == len(fetched):
        return found
    flat_of = {path: flat for flat, path in one.paths}
    for row, cell in enumerate(fetched[MISFITS].to_pylist()):
        for path, value in (loads(cell) if cell is not None else {}).items():
            [flat] = flat_names([path]) if path not in flat_of else [flat_of[path]]
            text = _variant(value)
            if one.hash_key is not None and flat in one.hashed:
                text = keyed_hash(text, one.hash_key)
            elif flat in one.left_out or (one.without_personal and is_personal(path)):
                continue
            elif one.without_personal:
                text = MASK  # nobody knows what it is
            found.setdefault(flat, {})[row] = text
    return found


def _variant(value: Any) -> str:
    return value if isinstance(value, str) and "\0" not in value else json_text(value).decode()


def _column(
    fetched: pa.Table,
    field: pa.Field,
    kind: str,
    one: MirroredList,
    variants: dict[str, dict[int, str]],
) -> pa.Array:
    """Return a column of rows; values that have no place in it become *variants*."""
    if field.name not in fetched.column_names:  # an include may bring fewer columns than the list has
        return pa.nulls(len(fetched), field.type)
    column = fetched[field.name]
    if one.hash_key is not None and field.name in one.hashed:
        cells = column.cast(pa.string()).to_pylist()
        return pa.array([None if c is None else keyed_hash(c, one.hash_key) for c in cells], field.type)
    if one.without_personal and kind in ("json", "list", "object"):
        cells = [None if c is None else _without_personal(c) for c in column.to_pylist()]
        return pa.array(cells, field.type)
    if field.type == TEXT:
        if any(map(_holds_nul, column.chunks)):
            cells = column.to_pylist()
            strays = {row: cell for row, cell in enumerate(cells) if cell is not None and "\0" in cell}
            variants.setdefault(field.name, {}).update((row, _variant(cell)) for row, cell in strays.items())
            return pa.array([None if row in strays else c for row, c in enumerate(cells)], field.type)
    elif pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return _dates(column, field, kind, variants)  # as included lists have them
    return column.cast(field.type)


def _holds_nul(chunk: pa.Array) -> bool:
    text = chunk.buffers()[2] if pa.types.is_large_string(chunk.type) else None
    return text is not None and b"\0" in text.to_pybytes()


def _dates(
    column: pa.ChunkedArray, field: pa.Field, kind: str, variants: dict[str, dict[int, str]]
) -> pa.Array:
    """Return dates that came as text; what is not a date becomes a variant."""
    try:
        return column.cast(field.type)
    except pa.ArrowInvalid:
        texts = column.to_pylist()
    dates, misfits = Converter(kind).convert(texts)
    if misfits:
        read = zip(texts, dates.is_null().to_pylist(), strict=True)
        variants.setdefault(field.name, {}).update(
            (row, _variant(text)) for row, (text, lost) in enumerate(read) if lost and (text or "").strip()
        )
    return dates.cast(field.type)


def _without_personal(cell: str) -> str:
    value = _value(cell)
    return json.dumps(redact(value, is_personal), ensure_ascii=False) if value is not cell else MASK


def _unknown_names(fetched: pa.Table, one: MirroredList) -> list[str]:
    """Return the names of the columns that the catalog does not know."""
    known = {*one.kinds, *one.left_out, MISFITS}
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


def hash_sql(one: MirroredList, columns: Iterable[str] = ()) -> str:
    """Return the SQL (DuckDB's) that computes the hash of a row from its columns.

    Those of *columns* that hold values which do not fit another one are among these.

    It is the MD5 of the texts of all columns that the API gave, in order, and of ``_unknown``; between them
    is the control character for that (31), and where a value is missing, another one (30). The texts do not
    depend on DuckDB's version or settings: instants are microseconds since 1970. Values that do not fit
    follow behind the names of their columns, so that a table may get such a column without a new hash for
    every row.
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
    parts += [f"'{name}=' || \"{name}\"" for name in variants_in(columns)]  # left out where it is missing
    return f"md5(concat_ws(chr(31), {', '.join(parts)}))"


@cache
def _calculator_of(_: int) -> Any:
    return import_duckdb().connect(config={"autoinstall_known_extensions": False})


def _calculator() -> Any:
    """Return a DuckDB in memory: of this process, as threads do not survive a fork."""
    return _calculator_of(os.getpid())


def hashed(rows: pa.Table, one: MirroredList) -> pa.Table:
    """Return rows with their hash computed from their other columns."""
    if not len(rows):
        return rows
    with _calculator().cursor() as connection:
        connection.register("rows", rows)
        # Not sql(), which would plan it twice: that takes longer than to compute some hundred hashes.
        found = connection.execute(f"SELECT {hash_sql(one, rows.column_names)} AS h FROM rows").fetchnumpy()  # noqa: S608
    place = rows.column_names.index(HASH)
    return rows.set_column(place, rows.schema.field(place), pa.array(found["h"], TEXT))
