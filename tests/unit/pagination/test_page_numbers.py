"""Lists by page number: whole and exact, or an error, while the list changes."""

import random
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from support.fetching import fetched, ids, query, without_ids
from support.lists import Faults, Listed, rows

from classy_nb.errors import (
    IncompleteResultError,
    TimedOutError,
)


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


def test_what_is_missing_is_told_rightly_by_number_too() -> None:
    with pytest.raises(IncompleteResultError, match="250 of 255 records arrived"):
        fetched(Listed(rows(250), Faults(total="+5", key_filter="400")))


SLOW = TimedOutError("The server did not answer in time.")


EMAILS = [{"email_address": f"p{i:03}@example.org"} for i in range(450)]


NEWEST = {"sort": "id:desc"}


def slow_from(number: int) -> Faults:
    """Three time-outs in a row: the pages become smaller, and their numbers mean something else."""
    return Faults(fail={number + i: SLOW for i in range(3)}, key_filter="400")


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5, 6])
def test_smaller_pages_in_the_middle_repeat_nothing(number: int) -> None:
    assert fetched(Listed(EMAILS, slow_from(number)), without_ids(limit=300)) == EMAILS[:300]
    newest = rows(450)[::-1]
    assert fetched(Listed(rows(450), slow_from(number)), query(limit=300, **NEWEST)) == newest[:300]
    assert ids(fetched(Listed(rows(450), slow_from(number)), query(limit=300))) == ids(rows(300))


def changing(change: Callable[[Listed], object], *numbers: int) -> Callable[[int, Listed], None]:
    return lambda number, listed: change(listed) if number in numbers else None


def newest_goes(listed: Listed) -> None:
    del listed.rows[-1]


@pytest.mark.parametrize("number", [2, 3, 4, 5, 6])
def test_trap_20_a_deletion_between_two_pages_loses_no_other_record(number: int) -> None:
    listed = Listed(rows(450), before=changing(newest_goes, number))
    found = ids(fetched(listed, query(limit=250, **NEWEST)))
    gone = [i for i in ids(rows(450))[::-1] if i != ids(rows(450))[-1]]
    assert found in (gone[:250], [ids(rows(450))[-1], *gone[:249]])


@pytest.mark.parametrize("size", [2, 4, 5, 6, 7])
@pytest.mark.parametrize("number", range(2, 10))
def test_trap_20_a_deletion_between_pages_too_small_to_overlap_loses_no_other_record(
    size: int, number: int
) -> None:
    """The total is smaller by one, too: it cannot tell that another record moved up and was skipped."""
    faults = Faults(key_filter="ignored", most_per_page=size)
    listed = Listed(rows(43), faults, before=changing(lambda listed: listed.rows.pop(0), number))
    assert sorted(ids(fetched(listed)))[-42:] == ids(rows(43))[1:]


@pytest.mark.parametrize("number", [2, 3, 4])
def test_trap_20_a_deletion_in_a_list_without_ids(number: int) -> None:
    listed = Listed(EMAILS, before=changing(lambda listed: listed.rows.pop(0), number))
    assert fetched(listed, without_ids(limit=250)) == EMAILS[1:251]


def test_gifts_that_arrive_at_the_top_do_not_matter() -> None:
    """A new record with each request: no older one is missing among the 250."""

    def arrive(number: int, listed: Listed) -> None:
        listed.rows += rows(1, first=10_000 + number)

    listed = Listed(rows(450), before=arrive)
    found = ids(fetched(listed, query(limit=250, **NEWEST)))
    assert len(listed.asked) == 3
    assert found == sorted(found, reverse=True)
    there_throughout = [i for i in ids(rows(450)) if i >= found[-1]]
    assert set(there_throughout) <= set(found)


def test_deletions_between_any_two_pages_lose_no_other_record() -> None:
    listed = Listed(rows(900), before=lambda _number, listed: newest_goes(listed))
    found = ids(fetched(listed, query(limit=250, **NEWEST)))
    assert found == list(range(found[0], found[0] - 3 * 250, -3))
    assert len(listed.asked) == 3


@pytest.mark.parametrize("seed", range(5))
def test_a_list_in_another_order_on_each_page_is_whole_or_an_error(seed: int) -> None:
    chance = random.Random(seed)
    faults = Faults(key_filter="ignored", sort="ignored")
    listed = Listed(rows(900), faults, lambda _number, listed: chance.shuffle(listed.rows))
    with suppress(IncompleteResultError):
        assert sorted(ids(fetched(listed))) == ids(rows(900))
    assert len(listed.asked) < 3 * (9 + 2 * 50)  # three passes, each given up after fifty gaps


def test_fewer_than_promised_is_an_error() -> None:
    with pytest.raises(IncompleteResultError, match="450 of 455 records arrived"):
        fetched(Listed(rows(450), Faults(total="+5")), query(limit=600, **NEWEST))
    with pytest.raises(IncompleteResultError, match="100 of 451 records arrived"):
        fetched(Listed(rows(100), Faults(total=451, paging=False)), query(limit=600, **NEWEST))


@pytest.mark.parametrize(("number", "requests"), [(0, 1), (1, 1), (100, 2), (101, 2), (250, 3)])
def test_each_page_is_asked_for_once(number: int, requests: int) -> None:
    listed = Listed(rows(number))
    assert len(fetched(listed, query(limit=300, **NEWEST))) == number
    assert len(listed.asked) == requests


def stable_first(listed: Listed, stays: set[int], found: list[int]) -> list[int]:
    """The records that were there throughout, down to the last that was found."""
    return [i for i in ids(listed.rows)[::-1] if i in stays and i >= found[-1]]


@pytest.mark.parametrize("seed", range(60))
def test_trap_20_nothing_that_stays_is_lost_while_records_come_and_go(seed: int) -> None:
    chance = random.Random(seed)
    listed = Listed(rows(450))
    stays = set(ids(listed.rows))

    def change(number: int, listed: Listed) -> None:
        if chance.random() < 0.6:
            return
        listed.rows += rows(chance.randrange(3), first=10_000 + 10 * number)
        for row in chance.sample(listed.rows, chance.randrange(2)):
            stays.discard(row["id"])
            listed.rows.remove(row)

    listed.before = change
    found: list[Any] = []
    try:
        found = ids(fetched(listed, query(limit=250, **NEWEST)))
    except IncompleteResultError:
        return  # honest
    assert len(found) == len(set(found)) == 250
    assert found == sorted(found, reverse=True)
    assert set(stable_first(listed, stays, found)) <= set(found)


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
