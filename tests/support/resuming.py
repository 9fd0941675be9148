"""A list, a server and a folder for files that are gone on with."""

from __future__ import annotations

import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import classy_nb as cn
from support.connection import orgs
from support.lists import Listed, rows
from support.server import Asked, Reply, ScriptedServer
from support.streams import rows_kept

PROGRAM = Path(__file__).parents[1] / "integration" / "resume_program.py"
WAYS = ("to_csv", "to_parquet")
ways = pytest.mark.parametrize("way", WAYS)
SIZE, BATCH = 900, 200
ROWS = [
    {
        **row,
        "purchased_at": "2026-01-31T18:30:00+0000" if row["id"] % 7 else "2026-01-31T18:30:00.5Z",
        "comment": f"Zoë's gift {row['id']}\n",
        "items": [{"id": row["id"]}],
        # A key that the catalog doesn't know, late, with values of two types.
        **({"brand_new": row["id"] / 2 if row["id"] % 2 else row["id"]} if row["id"] > 1_500 else {}),
    }
    for row in rows(SIZE)
]
IDS = [row["id"] for row in ROWS]


class Place(NamedTuple):
    """A server with a list, a connection to it, and where the file goes."""

    server: ScriptedServer
    listed: Listed
    classy: cn.Classy
    target: Path

    @property
    def kept(self) -> int:
        """Rows that the checkpoint counts."""
        return rows_kept(self.target)

    @property
    def beside(self) -> list[Path]:
        return [path for path in self.target.parent.iterdir() if path != self.target]

    def write(self, way: str, **asked: Any) -> Any:
        return getattr(self.classy.transactions, way)(self.target, **asked)


def serve(server: ScriptedServer, listed: Listed) -> None:
    def answer(asked: Asked) -> Reply:
        organizations = asked.path.endswith("/organizations")
        return Reply(body=orgs({7: "Helping Hands"})) if organizations else listed.reply(asked)

    server.handler = answer


def resuming(kept: int) -> Any:
    """Expect to be told of rows of an earlier call, where there are any."""
    words = f"^Resuming with {kept} rows fetched since .* UTC; what changed since then"
    return pytest.warns(cn.DataWarning, match=words) if kept else nullcontext()


def dropping(kept: int) -> Any:
    """Expect to be told that rows of another question are gone."""
    words = f"^{kept} rows fetched since .* answer another question .* and were dropped: all is "
    return pytest.warns(cn.DataWarning, match=words)


def wait_for_quiet(listed: Listed) -> None:
    """Let the server read what a killed process had sent."""
    seen = -1
    while seen != (seen := len(listed.asked)):
        time.sleep(0.25)


def assert_goes_on(place: Place, way: str, undisturbed: dict[str, bytes], kept: int) -> None:
    """Assert that the same call asks for nothing that is there, and makes the same file."""
    wait_for_quiet(place.listed)
    serve(place.server, place.listed)
    place.listed.faults.fail.clear()
    place.listed.asked.clear()
    with resuming(kept):
        assert place.write(way) == place.target
    assert place.target.read_bytes() == undisturbed[way]
    assert place.beside == []
    asked = [one.get("filter") for one in place.listed.asked]
    if kept:
        # Whether there are more by now than had come, and what there is behind them.
        assert asked[:2] == [f"id<={IDS[kept - 1]}", f"id>{IDS[kept - 1]}"]
        assert all(int(one.removeprefix("id>")) >= IDS[kept - 1] for one in asked[1:])
    else:
        assert asked[0] is None
    assert len(asked) <= -(-(SIZE - kept) // 100) + 12
