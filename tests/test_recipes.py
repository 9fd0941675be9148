"""docs/recipes.md: every block runs against the sandbox, is short, and gives what its text says."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pandas as pd
import polars as pl
import pytest

from classy_nb.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

RECIPES = (Path(__file__).parents[1] / "docs" / "recipes.md").read_text("utf-8")
ALL_BLOCKS = re.findall(r"(?ms)^```python\n(.*?)^```", RECIPES)
BLOCKS = [block for block in ALL_BLOCKS if "engine" not in block]
"""All but those that need a PostgreSQL: tests/warehouse runs them."""


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox(transactions=2_000, requests_per_minute=0) as started:
        yield started


def point_to(box: Sandbox, patch: pytest.MonkeyPatch) -> None:
    """Let ``cn.connect()`` find the sandbox."""
    patch.setenv("CLASSY_CLIENT_ID", box.client_id)
    patch.setenv("CLASSY_CLIENT_SECRET", box.client_secret)
    patch.setenv("CLASSY_BASE_URL", box.base_url)
    patch.setenv("CLASSY_TOKEN_URL", box.token_url)


@pytest.fixture(scope="module")
def done(box: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Run all blocks one after the other in an empty folder; return their variables."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("recipes"))
        point_to(box, patch)
        namespace: dict[str, Any] = {}
        for number, block in enumerate(BLOCKS, 1):
            exec(compile(block, f"docs/recipes.md, block {number}", "exec"), namespace)
            if number == 1:
                opened = namespace["classy"]
        namespace["first"] = namespace["whole"]
        for time in ("again", "a third time", "a fourth time"):
            exec(compile(BLOCKS[-1], f"docs/recipes.md, the script {time}", "exec"), namespace)
        yield namespace
        opened.close()


def test_each_block_takes_a_few_lines() -> None:
    bodies = [[line for line in block.splitlines() if line and "import" not in line] for block in ALL_BLOCKS]
    assert max(map(len, bodies)) <= 6
    assert len(ALL_BLOCKS) - len(BLOCKS) == 2
    assert len(BLOCKS) >= 15


def test_totals_by_campaign(done: dict[str, Any]) -> None:
    gifts = done["gifts"]
    for table, month in ((done["calendar"], 1), (done["fiscal"], 7)):
        assert set(table["period"].dt.month) == {month}
        assert table["amount"].sum() == pytest.approx(gifts["amount"].sum())
        assert table["gifts"].sum() == len(gifts)
        assert table["name"].notna().all()


def test_lapsed_donors_have_names(done: dict[str, Any]) -> None:
    lapsed = done["lapsed"]
    assert len(lapsed) > 10
    assert lapsed["email_address"].str.contains("@").all()
    assert (
        len(pd.read_excel("lapsed.xlsx"))
        == len(lapsed)
        == done["cn"].analysis.retention(done["gifts"])["lapsed"].iloc[-1]
    )


def test_recurring_revenue(done: dict[str, Any]) -> None:
    assert done["per_month"]["USD"] == pytest.approx(done["revenue"]["monthly_amount"].sum())
    assert done["per_month"]["USD"] > 0
    assert done["churn"]["at_end"].iloc[-1] == len(done["revenue"]) > 0


def test_registrations_with_answers(done: dict[str, Any]) -> None:
    table, registrations = done["table"], done["registrations"]
    assert table["id"].tolist() == registrations["id"].tolist()
    asked = ["Any allergies, or other needs?", "Emergency number", "Date of birth"]
    assert list(table.columns[-3:]) == asked
    assert table[asked].notna().any(axis=None)


def test_joins_name_everybody_and_repeat_no_gift(done: dict[str, Any]) -> None:
    joined, transactions = done["joined"], done["transactions"]
    assert joined["id"].tolist() == transactions["id"].tolist()
    for column, key in (
        ("email_address", "supporter_id"),
        ("campaign_name", "campaign_id"),
        ("designation_name", "designation_id"),
    ):
        assert joined.loc[joined[key].isna(), column].isna().all()
        assert joined.loc[joined[key].notna(), column].notna().mean() > 0.95


def test_payouts_are_the_books_to_the_cent(done: dict[str, Any]) -> None:
    checked, books = done["checked"], done["books"]
    assert (checked["payout_amount"] == checked["transaction_amount"] - checked["transaction_fee"]).all()
    assert len(books) == 1
    for theirs, ours in (
        ("gross", "transaction_amount"),
        ("fees", "transaction_fee"),
        ("net", "payout_amount"),
    ):
        assert round(books[theirs].iloc[0] * 100) == checked[ours].sum() > 0


def test_refunds_add_up(done: dict[str, Any]) -> None:
    transactions = done["transactions"]
    back = transactions.loc[transactions["status"] == "refunded", "total_gross_amount"]
    assert done["refunds"]["refunded_amount"].sum() == pytest.approx(back.sum())
    assert done["refunds"]["refunds"].sum() == len(back) > 0


def test_top_fundraisers_have_links(done: dict[str, Any]) -> None:
    top = done["top"]
    assert top["rank"].tolist() == sorted(top["rank"])
    assert len(top) == 10
    assert top["link"].str.fullmatch(r"https://give\.example\.org/[\w/-]+").all()


def test_sources(done: dict[str, Any]) -> None:
    whole = done["cn"].analysis.gross_fees_net(done["transactions"])["donations"].sum()
    for table, name in ((done["by_source"], "utm.source"), (done["by_code"], "c_src")):
        assert table["donations"].sum() == pytest.approx(whole)
        assert table[name].nunique() > 1


def test_duplicates(done: dict[str, Any]) -> None:
    assert (done["twice"]["size"] > 1).all()


def test_designations_add_up(done: dict[str, Any]) -> None:
    whole = done["cn"].analysis.gross_fees_net(done["with_items"])
    for name in ("gross", "donations", "tickets", "covered_fees", "fees", "net"):
        assert done["totals"][name].sum() == pytest.approx(whole[name].sum())
    assert done["totals"]["name"].notna().any()


def test_other_tools_read_what_was_written(done: dict[str, Any]) -> None:
    count = len(pl.read_parquet("gifts.parquet"))
    assert count == len(done["transactions"])
    assert duckdb.sql("select count(*) from 'gifts.parquet'").fetchall() == [(count,)]


def test_sqlite_has_the_months_of_the_frame(done: dict[str, Any]) -> None:
    truth = done["cn"].analysis.by_period(done["gifts"], "M")
    truth = truth[truth["gifts"] > 0]
    assert done["by_month"]["month"].tolist() == truth["period"].dt.strftime("%Y-%m").tolist()
    assert done["by_month"]["amount"].round(2).tolist() == truth["amount"].tolist()
    with closing(sqlite3.connect("gifts.db")) as database:
        query = "select count(*) from transactions t join transaction_items i on i.parent_id = t.id"
        assert database.execute(query).fetchone() == (len(done["items"]),)


def test_the_script_keeps_what_it_has_and_adds_what_changed(done: dict[str, Any]) -> None:
    first, again = done["first"], pd.read_parquet("kept.parquet")
    assert len(first) == len(done["transactions"])
    assert 0 < len(done["new"]) < 10
    assert sorted(again["id"]) == sorted(first["id"])
    assert again.dtypes.equals(first.dtypes)


def test_the_script_begins_with_nothing(
    box: Sandbox, done: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    point_to(box, monkeypatch)
    monkeypatch.chdir(tmp_path)
    done["cn"].to_parquet(done["first"].head(0), "kept.parquet")
    exec(compile(BLOCKS[-1], "docs/recipes.md, the script", "exec"), {})
    assert len(pd.read_parquet("kept.parquet")) == len(done["first"])
