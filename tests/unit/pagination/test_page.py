"""One page: read by its shape, and asked for in smaller pieces where the server is slow."""

import contextlib
from collections import Counter
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from support.fetching import CATALOG, QUERIES, fetched, ids, query, without_ids, workers
from support.keyed import Keyed, last_of
from support.lists import Faults, Listed, rows

from classy_nb.errors import (
    IncompleteResultError,
    TimedOutError,
    UnexpectedAnswerError,
)
from classy_nb.pagination import Paginator, refuse_foreign_page


def test_trap_34_text_items() -> None:
    asked = QUERIES.for_list(CATALOG.resources["roles"], member=5)
    roles = [f"role {i}" for i in range(130)]
    assert fetched(Listed(roles), asked) == roles


def test_trap_34_a_bare_array() -> None:
    asked = QUERIES.for_list(CATALOG.resources["asr_messages"], supporter=5)
    messages = [{"id": f"5f{i:x}", "year": 2026} for i in range(3)]
    listed = Listed(messages, Faults(shape="bare"))
    assert fetched(listed, asked) == messages
    assert len(listed.asked) == 1


@pytest.mark.parametrize("number", [0, 1, 3])
def test_trap_34_an_envelope_around_one_object(number: int) -> None:
    asked = QUERIES.for_list(CATALOG.resources["payouts"], payout_type="stripe", payout_date=2026)
    payouts = [{"payout_type": "stripe", "id": i, "payout_amount": 100 * i} for i in range(number)]
    listed = Listed([{"id": i, "payout_amount": 100 * i} for i in range(number)], Faults(shape="one"))
    assert fetched(listed, asked.parts[0]) == payouts


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


SLOW = TimedOutError("The server did not answer in time.")


def sizes_asked(listed: Listed | Keyed) -> list[int]:
    return [int(asked["per_page"]) for asked in listed.asked]


def slow_above(size: int, *, after: int = 0) -> Keyed:
    """A long list whose larger pages time out, once so many requests were made."""

    def before(asked: dict[str, str]) -> None:
        if int(asked["per_page"]) > size and len(listed.asked) > after:
            raise SLOW

    listed = Keyed(range(1, 6001), before)
    return listed


@workers
@pytest.mark.parametrize("key_filter", ["works", "400"])
def test_trap_22_each_size_is_tried_once_where_nothing_answers_in_time(key_filter: str, workers: int) -> None:
    listed = Listed(rows(1000), Faults(slow_above=0, key_filter=key_filter))
    with pytest.raises(TimedOutError, match="did not answer in time"):
        fetched(listed, workers=workers)
    assert sizes_asked(listed) == [100, 50, 25, 5, 1]


def test_two_time_outs_of_a_size_that_has_worked_are_hiccups() -> None:
    listed = Listed(rows(450), Faults(fail={3: SLOW, 5: SLOW}))
    assert ids(fetched(listed)) == ids(rows(450))
    assert sizes_asked(listed) == [100, 100, 100, 50, 100, 50, 100, 100]


def test_trap_22_the_third_time_out_in_a_row_makes_all_pages_smaller() -> None:
    listed = slow_above(50, after=10)
    assert ids(fetched(listed)) == list(range(1, 6001))
    assert sizes_asked(listed) == [*[100] * 10, 100, 50, 100, 50, 100, *[50] * 99]


def test_trap_22_all_workers_learn_the_size_together() -> None:
    listed = slow_above(25)
    assert len(fetched(listed, workers=8)) == 6000
    counted = Counter(sizes_asked(listed))
    assert (counted[100], counted[50], counted[5]) == (1, 1, 0)


@pytest.mark.parametrize("key_filter", ["ignored", "400"])
def test_page_numbers_go_on_with_smaller_pages(key_filter: str) -> None:
    listed = Listed(rows(300), Faults(key_filter=key_filter, slow_above=25))
    assert sorted(ids(fetched(listed))) == ids(rows(300))
    assert max(sizes_asked(listed)[5:]) == 25
    assert len(listed.asked) < 35


