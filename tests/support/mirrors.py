"""A copy made by hand, with what a refresh leaves in the file: tables, versions of rows, and notes about it."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import duckdb

from classy_nb import catalog

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

TYPES = {
    "int": "BIGINT",
    "float": "DOUBLE",
    "decimal": "DECIMAL(18, 2)",
    "bool": "BOOLEAN",
    "datetime": "TIMESTAMPTZ",
    "date": "DATE",
}
SETTINGS = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}


def columns_of(table: str) -> dict[str, str]:
    """Name and SQL type of the catalog's columns of a list."""
    known = catalog.load()
    listed = catalog.with_decimals(known.columns(known.resources[table].lists[0]))
    names = catalog.flat_names(column.name for column in listed)
    return {name: TYPES.get(column.kind, "VARCHAR") for name, column in zip(names, listed, strict=True)}


class HandMade:
    """A file in the form of a mirror."""

    def __init__(self, path: Path, *, organization: int = 64531, history: bool = True, **about: Any) -> None:
        self.path, self.organization, self.history = path, organization, history
        with self.writing() as database:
            database.execute(
                "CREATE TABLE IF NOT EXISTS _mirror (_organization_id BIGINT, key VARCHAR, value VARCHAR)"
            )
            database.execute(
                "CREATE TABLE IF NOT EXISTS _refreshes"
                " (_organization_id BIGINT, _synced_at TIMESTAMPTZ, report VARCHAR)"
            )
            for key, value in {"timezone": "America/Los_Angeles", **about}.items():
                database.execute("INSERT INTO _mirror VALUES (?, ?, ?)", [organization, key, str(value)])

    @contextmanager
    def writing(self) -> Iterator[duckdb.DuckDBPyConnection]:
        database = duckdb.connect(config=SETTINGS)
        try:
            database.execute(f"ATTACH '{self.path}' AS copy")
            database.execute("USE copy.main")
            database.execute("SET TimeZone = 'UTC'")
            yield database
        finally:
            database.close()

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        with self.writing() as database:
            return database.execute(statement).fetchall()

    def put(self, at: datetime, /, **lists: Any) -> None:
        """Make the copy hold what these tables (or frames) hold, seen at that moment."""
        with self.writing() as database:
            for name, rows in lists.items():
                self._put(database, name, rows, at)
            report = json.dumps([{"list": name} for name in lists])
            database.execute("INSERT INTO _refreshes VALUES (?, ?, ?)", [self.organization, at, report])

    def _put(self, database: duckdb.DuckDBPyConnection, name: str, rows: Any, at: datetime) -> None:
        if hasattr(rows, "dtypes"):
            rows = rows.convert_dtypes(dtype_backend="pyarrow")
            rows.columns = catalog.flat_names(rows.columns)
        else:
            rows = rows.rename_columns(catalog.flat_names(rows.column_names))
        columns = columns_of(name)
        listed = ", ".join(f"{column} {kind}" for column, kind in columns.items())
        stored = f"""_organization_id BIGINT, {listed}, _unknown VARCHAR, _row_hash VARCHAR,
            _synced_at TIMESTAMPTZ, _deleted_at TIMESTAMPTZ"""
        for table in (name, f"{name}_versions"):
            database.execute(f"CREATE TABLE IF NOT EXISTS {table} ({stored})")
        database.register("given", rows)
        casts = ", ".join(f"CAST({column} AS {kind}) AS {column}" for column, kind in columns.items())
        database.execute(
            f"""CREATE TEMP TABLE found AS SELECT {self.organization} AS _organization_id, *,
                CAST(NULL AS VARCHAR) AS _unknown, md5(CAST(row AS VARCHAR)) AS _row_hash,
                TIMESTAMPTZ '{at.isoformat()}' AS _synced_at, CAST(NULL AS TIMESTAMPTZ) AS _deleted_at
            FROM (SELECT row.*, row FROM (SELECT {casts} FROM given) row)"""
        )
        database.execute("ALTER TABLE found DROP COLUMN row")
        database.execute(
            f"""CREATE TEMP TABLE fresh AS FROM found ANTI JOIN (FROM {name} WHERE _deleted_at IS NULL)
                USING (_organization_id, id, _row_hash);
            CREATE TEMP TABLE gone AS FROM {name} ANTI JOIN found USING (_organization_id, id);
            DELETE FROM gone WHERE _deleted_at IS NOT NULL OR _organization_id <> {self.organization};
            UPDATE gone SET _synced_at = TIMESTAMPTZ '{at.isoformat()}', _deleted_at = TIMESTAMPTZ '{at.isoformat()}';
            DELETE FROM {name} USING fresh WHERE {name}.id = fresh.id
                AND {name}._organization_id = fresh._organization_id;
            DELETE FROM {name} USING gone WHERE {name}.id = gone.id
                AND {name}._organization_id = gone._organization_id;
            INSERT INTO {name} BY NAME FROM fresh; INSERT INTO {name} BY NAME FROM gone;
            INSERT INTO {name}_versions BY NAME FROM fresh; INSERT INTO {name}_versions BY NAME FROM gone;
            DROP TABLE found; DROP TABLE fresh; DROP TABLE gone"""
        )
        database.unregister("given")
        if not self.history:
            database.execute(f"DROP TABLE {name}_versions")
