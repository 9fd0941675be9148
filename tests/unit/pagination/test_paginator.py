"""Lists are fetched whole, whatever the server does; or there is an error, never a short list."""

import random
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from support.lists import Faults, Listed, rows
from support.walks import fetched, ids, query, without_ids, workers

from classy_nb.errors import (
    IncompleteResultError,
    NotFoundError,
    PermissionDeniedError,
    ServerError,
    TimedOutError,
)
from classy_nb.pagination import Paginator

MISBEHAVIOURS = {
    "none": Faults(),
    "key filter ignored": Faults(key_filter="ignored"),
    "key filter 400": Faults(key_filter="400"),
    "key filter 500": Faults(key_filter="500"),
    "sort ignored": Faults(sort="ignored"),
    "sort 400": Faults(sort="400"),
    "sort and key filter ignored": Faults(sort="ignored", key_filter="ignored"),
    "sort and key filter 400": Faults(sort="400", key_filter="400"),
    "20 a page": Faults(most_per_page=20),
    "20 a page, key filter ignored": Faults(most_per_page=20, key_filter="ignored"),
    "404 beyond": Faults(beyond=404),
    "404 beyond, key filter 400": Faults(beyond=404, key_filter="400"),
    "no total": Faults(total="missing"),
    "no total, key filter 400": Faults(total="missing", key_filter="400"),
    "no total, 404 beyond, key filter 400": Faults(total="missing", beyond=404, key_filter="400"),
    "lying links": Faults(lying_links=True),
    "slow above 50": Faults(slow_above=50),
    "slow above 1": Faults(slow_above=1),
    "slow above 5, key filter 400": Faults(slow_above=5, key_filter="400"),
    "bare": Faults(shape="bare"),
}


@workers
@pytest.mark.parametrize("number", [0, 1, 100, 101, 301, 730])
@pytest.mark.parametrize("faults", MISBEHAVIOURS.values(), ids=MISBEHAVIOURS.keys())
def test_trap_20_a_list_comes_whole_and_each_record_once(faults: Faults, number: int, workers: int) -> None:
    if faults.slow_above == 1 and number > 101:
        number = 130  # one record a request
    expected = rows(number)
    shuffled = random.Random(5).sample(expected, number)
    listed = Listed(shuffled, replace(faults, fail={}))
    found = fetched(listed, workers=workers)
    assert sorted(ids(found)) == ids(expected)
    assert sorted(found, key=lambda row: row["id"]) == expected
    assert len(listed.asked) < 60 + number


@pytest.mark.parametrize(
    "workers",
    [1, 4],
)
def test_trap_20_an_id_that_is_on_a_page_twice_comes_once(workers: int) -> None:
    listed = Listed(rows(730), Faults(repeated_ids=True))
    assert sorted(ids(fetched(listed, workers=workers))) == ids(rows(730))


@workers
@pytest.mark.parametrize("number", [0, 50, 99])
def test_a_small_list_costs_one_request(number: int, workers: int) -> None:
    listed = Listed(rows(number))
    assert len(fetched(listed, workers=workers)) == number
    assert len(listed.asked) == 1
    assert listed.asked[0] == {"sort": "id", "page": "1", "per_page": "100"}


def test_counting_up_to_an_id_takes_one_request() -> None:
    listed = Listed(rows(250))
    assert Paginator(query(where="status = success"), listed.fetch).count_until(rows(250)[100]["id"]) == 50
    assert listed.asked == [{"filter": "status=success,id<=301", "page": "1", "per_page": "1"}]
    assert Paginator(query(), Listed(rows(250), Faults(total="missing")).fetch).count_until(301) is None


def test_trap_20_lists_are_asked_for_by_keyset() -> None:
    listed = Listed(rows(250))
    paginator = Paginator(query(where="status = success", include="items"), listed.fetch)
    assert [len(page) for page in paginator.pages()] == [100, 25]
    first = {"with": "items", "filter": "status=success", "sort": "id", "page": "1", "per_page": "100"}
    assert listed.asked == [first, {**first, "filter": "status=success,id>598"}]
    assert (paginator.total, paginator.received, paginator.requests) == (125, 125, 2)


