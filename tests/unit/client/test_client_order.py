"""Rows in the order asked for: by whoever sorts, all of them or the first so many."""

import pytest
from support.connection import connected_to, paginator
from support.lists import Faults, Listed, rows, serve
from support.server import Reply, ScriptedServer

from classy_nb.client import Classy
from classy_nb.errors import DataWarning


def test_the_whole_list_is_sorted_when_it_is_here(connected: Classy, server: ScriptedServer) -> None:
    listed = serve(server, 250)
    gifts = connected.transactions(sort=["status", "fees_amount:desc"])
    expected = listed._sorted(rows(250), "status,fees_amount:desc")
    assert gifts["id"].tolist() == [row["id"] for row in expected]
    assert gifts.index.tolist() == list(range(250))
    assert {asked["sort"] for asked in listed.asked} == {"id"}


def test_missing_values_are_the_lowest(connected: Classy, server: ScriptedServer) -> None:
    some = [{"id": 1, "fees_amount": None}, {"id": 2, "fees_amount": 5}, {"id": 3, "fees_amount": 9}]
    server.handler = lambda _: Reply(body=paginator(some))
    assert connected.transactions(sort="-fees_amount")["id"].tolist() == [3, 2, 1]
    assert connected.transactions(sort="fees_amount")["id"].tolist() == [1, 2, 3]
    assert connected.transactions(sort=["fees_amount:desc", "id:desc"])["id"].tolist() == [3, 2, 1]


def test_a_limit_is_exact_and_asks_for_no_more(connected: Classy, server: ScriptedServer) -> None:
    listed = serve(server, 350)
    gifts = connected.transactions(limit=3, sort="fees_amount:desc")
    assert len(gifts) == 3
    assert listed.asked == [{"sort": "fees_amount:desc,id", "page": "1", "per_page": "3"}]


@pytest.mark.parametrize("limit", [5, 150])
@pytest.mark.parametrize("sort", ["fees_amount:desc", "fees_amount", "-status"])
def test_a_limit_takes_the_first_of_the_same_sort(
    connected: Classy, server: ScriptedServer, sort: str, limit: int
) -> None:
    serve(server, 350)
    whole = connected.transactions(sort=sort)
    assert connected.transactions(sort=sort, limit=limit)["id"].tolist() == whole["id"].tolist()[:limit]


@pytest.mark.parametrize("limit", [5, 150])
def test_where_the_api_does_not_sort_it_is_done_here(
    connected: Classy, server: ScriptedServer, limit: int
) -> None:
    whole = serve(server, 350)._sorted(rows(350), "fees_amount:desc")
    serve(server, 350, Faults(sort="ignored"))
    with pytest.warns(DataWarning, match="seems to ignore sort='fees_amount'"):
        gifts = connected.transactions(sort="fees_amount:desc", limit=limit)
    assert gifts["id"].tolist() == [row["id"] for row in whole[:limit]]
    assert gifts.attrs["classy"]["total"] == 350


def test_the_first_so_many_in_batches(connected: Classy, server: ScriptedServer) -> None:
    whole = serve(server, 350)._sorted(rows(350), "fees_amount:desc")
    found = list(connected.transactions.batches(sort="fees_amount:desc", limit=250, rows=100))
    assert [len(batch) for batch in found] == [100, 100, 50]
    assert [id_ for batch in found for id_ in batch["id"]] == [row["id"] for row in whole[:250]]
    assert [batch.index[0] for batch in found] == [0, 0, 0]
    assert found[0].attrs["classy"]["resource"] == "transactions"


def test_what_has_come_late_is_in_its_place(server: ScriptedServer) -> None:
    """One gift fails and an older one succeeds while the list is read: the frame has both right."""
    listed = serve(server, 2000)

    def change(number: int, listed: Listed) -> None:
        if number == 3:
            listed.rows[0]["status"] = "success"
            listed.rows[-1]["status"] = "failed"

    listed.before = change
    # One worker reads from the first to the last; of several the last range could be read before the change.
    with connected_to(server, workers=1, organization=7) as connected:
        gifts = connected.transactions(where="status = success")
    assert gifts["id"].tolist() == [row["id"] for row in listed.rows if row["status"] == "success"]
    assert gifts["id"].iloc[0] == 1
