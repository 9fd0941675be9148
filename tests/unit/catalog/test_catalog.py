"""The catalog: its counts, kinds and names; small, quick to load, and free of the vendor's sentences."""

import json
import re
from collections import Counter
from importlib.resources import files
from typing import Any, get_type_hints

import pytest

from classy_nb.catalog import DEFAULT_KEYS, KINDS, Catalog, Column, Endpoint, load, summary

FILE = files("classy_nb.catalog").joinpath("catalog.json")


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load()


def endpoint(catalog: Catalog, path: str) -> Endpoint:
    return next(e for e in catalog.endpoints if e.path == path)


def test_the_number_of_endpoints_of_each_kind(catalog: Catalog) -> None:
    listed = [e for e in catalog.endpoints if e.listed]
    assert len(listed) == 152
    assert Counter(e.kind for e in listed) == {"list": 99, "bare": 1, "envelope": 1, "object": 51}
    assert {e.path for e in catalog.endpoints if not e.listed} == {
        "/organizations/{organization}",
        "/campaigns/{campaign}/overview",
    }
    assert sum(e.deprecated for e in listed) == 23
    assert len({e.path for e in catalog.endpoints}) == 154
    assert {e.path for e in listed if "may_be_empty" in e.flags} == {
        "/fundraising-pages/{fundraising_page}/fitness-metrics",
        "/fundraising-pages/{fundraising_page}/moments",
    }


def test_trap_37_nine_endpoints_are_for_members(catalog: Catalog) -> None:
    assert {e.path for e in catalog.endpoints if e.member_only} == {
        "/me",
        "/userinfo",
        "/feed-items/{feed_item}",
        "/donation-matching-plans/{donation_matching_plan}",
        "/campaigns/{campaign}/questions",
        "/campaigns/{campaign}/roles",
        "/organizations/{organization}/roles",
        "/organizations/{organization}/supporters/me",
        "/organizations/{organization}/api-inference/brandkit/images",
    }


def test_trap_40_endpoints_that_exist_but_are_not_listed(catalog: Catalog) -> None:
    overview = endpoint(catalog, "/campaigns/{campaign}/overview")
    assert [c.name for c in catalog.columns(overview)] == [
        "donation_net_amount",
        "donations_amount",
        "donors_count",
        "fees_amount",
        "gross_amount",
        "net_amount",
        "percent_to_goal",
        "registrations_amount",
        "total_gross_amount",
        "transactions_count",
    ]
    assert endpoint(catalog, "/organizations/{organization}").record == "Organization"


def test_trap_28_wide_records_are_complete(catalog: Catalog) -> None:
    widths = {name: len(record.columns) for name, record in catalog.records.items()}
    declared = {"Campaign": 108, "RecurringDonationPlan": 62, "Supporter": 27, "TransactionItem": 20}
    assert {name: widths[name] for name in declared} == declared
    assert widths["Transaction"] == 96 + 2  # and two that live rows have
    assert {"donation_match_id", "receipt_serial"} <= {c.name for c in catalog.records["Transaction"].columns}


def test_the_id_is_the_first_column(catalog: Catalog) -> None:
    for record in catalog.records.values():
        names = [column.name for column in record.columns]
        assert "id" not in names[1:]


def test_trap_20_lists_without_an_id(catalog: Catalog) -> None:
    without = {e.path for e in catalog.endpoints if e.kind == "list" and e.id is None}
    assert without == {
        "/members/{member}/roles",
        "/fundraising-pages/{fundraising_page}/donor-emails",
        "/organizations/{organization}/restricted-countries",
        "/organizations/{organization}/api-inference/brandkit/images",
    }


@pytest.mark.parametrize(
    ("record", "column", "kind"),
    [
        ("Transaction", "billing_postal_code", "text"),
        ("Transaction", "card_expiration", "text"),
        ("Transaction", "card_last_four", "last4"),
        ("Transaction", "pp_transaction_id", "text"),
        ("Transaction", "total_gross_amount", "float"),
        ("Transaction", "fundraising_page_id", "int"),
        ("Transaction", "purchased_at", "datetime"),
        ("Transaction", "metadata", "json"),
        ("RecurringDonationPlan", "raw_donation_amount", "float"),
        ("RecurringDonationPlan", "designation_id", "int"),
        ("RecurringDonationPlan", "next_processing_date", "date"),
        ("Designation", "goal", "float"),
        ("Designation", "start_time", "datetime"),
        ("Campaign", "raw_goal", "float"),
        ("Campaign", "is_general", "bool"),
        ("Campaign", "hide_recurring_end_date", "bool"),
        ("Organization", "logo_id", "int"),
        ("Supporter", "birthday", "text"),
    ],
)
def test_trap_08_10_27_columns_whose_type_is_a_trap(
    catalog: Catalog, record: str, column: str, kind: str
) -> None:
    found = catalog.records[record].column(column)
    assert found is not None
    assert found.kind == kind


