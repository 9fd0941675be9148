"""Campaigns, pages and teams by name."""

from collections.abc import Iterator
from typing import Any

import pytest
from support.lists import Listed
from support.server import Asked, Reply, ScriptedServer
from support.viewer import Viewer

from classy_nb.client import Classy
from classy_nb.widgets.explorer import Explorer, named
from classy_nb.widgets.explorer.named import Named, Names, kind_of

CAMPAIGNS = [
    {"id": 12, "name": "Spring Gala", "internal_name": "gala-26", "status": "active"},
    {"id": 7, "name": "Gala", "internal_name": "Gala", "status": "unpublished"},
    {"id": 3, "name": "Fête d'été", "internal_name": None, "status": "active"},
    {"id": 4, "name": None, "internal_name": None, "status": None},
]


@pytest.fixture
def campaigns() -> Listed:
    return Listed(CAMPAIGNS)


@pytest.fixture
def explorer(connected: Classy, server: ScriptedServer, campaigns: Listed) -> Iterator[Explorer]:
    def reply(asked: Asked) -> Reply:
        assert asked.path.endswith("/campaigns")
        return campaigns.reply(asked)

    server.handler = reply
    made = connected.explore()
    yield made
    made.close()


def find(viewer: Viewer, text: str, kind: str = "campaign", place: str = "value:campaign") -> dict[str, Any]:
    before = len(viewer.of("found"))
    viewer.say("find", named=kind, text=text, place=place)
    return viewer.wait_for("found", after=before)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("campaign", "campaign"),
        ("campaign_id", "campaign"),
        ("fundraising_page_id", "fundraising_page"),
        ("fundraising_team", "fundraising_team"),
        ("supporter.campaign_id", "campaign"),
        ("designation_id", "designation"),
        ("supporter_id", None),
        ("id", None),
        ("", None),
    ],
)
def test_ids_of_campaigns_pages_teams_and_designations_have_names(name: str, kind: str | None) -> None:
    assert kind_of(name) == kind


def test_a_campaign_is_found_by_words_of_its_name(viewer: Viewer, campaigns: Listed) -> None:
    found = find(viewer, " GALA ")
    assert found["matches"] == [[7, "Gala", "unpublished"], [12, "Spring Gala", "gala-26 · active"]]
    assert (found["more"], found["place"], found["view"]) == (0, "value:campaign", "view-1")
    assert found["said"].startswith("Found 2 of the 4 campaigns (as of ")
    assert viewer.wait_for_end()["tone"] == "done"
    assert {request["fields"] for request in campaigns.asked} == {"id,name,internal_name,status"}


def test_the_list_is_fetched_once_for_several_searches(viewer: Viewer, campaigns: Listed) -> None:
    find(viewer, "gala")
    requests = len(campaigns.asked)
    assert find(viewer, "ete fete")["matches"] == [[3, "Fête d'été", "active"]]
    assert find(viewer, "spring gala-26")["matches"][0][0] == 12
    assert find(viewer, "4")["matches"] == [[4, "(no name)", ""]]
    assert len(campaigns.asked) == requests


def test_an_old_list_is_fetched_again(
    viewer: Viewer, campaigns: Listed, monkeypatch: pytest.MonkeyPatch
) -> None:
    find(viewer, "gala")
    requests = len(campaigns.asked)
    monkeypatch.setattr(named, "_KEPT_FOR", 0)
    campaigns.rows.append({"id": 20, "name": "New Gala", "internal_name": None, "status": "active"})
    assert [row[0] for row in find(viewer, "new")["matches"]] == [20]
    assert len(campaigns.asked) > requests


def test_a_name_that_nothing_has_is_no_error(viewer: Viewer) -> None:
    found = find(viewer, "marathon")
    assert found["matches"] == []
    assert "None of the 4 campaigns (as of " in found["said"]
    assert found["said"].endswith(") has that in its name.")
    assert viewer.wait_for_end()["tone"] == "warning"


def test_a_search_for_nothing_or_of_an_unknown_kind_sends_nothing(viewer: Viewer, campaigns: Listed) -> None:
    viewer.say("find", named="campaign", text="  ")
    viewer.say("find", named="supporter", text="Ann")
    assert campaigns.asked == []
    assert viewer.of("job") == []


def test_a_failed_search_says_why(viewer: Viewer, server: ScriptedServer) -> None:
    server.handler = lambda _: Reply(403, {"error": "no"})
    viewer.say("find", named="campaign", text="gala")
    assert viewer.wait_for_end()["tone"] == "error"
    assert viewer.of("found") == []


def test_many_matches_are_cut_and_counted(viewer: Viewer, campaigns: Listed) -> None:
    campaigns.rows = [
        {"id": n, "name": f"Walk {n:03}", "internal_name": None, "status": "active"} for n in range(1, 131)
    ]
    found = find(viewer, "walk")
    assert [row[0] for row in found["matches"]] == list(range(1, 51))
    assert found["more"] == 80


def test_the_name_itself_comes_before_longer_ones_and_the_id_before_all() -> None:
    entries = tuple(
        Named(number, name, "", name.lower())
        for number, name in [(1, "Night Run"), (2, "Run"), (3, "Run 4"), (4, "A Run"), (5, "Running")]
    )
    names = Names("campaign", entries)
    assert [entry.id for entry in names.search("run")] == [2, 3, 5, 4, 1]
    assert [entry.id for entry in names.search("4")] == [4, 3]
    assert "Night" not in repr(names)
