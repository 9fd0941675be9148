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
from typing import TYPE_CHECKING, Any

from classy_nb.catalog import flat_names, load, with_decimals

from .tables import HOUSE_COLUMNS, ORGANIZATION, sql_type, tables_in

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

PREFIX = "report_"
"""What the names of the views begin with. They are in the schema of the tables: bare names in
a view mean its own schema, whatever the file is called or attached as; others may be ambiguous."""
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


def create_views(connection: Any, *, today: datetime | None = None) -> list[str]:
    """Create the views of the tables that the copy holds, in the current schema.

    A view whose table is not there is left out (and dropped, if it was there). Columns that the copy was
    made without, and lists that a view only adds to its own, are missing values and no rows.

    Parameters
    ----------
    connection
        To a copy, writable, in the schema of the tables, with ``_mirror`` filled.
    today
        A moment of the day by which plans are over; None for whenever a view is read.

    Returns
    -------
    list of str
        The names of the views that are there now.
    """
    tables = {
        name: set(columns) for name, columns in tables_in(connection).items() if not name.startswith(PREFIX)
    }
    about: dict[int, dict[str, str]] = {}
    for organization, key, value in connection.execute(
        f"SELECT {ORGANIZATION}, key, value FROM _mirror"
    ).fetchall():
        about.setdefault(organization, {})[key] = value
    macros = _macros(about, today)
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
    known: dict[str, Callable[..., str]] = {
        **macros,
        "ref": lambda view: view,
        "source": lambda _schema, table: _relation(table, tables.get(table)),
    }
    return _CALL.sub(lambda call: known[call[1]](*_arguments(call[2])), template(name))


def _arguments(text: str) -> list[str]:
    return re.findall(r"'([^']*)'", text)


def _macros(about: Mapping[int, Mapping[str, str]], today: datetime | None) -> dict[str, Callable[..., str]]:
    """Return the macros of ``docs/dbt/macros`` for DuckDB, with the copy's time zones and fiscal years."""
    zones = {organization: _text(notes.get("timezone", "UTC")) for organization, notes in about.items()}
    starts = {organization: notes.get("fiscal_year_start") or "1" for organization, notes in about.items()}

    def local(instant: str) -> str:
        if instant == "CURRENT_TIMESTAMP" and today is not None:
            instant = f"TIMESTAMPTZ {_text(today.isoformat())}"
        return f"({instant} AT TIME ZONE {_of_each(zones, ORGANIZATION, _text('UTC'))})"

    def fiscal_year(day: str) -> str:
        organization = day[: day.find(".") + 1] + "organization_id"
        start = _of_each(starts, organization, "1")
        later = f"CASE WHEN {start} > 1 AND EXTRACT(MONTH FROM {day}) >= {start} THEN 1 ELSE 0 END"
        return f"CAST(EXTRACT(YEAR FROM {day}) + {later} AS INTEGER)"

    return {
        "local": local,
        "fiscal_year": fiscal_year,
        # Half a cent is rounded as pandas does it, so that the sums are those of cn.analysis.
        "round_cents": lambda amount: f"ROUND_EVEN(100 * {amount}, 0) / 100",
        "json_items": lambda column: f"JSON_EACH({column})",
    }


def _of_each(values: Mapping[int, str], column: str, otherwise: str) -> str:
    """Return SQL for the value of a row's organization; a constant where all have the same."""
    if len(set(values.values())) <= 1:
        return next(iter(values.values()), otherwise)
    cases = " ".join(f"WHEN {organization} THEN {value}" for organization, value in values.items())
    return f"CASE {column} {cases} ELSE {otherwise} END"


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


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
    catalog = load()
    listed = with_decimals(catalog.columns(catalog.resources[table].lists[0]))
    names = flat_names(column.name for column in listed)
    kinds = {name: column.kind for name, column in zip(names, listed, strict=True)}
    return [(name, sql_type(kind)) for name, kind in {**kinds, **HOUSE_COLUMNS}.items()]
