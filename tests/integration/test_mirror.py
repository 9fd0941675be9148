"""Mirrors of a small organization: loaded, refreshed, tampered with and proven."""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
import subprocess
import time
from contextlib import closing
from typing import TYPE_CHECKING

import duckdb
import pyarrow.compute as pc
import pytest
from support.ctrl_c import CtrlC
from support.mirrors import GIFTS, assert_equal, live, rows, write

import classy_nb as cn
from classy_nb.mirror import DEFAULT, mirrored_lists
from classy_nb.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import pandas as pd

SIZE = 900


@pytest.fixture
def changing() -> Iterator[Sandbox]:
    with Sandbox(transactions=SIZE, requests_per_minute=0, organizations=2) as started:
        yield started


@pytest.fixture
def asking(changing: Sandbox, connecting: Callable[..., cn.Classy]) -> Iterator[cn.Classy]:
    with connecting(changing, organization=changing.organization_id) as classy:
        yield classy


@pytest.fixture
def gifts(asking: cn.Classy, tmp_path: Path) -> cn.Mirror:
    """A mirror of gifts and their items, loaded."""
    mirror = asking.mirror(tmp_path / "gifts.duckdb", resources=GIFTS)
    mirror.refresh()
    return mirror


def row(report: pd.DataFrame, name: str) -> pd.Series:
    return report.set_index("list").loc[name]


