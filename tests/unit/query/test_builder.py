"""A caller's keywords become a query, or a usage error before anything is sent."""

import dataclasses
import inspect
import re
from typing import Any

import numpy as np
import pytest
from support.queries import CATALOG, PAGE, listed, recorded, refusal, sent

import classy_nb
from classy_nb.errors import UsageError
from classy_nb.query import ListOptions, QueryBuilder


def test_without_keywords_the_query_is_the_organizations_whole_list() -> None:
    query = listed("transactions")
    assert query.path == "/organizations/7/transactions"
    assert query.page() == PAGE
    assert query.columns == CATALOG.columns(query.endpoint)
    assert len(query.columns) > 96


def test_all_keywords_together() -> None:
    assert sent(
        "transactions",
        campaign="12",
        since=2025,
        until="2026-01-01T00:00Z",
        where=["status = success", "total_gross_amount >= 100"],
        include=["items", "supporter"],
        sort="purchased_at:desc",
        limit=10,
    ) == {
        "with": "items,supporter",
        "filter": (
            "status=success,total_gross_amount>=100,"
            "purchased_at>=2025-01-01T08:00:00+0000,purchased_at<2026-01-01T00:00:00+0000"
        ),
        "sort": "purchased_at:desc",
    }


def test_trap_12_since_is_on_the_business_date() -> None:
    assert sent("transactions", since=2026) == {"filter": "purchased_at>=2026-01-01T08:00:00+0000"}
    assert sent("supporters", since=2026) == {"filter": "created_at>=2026-01-01T08:00:00+0000"}
    assert sent("supporters", until=2026, by="updated_at") == {
        "filter": "updated_at<2026-01-01T08:00:00+0000"
    }
    assert sent("recurring_donation_plans", since="2026-01-31", by="next_processing_date") == {
        "filter": "next_processing_date>=2026-01-31"
    }


def test_trap_12_a_list_without_a_business_date_says_so() -> None:
    assert "/organizations/{organization}/activity has no business date" in refusal("activity", since=2026)
    assert "The dates are" in refusal("transactions", by="status", since=2026)
    assert "Did you mean 'updated_at'" in refusal("transactions", by="updated", since=2026)
    assert "by= names an unknown column" in refusal("transactions", by="nope")


def test_trap_14_unknown_keywords_are_errors() -> None:
    assert "takes no keyword 'sincee'. Did you mean 'since'" in refusal("transactions", sincee=2026)
    assert "takes no keyword 'order'" in refusal("transactions", order="DESC")
    assert "takes no keyword 'created_gte'" in refusal("transactions", created_gte=5)
    assert "takes no keyword 'page'" in refusal("transactions", page=2)


def test_trap_14_an_unknown_parent_is_answered_with_the_known_ones() -> None:
    text = refusal("transactions", fundraising_page=5)
    assert text.startswith("transactions has no parent fundraising_page=. It takes ")
    assert "campaign=" in text
    assert "recurring_donation_plan=" in text
    assert "no parent (the organization's)" in text


@pytest.mark.parametrize("fields", [[], (), iter(())])
def test_fields_without_a_name_are_refused(fields: Any) -> None:
    with pytest.raises(UsageError, match=r"fields= is empty. Name columns, or leave fields= out"):
        listed("transactions", fields=fields)


def test_a_parent_of_none_is_refused_instead_of_fetching_everything() -> None:
    for keywords in ({"campaign": None}, {"organization": None}):
        with pytest.raises(UsageError, match="=None names no parent"):
            listed("transactions", **keywords)


@pytest.mark.parametrize(
    "fields", ["status", ["status"], ("status",), {"status"}, "id,status", "status, id", iter(["status"])]
)
def test_trap_32_fields_always_include_the_id(fields: Any) -> None:
    query = listed("transactions", fields=fields)
    names = dict(query.page())["fields"].split(",")
    assert names[0] == "id"
    assert set(names) == {"id", "status"}
    in_order = ["status", "id"] if fields == "status, id" else ["id", "status"]
    assert [column.name for column in query.columns] == in_order


def test_fields_keep_included_and_aggregated_columns() -> None:
    columns = [c.name for c in listed("transactions", fields="status", include="dedication").columns]
    assert columns[:2] == ["id", "status"]
    assert all(name.startswith("dedication.") for name in columns[2:])
    assert len(columns) > 3
    columns = [c.name for c in listed("fundraising_pages", fields="status", aggregates=True).columns]
    assert columns[:3] == ["id", "status", "total_raised"]
    nested = [c.name for c in listed("transactions", fields="context").columns]
    assert nested[0] == "id"
    assert all(name.startswith("context.") for name in nested[1:])
    assert len(nested) > 2


