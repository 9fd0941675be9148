"""The preview: a few rows, personal data masked until somebody asks to see it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from support.connection import CANARIES
from support.explorer import DONOR, EMAIL, filled
from support.lists import Listed
from support.viewer import Viewer

from classy_nb.client import Classy
from classy_nb.redact import is_personal
from classy_nb.widgets.explorer import Explorer
from classy_nb.widgets.explorer.preview import has_contact, is_masked, mask_nested, table


@pytest.fixture
def explorer(connected: Classy, listed: Listed) -> Iterator[Explorer]:
    made = connected.explore()
    yield made
    made.close()


def test_trap_45_a_preview_shows_a_few_rows_without_anything_personal(viewer: Viewer, listed: Listed) -> None:
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
    assert cells["items"] == '[{"id": 1, "price": 25.0, "billing_last_name": "hidden"}]'
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


def test_a_switch_shows_personal_data_and_hides_it_again(viewer: Viewer) -> None:
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


def test_personal_data_goes_nowhere_but_into_the_preview(viewer: Viewer, explorer: Explorer) -> None:
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
        assert secret not in mime + repr(explorer) + str(explorer) + repr(explorer._controller.state)
    own = {name for name in explorer.get_state() if not name.startswith("_")}
    assert own == {"layout", "tabbable", "tooltip"}


def test_chosen_columns_are_shown_in_their_order_and_masked_as_before(viewer: Viewer) -> None:
    chosen = ["total_gross_amount", "billing_last_name", "status"]
    viewer.say("preview", form=filled(viewer, fields=chosen))
    viewer.wait_for_end()
    shown = viewer.last("preview")["shown"]
    names = [shown["columns"][place] for place in shown["first"]]
    assert names[:4] == ["id", *chosen]
    assert sorted(names) == sorted(shown["columns"])  # all of them
    cells = dict(zip(shown["columns"], shown["rows"][0], strict=True))
    assert (cells["total_gross_amount"], cells["billing_last_name"]) == ("25.00", "hidden")
    assert (
        'fields=["total_gross_amount", "billing_last_name", "status"]'
        in viewer.last("call")["texts"]["frame"]
    )
    assert "fields" not in viewer.last("call")["texts"]["count"]
    viewer.say("count", form=filled(viewer, fields=chosen))
    assert viewer.wait_for_end()["text"] == "There are 10 transactions."


@pytest.mark.parametrize("button", ["preview", "count", "save", "variable"])
def test_an_empty_list_says_that_no_records_match(
    viewer: Viewer, listed: Listed, button: str, tmp_path: Path
) -> None:
    listed.rows = []
    viewer.say(button, form=filled(viewer, file=str(tmp_path / "none.csv")))
    said = viewer.wait_for_end()
    assert said["text"].startswith("No records match")
    assert said["tone"] == "warning"
    if button == "preview":
        assert viewer.last("preview")["shown"]["rows"] == []


def test_trap_45_every_personal_column_is_masked_and_more() -> None:
    assert is_masked("supporter.nickname", "transactions")
    assert is_masked("title", "fundraising_pages")
    assert is_masked("dedication.name", "transactions")
    assert is_masked("member.thumbnail_small", "transactions")
    assert not is_masked("name", "campaigns")
    assert not is_personal("dedication.name")  # which is why the preview has rules of its own


def test_columns_unknown_to_the_catalog_are_masked_unless_they_are_numbers() -> None:
    frame = pd.DataFrame({"id": [1], "new_text": ["x"], "new_number": [2.5]})
    shown = table(frame, "campaigns", known={"id"}, date_column=None, personal=False)
    assert shown["rows"] == [["1", "hidden", "2.50"]]
    assert shown["personal"] == 1


@pytest.mark.parametrize(
    ("resource", "columns"),
    [
        (
            "fundraising_teams",
            "name description thank_you_text logo team_lead.title",
        ),
        ("subteams", "name description thank_you_text cover_photo_url canonical_url"),
        ("leading_fundraising_teams", "name description thank_you_text team_lead.thumbnail_small"),
        ("feed_items", "feedable_value linkable_value agent_name comment"),
        ("fundraising_pages", "title canonical_url fundraising_team.name"),
        ("transactions", "offline_payment_info offline_payment_info.description member.title"),
    ],
)
def test_words_and_pictures_of_donors_and_fundraisers_are_masked(resource: str, columns: str) -> None:
    assert [name for name in columns.split() if not is_masked(name, resource)] == []


def test_what_the_organization_says_about_itself_is_shown() -> None:
    shown = {
        "fundraising_teams": "campaign.name status currency_code team_lead.status goal",
        "campaigns": "name",
    }
    for resource, columns in shown.items():
        assert [name for name in columns.split() if is_masked(name, resource)] == []


def test_nested_values_keep_numbers_flags_and_harmless_texts() -> None:
    nested = {
        "id": 3,
        "name": DONOR,
        "note": f"call {DONOR}",
        "status": "active",
        "type": f"{EMAIL}",
        "created_at": "2026-01-31T18:30:00+0000",
        "anonymous": True,
        "supporter": {"phone": 4155550123, "age": 7, "origin": None},
        "tags": [DONOR, 5],
        "ecard_message": {"n": 5, "text": [DONOR]},
    }
    assert mask_nested(nested) == {
        "id": 3,
        "name": "hidden",
        "note": "hidden",
        "status": "active",
        "type": "hidden",
        "created_at": "2026-01-31T18:30:00+0000",
        "anonymous": True,
        "supporter": {"phone": "hidden", "age": 7, "origin": None},
        "tags": ["hidden", 5],
        "ecard_message": {"n": "hidden", "text": ["hidden"]},
    }


@pytest.mark.parametrize(
    "text",
    [
        "ring (415) 555-0123",
        "+44 20 7946 0958",
        "4155550123 in the evening",
        "call 555-0123",
        "to a@example.org",
    ],
)
def test_free_text_with_an_address_or_a_telephone_number_is_masked(text: str) -> None:
    assert has_contact(text)


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-31 18:30",
        "Season 2025-2026",
        "2147483647",
        "1,250,000.50",
        "550e8400-e29b-41d4-a716-446655440000",
        "ch_3OqvW82eZvKYlo2C1234567890",
        "Gala of 2026",
    ],
)
def test_dates_ids_and_amounts_are_not_taken_for_telephone_numbers(text: str) -> None:
    assert not has_contact(text)


def test_choosing_another_resource_masks_the_preview_again(viewer: Viewer) -> None:
    viewer.say("preview", form=filled(viewer))
    viewer.wait_for_end()
    viewer.say("personal", shown=True)
    viewer.say("form", form=filled(viewer, since="2020-01-01"))
    assert viewer.last("preview")["shown"]["unmasked"]
    viewer.say("form", form=filled(viewer, resource="supporters"))
    viewer.say("preview", form=filled(viewer))
    viewer.wait_for_end()
    assert not viewer.last("preview")["shown"]["unmasked"]
    assert DONOR not in json.dumps(viewer.last("preview"))