def stuck(behind: int, least: int = 0) -> tuple[Keyed, list[int]]:
    """A list of which the page behind one id never answers in time, if it is larger than *least*."""
    tries: list[int] = []

    def before(asked: dict[str, str]) -> None:
        size = int(asked["per_page"])
        if size > least and last_of(asked) == behind:
            tries.append(size)
            raise SLOW

    return Keyed(range(1, 4001), before), tries


@pytest.mark.parametrize("workers", [1, 8])
def test_trap_22_one_page_that_never_answers_ends_the_fetch_however_well_others_do(workers: int) -> None:
    listed, tries = stuck(behind=100)
    with pytest.raises(TimedOutError):
        fetched(listed, workers=workers)
    assert tries == [100, 50, 25, 5, 1]


@pytest.mark.parametrize("workers", [1, 8])
def test_trap_22_one_page_that_answers_in_small_pieces_only(workers: int) -> None:
    listed, tries = stuck(behind=100, least=5)
    assert sorted(ids(fetched(listed, workers=workers))) == list(range(1, 4001))
    assert tries == [100, 50, 25]
    assert Counter(sizes_asked(listed))[5] == 1, "the others are as large as before"


@pytest.mark.parametrize(("workers", "cuts"), [(1, 0), (8, 5)])
def test_trap_22_a_server_that_went_silent_is_not_asked_forever(workers: int, cuts: int) -> None:
    listed = slow_above(0, after=5)
    with pytest.raises(TimedOutError):
        fetched(listed, workers=workers)
    # A worker's page and a page at a cut that is tried anew are asked for in five sizes at most.
    assert len(listed.asked) <= 5 + 5 * (workers + cuts)


# Totals and shapes that cannot be


@pytest.mark.edge(28)
@pytest.mark.parametrize(
    "total",
    [100_000_001, 10**12, 10**30, 10**400, -1, 1.5, 1e308, "many", "9" * 5000, [], {}, True, False],
    ids=repr,
)
@pytest.mark.parametrize("number", [0, 5, 230])
def test_a_total_beyond_reason_is_named(total: Any, number: int) -> None:
    listed = Listed(rows(number), Faults(total=total if type(total) is int else "right"))
    answer = listed._envelope
    listed._envelope = lambda *args: {**answer(*args), "total": total}  # type: ignore[method-assign]
    with pytest.raises(UnexpectedAnswerError, match="has a total of"):
        fetched(listed)
    with pytest.raises(UnexpectedAnswerError, match="has a total of"):
        Paginator(query(), listed.fetch).count()


@pytest.mark.edge(28)
@pytest.mark.parametrize(
    ("total", "shown"), [(2**53 - 1, "9,007,199,254,740,991"), (2**53, "a number beyond reason")]
)
def test_a_total_is_shown_only_where_each_of_its_digits_is_certain(total: int, shown: str) -> None:
    answer = {"current_page": 1, "data": [{"id": 1}], "total": total}
    with pytest.raises(UnexpectedAnswerError, match=f"has a total of {shown}"):
        Paginator(query(), lambda *_: answer).count()


@pytest.mark.edge(28)
def test_the_largest_total_is_believed() -> None:
    answer = {"current_page": 1, "data": [{"id": 1}], "total": 100_000_000}
    assert Paginator(query(), lambda *_: answer).count() == 100_000_000


@pytest.mark.edge(28)
@pytest.mark.parametrize("spelled", [str, float])
def test_a_total_may_be_spelled_as_text_or_with_a_point(spelled: Any) -> None:
    listed = Listed(rows(230))
    answer = listed._envelope
    listed._envelope = lambda *args: {**answer(*args), "total": spelled(230)}  # type: ignore[method-assign]
    assert Paginator(query(), listed.fetch).count() == 230 or spelled is str
    assert ids(fetched(listed)) == ids(rows(230))


@pytest.mark.edge(28)
@pytest.mark.parametrize("total", [250, None])
@pytest.mark.parametrize("asked", [query(), without_ids()], ids=["by key", "by page number"])
def test_a_list_that_never_ends_is_ended_by_name(total: int | None, asked: Any) -> None:
    came = 0

    def answer(parameters: Any, *_: object) -> Any:
        nonlocal came
        size = int(dict(parameters)["per_page"])
        came += size
        return {"data": rows(size, first=came * 3 + 1), "total": total}

    with pytest.raises(UnexpectedAnswerError, match=r"does not end: .* came|more records than it counts"):
        list(Paginator(asked, answer).pages())
    assert came < 1_000_000