def test_every_column_has_a_dtype(catalog: Catalog) -> None:
    seen = Counter()
    for one in catalog.endpoints:
        columns = catalog.columns(one, one.include, aggregates=bool(one.aggregates))
        names = [c.name for c in columns]
        assert len(names) == len(set(names)), one.path
        seen.update(c.dtype("Europe/Berlin") for c in columns)
    assert set(seen) == {
        "Int64",
        "Float64",
        "boolean",
        "string",
        "datetime64[us, Europe/Berlin]",
        "datetime64[us]",
        "object",
    }


def test_nested_records_are_flattened_one_level(catalog: Catalog) -> None:
    transactions = endpoint(catalog, "/organizations/{organization}/transactions")
    columns = {c.name: c for c in catalog.columns(transactions, ["supporter", "items"])}
    assert columns["supporter.email_address"].kind == "text"
    assert columns["supporter.id"].nullable
    assert columns["items"] == Column("items", "list", False, "TransactionItem")
    assert "supporter" not in columns
    assert not any(name.count(".") > 1 for name in columns)
    assert [c.name for c in catalog.columns(endpoint(catalog, "/members/{member}/roles"))] == ["value"]


def test_trap_31_every_include_has_columns(catalog: Catalog) -> None:
    used = {name for e in catalog.endpoints for name in (*e.include, *e.include_elsewhere)}
    assert used == set(catalog.includes)
    assert endpoint(catalog, "/transactions/{transaction}").include == (
        *("answers", "campaign", "channel_transaction", "dedication", "decline_reason", "fundraising_page"),
        *("fundraising_team", "items", "member", "offline_payment_info", "organization", "receipt_serial"),
        *("recurring_donation_plan", "reprocess_attempt_info", "reprocess_history", "source_tracking_codes"),
        *("supporter", "order_donation_match"),
    )


def test_every_record_that_is_referred_to_exists(catalog: Catalog) -> None:
    columns = [c for r in catalog.records.values() for c in r.columns] + list(catalog.includes.values())
    named = {c.record for c in columns if c.record} | {
        e.aggregates for e in catalog.endpoints if e.aggregates
    }
    named |= {e.record for e in catalog.endpoints if e.record not in KINDS}
    assert named <= set(catalog.records)
    assert {c.kind for c in columns} <= {*KINDS, "object"}


def test_business_dates(catalog: Catalog) -> None:
    assert endpoint(catalog, "/organizations/{organization}/transactions").date == "purchased_at"
    assert endpoint(catalog, "/organizations/{organization}/campaigns").date == "created_at"
    assert endpoint(catalog, "/organizations/{organization}/activity").date is None
    for one in catalog.endpoints:
        if one.date:
            kinds = {c.name: c.kind for c in catalog.columns(one)}
            assert kinds[one.date] == ("date" if one.resource == "payouts" else "datetime")


def test_trap_47_each_key_has_one_public_name(catalog: Catalog) -> None:
    keys = {key for e in catalog.endpoints for key in e.keys}
    assert not {k for k in keys if k == "id" or k.endswith("_id") or not re.fullmatch("[a-z_]+", k)}
    assert {"organization", "campaign", "fundraising_page", "member", "url", "app"} <= keys
    assert DEFAULT_KEYS == ("organization", "app")


@pytest.mark.parametrize(
    ("path", "template"),
    [
        ("/organizations/7/transactions", "/organizations/{organization}/transactions"),
        ("organizations/7/transactions/", "/organizations/{organization}/transactions"),
        ("/organizations/7/supporters/me", "/organizations/{organization}/supporters/me"),
        ("/campaigns/5/feed-items/direct", "/campaigns/{campaign}/feed-items/{scope}"),
        ("/organizations/7/members", None),
        ("/", None),
    ],
)
def test_find_returns_the_endpoint_of_a_path(catalog: Catalog, path: str, template: str | None) -> None:
    found = catalog.find(path)
    assert (found.path if found else None) == template


