"""Where a mirror's tables are: a DuckDB file, or any database that dlt writes to.

:mod:`.refresh` knows no more of a database than :class:`Destination`; the SQL is of the plainest kind. A kill
in the middle of a load does no harm: rows are merged on their keys, and a first load, which appends, begins
by cutting off what follows the last window that is known to be whole.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from getpass import getuser
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa
from filelock import FileLock, Timeout

from classy_nb.errors import MirrorError
from classy_nb.redact import scrub

from .extras import import_dlt, import_duckdb
from .rows import hash_sql, hashed, schema_of
from .tables import (
    DELETED,
    DLT_TYPES,
    HASH,
    KEY,
    ORGANIZATION,
    SYNCED,
    VARIANT,
    dlt_columns,
    sql_type,
    tables_in,
    variants_in,
)
from .views import create_views

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from .tables import MirroredList


@dataclass(frozen=True, eq=False)  # hashable, as the key of rows to write
class Table:
    """One table: its name, the kinds of its columns in order, and the columns of its key."""

    name: str
    kinds: Mapping[str, str]
    key: tuple[str, ...]


CURSORS = Table(
    "_cursors",
    {
        ORGANIZATION: "int",
        "resource": "text",
        "last_id": "int",
        "is_loaded": "bool",
        "created": "datetime",
        "updated": "datetime",
        SYNCED: "datetime",
    },
    (ORGANIZATION, "resource"),
)
"""How far each list has come: the last id of a first load, the dates from which changes are asked for, and
when its first load began."""
ABOUT = Table("_mirror", {ORGANIZATION: "int", "key": "text", "value": "text"}, (ORGANIZATION, "key"))
"""What a mirror says of itself."""
REFRESHES = Table(
    "_refreshes", {ORGANIZATION: "int", SYNCED: "datetime", "report": "text"}, (ORGANIZATION, SYNCED)
)
"""One row a finished refresh."""


def list_tables(one: MirroredList, *, history: bool = False) -> list[Table]:
    """Return the table of a list, and that of its versions."""
    tables = [Table(one.name, one.kinds, KEY)]
    return [*tables, Table(one.versions, one.kinds, (*KEY, SYNCED))] if history else tables


def with_variants(table: Table, columns: Iterable[str]) -> Table:
    """Return a table with those of *columns* that hold values which do not fit their own."""
    return replace(table, kinds={**table.kinds, **dict.fromkeys(variants_in(columns), "text")})


class Destination(Protocol):
    """What a refresh needs of a database.

    Rows have the columns of their table, and maybe some with values that do not fit these (``goal__v_text``):
    rows that are read have all of those that the table has, and those that are written make the table have
    them.
    """

    def columns(self) -> Mapping[str, Mapping[str, str]]:
        """Return the columns of each table that is there, and the type of each as the database says it."""

    def type_of(self, kind: str) -> str:
        """Return what :meth:`columns` says of a column of this kind."""

    def prepare(self, tables: Sequence[Table]) -> None:
        """Make the tables and the columns that are missing."""

    def rows(self, table: Table, organization: int, ids: Sequence[int] | None = None) -> pa.Table:
        """Return an organization's rows of a table; of a list, only those with some ids if they are given."""

    def hashes(self, one: MirroredList, organization: int, extra: Sequence[str]) -> pa.Table:
        """Return ``id``, ``stored``, ``actual``, ``gone`` and some more columns of all rows of a list.

        ``stored`` is the hash with which a row was written, ``actual`` that of what it holds now; ``gone``
        says whether it is marked as deleted.
        """

    def misfits(self, one: MirroredList, organization: int) -> dict[str, int]:
        """Return how many values of each column do not fit it, in rows that are not marked as deleted."""

    def merge(self, rows: Mapping[Table, pa.Table]) -> None:
        """Write rows of lists by their keys, all at once."""

    def append(self, rows: Mapping[Table, pa.Table]) -> None:
        """Write rows of lists that are not there yet, all at once."""

    def cut(self, table: str, organization: int, column: str, above: int | None) -> None:
        """Delete the rows of an organization whose *column* is greater than a number; None: all of them."""

    def record(self, rows: Mapping[Table, pa.Table]) -> None:
        """Write a few rows of the mirror's own tables."""

    def keep_versions(
        self, one: MirroredList, organization: int, synced: datetime, ids: Sequence[int] | None = None
    ) -> None:
        """Copy the rows of a list whose versions are not in its history yet into that.

        A refresh may write a record twice, and its version is the later one: so those go that the refresh
        which began at *synced* has already written of the records with some *ids*; None: of all.
        """

    def take_over(self, lists: Sequence[MirroredList], organization: int, synced: datetime) -> set[str]:
        """Let rows that a refresh wrote, and then did not finish, be those of the one that began at *synced*.

        Their versions go, to be kept anew. Return the names of the lists with rows of no finished refresh.
        """


