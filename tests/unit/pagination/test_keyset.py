"""Lists by keyset, with several workers: each row once, few requests, nothing left behind."""

import random
import threading
import time
from collections import Counter
from contextlib import suppress
from typing import Any

import pytest
from support.fetching import fetched, ids, query, workers
from support.keyed import Keyed, last_of
from support.lists import Faults, Listed, rows

from classy_nb.errors import (
    BadRequestError,
    ConnectionFailedError,
    IncompleteResultError,
    NotFoundError,
    PermissionDeniedError,
    ServerError,
    UnexpectedAnswerError,
)
from classy_nb.http import Concurrency
from classy_nb.pagination import Paginator

many = pytest.mark.parametrize("workers", [2, 8, 32])


pytestmark = pytest.mark.usefixtures("nobody_is_left_at_work")


@many
@pytest.mark.parametrize("number", [301, 1000, 4321])
def test_no_more_requests_than_pages_and_cuts(workers: int, number: int) -> None:
    listed = Keyed(range(5, 5 + 3 * number, 3))
    assert sorted(ids(fetched(listed, workers=workers))) == listed.ids
    pages = -(-number // 100)
    # The page at a cut is one of the list's own; at the end of a range a page may come twice.
    assert len(listed.asked) <= pages + 2 * min(workers, pages) + 2
    assert {asked["per_page"] for asked in listed.asked} <= {"100", "99"}


@many
def test_three_pages_are_read_by_one_worker(workers: int) -> None:
    listed = Listed(rows(300))
    paginator = Paginator(query(), listed.fetch, workers=workers)
    assert [len(page) for page in paginator.pages()] == [100, 100, 100]
    assert len(listed.asked) == 4  # a full page is never believed to be the last


@many
def test_parts_tell_how_they_fit_together(workers: int) -> None:
    """Each range ends once, where the next one starts; in each the ids ascend."""
    paginator = Paginator(query(), Keyed(range(1, 2501)).fetch, workers=workers)
    parts = list(paginator.parts())
    ends = {part.start: part.end for part in parts if part.finished}
    found: dict[int, list[int]] = {}
    for part in parts:
        found.setdefault(part.start, []).extend(ids(list(part.records)))
    assert set(ends) == set(found)
    start: int | None = min(found)
    in_order: list[int] = []
    while start is not None:
        in_order += found.pop(start)
        start = ends[start]
    assert found == {}
    assert in_order == list(range(1, 2501))


@pytest.mark.parametrize("rows_per_range", [100, 250, 1000])
def test_ranges_of_a_size_are_open_a_few_at_a_time(rows_per_range: int) -> None:
    workers = 4
    listed = Keyed(range(1, 6001), lambda asked: time.sleep(0 if asked["per_page"] == "1" else 0.002))
    paginator = Paginator(query(), listed.fetch, workers=workers)
    open_ones: set[int] = set()
    finished = 0
    for part in paginator.parts(rows_per_range=rows_per_range):
        open_ones.add(part.start)
        if part.finished:
            open_ones.discard(part.start)
            finished += 1
        assert len(open_ones) <= 2 * workers
    assert finished >= 6000 // rows_per_range // 3


@pytest.mark.parametrize("seed", range(4))
def test_trap_20_at_full_speed_while_rows_come_and_go(seed: int) -> None:
    """Three come and two go before each answer, anywhere in the list."""
    chance = random.Random(seed)
    expected = rows(2000, first=1000, step=10)
    listed = Listed(expected)
    gone: set[int] = set()

    def change(number: int, listed: Listed) -> None:
        for _ in range(3):
            new = 1000 + chance.randrange(30_000)
            if all(row["id"] != new for row in listed.rows[-200:]) and new % 10:
                listed.rows.append({**expected[0], "id": new})
        for _ in range(2):
            row = listed.rows.pop(chance.randrange(len(listed.rows)))
            gone.add(row["id"])

    listed.before = change
    with suppress(IncompleteResultError):  # honest; rows that are deleted may count as missing
        found = Counter(ids(fetched(listed, workers=8)))
        assert set(ids(expected)) - gone <= set(found)
        assert {i for i, times in found.items() if times > 1} == set()
        assert len(found) > 1500


def everything(listed: Keyed, workers: int) -> list[int]:
    return [i for page in Paginator(query(), listed.fetch, workers=workers).pages() for i in ids(list(page))]


class Chosen(Concurrency):
    """A number that a test chooses."""

    chosen = 2

    @property
    def number(self) -> int:
        return self.chosen


def test_a_number_that_grows_while_pages_are_awaited_brings_more_of_them_at_once() -> None:
    chosen, met = Chosen(), threading.Event()
    meeting = threading.Barrier(6, met.set)

    def before(_: dict[str, str]) -> None:
        if len(listed.asked) > 1 and not met.is_set():
            meeting.wait(10)  # raises where six are never under way

    listed = Keyed(range(1, 6001), before)
    threading.Timer(0.3, setattr, (chosen, "chosen", 6)).start()
    paginator = Paginator(query(), listed.fetch, workers=chosen)
    assert sorted(i for page in paginator.pages() for i in ids(list(page))) == listed.ids
    assert met.is_set()


def test_idle_workers_take_over_half_of_a_slow_range() -> None:
    threads: Counter[str] = Counter()

    def before(asked: dict[str, str]) -> None:
        if last_of(asked) >= 3000 and asked["per_page"] != "1":
            threads[threading.current_thread().name] += 1
            time.sleep(0.02)

    assert sorted(everything(Keyed(range(1, 4001), before), 4)) == list(range(1, 4001))
    assert len(threads) > 1, "the last range was one worker's own in the beginning"
    assert max(threads.values()) < sum(threads.values()) - 1


def test_one_request_that_hangs_holds_up_little() -> None:
    """The others take over what comes after its page, to the last few pages."""
    release, hung = threading.Event(), threading.Event()

    def before(asked: dict[str, str]) -> None:
        if last_of(asked) >= 4000 and asked["per_page"] != "1" and not hung.is_set():
            hung.set()
            assert release.wait(20)

    found: list[int] = []
    for page in Paginator(query(), Keyed(range(1, 9001), before).fetch, workers=4).pages():
        found += ids(list(page))
        if len(found) >= 9000 - 5 * 100:
            release.set()
    assert hung.is_set()
    assert sorted(found) == list(range(1, 9001))


CUT_FAULTS = {
    "400": BadRequestError("no", status=400),
    "404": NotFoundError("no", status=404),
    "500": ServerError("no", status=500),
    "hung up": ConnectionFailedError("no"),
    "no JSON": UnexpectedAnswerError("no", status=200),
}


def is_cut(asked: dict[str, str]) -> bool:
    """Whether a new range is to begin with this page."""
    return asked["page"] != "1"


@pytest.mark.parametrize("error", CUT_FAULTS.values(), ids=CUT_FAULTS.keys())
def test_trap_26_ranges_that_cannot_begin_matter_little(error: Exception) -> None:
    """All of them fail: one worker reads the list alone, and the others do not hammer the server."""

    def before(asked: dict[str, str]) -> None:
        if is_cut(asked):
            raise error
        time.sleep(0.001)

    listed = Keyed(range(1, 5001), before)
    assert everything(listed, 8) == list(range(1, 5001))
    cuts = sum(map(is_cut, listed.asked))
    assert cuts <= 5 + 8
    assert len(listed.asked) - cuts == 51


@pytest.mark.parametrize("records", [[], [{"name": "no id"}], [{"id": 0}]])
def test_trap_26_nonsense_where_a_range_is_to_begin_matters_little(records: list[Any]) -> None:
    listed, nonsense = Keyed(range(1, 2001), lambda _: time.sleep(0.001)), []

    def fetch(parameters: Any, *_: object) -> Any:
        if is_cut(dict(parameters)):
            nonsense.append(1)
            return {"data": records, "total": 2000, "current_page": 1}
        return listed.fetch(parameters)

    paginator = Paginator(query(), fetch, workers=8)
    assert sorted(i for page in paginator.pages() for i in ids(list(page))) == list(range(1, 2001))
    assert len(nonsense) <= 5 + 2 * 8


@many
@pytest.mark.parametrize("how", ["ignored", "400", "500"])
def test_a_key_that_is_refused_at_once_makes_it_page_numbers(workers: int, how: str) -> None:
    listed = Listed(rows(1200), Faults(key_filter=how))
    found = ids(fetched(listed, workers=workers))
    assert sorted(found) == ids(rows(1200))
    assert len(listed.asked) <= 12 + 3 * workers + 6


def note(paginator: Paginator, seen: Counter[int]) -> None:
    """Count each record that comes, also where the fetch fails in the end."""
    for page in paginator.pages():
        seen.update(ids(list(page)))


@many
def test_trap_20_a_key_that_is_refused_in_the_middle_is_an_error(workers: int) -> None:
    """What has come by key cannot be made whole by page number without repeating rows."""
    for refusal in (BadRequestError("no", status=400), PermissionDeniedError("no", status=403)):
        listed = Listed(rows(2000))
        seen: Counter[int] = Counter()

        def before(number: int, listed: Listed, refusal: Exception = refusal) -> None:
            if number > 15:
                raise refusal

        listed.before = before
        with pytest.raises(type(refusal)):
            note(Paginator(query(), listed.fetch, workers=workers), seen)
        assert set(seen.values()) == {1}
        assert len(seen) < 2000


def test_a_filter_that_is_ignored_from_the_middle_on_is_an_error() -> None:
    listed = Listed(rows(3000))

    def before(number: int, listed: Listed) -> None:
        listed.faults.key_filter = "ignored" if number > 25 else "works"

    listed.before = before
    seen: Counter[int] = Counter()
    with pytest.raises(UnexpectedAnswerError, match="out of order, in the middle of a list"):
        note(Paginator(query(), listed.fetch, workers=8), seen)
    assert set(seen.values()) <= {1}


@many
def test_the_top_costs_one_request(workers: int) -> None:
    for limit in (1, 20, 100):
        listed = Listed(rows(1000))
        expected = listed._sorted(rows(1000), "fees_amount:desc")[:limit]
        assert fetched(listed, query(limit=limit, sort="fees_amount:desc"), workers=workers) == expected
        assert listed.asked == [{"sort": "fees_amount:desc,id", "page": "1", "per_page": str(limit)}]


@many
def test_the_first_250_cost_three_requests_sorted_or_not(workers: int) -> None:
    listed = Listed(rows(1000))
    assert ids(fetched(listed, query(limit=250), workers=workers)) == ids(rows(250))
    assert len(listed.asked) == 3
    listed = Listed(rows(1000))
    expected = listed._sorted(rows(1000), "status")[:250]
    assert fetched(listed, query(limit=250, sort="status"), workers=workers) == expected
    assert len(listed.asked) == 3  # each page holds the last record of the one before: none was lost between


@workers
def test_a_list_can_begin_after_an_id(workers: int) -> None:
    listed = Listed(rows(4000))
    paginator = Paginator(query(where="status = success"), listed.fetch, workers=workers, after=6001)
    found = [row for page in paginator.pages() for row in page]
    assert sorted(ids(found)) == [r["id"] for r in rows(4000) if r["id"] > 6001 and r["status"] == "success"]
    for asked in listed.asked:
        known, _, last = asked["filter"].partition(",id>")
        assert known == "status=success"
        assert int(last) >= 6001
    assert paginator.total == 1000


def test_nothing_more_is_asked_where_nothing_is_missing() -> None:
    listed = Listed(rows(1000))
    fetched(listed)
    assert len(listed.asked) == 10 + 1  # the last page was full


@workers
def test_a_total_that_is_never_right_is_not_chased_forever(workers: int) -> None:
    listed = Listed(rows(4000), Faults(total="+5"))
    with pytest.raises(IncompleteResultError, match="4,000 of 4,005 records arrived"):
        fetched(listed, workers=workers)
    assert len(listed.asked) < 40 + 20 + 300


@workers
def test_a_500_at_the_very_end_is_a_server_error(workers: int) -> None:
    """The key has worked: a 500 does not refuse it, and no internal error gets out."""
    listed = Listed(rows(700), Faults(total="+5"))

    def fail(asked: int, listed: Listed) -> None:
        if int(listed.asked[-1].get("filter", "id>0").split(">")[1].split(",")[0]) >= rows(700)[-1]["id"]:
            listed.faults.fail = {
                n: ServerError("The API failed.", status=500) for n in range(asked, asked + 50)
            }

    listed.before = fail
    with pytest.raises(ServerError, match="The API failed"):
        fetched(listed, workers=workers)


def test_a_key_that_is_ignored_at_the_very_end_is_an_error() -> None:
    listed = Listed(rows(700), Faults(total="+5"))

    def refuse(asked: int, listed: Listed) -> None:
        if int(listed.asked[-1].get("filter", "id>0").split(">")[1].split(",")[0]) >= rows(700)[-1]["id"]:
            listed.faults.key_filter = "ignored"

    listed.before = refuse
    with pytest.raises(UnexpectedAnswerError, match="out of order, in the middle of a list"):
        fetched(listed)


def test_ids_beyond_64_bits_are_read_too() -> None:
    huge = [{**row, "id": row["id"] + 2**63} for row in rows(250)]
    assert ids(fetched(Listed(huge))) == ids(huge)


@workers
def test_records_that_match_only_after_they_were_passed_are_reported_missing(workers: int) -> None:
    """Nobody can tell them from records that the server lost."""
    listed = Listed(rows(2000))

    def change(number: int, listed: Listed) -> None:
        if number == 5:
            for row in listed.rows[:5]:
                row["status"] = "success"
            for row in listed.rows[-5:]:
                row["status"] = "failed"

    listed.before = change
    seen: Counter[int] = Counter()
    with pytest.raises(IncompleteResultError, match=r"\d+ of 1,00\d records arrived"):
        note(Paginator(query(where="status = success"), listed.fetch, workers=workers), seen)
    assert set(seen.values()) == {1}


@workers
def test_what_arrives_after_the_last_page_makes_up_for_what_was_deleted(workers: int) -> None:
    listed = Listed(rows(730))
    last = rows(730)[-1]["id"]

    def change(number: int, listed: Listed) -> None:
        if number == 2:
            del listed.rows[-20:]
        if listed.asked[-1]["per_page"] == "1":  # it is counted anew
            listed.rows += rows(20, first=last + 3)

    listed.before = change
    found = ids(fetched(listed, workers=workers))
    assert sorted(found) == [*ids(rows(710)), *ids(rows(20, first=last + 3))]
