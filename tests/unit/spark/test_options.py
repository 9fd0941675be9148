"""The options of a reader: texts become a question, or an error before anything is sent."""

from __future__ import annotations

import pytest

from classy_nb.errors import UsageError
from classy_nb.spark.applications import Application
from classy_nb.spark.options import read_options

CANARY = "canarySecret9f8e7d6c5b4a"


def options(**given: str) -> dict[str, str]:
    return {"resource": "transactions", **given}


def test_what_is_not_said_has_its_default() -> None:
    found = read_options(options())
    assert found.resource == "transactions"
    assert found.question == {}
    assert found.applications == (Application("CLASSY"),)
    assert found.organizations == ()
    assert (found.requests_per_minute, found.partitions, found.workers) == (1800, 4, 4)
    assert set(found.settings.values()) == {None}


def test_the_question_is_the_keywords_of_the_list() -> None:
    found = read_options(
        options(since="2024-01-01", until="2025", by="updated_at", fields="status, total_gross_amount")
    )
    assert found.question == {
        "since": "2024-01-01",
        "until": "2025",
        "by": "updated_at",
        "fields": "status, total_gross_amount",
    }


def test_several_conditions_are_separated_by_commas() -> None:
    found = read_options(options(where="status = success, total_gross_amount>=100 ,campaign_id != 7"))
    assert found.question["where"] == ["status = success", "total_gross_amount>=100", "campaign_id != 7"]


def test_a_comma_within_a_condition_is_refused_as_everywhere() -> None:
    with pytest.raises(UsageError, match="without commas"):
        read_options(options(where="total_gross_amount > 1,250.50")).query()


def test_flags_are_texts_here() -> None:
    pages = {"resource": "fundraising_pages"}
    assert read_options({**pages, "aggregates": "TRUE"}).question == {"aggregates": True}
    with pytest.raises(UsageError, match="aggregates='yes' must be true or false"):
        read_options({**pages, "aggregates": "yes"})


def test_names_may_be_written_as_spark_writes_them() -> None:
    found = read_options(options(requestsPerMinute="300", baseURL="http://127.0.0.1:1/2.0", Partitions="9"))
    assert found.requests_per_minute == 300
    assert found.settings["base_url"] == "http://127.0.0.1:1/2.0"
    assert found.partitions == 9


def test_load_may_name_the_resource() -> None:
    assert read_options({"path": "supporters"}).resource == "supporters"


def test_several_organizations_and_applications() -> None:
    found = read_options(options(organization="34, 12,34", credentials="NORTH, scope:classy/SOUTH,scope:x"))
    assert found.organizations == (34, 12)
    assert found.applications == (
        Application("NORTH"),
        Application("SOUTH", "classy"),
        Application("CLASSY", "x"),
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"resource": ""}, "option resource is missing"),
        ({"resource": "gifts"}, "no resource 'gifts'. Did you mean 'transactions'"),
        ({"organization": "twelve"}, "numeric ids"),
        ({"organization": "0"}, "numeric ids"),
        ({"partitions": "0"}, "partitions='0' must be a whole number from 1 to 1,000"),
        ({"workers": "65"}, "from 1 to 64"),
        ({"requests_per_minute": "many"}, "requests_per_minute='many'"),
        ({"timezone": "Mars/Olympus"}, "time zone 'Mars/Olympus' does not exist"),
        ({"fiscal_year_start": "13"}, "from 1 to 12"),
        ({"sort": "id"}, "frame.orderBy"),
        ({"limit": "10"}, "frame.limit"),
        ({"flat": "true"}, "always have flat names"),
    ],
)
def test_what_makes_no_sense_is_refused(given: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message.replace("(", r"\(")):
        read_options(options() | given)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"since": "yesterdayish"}, "since='yesterdayish' is not a date or a period"),
        ({"where": "stauts = success"}, "Did you mean 'status'"),
        ({"fields": "refund"}, "Did you mean 'refunded_at'"),
        ({"campaing": "7"}, "no keyword 'campaing'. Did you mean 'campaign'"),
        ({"start": "2024"}, "Did you mean 'since'"),
    ],
)
def test_a_question_that_the_api_would_misunderstand_is_refused(given: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read_options(options() | given).query()


@pytest.mark.parametrize("name", ["client_id", "clientSecret", "token", "access_token", "password"])
def test_a_secret_is_not_an_option(name: str) -> None:
    with pytest.raises(UsageError, match="event log") as caught:
        read_options(options(**{name: CANARY}))
    assert CANARY not in str(caught.value)


def test_a_secret_in_place_of_its_name_is_not_repeated() -> None:
    with pytest.raises(UsageError, match="takes names") as caught:
        read_options(options(credentials=CANARY))
    assert CANARY not in str(caught.value)
