"""What the tests of mirrors share: mirrors of small organizations, held against a fresh fetch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from classy_nb.mirror import DEFAULT, mirrored_lists
from classy_nb.mirror.tables import HOUSE_COLUMNS
from classy_nb.sandbox import failures

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    import duckdb
    import pyarrow as pa
    import pytest

    import classy_nb as cn

GIFTS = ("transactions", "transaction_items")


def live(classy: cn.Classy, name: str, **keywords: Any) -> pa.Table:
    """Fetch a list as the tables hold it."""
    table = getattr(classy, name).to_arrow(decimal=True, flat=True, **keywords)
    return table.sort_by("id").replace_schema_metadata(None)


def rows(duck: duckdb.DuckDBPyConnection, name: str, organization: int, where: str = "true") -> pa.Table:
    """Read the rows of a list that are not gone, with the catalog's columns."""
    (one,) = mirrored_lists([name])
    columns = ", ".join(f'"{column.name}"' for column in one.columns)
    return duck.sql(
        f"SELECT {columns} FROM {name} WHERE _organization_id = {organization} "
        f"AND _deleted_at IS NULL AND {where} ORDER BY id"
    ).to_arrow_table()


def assert_equal(mirror: cn.Mirror, classy: cn.Classy, names: Iterable[str] = DEFAULT) -> None:
    """Every cell in the file equals that of a fresh fetch; nothing is there twice."""
    with mirror.connect() as duck:
        for name in names:
            fresh = live(classy, name)
            here = rows(duck, name, classy.organization)
            assert here.num_rows == fresh.num_rows, name
            assert here.equals(fresh.cast(here.schema)), name
        if mirror.about["history"] == "true":
            assert_history_is_whole(lambda sql: duck.sql(sql).fetchall(), names)


def assert_history_is_whole(
    fetch: Callable[[str], list[tuple[Any, ...]]], names: Iterable[str], schema: str = "main"
) -> None:
    """The latest version of each record is its row, and every version is of a refresh that was finished.

    *fetch* returns the rows of a query, in DuckDB or in PostgreSQL.
    """
    key = "_organization_id, id, _synced_at"
    for name in names:
        rows, versions, refreshes = (
            f"{schema}.{table}" for table in (name, f"{name}_versions", "_refreshes")
        )
        for table in (rows, versions):
            finished = f"(SELECT 1 FROM {refreshes} r WHERE r._organization_id = x._organization_id"
            finished += " AND r._synced_at = x._synced_at)"
            assert fetch(f"SELECT {key} FROM {table} x WHERE NOT EXISTS {finished}") == [], table
        described = "SELECT column_name FROM information_schema.columns"
        found = fetch(f"{described} WHERE table_schema = '{schema}' AND table_name = '{name}'")
        columns = ", ".join(f'"{column}"' for (column,) in found)
        assert len(found) > len(HOUSE_COLUMNS)
        newest = f"SELECT _organization_id, id, max(_synced_at) AS _synced_at FROM {versions} GROUP BY 1, 2"
        latest = f"{versions} v JOIN ({newest}) newest USING ({key})"
        for one, other in ((rows, latest), (latest, rows)):
            differing = f"SELECT {columns} FROM {one} EXCEPT ALL SELECT {columns} FROM {other}"
            assert fetch(f"SELECT {key} FROM ({differing}) x") == [], name


def send(monkeypatch: pytest.MonkeyPatch, values: Mapping[int, Mapping[str, Any]]) -> None:
    """Let sandboxes send other values for some records: by the record's id, and by name."""

    def change(row: dict[str, Any], *_: object) -> None:
        for record in (row, *(row.get("items") or ())):
            new = values.get(record["id"], {})
            record.update({name: value for name, value in new.items() if name in record})

    monkeypatch.setattr(failures, "_reshape_row", change)


def write(mirror: cn.Mirror, sql: str) -> None:
    """Change the file by hand."""
    import duckdb

    with duckdb.connect(str(mirror.path)) as connection:
        connection.execute(sql)
