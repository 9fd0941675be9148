"""Parameters that only some lists have, and single records: asked for, or refused before anything is sent."""

from typing import Any

import numpy as np
import pytest
from support.asking import CATALOG, recorded, refusal, sent

from classy_nb.errors import UsageError
from classy_nb.query.builder import QueryBuilder


def test_trap_33_tracking_codes_are_asked_for_with_all_flags() -> None:
    flags = {"fundraisingTeams": "true", "fundraisingPages": "true", "transactions": "true"}
    assert sent("source_tracking_codes") == flags
    assert sent("source_tracking_codes", campaign=5) == flags
    assert sent("source_tracking_codes", transactions=False) == {**flags, "transactions": "false"}
    assert sent("source_tracking_codes", fundraising_teams=False) == {**flags, "fundraisingTeams": "false"}


def test_trap_33_required_parameters_are_required() -> None:
    assert refusal("payouts", payout_type="online") == (
        "/organizations/{organization}/payouts/{payout_type} needs payout_date=."
    )
    assert sent("payouts", payout_type="online", payout_date="2026-01-31") == {"payout_date": "2026-01-31"}
    with pytest.raises(UsageError, match="/social-videos/entity needs entity_type="):
        recorded("social_videos")
    query = recorded("social_videos", entity_type="campaign", entity_id=5, persona="donor")
    assert query.parameters == (("entity_type", "campaign"), ("entity_id", "5"), ("persona", "donor"))


def test_parameters_that_are_chosen_from() -> None:
    assert recorded("overviews", fundraising_page=5, interval="daily").parameters == (("interval", "daily"),)
    with pytest.raises(UsageError, match="interval='hourly' is none of daily, weekly"):
        recorded("overviews", fundraising_page=5, interval="hourly")


def test_moments_of_overviews_have_a_form_of_their_own() -> None:
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
def test_texts_are_checked(value: Any) -> None:
    if value is None:
        assert sent("past_donors", fundraising_page=1, search=None) == {}
        return
    assert "search= takes plain text" in refusal("past_donors", fundraising_page=1, search=value)


@pytest.mark.parametrize("value", ["1.5", -1, True, "\u00b2", "\u0663", "", [1], 2.0])
def test_whole_numbers_are_checked(value: Any) -> None:
    with pytest.raises(UsageError, match="domain_id= takes a whole number"):
        recorded("slug_availability", slug="a-page", domain_id=value)


@pytest.mark.parametrize("value", [5, "5", np.int64(5)])
def test_whole_numbers(value: Any) -> None:
    query = recorded("slug_availability", slug="a-page", domain_id=value)
    assert (query.path, query.parameters) == (
        "/domain-slugs/availability-check/a-page",
        (("domain_id", "5"),),
    )


def test_names_with_capitals_are_keywords_in_our_spelling() -> None:
    assert sent("past_donors", fundraising_page=1, sort_reverse=True, hide_already_donated=False) == {
        "sortReverse": "true",
        "hideAlreadyDonated": "false",
    }
    assert "takes no keyword 'sortReverse'" in refusal("past_donors", fundraising_page=1, sortReverse=True)


def test_records() -> None:
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
    ("resource", "id_", "asked", "says"),
    [
        ("transactions", None, {}, "nothing says which (no id, no parent). Give transaction=."),
        ("transactions", "x", {}, "transaction= takes one id"),
        ("transactions", 5, {"campaign": 3}, "campaign="),
        ("transactions", 5, {"where": "a = b"}, "takes no keyword 'where'"),
        ("overviews", 5, {}, "takes no id, but its parents as keywords"),
        ("answers", 5, {}, "answers answers lists only: call it"),
        ("transactions", 5, {"fields": "statsu"}, "Did you mean 'status'"),
    ],
)
def test_records_that_cannot_be_asked_for(resource: str, id_: Any, asked: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError) as caught:
        recorded(resource, id_, **asked)
    assert says in str(caught.value)


def test_a_resource_without_lists_says_how_to_get_it() -> None:
    assert refusal("me") == "me answers one record: use .get()."


@pytest.mark.parametrize("timezone", ["UTC", "Asia/Kolkata"])
def test_every_list_can_be_asked_for(timezone: str) -> None:
    asking = QueryBuilder(CATALOG, timezone, {"organization": 7, "app": "idForTheTests123"})
    values: dict[str, Any] = {"payout_date": 2026, "scope": "all", "payout_type": "online", "app": "x"}
    count = 0
    for kind in CATALOG.resources.values():
        for endpoint in kind.lists:
            given = {key: values.get(key, 5) for key in endpoint.keys}
            given |= {p.keyword: values[p.keyword] for p in endpoint.parameters if p.required}
            query = asking.for_list(kind, **given)
            assert query.endpoint.keys == endpoint.keys
            assert "{" not in query.path
            count += 1
    assert count == 101
