"""Records that meet a condition only since the walk has passed them, and walks that break in the end."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from support.keyed import Keyed
from support.lists import Faults, Listed, rows
from support.walks import fetched, ids, query, workers

from classy_nb.errors import IncompleteResultError, ServerError, TimedOutError
from classy_nb.pagination import Paginator, requester

SUCCESS = "status = success"


@workers
@pytest.mark.parametrize("number", [800, 4000])
@pytest.mark.parametrize("late", [[0], [0, 1, 190], list(range(150))])
def test_trap_20_what_comes_into_a_filter_behind_the_walk_is_found(
    number: int, late: list[int], workers: int
) -> None:
    """As many leave it ahead of the walk, so that the count alone would call the result whole."""
    listed = Listed(rows(number))
    failed = [row for row in listed.rows if row["status"] == "failed"]

    def change(asked: int, listed: Listed) -> None:
        if asked == 3:
            for place in late:
                failed[place]["status"] = "success"
            for row in [row for row in listed.rows if row["status"] == "success"][-len(late) :]:
                row["status"] = "refunded"

    listed.before = change
    found = ids(fetched(listed, query(where=SUCCESS), workers=workers))
    assert sorted(found) == [row["id"] for row in listed.rows if row["status"] == "success"]
    assert len(found) == len(set(found))


def test_nothing_more_is_asked_where_nothing_is_missing() -> None:
    listed = Listed(rows(1000))
    fetched(listed)
    assert len(listed.asked) == 10 + 1  # the last page was full


@workers
def test_counts_that_are_never_right_are_not_followed_for_ever(workers: int) -> None:
    listed = Listed(rows(4000), Faults(total="+5"))
    with pytest.raises(IncompleteResultError, match="4,000 of 4,005 records arrived"):
        fetched(listed, workers=workers)
    assert len(listed.asked) < 40 + 20 + 300


@workers
def test_a_failure_at_the_very_end_is_the_packages_own(workers: int) -> None:
    """The walk was proven: a 500 is no refusal of the key, and no internal error gets out."""
    listed = Listed(rows(700), Faults(total="+5"))

    def fail(asked: int, listed: Listed) -> None:
        if int(listed.asked[-1].get("filter", "id>0").split(">")[1].split(",")[0]) >= rows(700)[-1]["id"]:
            listed.faults.fail = {
                n: ServerError("The API failed.", status=500) for n in range(asked, asked + 50)
            }

    listed.before = fail
    with pytest.raises(ServerError, match="The API failed"):
        fetched(listed, workers=workers)


def test_a_key_that_is_refused_at_the_very_end_is_an_incomplete_result() -> None:
    listed = Listed(rows(700), Faults(total="+5"))

    def refuse(asked: int, listed: Listed) -> None:
        if int(listed.asked[-1].get("filter", "id>0").split(">")[1].split(",")[0]) >= rows(700)[-1]["id"]:
            listed.faults.key_filter = "ignored"

    listed.before = refuse
    with pytest.raises(IncompleteResultError, match="700 of 705 records arrived"):
        fetched(listed)


def test_ids_that_are_no_numbers_of_a_database_end_the_search_only() -> None:
    huge = [{**row, "id": row["id"] + 2**63} for row in rows(250)]
    assert ids(fetched(Listed(huge))) == ids(huge)


@workers
def test_trap_22_a_server_that_went_silent_is_not_asked_for_ever(
    workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each time-out takes a minute: after five of them no smaller page is tried."""
    now = itertools.count(step=60)
    monkeypatch.setattr(requester.time, "monotonic", lambda: next(now))
    tried: list[int] = []

    def silent(asked: dict[str, Any]) -> None:
        if len(keyed.asked) > 5:
            tried.append(int(asked["per_page"]))
            raise TimedOutError("The server did not answer in time.")

    keyed = Keyed(range(1, 2001), silent)
    with pytest.raises(TimedOutError):
        for _ in Paginator(query(), keyed.fetch, workers=workers).parts():
            pass
    assert len(tried) <= 8 * workers
    assert 1 not in tried or workers > 1
