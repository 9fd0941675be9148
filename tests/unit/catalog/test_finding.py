"""Finding by words: what people say leads to what the API has."""

from __future__ import annotations

import ast
import tomllib
from importlib.resources import files

import pytest

from classy_nb.catalog import Found, find, find_resources, load, meant
from classy_nb.query import ListOptions, QueryBuilder

CATALOG = load()
SYNONYMS = tomllib.loads(files("classy_nb.catalog").joinpath("synonyms.toml").read_text("utf-8"))
QUERIES = QueryBuilder(CATALOG, defaults={"organization": 7, "app": "app"})


def names(text: str, most: int | None = None) -> list[str]:
    return [one.name for one in find(CATALOG, text)][:most]


@pytest.mark.parametrize(
    ("words", "place"),
    [
        ("gift", "transactions"),
        ("donation", "transactions"),
        ("amount", "transactions.donation_gross_amount"),
        ("gross", "transactions.total_gross_amount"),
        ("net", "transactions.donation_net_amount"),
        ("fee", "transactions.fees_amount"),
        ("who covers the fees", "transactions.is_donor_covered_fee"),
        ("FX", "transactions.currency_code"),
        ("refund", "transactions.refunded_at"),
        ("money back", "transactions.refunded_at"),
        ("chargeback", "transactions.status = cb_lost"),
        ("dispute", "transactions.status = cb_lost"),
        ("declined", "transactions.processor_decline_code"),
        ("check", "transactions.payment_method"),
        ("ACH", "transactions.payment_type = ACH"),
        ("PayPal", "transactions.payment_type = PayPal"),
        ("bitcoin", "transactions.payment_type = Crypto"),
        ("payout", "payouts"),
        ("bank deposit", "payouts"),
        ("settlement", "transactions.charged_at"),
        ("GL code", "designations.external_reference_id"),
        ("tax receipt", "receipts"),
        ("donor", "supporters"),
        ("e-mail", "supporters.email_address"),
        ("zip code", "supporters.postal_code"),
        ("newsletter", "supporters.opt_in"),
        ("anonymous", "transactions.is_anonymous"),
        ("employer", "transactions.company_name"),
        ("recurring", "recurring_donation_plans"),
        ("sustainers", "recurring_donation_plans"),
        ("cancellation reason", "recurring_donation_plans.cancel_reason_text"),
        ("event", "campaigns"),
        ("goal", "campaigns.goal"),
        ("thermometer", "overviews.percent_to_goal"),
        ("ticket", "ticket_types"),
        ("table sponsor", "ticket_types"),
        ("attendee", "registrations"),
        ("T-shirt", "registrations.tshirt_size"),
        ("custom question", "questions"),
        ("promo code", "promo_codes"),
        ("P2P", "fundraising_pages"),
        ("page", "fundraising_pages"),
        ("fundraiser", "fundraising_pages"),
        ("team captain", "fundraising_teams.team_lead_supporter_id"),
        ("soft credit", "soft_credits"),
        ("in memory of", "dedications"),
        ("matching gift", "donation_matching_plans"),
        ("utm", "transactions.utm.source"),
        ("source code", "source_tracking_codes"),
        ("link", "fundraising_pages.canonical_url"),
        ("last modified", "transactions.updated_at"),
        ("updates", "updates"),
        ("date", "transactions.purchased_at"),
    ],
)
def test_what_people_say_is_among_the_first_three(words: str, place: str) -> None:
    assert place in names(words, 3)


@pytest.mark.parametrize(
    "written", ["refund", "Refunds", "REFUNDED", "refunding", "refnd", "  refund? ", "the refund", "réfund"]
)
def test_case_endings_typos_and_accents_make_no_difference(written: str) -> None:
    assert names(written, 2) == ["transactions.refunded_at", "transactions.status = refunded"]


@pytest.mark.parametrize("written", ["opt in", "opt-in", "optin", "opted in", "OptIn", "opt_in", "opt ins"])
def test_blanks_hyphens_and_underscores_make_no_difference(written: str) -> None:
    assert names(written, 1) == ["supporters.opt_in"]


def test_a_name_finds_itself_first() -> None:
    assert names("donation_gross_amount", 1) == ["transactions.donation_gross_amount"]
    for name in CATALOG.resources:
        assert names(name, 3).count(name) == 1, name


@pytest.mark.parametrize(
    ("words", "place"),
    [
        ("team goal", "fundraising_teams.goal"),
        ("page goal", "fundraising_pages.goal"),
        ("goal of the campaign", "campaigns.goal"),
        ("donor phone", "supporters.phone"),
        ("team name", "fundraising_teams.name"),
        ("registration status", "registrations.status"),
        ("payout amount", "payouts.payout_amount"),
    ],
)
def test_of_several_words_what_fits_all_comes_first(words: str, place: str) -> None:
    assert names(words, 1) == [place]


def test_one_column_of_many_resources_is_found_once() -> None:
    found = find(CATALOG, "campaign_id")

    texts = [(one.name.rpartition(".")[2], one.meaning) for one in found if one.kind == "column"]
    assert len(texts) == len(set(texts))
    assert found[0].name == "transactions.campaign_id"
    assert found[0].meaning == "Campaign that the gift was made to (joins to campaigns.id)"


