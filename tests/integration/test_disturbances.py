"""Lists while everything goes wrong: whole, or an error; never a shorter frame."""

from __future__ import annotations

import errno
import itertools
import os
import threading
import time
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from support.ctrl_c import CtrlC

import classy_nb as cn
from classy_nb.http import RetryPolicy
from classy_nb.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def quick(box: Sandbox, connecting: Callable[..., cn.Classy]) -> Iterator[cn.Classy]:
    """A connection that repeats without long waits."""
    with connecting(box) as classy:
        hasten(classy)
        box.reset_log()
        yield classy


def hasten(classy: cn.Classy) -> None:
    classy._session.http.retry = RetryPolicy(base=0)


def when(happened: Callable[[], bool], act: Callable[[], object]) -> threading.Thread:
    """Do something as soon as something else has happened."""

    def watch() -> None:
        end = time.monotonic() + 20
        while not happened() and time.monotonic() < end:
            time.sleep(0.01)
        act()

    thread = threading.Thread(target=watch)
    thread.start()
    return thread


def in_an_answer(box: Sandbox, number: int) -> threading.Event:
    """Make the answers to the coming requests slow, from one of them on; say when that one is under way."""
    arrived = threading.Event()
    seen = itertools.count(1)

    def wait_ms(_path: str, _per_page: int, _others: int = 0) -> float:
        if next(seen) < number:
            return 0.0
        arrived.set()
        return 8_000.0

    box.faults.wait_ms = wait_ms  # type: ignore[method-assign]
    return arrived


def whole(frame: pd.DataFrame, box: Sandbox, kind: str = "transactions") -> bool:
    return list(frame["id"]) == sorted(record["id"] for record in box.truth(kind))


@pytest.mark.parametrize(
    "switches",
    [
        pytest.param({"key_filter": "ignore"}, id="key ignored"),
        pytest.param({"key_filter": "reject"}, id="key rejected"),
        pytest.param({"key_filter": "ignore", "page_beyond": "404"}, id="404 beyond the end"),
        pytest.param({"next_page_url": "other_host"}, id="foreign links"),
        pytest.param({"next_page_url": "missing"}, id="no links"),
        pytest.param({"rate_headers": False}, id="no rate headers"),
        pytest.param({"active_as_text": True}, id="active as text"),
        pytest.param({"queries_log": True}, id="queries_log"),
    ],
)
def test_trap_20_whole_whatever_the_server_ignores(
    box: Sandbox, quick: cn.Classy, switches: dict[str, Any]
) -> None:
    for name, value in switches.items():
        setattr(box.faults, name, value)
    assert whole(quick.transactions(fields="status"), box)
    assert whole(quick.activity(), box, "activity")


def test_trap_25_a_server_that_repeats_page_one_for_ever(box: Sandbox, quick: cn.Classy) -> None:
    box.faults.key_filter = "ignore"
    box.faults.ignore_page = True
    with pytest.raises(cn.IncompleteResultError) as caught:
        quick.transactions(fields="status")
    assert caught.value.expected == 600
    assert caught.value.received < 600
    assert len(box.requests) < 40


@pytest.mark.parametrize("off_by", [1, 40])
def test_trap_20_a_total_that_promises_too_much(box: Sandbox, quick: cn.Classy, off_by: int) -> None:
    box.faults.total_off_by = off_by
    with pytest.raises(cn.IncompleteResultError, match=f"600 of {600 + off_by}"):
        quick.transactions(fields="status")


def test_trap_25_an_empty_list_that_says_one(box: Sandbox, quick: cn.Classy) -> None:
    box.faults.empty_as_one = True
    where = "total_gross_amount > 99999999"
    with pytest.raises(cn.IncompleteResultError, match="0 of 1 records") as caught:
        quick.transactions(where=where)
    assert (caught.value.expected, caught.value.received) == (1, 0)


def test_rows_that_stand_twice_on_a_page_push_others_off(box: Sandbox, quick: cn.Classy) -> None:
    box.faults.duplicate_rows = 3
    box.faults.key_filter = "ignore"
    with pytest.raises(cn.IncompleteResultError):
        quick.transactions(fields="status")


@pytest.mark.parametrize("workers", [1, 8])
def test_trap_20_gifts_come_and_go_meanwhile(connecting: Callable[..., cn.Classy], workers: int) -> None:
    with Sandbox(transactions=900, requests_per_minute=0) as box, connecting(box, workers=workers) as classy:
        hasten(classy)
        before = {record["id"] for record in box.truth("transactions")}
        box.faults.insert_per_request = 2.5
        box.faults.delete_per_request = 1.5
        frame = classy.transactions(fields="status")
        box.faults.clear()
        after = {record["id"] for record in box.truth("transactions")}
    got = set(frame["id"])
    assert frame["id"].is_unique
    assert before & after <= got <= before | after
    assert before - after
    assert after - before


@pytest.mark.parametrize(
    "fault",
    [
        "500",
        "502",
        "503",
        "504",
        "reset",
        "reset_body",
        "short",
        "truncated",
        "truncated_gzip",
        "html",
        "empty_body",
    ],
)
def test_trap_26_hiccups_of_every_kind(box: Sandbox, quick: cn.Classy, fault: str) -> None:
    box.faults.then("ok", fault, "ok", fault)
    assert whole(quick.transactions(fields="status"), box)
    assert not box.faults.script, "all of it has happened"


def test_trap_26_a_bad_day(box: Sandbox, quick: cn.Classy) -> None:
    box.faults.rates = {"502": 0.05, "reset": 0.05, "truncated": 0.03, "reset_body": 0.03, "401": 0.05}
    for _ in range(3):
        assert whole(quick.transactions(fields="status"), box)


