"""The explorer's form: what it asks for, what it refuses, and the Python that it shows."""

from contextlib import suppress
from typing import Any

import pytest
from classy_nb.widgets.explorer.asked import check, endpoint_of, keywords, kind_of, own_keys
from classy_nb.widgets.explorer.call import bad_name, call_text
from hypothesis import given
from hypothesis import strategies as st

from classy_nb.catalog import load
from classy_nb.query import Query, QueryBuilder
from classy_nb.widgets.explorer import facts
from classy_nb.widgets.explorer.form import OPERATORS, Form, FormError, Row

CATALOG = load()
ASKING = QueryBuilder(CATALOG, "America/Los_Angeles", {"organization": 7, "app": "someApp"})
LISTS = sorted(name for name, kind in CATALOG.resources.items() if kind.lists)


class Recorded:
    """A connection whose resources turn a call into the query that it would make."""

    def __getattr__(self, name: str) -> Any:
        return lambda **asked: ASKING.for_list(CATALOG.resources[name], **asked)


def evaluated(text: str) -> tuple[str, Query]:
    """Run the shown line; return the variable and the query."""
    space: dict[str, Any] = {"classy": Recorded()}
    exec(text, {"__builtins__": {}}, space)
    del space["classy"]
    [(name, query)] = space.items()
    return name, query


ODD = st.one_of(st.text(max_size=12), st.sampled_from(["O'Hara", 'say "hi"', "é—ü", "\\n", "{x}", " a b "]))
OF_KIND = {"int": "12", "float": "-3.5", "bool": "true", "datetime": "2026-01-31T18:30", "date": "2026-01-31"}
DAYS = st.sampled_from([*[""] * 6, "2026", "2025-12-31", "2026-02", "2026-01-31T18:30", "2026-02-30", "soon"])


def mostly(usual: Any, odd: Any) -> Any:
    return st.integers(0, 9).flatmap(lambda number: odd if number == 9 else usual)


@st.composite
def forms(draw: Any) -> Form:
    """Forms as people fill them in, sensible or not."""
    resource = draw(st.sampled_from(LISTS))
    endpoint = draw(st.sampled_from(CATALOG.resources[resource].lists))
    include = draw(st.lists(st.sampled_from(endpoint.include), unique=True)) if endpoint.include else []
    columns = [c for c in CATALOG.columns(endpoint, include) if c.kind not in ("list", "json", "object")]
    row = st.sampled_from(columns).flatmap(
        lambda column: st.builds(
            Row,
            st.just(column.name),
            st.sampled_from(OPERATORS),
            mostly(st.just(OF_KIND[column.kind]) if column.kind in OF_KIND else ODD, ODD),
        )
    )
    shape = facts.shape(Form(resource, ",".join(own_keys(endpoint))), ASKING)
    usual = {"bool": "true", "date": "2026-01-31", "choice": "direct", "text": "O'Hara"}
    return Form(
        resource=resource,
        parent=shape["parent"],
        values={
            one["name"]: draw(mostly(st.just(usual.get(one["type"], "123")), ODD)) for one in shape["fields"]
        },
        since=draw(DAYS),
        until=draw(DAYS),
        by=draw(st.sampled_from(["", "", "", "created_at", "updated_at"])),
        where=tuple(draw(st.lists(row, max_size=2))) if columns else (),
        include=tuple(include),
        aggregates=draw(st.booleans()),
    )


@given(forms())
def test_the_call_that_is_shown_asks_what_the_panel_asks(form: Form) -> None:
    try:
        asked, query = check(form, ASKING)
    except FormError:
        return
    name, shown = evaluated(call_text(f"found = classy.{form.resource}", asked))
    assert name == "found"
    assert shown == query


@given(forms())
def test_a_form_survives_the_way_to_the_browser_and_back(form: Form) -> None:
    back = Form.read(form.written())
    assert back.written() == {**form.written(), "values": {k: v for k, v in form.values.items() if v}}


def test_many_of_these_forms_are_complete() -> None:
    """Else the property above would say nothing."""
    good = []

    @given(forms())
    def look(form: Form) -> None:
        with suppress(FormError):
            good.append(check(form, ASKING)[1])

    look()
    assert len({query.endpoint.path for query in good}) > 10
    assert any(query.conditions for query in good)