def test_fields_are_checked() -> None:
    assert "Did you mean 'status'" in refusal("transactions", fields="statsu")
    for wrong in ("", "a,,b", ["status", ""], [5], 5, [None]):
        assert "fields= takes names" in refusal("transactions", fields=wrong)


def test_no_id_is_added_to_the_fields_of_a_list_without_one() -> None:
    assert sent("donor_emails", fundraising_page=1, fields="email_address") == {"fields": "email_address"}


@pytest.mark.parametrize("include", ["items,supporter", ["items", "supporter"], iter(["items", "supporter"])])
def test_trap_31_includes_are_one_comma_list(include: Any) -> None:
    query = listed("transactions", include=include, where="supporter.email_address = ann@example.org")
    assert dict(query.page())["with"] == "items,supporter"
    names = [column.name for column in query.columns]
    assert "items" in names
    assert "supporter.email_address" in names


def test_trap_31_each_endpoint_has_its_own_includes() -> None:
    assert sent("fundraising_pages", include="member") == {"with": "member"}
    assert "does not know include='ecard'" in refusal("transactions", include="ecard")
    assert recorded("transactions", 5, include="answers").parameters == (("with", "answers"),)
    assert "Did you mean 'supporter'" in refusal("transactions", include="suporter")
    assert "does not know include='campaign.organization'" in refusal(
        "transactions", include="campaign.organization"
    )


@pytest.mark.edge(9)
@pytest.mark.parametrize(
    ("resource", "keywords", "name"),
    [
        ("transactions", {"recurring_donation_plan": 5}, "items"),
        ("transactions", {}, "campaign"),
        ("fundraising_teams", {}, "source_tracking_codes"),
        ("transaction_items", {"transaction": 5}, "transaction"),
        ("organization_credential_sets", {}, "member"),
    ],
)
def test_includes_of_other_calls_are_sent_and_warned_of(
    resource: str, keywords: dict[str, Any], name: str
) -> None:
    query = listed(resource, include=name, **keywords)
    assert ("with", name) in query.page()
    assert {c.name.partition(".")[0] for c in query.columns} >= {name}
    (warning,) = query.warnings
    assert warning == (
        f"include={name!r} is sent, although the API's document lists it for other calls than "
        f"{query.endpoint.path}: if the API ignores it, its columns stay empty."
    )
    assert listed("transactions", include="items").warnings == ()


@pytest.mark.edge(9)
def test_includes_of_one_record_are_sent_too() -> None:
    query = recorded("fundraising_teams", 5, include="source_tracking_codes")
    assert query.parameters == (("with", "source_tracking_codes"),)
    assert len(query.warnings) == 1


@pytest.mark.edge(9)
def test_what_no_call_includes_is_refused_with_what_each_takes() -> None:
    assert refusal("transactions", include="ecard", recurring_donation_plan=5).startswith(
        "/recurring-donation-plans/{recurring_donation_plan}/transactions does not know include='ecard'. "
        "Listed for other calls of the same record, sent with a warning: "
    )
    assert refusal("transaction_items", include="ecard") == (
        "/organizations/{organization}/transaction-items does not know include='ecard'. It takes transaction."
    )
    assert refusal("campaigns", include="organization").endswith("include='organization'. It takes none.")


@pytest.mark.edge(8)
@pytest.mark.parametrize("bad", ["banana", "PayPal", "", " "])
def test_payouts_are_of_one_of_two_types(bad: str) -> None:
    assert "payout_type=" in refusal("payouts", payout_type=bad, payout_date="2026-01-31")
    assert "must be one of paypal, stripe" in refusal("payouts", payout_type="banana", payout_date=2026)


@pytest.mark.edge(8)
def test_other_values_than_the_documents_examples_are_warned_of() -> None:
    videos = {"entity_type": "studio_campaign", "entity_id": 5, "persona": "donor"}
    assert recorded("social_videos", **videos).warnings == ()
    (warning,) = recorded("social_videos", **{**videos, "persona": "banana"}).warnings
    assert warning == "persona='banana': the API's document does not list this value. Known: donor."
    (warning,) = recorded("campaign_social_videos", campaign=5, persona="banana").warnings
    assert warning.startswith("persona='banana'")
    assert recorded("campaign_social_videos", campaign=5, persona="donor").warnings == ()


