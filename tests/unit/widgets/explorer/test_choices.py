"""What the form offers: resources, parents, parameters, columns, includes."""

from dataclasses import replace
from datetime import date

import pytest

from classy_nb.catalog import load
from classy_nb.query.builder import QueryBuilder
from classy_nb.widgets.explorer import choices
from classy_nb.widgets.explorer.choices import form_choices, resource_choices, search_resources
from classy_nb.widgets.explorer.form import Form, caller_keys, check, resource_of
from classy_nb.widgets.explorer.notebook import default_name, name_problem

CATALOG = load()
QUERIES = QueryBuilder(CATALOG, "America/Los_Angeles", {"organization": 7, "app": "someApp"})
LISTS = sorted(name for name, spec in CATALOG.resources.items() if spec.lists)


def test_every_list_is_offered() -> None:
    offered = {entry["name"]: entry for entry in resource_choices(CATALOG)}
    assert sorted(offered) == LISTS
    assert offered["transactions"]["about"] == (
        "under organization, campaign, recurring donation plan · 117 columns · dated by purchased_at"
    )
    assert offered["supporters"]["meaning"] == "People who gave or signed up: names, addresses, consent"
    assert offered["notifications"]["flags"] == ["deprecated"]
    assert offered["brandkit_images"]["flags"] == ["members only"]
    assert offered["transactions"]["flags"] == []


def test_the_search_finds_lists_by_any_word() -> None:
    assert search_resources("gifts", CATALOG)[0] == "transactions"
    assert search_resources("t-shirt", CATALOG)[0] == "registrations"
    assert search_resources("sustainer", CATALOG)[0] == "recurring_donation_plans"
    assert set(search_resources("percent to goal", CATALOG)) <= set(LISTS)  # overviews are no list
    assert search_resources("", CATALOG) == search_resources("zzqx", CATALOG) == []


@pytest.mark.parametrize("resource", LISTS)
def test_every_list_can_be_filled_in(resource: str) -> None:
    for endpoint in CATALOG.resources[resource].lists:
        form = Form(resource, ",".join(caller_keys(endpoint)))
        shape = form_choices(form, QUERIES)
        values = {
            one["name"]: (one["choices"] or [{"date": "2026-01-31", "text": "x"}.get(one["type"], "5")])[0]
            for one in shape["fields"]
            if one["required"]
        }
        since = "2026-01-31" if endpoint.daily else ""
        filled = Form(resource, shape["parent"], values, since, include=tuple(shape["include"]))
        query = check(filled, QUERIES)[1]
        assert query.endpoint.path == endpoint.path
        assert shape["parent"] in [parent["value"] for parent in shape["parents"]]
        assert resource_of(form, QUERIES).name == resource
        assert name_problem(default_name(resource)) is None


def test_a_list_offers_parents_dates_columns_and_fields(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choices, "today_in", lambda _: date(2026, 11, 23))
    in_july = replace(QUERIES, fiscal_year_start=7)
    shape = form_choices(Form(include=("supporter", "nonsense")), in_july)
    assert shape["parents"] == [
        {"value": "", "text": "Organization"},
        {"value": "campaign", "text": "Campaign"},
        {"value": "recurring_donation_plan", "text": "Recurring donation plan"},
    ]
    assert shape["date"] == "purchased_at"
    assert {"purchased_at", "updated_at"} <= set(shape["dates"])
    assert ["supporter.email_address", "text", []] in shape["columns"]
    assert ["is_anonymous", "bool", ["true", "false"]] in shape["columns"]
    assert not {"items", "metadata"} & {name for name, _, _ in shape["columns"]}
    values = {name: values for name, _, values in shape["columns"]}
    assert values["status"][0] == "success"
    assert {"refunded", "failed", "test"} < set(values["status"])
    assert (
        shape["meanings"]["billing_last_name"] == "Last name on the card or account: not always the donor's"
    )
    assert shape["named"]["campaign_id"] == "campaign"
    assert shape["named"]["fundraising_page_id"] == "fundraising_page"
    assert "supporter_id" not in shape["named"]
    own = dict(shape["own"])
    assert own["status"]
    assert "items" not in own  # that is included, not chosen
    periods = {words: days for words, *days in shape["periods"]}
    assert periods["last month"] == ["2026-10-01", "2026-10-31", "2026-11-01"]
    assert periods["giving tuesday"] == ["2025-12-02", "2025-12-02", "2025-12-03"]
    assert periods["last fiscal year"] == ["2025-07-01", "2026-06-30", "2026-07-01"]
    payouts = form_choices(Form("payouts", "payout_type"), QUERIES)
    assert [(one["label"], one["type"], one["required"]) for one in payouts["fields"]] == [
        ("Payout type", "choice", False),
        ("Payout date", "date", False),
    ]
    feed = form_choices(Form("feed_items", "campaign,scope"), QUERIES)
    assert [(one["label"], one["type"], one["choices"]) for one in feed["fields"]] == [
        ("Campaign id", "int", []),
        ("Scope", "choice", ["direct", "all"]),
    ]
    assert [one["named"] for one in feed["fields"]][:2] == ["campaign", None]
    teams = form_choices(Form("fundraising_teams", "member"), QUERIES)
    assert teams["parents"][-1]["text"] == "Member (deprecated)"
    assert teams["flags"] == ["deprecated"]