@pytest.mark.edge(28)
@pytest.mark.parametrize("odd", [None, [], {"data": []}, {"data": None}], ids=repr)
@pytest.mark.parametrize(
    "asked", [query(), without_ids(), query(sort="-id", limit=20)], ids=["key", "none", "limit"]
)
def test_an_empty_answer_without_a_total_is_doubted_once(odd: Any, asked: Any) -> None:
    listed = Listed(rows(230))
    odds = [odd]

    def answer(parameters: Any, *rest: object) -> Any:
        return odds.pop() if odds else listed.fetch(parameters, *rest)

    found = [record for page in Paginator(asked, answer).pages() for record in page]
    assert len(found) == (asked.limit or 230)


@pytest.mark.edge(28)
def test_a_page_without_a_total_is_doubted_once_where_others_had_one() -> None:
    def questions(faults: Faults, leave_out: int) -> list[str]:
        listed = Listed(rows(330), faults)
        made: list[str] = []

        def answer(parameters: Any, *rest: object) -> Any:
            made.append(str(parameters))
            body = listed.fetch(parameters, *rest)
            return body if len(made) != leave_out else {**body, "total": None}

        assert ids(record for page in Paginator(query(), answer).pages() for record in page) == ids(rows(330))
        return made

    never = questions(Faults(total="missing"), 0)
    assert len(set(never)) == len(never), "a server that never counts is believed"
    once = questions(Faults(), 2)
    assert once[1] == once[2]
    assert len(once) == len(set(once)) + 1


@pytest.mark.edge(28)
@pytest.mark.parametrize(("number", "foreign"), [(20, 25), (230, 105)])
def test_more_records_than_asked_for_or_than_the_total_are_doubted_once(number: int, foreign: int) -> None:
    """Another list's records came between ours: the same question again has the right answer."""
    listed = Listed(rows(number))
    odds = [{"data": rows(foreign), "total": number}]

    def answer(parameters: Any, *rest: object) -> Any:
        return odds.pop() if odds else listed.fetch(parameters, *rest)

    found = [record for page in Paginator(query(), answer).pages() for record in page]
    assert ids(found) == ids(rows(number))


@pytest.mark.edge(28)
@pytest.mark.parametrize("digits", [30, 400])
def test_ids_of_many_digits_are_not_silently_lost(digits: int) -> None:
    listed = Listed([*rows(5), {"id": "9" * digits, "status": "success"}])
    with contextlib.suppress(UnexpectedAnswerError, IncompleteResultError):
        assert len(fetched(listed)) == 6


PATH = "/campaigns/7/transactions"
ASKED = [("filter", "status=success,id>500"), ("sort", "id"), ("page", "1"), ("per_page", "100")]


def page_of(**more: Any) -> dict[str, Any]:
    url = f"https://pro.example.org/api/2.0{PATH}"
    return {
        "current_page": 1,
        "data": [{"id": 501}],
        "first_page_url": f"{url}?filter=status%3Dsuccess%2Cid%3E500&sort=id&per_page=100&page=1",
        "path": url,
        "per_page": 100,
        "total": 1,
        **more,
    }


@pytest.mark.edge(25)
@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"current_page": 2}, "answered page 2 where page 1 was asked for"),
        ({"current_page": "2"}, "answered page 2 where page 1"),
        ({"path": "https://api.example.org/2.0/campaigns/8/transactions"}, "another list"),
        ({"path": "/2.0/campaigns/7/fundraising-pages"}, "another list"),
        ({"path": "/2.0/organizations/7/transactions?page=1"}, "another list"),
        ({"first_page_url": "/x?filter=status%3Dsuccess%2Cid%3E900&page=1"}, "another part of the list"),
        ({"first_page_url": "/x?filter=status%3Drefunded%2Cid%3E500&page=1"}, "another part of the list"),
        ({"per_page": 500, "data": [{"id": n} for n in range(500)]}, "pages of 500 records where 100"),
    ],
)
def test_a_page_that_answers_another_request_is_an_error(more: dict[str, Any], message: str) -> None:
    with pytest.raises(UnexpectedAnswerError, match=message) as caught:
        refuse_foreign_page(page_of(**more), PATH, ASKED)
    assert caught.value.path == PATH


