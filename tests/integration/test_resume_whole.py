"""What had come may miss rows: then a later call fetches all anew, and says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from support.connection import connected_to, orgs
from support.lists import Listed, rows
from support.server import Asked, Reply, ScriptedServer

import classy_nb as cn
from classy_nb.client import resource
from classy_nb.http import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SIZE = 900
ways = pytest.mark.parametrize("way", ["to_csv", "to_parquet"])


class Place:
    """A list behind a server, a connection of one worker to it, and where the file goes."""

    def __init__(self, server: ScriptedServer, classy: cn.Classy, target: Path) -> None:
        self.listed = Listed(rows(SIZE))
        self.hidden: set[int] = set()
        """Ids of rows that are counted but do not come."""
        self.classy, self.target = classy, target
        server.handler = self.answer

    def answer(self, asked: Asked) -> Reply:
        reply = self.listed.reply(asked)
        if isinstance(reply.body, dict) and "data" in reply.body:
            reply.body["data"] = [row for row in reply.body["data"] if row["id"] not in self.hidden]
        return reply

    def write(self, way: str, **asked: Any) -> list[int]:
        """Write the file and return the ids in it."""
        path = getattr(self.classy.transactions, way)(self.target, progress=False, **asked)
        read = pd.read_csv(path, low_memory=False) if way == "to_csv" else pd.read_parquet(path)
        return [int(id_) for id_ in read["id"]]

    def stop_at(self, number: int) -> None:
        """Let the n-th answer from here on be a refusal."""
        self.listed.asked.clear()
        self.listed.faults.fail[number] = cn.BadRequestError("no", status=400)

    @property
    def ids(self) -> list[int]:
        return [row["id"] for row in self.listed.rows]

    @property
    def beside(self) -> list[str]:
        return [path.name for path in self.target.parent.iterdir() if path != self.target]


@pytest.fixture
def place(server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setattr(resource, "BATCH_ROWS", 200)
    server.answers.append(Reply(body=orgs({7: "Helping Hands"})))
    (tmp_path / "files").mkdir()
    with connected_to(server, workers=1) as classy:
        classy._session.http.retry = RetryPolicy(base=0)
        yield Place(server, classy, tmp_path / "files" / "gifts")


@ways
def test_trap_20_nothing_is_kept_of_a_list_that_misses_rows(place: Place, way: str) -> None:
    """A row that the server withheld once is among those that had come: nobody would look there again."""
    place.hidden = {place.ids[150]}
    with pytest.raises(cn.IncompleteResultError, match="899 of 900 records arrived") as caught:
        place.write(way)
    assert not hasattr(caught.value, "__notes__")
    assert place.beside == []
    place.hidden = set()
    assert place.write(way) == place.ids


def comes_to_succeed(place: Place) -> None:
    place.listed.rows[2]["status"] = "success"


def appears(place: Place) -> None:
    place.listed.rows.insert(40, {**place.listed.rows[40], "id": place.ids[40] - 1, "status": "success"})


@ways
@pytest.mark.parametrize("change", [comes_to_succeed, appears])
def test_trap_20_what_is_there_by_now_among_the_rows_that_had_come(
    place: Place, way: str, change: Callable[[Place], None]
) -> None:
    place.stop_at(4)
    with pytest.raises(cn.BadRequestError):
        place.write(way, where="status = success")
    last = place.ids[399]
    change(place)
    place.listed.asked.clear()
    with pytest.warns(cn.DataWarning) as caught:
        found = place.write(way, where="status = success")
    assert found == [row["id"] for row in place.listed.rows if row["status"] == "success"]
    [warning] = caught
    assert str(warning.message).startswith("200 rows fetched since ")
    assert str(warning.message).endswith(
        " were dropped, as the API now counts 201 up to the last of them: all is fetched again."
    )
    assert place.listed.asked[:2] == [
        {"filter": f"status=success,id<={last}", "page": "1", "per_page": "1"},
        {"filter": "status=success", "sort": "id", "page": "1", "per_page": "100"},
    ]
    assert place.beside == []


@ways
def test_rows_that_went_meanwhile_are_kept(place: Place, way: str) -> None:
    place.stop_at(4)
    with pytest.raises(cn.BadRequestError):
        place.write(way)
    before = place.ids
    del place.listed.rows[3:5]
    with pytest.warns(cn.DataWarning, match="^Resuming with 200 rows"):
        assert place.write(way) == before
    assert place.beside == []


@ways
def test_a_server_that_does_not_answer_how_many_there_are(place: Place, way: str) -> None:
    place.stop_at(4)
    with pytest.raises(cn.BadRequestError):
        place.write(way)
    place.stop_at(1)
    with pytest.warns(cn.DataWarning, match="^Resuming with 200 rows"):
        assert place.write(way) == place.ids
    assert [asked["filter"] for asked in place.listed.asked[:2]] == [
        f"id<={place.ids[199]}",
        f"id>{place.ids[199]}",
    ]
