"""Lists of one or several organizations into any database: the engine of ``classy-nb sync``.

Connections and a destination come in. A DuckDB file becomes a :class:`~classy_nb.mirror.local.Mirror`; anything
else is written by dlt, in place.
"""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from classy_nb.errors import UsageError
from classy_nb.query import instant
from classy_nb.redact import clear_tracebacks

from .destination import ABOUT, DltDestination
from .extras import import_dlt
from .local import Mirror, agreed, report_frame
from .refresh import Refresh
from .tables import mirrored_lists

if TYPE_CHECKING:
    from collections.abc import Iterable

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
    history: bool = True,
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
        (``"postgresql://user:password@host:5432/warehouse"``), the name of one of dlt's destinations
        (``"bigquery"``, ``"snowflake"``), which dlt configures from its own settings, or such a destination.
    dataset
        The schema of the tables, where *to* is not a DuckDB file.
    resources, since, history, trust_totals
        As in :meth:`classy_nb.Classy.mirror`.
    exclude
        Columns to leave out, by their names in a frame; ``"personal"`` for all that hold personal data, also
        within JSON text.
    hash
        Columns of which only the SHA-256 of the text is kept, so that rows can be joined by them.
    verify
        As in :meth:`Mirror.refresh`.

    Returns
    -------
    DataFrame, one row a list and organization
        ``organization``, and the columns of :meth:`Mirror.refresh`.

    Raises
    ------
    UsageError
        A list, a column or the destination does not exist; nothing was sent.
    MirrorError
        What the database holds does not agree with what is asked for, or it could not be written.
    ClassyError
        The API could not be asked.
    """
    import pandas as pd

    if verify not in ("quick", "full"):
        raise UsageError(f"verify={verify!r} must be 'quick' or 'full'.")
    connections = [classy] if hasattr(classy, "organization") else list(classy)
    path = _duckdb_path(to)
    options: dict[str, Any] = {"exclude": exclude, "hash": hash}
    wanted = None if resources is None else [one.name for one in mirrored_lists(resources)]
    mirrored_lists(resources, **options)
    frames = []
    destination = None if path is not None else DltDestination(_dlt_destination(to), dataset)
    try:
        for connection in connections:
            if destination is None:
                mirror = Mirror(
                    str(path),
                    classy=connection,
                    resources=resources,
                    since=since,
                    history=history,
                    trust_totals=trust_totals,
                    **options,
                )
                frame = mirror.refresh(verify)
            else:
                moment = None if since is None else instant(since, connection.timezone)
                stored = _stored(destination, connection.organization)
                about, names = agreed(stored, connection, wanted, moment, what=dataset, history=history)
                refresh = Refresh(
                    connection,
                    mirrored_lists(names, **options),
                    destination,
                    about=about,
                    since=None if not about["since"] else datetime.fromisoformat(about["since"]),
                    history=history,
                    full=verify == "full",
                    trust_totals=trust_totals,
                )
                frame = report_frame(refresh.run())
            frame.insert(0, "organization", connection.organization)
            frames.append(frame)
    finally:
        if destination is not None:
            destination.close()
    return pd.concat(frames, ignore_index=True)


def _stored(destination: DltDestination, organization: int) -> dict[str, str]:
    if ABOUT.name not in destination.columns():
        return {}
    rows = destination.rows(ABOUT, organization).to_pylist()
    return {row["key"]: row["value"] for row in rows}


_ADDRESS = re.compile(r"([a-z][a-z0-9+]*)://", re.IGNORECASE)
_DIALECTS = {"postgresql": "postgres", "postgres": "postgres"}
"""dlt's names of destinations, by how addresses begin; others begin with dlt's own name."""


def _duckdb_path(to: Any) -> Path | None:
    """Return the path where *to* is that of a DuckDB file; None for anything else."""
    if isinstance(to, Path):
        return to
    if not isinstance(to, str):
        return None
    if to.startswith("duckdb:///"):
        return Path(to.removeprefix("duckdb:///"))
    return (
        Path(to) if re.search(r"\.(duckdb|ddb|db)$", to) or ("/" in to and not _ADDRESS.match(to)) else None
    )


def _dlt_destination(to: Any) -> Any:
    """Return the destination of dlt's that *to* means."""
    if not isinstance(to, str):
        return to
    dlt = import_dlt()
    found = _ADDRESS.match(to)
    name = to if found is None else _DIALECTS.get(found[1].lower(), found[1].lower())
    made = getattr(dlt.destinations, name, None)
    if made is None:
        raise UsageError(
            f"dlt has no destination {name!r}.",
            advice="Name a file such as classy.duckdb, an address such as postgresql://..., or a destination "
            "of dlt's such as bigquery.",
        )
    return made() if found is None else made(credentials=to)
