"""How many records are asked for at a time: less where the server is slow, more again when it is not."""

from collections import Counter

import pytest
from classy_nb.pagination.page_size import SIZES, PageSize, smaller
from classy_nb.pagination.requester import Asker
from support.keyed import Keyed, last_of
from support.lists import Faults, Listed, rows
from support.walks import fetched, ids, query

from classy_nb.errors import TimedOutError

SLOW = TimedOutError("The server did not answer in time.")


def worked(size: PageSize, times: int = 1, *, at: int | None = None, may_climb: bool = True) -> None:
    for _ in range(times):
        size.worked(size.now if at is None else at, may_climb=may_climb)


def timed_out(size: PageSize, times: int = 1) -> list[int]:
    """Let requests of the present size time out; return the sizes after each."""
    found = []
    for _ in range(times):
        size.timed_out(size.now)
        found.append(size.now)
    return found


def test_sizes_go_down_to_one() -> None:
    assert SIZES == (100, 50, 25, 5, 1)
    assert [smaller(size) for size in SIZES] == [50, 25, 5, 1, 1]


def test_trap_22_a_size_that_never_worked_is_given_up_at_once() -> None:
    size = PageSize()
    assert not size.is_least
    assert timed_out(size, 5) == [50, 25, 5, 1, 1]
    assert size.is_least


def test_trap_22_a_size_that_has_worked_is_given_up_at_the_third_time_out_in_a_row() -> None:
    size = PageSize()
    worked(size)
    assert timed_out(size, 2) == [100, 100]
    worked(size)
    assert timed_out(size, 3) == [100, 100, 50]
    assert timed_out(size) == [25], "50 has never worked"


def test_what_others_have_concluded_already_is_not_concluded_again() -> None:
    """Eight workers whose requests time out together make one step, not eight."""
    size = PageSize()
    for _ in range(8):
        size.timed_out(100)
    assert size.now == 50
    size.worked(100, may_climb=True)
    assert size.now == 50
    assert timed_out(size) == [25], "an answer of another size proves nothing"


def test_a_larger_size_is_tried_again_more_and_more_rarely() -> None:
    size = PageSize()
    waits = []
    timed_out(size)
    for _ in range(3):
        answers = 0
        while size.now == 50:
            worked(size)
            answers += 1
        waits.append(answers)
        assert size.now == 100
        assert timed_out(size) == [50], "it is on trial again"
    assert waits == [50, 200, 800]


def test_it_climbs_step_by_step_to_the_top_and_stays_there() -> None:
    size = PageSize()
    timed_out(size, 3)
    seen = [size.now]
    for _ in range(5000):
        worked(size)
        if size.now != seen[-1]:
            seen.append(size.now)
    assert seen == [5, 25, 50, 100]


def test_page_numbers_do_not_climb() -> None:
    size = PageSize()
    timed_out(size)
    worked(size, 1000, may_climb=False)
    assert size.now == 50


def test_a_time_out_makes_the_way_up_begin_anew() -> None:
    size = PageSize()
    timed_out(size)
    worked(size, 49)
    timed_out(size, 3)
    assert size.now == 25
    worked(size, 49)
    assert size.now == 25
    worked(size)
    assert size.now == 50


def sizes_asked(listed: Listed | Keyed) -> list[int]:
    return [int(asked["per_page"]) for asked in listed.asked]


def test_two_time_outs_of_a_size_that_works_are_the_servers_mood() -> None:
    listed = Listed(rows(450), Faults(fail={3: SLOW, 4: SLOW}))
    assert ids(fetched(listed)) == ids(rows(450))
    assert sizes_asked(listed) == [100, 100, 100, 100, 50, 100, 100, 100]


def test_three_in_a_row_are_not() -> None:
    listed = Listed(rows(450), Faults(fail={3: SLOW, 4: SLOW, 5: SLOW}))
    assert ids(fetched(listed)) == ids(rows(450))
    assert sizes_asked(listed)[:5] == [100, 100, 100, 100, 50]
    assert set(sizes_asked(listed)) == {100, 50}


def slow_above(size: int, *, until: int = 10**9) -> Keyed:
    """A long list whose larger pages time out, until so many requests were made."""

    def before(asked: dict[str, str]) -> None:
        if int(asked["per_page"]) > size and len(listed.asked) <= until:
            raise SLOW

    listed = Keyed(range(1, 6001), before)
    return listed


def test_a_long_slow_list_climbs_again() -> None:
    """The server was slow for a while."""
    listed = slow_above(50, until=20)
    assert ids(fetched(listed)) == list(range(1, 6001))
    assert sizes_asked(listed) == [100, *[50] * 50, *[100] * 36]


def test_a_list_that_stays_slow_is_tried_rarely() -> None:
    listed = slow_above(50)
    assert len(fetched(listed)) == 6000
    assert Counter(sizes_asked(listed)) == {50: 121, 100: 2}


@pytest.mark.parametrize("workers", [1, 4])
@pytest.mark.parametrize("key_filter", ["works", "400"])
def test_nothing_answers_in_time(workers: int, key_filter: str) -> None:
    listed = Listed(rows(1000), Faults(slow_above=0, key_filter=key_filter))
    with pytest.raises(TimedOutError, match="did not answer in time"):
        fetched(listed, workers=workers)
    assert sizes_asked(listed) == list(SIZES)


@pytest.mark.parametrize("key_filter", ["ignored", "400"])
def test_by_page_number_it_begins_again_with_smaller_pages(key_filter: str) -> None:
    listed = Listed(rows(300), Faults(key_filter=key_filter, slow_above=25))
    assert sorted(ids(fetched(listed))) == ids(rows(300))
    by_number = [asked for asked in listed.asked if "filter" not in asked]
    assert [int(asked["per_page"]) for asked in by_number][-12:] == [25] * 12
    assert sorted(int(asked["page"]) for asked in by_number[-12:]) == list(range(1, 13))
    assert len(listed.asked) < 25


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
def test_trap_22_one_page_that_never_answers_ends_the_walk_however_well_others_do(workers: int) -> None:
    """Answers to other workers keep the size up; this page must not be asked for for ever."""
    listed, tries = stuck(behind=100)
    with pytest.raises(TimedOutError):
        fetched(listed, workers=workers)
    assert len(tries) <= 2 * len(SIZES) + 1
    assert tries == sorted(tries, reverse=True)
    assert (tries[0], tries[-1]) == (100, 1)


@pytest.mark.parametrize("workers", [1, 8])
def test_trap_22_one_page_that_answers_in_small_pieces_only(workers: int) -> None:
    listed, tries = stuck(behind=100, least=5)
    assert sorted(ids(fetched(listed, workers=workers))) == list(range(1, 4001))
    assert tries == sorted(tries, reverse=True)
    assert len(tries) <= 2 * len(SIZES)


def test_trap_22_the_size_is_learned_once_for_all_workers() -> None:
    listed = slow_above(25)
    assert len(fetched(listed, workers=8)) == 6000
    counted = Counter(sizes_asked(listed))
    assert counted[100] == 1
    assert counted[50] <= 3 * 8, "a larger size is tried rarely, by as many as happen to ask"


def test_counting_and_cutting_need_no_larger_pages() -> None:
    listed = Listed(rows(30), Faults(slow_above=1))
    asker = Asker(query(), listed.fetch)
    assert asker.count().total == 30
    found = asker.one_at(7)
    assert found is not None
    assert found.ids() == [22]
    assert asker.size.now == 100
    assert asker.requests == 2
