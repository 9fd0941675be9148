"""The controller: messages in, calls on the connection, messages out."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from support.explorer import DONOR, filled
from support.lists import Listed
from support.server import Reply, ScriptedServer
from support.viewer import Viewer

from classy_nb.client import Classy
from classy_nb.widgets.explorer import Explorer


@pytest.fixture
def explorer(connected: Classy, listed: Listed) -> Iterator[Explorer]:
    made = connected.explore()
    yield made
    made.close()


def test_hello_is_answered_with_everything_a_view_needs(viewer: Viewer, server: ScriptedServer) -> None:
    state = viewer.last("state")
    assert state["organization"] == "Helping Hands"
    assert state["form"]["resource"] == "transactions"
    assert state["call"]["texts"]["frame"] == "gifts = classy.transactions()"
    assert re.fullmatch(r"transactions_\d{4}-\d\d-\d\d\.csv", state["call"]["file"])
    assert [state[kind] for kind in ("preview", "counts", "totals")] == [{"shown": None}] * 3
    assert state["questions"] == {"names": [], "problem": "", "file": "classy-questions.json"}
    assert state["job"]["running"] is False
    assert len(state["resources"]) + state["others"] == len(Classy.__annotations__)
    assert server.asked == []


def test_a_later_view_gets_the_form_as_it_is(viewer: Viewer) -> None:
    form = filled(
        viewer, since="2026-01-01", where=[["status", "=", "success"]], include=["items", "nonsense"]
    )
    viewer.say("form", form=form)
    assert viewer.last("form") == {"kind": "form", "form": {**form, "include": ["items"]}, "view": "view-1"}
    call = viewer.last("call")
    assert call["texts"]["frame"].endswith(
        'since="2026-01-01",\n    where="status = success",\n    include="items",\n)'
    )
    assert call["problem"] == ""
    viewer.say("hello", view="view-2")
    assert viewer.last("state")["form"]["include"] == ["items"]
    assert viewer.last("state")["call"] == {name: call[name] for name in call if name != "kind"}


def test_a_period_in_words_says_what_it_came_to(viewer: Viewer) -> None:
    viewer.say("form", form=filled(viewer, since="January 2026"))
    call = viewer.last("call")
    assert call["texts"]["frame"] == 'gifts = classy.transactions(since="January 2026")'
    assert call["period"] == "January 2026: 2026-01-01 to 2026-01-31"
    viewer.say("form", form=filled(viewer, since="2026-01-01"))
    assert viewer.last("call")["period"] == ""
    viewer.say("form", form=filled(viewer, since="last moon"))
    assert viewer.last("call")["field"] == "since"


def test_an_incomplete_form_says_so_and_sends_nothing(viewer: Viewer, server: ScriptedServer) -> None:
    form = filled(viewer, parent="campaign")
    viewer.say("form", form=form)
    assert (viewer.last("call")["problem"], viewer.last("call")["texts"]) == (
        "Fill in the campaign id.",
        {"frame": ""},
    )
    assert viewer.last("call")["field"] == "value:campaign"
    for action in ("preview", "count", "save", "download", "variable"):
        viewer.say(action, form=form)
        assert viewer.last("problem") == {
            "kind": "problem",
            "text": "Fill in the campaign id.",
            "field": "value:campaign",
            "view": "view-1",
        }
        assert viewer.last("status")["tone"] == "error"
    viewer.say("form", form=filled(viewer))
    assert viewer.last("status")["text"] == ""  # it was about the form as it was
    assert viewer.of("job") == []
    assert server.asked == []


def test_an_unknown_resource_is_refused(viewer: Viewer) -> None:
    viewer.say("form", form={"resource": "nonsense"})
    assert viewer.last("problem")["field"] == "resource"
    viewer.say("hello")
    assert viewer.last("state")["form"]["resource"] == "transactions"


def test_the_search_tells_which_resources_are_meant(viewer: Viewer, server: ScriptedServer) -> None:
    viewer.say("search", text="donor")
    assert viewer.last("searched")["text"] == "donor"
    assert viewer.last("searched")["names"][:2] == ["supporters", "transactions"]
    viewer.say("search", text=["donor"])
    assert viewer.last("searched") == {"kind": "searched", "text": "", "names": []}
    assert server.asked == []


def test_unknown_messages_do_nothing(viewer: Viewer) -> None:
    before = len(viewer.told)
    for kind in ("nonsense", "", "__init__"):
        viewer.say(kind)
    viewer.panel._handle_custom_msg("text", [])
    viewer.panel._handle_custom_msg({"kind": ["x"]}, [])
    assert len(viewer.told) == before
    viewer.say("pull", ticket=3, offset="x")
    viewer.say("received", ticket="nonsense")
    assert viewer.last("dropped")["ticket"] == ""


def test_choosing_another_resource_clears_the_results(viewer: Viewer) -> None:
    viewer.say("count", form=filled(viewer))
    viewer.wait_for_end()
    viewer.say("form", form=filled(viewer, resource="campaigns"))
    assert viewer.last("counts")["shown"] is None
    assert viewer.last("preview")["shown"] is None
    assert viewer.last("totals")["shown"] is None
    assert viewer.last("status")["text"] == ""
    assert viewer.last("shape")["resource"] == "campaigns"


def test_errors_are_shown_with_the_path(viewer: Viewer, server: ScriptedServer) -> None:
    server.handler = lambda _: Reply(404, {"error": "cannot be found"})
    viewer.say("preview", form=filled(viewer))
    said = viewer.wait_for_end()
    assert said["tone"] == "error"
    assert said["text"] == (
        "The API has no such record. It says: 'cannot be found'. "
        "[GET /organizations/7/transactions -> 404] Check the id."
    )


def test_a_foreign_error_shows_only_its_type(
    viewer: Viewer, connected: Classy, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(**_: Any) -> Any:
        raise RuntimeError(DONOR)

    monkeypatch.setattr(connected, "transactions", broken)
    viewer.say("preview", form=filled(viewer))
    said = viewer.wait_for_end()
    assert "RuntimeError" in said["text"]
    assert DONOR not in said["text"]


def test_warnings_are_shown(viewer: Viewer, listed: Listed) -> None:
    viewer.say("preview", form=filled(viewer, resource="notifications"))
    assert "is deprecated" in viewer.wait_for_end()["text"]


def test_each_button_shows_its_own_call(viewer: Viewer) -> None:
    form = filled(viewer, where=[["status", "=", "success"]], file="out/gifts")
    viewer.say("form", form=form)
    assert viewer.last("call")["texts"] == {
        "frame": 'gifts = classy.transactions(where="status = success")',
        "count": 'classy.transactions.count(where="status = success")',
        "file": 'classy.transactions.to_csv("out/gifts.csv", where="status = success", excel=True)',
    }
    viewer.say("form", form={**form, "file": "gone/"})
    assert sorted(viewer.last("call")["texts"]) == ["count", "frame"]


def test_a_problem_names_the_view_that_asked(viewer: Viewer) -> None:
    viewer.say("preview", form=filled(viewer, parent="campaign"), view="view-7")
    assert viewer.last("problem")["view"] == "view-7"