@contextmanager
def private_files() -> Iterator[None]:
    """Let new files be readable by nobody else: neither dlt nor DuckDB has such a setting."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


_MERGE = {"disposition": "merge", "strategy": "delete-insert"}


@contextmanager
def database_errors() -> Iterator[None]:
    """Turn the errors of dlt and of a database's driver into ours: theirs show settings, rows and stacks."""
    dlt_exceptions = import_dlt().common.exceptions
    try:
        yield
    except dlt_exceptions.MissingDependencyException as error:
        needs = " ".join(error.dependencies)
        raise ImportError(f"This destination needs more: pip install {needs}") from None
    except Exception as error:
        # By Python's rules for databases, all errors of a driver are derived from one called Error.
        is_of_a_driver = any(base.__name__ == "Error" for base in type(error).__mro__)
        if not isinstance(error, dlt_exceptions.DltException) and not is_of_a_driver:
            raise
        raise MirrorError(_reason(error), advice=_STAYS) from None


def _reason(error: BaseException) -> str:
    """Return what a database or dlt complained about, without any value of a row or a setting."""
    chain = [error]
    while (cause := chain[-1].__cause__ or chain[-1].__context__) is not None:
        chain.append(cause)
    missing = next((fields for one in chain if (fields := getattr(one, "fields", None))), None)
    if missing:
        what = ", ".join(map(str, missing))
        return f"dlt does not find its settings of this destination in the environment or .dlt: {what}."
    root, kind = chain[-1], type(chain[-1])
    of_rows = any(base.__name__ in ("DataError", "IntegrityError") for base in kind.__mro__)
    if of_rows or kind.__module__.startswith("dlt."):
        # What it says may quote a row; dlt's own messages do so, too.
        return f"The database could not be written ({type(error).__name__}: {kind.__name__})."
    text = scrub(str(root).partition("\n")[0])
    return f"The database refused: {text or kind.__name__}."


def _pipeline(destination: Any, dataset: str, folder: Path) -> Any:
    dlt = import_dlt()
    # Loaded packages hold donors: nothing of them stays on disk or in the tables that dlt merges from.
    dlt.config["load.delete_completed_jobs"] = True
    dlt.config["load.truncate_staging_dataset"] = True
    return dlt.pipeline(
        "classy_mirror", pipelines_dir=str(folder), destination=destination, dataset_name=dataset
    )


def quoted(name: str) -> str:
    """Return a name as SQL has it."""
    return '"' + name.replace('"', '""') + '"'


def _rows_sql(
    table: Table, organization: int, ids: Sequence[int] | None, name: str, quote: Callable[[str], str]
) -> str:
    """Return the SQL for an organization's rows of a table."""
    columns = ", ".join(map(quote, table.kinds))
    only = "" if ids is None else f" AND {quote('id')} IN ({', '.join(map(str, ids))})"
    return f"SELECT {columns} FROM {name} WHERE {quote(ORGANIZATION)} = {int(organization)}{only}"  # noqa: S608


