"""Lists of one or several organizations into any database: the engine of ``classy-nb sync``.

Connections and a destination come in. A DuckDB file becomes a :class:`~classy_nb.mirror.local.Mirror`;
anything else is written by dlt, in place.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from datetime import datetime
from getpass import getuser
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from classy_nb.arguments import is_one_of, shown
from classy_nb.errors import InterruptedFetchError, UsageError
from classy_nb.files import checked_path
from classy_nb.query import instant
from classy_nb.redact import clear_tracebacks, scrub

from .destination import ABOUT, DltDestination, database_errors
from .extras import import_dlt, import_duckdb
from .local import Mirror, agreed, report_frame
from .refresh import Refresh
from .tables import mirrored_lists

if TYPE_CHECKING:
    import pandas as pd

    from classy_nb.query import Moment, Names

    from .source import Connection


@clear_tracebacks
def sync(
    classy: Connection | Iterable[Connection],
    to: Any,
    *,
    dataset: str = "classy",
    resources: Names = None,
    since: Moment | None = None,
    exclude: Names = (),
    hash: Names = (),  # noqa: A002 - what the command line calls it
    history: bool | None = None,
    verify: str = "quick",
    trust_totals: bool = True,
) -> pd.DataFrame:
    """Bring lists in a database up to date, and prove that they equal what the API has.

    Parameters
    ----------
    classy
        A connection, or several to different organizations, which share the tables.
    to
        Where: the path of a DuckDB file (``"classy.duckdb"``, ``"duckdb:///data/classy.duckdb"``), an address
        (``"postgresql://user@host:5432/warehouse"``), the name of one of dlt's destinations (``"bigquery"``,
        ``"snowflake"``), which dlt configures from its own settings, or such a destination. What is missing
        in a PostgreSQL address comes from the environment, as for ``psql`` (``PGPASSWORD``, ``PGUSER``,
        ``PGHOST``, ``PGPORT``, ``PGDATABASE``) or, for the password, from ``~/.pgpass``.
    dataset
        The schema of the tables, where *to* is not a DuckDB file.
    resources, since, history, trust_totals
        As in :meth:`classy_nb.Classy.mirror`.
    exclude
        Columns to leave out, by their names in a frame; ``"personal"`` for all that hold personal data, also
        within JSON text.
    hash
        Columns of which only a keyed hash is kept (HMAC-SHA256 of the text as it is), so that rows can be
        joined by them; ``"email_address"`` is ``member.email_address``, too. The key is in the environment
        variable ``CLASSY_HASH_KEY``: without one, anybody could hash a list of addresses and look them up.
        What is left out or hashed is remembered, and need not be said again.
    verify
        As in :meth:`classy_nb.Mirror.refresh`.

    Returns
    -------
    DataFrame, one row a list and organization
        ``organization``, and the columns of :meth:`classy_nb.Mirror.refresh`.

    Raises
    ------
    UsageError
        A list, a column, the key or the destination does not exist; nothing was sent.
    MirrorError
        What the database holds does not agree with what is asked for, another process is refreshing the same
        organization's rows, or the database refused something. What is written is whole rows; the next call
        goes on from there.
    ImportError
        An extra is missing: ``pip install 'classy-nb[mirror]'``, or ``'classy-nb[postgres]'``.
    ClassyError
        The API could not be asked.
    """
    import pandas as pd

    check_sync(to, resources=resources, exclude=exclude, hash=hash, verify=verify)
    connections: list[Connection] = list(classy) if isinstance(classy, Iterable) else [classy]
    path = duckdb_path(to)
    options: dict[str, Any] = {"resources": resources, "exclude": exclude, "hash": hash}
    options |= {"history": history, "trust_totals": trust_totals}
    frames = []
    for connection in connections:
        if path is not None:
            frame = Mirror(str(path), classy=connection, since=since, **options).refresh(verify)
        else:
            report = _refresh(connection, to, dataset, since=since, full=verify == "full", **options)
            frame = report_frame(report)
        frame.insert(0, "organization", connection.organization)
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def _refresh(
    classy: Connection,
    to: Any,
    dataset: str,
    *,
    resources: Names,
    since: Moment | None,
    exclude: Names,
    hash: Names,  # noqa: A002 - what the command line calls it
    history: bool | None,
    full: bool,
    trust_totals: bool,
) -> list[dict[str, Any]]:
    """Refresh an organization's rows in a database; return the report."""
    moment = None if since is None else instant(since, classy.timezone)
    wanted = None if resources is None else [one.name for one in mirrored_lists(resources)]
    with database_errors():
        destination = DltDestination(_dlt_destination(to), dataset, classy.organization)
        try:
            about, lists = agreed(
                _stored(destination, classy.organization),
                classy,
                wanted,
                moment,
                exclude=exclude,
                hash=hash,
                what=f"The dataset {shown(dataset)}",
                history=history,
            )
            refresh = Refresh(
                classy,
                lists,
                destination,
                about=about,
                since=None if not about["since"] else datetime.fromisoformat(about["since"]),
                history=about["history"] == "true",
                full=full,
                trust_totals=trust_totals,
            )
            report = refresh.run()
            destination.tidy()
        except KeyboardInterrupt:
            kept = "What is written stays; the next refresh goes on from there."
            raise InterruptedFetchError("Stopped.", advice=kept) from None
        finally:
            destination.close()
    return report