def test_every_path_finds_itself(catalog: Catalog) -> None:
    for one in catalog.endpoints:
        filled = re.sub(r"{\w+}", "5", one.path)
        assert catalog.find(filled) is one


def test_every_resource_is_an_attribute_that_editors_complete(catalog: Catalog) -> None:
    from classy_nb.client import Classy
    from classy_nb.client.resource import Resource

    hints = get_type_hints(Classy, localns={"Resource": Resource})
    assert set(hints) == set(catalog.resources)
    assert list(hints) == sorted(hints)
    assert set(hints.values()) == {Resource}


def test_resource_names_do_not_shadow_the_connections_methods(catalog: Catalog) -> None:
    from classy_nb.client import Classy

    assert not set(vars(Classy)) & set(catalog.resources)
    assert not {"organization", "organization_name", "timezone"} & set(catalog.resources)


def test_the_summary_has_a_row_for_each_resource(catalog: Catalog) -> None:
    rows = {row["resource"]: row for row in summary(catalog)}
    assert list(rows) == sorted(catalog.resources)
    assert rows["transactions"] == {
        "resource": "transactions",
        "parents": "campaign, organization, recurring_donation_plan",
        "one": True,
        "columns": len(catalog.columns(catalog.resources["transactions"].lists[0])),
        "include": ", ".join(catalog.resources["transactions"].lists[0].include),
        "include_one": ", ".join(catalog.resources["transactions"].objects[0].include),
        "date": "purchased_at",
        "deprecated": False,
        "member_only": False,
    }
    assert rows["me"]["member_only"] is True
    assert rows["matched_transactions"]["deprecated"] is True


@pytest.mark.edge(8)
@pytest.mark.parametrize(
    ("record", "name"),
    [("Payout", "payout_date"), ("Registration", "date_of_birth"), ("TicketType.commitment", "deadline")],
)
def test_a_day_written_as_midnight_is_a_day(catalog: Catalog, record: str, name: str) -> None:
    column = catalog.records[record].column(name)
    assert column is not None
    assert column.kind == "date"


@pytest.mark.edge(8)
def test_values_that_the_document_names_in_prose(catalog: Catalog) -> None:
    payouts = endpoint(catalog, "/organizations/{organization}/payouts/{payout_type}")
    assert payouts.choices == {"payout_type": ("paypal", "stripe")}
    videos = endpoint(catalog, "/social-videos/entity")
    assert {p.name: p.known for p in videos.parameters} == {
        "entity_type": ("studio_campaign",),
        "entity_id": (),
        "persona": ("donor",),
    }
    own_videos = endpoint(catalog, "/studio-campaigns/{campaign}/share-settings/social-videos/{persona}")
    assert own_videos.known == {"persona": ("donor",)}


@pytest.mark.edge(9)
def test_what_one_endpoint_includes_is_known_to_all_of_the_record(catalog: Catalog) -> None:
    gifts = "/recurring-donation-plans/{recurring_donation_plan}/transactions"
    assert "items" in endpoint(catalog, gifts).include_elsewhere
    assert endpoint(catalog, "/fundraising-teams/{fundraising_team}").include_elsewhere == (
        "source_tracking_codes",
    )
    assert endpoint(catalog, "/transactions/{transaction}/items").include_elsewhere == ("transaction",)
    for one in catalog.endpoints:
        others = {name for e in catalog.endpoints if e.record == one.record for name in e.include}
        assert not set(one.include) & set(one.include_elsewhere)
        assert others <= {*one.include, *one.include_elsewhere}


def strings(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [*value, *(s for v in value.values() for s in strings(v))]
    if isinstance(value, list):
        return [s for v in value for s in strings(v)]
    return [value] if isinstance(value, str) else []


def test_the_file_is_small_and_contains_only_names() -> None:
    raw = FILE.read_bytes()
    assert len(raw) < 300_000
    texts = strings(json.loads(raw))
    assert len(texts) > 2000
    kinds, values = zip(*((kind, value) for kind, _, value in (t.partition(":") for t in texts)), strict=True)
    assert [t for t in kinds if not re.fullmatch(r"[\w./{}?\[\]-]+", t)] == []
    assert max(len(t) for t in kinds if not t.startswith("/")) <= 60
    named = [one for value in values if value for one in value.split("|")]
    assert {"success", "Credit Card", "peer_to_peer"} < set(named)
    assert [one for one in named if not re.fullmatch(r"[\w .-]{1,60}", one)] == []


def test_the_catalog_is_loaded_once() -> None:
    assert load() is load()