def _misfits_sql(columns: Sequence[str], organization: int, table: str, quote: Callable[[str], str]) -> str:
    """Return the SQL that counts the values in some columns."""
    counts = ", ".join(f"count({quote(name)})" for name in columns)
    mine = f"{quote(ORGANIZATION)} = {int(organization)} AND {quote(DELETED)} IS NULL"
    return f"SELECT {counts} FROM {table} WHERE {mine}"  # noqa: S608


def _counted(columns: Sequence[str], counts: Sequence[int]) -> dict[str, int]:
    named = zip(columns, counts, strict=True)
    return {name.removesuffix(VARIANT): int(count) for name, count in named if count}


def _versions_sql(
    columns: Iterable[str],
    organization: int,
    table: str,
    versions: str,
    quote: Callable[[str], str],
    *,
    ids: Sequence[int] | None,
    moment: str,
) -> tuple[str, str]:
    """Return the SQL that deletes a refresh's versions of some rows, and that which copies what is missing.

    *moment* stands for when the refresh began. Nothing is joined in the first: PostgreSQL knows nothing yet
    about tables that are just written, and would compare each row with each.
    """
    names = ", ".join(map(quote, columns))
    same = " AND ".join(f"v.{quote(name)} = x.{quote(name)}" for name in (*KEY, SYNCED))
    own = f"{quote(ORGANIZATION)} = {int(organization)}"
    only = "" if ids is None else f" AND {quote('id')} IN ({', '.join(map(str, ids))})"
    missing = f"x.{own} AND NOT EXISTS (SELECT 1 FROM {versions} AS v WHERE {same})"  # noqa: S608
    return (
        f"DELETE FROM {versions} WHERE {own} AND {quote(SYNCED)} = {moment}{only}",  # noqa: S608
        f"INSERT INTO {versions} ({names}) SELECT {names} FROM {table} AS x WHERE {missing}",  # noqa: S608
    )


def _take_over(
    lists: Sequence[MirroredList],
    columns: Mapping[str, object],
    organization: int,
    synced: datetime,
    *,
    execute: Callable[..., Any],
    name_of: Callable[[str], str],
    quote: Callable[[str], str],
    moment: str,
) -> set[str]:
    """Let rows that no finished refresh has written be those of another one; *moment* stands for *synced*.

    Return the names of the lists that have any.
    """
    own = f"{quote(ORGANIZATION)} = {int(organization)}"
    finished = f"SELECT {quote(SYNCED)} FROM {name_of(REFRESHES.name)} WHERE {own}"  # noqa: S608
    unfinished = f"{own} AND {quote(SYNCED)} NOT IN ({finished})"
    others = f"{unfinished} AND {quote(SYNCED)} <> {moment}"
    deleted = f"CASE WHEN {quote(DELETED)} IS NULL THEN NULL ELSE {moment} END"
    found = set()
    for one in lists:
        table = name_of(one.name)
        [[count]] = execute(f"SELECT count(*) FROM {table} WHERE {unfinished}")  # noqa: S608
        if not count:
            continue
        found.add(one.name)
        # The versions first: until the rows are changed, a refresh that comes after a kill sees them.
        if one.versions in columns:
            execute(f"DELETE FROM {name_of(one.versions)} WHERE {others}", synced)  # noqa: S608
        change = f"{quote(SYNCED)} = {moment}, {quote(DELETED)} = {deleted}"
        execute(f"UPDATE {table} SET {change} WHERE {others}", synced, synced, synced)  # noqa: S608
    return found


def _cut_sql(
    table: str, organization: int, column: str, above: int | None, quote: Callable[[str], str]
) -> str:
    """Return the SQL that deletes the rows of an organization behind a number."""
    behind = "" if above is None else f" AND {quote(column)} > {int(above)}"
    return f"DELETE FROM {table} WHERE {quote(ORGANIZATION)} = {int(organization)}{behind}"  # noqa: S608


# A DuckDB file

_UTC = "TimeZone = 'UTC'"
_SETTINGS = ("autoinstall_known_extensions = false", "autoload_known_extensions = false", _UTC)
"""DuckDB would download what it misses; a mirror needs nothing of it. These are set once a file is open:
DuckDB refuses to open one in two ways at once, and a notebook may have opened it, too."""