@workers
@pytest.mark.parametrize("key_filter", ["works", "ignored", "400"])
def test_trap_20_rows_that_come_and_go_meanwhile(key_filter: str, workers: int) -> None:
    """Before each request the newest rows get company and old rows are deleted."""
    expected = rows(700)
    listed = Listed(expected, Faults(key_filter=key_filter))
    doomed = [row["id"] for row in expected[::50]]
    stays = set(ids(expected)) - set(doomed)

    def change(number: int, listed: Listed) -> None:
        if number > 12:
            return
        listed.rows += rows(3, first=10_000 + 100 * number)
        if number % 2 and doomed:
            gone = doomed.pop()
            listed.rows = [row for row in listed.rows if row["id"] != gone]

    listed.before = change
    found = Counter(ids(fetched(listed, workers=workers)))
    assert stays <= set(found)
    assert set(found.values()) == {1}


@workers
@pytest.mark.parametrize("seed", range(25))
def test_trap_20_by_key_nothing_that_stays_is_lost_whatever_else_happens(workers: int, seed: int) -> None:
    chance = random.Random(seed)  # threads draw in any order: hypothesis could not replay them
    descending = seed % 2 == 1
    expected = rows(chance.choice([0, 5, 120, 450]), first=chance.choice([1, 5_000]))
    listed = Listed(expected[:: -1 if descending else 1])
    gone: set[int] = set()

    def change(number: int, listed: Listed) -> None:
        if number > 8 or chance.random() < 0.4:
            return
        new = [rows(1, first=chance.randrange(100_000) * 3)[0] for _ in range(chance.randrange(4))]
        listed.rows = list({row["id"]: row for row in [*listed.rows, *new]}.values())
        for row in chance.sample(listed.rows, min(len(listed.rows), chance.randrange(3))):
            gone.add(row["id"])
            listed.rows.remove(row)

    listed.before = change
    try:
        found = Counter(ids(fetched(listed, workers=workers)))
    except IncompleteResultError:
        return  # honest
    assert set(ids(expected)) - gone <= set(found)
    assert set(found.values()) <= {1}


@pytest.mark.parametrize("seed", range(40))
def test_trap_20_by_number_nothing_that_stays_is_lost_while_rows_come_and_go(seed: int) -> None:
    chance = random.Random(seed)
    in_order = seed % 4 < 2
    faults = Faults(key_filter="400") if seed % 2 else Faults(key_filter="ignored", most_per_page=20)
    expected = rows(chance.choice([90, 130, 350]))
    listed = Listed(expected, replace(faults, fail={}, sort="works" if in_order else "ignored"))
    gone: set[int] = set()

    def change(number: int, listed: Listed) -> None:
        if number > 12 or chance.random() < 0.5:
            return
        listed.rows += rows(chance.randrange(3), first=100_000 + 100 * number)  # new ones get larger ids
        for row in chance.sample(listed.rows, chance.randrange(3)):
            gone.add(row["id"])
            listed.rows.remove(row)

    listed.before = change
    try:
        found = Counter(ids(fetched(listed)))
    except IncompleteResultError:
        return  # honest
    assert set(ids(expected)) - gone <= set(found)
    assert set(found.values()) <= {1}


@pytest.mark.parametrize("at", [4, 5])
def test_trap_20_by_number_a_deletion_in_the_middle_loses_nothing(at: int) -> None:
    def change(number: int, listed: Listed) -> None:
        if number == at:
            del listed.rows[0]

    listed = Listed(rows(350), Faults(key_filter="400"), change)
    assert set(ids(rows(350)[1:])) <= set(ids(fetched(listed)))