def test_a_mirror_of_everything_follows_what_changes(
    changing: Sandbox, asking: cn.Classy, tmp_path: Path
) -> None:
    mirror = asking.mirror(tmp_path / "all.duckdb")
    first = mirror.refresh()
    assert set(first["list"]) == set(DEFAULT)
    assert first["equal"].all()
    assert (first["rows_here"] == first["count_at_api"]).all()
    assert (first["inserted"] == first["rows_here"]).all()
    assert_equal(mirror, asking)

    changing.reset_log()
    quiet = mirror.refresh()
    assert quiet["equal"].all()
    assert quiet["requests"].sum() == len(changing.requests)
    assert quiet["requests"].max() <= 3
    assert not quiet[["inserted", "changed", "vanished"]].to_numpy().any()

    changing.delete_transactions(20)
    changing.insert_transactions(60)
    changing.refund_transactions(60)
    changing.change_records("supporters", 5)
    pages = changing.change_records("fundraising_pages", 5)
    changing.reset_log()
    report = mirror.refresh()
    assert report["equal"].all()
    assert_equal(mirror, asking)
    assert row(report, "fundraising_pages")["changed"] == len(pages)
    assert row(report, "supporters")["changed"] == 5
    assert row(report, "transactions")["vanished"] == 20
    for _, line in report.iterrows():
        moved = line["inserted"] + line["changed"]
        assert line["requests"] <= 3 + -(-moved // 100) + 12 * line["vanished"], line["list"]


def test_the_file_has_the_types_of_the_catalog_and_is_private(gifts: cn.Mirror) -> None:
    with gifts.connect() as duck:
        types = dict(duck.sql("SELECT column_name, column_type FROM (DESCRIBE transactions)").fetchall())
        schemas = duck.sql("SELECT DISTINCT table_schema FROM information_schema.tables").fetchall()
    (one,) = mirrored_lists(["transactions"])
    assert list(types) == list(one.kinds)
    assert types["id"] == "BIGINT"
    assert types["total_gross_amount"] == "DECIMAL(18,2)"
    assert types["purchased_at"] == "TIMESTAMP WITH TIME ZONE"
    assert types["context_vendor_batch_date"] == "DATE"
    assert types["is_anonymous"] == "BOOLEAN"
    assert types["metadata"] == "VARCHAR"
    assert schemas == [("main",)]
    folder = gifts.path.with_name(f".{gifts.path.name}.mirror")
    assert stat.S_IMODE(gifts.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert sorted(entry.name for entry in folder.iterdir()) == [".gitignore", "lock"]


def test_it_opens_without_credentials(gifts: cn.Mirror, asking: cn.Classy) -> None:
    copy = cn.open_mirror(gifts.path)
    assert copy.organization == asking.organization
    assert copy.timezone == asking.timezone
    assert copy.about["resources"] == "transactions,transaction_items"
    with pytest.raises(cn.UsageError, match="without a connection"):
        copy.refresh()


def test_what_came_and_went_has_versions(changing: Sandbox, gifts: cn.Mirror) -> None:
    refunded = set(changing.refund_transactions(3))
    deleted = set(changing.delete_transactions(2))
    gifts.refresh()
    gifts.refresh()
    with gifts.connect() as duck:
        query = (
            "SELECT id, count(*), max(_deleted_at) = max(_synced_at) FROM transactions_versions GROUP BY id"
        )
        versions = {id_: (count, gone) for id_, count, gone in duck.sql(query).fetchall()}
        gone = {
            i for (i,) in duck.sql("SELECT id FROM transactions WHERE _deleted_at IS NOT NULL").fetchall()
        }
        refreshes = duck.sql("SELECT count(*) FROM _refreshes").fetchall()
        odd = duck.sql(
            "SELECT count(*) FROM transactions_versions"
            " WHERE _synced_at NOT IN (SELECT _synced_at FROM _refreshes)"
        ).fetchall()
    assert len(versions) == SIZE
    assert {id_ for id_, (count, _) in versions.items() if count == 2} == refunded | deleted
    assert gone == deleted
    assert all(versions[id_] == (2, True) for id_ in deleted)
    assert refreshes == [(3,)]
    assert odd == [(0,)]


def test_without_history_there_are_no_versions(asking: cn.Classy, tmp_path: Path) -> None:
    mirror = asking.mirror(tmp_path / "m.duckdb", resources="designations", history=False)
    mirror.refresh()
    with mirror.connect() as duck:
        tables = {name for (name,) in duck.sql("SELECT table_name FROM information_schema.tables").fetchall()}
    assert "designations" in tables
    assert "designations_versions" not in tables


def test_a_file_changed_by_hand_is_found_and_repaired(gifts: cn.Mirror, asking: cn.Classy) -> None:
    with gifts.connect() as duck:
        ids = [id_ for (id_,) in duck.sql("SELECT id FROM transactions ORDER BY id").fetchall()]
    write(gifts, f"DELETE FROM transactions WHERE id IN ({ids[3]}, {ids[-1]}, {ids[-2]})")
    write(gifts, f"UPDATE transactions SET total_gross_amount = total_gross_amount + 1 WHERE id = {ids[400]}")
    write(gifts, f"UPDATE transactions SET _row_hash = 'x' WHERE id = {ids[500]}")
    write(gifts, f"INSERT INTO transactions SELECT * FROM transactions WHERE id = {ids[600]}")
    write(
        gifts,
        f"INSERT INTO transactions SELECT * REPLACE (id + 1 AS id) FROM transactions WHERE id = {ids[700]}",
    )
    write(gifts, "DELETE FROM transaction_items WHERE id = (SELECT min(id) FROM transaction_items)")
    report = gifts.refresh()
    line = row(report, "transactions")
    assert line["equal"]
    assert line["inserted"] == 3
    assert line["changed"] == 3
    assert line["vanished"] == 1
    assert "4 rows without their hash were read again" in line["shown_by"]
    assert row(report, "transaction_items")["inserted"] == 1
    assert_equal(gifts, asking, GIFTS)


def test_a_cell_that_changed_without_a_date_is_found_by_reading_all(
    changing: Sandbox, gifts: cn.Mirror, asking: cn.Classy
) -> None:
    changing.change_records("transactions", 2, dated=False)
    with changing.store.writing() as database:
        item = "(SELECT id FROM base_transaction_items WHERE organization_id = ? LIMIT 1)"
        database.execute(
            f"UPDATE base_transaction_items SET product_name = 'Tea', quantity = 7 WHERE id = {item}",
            [changing.organization_id],
        )
    report = gifts.refresh()
    quick, items = row(report, "transactions"), row(report, "transaction_items")
    assert quick["equal"]
    assert quick["shown_by"].endswith("Not shown: a value changed without updated_at")
    assert items["shown_by"].endswith("Not shown: a value changed without its parent in transactions")
    assert report["differed"].isna().all()
    report = gifts.refresh(verify="full")
    full, items = row(report, "transactions"), row(report, "transaction_items")
    assert report["equal"].all()
    assert full["changed"] == 2
    assert full["differed"] == "comment (2)"
    assert full["shown_by"].startswith(f"all {SIZE} records read, every cell compared")
    assert items["changed"] == 1
    assert {"product_name (1)", "quantity (1)"} <= set(items["differed"].split(", "))
    assert items["shown_by"] == f"all {items['rows_here']:,} records read, every cell compared"
    assert_equal(gifts, asking, GIFTS)


def test_two_organizations_in_one_file_equal_two_files(
    changing: Sandbox, connecting: Callable[..., cn.Classy], tmp_path: Path
) -> None:
    names = [*GIFTS, "supporters", "designations"]
    connections = [connecting(changing, organization=id_) for id_ in changing.organization_ids]
    shared = [classy.mirror(tmp_path / "shared.duckdb", resources=names) for classy in connections]
    for mirror in shared:
        assert mirror.refresh()["equal"].all()
    changing.insert_transactions(7)
    changing.delete_transactions(2, changing.organization_ids[1])
    for mirror in shared:
        assert mirror.refresh()["equal"].all()
    for mirror, classy in zip(shared, connections, strict=True):
        assert_equal(mirror, classy, names)
    with pytest.raises(cn.UsageError, match="several organizations"):
        cn.open_mirror(shared[0].path)
    one = cn.open_mirror(shared[0].path, organization=changing.organization_ids[1])
    assert one.organization == changing.organization_ids[1]
    for classy in connections:
        classy.close()


def test_since_cuts_off_gifts_but_not_what_they_belong_to(
    changing: Sandbox, asking: cn.Classy, tmp_path: Path
) -> None:
    mirror = asking.mirror(tmp_path / "m.duckdb", resources=[*GIFTS, "campaigns"], since=2025)
    report = mirror.refresh()
    changing.insert_transactions(3)
    changing.delete_transactions(9)
    report = mirror.refresh()
    assert report["equal"].all()
    with mirror.connect() as duck:
        fresh = live(asking, "transactions", since=2025)
        here = rows(duck, "transactions", asking.organization)
        assert here.equals(fresh.cast(here.schema))
        items = live(asking, "transaction_items")
        wanted = items.filter(pc.is_in(items["transaction_id"], fresh["id"].combine_chunks()))
        here = rows(duck, "transaction_items", asking.organization)
        assert here.equals(wanted.cast(here.schema))
        assert len(rows(duck, "campaigns", asking.organization)) == asking.campaigns.count()
    assert "cannot count them by date" in row(report, "transaction_items")["shown_by"]
    with pytest.raises(cn.MirrorError, match="not since 2024"):
        asking.mirror(mirror.path, since=2024).refresh()


def test_columns_that_the_catalog_does_not_know_are_kept_as_json(
    changing: Sandbox, asking: cn.Classy, tmp_path: Path
) -> None:
    changing.faults.extra_keys = {"shoe_size": 43, "colors": ["red"]}
    mirror = asking.mirror(tmp_path / "m.duckdb", resources=["designations"])
    assert mirror.refresh()["equal"].all()
    with mirror.connect() as duck:
        unknown = duck.sql("SELECT DISTINCT _unknown FROM designations").fetchall()
    assert unknown == [('{"shoe_size": 43, "colors": ["red"]}',)]
    assert not mirror.refresh()["changed"].any()


def test_a_column_that_is_new_in_the_catalog_is_added_and_filled(asking: cn.Classy, tmp_path: Path) -> None:
    mirror = asking.mirror(tmp_path / "m.duckdb", resources=["designations"])
    mirror.refresh()
    write(mirror, "ALTER TABLE designations DROP COLUMN name")
    report = mirror.refresh()
    assert report["equal"].all()
    assert_equal(mirror, asking, ["designations"])
    write(mirror, "ALTER TABLE designations ALTER COLUMN name TYPE BLOB")
    with pytest.raises(cn.MirrorError, match=r"'name' of 'designations' holds BLOB"):
        mirror.refresh()


def test_personal_columns_are_left_out_or_hashed(
    asking: cn.Classy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from classy_nb.mirror import sync

    monkeypatch.setenv("CLASSY_HASH_KEY", "sixteen letters at least")
    path = tmp_path / "m.duckdb"
    report = sync(asking, path, resources="supporters", exclude="personal", hash="email_address")
    assert report["equal"].all()
    assert not sync(asking, path, exclude="personal", hash="email_address")["changed"].any()
    with cn.open_mirror(path).connect() as duck:
        columns = {name for (name,) in duck.sql("SELECT column_name FROM (DESCRIBE supporters)").fetchall()}
        lengths = duck.sql("SELECT DISTINCT length(email_address) FROM supporters").fetchall()
    assert "last_name" not in columns
    assert "city" not in columns
    assert lengths == [(64,)]
    with pytest.raises(cn.UsageError, match="No list has a column 'shoe_size'"):
        sync(asking, path, exclude="shoe_size")


def test_totals_that_count_more_than_the_api_shows_are_named(
    changing: Sandbox, asking: cn.Classy, tmp_path: Path
) -> None:
    mirror = asking.mirror(tmp_path / "m.duckdb", resources=["transactions"])
    mirror.refresh()
    changing.faults.total_off_by = 3
    line = row(mirror.refresh(), "transactions")
    assert not line["equal"]
    assert "that it does not show" in line["shown_by"]
    doubting = asking.mirror(mirror.path, trust_totals=False)
    quick = row(doubting.refresh(), "transactions")
    assert not quick["equal"]
    assert quick["shown_by"].startswith("not shown, as totals are not trusted")
    assert row(doubting.refresh(verify="full"), "transactions")["equal"]


def test_one_refresh_at_a_time(gifts: cn.Mirror) -> None:
    from filelock import FileLock

    lock = FileLock(gifts.path.with_name(f".{gifts.path.name}.mirror") / "lock")
    with lock, pytest.raises(cn.MirrorError, match="Another refresh"):
        gifts.refresh()
    assert gifts.refresh()["equal"].all()


def test_a_reader_keeps_what_it_opened_while_a_refresh_ends(changing: Sandbox, gifts: cn.Mirror) -> None:
    with gifts.connect() as duck:
        changing.insert_transactions(4)
        gifts.refresh()
        assert duck.sql("SELECT count(*) FROM transactions").fetchall() == [(SIZE,)]


def test_a_failed_refresh_leaves_the_file_as_it_was(
    changing: Sandbox, gifts: cn.Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> int:
        raise cn.ServerError("The API broke down.", status=500)

    before = gifts.path.read_bytes()
    changing.insert_transactions(4)
    with monkeypatch.context() as patch:
        patch.setattr("classy_nb.mirror.source.Reader.count", fail)
        with pytest.raises(cn.ServerError):
            gifts.refresh()
    assert gifts.path.read_bytes() == before
    assert sorted(e.name for e in gifts.path.with_name(f".{gifts.path.name}.mirror").iterdir()) == [
        ".gitignore",
        "lock",
    ]


def test_a_file_that_git_would_see_is_refused(asking: cn.Classy, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    mirror = asking.mirror(tmp_path / "m.duckdb", resources="designations")
    with pytest.raises(cn.MirrorError, match="git does not ignore"):
        mirror.refresh()
    assert not mirror.path.exists()
    (tmp_path / ".gitignore").write_text("m.duckdb\n")
    mirror.refresh()
    status = subprocess.run(["git", "-C", tmp_path, "status", "--short"], check=True, capture_output=True)
    assert status.stdout == b"?? .gitignore\n"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"resources": "gifts"}, "There is no resource 'gifts'"),
        ({"resources": "payouts"}, "'payouts' cannot be mirrored"),
        ({"resources": []}, "names no list"),
        ({"since": "yesteryear"}, "since"),
    ],
)
def test_bad_input_is_refused_before_anything_is_sent(
    changing: Sandbox, asking: cn.Classy, tmp_path: Path, options: dict[str, object], message: str
) -> None:
    changing.reset_log()
    with pytest.raises(cn.UsageError, match=message):
        asking.mirror(tmp_path / "m.duckdb", **options)
    assert not changing.requests


def test_what_is_not_a_mirror_is_refused(tmp_path: Path, gifts: cn.Mirror) -> None:
    with pytest.raises(cn.MirrorError, match="does not exist"):
        cn.open_mirror(tmp_path / "none.duckdb")
    duckdb.connect(str(tmp_path / "other.duckdb")).close()
    with pytest.raises(cn.MirrorError, match="not a mirror"):
        cn.open_mirror(tmp_path / "other.duckdb")
    with pytest.raises(cn.UsageError, match="verify="):
        gifts.refresh(verify="all")
    with pytest.raises(cn.UsageError, match="does not hold organization 7"):
        cn.open_mirror(gifts.path, organization=7)


def sqlite_file(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE gifts (id)")


def other_duckdb_file(path: Path) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.sql("CREATE TABLE transactions AS SELECT 1 AS id")


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (other_duckdb_file, "is a DuckDB file, but not a mirror"),
        (sqlite_file, "is not a DuckDB file"),  # DuckDB would download what reads it
        (lambda path: path.write_text("a plan for the gala\n" * 9), "is not a DuckDB file"),
        (lambda path: path.write_bytes(bytes(range(256)) * 99), "is not a DuckDB file"),
        (lambda path: path.touch(), "is empty"),
        (os.mkfifo, "is not a file"),
    ],
)
def test_a_file_that_is_not_a_mirror_stays_as_it_is(
    asking: cn.Classy, tmp_path: Path, make: Callable[[Path], object], says: str
) -> None:
    path = tmp_path / "mine.duckdb"
    make(path)
    before = path.read_bytes() if path.is_file() else None
    mirror = asking.mirror(path, resources="designations")
    for call in (mirror.refresh, lambda: mirror.forget(1), lambda: cn.open_mirror(path)):
        with pytest.raises(cn.MirrorError, match=says):
            call()
    assert before == (path.read_bytes() if path.is_file() else None)


