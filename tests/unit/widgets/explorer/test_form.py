"""The form: the keywords it makes, what it refuses, and which field it points at."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classy_nb.catalog import load
from classy_nb.query.builder import Query, QueryBuilder
from classy_nb.widgets.explorer.choices import form_choices
from classy_nb.widgets.explorer.form import (
    OPERATORS,
    Condition,
    Form,
    FormError,
    caller_keys,
    check,
    count_keywords,
    endpoint_of,
    own_columns,
    read_keywords,
    tidy,
)
from classy_nb.widgets.explorer.notebook import call_text

CATALOG = load()
QUERIES = QueryBuilder(CATALOG, "America/Los_Angeles", {"organization": 7, "app": "someApp"})
LISTS = sorted(name for name, kind in CATALOG.resources.items() if kind.lists)


class Recorded:
    """A connection whose resources return the query instead of sending it."""

    def __getattr__(self, name: str) -> Any:
        return lambda **keywords: QUERIES.for_list(CATALOG.resources[name], **keywords)


def evaluated(text: str) -> tuple[str, Query]:
    """Run the call that is shown; return the variable and the query."""
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
    own = [column.name for column in own_columns(endpoint, QUERIES)]
    columns = [c for c in CATALOG.columns(endpoint, include) if c.kind not in ("list", "json", "object")]
    row = st.sampled_from(columns).flatmap(
        lambda column: st.builds(
            Condition,
            st.just(column.name),
            st.sampled_from(OPERATORS),
            mostly(st.just(OF_KIND[column.kind]) if column.kind in OF_KIND else ODD, ODD),
        )
    )
    shape = form_choices(Form(resource, ",".join(caller_keys(endpoint))), QUERIES)
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
        fields=tuple(draw(st.lists(st.sampled_from(own), max_size=4, unique=True))) if own else (),
        include=tuple(include),
        aggregates=draw(st.booleans()),
    )


@given(forms())
def test_the_call_that_is_shown_makes_the_same_query_as_the_form(form: Form) -> None:
    try:
        keywords, query = check(form, QUERIES)
    except FormError:
        return
    name, shown = evaluated(call_text(f"found = classy.{form.resource}", keywords))
    assert name == "found"
    assert shown == query


@given(forms())
def test_a_form_survives_the_round_trip_to_the_browser(form: Form) -> None:
    back = Form.read(form.as_message())
    assert back.as_message() == {**form.as_message(), "values": {k: v for k, v in form.values.items() if v}}


def test_many_of_the_generated_forms_are_complete() -> None:
    """Otherwise the property above would prove nothing."""
    good = []

    @settings(max_examples=300)
    @given(forms())
    def look(form: Form) -> None:
        with suppress(FormError):
            good.append(check(form, QUERIES)[1])

    look()
    assert len({query.endpoint.path for query in good}) > 10
    assert any(query.conditions for query in good)


def test_a_short_call_stands_on_one_line_and_a_long_one_is_folded() -> None:
    form = Form(since="2026-01-01", where=(Condition("status", "=", "success"),))
    keywords, _ = check(form, QUERIES)
    line = 'gifts = classy.transactions(since="2026-01-01", where="status = success")'
    assert call_text("gifts = classy.transactions", keywords) == line
    keywords, query = check(
        Form(values={"campaign": "12"}, parent="campaign", include=("supporter", "items")), QUERIES
    )
    called = "gifts_of_this_campaign = classy.transactions"
    folded = call_text(called, {**keywords, "since": "2026-01-01", "limit": 5})
    assert folded.splitlines() == [
        "gifts_of_this_campaign = classy.transactions(",
        "    campaign=12,",
        '    include=["items", "supporter"],',
        '    since="2026-01-01",',
        "    limit=5,",
        ")",
    ]
    assert query.path == "/campaigns/12/transactions"


def test_chosen_columns_keep_their_order_and_lose_what_the_list_does_not_have() -> None:
    form = tidy(Form(fields=("total_gross_amount", "nonsense", "status")), QUERIES)
    assert form.fields == ("total_gross_amount", "status")
    keywords, query = check(form, QUERIES)
    assert keywords == {"fields": ["total_gross_amount", "status"]}
    assert dict(query.parameters)["fields"] == "id,total_gross_amount,status"
    assert count_keywords({**keywords, "since": "2026"}) == {"since": "2026"}
    assert tidy(Form("campaigns", fields=("total_gross_amount", "goal")), QUERIES).fields == ("goal",)
    everything = tuple(column.name for column in own_columns(endpoint_of(Form(), QUERIES), QUERIES))
    assert len(everything) == 98
    assert Form.read(Form(fields=everything).as_message()).fields == everything


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
            "Fill in the payout date, or “Since”.",
        ),
        (
            Form("feed_items", "campaign,scope", {"campaign": "3", "scope": "near"}),
            "value:scope",
            "must be one of direct, all",
        ),
        (
            Form("payouts", "payout_type", {"payout_type": "stripe", "payout_date": "soon"}),
            "value:payout_date",
            "date",
        ),
        (Form(since="soon"), "since", "“Since”: write the date as 2026-01-31."),
        (Form(since="2025", until="2026-13-01"), "until", "“Until”: write the date as 2026-01-31."),
        (Form(since="2026-01-02", until="2026-01-02"), "until", "“Until” must be later than “Since”."),
        (Form(incomplete=("since",)), "since", "The date under “Since” is incomplete."),
        (Form.read({"resource": "transactions", "where": [["id", "=", "1"]] * 101}), "", "more than 100"),
        (Form.read({"resource": "transactions", "since": "2" * 1001}), "since", "more than 1,000 characters"),
        (Form(since="2026", by="status"), "since", "date"),
        (Form("dedications", since="2026"), "by", "Choose the date that “Since” and “Until” apply to."),
        (Form(where=(Condition("", "=", "x"),)), "where:0", "Condition 1 needs a column"),
        (Form(where=(Condition("status", "~", "x"),)), "where:0", "Condition 1 needs one of"),
        (
            Form(where=(Condition("status", "=", "x"), Condition("id", ">", " "))),
            "where:1",
            "Condition 2 needs a value",
        ),
        (
            Form(where=(Condition("status", "=", "x"), Condition("id", ">", "many"))),
            "where:1",
            "id is a whole number: write 1000",
        ),
        (Form(where=(Condition("id", ">", "1,000"),)), "where:0", "write 1000, without commas"),
        (
            Form(where=(Condition("total_gross_amount", ">", "1,000"),)),
            "where:0",
            "write 1000.50, without commas",
        ),
        (Form(where=(Condition("is_anonymous", "=", "yes!"),)), "where:0", "is either true or false"),
        (Form(where=(Condition("purchased_at", ">", "31/1"),)), "where:0", "write the date as 2026-01-31"),
        (Form(where=(Condition("company_name", "=", "a\u200bb"),)), "where:0", "an invisible character"),
        (
            Form(where=(Condition("company_name", "=", "NULL"),)),
            "where:0",
            "cannot search for missing values",
        ),
        (Form(where=(Condition("supporter.first_name", "=", "x"),)), "where:0", "unknown column"),
        (Form(where=(Condition("status", "=", "a,b"),)), "where:0", "comma"),
        (Form(where=(Condition("status", "=", "a and id > 5"),)), "where:0", "looks like another condition"),
        (Form(where=(Condition("company_name", "=", "a%20b"),)), "where:0", "as plain text"),
        (Form(where=(Condition("company_name", "=", "=x"),)), "where:0", "cannot start with"),
        (
            Form(where=(Condition("purchased_at", "!=", "2026-01-28"),)),
            "where:0",
            "cannot leave out a period",
        ),
        (Form(where=(Condition("purchased_at", "!=", "2026-01"),)), "where:0", "cannot leave out a period"),
        (Form(where=(Condition("purchased_at", "!=", "soon"),)), "where:0", "purchased_at is a date"),
    ],
)
def test_a_problem_is_explained_at_its_field(form: Form, field: str, words: str) -> None:
    with pytest.raises(FormError) as caught:
        check(form, QUERIES)
    assert (caught.value.field, words in caught.value.what) == (field, True), caught.value.what


@pytest.mark.edge(4)
def test_a_day_in_the_form_means_the_whole_day() -> None:
    form = Form(where=(Condition("purchased_at", "<=", "2026-01-28"), Condition("status", "=", "Success")))
    day, status = check(form, QUERIES)[1].conditions
    assert str(day) == "purchased_at<2026-01-29T08:00:00+0000"
    assert "Did you mean 'success'?" in (status.warning or "")


def test_values_have_the_type_of_their_field() -> None:
    form = Form(
        "past_donors",
        "fundraising_page",
        {"fundraising_page": " 9 ", "search": "42", "sort_reverse": "true", "nonsense": "x"},
    )
    assert read_keywords(form, QUERIES) == {"fundraising_page": 9, "sort_reverse": True, "search": "42"}
    form = Form("feed_items", "campaign,scope", {"campaign": "3", "scope": "direct"})
    assert check(form, QUERIES)[1].path == "/campaigns/3/feed-items/direct"


def test_a_date_column_without_a_period_is_left_out() -> None:
    assert read_keywords(Form(by="updated_at"), QUERIES) == {}
    assert read_keywords(Form(by="updated_at", since="2026"), QUERIES) == {
        "since": "2026",
        "by": "updated_at",
    }


def test_an_unknown_parent_falls_back_to_the_plainest_list() -> None:
    assert (
        endpoint_of(Form("transactions", "member"), QUERIES).path
        == "/organizations/{organization}/transactions"
    )
    assert (
        endpoint_of(Form("acknowledgements"), QUERIES).path == "/transactions/{transaction}/acknowledgements"
    )


@pytest.mark.parametrize(
    "junk", [None, 7, "x", [], {"values": 3, "where": [["a"], 5, None], "include": [1, {}], "since": []}]
)
def test_junk_from_the_browser_reads_as_an_empty_form(junk: object) -> None:
    form = Form.read(junk)
    assert (form.since, form.values, form.aggregates) == ("", {}, False)
    assert all(isinstance(part, str) for row in form.where for part in (row.column, row.operator, row.value))
    assert len(Form.read({"since": "x" * 9999}).since) == 1000
