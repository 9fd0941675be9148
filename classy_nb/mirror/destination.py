"""Where a mirror's tables are: what reads them with SQL, and what writes packages of rows with dlt.

:mod:`.refresh` knows no more of a destination than this. Its SQL is DuckDB's, of the plainest kind; dlt
translates it for other databases. Everything is written by merging on a table's key, so that a package that
is loaded twice (a kill in the middle of it) does nothing twice.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa

from .extras import import_dlt, import_duckdb
from .tables import ORGANIZATION, dlt_columns

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

DATASET = "classy"
"""The schema that holds the tables, unless told otherwise."""


class Package:
    """Rows to write together: for each table its rows, its columns' kinds and its key."""

    def __init__(self) -> None:
        self.tables: dict[str, tuple[pa.Table, dict[str, str], tuple[str, ...]]] = {}

    def add(self, name: str, rows: pa.Table, kinds: dict[str, str], key: Sequence[str]) -> None:
        """Add rows of a table."""
        if name in self.tables:
            rows = pa.concat_tables([self.tables[name][0], rows])
        self.tables[name] = (rows, kinds, tuple(key))

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(len(rows) for rows, _, _ in self.tables.values())


class Destination(Protocol):
    """What :mod:`.refresh` needs of a database."""

    def tables(self) -> Mapping[str, Sequence[str]]:
        """Return the columns of each table that is there."""

    def read(self, sql: str) -> pa.Table:
        """Return what a query gives; a table is called by its bare name."""

    def write(self, package: Package) -> None:
        """Write a package by merging."""


class Pipeline:
    """Writes packages with dlt.

    Parameters
    ----------
    destination
        A destination of dlt's.
    dataset
        The schema of the tables.
    folder
        Where dlt works; loaded packages are deleted there.
    """

    def __init__(self, destination: Any, dataset: str, folder: Path, name: str = "classy_mirror") -> None:
        dlt = import_dlt()
        dlt.config["load.delete_completed_jobs"] = True
        self.pipeline = dlt.pipeline(
            name, pipelines_dir=str(folder), destination=destination, dataset_name=dataset
        )

    def write(self, package: Package) -> None:
        """Load a package by merging; what an earlier process left half-loaded is loaded first."""
        dlt = import_dlt()

        resources = [
            dlt.resource(
                [rows],
                name=name,
                columns=dlt_columns(kinds, key),
                write_disposition={"disposition": "merge", "strategy": "delete-insert"},
            )
            for name, (rows, kinds, key) in package.tables.items()
        ]
        with _private_files():
            self.pipeline.run(dlt_source_of(resources))


def dlt_source_of(resources: Sequence[Any]) -> Any:
    """Return a source of dlt's with these resources."""
    dlt = import_dlt()

    return dlt.source(lambda: resources, name="classy", max_table_nesting=0)()


@contextmanager
def _private_files() -> Iterator[None]:
    """Let new files be readable by nobody else: dlt knows no such setting."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


class DuckDBFile:
    """A DuckDB file that nobody else has open.

    Parameters
    ----------
    path
        The file, which is made if it does not exist.
    folder
        Where dlt works.
    dataset
        The schema of the tables.
    """

    def __init__(self, path: Path, folder: Path, dataset: str = DATASET) -> None:
        self.path = path
        self._folder = folder
        self._dataset = dataset
        self._pipeline: Pipeline | None = None

    def tables(self) -> dict[str, list[str]]:
        """Return the columns of each table that is there."""
        if not self.path.exists():
            return {}
        found: dict[str, list[str]] = {}
        with connect(self.path, self._dataset) as connection:
            rows = connection.execute(
                "SELECT table_name, column_name FROM information_schema.columns "
                "WHERE table_schema = ? ORDER BY table_name, ordinal_position",
                [self._dataset],
            ).fetchall()
        for table, column in rows:
            found.setdefault(table, []).append(column)
        return found

    def read(self, sql: str) -> pa.Table:
        """Return what a query gives."""
        with connect(self.path, self._dataset) as connection:
            return connection.sql(sql).to_arrow_table()

    def write(self, package: Package) -> None:
        """Write a package by merging."""
        if self._pipeline is None:
            import_duckdb()
            dlt = import_dlt()
            destination = dlt.destinations.duckdb(str(self.path))
            self._pipeline = Pipeline(destination, self._dataset, self._folder)
        self._pipeline.write(package)


@contextmanager
def connect(path: Path, dataset: str = DATASET) -> Iterator[Any]:
    """Open a DuckDB file to read, for as long as the block lasts.

    Yields
    ------
    duckdb.DuckDBPyConnection
        Read-only, with tables of *dataset* by their bare names; instants are shown in UTC, and DuckDB
        downloads nothing.
    """
    duckdb = import_duckdb()
    config = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}
    with duckdb.connect(str(path), read_only=True, config=config) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        exists = connection.execute(
            "SELECT count(*) FROM information_schema.schemata WHERE schema_name = ?", [dataset]
        ).fetchone()[0]
        if exists:
            connection.execute(f"SET search_path = '{dataset}'")
        yield connection


def of_organization(organization: int) -> str:
    """Return the SQL condition for the rows of one organization."""
    return f'"{ORGANIZATION}" = {int(organization)}'
