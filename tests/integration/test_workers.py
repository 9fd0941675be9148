"""Workers that find their number: the same rows as ever, few refusals, one number for a whole connection."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from support.threads import wait_for_none

from classy_nb.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import classy_nb as cn

SIZE = 2_000


pytestmark = pytest.mark.usefixtures("nobody_is_left_at_work")


@pytest.fixture(scope="module")
def started() -> Iterator[Sandbox]:
    with Sandbox(transactions=SIZE, requests_per_minute=0) as box:
        yield box


@pytest.fixture
def box(started: Sandbox) -> Iterator[Sandbox]:
    started.faults.clear()
    yield started
    started.faults.clear()


@pytest.fixture
def classy(box: Sandbox, connecting: Callable[..., cn.Classy]) -> Iterator[cn.Classy]:
    with connecting(box) as connection:
        box.reset_log()
        yield connection


def ids_of(box: Sandbox, kind: str) -> list[int]:
    return [record["id"] for record in box.truth(kind)]


def test_the_number_finds_itself_unless_it_is_given(
    classy: cn.Classy, box: Sandbox, connecting: Callable[..., cn.Classy]
) -> None:
    assert classy.workers is None
    with connecting(box, workers=8) as fixed:
        assert fixed.workers == 8
        assert fixed._session.http.concurrency is None


@pytest.mark.parametrize("style", ["headers", "body"])
def test_a_server_that_answers_four_at_once_refuses_few(classy: cn.Classy, box: Sandbox, style: Any) -> None:
    box.faults.latency_ms, box.faults.most_at_once, box.faults.rate_limit_style = 100, 4, style
    frame = classy.transactions(progress=False)
    assert list(frame["id"]) == ids_of(box, "transactions")
    assert sum(request.status == 429 for request in box.requests) <= 10


def test_lists_at_the_same_time_share_the_number(classy: cn.Classy, box: Sandbox) -> None:
    box.faults.latency_ms, box.faults.most_at_once = 100, 32
    found: dict[str, list[int]] = {}

    def fetch(kind: str) -> None:
        found[kind] = list(getattr(classy, kind)(progress=False)["id"])

    kinds = ("transactions", "supporters", "recurring_donation_plans")
    threads = [threading.Thread(target=fetch, args=(kind,)) for kind in kinds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {kind: ids_of(box, kind) for kind in kinds}
    assert [request.status for request in box.requests if request.status != 200] == []


def test_small_lists_cost_as_few_requests_as_with_one_worker(classy: cn.Classy, box: Sandbox) -> None:
    assert len(classy.transactions(limit=100, progress=False)) == 100
    assert classy.campaigns(limit=1, progress=False)["id"].count() == 1
    assert len(box.requests) == 2


@pytest.mark.parametrize("rows", [100, 500])
def test_a_list_that_is_given_up_gives_its_slots_back(classy: cn.Classy, box: Sandbox, rows: int) -> None:
    box.faults.latency_ms = 100
    for _ in range(3):
        batches = classy.transactions.batches(rows=rows, progress=False)
        next(batches)
        batches.close()
    wait_for_none(5)
    assert classy._session.http.concurrency is not None
    assert classy._session.http.concurrency._under_way == 0
    assert classy.campaigns.count() == len(ids_of(box, "campaigns"))
