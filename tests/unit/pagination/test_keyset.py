"""Lists by keyset, with several workers: each row once, few requests, nothing left behind."""

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from support.keyed import Keyed, last_of
from support.lists import Faults, Listed, rows
from support.threads import walkers
from support.walks import fetched, ids, query

from classy_nb.errors import (
    BadRequestError,
    ConnectionFailedError,
    IncompleteResultError,
    NotFoundError,
    PermissionDeniedError,
    ServerError,
    UnexpectedAnswerError,
)
from classy_nb.pagination import Paginator

many = pytest.mark.parametrize("workers", [2, 8, 32])


@pytest.fixture(autouse=True)
def _nobody_is_left() -> Iterator[None]:
    yield
    assert walkers() == []


@many
@pytest.mark.parametrize("number", [301, 1000, 4321])
def test_no_more_requests_than_pages_and_cuts(workers: int, number: int) -> None:
    listed = Keyed(range(5, 5 + 3 * number, 3))
    assert sorted(ids(fetched(listed, workers=workers))) == listed.ids
    pages = -(-number // 100)
    # A cut each for the ranges that there are, at most one more page for each of their ends, and some
    # for those who came to help.
    assert len(listed.asked) <= pages + 3 * min(workers, pages) + 6
    assert listed.cuts <= min(workers, pages) + 8


@many
def test_three_pages_need_no_help(workers: int) -> None:
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


def test_whoever_has_finished_helps_with_a_slow_range() -> None:
    askers: Counter[str] = Counter()

    def before(asked: dict[str, str]) -> None:
        if last_of(asked) >= 3000 and asked["per_page"] != "1":
            askers[threading.current_thread().name] += 1
            time.sleep(0.02)

    assert sorted(everything(Keyed(range(1, 4001), before), 4)) == list(range(1, 4001))
    assert len(askers) > 1, "the last range was one worker's own in the beginning"
    assert max(askers.values()) < sum(askers.values()) - 1


def test_one_worker_that_hangs_holds_up_little() -> None:
    """What lies behind its page is taken over by the others, to the last few pages."""
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
    """Count each record that comes, also where the walk fails in the end."""
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


def test_behind_an_id() -> None:
    for workers in (1, 8):
        listed = Listed(rows(4000))
        paginator = Paginator(query(where="status = success"), listed.fetch, workers=workers, after=6001)
        found = [row for page in paginator.pages() for row in page]
        assert sorted(ids(found)) == [
            r["id"] for r in rows(4000) if r["id"] > 6001 and r["status"] == "success"
        ]
        assert all(
            asked["filter"].startswith("status=success,id>") and int(asked["filter"].split(">")[1]) >= 6001
            for asked in listed.asked
        )
        assert paginator.total == 1000