@pytest.mark.edge(8)
def test_a_sort_that_the_api_would_ignore_is_refused_where_it_chooses_the_rows() -> None:
    query = listed("brandkit_images", sort="size:desc", limit=5)
    assert query.order() == "size:desc"
    advice = "Leave limit= out: a whole list is sorted after it has arrived."
    for sort in ("type", "name,size"):
        text = refusal("brandkit_images", sort=sort, limit=5)
        assert "sorts by one of updated_at, name, created_at, size, not by" in text
        assert text.endswith(advice)
    assert listed("brandkit_images", sort="type").sort == (("type", False),)


@pytest.mark.edge(8)
def test_numbers_and_time_zones_of_parameters_are_checked() -> None:
    with pytest.raises(UsageError, match="limit=1000 must be from 1 to 100"):
        recorded("annual_summary_reports", year=2025, limit=1000)
    assert recorded("annual_summary_reports", year=2025, limit=100).parameters == (("limit", "100"),)
    with pytest.raises(UsageError, match="timezone='Mars/Olympus' is unknown"):
        recorded("overviews", fundraising_page=5, timezone="Mars/Olympus")


@pytest.mark.edge(8)
@pytest.mark.edge(7)
def test_moments_go_with_the_zone_in_which_they_are_meant() -> None:
    queries = QueryBuilder(CATALOG, "Asia/Tokyo", {"organization": 7})
    query = queries.for_record(CATALOG.resources["overviews"], fundraising_page=5, start_date="2026-01-31")
    assert query.parameters == (("start_date", "2026-01-31 00:00:00"), ("timezone", "Asia/Tokyo"))
    assert queries.for_record(CATALOG.resources["overviews"], fundraising_page=5).parameters == ()


@pytest.mark.edge(8)
def test_payouts_are_filtered_by_day() -> None:
    query = listed("payouts", payout_type="paypal", since="2026-01-30", until="2026-02-02")
    assert [str(condition) for condition in query.conditions] == [
        "payout_date>=2026-01-30",
        "payout_date<2026-02-02",
    ]
    assert [dict(part.page())["payout_date"] for part in query.parts] == [
        "2026-01-30",
        "2026-01-31",
        "2026-02-01",
    ]
    both = listed("payouts", payout_date="2026-01-31")
    assert [part.path for part in both.parts] == [
        "/organizations/7/payouts/paypal",
        "/organizations/7/payouts/stripe",
    ]
    text = refusal("payouts", payout_type="paypal", payout_date="2026-01-31T18:00")
    assert text == (
        "payout_date='2026-01-31T18:00' has a time, but is compared with days. Give the day alone."
    )


def test_a_condition_on_a_related_record_needs_its_include() -> None:
    assert "unknown column" in refusal("transactions", where="supporter.email_address = a")


def test_trap_19_sorting_by_an_aggregate_needs_the_flag() -> None:
    assert sent("fundraising_pages", aggregates=True, sort="total_raised:desc") == {
        "aggregates": "true",
        "sort": "total_raised:desc",
    }
    assert "unknown column 'total_raised'" in refusal("fundraising_pages", sort="total_raised")
    assert "unknown column 'total_raised'" in refusal(
        "fundraising_pages", aggregates=True, where="total_raised > 5"
    )
    assert "has no aggregates" in refusal("transactions", aggregates=True)


def test_trap_19_aggregates2() -> None:
    assert sent("fundraising_pages", aggregates2=True) == {"aggregates2": "true"}
    assert sent("fundraising_pages", aggregates2=False) == {"aggregates2": "false"}
    assert "does not know aggregates2=" in refusal("fundraising_pages", member=3, aggregates2=True)
    assert "aggregates2= takes True or False, not 1" in refusal("fundraising_pages", aggregates2=1)


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("created_at", "created_at"),
        ("created_at:asc", "created_at"),
        ("created_at:desc", "created_at:desc"),
        ("-created_at", "created_at:desc"),
        (["status", "created_at:desc"], "status,created_at:desc"),
        ("status, -created_at", "status,created_at:desc"),
    ],
)
def test_sort_takes_directions_and_several_columns(sort: Any, order: str) -> None:
    assert sent("transactions", sort=sort) == {"sort": order}


