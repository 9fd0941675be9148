from __future__ import annotations

import tomllib
from importlib.resources import files

import pytest

from classy_nb.catalog import joins_to, load, meaning

MAIN = (
    "transactions",
    "supporters",
    "campaigns",
    "recurring_donation_plans",
    "fundraising_pages",
    "fundraising_teams",
    "registrations",
    "activity",
    "transaction_items",
    "designations",
    "answers",
    "source_tracking_codes",
    "payouts",
)
WORDS = tomllib.loads(files("classy_nb.catalog").joinpath("meanings.toml").read_text("utf-8"))
RECORDS = [name for name in WORDS if name not in {"any", "joins"}]


@pytest.mark.parametrize("name", MAIN)
def test_every_column_of_the_main_resources_has_a_meaning(name: str) -> None:
    catalog = load()
    spec = catalog.resources[name]
    endpoint = (spec.lists or spec.objects)[0]

    silent = [c.name for c in catalog.columns(endpoint) if not meaning(catalog, endpoint.record, c.name)]

    assert silent == []


def test_a_meaning_says_which_amount_and_currency() -> None:
    catalog = load()

    def of(column: str) -> str:
        return meaning(catalog, "Transaction", column)

    assert "what counts as raised" in of("donation_gross_amount")
    assert of("fees_amount") == "All fees, platform's and processor's, in the organization's currency"
    assert of("charged_fees_amount").endswith("in the currency of the settlement")
    assert of("raw_total_gross_amount").startswith("All that was paid, in the donor's currency")


def test_nested_and_included_columns_mean_what_they_mean_there() -> None:
    catalog = load()

    assert meaning(catalog, "Activity", "campaign.venue") == "Place of the event"
    assert meaning(catalog, "Transaction", "supporter.opt_in") == "Whether the person agreed to e-mail"
    assert meaning(catalog, "Transaction", "nothing.of_the_kind") == ""


@pytest.mark.parametrize("record", RECORDS)
def test_the_dictionary_holds_no_column_that_does_not_exist(record: str) -> None:
    catalog = load()
    columns = catalog.records[record].columns
    nested = {
        f"{c.name}.{inner.name}"
        for c in columns
        if c.kind == "object" and c.record
        for inner in catalog.records[c.record].columns
    }

    assert set(WORDS[record]) <= {c.name for c in columns} | nested


def test_ids_lead_to_resources_that_exist() -> None:
    resources = load().resources

    assert joins_to("campaign_id") == "campaigns.id"
    assert joins_to("campaign.designation_id") == "designations.id"
    assert joins_to("total_gross_amount") == ""
    for target in WORDS["joins"].values():
        resource, _, column = target.partition(".")
        endpoint = resources[resource].endpoints[0]
        assert load().records[endpoint.record].column(column) is not None