@contextmanager
def connect(path: Path, *, shown: Path | None = None) -> Iterator[Any]:
    """Open a mirror's file to read, for as long as the block lasts; *shown*: of which file it is a copy.

    Yields
    ------
    duckdb.DuckDBPyConnection
        Read-only; instants are shown in UTC, and DuckDB downloads nothing.

    Raises
    ------
    MirrorError
        It is not a mirror's file, or it is damaged, or something else writes to it.
    """
    duckdb = import_duckdb()
    shown = shown or path
    check_header(path)
    with duckdb_errors(shown, of_damage_only=True):  # others may be those of a caller's own SQL
        try:
            opened = duckdb.connect(str(path), read_only=True)
        except duckdb.Error as error:
            if _is_damage(error):
                raise
            what = f"DuckDB cannot open {shown}: {str(error).splitlines()[0]}"
            raise MirrorError(what, advice="Close whatever else writes to it.") from None
        with opened as connection:
            for setting in _SETTINGS:
                connection.execute(f"SET {setting}")
            names = "SELECT table_name FROM duckdb_tables() WHERE schema_name = current_schema()"
            if not {(ABOUT.name,), (CURSORS.name,)} <= set(connection.execute(names).fetchall()):
                raise MirrorError(
                    f"{shown} is a DuckDB file, but not a mirror.",
                    advice="Choose another name: what is in it stays as it is.",
                )
            yield connection


_HEADER = slice(8, 12)


def check_header(path: Path) -> None:
    """Refuse a file that DuckDB has not made: it would download an extension to read one of SQLite's."""
    what = "" if path.is_file() else "is not a file"  # a pipe would block
    if not what:
        try:
            with path.open("rb") as file:
                header = file.read(_HEADER.stop)
        except OSError as error:
            raise MirrorError(
                f"{path} cannot be read: {error.strerror}.", advice="Check who may read it."
            ) from None
        if header[_HEADER] != b"DUCK":
            what = "is not a DuckDB file" if header else "is empty"
    if what:
        raise MirrorError(f"{path} {what}.", advice="Choose another name; or delete it, and refresh again.")


def _is_damage(error: Exception) -> bool:
    duckdb = import_duckdb()
    kinds = (duckdb.FatalException, duckdb.InternalException, duckdb.SerializationException)
    return isinstance(error, kinds) or re.search(_DAMAGED, str(error)) is not None


_DAMAGED = "[Cc]orrupt|Could not read enough bytes"


@contextmanager
def duckdb_errors(path: Path, *, of_damage_only: bool = False) -> Iterator[None]:
    """Turn DuckDB's errors about a file into ours: theirs may show what it holds."""
    try:
        yield
    except import_duckdb().Error as error:
        if _is_damage(error):
            raise MirrorError(
                f"{path} is damaged ({type(error).__name__}).",
                advice="Restore it from a backup; or delete it, and refresh again.",
            ) from None
        if of_damage_only:
            raise
        raise MirrorError(_reason(error), advice=_STAYS) from None


_STAYS = "What is there stays; run it again."