@pytest.mark.edge(25)
def test_a_request_without_a_page_number_asks_for_the_first_page() -> None:
    asked = [(key, value) for key, value in ASKED if key != "page"]
    refuse_foreign_page(page_of(), PATH, asked)
    with pytest.raises(UnexpectedAnswerError, match="answered page 2 where page 1 was asked for"):
        refuse_foreign_page(page_of(current_page=2), PATH, asked)


@pytest.mark.edge(25)
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"current_page": "1", "per_page": "100"},
        {"path": None, "first_page_url": None},
        {"path": "/"},
        {"path": "http://internal:8080/v2/organization/7/gifts"},
        {"path": "https://pro.gofundme.com/api/2.0/resource"},
        {"path": f"http://10.0.0.7{PATH}?with=items"},
        {"path": f"https://api.classy.org/2.0{PATH}/"},
        {"first_page_url": f"{PATH}?page=1"},
        {"first_page_url": f"{PATH}?filter=status=success,id>500&page=1"},
        {"first_page_url": f"{PATH}?filter=status%253Dsuccess%252Cid%253E500&page=1"},
        {"first_page_url": f"{PATH}?filter=status%3Dsuccess%2Cid%26gt%3B500&page=1"},
        {"per_page": 20, "data": [{"id": n} for n in range(20)]},
        {"per_page": 50},
    ],
)
def test_a_page_that_may_be_the_answer_is_believed(more: dict[str, Any]) -> None:
    refuse_foreign_page(page_of(**more), PATH, ASKED)


WRITTEN = [
    ("status=success,id>500", "id>500,status=success"),
    ("status=success,id>500", "id > 500 , status = Success"),
    ("status=success,id>500", "id%3E500%2Cstatus%3Dsuccess"),
    ("status=success,id>500", "transactions.status==success,transactions.id>500.0"),
    ("status=success,id>500", '{"id":{"gt":500}}'),
    ("status!=success", "status<>'success'"),
    ("purchased_at>=2026-01-01T08:00:00+0000", "purchased_at>=2026-01-01T00:00:00-08:00"),
    ("purchased_at>=2026-01-01T08:00:00+0000", "purchased_at>=2026-01-01T08:00:00.000000Z"),
    ("purchased_at>=2026-01-01T08:00:00+0000", "purchased_at>=2026-01-01 08:00:00"),
    ("purchased_at>=2026-01-01T08:00:00+0000", "purchased_at>=2026-01-01"),
    ("purchased_at>=2026-01-01T08:00:00+0000", "purchased_at>=1767254400"),
    ("purchased_at>=2026-01-01T08:00:00+0000", "purchased_at>=2026-01-01T08:00:00 0000"),
    ("comment=a, b=c", "comment=a, b=c"),
    ("comment=Café", "comment=Caf\\u00e9"),
    ("is_anonymous=true", "is_anonymous=1"),
]


@pytest.mark.edge(25)
@pytest.mark.parametrize(("asked", "answered"), WRITTEN)
@pytest.mark.parametrize("safe", ["", "=<>,:+"])
def test_conditions_that_are_written_in_another_way_are_believed(
    asked: str, answered: str, safe: str
) -> None:
    link = f"{PATH}?page=1&filter={quote(answered, safe=safe)}"
    refuse_foreign_page(page_of(first_page_url=link), PATH, [("filter", asked), ("page", "1")])


@pytest.mark.edge(25)
@pytest.mark.parametrize(
    "answered",
    [
        "status=success,id>501",
        "status=success,id>=500",
        "status=success",
        "status=success,id>500,campaign_id=7",
        "status=failed,id>500",
        "status=success,id>500,purchased_at>=2026-01-03",
    ],
)
def test_other_conditions_are_not_believed_however_they_are_written(answered: str) -> None:
    with pytest.raises(UnexpectedAnswerError, match="another part of the list"):
        refuse_foreign_page(page_of(first_page_url=f"?filter={quote(answered)}"), PATH, ASKED)


