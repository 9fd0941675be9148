"""The explorer's preview: a few rows, personal columns masked until somebody wants to see them."""

import json
from collections.abc import Iterator

import pandas as pd
import pytest
from support.connection import CANARIES
from support.explorer import DONOR, EMAIL, filled
from support.lists import Listed
from support.viewer import Viewer

from classy_nb.client import Classy
from classy_nb.panel.explorer import Explorer
from classy_nb.panel.explorer._preview import hidden, table
from classy_nb.redact import is_personal


@pytest.fixture
def explorer(connected: Classy, listed: Listed) -> Iterator[Explorer]:
    panel = connected.explore()
    yield panel
    panel.close()


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
