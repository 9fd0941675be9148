"""Payouts: one list out of many, one for each day and type, each page requested once."""

import threading
from collections import Counter
from typing import Any

import pytest
from support.fetching import CATALOG, QUERIES, workers

from classy_nb.errors import IncompleteResultError, ServerError, UnexpectedAnswerError
from classy_nb.pagination import DailyPaginator
from classy_nb.query import Query

PAYOUTS = CATALOG.resources["payouts"]


def october(**keywords: Any) -> Query:
    asked = {"since": "2026-10-01", "until": "2026-11-01", **keywords}
    return QUERIES.for_list(PAYOUTS, **asked)


class Api:
    """Answers as the API does: one payout a page, by type and day."""

    def __init__(self, payouts: dict[tuple[str, str], list[Any]], shape: str = "one") -> None:
        self.payouts = payouts
        self.shape = shape
        self.asked: Counter[tuple[str, str, int]] = Counter()
        self._lock = threading.Lock()

    def __call__(self, query: Query) -> Any:
        return lambda parameters, *_: self.answer(query.path.rpartition("/")[2], dict(parameters))

    def answer(self, kind: str, asked: dict[str, str]) -> Any:
        day, page = asked["payout_date"], int(asked["page"])
        with self._lock:
            self.asked[kind, day, page] += 1
        found = self.payouts.get((kind, day), [])
        if self.shape == "nothing" and not found:
            return None
        if self.shape == "all":
            return {"current_page": 1, "data": found, "last_page": 1, "total": len(found)}
        if self.shape == "bare":
            return found
        shown: Any = found[page - 1 : page]
        body = {"current_page": page, "data": shown[0] if shown else [], "per_page": 1}
        if self.shape != "silent":
            body |= {"total": len(found), "last_page": max(len(found), 1)}
        if self.shape == "endless":
            body["last_page"] = 10**12
        return body


def some() -> dict[tuple[str, str], list[Any]]:
    return {
        ("paypal", "2026-10-01"): [{"id": 1}, {"id": 2}, {"id": 3}],
        ("stripe", "2026-10-01"): [{"id": 1}],
        ("stripe", "2026-10-31"): [{"id": 9}, {"id": 4}],
        ("stripe", "2026-11-01"): [{"id": 77}],
    }


EXPECTED = [(1, "paypal"), (2, "paypal"), (3, "paypal"), (1, "stripe"), (9, "stripe"), (4, "stripe")]


def read(api: Api, query: Query, workers: int = 4) -> tuple[list[Any], DailyPaginator]:
    paginator = DailyPaginator(query, api, workers=workers)
    parts = sorted(paginator.parts(), key=lambda part: part.start)
    records = [record for part in parts for record in part.records]
    return [(record["id"], record["payout_type"]) for record in records], paginator


@workers
@pytest.mark.parametrize("shape", ["one", "nothing"])
def test_each_page_is_requested_once(shape: str, workers: int) -> None:
    api = Api(some(), shape)
    found, paginator = read(api, october(), workers)
    assert found == EXPECTED
    assert paginator.total == paginator.received == 6
    assert paginator.planned == "65"  # 31 days of two types, and three more pages
    assert paginator.requests == 65
    assert sorted(api.asked.elements()) == sorted(
        [
            *((kind, f"2026-10-{day:02}", 1) for kind in ("paypal", "stripe") for day in range(1, 32)),
            ("paypal", "2026-10-01", 2),
            ("paypal", "2026-10-01", 3),
            ("stripe", "2026-10-31", 2),
        ]
    )


@workers
@pytest.mark.parametrize("shape", ["all", "bare"])
def test_days_that_come_at_once_take_one_request_each(shape: str, workers: int) -> None:
    api = Api(some(), shape)
    assert read(api, october(), workers)[0] == EXPECTED
    assert len(api.asked) == api.asked.total() == 62


def test_one_type_only() -> None:
    api = Api(some())
    assert read(api, october(payout_type="stripe"))[0] == EXPECTED[3:]
    assert {kind for kind, _, _ in api.asked} == {"stripe"}


def test_days_that_do_not_say_how_many_there_are_are_read_until_two_reads_agree() -> None:
    api = Api(some(), "silent")
    query = october(until="2026-10-03")
    assert read(api, query)[0] == EXPECTED[:4]
    assert DailyPaginator(query, Api(some(), "silent")).count() == 4


@pytest.mark.edge(28)
def test_pages_that_a_day_cannot_have_are_not_requested() -> None:
    api = Api(some(), "endless")
    assert read(api, october(until="2026-10-03"))[0] == EXPECTED[:4]
    assert sum(api.asked.values()) < 20


def test_how_many_requests_it_takes_is_known_once_every_day_has_answered() -> None:
    planned = []
    paginator: DailyPaginator

    def look() -> None:
        planned.append(paginator.planned)

    paginator = DailyPaginator(october(until="2026-10-04"), Api(some()), on_wait=look)
    list(paginator.parts())
    assert planned[0] == "at least 6"
    assert paginator.planned == "8"


@workers
def test_the_count_takes_one_request_for_each_day_and_type(workers: int) -> None:
    api = Api(some())
    paginator = DailyPaginator(october(), api, workers=workers)
    assert paginator.count() == 6
    assert api.asked.total() == paginator.requests == 62


@pytest.mark.parametrize("limit", [1, 3, 4, 5])
def test_the_first_ones_take_no_more_days_than_needed(limit: int) -> None:
    api = Api(some())
    assert read(api, october(limit=limit))[0] == EXPECTED[:limit]
    last = {1: ("paypal", "2026-10-01"), 3: ("paypal", "2026-10-01"), 4: ("stripe", "2026-10-01")}
    if limit in last:
        assert {(kind, day) for kind, day, _ in api.asked} <= {
            ("paypal", "2026-10-01"),
            last[limit],
        }


def test_a_payout_that_comes_twice_does_not_count_twice() -> None:
    twice = {("stripe", "2026-10-02"): [{"id": 5}, {"id": 5}]}
    with pytest.raises(IncompleteResultError, match="1 of 2 records arrived"):
        read(Api(twice), october())


def test_a_payout_of_two_days_is_refused() -> None:
    both = {("stripe", f"2026-10-0{day}"): [{"id": 5}] for day in (2, 7)}
    with pytest.raises(UnexpectedAnswerError, match="for two days") as caught:
        read(Api(both), october())
    assert "2026-10-02" in str(caught.value)
    assert "2026-10-07" in str(caught.value)


def test_missing_payouts_are_an_error() -> None:
    class Short(Api):
        def answer(self, kind: str, asked: dict[str, str]) -> Any:
            body = super().answer(kind, asked)
            return {**body, "total": 3, "last_page": 3} if body["total"] == 2 else body

    with pytest.raises(IncompleteResultError):
        read(Short(some()), october())


def test_a_day_that_fails_ends_the_whole() -> None:
    class Broken(Api):
        def answer(self, kind: str, asked: dict[str, str]) -> Any:
            if asked["payout_date"] == "2026-10-20":
                raise ServerError("Down.")
            return super().answer(kind, asked)

    with pytest.raises(ServerError, match="Down"):
        read(Broken(some()), october())
    with pytest.raises(ServerError, match="Down"):
        DailyPaginator(october(), Broken(some())).count()


def test_a_month_without_payouts_is_empty() -> None:
    found, paginator = read(Api({}), october())
    assert found == []
    assert paginator.total == 0
    assert paginator.count_until(5) is None
    assert list(DailyPaginator(october(), Api({})).pages()) == []
