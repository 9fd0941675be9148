"""Lists in PostgreSQL: the rows and types that DuckDB has, through changes, kills and syncs at the same time."""

from __future__ import annotations

import hmac
import random
import signal
import subprocess
import sys
import time
from contextlib import closing
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest
from integration.shell import environment
from support.mirrors import GIFTS, assert_equal, live

import classy_nb as cn
from classy_nb.mirror import DEFAULT, mirrored_lists, sync

if TYPE_CHECKING:
    from pathlib import Path

    from warehouse.conftest import Server

    from classy_nb.sandbox import Sandbox

TYPES = {
    "BIGINT": ("bigint", None, None),
    "DECIMAL(18,2)": ("numeric", 18, 2),
    "DOUBLE": ("double precision", None, None),
    "BOOLEAN": ("boolean", None, None),
    "TIMESTAMP WITH TIME ZONE": ("timestamp with time zone", None, None),
    "DATE": ("date", None, None),
    "VARCHAR": ("character varying", None, None),
}
"""PostgreSQL's types for DuckDB's, with precision and scale."""


def in_postgres(postgres: Server, dataset: str, name: str, organization: int) -> list[tuple[Any, ...]]:
    """Return an organization's rows of a list as they were given, and whether they are gone."""
    (one,) = mirrored_lists([name])
    kinds = [column for column in one.kinds if column not in ("_synced_at", "_deleted_at")]
    columns = ", ".join(f'"{column}"' for column in kinds)
    return postgres.rows(
        f"SELECT {columns}, _deleted_at IS NOT NULL FROM {dataset}.{name} "
        f"WHERE _organization_id = {organization} ORDER BY id"
    )


def in_duckdb(path: Path, name: str, organization: int) -> list[tuple[Any, ...]]:
    (one,) = mirrored_lists([name])
    kinds = [column for column in one.kinds if column not in ("_synced_at", "_deleted_at")]
    columns = ", ".join(f'"{column}"' for column in kinds)
    with cn.open_mirror(path, organization=organization).connect() as duck:
        return duck.sql(
            f"SELECT {columns}, _deleted_at IS NOT NULL FROM {name} "
            f"WHERE _organization_id = {organization} ORDER BY id"
        ).fetchall()


def types_of(postgres: Server, dataset: str, name: str) -> list[tuple[Any, ...]]:
    return postgres.rows(
        "SELECT column_name, data_type, CASE data_type WHEN 'numeric' THEN numeric_precision END, "
        "CASE data_type WHEN 'numeric' THEN numeric_scale END FROM information_schema.columns "
        f"WHERE table_schema = '{dataset}' AND table_name = '{name}' ORDER BY ordinal_position"
    )


def test_two_organizations_in_one_dataset_equal_two_files_of_their_own(
    postgres: Server,
    dataset: str,
    box: Sandbox,
    both: list[cn.Classy],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PGPASSWORD", postgres.password)
    address = postgres.address_without_password
    first = sync(both, address, dataset=dataset)
    assert first["equal"].all()
    assert first.groupby("organization")["list"].apply(set).tolist() == [set(DEFAULT)] * 2
    assert (first["inserted"] == first["rows_here"]).all()
    mirrors = [each.mirror(tmp_path / f"{each.organization}.duckdb") for each in both]

    def compare() -> None:
        for mirror, connection in zip(mirrors, both, strict=True):
            assert mirror.refresh()["equal"].all()
            assert_equal(mirror, connection)
            for name in DEFAULT:
                here = in_postgres(postgres, dataset, name, mirror.organization)
                assert len(here) > 0
                assert here == in_duckdb(mirror.path, name, mirror.organization), name

    compare()
    with mirrors[0].connect() as duck:
        for name in DEFAULT:
            described = duck.sql(f"SELECT column_name, column_type FROM (DESCRIBE {name})").fetchall()
            assert types_of(postgres, dataset, name) == [(c, *TYPES[t]) for c, t in described], name
            assert types_of(postgres, dataset, f"{name}_versions") == types_of(postgres, dataset, name)

    inserted = box.insert_transactions(60)
    refunded = set(box.refund_transactions(60))
    deleted = set(box.delete_transactions(20))
    box.insert_transactions(5, both[1].organization)
    box.change_records("supporters", 5)
    second = sync(both, address, dataset=dataset).set_index(["organization", "list"])
    assert second["equal"].all()
    gifts = second.loc[(both[0].organization, "transactions")]
    assert gifts[["inserted", "vanished"]].tolist() == [
        len(set(inserted) - deleted),
        len(deleted - set(inserted)),
    ]
    assert gifts["changed"] == len(refunded - deleted - set(inserted))
    assert second.loc[(both[0].organization, "supporters"), "changed"] == 5
    assert second.loc[(both[1].organization, "transactions"), "inserted"] == 5
    compare()
    gone = f"SELECT id FROM {dataset}.transactions WHERE _deleted_at IS NOT NULL"
    assert {id_ for (id_,) in postgres.rows(gone)} == deleted - set(inserted)
    versions = (
        f"SELECT count(*) FROM {dataset}.transactions_versions WHERE id IN ({', '.join(map(str, deleted))})"
    )
    assert postgres.rows(versions) == [(2 * len(deleted - set(inserted)),)]

    third = sync(both, address, dataset=dataset)
    assert third["equal"].all()
    assert not third[["inserted", "changed", "vanished"]].to_numpy().any()
    assert third["requests"].max() <= 3
    # What dlt merged from holds donors: it goes.
    schemas = "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'classy%staging%'"
    assert postgres.rows(schemas) == []
