from __future__ import annotations

import tomllib
from importlib.resources import files

import pytest

from classy_nb.catalog import joins_to, load, meaning, meanings, resource_meaning
from classy_nb.catalog.meanings import value_meaning

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
RECORDS = [name for name in WORDS if name not in {"any", "joins", "resources", "same", "values"}]


@pytest.mark.parametrize("name", MAIN)
def test_every_column_of_the_main_resources_has_a_meaning(name: str) -> None:
    catalog = load()
    for endpoint in catalog.resources[name].endpoints:
        found = meanings(catalog, endpoint)
        assert list(found) == [column.name for column in catalog.columns(endpoint)]
        assert [column for column, text in found.items() if not text] == []


@pytest.mark.parametrize("name", MAIN)
def test_every_included_and_aggregated_column_of_the_main_resources_has_a_meaning(name: str) -> None:
    catalog = load()
    for endpoint in catalog.resources[name].endpoints:
        include = (*endpoint.include, *endpoint.include_elsewhere)
        columns = catalog.columns(endpoint, include, aggregates=bool(endpoint.aggregates))
        assert [c.name for c in columns if not meaning(catalog, endpoint.record, c.name)] == []


def test_every_other_resource_has_meanings_too() -> None:
    catalog = load()
    silent = {
        (name, column)
        for name, spec in catalog.resources.items()
        if name != "plan_features"  # whether the contract includes what the name says
        for endpoint in spec.endpoints
        for column, text in meanings(catalog, endpoint).items()
        if not text
    }

    assert silent == set()


def test_every_resource_has_a_line() -> None:
    resources = load().resources

    assert set(WORDS["resources"]) == set(resources)
    assert all(resource_meaning(name) for name in resources)
    assert resource_meaning("supporters") == "People who gave or signed up: names, addresses, consent"
    assert resource_meaning("gifts") == ""


@pytest.mark.parametrize("name", MAIN)
def test_every_amount_says_its_currency(name: str) -> None:
    catalog = load()
    spec = catalog.resources[name]
    endpoint = (spec.lists or spec.objects)[0]

    unsaid = [
        column.name
        for column in catalog.columns(endpoint)
        if column.kind == "float" and "percent" not in column.name
        if "currency" not in meaning(catalog, endpoint.record, column.name)
    ]

    assert unsaid == []


@pytest.mark.parametrize("line", WORDS["values"])
def test_values_with_a_meaning_are_those_of_the_document(line: str) -> None:
    place, _, value = line.partition(" = ")
    record, _, name = place.partition(".")
    column = load().records[record].column(name)

    assert column is not None
    assert value in column.known
    assert value_meaning(record, name, value)


def test_a_record_that_repeats_another_one_means_the_same() -> None:
    catalog = load()

    assert meaning(catalog, "Donor", "refunded_at") == meaning(catalog, "Transaction", "refunded_at")
    assert meaning(catalog, "Donor", "raw_total_gross_amount").endswith("covered fees")
    assert meaning(catalog, "Donor", "amount").startswith("Gift as the page shows it")
    assert value_meaning("Donor", "status", "cb_lost") == value_meaning("Transaction", "status", "cb_lost")


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
    assert joins_to("fundraising_page_id") == "fundraising_pages.id"
    assert joins_to("campaign.designation_id") == "designations.id"
    assert joins_to("total_gross_amount") == ""
    for target in WORDS["joins"].values():
        resource, _, column = target.partition(".")
        endpoint = resources[resource].endpoints[0]
        assert load().records[endpoint.record].column(column) is not None
