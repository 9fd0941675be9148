"""Erase a person from a mirror: what names them goes, the rows stay, so that counts and totals still hold.

``Mirror.forget`` calls :func:`erase` on a copy of the file that replaces it. The ids of all rows that were
blanked are noted in the file, and a refresh hands what it fetches to :meth:`Forgotten.blank` before that is
written.
"""

# Statements are put together from the names of our own tables, and from ids, which are numbers.
# ruff: noqa: S608

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from classy_nb.catalog import load
from classy_nb.redact import is_personal

from .extras import import_duckdb
from .rows import hash_sql, schema_of
from .tables import HASH, ORGANIZATION, UNKNOWN, VERSIONS, mirrored_lists

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .tables import MirroredList

FORGOTTEN = "_forgotten"
"""The table that notes whom a mirror has forgotten: ids only, one a row that was blanked."""
FORGOTTEN_KINDS = {ORGANIZATION: "int", "resource": "text", "id": "int", "forgotten_at": "datetime"}
FORGOTTEN_KEY = (ORGANIZATION, "resource", "id")

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

    @classmethod
    def of(cls, rows: Iterable[Mapping[str, Any]]) -> Forgotten:
        """Return those whom the rows of :data:`FORGOTTEN` name."""
        ids: dict[str, set[int]] = {}
        for row in rows:
            ids.setdefault(row["resource"], set()).add(row["id"])
        return cls(ids)

    def note(self, resource: str, ids: Iterable[int]) -> None:
        """Note rows of a list as those of somebody who is forgotten."""
        known = self._ids.setdefault(resource, set())
        new = {int(number) for number in ids} - known
        known |= new
        self._new += [(resource, number) for number in sorted(new)]

    def new_rows(self, organization: int) -> pa.Table:
        """Return what was noted since the last call, as rows of :data:`FORGOTTEN`."""
        rows, self._new = self._new, []
        now = datetime.now(UTC)
        cells = [
            {ORGANIZATION: organization, "resource": resource, "id": number, "forgotten_at": now}
            for resource, number in rows
        ]
        return pa.Table.from_pylist(cells, schema=schema_of(FORGOTTEN_KINDS))

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
            f'CASE WHEN {about_them} THEN NULL ELSE "{name}" END AS "{name}"' for name in _personal(one.name)
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
            hashed = f'SELECT * REPLACE ({hash_sql(one)} AS "{HASH}") FROM changed'
            return connection.sql(hashed).to_arrow_table().cast(rows.schema)


def erase(connection: Any, organization: int, supporters: Iterable[int]) -> dict[str, int]:
    """Erase people from all tables and versions of one organization; return the rows of each table.

    Parameters
    ----------
    connection
        A DuckDB connection that may write, with the mirror's schema as its search path.
    organization
        The organization's id.
    supporters
        The ids of the people.
    """
    columns = ", ".join(
        f'"{name}" {kind}'
        for name, kind in zip(FORGOTTEN_KINDS, ("BIGINT", "VARCHAR", "BIGINT", "TIMESTAMPTZ"), strict=True)
    )
    connection.execute(f'CREATE TABLE IF NOT EXISTS "{FORGOTTEN}" ({columns})')
    mine = f"{ORGANIZATION} = {int(organization)}"
    noted = connection.sql(f'SELECT resource, id FROM "{FORGOTTEN}" WHERE {mine}').fetchall()
    forgotten = Forgotten.of({"resource": resource, "id": number} for resource, number in noted)
    forgotten.note("supporters", supporters)
    tables = {
        name
        for (name,) in connection.sql(
            "SELECT table_name FROM duckdb_tables() WHERE schema_name = current_schema()"
        ).fetchall()
    }
    held = [name for name in tables if name in load().resources]
    found = {}
    # Answers are known by what they answer, so they come when all of that is noted.
    for one in sorted(mirrored_lists(held), key=lambda one: one.name == "answers"):
        for table in (one.name, one.name + VERSIONS):
            if table in tables:
                where = f"{mine} AND {forgotten.condition(one)}"
                ids = [
                    number
                    for (number,) in connection.sql(f'SELECT id FROM "{table}" WHERE {where}').fetchall()
                ]
                found[table] = len(ids)
                forgotten.note(one.name, ids)
                where = f"{mine} AND {forgotten.condition(one)}"
                blanks = ", ".join(f'"{name}" = NULL' for name in _personal(one.name))
                connection.execute(f'UPDATE "{table}" SET {blanks} WHERE {where}')
                connection.execute(f'UPDATE "{table}" SET "{HASH}" = {hash_sql(one)} WHERE {where}')
    notes = forgotten.new_rows(organization)
    connection.register("notes", notes)
    connection.execute(f'INSERT INTO "{FORGOTTEN}" SELECT * FROM notes')
    connection.unregister("notes")
    return found


@cache
def _personal(resource: str) -> tuple[str, ...]:
    """Return the columns of a list that are blanked: personal ones, and those of which nobody knows."""
    (one,) = mirrored_lists([resource])
    dotted = load().columns(one.endpoint)
    names = [
        flat.name
        for flat, column in zip(one.columns, dotted, strict=True)
        if is_personal(column.name) or (column.kind == "json" and column.record is None)
    ]
    return (*names, UNKNOWN)