def test_a_find_says_what_it_means_and_how_to_use_it() -> None:
    assert find(CATALOG, "refund")[:2] == [
        Found(
            "column",
            "transactions.refunded_at",
            "When the gift was returned; missing for all others",
            'classy.transactions(since="2026-01-01", by="refunded_at")',
        ),
        Found(
            "value",
            "transactions.status = refunded",
            "Given back; refunded_at says when",
            'classy.transactions(where="status = refunded")',
        ),
    ]
    keyword = find(CATALOG, "date_from")[0]
    assert (keyword.kind, keyword.name) == ("keyword", "since=")
    assert keyword.use == 'classy.transactions(since="2026-01-01")'


def test_functions_that_are_handed_in_are_found_too() -> None:
    function = Found("function", "cn.analysis.sourdough", "Bake a loaf", "cn.analysis.sourdough(flour)")

    assert find(CATALOG, "sourdough", [function]) == [function]
    assert find(CATALOG, "loaf", [function])[0] == function
    assert find(CATALOG, "sourdough") == []


@pytest.mark.parametrize("text", ["", "  ", "???", "zzqx wvkj", "寄付"])
def test_what_leads_nowhere_finds_nothing(text: str) -> None:
    assert find(CATALOG, text) == []


def test_words_that_say_nothing_count_only_alone() -> None:
    assert names("how do I find all of the refunds that we have had?", 1) == ["transactions.refunded_at"]
    assert names("by", 1) == ["by="]


def test_the_places_of_the_synonyms_exist() -> None:
    """Those that are functions: tests/unit/client/test_finding.py."""
    places = {place for line in SYNONYMS["said"].values() for place in line}
    unknown = set()
    for place in places:
        path, _, value = place.partition(" = ")
        resource, _, name = path.partition(".")
        if place.endswith("="):
            if place.removesuffix("=") not in SYNONYMS["keywords"]:
                unknown.add(place)
        elif resource in CATALOG.resources:
            spec = CATALOG.resources[resource]
            columns = {c.name: c for c in CATALOG.columns((spec.lists or spec.objects)[0])}
            if (name and name not in columns) or (value and value not in columns[name].known):
                unknown.add(place)
        elif not place.startswith(("cn.", "classy.")):
            unknown.add(place)

    assert unknown == set()
    assert set(SYNONYMS["main"]) <= set(CATALOG.resources)


def test_the_keywords_are_those_of_a_call() -> None:
    assert set(SYNONYMS["keywords"]) == set(SYNONYMS["uses"])
    assert set(SYNONYMS["keywords"]) == ListOptions.names() | {"dtype_backend", "progress"}


def everything() -> list[Found]:
    """Return all finds of the catalog, by way of every word in their names."""
    words = set(CATALOG.resources)
    words |= {column.name for record in CATALOG.records.values() for column in record.columns}
    words |= set(SYNONYMS["keywords"])
    return list({one.name: one for word in words for one in find(CATALOG, word)}.values())


def test_every_line_of_use_is_a_call_that_the_client_would_send() -> None:
    found = everything()
    assert len(found) > 1200

    for one in found:
        call = ast.parse(one.use, mode="eval").body
        if isinstance(call, ast.Compare):
            call = call.left
        if isinstance(call, ast.Subscript):
            call = call.value
        assert isinstance(call, ast.Call), one
        path = ast.unparse(call.func).split(".")
        keywords = {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords}
        values = [ast.literal_eval(value) for value in call.args]
        for name in ("dtype_backend", "progress"):
            keywords.pop(name, None)
        spec = CATALOG.resources[path[1]]
        if path[-1] == "get":
            query = QUERIES.for_record(spec, *values, **keywords)
        else:
            query = QUERIES.for_list(spec, **keywords)
        if one.kind == "value" and path[-1] != "get":
            assert {condition.warning for condition in query.conditions} == {None}, one


def test_the_explorer_finds_resources_by_any_word() -> None:
    assert find_resources(CATALOG, "gift")[:2] == ["transactions", "transaction_items"]
    assert find_resources(CATALOG, "t-shirt")[0] == "registrations"
    assert find_resources(CATALOG, "refund")[0] == "transactions"
    assert find_resources(CATALOG, "zzqx") == []
    assert set(find_resources(CATALOG, "since")) <= set(CATALOG.resources)


@pytest.mark.parametrize(
    ("name", "known", "expected"),
    [
        ("gifts", ["activity", "transactions", "supporters"], ["transactions"]),
        ("pages", ["likes", "fundraising_pages", "fundraising_teams"], ["fundraising_pages"]),
        ("refunds", ["campaigns", "transactions"], ["transactions"]),
        ("refund", ["id", "status", "refunded_at"], ["refunded_at", "status"]),
        ("refund", ["success", "refunded"], ["refunded"]),
        ("chargeback", ["success", "cb_lost"], ["cb_lost"]),
        ("start", ["sort", "since", "until"], ["since"]),
        ("date_from", ["sort", "since", "until"], ["since"]),
        ("orderBy", ["sort", "since"], ["sort"]),
        ("donor", ["items", "supporter"], ["supporter"]),
        ("utm_source", ["payment_source", "utm"], ["utm"]),
        ("gift_date", ["id", "purchased_at"], ["purchased_at"]),
        ("zzqx", ["sort", "since"], []),
        ("", ["sort"], []),
    ],
)
def test_names_are_suggested_by_meaning(name: str, known: list[str], expected: list[str]) -> None:
    assert meant(name, known) == expected
