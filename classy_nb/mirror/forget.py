"""Erase a person from a mirror: what names them goes, the rows stay, so that counts and totals still hold.

``Mirror.forget`` calls :func:`erase` on a copy of the file that replaces it. The ids of all rows that were
blanked are noted in the file, and a refresh hands what it fetches to :meth:`Forgotten.blank` before that is
written.
"""

# Statements are put together from the names of our own tables, and from ids, which are numbers.
# ruff: noqa: S608

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from classy_nb.files import put_in_place
from classy_nb.redact import is_personal

from .destination import Table
from .extras import import_duckdb
from .rows import ARROW, hash_sql, schema_of
from .tables import HASH, ORGANIZATION, UNKNOWN, mirrorable, mirrored_lists, sql_type, variants_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from .tables import MirroredList

FORGOTTEN = Table(
    "_forgotten",
    {ORGANIZATION: "int", "resource": "text", "id": "int", "forgotten_at": "datetime"},
    (ORGANIZATION, "resource", "id"),
)
"""Whom a mirror has forgotten: ids only, one a row that was blanked."""

_ANSWERED = {
    "transaction": "transactions",
    "campaign_registration": "registrations",
    "fundraising_page": "fundraising_pages",
    "fundraising_team": "fundraising_teams",
}
"""What an answer is about: its ``answerable_type``, and the list that this is a record of."""


class Forgotten:
    """The people that a mirror of one organization has forgotten.

    Parameters
    ----------
    ids
        The ids of the rows that were blanked so far, by list.
    """

    def __init__(self, ids: Mapping[str, Iterable[int]] | None = None) -> None:
        self._ids = {resource: set(found) for resource, found in (ids or {}).items()}
        self._new: list[tuple[str, int]] = []
        self._lock = threading.Lock()  # a refresh reads several lists at a time

    @classmethod
    def of(cls, rows: Iterable[Mapping[str, Any]]) -> Forgotten:
        """Return those whom the rows of :data:`FORGOTTEN` name."""
        ids: dict[str, set[int]] = {}
        for row in rows:
            ids.setdefault(row["resource"], set()).add(row["id"])
        return cls(ids)

    def note(self, resource: str, ids: Iterable[int]) -> None:
        """Note rows of a list as those of somebody who is forgotten."""
        with self._lock:
            known = self._ids.get(resource, set())
            new = {int(number) for number in ids} - known
            self._ids[resource] = known | new
            self._new += [(resource, number) for number in sorted(new)]

    def new_rows(self, organization: int) -> pa.Table:
        """Return what was noted since the last call, as rows of :data:`FORGOTTEN`."""
        rows, self._new = self._new, []
        now = datetime.now(UTC)
        cells = [
            {ORGANIZATION: organization, "resource": resource, "id": number, "forgotten_at": now}
            for resource, number in rows
        ]
        return pa.Table.from_pylist(cells, schema=schema_of(FORGOTTEN.kinds))

    def condition(self, one: MirroredList) -> str:
        """Return the SQL that holds for the rows of a list that are about somebody forgotten."""
        names = {column.name for column in one.columns}
        people = [name for name in names if name == "supporter_id" or name.endswith("_supporter_id")]
        parts = [self._among("id", one.name), *(self._among(name, "supporters") for name in sorted(people))]
        gift = self._among("transaction_id", "transactions")
        if "transaction_id" in names and gift != "false":
            # A ticket of somebody else's stays theirs, whoever paid for it.
            parts.append(f"({gift} AND supporter_id IS NULL)" if "supporter_id" in names else gift)
        if "answerable_type" in names:
            parts += [
                f"(answerable_type = '{kind}' AND {self._among('answerable_id', resource)})"
                for kind, resource in _ANSWERED.items()
            ]
        return f"coalesce({' OR '.join(parts)}, false)"

    def _among(self, column: str, resource: str) -> str:
        ids = self._ids.get(resource)
        return f'"{column}" IN ({", ".join(map(str, sorted(map(int, ids))))})' if ids else "false"

    def blank(self, rows: pa.Table, one: MirroredList) -> pa.Table:
        """Return rows of a list, before they are written, without what names somebody forgotten."""
        if not self._ids or not len(rows):
            return rows
        about_them = self.condition(one)
        blanked = ", ".join(
            f'CASE WHEN {about_them} THEN NULL ELSE "{name}" END AS "{name}"'
            for name in _personal(one, rows.column_names)
        )
        duckdb = import_duckdb()
        with duckdb.connect() as connection:
            connection.register("rows", rows)
            found = connection.sql(f"SELECT id FROM rows WHERE {about_them}").fetchall()
            if not found:
                return rows
            self.note(one.name, [number for (number,) in found])
            connection.register(
                "changed", connection.sql(f"SELECT * REPLACE ({blanked}) FROM rows").to_arrow_table()
            )
            hash_ = hash_sql(one, rows.column_names)
            hashed = f'SELECT * REPLACE ({hash_} AS "{HASH}") FROM changed'
            return connection.sql(hashed).to_arrow_table().cast(rows.schema)


