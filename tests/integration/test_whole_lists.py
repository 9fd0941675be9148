"""Whole lists through the public interface: fast, complete, in order, and nobody left at work."""

from __future__ import annotations

import gc
from collections import Counter
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from support.threads import together, wait_for_none

import classy_nb as cn
from classy_nb.http import RetryPolicy
from classy_nb.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SIZE = 2_000


pytestmark = pytest.mark.usefixtures("nobody_is_left_at_work")


@pytest.fixture(scope="module")
def big_box() -> Iterator[Sandbox]:
    with Sandbox(transactions=SIZE, requests_per_minute=0) as started:
        yield started


@pytest.fixture
def big(big_box: Sandbox) -> Iterator[Sandbox]:
    big_box.faults.clear()
    big_box.reset_log()
    yield big_box
    big_box.faults.clear()


@pytest.fixture
def eight(big: Sandbox, connecting: Callable[..., cn.Classy]) -> Iterator[cn.Classy]:
    with connecting(big, workers=8) as classy:
        classy._session.http.retry = RetryPolicy(base=0)
        big.reset_log()
        yield classy


def ids_of(box: Sandbox) -> list[int]:
    return [record["id"] for record in box.truth("transactions")]


def without_meta(frame: pd.DataFrame) -> pd.DataFrame:
    frame.attrs.pop("classy")
    return frame


def test_trap_20_the_frame_does_not_depend_on_the_workers(
    big: Sandbox, connecting: Callable[..., cn.Classy]
) -> None:
    """Neither its rows, nor their order, nor its columns (also undeclared ones), nor its dtypes."""
    big.faults.extra_keys = {"brand_new": 7}
    frames = []
    for workers in (1, 2, 8, 32, None):
        with connecting(big, workers=workers) as classy:
            frames.append(without_meta(classy.transactions(include="supporter")))
    assert frames[0]["id"].tolist() == ids_of(big)
    assert frames[0].columns[-1] == "brand_new"
    for frame in frames[1:]:
        pd.testing.assert_frame_equal(frame, frames[0])


def test_batches_do_not_depend_on_the_workers(big: Sandbox, connecting: Callable[..., cn.Classy]) -> None:
    with connecting(big, workers=1) as classy:
        whole = without_meta(classy.transactions())
    for workers in (2, 8, None):
        with connecting(big, workers=workers) as classy:
            frames = list(classy.transactions.batches(rows=300))
        assert len(frames) > 3
        assert sum(map(len, frames)) == len(whole)
        start = 0
        for frame in frames:  # joined by older pandas, columns without values would get another NA
            part = whole.iloc[start : start + len(frame)].reset_index(drop=True)
            pd.testing.assert_frame_equal(without_meta(frame), part)
            start += len(frame)


def test_a_small_list_costs_one_request(big: Sandbox, eight: cn.Classy) -> None:
    campaign = Counter(record["campaign_id"] for record in big.truth("transactions")).most_common()[-1]
    frame = eight.transactions(campaign=campaign[0])
    assert len(frame) == campaign[1] < 100
    assert len(big.requests) == 1
    assert frame.attrs["classy"]["requests"] == 1


@pytest.mark.parametrize("workers", [2, 8, 32, None])
def test_a_big_list_costs_its_pages_and_little_more(
    big: Sandbox, connecting: Callable[..., cn.Classy], workers: int | None
) -> None:
    with connecting(big, workers=workers) as classy:
        big.reset_log()
        frame = classy.transactions(fields="status")
    assert len(frame) == SIZE
    pages = SIZE // 100
    assert pages <= len(big.requests) <= pages + 3 * min(workers or 32, pages) + 6
    assert frame.attrs["classy"]["requests"] == len(big.requests)


@pytest.mark.parametrize("limit", [1, 20, 100])
def test_the_largest_gifts_cost_one_request(big: Sandbox, eight: cn.Classy, limit: int) -> None:
    frame = eight.transactions(sort="total_gross_amount:desc", limit=limit)
    amounts = sorted((float(r["total_gross_amount"]) for r in big.truth("transactions")), reverse=True)
    assert frame["total_gross_amount"].tolist() == amounts[:limit]
    assert len(big.requests) == 1