@pytest.mark.parametrize("harm", ["cut", "flipped"])
def test_a_damaged_file_is_named(asking: cn.Classy, gifts: cn.Mirror, harm: str) -> None:
    content = bytearray(gifts.path.read_bytes())
    if harm == "cut":
        del content[len(content) // 2 :]
    else:
        for place in range(12_288 + 100, len(content) - 40, 4_096):  # behind the headers
            content[place : place + 32] = bytes(byte ^ 0xFF for byte in content[place : place + 32])
    gifts.path.write_bytes(content)
    copy = asking.mirror(gifts.path)
    for call in (copy.refresh, copy.transactions, lambda: cn.open_mirror(gifts.path)):
        with pytest.raises(cn.MirrorError, match="is damaged") as caught:
            call()
        assert "delete it, and refresh again" in str(caught.value)
    assert gifts.path.read_bytes() == content


def test_ctrl_c_ends_a_refresh_soon_and_leaves_the_file(
    changing: Sandbox, asking: cn.Classy, gifts: cn.Mirror
) -> None:
    before = gifts.path.read_bytes()
    changing.reset_log()
    changing.faults.latency_ms = 1500
    with (
        CtrlC(lambda: len(changing.requests) > 2) as pressed,
        pytest.raises(cn.InterruptedFetchError) as caught,
    ):
        asking.mirror(gifts.path, resources="supporters").refresh(verify="full")
    assert time.monotonic() - pressed.at < 2
    assert isinstance(caught.value, cn.InterruptedFetchError)
    assert "is as it was" in str(caught.value)
    assert gifts.path.read_bytes() == before


def test_ctrl_c_in_a_first_load_says_that_it_goes_on(
    changing: Sandbox, asking: cn.Classy, tmp_path: Path
) -> None:
    changing.faults.latency_ms = 500
    mirror = asking.mirror(tmp_path / "m.duckdb", resources=GIFTS)
    changing.reset_log()
    with CtrlC(lambda: len(changing.requests) > 4), pytest.raises(cn.InterruptedFetchError) as caught:
        mirror.refresh()
    assert "the next refresh goes on" in str(caught.value)
    changing.faults.latency_ms = 0
    assert mirror.refresh()["equal"].all()


def test_a_full_disk_leaves_no_copy(
    asking: cn.Classy, gifts: cn.Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    def copyfile(_: object, target: Path) -> None:
        target.write_bytes(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("shutil.copyfile", copyfile)
    for call in (gifts.refresh, lambda: gifts.forget(1)):
        with pytest.raises(cn.MirrorError, match="No space left on device") as caught:
            call()
        assert "A refresh needs room for a second copy" in str(caught.value)
        folder = gifts.path.with_name(f".{gifts.path.name}.mirror")
        assert sorted(entry.name for entry in folder.iterdir()) == [".gitignore", "lock"]
    monkeypatch.undo()
    assert gifts.refresh()["equal"].all()  # nobody holds the lock


def test_whether_there_is_a_history_is_remembered(
    changing: Sandbox, asking: cn.Classy, gifts: cn.Mirror
) -> None:
    with pytest.warns(cn.DataWarning, match="no longer keeps its history"):
        asking.mirror(gifts.path, history=False).refresh()
    changing.refund_transactions(2)
    asking.mirror(gifts.path).refresh()
    assert gifts.about["history"] == "false"
    assert gifts.sql("SELECT count(*) AS n FROM transactions_versions")["n"].tolist() == [SIZE]
    asking.mirror(gifts.path, history=True).refresh()
    assert gifts.about["history"] == "true"
    assert gifts.as_of(gifts.refreshed_at).transactions.count() == SIZE


def test_a_notebook_may_have_the_file_open(gifts: cn.Mirror) -> None:
    with duckdb.connect(str(gifts.path)) as own:
        assert own.sql("SELECT count(*) FROM transactions").fetchall() == [(SIZE,)]
        assert gifts.refresh()["equal"].all()


def test_it_shows_where_it_is(gifts: cn.Mirror) -> None:
    assert repr(gifts) == f"<Mirror '{gifts.path}'>"
    then = gifts.as_of(gifts.refreshed_at)
    assert repr(then) == f"<Mirror '{gifts.path}' as of {gifts.refreshed_at:%Y-%m-%d %H:%M} UTC>"
    with pytest.raises(AttributeError, match="no attribute 'sources'") as caught:
        gifts.sources  # noqa: B018 - to see what is suggested
    assert "'_" not in str(caught.value)
