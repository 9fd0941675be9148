"""Refreshes that are killed at any moment, and what they send to whom."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import dlt
import duckdb
import pytest
from support.mirrors import GIFTS, assert_equal, assert_history_is_whole, rows

import classy_nb as cn
from classy_nb.mirror import sync
from classy_nb.mirror.destination import DltDestination
from classy_nb.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

PROGRAM = Path(__file__).with_name("mirror_program.py")


def start(box: Sandbox, path: Path, **options: object) -> subprocess.Popen[str]:
    told = {
        "id": box.client_id,
        "secret": box.client_secret,
        "base_url": box.base_url,
        "token_url": box.token_url,
        "path": str(path),
        "resources": GIFTS,
        **options,
    }
    return subprocess.Popen(
        [sys.executable, str(PROGRAM), json.dumps(told)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "HOME": str(path.parent), "DLT_DATA_DIR": str(path.parent / "dlt-data")},
    )


def finish(process: subprocess.Popen[str]) -> list[str]:
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0
    return output.splitlines()


def test_kills_at_any_moment_cost_at_most_a_window(
    connecting: Callable[..., cn.Classy], tmp_path: Path
) -> None:
    moments = random.Random(7)
    path = tmp_path / "m.duckdb"
    with Sandbox(transactions=1_500, requests_per_minute=0, latency_ms=40) as box, connecting(box) as classy:
        for _ in range(4):
            process = start(box, path)
            assert process.stdout is not None
            assert process.stdout.readline() == "connected\n"
            time.sleep(moments.uniform(0.3, 4))
            process.kill()
            process.communicate()
            box.insert_transactions(3)
            box.delete_transactions(1)
        box.reset_log()
        told = finish(start(box, path))
        assert json.loads(told[1])["equal"]
        box.faults.latency_ms = 0
        mirror = classy.mirror(path, resources=GIFTS)
        for _ in range(2):
            box.insert_transactions(20)
            process = start(box, path)
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(moments.uniform(0.1, 2))
            process.kill()
            process.communicate()
        assert mirror.refresh()["equal"].all()
        assert_equal(mirror, classy, GIFTS)
        with mirror.connect() as duck:
            twice = duck.sql("SELECT count(*) - count(DISTINCT id) FROM transactions").fetchall()
        assert twice == [(0,)]


@pytest.mark.parametrize(
    "moments",
    [
        ("record",),
        ("keep_versions",),
        ("finish", "merge", "record"),
        # A finished first load that did not get into its place is refreshed once more, where it is.
        ("finish", "record"),
        ("finish", "keep_versions", "finish"),
    ],
)
def test_what_a_killed_refresh_wrote_belongs_to_the_next_one(
    connecting: Callable[..., cn.Classy], tmp_path: Path, moments: tuple[str, ...]
) -> None:
    path = tmp_path / "m.duckdb"
    with Sandbox(transactions=300, requests_per_minute=0) as box, connecting(box) as classy:
        for moment in moments:
            process = start(box, path, die_at=moment)
            process.communicate(timeout=300)
            assert process.returncode == -signal.SIGKILL
            box.refund_transactions(3)
            box.insert_transactions(3)
            box.delete_transactions(2)
        mirror = classy.mirror(path, resources=GIFTS)
        assert mirror.refresh()["equal"].all()
        assert_equal(mirror, classy, GIFTS)
        box.refund_transactions(3)
        box.delete_transactions(2)
        assert mirror.refresh()["equal"].all()
        assert_equal(mirror, classy, GIFTS)


@pytest.mark.parametrize("method", ["merge", "keep_versions", "record"])
def test_what_a_failed_sync_wrote_belongs_to_the_next_one(
    connecting: Callable[..., cn.Classy], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    path = tmp_path / "warehouse.db"

    def stop(*_: object) -> None:
        raise RuntimeError("stopped here")

    with Sandbox(transactions=300, requests_per_minute=0) as box, connecting(box) as classy:

        def again() -> pd.DataFrame:
            return sync(classy, dlt.destinations.duckdb(str(path)), dataset="giving", resources=GIFTS)

        if method == "merge":  # which a first load does without
            again()
        for _ in range(2):  # during the first load, and later
            box.refund_transactions(1)
            with monkeypatch.context() as patch:
                patch.setattr(DltDestination, method, stop)
                with pytest.raises(RuntimeError, match="stopped here"):
                    again()
            box.refund_transactions(4)
            box.insert_transactions(3)
            box.delete_transactions(2)
            assert again()["equal"].all()
            with duckdb.connect(str(path), read_only=True) as connection:
                assert_history_is_whole(lambda sql: connection.sql(sql).fetchall(), GIFTS, "giving")
                connection.execute("USE giving")
                held = rows(connection, "transactions", classy.organization)
            assert held["id"].to_pylist() == sorted(classy.transactions(fields="id")["id"])


def test_a_first_load_goes_on_behind_its_last_window(tmp_path: Path) -> None:
    path = tmp_path / "m.duckdb"
    with Sandbox(transactions=1_500, requests_per_minute=0) as box:
        process = start(box, path, windows=2)
        process.communicate(timeout=300)
        draft = path.with_name(f".{path.name}.mirror") / "draft.duckdb"
        assert not path.exists()
        with duckdb.connect(str(draft)) as connection:
            last = connection.sql("SELECT last_id FROM _cursors WHERE resource = 'transactions'").fetchall()
        box.reset_log()
        finish(start(box, path))
        asked = [re.search(r"id%3E(\d+)", r.query) for r in box.requests if r.path.endswith("/transactions")]
        assert min(int(found[1]) for found in asked if found) >= last[0][0]
        assert cn.open_mirror(path).about["resources"] == ",".join(GIFTS)


def test_nothing_is_sent_anywhere_but_to_the_api(tmp_path: Path) -> None:
    with Sandbox(transactions=400, requests_per_minute=0) as box:
        told = finish(start(box, tmp_path / "m.duckdb", watch=True, resources=["transactions"]))
        port = box.base_url.rpartition(":")[2].partition("/")[0]
        contacted = json.loads(told[-1])
    assert contacted
    assert all(port in address and "127.0.0.1" in address for address in contacted)