@pytest.mark.parametrize("text", ['a"b', "a\\b", "a\nb", "a\u200b\U0001f600", "é", "'"])
def test_text_is_written_as_python_reads_it(text: str) -> None:
    assert eval(call_text("dict", {"where": text})) == {"where": text}


@pytest.mark.parametrize("name", ["\ufb01le", "\uff49\uff46", "In", "Out", "exit", "_x", "list", "for", "2a"])
def test_names_that_mean_something_else_are_refused(name: str) -> None:
    assert bad_name(name) is not None


def test_a_short_call_stands_on_one_line_and_a_long_one_is_folded() -> None:
    form = Form(since="2026-01-01", where=(Row("status", "=", "success"),))
    asked, _ = check(form, ASKING)
    line = 'gifts = classy.transactions(since="2026-01-01", where="status = success")'
    assert call_text("gifts = classy.transactions", asked) == line
    asked, query = check(
        Form(values={"campaign": "12"}, parent="campaign", include=("supporter", "items")), ASKING
    )
    called = "gifts_of_this_campaign = classy.transactions"
    folded = call_text(called, {**asked, "since": "2026-01-01", "limit": 5})
    assert folded.splitlines() == [
        "gifts_of_this_campaign = classy.transactions(",
        "    campaign=12,",
        '    include=["items", "supporter"],',
        '    since="2026-01-01",',
        "    limit=5,",
        ")",
    ]
    assert query.path == "/campaigns/12/transactions"


@pytest.mark.parametrize(
    ("form", "field", "words"),
    [
        (Form(resource="apps"), "resource", "Choose a resource"),
        (Form(resource="nonsense"), "resource", "Choose a resource"),
        (Form(parent="campaign"), "value:campaign", "Fill in the campaign id."),
        (Form(parent="campaign", values={"campaign": "12x"}), "value:campaign", "a whole number"),
        (
            Form("payouts", "payout_type", {"payout_type": "stripe"}),
            "value:payout_date",
            "Fill in the payout date.",
        ),
        (
            Form("feed_items", "campaign,scope", {"campaign": "3", "scope": "near"}),
            "value:scope",
            "must be one of direct, all",
        ),
        (
            Form("payouts", "payout_type", {"payout_type": "stripe", "payout_date": "soon"}),
            "value:payout_date",
            "is not a date",
        ),
        (Form(since="soon"), "since", "“Since”: write the date as 2026-01-31."),
        (Form(since="2025", until="2026-13-01"), "until", "“Until”: write the date as 2026-01-31."),
        (Form(since="2026-01-02", until="2026-01-02"), "until", "“Until” must be later than “Since”."),
        (Form(incomplete=("since",)), "since", "The date under “Since” is not complete."),
        (Form.read({"resource": "transactions", "where": [["id", "=", "1"]] * 101}), "", "more than 100"),
        (Form.read({"resource": "transactions", "since": "2" * 1001}), "since", "more than 1,000 characters"),
        (Form(since="2026", by="status"), "since", "is not a date"),
        (Form("dedications", since="2026"), "by", "Choose the date"),
        (Form(where=(Row("", "=", "x"),)), "where:0", "Condition 1 needs a column"),
        (Form(where=(Row("status", "~", "x"),)), "where:0", "Condition 1 needs one of"),
        (Form(where=(Row("status", "=", "x"), Row("id", ">", " "))), "where:1", "Condition 2 needs a value"),
        (Form(where=(Row("status", "=", "x"), Row("id", ">", "many"))), "where:1", "whole numbers"),
        (Form(where=(Row("id", ">", "1,000"),)), "where:0", "write 1000, without a comma"),
        (Form(where=(Row("total_gross_amount", ">", "1,000"),)), "where:0", "write 1000.50, without a comma"),
        (Form(where=(Row("is_anonymous", "=", "yes!"),)), "where:0", "is either true or false"),
        (Form(where=(Row("purchased_at", ">", "31/1"),)), "where:0", "write the date as 2026-01-31"),
        (Form(where=(Row("company_name", "=", "a\u200bb"),)), "where:0", "a character that cannot be seen"),
        (Form(where=(Row("company_name", "=", "NULL"),)), "where:0", "what is missing"),
        (Form(where=(Row("supporter.first_name", "=", "x"),)), "where:0", "unknown column"),
        (Form(where=(Row("status", "=", "a,b"),)), "where:0", "comma"),
    ],
)
def test_what_is_wrong_is_said_and_where(form: Form, field: str, words: str) -> None:
    with pytest.raises(FormError) as caught:
        check(form, ASKING)
    assert (caught.value.field, words in caught.value.what) == (field, True), caught.value.what


