"""What a caller asks for becomes parameters of the API, or a usage error before anything is sent."""

from typing import Any

import numpy as np
import pytest
from support.asking import CATALOG, PAGE, listed, recorded, refusal, sent

from classy_nb.errors import UsageError
from classy_nb.query.builder import Query


def test_nothing_asked_is_the_whole_list_of_the_organization() -> None:
    query = listed("transactions")
    assert query.path == "/organizations/7/transactions"
    assert query.page() == PAGE
    assert query.columns == CATALOG.columns(query.endpoint)
    assert len(query.columns) > 96


def test_everything_asked() -> None:
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


def test_trap_20_a_page_of_a_key_walk() -> None:
    query = listed("transactions", where="status = success", sort="purchased_at")
    assert query.page(1, 50, after=99, sort="id") == [
        ("filter", "status=success,id>99"),
        ("sort", "id"),
        ("page", "1"),
        ("per_page", "50"),
    ]
    assert query.page(3)[-2:] == [("page", "3"), ("per_page", "100")]


def test_trap_17_there_is_one_filter_parameter_whatever_it_is_made_of() -> None:
    query = Query(
        listed("transactions").endpoint,
        "/organizations/7/transactions",
        (),
        (("filter", "status=success"), ("with", "items"), ("filter", "id<5")),
        listed("transactions", where="id != 3").conditions,
    )
    assert query.page(after=1) == [("with", "items"), ("filter", "status=success,id<5,id!=3,id>1"), *PAGE]


def test_trap_12_since_is_on_the_business_date() -> None:
    assert sent("transactions", since=2026) == {"filter": "purchased_at>=2026-01-01T08:00:00+0000"}
    assert sent("supporters", since=2026) == {"filter": "created_at>=2026-01-01T08:00:00+0000"}
    assert sent("supporters", until=2026, by="updated_at") == {
        "filter": "updated_at<2026-01-01T08:00:00+0000"
    }
    assert sent("recurring_donation_plans", since="2026-01-31", by="next_processing_date") == {
        "filter": "next_processing_date>=2026-01-31"
    }


def test_trap_12_lists_without_a_date_say_so() -> None:
    assert "/organizations/{organization}/activity has no business date" in refusal("activity", since=2026)
    assert "Dates are" in refusal("transactions", by="status", since=2026)
    assert "Did you mean 'updated_at'" in refusal("transactions", by="updated", since=2026)
    assert "by= names an unknown column" in refusal("transactions", by="nope")


def test_trap_14_unknown_keywords_are_errors() -> None:
    assert "takes no keyword 'sincee'. Did you mean 'since'" in refusal("transactions", sincee=2026)
    assert "takes no keyword 'order'" in refusal("transactions", order="DESC")
    assert "takes no keyword 'created_gte'" in refusal("transactions", created_gte=5)
    assert "takes no keyword 'page'" in refusal("transactions", page=2)


def test_trap_14_an_unknown_parent_lists_those_there_are() -> None:
    text = refusal("transactions", fundraising_page=5)
    assert text.startswith("transactions has no parent fundraising_page=. It takes ")
    assert "campaign=" in text
    assert "recurring_donation_plan=" in text
    assert "no parent (the organization's)" in text


def test_a_parent_that_is_none_is_refused_rather_than_everything_fetched() -> None:
    for asked in ({"campaign": None}, {"organization": None}):
        with pytest.raises(UsageError, match="=None names no parent"):
            listed("transactions", **asked)


@pytest.mark.parametrize(
    "fields", ["status", ["status"], ("status",), {"status"}, "id,status", "status, id", iter(["status"])]
)
def test_trap_32_fields_always_hold_the_id(fields: Any) -> None:
    query = listed("transactions", fields=fields)
    names = dict(query.page())["fields"].split(",")
    assert names[0] == "id"
    assert set(names) == {"id", "status"}
    assert [column.name for column in query.columns] == ["id", "status"]


def test_fields_keep_what_is_included_and_aggregated() -> None:
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
    for odd in ("", "a,,b", ["status", ""], [5], 5, [None]):
        assert "fields= takes names" in refusal("transactions", fields=odd)


def test_lists_without_an_id_get_none_added() -> None:
    assert sent("donor_emails", fundraising_page=1, fields="email_address") == {"fields": "email_address"}


@pytest.mark.parametrize("include", ["items,supporter", ["items", "supporter"], iter(["items", "supporter"])])
def test_trap_31_includes_are_one_comma_list(include: Any) -> None:
    query = listed("transactions", include=include, where="supporter.email_address = ann@example.org")
    assert dict(query.page())["with"] == "items,supporter"
    names = [column.name for column in query.columns]
    assert "items" in names
    assert "supporter.email_address" in names


def test_trap_31_includes_are_known_by_endpoint() -> None:
    assert sent("fundraising_pages", include="member") == {"with": "member"}
    assert "does not know include='answers'" in refusal("transactions", include="answers")
    assert recorded("transactions", 5, include="answers").parameters == (("with", "answers"),)
    assert "Did you mean 'supporter'" in refusal("transactions", include="suporter")
    assert "does not know include='campaign.organization'" in refusal(
        "transactions", include="campaign.organization"
    )


def test_conditions_on_related_records_need_the_include() -> None:
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
def test_sorts(sort: Any, order: str) -> None:
    assert sent("transactions", sort=sort) == {"sort": order}


def test_sorts_are_checked() -> None:
    assert "the direction is asc or desc" in refusal("transactions", sort="created_at:down")
    assert "the direction is asc or desc" in refusal("transactions", sort="created_at DESC:x")
    assert "unknown column 'created'" in refusal("transactions", sort="created")
    assert "unknown column 'items'" in refusal("transactions", include="items", sort="items")
    assert "unknown column 'metadata'" in refusal("transactions", sort="metadata")
    assert "sort= takes names" in refusal("transactions", sort="")
    assert "sort= names 'id' twice" in refusal("transactions", sort="id,id:desc", limit=3)
    assert "sort= names 'status' twice" in refusal("transactions", sort=["-status", "id", "status:desc"])


def test_a_sort_that_fields_leave_out_would_be_lost() -> None:
    assert "sort= names 'created_at', which fields= leaves out" in refusal(
        "transactions", fields="status", sort="created_at"
    )
    query = listed("transactions", fields="status", sort="created_at", limit=5)
    assert query.sort == (("created_at", False),)


@pytest.mark.parametrize("limit", [1, 100, 10**9, np.int64(5)])
def test_limits(limit: Any) -> None:
    query = listed("transactions", limit=limit)
    assert query.limit == limit
    assert type(query.limit) is int


@pytest.mark.parametrize("limit", [0, -1, 1.5, "5", True, [5], np.bool_(True)])
def test_limits_that_make_no_sense(limit: Any) -> None:
    assert "must be a whole number from 1" in refusal("transactions", limit=limit)