@pytest.mark.edge(25)
@pytest.mark.parametrize(
    "days",
    [
        "2026-01-03T08:00:00Z",
        "2026-01-01T09:00:00Z",
        "2026-01-01T08:00:01Z",
        "2026-01-02T08:00:00",
        "2025-12-30",
    ],
)
def test_another_date_is_not_believed(days: str) -> None:
    asked = [("filter", "purchased_at>=2026-01-01T08:00:00+0000")]
    foreign = page_of(first_page_url=f"?filter={quote(f'purchased_at>={days}')}")
    with pytest.raises(UnexpectedAnswerError, match="another part of the list"):
        refuse_foreign_page(foreign, PATH, asked)


HABITS: dict[str, dict[str, Any]] = {
    "always page 1": {"current_page": 1},
    "always page 1, as text": {"current_page": "1"},
    "no page": {"current_page": None},
    "size as text": {"per_page": "100"},
    "another size": {"per_page": 250},
    "no size": {"per_page": None},
}


@pytest.mark.edge(25)
@pytest.mark.parametrize("faults", [Faults(), Faults(key_filter="ignored"), Faults(total="missing")], ids=str)
@pytest.mark.parametrize("said", HABITS.values(), ids=HABITS)
def test_a_server_that_always_says_the_same_of_its_pages_is_read(
    said: dict[str, Any], faults: Faults
) -> None:
    listed = Listed(rows(350), faults)

    def fetch(parameters: Any, *rest: object) -> Any:
        return {**listed.fetch(parameters, *rest), **said}

    assert sorted(ids(record for page in Paginator(query(), fetch).pages() for record in page)) == ids(
        rows(350)
    )
    assert Paginator(query(), fetch).count() in (350, None)


@pytest.mark.edge(25)
def test_one_first_page_in_place_of_another_is_asked_for_again() -> None:
    listed = Listed(rows(350), Faults(key_filter="ignored"))
    first = {**listed.fetch([("page", "1"), ("per_page", "100"), ("sort", "id")]), "total": 100}

    def fetch(parameters: Any, *rest: object) -> Any:
        body = listed.fetch(parameters, *rest)
        return first if len(listed.asked) == 4 else body

    assert ids(record for page in Paginator(query(), fetch).pages() for record in page) == ids(rows(350))


@pytest.mark.edge(25)
def test_a_first_page_of_another_range_is_an_error() -> None:
    foreign = page_of()  # behind id 500, where the whole list was asked for
    with pytest.raises(UnexpectedAnswerError, match="another part of the list"):
        refuse_foreign_page(foreign, PATH, [("sort", "id"), ("page", "1"), ("per_page", "100")])


@pytest.mark.edge(25)
def test_a_foreign_page_in_the_middle_ends_the_list() -> None:
    listed = Listed(rows(350))

    def fetch(parameters: Any, *_: object) -> Any:
        body = listed.fetch(parameters)
        if len(listed.asked) == 3:
            body["path"] = "/2.0/organizations/8/transactions"
        return body

    with pytest.raises(UnexpectedAnswerError, match="another list"):
        list(Paginator(query(), fetch).pages())


@pytest.mark.edge(25)
@pytest.mark.parametrize("at", [1, 2, 4])
def test_an_answer_without_conditions_among_others_with_them_ends_the_list(at: int) -> None:
    listed = Listed(rows(700))
    everything = Listed(rows(700))
    asked = 0

    def fetch(parameters: Any, *rest: object) -> Any:
        nonlocal asked
        asked += 1
        if asked == at:  # what came for somebody who asked without conditions
            wider = [(name, value.removeprefix("status=success,")) for name, value in parameters]
            wider = [pair for pair in wider if pair != ("filter", "status=success")]
            body = everything.fetch(wider, *rest)
            return {**body, "first_page_url": "/2.0/organizations/7/transactions?page=1"}
        body = listed.fetch(parameters, *rest)
        return {**body, "first_page_url": f"?page=1&filter={quote(dict(parameters)['filter'])}"}

    with pytest.raises(UnexpectedAnswerError, match="another part of the list"):
        list(Paginator(query(where="status = success"), fetch).pages())