def test_sort_is_checked() -> None:
    assert "the direction is asc or desc" in refusal("transactions", sort="created_at:down")
    assert "the direction is asc or desc" in refusal("transactions", sort="created_at DESC:x")
    assert "unknown column 'created'" in refusal("transactions", sort="created")
    assert "unknown column 'items'" in refusal("transactions", include="items", sort="items")
    assert "unknown column 'metadata'" in refusal("transactions", sort="metadata")
    assert "sort= takes names" in refusal("transactions", sort="")
    assert "sort= names 'id' twice" in refusal("transactions", sort="id,id:desc", limit=3)
    assert "sort= names 'status' twice" in refusal("transactions", sort=["-status", "id", "status:desc"])


def test_a_whole_list_cannot_be_sorted_by_a_column_that_fields_leave_out() -> None:
    assert "sort= names 'created_at', which fields= leaves out" in refusal(
        "transactions", fields="status", sort="created_at"
    )
    query = listed("transactions", fields="status", sort="created_at", limit=5)
    assert query.sort == (("created_at", False),)


@pytest.mark.parametrize("limit", [1, 100, 10**9, np.int64(5)])
def test_limit_takes_any_positive_integer(limit: Any) -> None:
    query = listed("transactions", limit=limit)
    assert query.limit == limit
    assert type(query.limit) is int


@pytest.mark.parametrize("limit", [0, -1, 1.5, "5", True, [5], np.bool_(True)])
def test_anything_but_a_positive_integer_is_refused_as_limit(limit: Any) -> None:
    assert "must be a whole number, 1 or more" in refusal("transactions", limit=limit)


def test_trap_33_tracking_codes_are_requested_with_all_flags() -> None:
    flags = {"fundraisingTeams": "true", "fundraisingPages": "true", "transactions": "true"}
    assert sent("source_tracking_codes") == flags
    assert sent("source_tracking_codes", campaign=5) == flags
    assert sent("source_tracking_codes", transactions=False) == {**flags, "transactions": "false"}
    assert sent("source_tracking_codes", fundraising_teams=False) == {**flags, "fundraisingTeams": "false"}


def test_trap_33_required_parameters_are_required() -> None:
    assert refusal("payouts", payout_type="stripe") == (
        "payouts needs since=, or payout_date=: the API lists them by day. "
        "Such as since='last month', or since='2026-01-01', until='2026-02-01'."
    )
    assert sent("payouts", payout_type="stripe", payout_date="2026-01-31") == {"payout_date": "2026-01-31"}
    with pytest.raises(UsageError, match="/social-videos/entity needs entity_type="):
        recorded("social_videos")
    query = recorded("social_videos", entity_type="campaign", entity_id=5, persona="donor")
    assert query.parameters == (("entity_type", "campaign"), ("entity_id", "5"), ("persona", "donor"))


def test_a_parameter_with_choices_takes_only_those() -> None:
    assert recorded("overviews", fundraising_page=5, interval="daily").parameters == (("interval", "daily"),)
    with pytest.raises(UsageError, match="interval='hourly' must be one of daily, weekly"):
        recorded("overviews", fundraising_page=5, interval="hourly")


def test_overviews_take_local_times_without_an_offset() -> None:
    query = recorded(
        "overviews",
        fundraising_page=5,
        start_date="2026-01-31",
        end_date="2026-02-01T08:00:00.5Z",
        timezone="America/Los_Angeles",
    )
    assert query.parameters == (
        ("start_date", "2026-01-31 00:00:00"),
        ("end_date", "2026-02-01 00:00:00"),
        ("timezone", "America/Los_Angeles"),
    )


@pytest.mark.parametrize("value", [True, "", "a\nb", None, ["a"], {"a": 1}, object(), "\ud800"])
def test_text_parameters_are_checked(value: Any) -> None:
    if value is None:
        assert sent("past_donors", fundraising_page=1, search=None) == {}
        return
    assert "search= takes plain text" in refusal("past_donors", fundraising_page=1, search=value)


@pytest.mark.parametrize("value", ["1.5", -1, True, "\u00b2", "\u0663", "", [1], 2.0])
def test_integer_parameters_are_checked(value: Any) -> None:
    with pytest.raises(UsageError, match="domain_id= takes a whole number"):
        recorded("slug_availability", slug="a-page", domain_id=value)