def erase(path: Path, organization: int, supporters: Iterable[int] = ()) -> dict[str, int]:
    """Erase people from a file that nobody else has open, and whatever has come since of those erased before.

    Parameters
    ----------
    path
        The DuckDB file. It is written anew: DuckDB leaves what it overwrites in its file.
    organization
        The organization's id.
    supporters
        The ids of the people.

    Returns
    -------
    dict
        How many rows of each table are about them.
    """
    fresh = path.with_name(f"{path.name}.fresh")
    fresh.unlink(missing_ok=True)
    with import_duckdb().connect(str(path)) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        [(database,)] = connection.execute("SELECT current_database()").fetchall()
        found = _blank_tables(connection, organization, supporters)
        target = str(fresh).replace("'", "''")
        connection.execute(f"ATTACH '{target}' AS fresh_copy")
        connection.execute(f'COPY FROM DATABASE "{database}" TO fresh_copy')
        connection.execute("DETACH fresh_copy")
    fresh.chmod(0o600)
    put_in_place(fresh, path)
    return found


def _blank_tables(connection: Any, organization: int, supporters: Iterable[int]) -> dict[str, int]:
    typed = {name: sql_type(kind) for name, kind in FORGOTTEN.kinds.items()}
    columns = ", ".join(f'"{name}" {kind}' for name, kind in typed.items())
    connection.execute(f'CREATE TABLE IF NOT EXISTS "{FORGOTTEN.name}" ({columns})')
    mine = f'"{ORGANIZATION}" = {int(organization)}'
    noted = connection.execute(f'SELECT resource, id FROM "{FORGOTTEN.name}" WHERE {mine}').fetchall()
    forgotten = Forgotten.of({"resource": resource, "id": number} for resource, number in noted)
    forgotten.note("supporters", supporters)
    stored = _stored(connection)
    found = {}
    # Answers are known by what they answer, so they come when all of that is noted.
    resources = [name for name in mirrorable() if name in stored]
    for one in sorted(mirrored_lists(resources), key=lambda one: one.name == "answers"):
        kept = _as_stored(one, stored[one.name])
        for table in (name for name in (one.name, one.versions) if name in stored):
            where = f"{mine} AND {forgotten.condition(kept)}"
            ids = [
                number
                for (number,) in connection.execute(f'SELECT id FROM "{table}" WHERE {where}').fetchall()
            ]
            if ids:
                found[table] = len(ids)
                forgotten.note(one.name, ids)
                where = f"{mine} AND {forgotten.condition(kept)}"
                blanks = ", ".join(f'"{name}" = NULL' for name in _personal(kept, stored[table]))
                connection.execute(f'UPDATE "{table}" SET {blanks} WHERE {where}')
                hash_ = hash_sql(kept, stored[table])
                connection.execute(f'UPDATE "{table}" SET "{HASH}" = {hash_} WHERE {where}')
    connection.register("notes", forgotten.new_rows(organization))
    connection.execute(f'INSERT INTO "{FORGOTTEN.name}" SELECT * FROM notes')
    connection.unregister("notes")
    return found


def _stored(connection: Any) -> dict[str, dict[str, str]]:
    """Return the tables in the file, with the columns of each and their types."""
    stored: dict[str, dict[str, str]] = {}
    rows = connection.execute(
        "SELECT table_name, column_name, data_type FROM duckdb_columns() JOIN duckdb_tables()"
        " USING (database_name, schema_name, table_name)"
        " WHERE schema_name = current_schema() AND database_name = current_database()"
    ).fetchall()
    for table, column, kind in rows:
        stored.setdefault(table, {})[column] = kind
    return stored


def _as_stored(one: MirroredList, stored: Mapping[str, str]) -> MirroredList:
    """Return a list with the columns that a file has of it; what is hashed there is text."""
    columns = [
        replace(column, kind="text") if stored[column.name] == "VARCHAR" and column.kind in ARROW else column
        for column in one.columns
        if column.name in stored
    ]
    return replace(one, columns=tuple(columns))


def _personal(one: MirroredList, columns: Iterable[str]) -> list[str]:
    """Return the columns that are blanked: personal ones, and those of which nobody knows what they hold."""
    dotted = dict(one.paths)
    names = [
        column.name
        for column in one.columns
        if is_personal(dotted[column.name]) or (column.kind == "json" and column.record is None)
    ]
    return [*names, UNKNOWN, *variants_in(columns)]
