"""Batches are in order of id, however the list is fetched."""

import pytest
from support.lists import Faults, Listed, rows
from support.server import ScriptedServer

from classy_nb.client import Classy


@pytest.mark.parametrize("size", [1, 100, 250, 10_000])
@pytest.mark.parametrize(
    "how", [{}, {"key_filter": "ignored"}, {"key_filter": "400"}, {"sort": "400"}], ids=str
)
def test_batches_are_in_order_of_ids(
    connected: Classy, server: ScriptedServer, how: dict[str, str], size: int
) -> None:
    server.handler = Listed(rows(730), Faults(**how)).reply
    batches = list(connected.transactions.batches(rows=size))
    assert [i for batch in batches for i in batch["id"].tolist()] == [row["id"] for row in rows(730)]
    assert all(len(batch) >= size for batch in batches[:-1])
    assert len(batches) >= min(730 // max(size, 100), 2)


def test_the_largest_first_where_that_was_asked_for(connected: Classy, server: ScriptedServer) -> None:
    server.handler = Listed(rows(730)).reply
    batches = list(connected.transactions.batches(rows=100, sort="id:desc", limit=350))
    assert [i for batch in batches for i in batch["id"].tolist()] == [row["id"] for row in rows(730)][
        :-351:-1
    ]