class DuckDBFile:
    """A DuckDB file that nobody else has open.

    Parameters
    ----------
    path
        The file, which is made if it does not exist.
    folder
        Where DuckDB may leave files while it works.
    """

    def __init__(self, path: Path, folder: Path) -> None:
        self.path = path
        self._folder = folder
        self._connection: Any = None
        self._columns: dict[str, dict[str, str]] | None = None
        """Those of all tables, until something changes them."""
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close the file: DuckDB puts what it has written into it."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    @contextmanager
    def _cursor(self) -> Iterator[Any]:
        """Yield a connection of the calling thread's own; the file stays open."""
        with self._lock:
            if self._connection is None:
                with private_files():
                    self._connection = import_duckdb().connect(str(self.path))
                for setting in (*_SETTINGS, f"temp_directory = '{self._folder / 'tmp'}'"):
                    self._connection.execute(f"SET {setting}")
            cursor = self._connection.cursor()
        with cursor:
            cursor.execute(f"SET {_UTC}")
            yield cursor

    def columns(self) -> dict[str, dict[str, str]]:
        """Return the columns of each table that is there, and the type of each."""
        if self._columns is None:
            with self._cursor() as connection:
                self._columns = tables_in(connection)
        return self._columns

    def type_of(self, kind: str) -> str:
        """Return DuckDB's type for a kind of column."""
        return sql_type(kind)

    def prepare(self, tables: Sequence[Table]) -> None:
        """Make the tables and the columns that are missing."""
        there = self.columns()
        commands = []
        for table in tables:
            typed = {name: f"{quoted(name)} {sql_type(kind)}" for name, kind in table.kinds.items()}
            if table.name not in there:
                parts = [text + (" NOT NULL" if name in table.key else "") for name, text in typed.items()]
                commands.append(f"CREATE TABLE {quoted(table.name)} ({', '.join(parts)})")
            else:
                missing = [text for name, text in typed.items() if name not in there[table.name]]
                commands += [f"ALTER TABLE {quoted(table.name)} ADD COLUMN {text}" for text in missing]
        if not commands:
            return
        with self._cursor() as connection:
            for command in commands:
                connection.execute(command)
        self._columns = None

    def rows(self, table: Table, organization: int, ids: Sequence[int] | None = None) -> pa.Table:
        """Return an organization's rows of a table."""
        table = self._grown(table)
        found = self._read(_rows_sql(table, organization, ids, quoted(table.name), quoted))
        return found.cast(schema_of(table.kinds))

    def _grown(self, table: Table) -> Table:
        return with_variants(table, self.columns().get(table.name, ()))

    def _read(self, sql: str) -> pa.Table:
        with self._cursor() as connection:
            return connection.sql(sql).to_arrow_table()

    def hashes(self, one: MirroredList, organization: int, extra: Sequence[str]) -> pa.Table:
        """Return the hashes of all rows; DuckDB computes them."""
        names = "".join(f", {quoted(name)}" for name in extra)
        actual = hash_sql(one, self.columns()[one.name])
        return self._read(
            f"SELECT id, {HASH} AS stored, {actual} AS actual, {DELETED} IS NOT NULL AS gone{names} "  # noqa: S608
            f"FROM {quoted(one.name)} WHERE {ORGANIZATION} = {int(organization)}"
        )

    def misfits(self, one: MirroredList, organization: int) -> dict[str, int]:
        """Return how many values of each column do not fit it."""
        columns = variants_in(self.columns()[one.name])
        if not columns:
            return {}
        with self._cursor() as connection:
            sql = _misfits_sql(columns, organization, quoted(one.name), quoted)
            return _counted(columns, connection.execute(sql).fetchone())

    def merge(self, rows: Mapping[Table, pa.Table]) -> None:
        """Write rows of lists by their keys."""
        self._write(rows, replacing=True)

    def append(self, rows: Mapping[Table, pa.Table]) -> None:
        """Write rows of lists that are not there yet."""
        self._write(rows, replacing=False)

    def cut(self, table: str, organization: int, column: str, above: int | None) -> None:
        """Delete rows of an organization."""
        with self._cursor() as connection:
            connection.execute(_cut_sql(quoted(table), organization, column, above, quoted))

    def record(self, rows: Mapping[Table, pa.Table]) -> None:
        """Write a few rows of the mirror's own tables."""
        self._write(rows, replacing=True)

    def _write(self, rows: Mapping[Table, pa.Table], *, replacing: bool) -> None:
        """Write rows, all or none of them: without dlt, which takes longer to start than most refreshes."""
        try:
            self.prepare([with_variants(table, new.column_names) for table, new in rows.items()])
            with private_files(), self._cursor() as connection:
                connection.execute("BEGIN")
                for table, new in rows.items():
                    name = quoted(table.name)
                    connection.register("new", new)
                    if replacing:
                        same = " AND ".join(f"t.{quoted(key)} = n.{quoted(key)}" for key in table.key)
                        connection.execute(f"DELETE FROM {name} AS t USING new AS n WHERE {same}")  # noqa: S608
                    connection.execute(f"INSERT INTO {name} BY NAME SELECT * FROM new")  # noqa: S608
                    connection.unregister("new")
                connection.execute("COMMIT")
        except import_duckdb().Error as error:
            raise MirrorError(_reason(error), advice=_STAYS) from None

    def keep_versions(
        self, one: MirroredList, organization: int, synced: datetime, ids: Sequence[int] | None = None
    ) -> None:
        """Copy what is missing in the history of a list."""
        table, versions = map(self._grown, list_tables(one, history=True))
        if table.kinds != versions.kinds:
            self.prepare([with_variants(versions, table.kinds)])
        here, there = quoted(one.name), quoted(one.versions)
        commands = _versions_sql(table.kinds, organization, here, there, quoted, ids=ids, moment="?")
        with self._cursor() as connection:
            connection.execute("BEGIN")
            connection.execute(commands[0], [synced])
            connection.execute(commands[1])
            connection.execute("COMMIT")

    def take_over(self, lists: Sequence[MirroredList], organization: int, synced: datetime) -> set[str]:
        """Let rows of refreshes that were not finished be those of another one."""
        columns = self.columns()
        with self._cursor() as connection:

            def execute(command: str, *values: datetime) -> Any:
                return connection.execute(command, list(values)).fetchall()

            connection.execute("BEGIN")
            found = _take_over(
                lists,
                columns,
                organization,
                synced,
                execute=execute,
                name_of=quoted,
                quote=quoted,
                moment="?",
            )
            connection.execute("COMMIT")
        return found

    def tidy(self) -> None:
        """Make the views for SQL anew, and close the file."""
        with self._cursor() as connection:
            create_views(connection)
        self.close()