def test_values_have_the_type_of_their_field() -> None:
    form = Form(
        "past_donors",
        "fundraising_page",
        {"fundraising_page": " 9 ", "search": "42", "sort_reverse": "true", "nonsense": "x"},
    )
    assert keywords(form, ASKING) == {"fundraising_page": 9, "sort_reverse": True, "search": "42"}
    form = Form("feed_items", "campaign,scope", {"campaign": "3", "scope": "direct"})
    assert check(form, ASKING)[1].path == "/campaigns/3/feed-items/direct"


def test_a_date_to_choose_by_needs_something_to_choose() -> None:
    assert keywords(Form(by="updated_at"), ASKING) == {}
    assert keywords(Form(by="updated_at", since="2026"), ASKING) == {"since": "2026", "by": "updated_at"}


def test_a_parent_that_the_resource_has_not_is_its_plainest() -> None:
    assert (
        endpoint_of(Form("transactions", "member"), ASKING).path
        == "/organizations/{organization}/transactions"
    )
    assert (
        endpoint_of(Form("acknowledgements"), ASKING).path == "/transactions/{transaction}/acknowledgements"
    )


@pytest.mark.parametrize(
    "junk", [None, 7, "x", [], {"values": 3, "where": [["a"], 5, None], "include": [1, {}], "since": []}]
)
def test_junk_from_the_browser_is_an_empty_form(junk: object) -> None:
    form = Form.read(junk)
    assert (form.since, form.values, form.aggregates) == ("", {}, False)
    assert all(isinstance(part, str) for row in form.where for part in (row.column, row.operator, row.value))
    assert len(Form.read({"since": "x" * 9999}).since) == 1000


@pytest.mark.parametrize("name", ["gifts", "été", "x1", "gifts_2026"])
def test_good_names(name: str) -> None:
    assert bad_name(name) is None


@pytest.mark.parametrize(
    "name", ["", "2026", "my gifts", "class", "list", "_", "__name__", "x.y", "None", "print"]
)
def test_bad_names_are_refused(name: str) -> None:
    assert repr(name) in (bad_name(name) or "")


def test_every_list_is_offered_with_its_facts() -> None:
    offered = {entry["name"]: entry for entry in facts.resources(CATALOG)}
    assert sorted(offered) == LISTS
    assert offered["transactions"]["fact"] == (
        "under organization, campaign, recurring donation plan · 117 columns · dated by purchased_at"
    )
    assert offered["notifications"]["flags"] == ["deprecated"]
    assert offered["brandkit_images"]["flags"] == ["members only"]
    assert offered["transactions"]["flags"] == []


@pytest.mark.parametrize("resource", LISTS)
def test_every_list_can_be_filled_in(resource: str) -> None:
    for endpoint in CATALOG.resources[resource].lists:
        form = Form(resource, ",".join(own_keys(endpoint)))
        shape = facts.shape(form, ASKING)
        values = {
            one["name"]: (one["choices"] or [{"date": "2026-01-31", "text": "x"}.get(one["type"], "5")])[0]
            for one in shape["fields"]
            if one["required"]
        }
        filled = Form(resource, shape["parent"], values, include=tuple(shape["include"]))
        query = check(filled, ASKING)[1]
        assert query.endpoint == endpoint
        assert shape["parent"] in [parent["value"] for parent in shape["parents"]]
        assert kind_of(form, ASKING).name == resource
        assert bad_name(facts.variable_for(resource)) is None


def test_what_a_list_offers() -> None:
    shape = facts.shape(Form(include=("supporter", "nonsense")), ASKING)
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
    payouts = facts.shape(Form("payouts", "payout_type"), ASKING)
    assert [(one["label"], one["type"], one["required"]) for one in payouts["fields"]] == [
        ("Payout type", "text", True),
        ("Payout date", "date", True),
    ]
    feed = facts.shape(Form("feed_items", "campaign,scope"), ASKING)
    assert [(one["label"], one["type"], one["choices"]) for one in feed["fields"]] == [
        ("Campaign id", "int", []),
        ("Scope", "choice", ["direct", "all"]),
    ]
    teams = facts.shape(Form("fundraising_teams", "member"), ASKING)
    assert teams["parents"][-1]["text"] == "Member (deprecated)"
    assert teams["flags"] == ["deprecated"]
