"""Lists in a database that dlt writes to, and as a source of dlt's."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import dlt
import duckdb
import pytest
from support.mirrors import GIFTS, live, send

import classy_nb as cn
from classy_nb.mirror import sync
from classy_nb.mirror.destination import DltDestination
from classy_nb.mirror.tables import MirroredList, mirrored_lists
from classy_nb.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

NAMES = [*GIFTS, "designations"]


@pytest.fixture
def changing() -> Iterator[Sandbox]:
    with Sandbox(transactions=700, requests_per_minute=0, organizations=2) as started:
        yield started


@pytest.fixture
def both(changing: Sandbox, connecting: Callable[..., cn.Classy]) -> Iterator[list[cn.Classy]]:
    made = [connecting(changing, organization=id_) for id_ in changing.organization_ids]
    yield made
    for classy in made:
        classy.close()


def read(path: Path, sql: str) -> Any:
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.sql(sql).to_arrow_table()


def assert_holds(path: Path, dataset: str, classy: cn.Classy, names: list[str]) -> None:
    for name in names:
        fresh = live(classy, name)
        columns = ", ".join(f'"{column}"' for column in fresh.column_names)
        gone = "AND _deleted_at IS NULL"
        here = read(
            path,
            f"SELECT {columns} FROM {dataset}.{name}"
            f" WHERE _organization_id = {classy.organization} {gone} ORDER BY id",
        )
        assert here.equals(fresh.cast(here.schema)), name


def test_two_organizations_share_a_dataset_and_lose_nothing(
    changing: Sandbox, both: list[cn.Classy], tmp_path: Path
) -> None:
    path = tmp_path / "warehouse.db"

    def again(connections: list[cn.Classy] = both) -> Any:
        return sync(connections, dlt.destinations.duckdb(str(path)), dataset="giving", resources=NAMES)

    first = again()
    assert first["equal"].all()
    assert list(first["organization"].unique()) == list(changing.organization_ids)
    changing.insert_transactions(5)
    changing.delete_transactions(2)
    changing.refund_transactions(3, changing.organization_ids[1])
    second = again()
    assert second["equal"].all()
    assert second["vanished"].sum() >= 2
    for classy in both:
        assert_holds(path, "giving", classy, NAMES)
    versions = read(
        path, "SELECT count(*) AS n FROM giving.transactions_versions WHERE _deleted_at IS NOT NULL"
    )
    assert versions["n"].to_pylist() == [2]
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "UPDATE giving.transactions SET status = 'x' WHERE id = (SELECT max(id) FROM giving.transactions)"
        )
    assert again(both[:1])["equal"].all()
    assert_holds(path, "giving", both[0], NAMES)


def pipeline_into(path: Path) -> dlt.Pipeline:
    """Return a pipeline as users write one, into a DuckDB file."""
    return dlt.pipeline(
        "giving",
        pipelines_dir=str(path.parent / "dlt"),
        destination=dlt.destinations.duckdb(str(path)),
        dataset_name="giving",
    )


def test_a_source_loads_all_and_then_what_changed(
    changing: Sandbox, both: list[cn.Classy], tmp_path: Path
) -> None:
    path = tmp_path / "own.db"
    pipeline = pipeline_into(path)
    for classy in both:
        pipeline.run(cn.dlt_source(classy, resources=NAMES))
    changing.insert_transactions(4)
    changing.refund_transactions(2, changing.organization_ids[1])
    changing.reset_log()
    for classy in both:
        pipeline.run(cn.dlt_source(classy, resources=NAMES))
    assert len(changing.requests) < 20
    with duckdb.connect(str(path)) as connection:
        types = dict(
            connection.sql("SELECT column_name, column_type FROM (DESCRIBE giving.transactions)").fetchall()
        )
    assert types["total_gross_amount"] == "DECIMAL(18,2)"
    assert types["context_vendor_batch_date"] == "DATE"
    assert types["_deleted_at"] == "TIMESTAMP WITH TIME ZONE"
    for classy in both:
        assert_holds(path, "giving", classy, NAMES)


def test_two_syncs_into_one_database_do_not_run_at_the_same_time(
    both: list[cn.Classy], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path / "dlt"))
    path = tmp_path / "warehouse.db"

    def destination() -> DltDestination:
        return DltDestination(dlt.destinations.duckdb(str(path)), "giving", both[0].organization)

    first = destination()
    for classy in both:
        with pytest.raises(cn.MirrorError, match=f"Another refresh of organization {classy.organization}"):
            sync(classy, dlt.destinations.duckdb(str(path)), dataset="giving", resources="designations")
    first.close()
    destination().close()


def test_threads_that_look_into_a_dataset_do_not_disturb_one_another(
    both: list[cn.Classy], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path / "dlt"))
    path, organization = tmp_path / "warehouse.db", both[0].organization
    sync(both[0], dlt.destinations.duckdb(str(path)), dataset="giving", resources=NAMES)
    lists = mirrored_lists(NAMES)
    destination = DltDestination(dlt.destinations.duckdb(str(path)), "giving", organization)

    def look(one: MirroredList) -> tuple[int, set[str]]:
        return len(destination.hashes(one, organization, [])), set(destination.columns()[one.name])

    expected = {one.name: look(one) for one in lists}
    assert expected["transactions"][0] >= 350
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            for one, seen in zip(lists * 10, pool.map(look, lists * 10), strict=True):
                assert seen == expected[one.name]
    finally:
        sys.setswitchinterval(interval)
    destination.close()


def test_a_source_leaves_out_and_hashes_columns(
    both: list[cn.Classy], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(cn.UsageError, match="CLASSY_HASH_KEY"):
        cn.dlt_source(both[0], resources="supporters", hash="email_address")
    monkeypatch.setenv("CLASSY_HASH_KEY", "sixteen letters at least")
    ids = both[0].supporters(fields="id")["id"]
    send(monkeypatch, {ids[0]: {"member_id": ["none"]}})
    path = tmp_path / "own.db"
    pipeline = pipeline_into(path)
    options = {"exclude": "personal", "hash": "email_address"}
    pipeline.run(cn.dlt_source(both[0], resources="supporters", **options))
    held = read(path, "SELECT * FROM giving.supporters ORDER BY id")
    assert "last_name" not in held.column_names
    assert {len(text) for text in held["email_address"].to_pylist() if text} == {64}
    assert held["member_id__v_text"].to_pylist()[:2] == ["********", None]


def test_unknown_destinations_are_refused_before_anything_is_sent(
    changing: Sandbox, both: list[cn.Classy]
) -> None:
    changing.reset_log()
    with pytest.raises(cn.UsageError, match="dlt has no destination 'oracle9'"):
        sync(both, "oracle9")
    assert not changing.requests
