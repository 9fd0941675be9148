"""Lists are fetched whole, whatever the server does; or there is an error, never a short list."""

import random
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from support.fetching import fetched, ids, query, without_ids, workers
from support.lists import Faults, Listed, rows
from support.server import ScriptedServer

from classy_nb.client import Classy
from classy_nb.errors import (
    BadRequestError,
    ClassyError,
    DataWarning,
    IncompleteResultError,
    NotFoundError,
    PermissionDeniedError,
    ServerError,
    UnexpectedAnswerError,
    UsageError,
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


@workers
def test_a_server_that_promises_more_than_there_is(workers: int) -> None:
    with pytest.raises(IncompleteResultError, match=r"250 of 255 records arrived") as caught:
        fetched(Listed(rows(250), Faults(total="+5")), workers=workers)
    assert (caught.value.expected, caught.value.received) == (255, 250)
    assert caught.value.path == "/organizations/7/transactions"
    with pytest.raises(IncompleteResultError, match="of 255 records arrived"):
        fetched(Listed(rows(250), Faults(total="+5", key_filter="400")), workers=workers)


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
    with pytest.raises(IncompleteResultError, match="100 of 250 records arrived"):
        fetched(Listed(rows(250), faults), workers=workers)
    small = Listed(rows(80), faults)
    assert len(fetched(small, workers=workers)) == 80
    endless = Listed(rows(250), replace(faults, total="missing"))
    with suppress(IncompleteResultError, UnexpectedAnswerError):
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


@pytest.mark.parametrize("number", [0, 1, 250])
def test_a_count_costs_one_request(number: int) -> None:
    listed = Listed(rows(number))
    assert Paginator(query(where="status = success"), listed.fetch).count() == number // 2
    assert listed.asked == [{"filter": "status=success", "page": "1", "per_page": "1"}]


@pytest.mark.parametrize(
    "faults",
    [
        Faults(shape="bare"),
        Faults(total="missing"),
    ],
)
def test_a_count_is_right_where_the_server_says_no_total(faults: Faults) -> None:
    listed = Listed(rows(250), faults)
    with suppress(ClassyError):  # honest
        assert Paginator(query(), listed.fetch).count() == 250


@workers
@pytest.mark.parametrize("limit", [1, 5, 100, 101, 250, 1000])
@pytest.mark.parametrize("number", [0, 3, 100, 240])
def test_limits_are_exact(limit: int, number: int, workers: int) -> None:
    listed = Listed(random.Random(1).sample(rows(number), number))
    found = fetched(listed, query(limit=limit), workers=workers)
    assert found == rows(number)[:limit]
    assert len(listed.asked) <= 1 + limit // 100


def test_a_small_limit_is_one_small_request() -> None:
    listed = Listed(rows(500))
    assert ids(fetched(listed, query(limit=3))) == [1, 4, 7]
    assert listed.asked == [{"sort": "id", "page": "1", "per_page": "3"}]


@workers
@pytest.mark.parametrize("limit", [3, 150, 400])
@pytest.mark.parametrize("sort", ["fees_amount", "fees_amount:desc", "status,fees_amount:desc"])
def test_a_limit_takes_the_first_in_the_order_asked_for(sort: str, limit: int, workers: int) -> None:
    listed = Listed(rows(300))
    expected = listed._sorted(rows(300), sort)[:limit]
    assert fetched(listed, query(limit=limit, sort=sort), workers=workers) == expected
    assert {a["sort"] for a in listed.asked} == {f"{sort},id"}


@pytest.mark.parametrize("limit", [60, 150])
def test_records_that_tie_are_in_order_of_their_ids(limit: int) -> None:
    """Servers may order them anew on each page: then some would come twice and others never."""

    class Capricious(Listed):
        def _sorted(self, found: list[Any], text: str) -> list[Any]:
            if not text.endswith(",id"):
                found = random.Random(len(self.asked)).sample(found, len(found))
            return super()._sorted(found, text)

    tied = [{**row, "fees_amount": number // 40} for number, row in enumerate(rows(300))]
    found = fetched(Capricious(tied), query(limit=limit, sort="fees_amount"))
    assert ids(found) == ids(tied[:limit])


@pytest.mark.parametrize("limit", [60, 150])
def test_a_server_that_sorts_by_one_column_only(limit: int) -> None:
    class Simple(Listed):
        def _sorted(self, found: list[Any], text: str) -> list[Any]:
            if "," in text:
                raise BadRequestError("The sort is beyond us.", status=400)
            return super()._sorted(found, text)

    expected = Listed([])._sorted(rows(300), "fees_amount:desc")[:limit]
    assert fetched(Simple(rows(300)), query(limit=limit, sort="fees_amount:desc")) == expected
    with pytest.raises(BadRequestError):
        fetched(Listed(rows(300), Faults(sort="400")), query(limit=limit, sort="fees_amount:desc"))


@pytest.mark.parametrize("limit", [1, 60, 150])
@pytest.mark.parametrize(
    "faults",
    [
        Faults(most_per_page=20),
        Faults(slow_above=50),
        Faults(sort="400"),
        Faults(key_filter="400"),
        Faults(total="missing"),
    ],
    ids=["20 a page", "slow above 50", "sort 400", "key filter 400", "no total"],
)
def test_limits_hold_whatever_the_server_does(faults: Faults, limit: int) -> None:
    assert ids(fetched(Listed(rows(300), faults), query(limit=limit))) == ids(rows(300))[:limit]


@pytest.mark.parametrize("size", [1, 100, 250, 10_000])
@pytest.mark.parametrize(
    "how", [{}, {"key_filter": "ignored"}, {"key_filter": "400"}, {"sort": "400"}], ids=str
)
def test_batches_are_in_order_of_ids(
    connected: Classy, server: ScriptedServer, how: dict[str, str], size: int
) -> None:
    server.handler = Listed(rows(730), Faults(**how)).reply
    batches = list(connected.transactions.batches(rows=size))
    assert [i for batch in batches for i in batch["id"].tolist()] == [row["id"] for row in rows(730)]
    assert all(len(batch) >= size for batch in batches[:-1])
    assert len(batches) >= min(730 // max(size, 100), 2)


def test_the_largest_first_where_that_was_asked_for(connected: Classy, server: ScriptedServer) -> None:
    server.handler = Listed(rows(730)).reply
    batches = list(connected.transactions.batches(rows=100, sort="id:desc", limit=350))
    assert [i for batch in batches for i in batch["id"].tolist()] == [row["id"] for row in rows(730)][
        :-351:-1
    ]


class Hiding(Listed):
    """Counts rows that it never shows: the one thing that is wrong."""

    def __init__(
        self, shown: list[Any], faults: Faults | None = None, hidden: tuple[int, ...] = (400,)
    ) -> None:
        super().__init__(shown, faults)
        self._hidden = [{"id": id_, "status": "success", "fees_amount": 0} for id_ in hidden]

    def _envelope(self, shown: list[Any], total: int, *rest: int) -> dict[str, Any]:
        matching = len([row for row in self._hidden if row in self._asked_for])
        return super()._envelope(shown, total + matching, *rest)

    def _filtered(self, text: str) -> list[Any]:
        found = super()._filtered(text)
        everything, self.rows = self.rows, self._hidden
        self._asked_for = super()._filtered(text)
        self.rows = everything
        return found


HIDING = {
    "by key": Faults(),
    "by number": Faults(key_filter="400"),
    "key ignored": Faults(key_filter="ignored"),
    "20 a page": Faults(most_per_page=20),
    "20 a page, by number": Faults(most_per_page=20, key_filter="400"),
}


@pytest.mark.edge(15)
@workers
@pytest.mark.parametrize("hidden", [(2,), (400,), (9_999,), (2, 400, 9_999)], ids=str)
@pytest.mark.parametrize("faults", HIDING.values(), ids=HIDING.keys())
def test_a_total_that_counts_hidden_rows_is_told_and_can_be_accepted(
    faults: Faults, hidden: tuple[int, ...], workers: int
) -> None:
    promised = 730 + len(hidden)
    with pytest.raises(
        IncompleteResultError, match=f"730 of {promised} records arrived, the same ones"
    ) as caught:
        fetched(Hiding(rows(730), replace(faults, fail={}), hidden), workers=workers)
    assert (caught.value.expected, caught.value.received) == (promised, 730)
    assert "accept_incomplete=True" in caught.value.advice
    assert "limit=730" in caught.value.advice
    with pytest.warns(DataWarning, match=f"730 of {promised} records arrived, the same ones in two complete"):
        found = fetched(
            Hiding(rows(730), replace(faults, fail={}), hidden),
            query(accept_incomplete=True),
            workers=workers,
        )
    assert sorted(ids(found)) == ids(rows(730))
    limited = Hiding(rows(730), replace(faults, fail={}), hidden)
    assert sorted(ids(fetched(limited, query(limit=730), workers=workers))) == ids(rows(730))


@pytest.mark.edge(15)
@pytest.mark.parametrize("faults", HIDING.values(), ids=HIDING.keys())
@pytest.mark.parametrize(
    "asked", [{"limit": 1000}, {"limit": 1000, "sort": "id:desc"}, {"where": "status = success"}]
)
def test_hidden_rows_in_limited_sorted_and_filtered_lists(faults: Faults, asked: dict[str, Any]) -> None:
    expected = [row for row in rows(250) if "where" not in asked or row["status"] == "success"]
    with pytest.raises(
        IncompleteResultError, match=f"{len(expected)} of {len(expected) + 1} .*, the same ones"
    ):
        fetched(Hiding(rows(250), replace(faults, fail={})), query(**asked))
    with pytest.warns(DataWarning, match="You accepted that"):
        found = fetched(Hiding(rows(250), replace(faults, fail={})), query(**asked, accept_incomplete=True))
    assert sorted(ids(found)) == ids(expected)


@pytest.mark.edge(15)
@pytest.mark.parametrize("claimed", [251, 249])
def test_a_wrong_total_of_a_list_without_ids(claimed: int) -> None:
    some = [{"email_address": f"p{number}@example.org"} for number in range(250)]
    with pytest.raises(IncompleteResultError, match="the same ones in two complete reads"):
        fetched(Listed(some, Faults(total=claimed)), without_ids())
    with pytest.warns(DataWarning, match="the same ones in two complete reads"):
        assert fetched(Listed(some, Faults(total=claimed)), without_ids(accept_incomplete=True)) == some


@pytest.mark.edge(15)
@workers
@pytest.mark.parametrize("faults", HIDING.values(), ids=HIDING.keys())
def test_two_reads_that_differ_are_never_accepted(faults: Faults, workers: int) -> None:
    """Each time the list is read, another row is missing, as where records come and go."""

    class Flickering(Hiding):
        def _filtered(self, text: str) -> list[Any]:
            found = super()._filtered(text)
            return [row for row in found if row["id"] % 97 != len(self.asked) // 9 % 97]

    listed = Flickering(rows(730), replace(faults, fail={}), tuple(range(50_000, 50_300)))
    with suppress(IncompleteResultError):
        assert sorted(ids(fetched(listed, query(accept_incomplete=True), workers=workers))) == ids(rows(730))


@pytest.mark.edge(15)
@workers
def test_a_total_that_is_corrected_while_the_list_is_read_again(workers: int) -> None:
    def correct(number: int, listed: Listed) -> None:
        if number == 10:
            listed.faults.total = "right"

    listed = Listed(rows(450), Faults(total="+5"), correct)
    with suppress(IncompleteResultError):
        assert sorted(ids(fetched(listed, workers=workers))) == ids(rows(450))


@pytest.mark.edge(15)
def test_a_list_that_is_whole_is_read_once() -> None:
    listed = Listed(rows(250))
    assert len(fetched(listed, query(accept_incomplete=True))) == 250
    assert len(listed.asked) == 3


@pytest.mark.edge(15)
@pytest.mark.parametrize("value", [None, 1, "yes", 0.5])
def test_accept_incomplete_is_a_flag(value: Any) -> None:
    with pytest.raises(UsageError, match=r"accept_incomplete=.* must be True or False"):
        query(accept_incomplete=value)
