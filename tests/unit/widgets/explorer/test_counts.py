"""Counting: all records, and those of each status."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from support.explorer import filled
from support.lists import Listed
from support.viewer import Viewer

from classy_nb.client import Classy
from classy_nb.widgets.explorer import Explorer


@pytest.fixture
def explorer(connected: Classy, listed: Listed) -> Iterator[Explorer]:
    made = connected.explore()
    yield made
    made.close()


def test_statuses_are_counted_until_all_records_are_accounted_for(viewer: Viewer, listed: Listed) -> None:
    viewer.say("count", form=filled(viewer, where=[["id", ">", "1"]]))
    assert viewer.wait_for_end()["text"] == "There are 9 transactions."
    counts = viewer.last("counts")["shown"]
    assert counts["rows"] == [("success", 5), ("failed", 3)]
    assert (counts["total"], counts["other"], counts["ignored"]) == (9, 1, False)
    assert counts["requests"] == len(listed.asked) == 11
    assert re.fullmatch(r"9 transactions, counted at \d\d:\d\d with 11 requests", counts["caption"])
    assert all(request["filter"].startswith("id>1") for request in listed.asked)


def test_statuses_seen_in_a_preview_are_counted_too(viewer: Viewer, listed: Listed) -> None:
    viewer.say("preview", form=filled(viewer, where=[["id", ">", "8"]]))
    viewer.wait_for_end()
    viewer.say("count", form=filled(viewer))
    viewer.wait_for("counts")
    assert ("odd", 1) in viewer.last("counts")["shown"]["rows"]
    assert viewer.last("counts")["shown"]["other"] == 0


@pytest.mark.parametrize(
    ("where", "resource"), [([["status", "=", "failed"]], "transactions"), ([], "supporters")]
)
def test_one_request_is_enough_for_one_status_or_none(
    viewer: Viewer, listed: Listed, where: Any, resource: str
) -> None:
    viewer.say("count", form=filled(viewer, resource=resource, where=where))
    viewer.wait_for_end()
    assert viewer.last("counts")["shown"]["rows"] == []
    assert len(listed.asked) == 1
    assert viewer.last("counts")["shown"]["caption"].endswith("with 1 request")


def test_a_condition_that_excludes_a_status_leaves_the_others(viewer: Viewer, listed: Listed) -> None:
    viewer.say("count", form=filled(viewer, where=[["status", "!=", "success"]]))
    viewer.wait_for_end()
    assert ("failed", 3) in viewer.last("counts")["shown"]["rows"]
    assert all(status != "success" for status, _ in viewer.last("counts")["shown"]["rows"])


def test_an_api_that_ignores_the_status_is_noticed(viewer: Viewer, listed: Listed) -> None:
    listed.faults.filters = False
    viewer.say("count", form=filled(viewer))
    viewer.wait_for_end()
    counts = viewer.last("counts")["shown"]
    assert (counts["total"], counts["rows"], counts["ignored"]) == (10, [], True)


def test_a_status_that_cannot_be_asked_for_counts_as_other(viewer: Viewer, listed: Listed) -> None:
    listed.rows[-1]["status"] = "odd, very"
    viewer.say("preview", form=filled(viewer, where=[["id", ">", "8"]]))
    viewer.wait_for_end()
    viewer.say("count", form=filled(viewer))
    viewer.wait_for("counts")
    counts = viewer.last("counts")["shown"]
    assert (counts["rows"], counts["other"]) == ([("success", 6), ("failed", 3)], 1)
