"""What happens when the last page is in, and more was promised, or the server breaks."""

from __future__ import annotations

import pytest
from support.lists import Faults, Listed, rows
from support.walks import fetched, ids, workers

from classy_nb.errors import IncompleteResultError, ServerError, UnexpectedAnswerError


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