@pytest.mark.parametrize("sort", ["total_gross_amount:desc", "purchased_at", None])
def test_the_first_250_cost_three_requests(big: Sandbox, eight: cn.Classy, sort: str | None) -> None:
    """By page number each page begins with the last record of the one before: none was lost in between."""
    frame = eight.transactions(limit=250, sort=sort)
    assert len(frame) == 250
    assert frame["id"].is_unique
    assert len(big.requests) == 3
    if sort is None:
        assert frame["id"].tolist() == ids_of(big)[:250]
    else:
        found = frame[sort.partition(":")[0]]
        assert found.is_monotonic_decreasing if sort.endswith("desc") else found.is_monotonic_increasing


def test_a_whole_list_in_another_order(big: Sandbox, eight: cn.Classy) -> None:
    frame = eight.transactions(sort="total_gross_amount:desc", fields="total_gross_amount")
    assert sorted(frame["id"]) == ids_of(big)
    assert frame["total_gross_amount"].is_monotonic_decreasing


@pytest.mark.parametrize("workers", [2, 8, None])
def test_trap_20_each_row_once_at_full_speed(
    connecting: Callable[..., cn.Classy], workers: int | None
) -> None:
    with (
        Sandbox(transactions=1_200, requests_per_minute=0) as box,
        connecting(box, workers=workers) as classy,
    ):
        before = set(ids_of(box))
        box.faults.insert_per_request, box.faults.delete_per_request = 2.0, 2.0
        frame = classy.transactions(fields="status")
        box.faults.clear()
        after = set(ids_of(box))
    assert frame["id"].is_unique
    assert before & after <= set(frame["id"]) <= before | after
    assert before - after
    assert after - before


def test_cuts_that_fail_cost_nothing_but_time(big: Sandbox, eight: cn.Classy) -> None:
    draw = big.faults.draw
    asked = iter(range(10_000))

    def every_third() -> str | None:
        return "500" if next(asked) % 3 == 1 else draw()

    big.faults.draw = every_third  # type: ignore[method-assign]
    try:
        frame = eight.transactions(fields="status")
    finally:
        del big.faults.draw
    assert frame["id"].tolist() == ids_of(big)


@pytest.mark.parametrize("how", ["ignore", "reject"])
def test_a_server_that_refuses_the_key(big: Sandbox, eight: cn.Classy, how: str) -> None:
    big.faults.key_filter = how  # type: ignore[assignment]
    frame = eight.transactions(fields="status")
    assert sorted(frame["id"]) == ids_of(big)
    assert len(big.requests) <= SIZE // 100 + 20


def test_trap_20_a_key_that_is_refused_in_the_middle_is_an_error(big: Sandbox, eight: cn.Classy) -> None:
    def progress(rows: int, total: int | None, note: str) -> None:
        if rows > 300:
            big.faults.key_filter = "reject"

    big.faults.latency_ms = 100  # the line is drawn a few times a second
    with pytest.raises(cn.BadRequestError) as caught:
        eight.transactions(fields="status", progress=progress)
    assert caught.value.path == f"/organizations/{big.organization_id}/transactions"


def test_batches_that_are_left_after_the_first(big: Sandbox, eight: cn.Classy) -> None:
    for how in ("closed", "dropped"):
        batches: Any = eight.transactions.batches(rows=100)
        first = next(batches)
        assert first["id"].tolist() == ids_of(big)[: len(first)]
        if how == "closed":
            batches.close()
        del batches
        gc.collect()
        wait_for_none(5)  # those that were abandoned end by themselves
    assert len(eight.transactions(fields="status")) == SIZE, "the connection is good for more"


def test_batches_that_are_never_begun_cost_nothing(big: Sandbox, eight: cn.Classy) -> None:
    eight.transactions.batches()
    assert big.requests == []


@pytest.mark.parametrize("fault", ["cloudflare", "error_200"])
def test_an_error_leaves_nobody_at_work(big: Sandbox, eight: cn.Classy, fault: str) -> None:
    big.faults.then("ok", "ok", "ok", *[fault] * 60)
    with pytest.raises(cn.ClassyError):
        eight.transactions(fields="status")
    wait_for_none(5)  # those that were abandoned end by themselves
    big.faults.clear()
    assert len(eight.transactions(fields="status")) == SIZE


def test_two_lists_at_the_same_time(big: Sandbox, eight: cn.Classy) -> None:
    found: dict[str, pd.DataFrame] = {}

    def fetch(name: str) -> None:
        found[name] = getattr(eight, name)(fields="created_at")

    together(fetch, [(name,) for name in ("transactions", "supporters")], seconds=60)
    for name, frame in found.items():
        assert frame["id"].tolist() == [record["id"] for record in big.truth(name)]
    assert set(found) == {"transactions", "supporters"}