@pytest.mark.parametrize("value", [5, "5", np.int64(5)])
def test_integer_parameters(value: Any) -> None:
    query = recorded("slug_availability", slug="a-page", domain_id=value)
    assert (query.path, query.parameters) == (
        "/domain-slugs/availability-check/a-page",
        (("domain_id", "5"),),
    )


def test_camel_case_parameters_are_snake_case_keywords() -> None:
    assert sent("past_donors", fundraising_page=1, sort_reverse=True, hide_already_donated=False) == {
        "sortReverse": "true",
        "hideAlreadyDonated": "false",
    }
    assert "takes no keyword 'sortReverse'" in refusal("past_donors", fundraising_page=1, sortReverse=True)


def test_records_are_found_by_id_parent_or_default() -> None:
    assert recorded("transactions", 5).path == "/transactions/5"
    assert recorded("organizations").path == "/organizations/7"
    assert recorded("organizations", 9).path == "/organizations/9"
    assert recorded("apps").path == "/apps/idForTheTests123"
    assert recorded("overviews", campaign=5).path == "/campaigns/5/overview"
    assert recorded("overviews", fundraising_team=5).path == "/fundraising-teams/5/overview"
    assert recorded("me").path == "/me"
    assert recorded("custom_url_availability", "https://example.org/x").path == (
        "/campaigns/custom-url/https%3A%2F%2Fexample.org%2Fx"
    )
    assert recorded("annual_summary_reports", 2025, limit=5).parameters == (("limit", "5"),)


@pytest.mark.parametrize(
    ("resource", "id_", "keywords", "says"),
    [
        ("transactions", None, {}, "get() needs the id of a record. Such as classy.transactions.get(123)."),
        ("overviews", None, {}, "needs an id or a parent. Give campaign="),
        ("transactions", 5, {"fields": []}, "fields= is empty. Name columns, or leave fields= out"),
        ("transactions", "x", {}, "transaction= takes one id"),
        ("transactions", 5, {"campaign": 3}, "campaign="),
        ("transactions", 5, {"where": "a = b"}, "takes no keyword 'where'"),
        ("overviews", 5, {}, "takes its parent as a keyword, not an id"),
        ("answers", 5, {}, "answers has lists only. Call it instead of .get()."),
        ("transactions", 5, {"fields": "statsu"}, "Did you mean 'status'"),
    ],
)
def test_refused_keywords_of_a_record(resource: str, id_: Any, keywords: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError) as caught:
        recorded(resource, id_, **keywords)
    assert says in str(caught.value)


def test_a_resource_without_lists_points_to_get() -> None:
    assert refusal("me") == "me has no list. Fetch its one record with .get()."


@pytest.mark.parametrize("timezone", ["UTC", "Asia/Kolkata"])
def test_every_list_of_the_catalog_can_be_queried(timezone: str) -> None:
    queries = QueryBuilder(CATALOG, timezone, {"organization": 7, "app": "idForTheTests123"})
    values: dict[str, Any] = {"payout_date": 2026, "scope": "all", "payout_type": "paypal", "app": "x"}
    count = 0
    for kind in CATALOG.resources.values():
        for endpoint in kind.lists:
            given = {key: values.get(key, 5) for key in endpoint.keys}
            given |= {p.keyword: values[p.keyword] for p in endpoint.parameters if p.required}
            query = queries.for_list(kind, **given)
            assert query.endpoint.keys == endpoint.keys
            assert "{" not in query.path
            count += 1
    assert count == 101


def test_every_keyword_of_lists_is_in_the_public_signature_and_docstring() -> None:
    parameters = inspect.signature(classy_nb.Resource.__call__).parameters
    documented = inspect.getdoc(classy_nb.Resource) or ""
    for field in dataclasses.fields(ListOptions):
        assert parameters[field.name].default == field.default
        assert re.search(rf"(?m)^[\w, ]*\b{field.name}\b[\w, ]* : ", documented), field.name
    others = {name for name, p in parameters.items() if p.kind is inspect.Parameter.KEYWORD_ONLY}
    assert others - ListOptions.names() == {"dtype_backend", "progress"}


def test_keywords_of_the_call_are_suggested_too() -> None:
    assert "Did you mean 'progress'" in refusal("transactions", progres=True)
    assert "Did you mean 'dtype_backend'" in refusal("transactions", dtype_backen="pyarrow")
