"""One record as a Series, and what is no record."""

from typing import Any

import pandas as pd
import pytest
from support.connection import paginator
from support.server import Reply, ScriptedServer

from classy_nb.client import Classy
from classy_nb.errors import NotFoundError, UnexpectedAnswerError


def test_a_record_is_a_series(connected: Classy, server: ScriptedServer) -> None:
    server.handler = lambda _: Reply(body={"id": 5, "fees_amount": "1.50", "queries_log": [{"query": "x"}]})
    gift = connected.transactions.get(5, include="supporter")
    assert (gift.name, gift["id"], gift["fees_amount"]) == ("transactions 5", 5, 1.5)
    assert gift["purchased_at"] is pd.NA
    assert "supporter.email_address" in gift.index
    assert "queries_log" not in gift.index
    assert (server.asked[0].path, server.asked[0].query) == ("/2.0/transactions/5", {"with": ["supporter"]})


def test_trap_35_a_record_without_content_is_all_missing(connected: Classy, server: ScriptedServer) -> None:
    server.handler = lambda _: Reply(204)
    moments = connected.moments.get(fundraising_page=5)
    assert moments.isna().all()
    assert len(moments) > 0


def test_trap_35_nothing_in_place_of_a_record(connected: Classy, server: ScriptedServer) -> None:
    server.handler = lambda _: Reply(204)
    for call in (lambda: connected.campaigns.get(5), lambda: connected.get("/campaigns/5")):
        with pytest.raises(
            UnexpectedAnswerError, match=r"nothing .* \[GET /campaigns/5 -> 204\]"
        ):
            call()


def test_trap_36_a_record_that_is_not_there(connected: Classy, server: ScriptedServer) -> None:
    server.handler = lambda _: Reply(404, {"error": "The resource cannot be found"})
    with pytest.raises(NotFoundError, match=r"\[GET /transactions/5 -> 404\] Check the id\."):
        connected.transactions.get(5)


@pytest.mark.parametrize(
    "body",
    [
        {"error": "Something broke"},
        {"error": "Something broke", "status": "500"},
        {"success": False, "message": "Something broke"},
        {"error": {"x": ["Something broke"]}, "queries_log": []},
    ],
)
def test_trap_38_an_error_instead_of_a_record(connected: Classy, server: ScriptedServer, body: Any) -> None:
    server.handler = lambda _: Reply(body=body)
    with pytest.raises(UnexpectedAnswerError, match="Something broke"):
        connected.transactions.get(5)
    with pytest.raises(UnexpectedAnswerError, match="Something broke"):
        connected.transactions()
    with pytest.raises(UnexpectedAnswerError, match="Something broke"):
        connected.get("/campaigns/5/nobody-lists-this")


def test_a_record_that_has_an_error_of_its_own_is_a_record(connected: Classy, server: ScriptedServer) -> None:
    server.handler = lambda _: Reply(body={"id": 5, "error": "card declined", "status": "failed"})
    assert connected.transactions.get(5)["error"] == "card declined"


@pytest.mark.parametrize("body", [[], [1], "text", 5, True])
def test_something_else_instead_of_a_record(connected: Classy, server: ScriptedServer, body: Any) -> None:
    server.handler = lambda _: Reply(body=body)
    with pytest.raises(UnexpectedAnswerError, match="where one record was asked for"):
        connected.transactions.get(5)


@pytest.mark.edge(25)
@pytest.mark.parametrize("other", [6, "6"])
def test_a_record_with_another_id_is_an_error(
    connected: Classy, server: ScriptedServer, other: object
) -> None:
    server.handler = lambda _: Reply(body={"id": other, "name": "Somebody else's"})
    for get in (lambda: connected.campaigns.get(5), lambda: connected.get("/campaigns/5")):
        with pytest.raises(UnexpectedAnswerError, match="answered the record 6 where 5 was") as caught:
            get()
        assert "Somebody" not in str(caught.value)


@pytest.mark.edge(25)
def test_a_single_page_that_answers_another_request_is_an_error(
    connected: Classy, server: ScriptedServer
) -> None:
    server.handler = lambda _: Reply(body=paginator([{"id": 1}], page=2))
    with pytest.raises(UnexpectedAnswerError, match="answered page 2 where page 3 was asked for"):
        connected.get("/organizations/7/transactions", page=3)
    assert len(connected.get("/organizations/7/transactions", page=2)) == 1
