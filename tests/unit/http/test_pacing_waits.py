"""Waiting for the limit, through the public interface: it is seen, and ends when the user ends it."""

import re
import time
from typing import Any

import pytest
from support.connection import connected_to, orgs
from support.lists import Listed, rows
from support.server import Asked, Reply, ScriptedServer
from support.threads import together, walkers

from classy_nb.client import Classy
from classy_nb.errors import InterruptedFetchError


@pytest.fixture
def limited(server: ScriptedServer) -> Any:
    """A connection that may send six requests a minute, one of which went into the login."""
    server.handler = Listed(rows(3000)).reply
    server.answers.append(Reply(body=orgs({7: "Helping Hands"})))

    def connect(workers: int) -> Classy:
        return connected_to(server, workers=workers, requests_per_minute=6)

    return connect


@pytest.mark.parametrize("workers", [1, 8])
@pytest.mark.parametrize("way", ["frame", "batches", "to_csv"])
def test_trap_23_waiting_is_seen_and_can_be_ended(
    limited: Any, server: ScriptedServer, tmp_path: Any, workers: int, way: str
) -> None:
    notes: list[str] = []

    def progress(rows: int, total: int | None, note: str) -> None:
        notes.append(note)
        if "waiting" in note:
            raise InterruptedFetchError("Cancelled.")

    ways = {
        "frame": lambda classy: classy.transactions(progress=progress),
        "batches": lambda classy: list(classy.transactions.batches(progress=progress)),
        "to_csv": lambda classy: classy.transactions.to_csv(tmp_path / "a.csv", progress=progress),
    }
    with limited(workers) as classy:
        started = time.monotonic()
        with pytest.raises(InterruptedFetchError, match=r"Stopped: \d+ of 3,000 rows had come"):
            ways[way](classy)
        assert time.monotonic() - started < 10
        found = [
            match for note in notes if (match := re.search(r"waiting (\d+) s for the API's limit", note))
        ]
        assert 50 <= int(found[0].group(1)) <= 61
        assert len(server.data_requests) == 6, "the limit was kept"
        assert walkers() == []


def test_trap_23_waiting_for_a_429_is_seen_too(connected: Classy, server: ScriptedServer) -> None:
    listed = Listed(rows(3000))

    def answer(asked: Asked) -> Reply:
        too_many = Reply(429, {"error": "Too many requests", "retry_after": 42})
        return too_many if len(listed.asked) > 5 else listed.reply(asked)

    server.handler = answer
    notes: list[str] = []

    def progress(rows: int, total: int | None, note: str) -> None:
        notes.append(note)
        if "waiting" in note:
            raise InterruptedFetchError("Cancelled.")

    with pytest.raises(InterruptedFetchError):
        connected.transactions(progress=progress)
    assert re.search(r"waiting 4[12] s for the API's limit", notes[-1]) or "requests in" in notes[-1]
    assert any("waiting 4" in note for note in notes)


def test_lists_of_one_connection_share_the_limit(limited: Any, server: ScriptedServer) -> None:
    def enough(rows: int, total: int | None, note: str) -> None:
        if "waiting" in note:
            raise InterruptedFetchError("Cancelled.")

    with limited(2) as classy:
        outcomes: list[BaseException] = []

        def fetch() -> None:
            try:
                classy.transactions(progress=enough)
            except InterruptedFetchError as error:
                outcomes.append(error)

        together(fetch, [()] * 3)
        assert len(outcomes) == 3
        assert len(server.data_requests) == 6