def test_trap_28_rows_with_other_keys(box: Sandbox, quick: cn.Classy) -> None:
    box.faults.missing_keys = ("status", "total_gross_amount")
    box.faults.extra_keys = {"brand_new": 7, "brand_newer": "x"}
    frame = quick.transactions()
    assert list(frame.columns[-2:]) == ["brand_new", "brand_newer"]
    assert frame["status"].isna().all()
    assert str(frame["total_gross_amount"].dtype) == "Float64"
    assert set(frame["brand_new"]) == {7}
    box.faults.clear()
    assert list(frame.columns[:-2]) == list(quick.transactions(limit=1).columns)


def test_trap_08_numbers_and_texts_change_places(box: Sandbox, quick: cn.Classy) -> None:
    expected = quick.transactions()
    box.faults.flip_types = True
    frame = quick.transactions()
    typed = [name for name, dtype in expected.dtypes.items() if str(dtype) not in ("string", "object")]
    assert len(typed) > 40
    pd.testing.assert_frame_equal(frame[typed], expected[typed])
    assert (frame["card_last_four"].dropna() == expected["card_last_four"].dropna()).all()


def test_null_where_never(box: Sandbox, quick: cn.Classy) -> None:
    box.faults.null_where_never = True
    frame = quick.transactions()
    assert len(frame) == 600
    assert 100 < frame["status"].isna().sum() < 200
    assert str(frame["is_anonymous"].dtype) == "boolean"


def test_trap_22_a_slow_list_is_asked_for_in_smaller_pieces(
    box: Sandbox, connecting: Callable[..., cn.Classy]
) -> None:
    with connecting(box, workers=2) as classy:
        classy._session.http.timeout = (2.0, 0.4)
        box.faults.slow = {"supporters": 6.0}
        frame = classy.supporters(fields="created_at")
    assert whole(frame, box, "supporters")
    assert {"per_page=100", "per_page=50"} <= {
        part for request in box.requests for part in request.query.split("&") if part.startswith("per_page")
    }


def test_a_server_too_slow_for_anything(box: Sandbox, connecting: Callable[..., cn.Classy]) -> None:
    with connecting(box, workers=1) as classy:
        classy._session.http.timeout = (2.0, 0.05)
        classy._session.http.retry = RetryPolicy(base=0)
        box.faults.latency_ms = 400
        with pytest.raises(cn.TimedOutError, match="did not answer in time") as caught:
            classy.campaigns.get(box.truth("campaigns")[0]["id"])
    assert "try again later" in str(caught.value)


def test_the_server_dies_in_the_middle(own_box: Sandbox, connecting: Callable[..., cn.Classy]) -> None:
    with connecting(own_box, workers=1) as classy:
        hasten(classy)
        own_box.faults.latency_ms = 200
        own_box.reset_log()
        end = when(lambda: len(own_box.requests) >= 1, own_box.stop)
        with pytest.raises(cn.ConnectionFailedError, match="could not be reached or hung up") as caught:
            classy.transactions(fields="status")
        end.join()
    assert "Check the network connection" in str(caught.value)
    assert str(own_box.organization_id) in str(caught.value.path)


def test_nobody_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    with Sandbox(transactions=60) as box:
        gone = box.base_url, box.token_url
    monkeypatch.setattr("classy_nb.http.client.RetryPolicy", lambda: RetryPolicy(base=0))
    with pytest.raises(cn.ConnectionFailedError) as caught:
        cn.connect("anId", "aSecret0123456789", base_url=gone[0], token_url=gone[1])
    assert "aSecret0123456789" not in str(caught.value)


@pytest.mark.parametrize("workers", [1, 8])
def test_ctrl_c_in_the_middle_of_a_fetch(
    own_box: Sandbox, connecting: Callable[..., cn.Classy], workers: int
) -> None:
    with connecting(own_box, workers=workers) as classy:
        arrived = in_an_answer(own_box, 1)
        with CtrlC(arrived.is_set) as pressed, pytest.raises(cn.InterruptedFetchError) as caught:
            classy.transactions(fields="status")
        assert time.monotonic() - pressed.at < 4
        assert isinstance(caught.value, KeyboardInterrupt)
        del own_box.faults.wait_ms
        assert len(classy.transactions(fields="status")) == 300, "the connection is good for more"


def test_ctrl_c_in_the_middle_of_a_file(
    own_box: Sandbox, connecting: Callable[..., cn.Classy], tmp_path: Path
) -> None:
    target = tmp_path / "gifts.csv"
    target.write_text("older")
    with connecting(own_box, workers=1) as classy:
        with CtrlC(in_an_answer(own_box, 2).is_set), pytest.raises(cn.InterruptedFetchError):
            classy.transactions.to_csv(target)
        assert target.read_text() == "older"
        del own_box.faults.wait_ms
        classy.transactions.to_csv(target)
        assert len(pd.read_csv(target, low_memory=False)) == 300
    assert [path.name for path in tmp_path.iterdir()] == ["gifts.csv"]


def test_the_disk_is_full(classy: cn.Classy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "gifts.csv"
    target.write_text("older")
    frame = classy.transactions(limit=50)

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    for write in (lambda: cn.to_csv(frame, target), lambda: classy.transactions.to_csv(target, limit=50)):
        with pytest.raises(cn.ExportError, match="the disk is full"):
            write()
        assert target.read_text() == "older"
        assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["gifts.csv"]


def test_no_such_folder(classy: cn.Classy, tmp_path: Path, box: Sandbox) -> None:
    with pytest.raises(cn.ExportError, match="the folder does not exist"):
        classy.campaigns.to_csv(tmp_path / "nowhere" / "campaigns.csv")
