"""A file that cannot be gone on with is begun anew, and leaves nothing."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from support.connection import connected_to
from support.lists import Faults
from support.resuming import BATCH, IDS, ROWS, WAYS, Place, dropping, ways

import classy_nb as cn
from classy_nb.client import resource
from classy_nb.http import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from classy_nb.sandbox import Sandbox


ANOTHER = {
    "conditions": {"where": "status = success"},
    "columns": {"fields": "status"},
    "parent": {"campaign": 5},
    "first": {"limit": 450},
}


@pytest.mark.parametrize("changed", ANOTHER.values(), ids=ANOTHER.keys())
def test_another_question_begins_anew(place: Place, changed: dict[str, Any]) -> None:
    place.classy._session.fetcher._workers = 1
    place.listed.faults.fail[9] = cn.BadRequestError("no", status=400)
    with pytest.raises(cn.BadRequestError):
        place.write("to_csv")
    assert place.kept == 800
    place.listed.asked.clear()
    with dropping(800):
        place.write("to_csv", **changed)
    assert "id>" not in place.listed.asked[0].get("filter", "")
    ids = pd.read_csv(place.target, low_memory=False)["id"].tolist()
    expected = [row["id"] for row in ROWS if "where" not in changed or row["status"] == "success"]
    assert ids == expected[: changed.get("limit")]
    assert place.beside == []


def test_another_zone_begins_anew(place: Place) -> None:
    place.classy._session.fetcher._workers = 1
    place.listed.faults.fail[4] = cn.BadRequestError("no", status=400)
    with pytest.raises(cn.BadRequestError):
        place.write("to_csv")
    assert place.kept > 0
    before = len(place.listed.asked)
    with (
        connected_to(place.server, workers=1, timezone="America/Los_Angeles") as classy,
        dropping(place.kept),
    ):
        classy.transactions.to_csv(place.target)
    assert "filter" not in place.listed.asked[before]
    assert pd.read_csv(place.target, low_memory=False)["purchased_at"][0] == "2026-01-31T10:30:00-08:00"


@ways
@pytest.mark.parametrize(
    "asked", [{"limit": 450}, {"limit": 450, "sort": "fees_amount:desc"}], ids=["first", "top"]
)
def test_what_cannot_be_gone_on_with_begins_anew_and_leaves_nothing(
    place: Place, way: str, asked: dict[str, Any]
) -> None:
    # Twice: a sort that is refused is tried in another way.
    place.listed.faults.fail.update(dict.fromkeys((3, 4), cn.BadRequestError("no", status=400)))
    with pytest.raises(cn.BadRequestError) as caught:
        place.write(way, **asked)
    assert not hasattr(caught.value, "__notes__")
    assert place.beside == []
    place.listed.faults.fail.clear()
    place.listed.asked.clear()
    place.write(way, **asked)
    assert "filter" not in place.listed.asked[0]
    read = pd.read_csv(place.target) if way == "to_csv" else pd.read_parquet(place.target)
    assert len(read) == 450
    assert place.beside == []


@pytest.mark.parametrize("sort", ["works", "ignored"])
def test_a_server_that_refuses_the_key(place: Place, sort: str) -> None:
    """Then nothing can be gone on behind but what is in order all the same."""
    place.listed.rows = ROWS[::-1]
    place.listed.faults = Faults(key_filter="400", sort=sort)
    place.write("to_csv")
    ids = pd.read_csv(place.target, low_memory=False)["id"].tolist()
    assert sorted(ids) == IDS
    assert place.beside == []


def test_a_folder_that_goes_away_in_the_middle(place: Place) -> None:
    def progress(rows: int, total: int | None, note: str) -> None:
        if rows > 500:
            shutil.rmtree(place.target.parent, ignore_errors=True)

    with pytest.raises(cn.ExportError, match="the folder does not exist"):
        place.write("to_csv", progress=progress)
    assert not place.target.parent.exists()


@pytest.mark.parametrize("name", ["nowhere/gifts.csv", "gifts.csv/gifts.csv", ""])
def test_a_place_that_cannot_be_written_costs_no_request(place: Place, name: str) -> None:
    for taken in ("gifts.csv", "gifts.parquet"):
        (place.target.parent / taken).touch()
    before = len(place.server.asked)
    for way in WAYS:
        named = name if way == "to_csv" else name.replace(".csv", ".parquet")
        with pytest.raises(cn.ExportError):
            getattr(place.classy.transactions, way)(place.target.parent / named)
    assert len(place.server.asked) == before


@ways
@pytest.mark.parametrize("number", [0, 1, BATCH])
def test_small_lists(place: Place, way: str, number: int) -> None:
    place.listed.rows = ROWS[:number]
    place.write(way)
    read = pd.read_csv(place.target) if way == "to_csv" else pd.read_parquet(place.target)
    assert read["id"].tolist() == IDS[:number]
    assert list(read.columns[:90]) == list(place.classy.transactions(limit=1).columns[:90])
    assert place.beside == []


def test_gifts_that_come_meanwhile_are_in_the_file(
    own_box: Sandbox, connecting: Callable[..., cn.Classy], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(resource, "BATCH_ROWS", 100)
    monkeypatch.setattr("classy_nb.http.client.RetryPolicy", lambda: RetryPolicy(base=0))
    target = tmp_path / "gifts.csv"
    with connecting(own_box, workers=1) as classy:
        own_box.faults.then("ok", "ok", *["cloudflare"] * 4)
        with pytest.raises(cn.BlockedError, match=r"(?s).*"):
            classy.transactions.to_csv(target)
        new = own_box.insert_transactions(3)
        own_box.reset_log()
        with pytest.warns(cn.DataWarning, match="^Resuming with 200 rows"):
            classy.transactions.to_csv(target)
    ids = pd.read_csv(target, low_memory=False)["id"].tolist()
    assert ids == [record["id"] for record in own_box.truth("transactions")]
    assert ids[-3:] == new
    assert f"id%3C%3D{ids[199]}" in own_box.requests[0].query
    assert f"id%3E{ids[199]}" in own_box.requests[1].query
