"""Odd lists (no ids, other envelopes, errors in disguise), counts and limits."""

import random
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from support.lists import Faults, Listed, rows
from support.walks import ASKING, CATALOG, fetched, ids, query, without_ids, workers

from classy_nb.errors import BadRequestError, ClassyError, IncompleteResultError, UnexpectedAnswerError
from classy_nb.pagination import Paginator

EMAILS = [{"email_address": f"p{i:03}@example.org"} for i in range(230)]


@pytest.mark.parametrize("number", [0, 1, 100, 230])
@pytest.mark.parametrize(
    "faults",
    [Faults(), Faults(beyond=404), Faults(total="missing"), Faults(shape="bare"), Faults(most_per_page=20)],
    ids=["none", "404 beyond", "no total", "bare", "20 a page"],
)
def test_trap_20_lists_without_ids(faults: Faults, number: int) -> None:
    listed = Listed(EMAILS[:number], replace(faults, fail={}))
    assert fetched(listed, without_ids()) == EMAILS[:number]
    assert all("filter" not in a and "sort" not in a for a in listed.asked)


def test_equal_records_without_ids_are_all_kept() -> None:
    same = [{"email_address": "p@example.org"}] * 150
    assert fetched(Listed(same), without_ids()) == same


def test_lists_without_ids_that_lose_a_record_are_fetched_again() -> None:
    def change(number: int, listed: Listed) -> None:
        if number == 2:
            del listed.rows[0]

    assert fetched(Listed(EMAILS, before=change), without_ids()) == EMAILS[1:]


def test_lists_without_ids_that_never_stand_still() -> None:
    def always(number: int, listed: Listed) -> None:
        listed.rows.insert(0, {"email_address": f"new{number}@example.org"})

    with pytest.raises(IncompleteResultError):
        fetched(Listed(EMAILS, before=always), without_ids())


def test_trap_34_text_items() -> None:
    asked = ASKING.for_list(CATALOG.resources["roles"], member=5)
    roles = [f"role {i}" for i in range(130)]
    assert fetched(Listed(roles), asked) == roles


def test_trap_34_a_bare_array() -> None:
    asked = ASKING.for_list(CATALOG.resources["asr_messages"], supporter=5)
    messages = [{"id": f"5f{i:x}", "year": 2026} for i in range(3)]
    listed = Listed(messages, Faults(shape="bare"))
    assert fetched(listed, asked) == messages
    assert len(listed.asked) == 1


@pytest.mark.parametrize("number", [0, 1, 3])
def test_trap_34_an_envelope_around_one_object(number: int) -> None:
    asked = ASKING.for_list(CATALOG.resources["payouts"], payout_type="stripe", payout_date=2026)
    payouts = [{"id": i, "payout_amount": 100 * i} for i in range(number)]
    listed = Listed(payouts, Faults(shape="one"))
    assert fetched(listed, asked) == payouts


def test_ids_that_come_as_text_are_ids() -> None:
    texts = [{**row, "id": str(row["id"])} for row in rows(150)]
    listed = Listed(texts)
    assert fetched(listed) == texts
    assert listed.asked[1]["filter"] == "id>298"


@pytest.mark.parametrize("odd", [None, 1.5, "abc", True])
def test_a_record_without_an_id_is_not_lost(odd: Any) -> None:
    some = [*rows(120), {"id": odd, "status": "odd"}]
    listed = Listed(some, Faults(sort="ignored", key_filter="ignored"))
    found = fetched(listed)
    assert len(found) == 121
    assert found == some


@pytest.mark.parametrize(
    "body", [{"error": "Something broke"}, {}, {"current_page": 1}, "text", 5, {"data": 5}]
)
def test_trap_38_an_error_under_status_200_is_an_error(body: Any) -> None:
    with pytest.raises(UnexpectedAnswerError, match="without data"):
        list(Paginator(query(), lambda *_: body).pages())


def test_trap_38_the_error_says_what_the_body_said() -> None:
    with pytest.raises(UnexpectedAnswerError, match="says 'Something broke'"):
        list(Paginator(query(), lambda *_: {"error": "Something broke"}).pages())


def test_trap_35_no_content_is_an_empty_list() -> None:
    paginator = Paginator(query(), lambda *_: None)
    assert list(paginator.pages()) == []
    assert paginator.count() == 0


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


@workers
def test_a_walk_that_is_dropped_ends(workers: int) -> None:
    import threading

    before = threading.active_count()
    listed = Listed(rows(5000))
    pages = Paginator(query(), listed.fetch, workers=workers).pages()
    next(pages)
    pages.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before
    asked = len(listed.asked)
    assert asked < 5000 / 100
    assert len(listed.asked) == asked