@pytest.mark.edge(28)
@pytest.mark.parametrize("faults", [Faults(), Faults(key_filter="ignored")], ids=["key", "page number"])
@pytest.mark.parametrize("at", range(1, 7))
def test_one_answer_in_another_shape_adds_no_row(faults: Faults, at: int) -> None:
    listed = Listed(rows(350), faults)
    asked = 0

    def fetch(parameters: Any, *rest: object) -> Any:
        nonlocal asked
        asked += 1
        body = listed.fetch(parameters, *rest)
        return [body] if asked == at else body

    found = [record for page in Paginator(query(), fetch).pages() for record in page]
    assert sorted(ids(found)) == ids(rows(350))


@pytest.mark.edge(28)
def test_too_many_records_are_believed_only_if_the_same_come_twice() -> None:
    listed = Listed(rows(350), Faults(key_filter="ignored"))
    asked = 0

    def fetch(parameters: Any, *rest: object) -> Any:
        nonlocal asked
        asked += 1
        body = listed.fetch(parameters, *rest)
        if asked in (4, 5):
            body = {**body, "data": body["data"] + rows(3, first=100_000 * asked)}
        return body

    found = [record for page in Paginator(query(), fetch).pages() for record in page]
    assert ids(found) == ids(rows(350))


@pytest.mark.edge(28)
@pytest.mark.parametrize("at", range(1, 5))
def test_fewer_records_than_the_page_says_are_doubted_once(at: int) -> None:
    listed = Listed(rows(350))
    asked = 0

    def fetch(parameters: Any, *rest: object) -> Any:
        nonlocal asked
        asked += 1
        body = listed.fetch(parameters, *rest)
        return {**body, "data": {"1": {"id": 1}}} if asked == at else body

    found = [record for page in Paginator(query(), fetch).pages() for record in page]
    assert ids(found) == ids(rows(350))


def repeated(body: Any) -> Any:
    return {**body, "data": body["data"][:40] * 3}


def with_a_foreign_id(body: Any) -> Any:
    return {**body, "data": [*body["data"][:40], {**body["data"][40], "id": 10**12}, *body["data"][41:]]}


def within_an_array(body: Any) -> Any:
    return [body]


def without_one_id(body: Any) -> Any:
    return {**body, "data": [*body["data"][:40], {"status": "success"}, *body["data"][41:]]}


@pytest.mark.edge(28)
@pytest.mark.parametrize("change", [repeated, with_a_foreign_id, within_an_array, without_one_id])
@pytest.mark.parametrize("at", range(2, 6))
def test_one_strange_page_is_asked_for_again(change: Callable[[Any], Any], at: int) -> None:
    listed = Listed(rows(350), Faults(key_filter="400"))
    asked = 0

    def fetch(parameters: Any, *rest: object) -> Any:
        nonlocal asked
        asked += 1
        body = listed.fetch(parameters, *rest)
        return change(body) if asked == at else body

    found = [record for page in Paginator(query(), fetch).pages() for record in page]
    assert sorted(ids(found)) == ids(rows(350))


@pytest.mark.edge(28)
def test_a_total_below_the_records_beside_it_is_not_a_count() -> None:
    answers = iter([0, 350])

    def fetch(*_: object) -> Any:
        return {"current_page": 1, "per_page": 1, "data": [{"id": 1}], "total": next(answers)}

    assert Paginator(query(), fetch).count() == 350


@pytest.mark.edge(25)
def test_a_count_is_not_taken_from_a_page_of_another_size() -> None:
    listed = Listed(rows(350))
    asked = 0

    def fetch(parameters: Any, *rest: object) -> Any:
        nonlocal asked
        asked += 1
        if asked == 1:  # somebody else's page
            return {"current_page": 1, "per_page": 100, "data": rows(100), "total": 900}
        return listed.fetch(parameters, *rest)

    assert Paginator(query(), fetch).count() == 350