def _stored(destination: DltDestination, organization: int) -> dict[str, str]:
    if ABOUT.name not in destination.columns():
        return {}
    rows = destination.rows(ABOUT, organization).to_pylist()
    return {row["key"]: row["value"] for row in rows}


_ADDRESS = re.compile(r"([a-z][a-z0-9]*)(?:\+\w+)?://", re.IGNORECASE)
_DIALECTS = {"postgresql": "postgres"}
"""dlt's names of destinations, by how addresses begin; others begin with dlt's own name."""
_NOT_TABLES = frozenset(("destination", "dummy", "filesystem", "lance", "lancedb", "qdrant", "weaviate"))
"""Destinations of dlt's that no rows can be read from with SQL or changed in."""


def duckdb_path(to: Any) -> Path | None:
    """Return the path where *to* is that of a DuckDB file; None for anything else."""
    if not isinstance(to, str):
        return Path(to) if isinstance(to, os.PathLike) else None
    if to.lower().startswith("duckdb:///"):
        return checked_path(to[len("duckdb:///") :], "to")
    if _ADDRESS.match(to):
        return None
    return (
        checked_path(to, "to") if re.search(r"\.(duckdb|ddb|db)$", to) or "/" in to or os.sep in to else None
    )


def check_sync(
    to: Any,
    *,
    resources: Names = None,
    exclude: Names = (),
    hash: Names = (),  # noqa: A002 - what the command line calls it
    verify: str = "quick",
) -> None:
    """Raise the errors that can be seen without asking anybody.

    Parameters
    ----------
    to, resources, exclude, hash, verify
        As in :func:`classy_nb.mirror.sync`.

    Raises
    ------
    UsageError
        A list, a column, the key or the destination does not exist.
    ImportError
        An extra is missing.
    """
    if not is_one_of(verify, ("quick", "full")):
        raise UsageError(f"verify={shown(verify)} must be 'quick' or 'full'.")
    mirrored_lists(resources, exclude=exclude, hash=hash)
    import_duckdb()
    if duckdb_path(to) is not None:
        return
    with database_errors():
        name = _dlt_destination(to).destination_type.rpartition(".")[2]
    if name == "postgres" and find_spec("psycopg2") is None:
        raise ImportError("PostgreSQL needs its drivers: pip install 'classy-nb[postgres]'")


def _dlt_destination(to: Any) -> Any:
    """Return the destination of dlt's that *to* means."""
    dlt = import_dlt()
    if not isinstance(to, str):
        return to
    found = _ADDRESS.match(to)
    name = (to if found is None else found[1]).lower()
    name = _DIALECTS.get(name, name)
    if name == "duckdb":
        raise UsageError("A DuckDB file is named by its path.", advice="Such as classy.duckdb.")
    if name not in set(dlt.destinations.__all__) - _NOT_TABLES:
        raise UsageError(
            # An address may hold a password: only its beginning is shown.
            f"dlt has no destination {shown(name if found else scrub(name))} for tables.",
            advice="Name a file such as classy.duckdb, an address such as postgresql://user@host/warehouse, "
            "or a destination of dlt's such as bigquery.",
        )
    made = getattr(dlt.destinations, name)
    if found is None:
        return made()
    return made(credentials=_with_environment(to) if name == "postgres" else to)


def _with_environment(address: str) -> str:
    """Return a PostgreSQL address with what is missing in it, as libpq would find it.

    dlt wants all parts of it.
    """
    try:
        parts = urlsplit(address)
        user = parts.username or quote(os.environ.get("PGUSER") or getuser(), safe="")
        password = parts.password or quote(os.environ.get("PGPASSWORD", ""), safe="")
        host = parts.hostname or quote(os.environ.get("PGHOST") or "localhost", safe="")
        port = parts.port or int(os.environ.get("PGPORT") or 5432)
    except ValueError:
        # What it was is not shown: there may be a password in it.
        raise UsageError(
            "The address of the database cannot be read.",
            advice="Write postgresql://user@host:5432/warehouse, with the password in PGPASSWORD.",
        ) from None
    if ":" in host:
        host = f"[{host}]"
    database = parts.path.strip("/") or quote(os.environ.get("PGDATABASE", ""), safe="") or user
    query = f"?{parts.query}" if parts.query else ""
    return f"postgresql://{user}:{password}@{host}:{port}/{database}{query}"
