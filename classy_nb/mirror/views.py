"""The views for SQL: what fundraisers count, with local days and flags, beside the mirror's tables.

A connection to the copy comes in at the end of each refresh; :func:`create_views` leaves it with the views of
``sql/``. Each file there is also a model of the dbt project in ``docs/dbt``, so it is written as dbt reads
it: ``source``, ``ref`` and the macros of the project in double braces. The time zone and the fiscal year are
written into the views, because a constant is many times faster than a look-up in every row.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from classy_nb import catalog

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import duckdb

PREFIX = "report_"
"""What the names of the views begin with. They are in the schema of the tables: in a file that is called as its
schema (``classy.duckdb``), only names without a schema can be resolved, and in a view they mean its own one."""
KEYS = {
    "report_gifts": ("transaction_id",),
    "report_gift_items": ("transaction_id", "item_id", "part"),
    "report_payout_lines": ("payout_record_id", "transaction_id", "line_type", "processor_transaction_id"),
    "report_plan_events": ("recurring_donation_plan_id", "source", "event", "history_id"),
    "report_supporters": ("supporter_id",),
    "report_campaigns": ("campaign_id",),
    "report_pages": ("fundraising_page_id",),
    "report_teams": ("fundraising_team_id",),
    "report_designations": ("designation_id",),
}
"""The views, those first that others read, and what identifies a row of each (beside ``organization_id``)."""
_CALL = re.compile(r"\{\{ (\w+)\((.*?)\) \}\}")
_SQL_TYPES = {
    "int": "BIGINT",
    "float": "DOUBLE",
    "decimal": "DECIMAL(18, 2)",
    "bool": "BOOLEAN",
    "datetime": "TIMESTAMP WITH TIME ZONE",
    "date": "DATE",
}


def create_views(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Create the views of the tables that the copy holds, in the current schema.

    A view whose table is not there is left out (and dropped, if it was there). Columns that the copy was
    made without, and lists that a view only adds to its own, are missing values and no rows.

    Parameters
    ----------
    connection
        To a copy, writable, in the schema of the tables (``USE``), with ``_mirror`` filled.

    Returns
    -------
    list of str
        The names of the views that are there now.
    """
    tables = _tables(connection)
    about = dict(connection.execute("SELECT key, value FROM _mirror").fetchall())
    macros = _macros(about)
    created: list[str] = []
    for name in KEYS:
        used = sources(name)
        needed = [table for kind, table in used if kind == "ref"] or [used[0][1]]
        if all(table in tables or table in created for table in needed):
            body = _rendered(name, macros, tables)
            connection.execute(f"CREATE OR REPLACE VIEW {name} AS {body}")
            created.append(name)
        else:
            connection.execute(f"DROP VIEW IF EXISTS {name}")
    return created


@cache
def template(name: str) -> str:
    """Return the SQL of a view as its file has it."""
    return files(__package__).joinpath(f"sql/{name}.sql").read_text("utf-8")


def sources(name: str) -> list[tuple[str, str]]:
    """Return what a view reads, in order: ``("source", table)`` or ``("ref", view)``."""
    calls = [(call[1], _arguments(call[2])[-1]) for call in _CALL.finditer(template(name))]
    return [(kind, argument) for kind, argument in calls if kind in ("source", "ref")]


def _rendered(name: str, macros: Mapping[str, Callable[..., str]], tables: Mapping[str, set[str]]) -> str:
    known = {
        **macros,
        "ref": lambda view: view,
        "source": lambda _schema, table: _relation(table, tables.get(table)),
    }
    return _CALL.sub(lambda call: known[call[1]](*_arguments(call[2])), template(name))


def _arguments(text: str) -> list[str]:
    return re.findall(r"'([^']*)'", text)


def _macros(about: Mapping[str, str]) -> dict[str, Callable[..., str]]:
    """Return the macros of ``docs/dbt/macros`` for DuckDB, with this copy's time zone and fiscal year."""
    zone = "'" + about.get("timezone", "UTC").replace("'", "''") + "'"
    start = int(about.get("fiscal_year_start") or 1)

    def fiscal_year(day: str) -> str:
        later = f" + CASE WHEN EXTRACT(MONTH FROM {day}) >= {start} THEN 1 ELSE 0 END" if start > 1 else ""
        return f"CAST(EXTRACT(YEAR FROM {day}){later} AS INTEGER)"

    return {
        "local": lambda instant: f"({instant} AT TIME ZONE {zone})",
        "fiscal_year": fiscal_year,
        # Half a cent is rounded as pandas does it, so that the sums are those of cn.analysis.
        "round_cents": lambda amount: f"ROUND_EVEN(100 * {amount}, 0) / 100",
        "json_items": lambda column: f"JSON_EACH({column})",
    }


def _relation(table: str, columns: set[str] | None) -> str:
    """Return what stands for a table: itself, with the columns that it lacks, or nothing but its columns."""
    missing = [
        f"CAST(NULL AS {kind}) AS {name}" for name, kind in _columns(table) if name not in (columns or ())
    ]
    if columns is None:
        return f"(SELECT {', '.join(missing)} WHERE FALSE)"
    return f"(SELECT *, {', '.join(missing)} FROM {table})" if missing else table


@cache
def _columns(table: str) -> list[tuple[str, str]]:
    """Return name and SQL type of the columns of a table that views may use."""
    known = catalog.load()
    listed = catalog.with_decimals(known.columns(known.resources[table].lists[0]))
    names = catalog.flat_names(column.name for column in listed)
    own = [("_organization_id", "BIGINT"), ("_deleted_at", _SQL_TYPES["datetime"])]
    kinds = (_SQL_TYPES.get(column.kind, "VARCHAR") for column in listed)
    return [*own, *zip(names, kinds, strict=True)]


def _tables(connection: duckdb.DuckDBPyConnection) -> dict[str, set[str]]:
    """Return the columns of each table (or view) of the current schema."""
    rows = connection.execute(
        "SELECT table_name, column_name FROM information_schema.columns"
        " WHERE table_catalog = current_database() AND table_schema = current_schema()"
    ).fetchall()
    tables: dict[str, set[str]] = {}
    for table, column in rows:
        tables.setdefault(table, set()).add(column)
    return {table: columns for table, columns in tables.items() if not table.startswith(PREFIX)}