# Any other destination of dlt's


_ROWS_AT_ONCE = 10_000
"""Rows that are fetched from a database at once."""


_FOLDERS = "classy-sync-"


def _temporary_folder() -> tuple[Path, FileLock]:
    """Return a new folder with a lock; delete those that killed processes left behind: they hold donors."""
    for left in Path(tempfile.gettempdir()).glob(f"{_FOLDERS}*/lock"):  # others' cannot be entered
        with suppress(OSError, Timeout), FileLock(left, timeout=0):
            shutil.rmtree(left.parent, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=_FOLDERS))
    lock = FileLock(folder / "lock", timeout=0)
    lock.acquire()
    return folder, lock


def _lock_folder() -> Path:
    """Return the folder of the locks of this user: beside the pipelines of dlt, or where that cannot be."""
    folder = Path(import_dlt().common.pipeline.get_dlt_pipelines_dir()) / "classy_locks"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        folder = Path(tempfile.gettempdir()) / f"classy-locks-{getuser()}"
        folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _lock_key(*parts: object) -> int:
    """Return PostgreSQL's number for a lock."""
    digest = sha256("/".join(("classy_nb", *map(str, parts))).encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


class DltDestination:
    """A dataset in any SQL database that dlt writes to.

    Parameters
    ----------
    destination
        A destination of dlt's.
    dataset
        The schema of the tables.
    organization
        Whose rows will be written.
    """

    def __init__(self, destination: Any, dataset: str, organization: int) -> None:
        # dlt merges rows from tables in a second dataset. Each organization has one for itself, as several
        # may be refreshed at the same time.
        destination.config_params["staging_dataset_name_layout"] = f"%s_staging_{organization}"
        self._folder, self._folder_lock = _temporary_folder()
        self._dataset, self._organization = dataset, organization
        self._pipeline = _pipeline(destination, dataset, self._folder)
        # Whoever asks a pipeline for its schema makes dlt read it again, into the object that a client of
        # another thread is just using. So nobody touches the pipeline but with the lock.
        self._lock = threading.RLock()
        self._guard: Any = None
        self._held: FileLock | None = None
        try:
            self._lock_organization()
            with self._alone():
                self._pipeline.sync_destination()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Delete what dlt left on this machine, and let others refresh the organization."""
        if self._guard is not None:
            with suppress(Exception):  # the database ends the lock with the connection, however that ends
                self._guard.__exit__(None, None, None)
        if self._held is not None:
            self._held.release()
        self._folder_lock.release()
        shutil.rmtree(self._folder, ignore_errors=True)

    def tidy(self) -> None:
        """Drop the dataset that dlt merged from: it holds donors, too."""
        with self._client() as client, client.with_staging_dataset():
            if client.has_dataset():
                client.drop_dataset()

    def _lock_organization(self) -> None:
        """Let nobody else refresh the organization.

        PostgreSQL can tell wherever the other one runs; elsewhere, it is the same user of the same machine.
        """
        is_free = True
        if self._pipeline.destination.destination_type.endswith(".postgres"):
            self._guard = self._pipeline.sql_client()
            self._guard.__enter__()
            key = _lock_key(self._dataset, self._organization)
            is_free = self._guard.execute_sql(f"SELECT pg_try_advisory_lock({key})")[0][0]
        else:
            # Nobody else can open a DuckDB file at all.
            is_file = self._pipeline.destination.destination_type.endswith(".duckdb")
            lock = self._file_lock("all" if is_file else self._organization)
            try:
                lock.acquire(timeout=0)
                self._held = lock
            except Timeout:
                is_free = False
        if not is_free:
            raise MirrorError(
                f"Another refresh of organization {self._organization} in {self._dataset!r} is running.",
                advice="Wait for it to end.",
            )

    def _file_lock(self, what: object) -> FileLock:
        """Return the lock of something in this dataset of this database."""
        with self._lock:
            client = self._pipeline.sql_client()
        database = (client.credentials, client.fully_qualified_dataset_name())
        return FileLock(_lock_folder() / f"{_lock_key(*database, what) % 2**64:016x}.lock")

    @contextmanager
    def _client(self) -> Iterator[Any]:
        """Yield a client of the database that no other thread has anything to do with."""
        with self._lock, self._pipeline.sql_client() as client:
            yield client

    def _load(self, rows: Mapping[Table, pa.Table], disposition: Any = "append") -> None:
        """Load rows as one package; make the tables if there are no rows at all."""
        dlt = import_dlt()
        new = {where: table for where, table in rows.items() if len(table)}
        resources = [
            dlt.resource(
                [table],
                name=where.name,
                columns=dlt_columns(with_variants(where, table.column_names).kinds, where.key),
                write_disposition=disposition,
            )
            for where, table in (new or rows).items()
        ]
        file_format = None
        if self._pipeline.destination.destination_name == "postgres":
            # dlt would prefer CSV, and read an empty text there as a missing one. The driver that takes Arrow
            # tables does not take empty ones.
            arrow = new and find_spec("adbc_driver_postgresql")
            file_format = "parquet" if arrow else "insert_values"
        with self._lock, private_files(), database_errors():
            self._pipeline.run(
                dlt.source(lambda: resources, name="classy", max_table_nesting=0)(),
                loader_file_format=file_format,
            )

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Let nobody else make tables in the dataset, for as long as the block lasts."""
        if self._guard is None:
            with self._file_lock("tables"):
                yield
            return
        key = _lock_key(self._dataset)
        self._guard.execute_sql(f"SELECT pg_advisory_lock({key})")
        try:
            yield
        finally:
            self._guard.execute_sql(f"SELECT pg_advisory_unlock({key})")

    def columns(self) -> dict[str, dict[str, str]]:
        """Return the columns of each table that is there, as dlt remembers them."""
        with self._lock:
            if not self._pipeline.default_schema_name:
                return {}
            return {
                name: {column: str(hints.get("data_type")) for column, hints in table["columns"].items()}
                for name, table in self._pipeline.default_schema.tables.items()
            }

    def type_of(self, kind: str) -> str:
        """Return dlt's type for a kind of column."""
        return str(DLT_TYPES.get(kind, {"data_type": "text"})["data_type"])

    def prepare(self, tables: Sequence[Table]) -> None:
        """Make the tables and the columns that are missing, by loading no rows into them."""
        there = self.columns()
        new = [table for table in tables if not set(table.kinds) <= set(there.get(table.name, ()))]
        if new:
            with self._alone():
                self._load({table: schema_of(table.kinds).empty_table() for table in new})

    def rows(self, table: Table, organization: int, ids: Sequence[int] | None = None) -> pa.Table:
        """Return an organization's rows of a table."""
        table = self._grown(table)
        schema = schema_of(table.kinds)
        parts = [schema.empty_table()]
        with self._client() as client:
            name = client.make_qualified_table_name(table.name)
            sql = _rows_sql(table, organization, ids, name, client.escape_column_name)
            with client.execute_query(sql) as cursor:
                while found := cursor.fetchmany(_ROWS_AT_ONCE):
                    columns = zip(*found, strict=True)
                    arrays = [pa.array(c, field.type) for c, field in zip(columns, schema, strict=True)]
                    parts.append(pa.table(arrays, schema=schema))
        return pa.concat_tables(parts)

    def _grown(self, table: Table) -> Table:
        return with_variants(table, self.columns().get(table.name, ()))

    def misfits(self, one: MirroredList, organization: int) -> dict[str, int]:
        """Return how many values of each column do not fit it."""
        columns = variants_in(self.columns()[one.name])
        if not columns:
            return {}
        with self._client() as client:
            name = client.make_qualified_table_name(one.name)
            [counts] = client.execute_sql(
                _misfits_sql(columns, organization, name, client.escape_column_name)
            )
        return _counted(columns, counts)

    def hashes(self, one: MirroredList, organization: int, extra: Sequence[str]) -> pa.Table:
        """Return the hashes of all rows, which are read for that."""
        rows = self.rows(list_tables(one)[0], organization)
        columns = {
            "id": rows["id"],
            "stored": rows[HASH],
            "actual": hashed(rows, one)[HASH],
            "gone": rows[DELETED].is_valid(),
            **{name: rows[name] for name in extra},
        }
        return pa.table(columns)

    def merge(self, rows: Mapping[Table, pa.Table]) -> None:
        """Write rows of lists by their keys."""
        self._load(rows, _MERGE)

    def append(self, rows: Mapping[Table, pa.Table]) -> None:
        """Write rows of lists that are not there yet."""
        self._load(rows)

    def cut(self, table: str, organization: int, column: str, above: int | None) -> None:
        """Delete rows of an organization."""
        with self._client() as client:
            name = client.make_qualified_table_name(table)
            client.execute_sql(_cut_sql(name, organization, column, above, client.escape_column_name))

    def record(self, rows: Mapping[Table, pa.Table]) -> None:
        """Write rows of the mirror's own tables, after those of the lists that they speak of."""
        self._load(rows, _MERGE)

    def keep_versions(
        self, one: MirroredList, organization: int, synced: datetime, ids: Sequence[int] | None = None
    ) -> None:
        """Copy what is missing in the history of a list."""
        table, versions = map(self._grown, list_tables(one, history=True))
        if table.kinds != versions.kinds:
            self.prepare([with_variants(versions, table.kinds)])
        with self._client() as client:
            here, there = (client.make_qualified_table_name(one.name) for one in (table, versions))
            quote = client.escape_column_name
            commands = _versions_sql(table.kinds, organization, here, there, quote, ids=ids, moment="%s")
            client.execute_sql(commands[0], synced)
            client.execute_sql(commands[1])

    def take_over(self, lists: Sequence[MirroredList], organization: int, synced: datetime) -> set[str]:
        """Let rows of refreshes that were not finished be those of another one."""
        columns = self.columns()
        with self._client() as client:
            return _take_over(
                lists,
                columns,
                organization,
                synced,
                execute=client.execute_sql,
                name_of=client.make_qualified_table_name,
                quote=client.escape_column_name,
                moment="%s",
            )
