"""The explorer's side in the kernel: messages in, messages out; rows masked, nothing synced."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest
from support.connection import CANARIES
from support.lists import Listed
from support.server import Reply, ScriptedServer
from support.viewer import Viewer

from classy_nb.client import Classy
from classy_nb.panel.explorer import Explorer
from classy_nb.panel.explorer._preview import hidden, table
from classy_nb.redact import is_personal

DONOR = "Quillon-Vexley"
EMAIL = "quillon@example.org"


def gift(number: int, status: str = "success") -> dict[str, Any]:
    """A transaction full of what nobody else should see."""
    return {
        "id": number,
        "status": status,
        "purchased_at": "2026-01-31T18:30:00+0000",
        "total_gross_amount": 25,
        "currency_code": "USD",
        "billing_last_name": DONOR,
        "member_email_address": EMAIL,
        "comment": f"from {DONOR}",
        "is_anonymous": True,
        "supporter": {"id": 5, "first_name": DONOR, "last_emailed_at": EMAIL, "origin": "web"},
        "items": [{"id": 1, "billing_last_name": DONOR, "price": 25}],
        "said_by_the_donor": f"{DONOR} was here",
        "how_many": 3,
        "promo_code_code": EMAIL,
    }


STATUSES = ["success"] * 6 + ["failed"] * 3 + ["odd"]


@pytest.fixture
def listed(server: ScriptedServer) -> Listed:
    found = Listed([gift(n, status) for n, status in enumerate(STATUSES, 1)])
    server.handler = found.reply
    return found


@pytest.fixture
def explorer(connected: Classy, listed: Listed) -> Iterator[Explorer]:
    panel = connected.explore()
    yield panel
    panel.close()


def filled(viewer: Viewer, **changes: Any) -> dict[str, Any]:
    return {**viewer.last("state")["form"], **changes}


def test_hello_is_answered_with_all_that_a_view_needs(viewer: Viewer, server: ScriptedServer) -> None:
    state = viewer.last("state")
    assert state["organization"] == "Helping Hands"
    assert state["form"]["resource"] == "transactions"
    assert state["call"]["text"] == "gifts = classy.transactions()"
    assert re.fullmatch(r"transactions_\d{4}-\d\d-\d\d\.csv", state["call"]["file"])
    assert (state["preview"], state["counts"]) == ({"shown": None}, {"shown": None})
    assert state["job"]["running"] is False
    assert len(state["resources"]) + state["others"] == len(Classy.__mro__[1].__annotations__)
    assert server.asked == []


def test_the_form_is_kept_for_views_that_come_later(viewer: Viewer) -> None:
    form = filled(
        viewer, since="2026-01-01", where=[["status", "=", "success"]], include=["items", "nonsense"]
    )
    viewer.say("form", form=form)
    assert viewer.last("form") == {"kind": "form", "form": {**form, "include": ["items"]}, "view": "view-1"}
    call = viewer.last("call")
    assert call["text"].endswith(
        'since="2026-01-01",\n    where="status = success",\n    include="items",\n)'
    )
    assert call["problem"] == ""
    viewer.say("hello", view="view-2")
    assert viewer.last("state")["form"]["include"] == ["items"]
    assert viewer.last("state")["call"] == {name: call[name] for name in call if name != "kind"}


def test_a_form_that_is_not_complete_says_so_and_sends_nothing(
    viewer: Viewer, server: ScriptedServer
) -> None:
    form = filled(viewer, parent="campaign")
    viewer.say("form", form=form)
    assert (viewer.last("call")["problem"], viewer.last("call")["text"]) == ("Fill in the campaign id.", "")
    assert viewer.last("call")["field"] == "value:campaign"
    for action in ("preview", "count", "save", "download", "variable"):
        viewer.say(action, form=form)
        assert viewer.last("problem") == {
            "kind": "problem",
            "text": "Fill in the campaign id.",
            "field": "value:campaign",
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


def test_messages_that_make_no_sense_do_nothing(viewer: Viewer) -> None:
    before = len(viewer.told)
    for kind in ("nonsense", "", "__init__"):
        viewer.say(kind)
    viewer.panel._handle_custom_msg("text", [])
    viewer.panel._handle_custom_msg({"kind": ["x"]}, [])
    assert len(viewer.told) == before
    viewer.say("pull", ticket=3, offset="x")
    viewer.say("received", ticket="nonsense")
    assert viewer.last("dropped")["ticket"] == ""


def test_a_preview_shows_a_few_rows_without_anything_personal(viewer: Viewer, listed: Listed) -> None:
    viewer.say("preview", form=filled(viewer, include=["supporter", "items"]))
    assert viewer.wait_for_end() == {
        "kind": "status",
        "text": "Fetched 5 of 10 rows.",
        "tone": "done",
        "question": None,
    }
    shown = viewer.last("preview")["shown"]
    assert "transactions: the first 5 of 10 rows by id, fetched at " in shown["caption"]
    assert [request["per_page"] for request in listed.asked] == ["5"]
    cells = dict(zip(shown["columns"], shown["rows"][0], strict=True))
    assert cells["id"] == "1"
    assert cells["purchased_at"] == "2026-01-31 18:30"
    assert cells["total_gross_amount"] == "25.00"
    assert cells["is_anonymous"] == "true"
    assert cells["how_many"] == "3"
    assert cells["supporter.origin"] == "web"
    assert cells["updated_at"] == ""
    for column in (
        "billing_last_name",
        "comment",
        "supporter.first_name",
        "said_by_the_donor",
        "promo_code_code",
    ):
        assert cells[column] == "hidden"
    assert cells["items"] == '[{"id": 1, "billing_last_name": "hidden", "price": 25}]'
    told = json.dumps([message for message, _ in viewer.told])
    assert DONOR not in told
    assert EMAIL not in told
    first = [shown["columns"][place] for place in shown["first"]]
    assert first[:6] == [
        "id",
        "status",
        "purchased_at",
        "billing_first_name",
        "billing_last_name",
        "member_email_address",
    ]
    assert "total_gross_amount" in first


def test_a_switch_shows_them_and_hides_them_again(viewer: Viewer) -> None:
    viewer.say("preview", form=filled(viewer, include=["supporter", "items"]))
    viewer.wait_for_end()
    viewer.say("personal", shown=True)
    shown = viewer.last("preview")["shown"]
    cells = dict(zip(shown["columns"], shown["rows"][0], strict=True))
    assert (cells["billing_last_name"], cells["promo_code_code"]) == (DONOR, EMAIL)
    assert DONOR in cells["items"]
    assert shown["unmasked"]
    assert not any(shown["masked"])
    viewer.say("personal", shown="yes")
    assert not viewer.last("preview")["shown"]["unmasked"]
    assert DONOR not in json.dumps(viewer.last("preview"))


def test_nothing_is_synced_said_or_shown_otherwise(viewer: Viewer, explorer: Explorer) -> None:
    viewer.say("preview", form=filled(viewer, where=[["comment", "=", DONOR]], include=["supporter"]))
    viewer.wait_for_end()
    viewer.say("preview", form=filled(viewer, include=["supporter"]))
    viewer.wait_for("preview", after=1)
    viewer.say("personal", shown=True)
    assert DONOR in json.dumps(viewer.last("preview"))
    state = json.dumps(explorer.get_state(), default=str)
    mime = json.dumps(explorer._repr_mimebundle_())
    for secret in (DONOR, EMAIL, *CANARIES):
        assert secret not in state
        assert secret not in mime + repr(explorer) + str(explorer) + repr(explorer._conversation)
    own = {name for name in explorer.get_state() if not name.startswith("_")}
    assert own == {"layout", "tabbable", "tooltip"}


def test_an_empty_list_says_so(viewer: Viewer, listed: Listed) -> None:
    listed.rows = []
    viewer.say("preview", form=filled(viewer))
    assert viewer.wait_for_end()["text"] == "There are no such records."
    assert viewer.last("preview")["shown"]["rows"] == []


def test_another_resource_forgets_the_rows(viewer: Viewer) -> None:
    viewer.say("count", form=filled(viewer))
    viewer.wait_for_end()
    viewer.say("form", form=filled(viewer, resource="campaigns"))
    assert viewer.last("counts")["shown"] is None
    assert viewer.last("preview")["shown"] is None
    assert viewer.last("status")["text"] == ""
    assert viewer.last("shape")["resource"] == "campaigns"


def test_numbers_by_status_until_all_are_accounted_for(viewer: Viewer, listed: Listed) -> None:
    viewer.say("count", form=filled(viewer, where=[["id", ">", "1"]]))
    assert viewer.wait_for_end()["text"] == "There are 9 transactions."
    counts = viewer.last("counts")["shown"]
    assert counts["rows"] == [("success", 5), ("failed", 3)]
    assert (counts["total"], counts["other"], counts["ignored"]) == (9, 1, False)
    assert counts["requests"] == len(listed.asked) == 11
    assert re.fullmatch(r"transactions, counted at \d\d:\d\d with 11 requests", counts["caption"])
    assert all(request["filter"].startswith("id>1") for request in listed.asked)


def test_statuses_that_were_seen_are_counted_too(viewer: Viewer, listed: Listed) -> None:
    viewer.say("preview", form=filled(viewer, where=[["id", ">", "8"]]))
    viewer.wait_for_end()
    viewer.say("count", form=filled(viewer))
    viewer.wait_for("counts")
    assert ("odd", 1) in viewer.last("counts")["shown"]["rows"]
    assert viewer.last("counts")["shown"]["other"] == 0


@pytest.mark.parametrize(
    ("where", "resource"), [([["status", "=", "failed"]], "transactions"), ([], "supporters")]
)
def test_where_there_is_one_status_or_none_one_request_counts(
    viewer: Viewer, listed: Listed, where: Any, resource: str
) -> None:
    viewer.say("count", form=filled(viewer, resource=resource, where=where))
    viewer.wait_for_end()
    assert viewer.last("counts")["shown"]["rows"] == []
    assert len(listed.asked) == 1
    assert viewer.last("counts")["shown"]["caption"].endswith("with 1 request")


def test_a_condition_on_the_status_that_is_ignored_is_noticed(viewer: Viewer, listed: Listed) -> None:
    listed.faults.filters = False
    viewer.say("count", form=filled(viewer))
    viewer.wait_for_end()
    counts = viewer.last("counts")["shown"]
    assert (counts["total"], counts["rows"], counts["ignored"]) == (10, [], True)


def test_errors_are_shown_in_plain_words(viewer: Viewer, server: ScriptedServer) -> None:
    server.handler = lambda _: Reply(404, {"error": "no such thing"})
    viewer.say("preview", form=filled(viewer))
    said = viewer.wait_for_end()
    assert said["tone"] == "error"
    assert said["text"] == "The API knows no such record. It says: 'no such thing'. Check the id."


def test_an_error_that_is_not_ours_tells_its_kind_only(
    viewer: Viewer, explorer: Explorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(**_: Any) -> Any:
        raise RuntimeError(DONOR)

    monkeypatch.setattr(explorer._conversation.connection, "transactions", broken)
    viewer.say("preview", form=filled(viewer))
    said = viewer.wait_for_end()
    assert "RuntimeError" in said["text"]
    assert DONOR not in said["text"]


def test_what_was_odd_is_said(viewer: Viewer, listed: Listed) -> None:
    viewer.say("preview", form=filled(viewer, resource="notifications"))
    assert "is deprecated" in viewer.wait_for_end()["text"]


def test_where_no_panel_shows_the_text_says_what_to_do(explorer: Explorer) -> None:
    text = repr(explorer)
    assert "Helping Hands" in text
    assert 'classy.transactions.to_csv("gifts.csv", since=2026)' in text
    bundle, _ = explorer._repr_mimebundle_()
    assert bundle["text/plain"] == text
    assert explorer.call == "gifts = classy.transactions()"
    assert (explorer.frame, explorer.file) == (None, None)


def test_every_personal_column_is_masked_and_more() -> None:
    assert hidden("supporter.nickname", "transactions")
    assert hidden("title", "fundraising_pages")
    assert hidden("dedication.name", "transactions")
    assert hidden("member.thumbnail_small", "transactions")
    assert not hidden("name", "campaigns")
    assert not is_personal("dedication.name")  # which is why there is a rule of the panel's own


def test_rows_that_the_catalog_does_not_know_are_masked_unless_they_are_numbers() -> None:
    frame = pd.DataFrame({"id": [1], "new_text": ["x"], "new_number": [2.5]})
    shown = table(frame, "campaigns", known={"id"}, date_column=None, personal=False)
    assert shown["rows"] == [["1", "hidden", "2.50"]]
    assert shown["personal"] == 1
