"""``classy.get(path)``: any path, by the shape of its answer."""

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest
from support.connection import paginator
from support.lists import Faults, Listed, rows
from support.server import Asked, Reply, ScriptedServer

from classy_nb.client import Classy
from classy_nb.errors import NoSuchPathError, UsageError


def test_trap_40_an_object_that_no_document_lists(connected: Classy, server: ScriptedServer) -> None:
    server.handler = lambda _: Reply(body={"id": 5, "inner": {"a": 1}, "queries_log": []})
    found = connected.get("/groups/5")
    assert isinstance(found, pd.Series)
    assert found.to_dict() == {"id": 5, "inner.a": 1}
    assert server.asked[0].path == "/2.0/groups/5"


def test_trap_40_an_object_that_the_catalog_knows_is_typed(connected: Classy, server: ScriptedServer) -> None:
    server.handler = lambda _: Reply(body={"gross_amount": "8850.00", "donors_count": "12"})
    found = connected.get("/campaigns/5/overview")
    assert (found["gross_amount"], found["donors_count"]) == (8850.0, 12)
    assert found["net_amount"] is pd.NA


def test_a_list_that_the_catalog_knows_is_walked_by_key(connected: Classy, server: ScriptedServer) -> None:
    listed = Listed(rows(250))
    server.handler = listed.reply
    found = connected.get("/organizations/7/transactions")
    assert found["id"].tolist() == [row["id"] for row in rows(250)]
    assert str(found["purchased_at"].dtype) == "datetime64[us, UTC]"
    assert [asked.get("filter") for asked in listed.asked] == [None, "id>298", "id>598"]


def test_trap_17_a_filter_of_ones_own_goes_with_every_page(connected: Classy, server: ScriptedServer) -> None:
    listed = Listed(rows(500))
    server.handler = listed.reply
    found = connected.get("/organizations/7/transactions", filter="status=success", **{"with": "items"})
    assert found["id"].tolist() == [row["id"] for row in rows(500) if row["status"] == "success"]
    assert {asked["filter"].split(",")[0] for asked in listed.asked} == {"status=success"}
    assert {asked["with"] for asked in listed.asked} == {"items"}


@pytest.mark.parametrize("path", ["/organizations/7/transactions", "/groups/7/nobody-lists-this"])
@pytest.mark.parametrize("sort", ["fees_amount:desc", ["status", "fees_amount:desc"]])
def test_a_sort_of_ones_own_is_kept(connected: Classy, server: ScriptedServer, path: str, sort: Any) -> None:
    listed = Listed(rows(250))
    server.handler = listed.reply
    found = connected.get(path, sort=sort)
    order = sort if isinstance(sort, str) else ",".join(sort)
    assert found["id"].tolist() == [row["id"] for row in listed._sorted(rows(250), order)]


def test_a_sort_by_what_the_catalog_does_not_know(connected: Classy, server: ScriptedServer) -> None:
    some = [{**row, "total_raised": (row["id"] * 7) % 31} for row in rows(250)]
    listed = Listed(some)
    server.handler = listed.reply
    found = connected.get("/organizations/7/transactions", sort="total_raised:desc")
    assert found["id"].tolist() == [row["id"] for row in listed._sorted(some, "total_raised:desc")]


@pytest.mark.parametrize("faults", [Faults(), Faults(key_filter="400"), Faults(most_per_page=20)])
def test_a_list_that_no_document_lists_is_fetched_whole(
    connected: Classy, server: ScriptedServer, faults: Faults
) -> None:
    listed = Listed(rows(250), faults)
    server.handler = listed.reply
    found = connected.get("/organizations/7/members", filter="status=success")
    assert found["id"].tolist() == [row["id"] for row in rows(250) if row["status"] == "success"]


def test_one_page_only(connected: Classy, server: ScriptedServer) -> None:
    listed = Listed(rows(250))
    server.handler = listed.reply
    found = connected.get("/organizations/7/transactions", page=2, per_page=10)
    assert found["id"].tolist() == [row["id"] for row in rows(250)[10:20]]
    assert listed.asked == [{"page": "2", "per_page": "10"}]


def test_other_shapes(connected: Classy, server: ScriptedServer) -> None:
    bodies: list[Any] = [[{"a": 1}, {"a": 2}], ["x", "y"], 5, "text", True]
    server.answers += [Reply(body=body) for body in bodies]
    found = [connected.get("/nobody/lists/this") for _ in bodies]
    assert found[0]["a"].tolist() == [1, 2]
    assert found[1]["value"].tolist() == ["x", "y"]
    assert found[2:] == [5, "text", True]
    server.answers.append(Reply(204))
    assert connected.get("/nobody/lists/this") is None


def test_an_empty_list_of_no_document(connected: Classy, server: ScriptedServer) -> None:
    server.handler = lambda _: Reply(body=paginator([]))
    assert len(connected.get("/nobody/lists/this")) == 0


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        (True, "true"),
        (False, "false"),
        (5, "5"),
        (1.5, "1.5"),
        ("a b+c", "a b+c"),
        (["a", 5, True], "a,5,true"),
        (("a",), "a"),
        (date(2026, 1, 31), "2026-01-31T00:00:00+0000"),
        (pd.Timestamp("2026-01-31T10:00Z"), "2026-01-31T10:00:00+0000"),
    ],
    ids=repr,
)
def test_parameters(connected: Classy, server: ScriptedServer, value: Any, sent: str) -> None:
    connected.get("/groups/5", x=value)
    assert server.asked[0].query == {"x": [sent]}