@workers
def test_a_server_that_promises_more_than_there_is(workers: int) -> None:
    with pytest.raises(IncompleteResultError, match=r"250 of 255 records arrived") as caught:
        fetched(Listed(rows(250), Faults(total="+5")), workers=workers)
    assert (caught.value.expected, caught.value.received) == (255, 250)
    assert caught.value.path == "/organizations/7/transactions"
    with pytest.raises(IncompleteResultError, match="of 255 records arrived"):
        fetched(Listed(rows(250), Faults(total="+5", key_filter="400")), workers=workers)


def test_what_is_missing_is_told_rightly_by_number_too() -> None:
    with pytest.raises(IncompleteResultError, match="250 of 255 records arrived"):
        fetched(Listed(rows(250), Faults(total="+5", key_filter="400")))


@workers
@pytest.mark.parametrize("claimed", [0, 1, 100, 101, 249])
def test_a_server_that_promises_less_than_there_is(claimed: int, workers: int) -> None:
    for key_filter in ("works", "400"):
        listed = Listed(rows(250), Faults(total=claimed, key_filter=key_filter))
        with suppress(IncompleteResultError):
            assert len(fetched(listed, workers=workers)) == 250


@workers
def test_a_server_that_ignores_the_page_number_too(workers: int) -> None:
    faults = Faults(key_filter="ignored", paging=False)
    with pytest.raises(IncompleteResultError, match="of 250 records"):
        fetched(Listed(rows(250), faults), workers=workers)
    small = Listed(rows(80), faults)
    assert len(fetched(small, workers=workers)) == 80
    endless = Listed(rows(250), replace(faults, total="missing"))
    with suppress(IncompleteResultError):
        fetched(endless, workers=workers)
    assert len(endless.asked) < 30


def test_trap_25_an_empty_list() -> None:
    for faults in MISBEHAVIOURS.values():
        paginator = Paginator(query(), Listed([], replace(faults, fail={})).fetch)
        assert list(paginator.pages()) == []
        assert paginator.total in (0, None)


def test_trap_25_a_first_page_that_is_not_found_is_an_error() -> None:
    listed = Listed([], Faults(fail={1: NotFoundError("no", status=404)}))
    with pytest.raises(NotFoundError):
        fetched(listed)
    listed = Listed([], Faults(fail={1: NotFoundError("no", status=404)}))
    with pytest.raises(NotFoundError):
        fetched(listed, without_ids())


@workers
def test_an_error_in_the_middle_is_an_error(workers: int) -> None:
    listed = Listed(rows(900), Faults(fail={3: PermissionDeniedError("no", status=403)}))
    with pytest.raises(PermissionDeniedError):
        fetched(listed, workers=workers)


@workers
def test_a_500_in_the_middle_of_a_list_does_not_refuse_the_key(workers: int) -> None:
    listed = Listed(rows(900), Faults(fail={4: ServerError("no", status=500)}))
    with suppress(ServerError):
        assert sorted(ids(fetched(listed, workers=workers))) == ids(rows(900))
    assert all("id>" in a["filter"] for a in listed.asked if a["page"] == "1" and a is not listed.asked[0])


def test_trap_22_a_slow_list_is_asked_for_less_at_a_time() -> None:
    listed = Listed(rows(120), Faults(slow_above=25))
    paginator = Paginator(query(), listed.fetch)
    assert sum(len(page) for page in paginator.pages()) == 120
    assert [a["per_page"] for a in listed.asked] == ["100", "50", *["25"] * 5]
    with pytest.raises(TimedOutError):
        fetched(Listed(rows(5), Faults(slow_above=0)))


def test_only_the_smallest_page_is_asked_for_again_after_a_time_out() -> None:
    seen: list[tuple[str, bool]] = []
    listed = Listed(rows(3), Faults(slow_above=1))

    def fetch(parameters: Any, retry_timeouts: bool, _: object) -> Any:  # noqa: FBT001
        seen.append((dict(parameters)["per_page"], retry_timeouts))
        return listed.fetch(parameters)

    assert sum(len(page) for page in Paginator(query(), fetch).pages()) == 3
    assert seen[:5] == [("100", False), ("50", False), ("25", False), ("5", False), ("1", True)]