@pytest.mark.parametrize("value", [None, {"a": 1}, ..., b"x", [None], "\ud800"], ids=repr)
def test_parameters_that_make_no_sense(connected: Classy, server: ScriptedServer, value: Any) -> None:
    with pytest.raises(UsageError, match=r"get\(\): x= takes"):
        connected.get("/groups/5", x=value)
    assert server.asked == []


def test_paths_that_make_no_sense(connected: Classy, server: ScriptedServer) -> None:
    for path in ("https://evil.example.org/", "/../oauth2/auth", "/x?a=1", ""):
        with pytest.raises(UsageError):
            connected.get(path)
    assert server.asked == []


def test_trap_36_a_path_that_the_gateway_does_not_know(connected: Classy, server: ScriptedServer) -> None:
    server.handler = lambda _: Reply(404, {"message": "no Route matched with those values"})
    with pytest.raises(NoSuchPathError, match="hyphens, not underscores"):
        connected.get("/fundraising_pages/5")


@pytest.mark.edge(1)
@pytest.mark.parametrize("size", [1, 7, "50", 99, 100, 500, np.int64(20)], ids=repr)
def test_a_page_size_alone_does_not_cut_a_list(connected: Classy, server: ScriptedServer, size: Any) -> None:
    listed = Listed(rows(250))
    server.handler = listed.reply
    found = connected.get("/organizations/7/transactions", per_page=size)
    assert found["id"].tolist() == [row["id"] for row in rows(250)]
    assert {int(asked["per_page"]) for asked in listed.asked} <= {min(int(size), 100), min(int(size), 99)}


@pytest.mark.edge(1)
@pytest.mark.parametrize("faults", [Faults(), Faults(key_filter="400"), Faults(most_per_page=5)])
@pytest.mark.parametrize("path", ["/organizations/7/transactions", "/organizations/7/members"])
def test_a_page_size_does_not_cut_any_list(
    connected: Classy, server: ScriptedServer, path: str, faults: Faults
) -> None:
    listed = Listed(rows(60), faults)
    server.handler = listed.reply
    found = connected.get(path, per_page=10, filter="status=success")
    assert found["id"].tolist() == [row["id"] for row in rows(60) if row["status"] == "success"]


@pytest.mark.edge(1)
def test_a_page_size_does_not_cut_an_array(connected: Classy, server: ScriptedServer) -> None:
    everything = [{"id": number} for number in range(8)]
    server.handler = lambda asked: Reply(body=everything[: int(asked.query.get("per_page", ["100"])[-1])])
    for path in ("/organizations/7/supporters/5/messages/asrs", "/nobody/lists/this"):
        assert len(connected.get(path, per_page=3)) == 8


@pytest.mark.edge(1)
@pytest.mark.parametrize("name", ["page", "per_page"])
@pytest.mark.parametrize("value", [0, -1, "", "all", 1.5, True, [1, 2], "2 "], ids=repr)
def test_a_page_that_cannot_be_is_refused(
    connected: Classy, server: ScriptedServer, name: str, value: Any
) -> None:
    with pytest.raises(UsageError, match=rf"get\(\): {name}=.* must be a whole number, 1 or more"):
        connected.get("/organizations/7/transactions", **{name: value})
    assert server.asked == []


@pytest.mark.edge(1)
def test_a_list_with_few_fields_is_whole(connected: Classy, server: ScriptedServer) -> None:
    listed = Listed(rows(250))

    def only_the_fields(asked: Asked) -> Reply:
        reply = listed.reply(asked)
        names = asked.query["fields"][-1].split(",")
        data = [{name: row[name] for name in names} for row in reply.body["data"]]
        return Reply(body={**reply.body, "data": data})

    server.handler = only_the_fields
    found = connected.get("/organizations/7/transactions", fields="status")
    assert found["status"].tolist() == [row["status"] for row in rows(250)]
    assert {asked["fields"] for asked in listed.asked} == {"id,status"}


@pytest.mark.edge(1)
def test_parameters_in_a_dict_are_refused_by_name(connected: Classy, server: ScriptedServer) -> None:
    with pytest.raises(UsageError, match=r"params= takes text.* Give each parameter as a keyword"):
        connected.get("/organizations/7/transactions", params={"per_page": 5})
    assert server.asked == []


@pytest.mark.edge(1)
@pytest.mark.parametrize("missing", ["current_page", "last_page", "next_page_url"])
def test_a_page_that_lacks_a_key_does_not_pass_for_a_record(
    connected: Classy, server: ScriptedServer, missing: str
) -> None:
    listed = Listed(rows(250))

    def reply(asked: Asked) -> Reply:
        body = listed.reply(asked).body
        del body[missing]
        return Reply(body=body)

    server.handler = reply
    assert connected.get("/organizations/7/members")["id"].tolist() == [row["id"] for row in rows(250)]
