"""docs/recipes.md: every block runs against the sandbox, is short, and gives what its text says."""

from __future__ import annotations

import re
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
BLOCKS = re.findall(r"(?ms)^```python\n(.*?)^```", RECIPES)


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox(transactions=2_000, requests_per_minute=0) as started:
        yield started


@pytest.fixture(scope="module")
def done(box: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Run all blocks one after the other in an empty folder; return their variables."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("recipes"))
        patch.setenv("CLASSY_CLIENT_ID", box.client_id)
        patch.setenv("CLASSY_CLIENT_SECRET", box.client_secret)
        patch.setenv("CLASSY_BASE_URL", box.base_url)
        patch.setenv("CLASSY_TOKEN_URL", box.token_url)
        namespace: dict[str, Any] = {}
        for number, block in enumerate(BLOCKS, 1):
            exec(compile(block, f"docs/recipes.md, block {number}", "exec"), namespace)
            if number == 1:
                opened = namespace["classy"]
        namespace["first"] = namespace["whole"]
        exec(compile(BLOCKS[-1], "docs/recipes.md, the script again", "exec"), namespace)
        yield namespace
        opened.close()


def test_each_block_takes_a_few_lines() -> None:
    bodies = [[line for line in block.splitlines() if line and "import" not in line] for block in BLOCKS]
    assert max(map(len, bodies)) <= 6
    assert len(BLOCKS) >= 13


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
    assert done["revenue"]["monthly_amount"].sum() > 0
    assert done["churn"]["at_end"].iloc[-1] > 0


def test_registrations_with_answers(done: dict[str, Any]) -> None:
    table, registrations = done["table"], done["registrations"]
    assert table["id"].tolist() == registrations["id"].tolist()
    asked = ["Any allergies, or other needs?", "Emergency number", "Date of birth"]
    assert list(table.columns[-3:]) == asked
    assert table[asked].notna().any(axis=None)


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


def test_the_script_keeps_what_it_has_and_adds_what_changed(done: dict[str, Any]) -> None:
    first, again = done["first"], pd.read_parquet("kept.parquet")
    assert len(first) == len(done["transactions"])
    assert 0 < len(done["new"]) < 10
    assert sorted(again["id"]) == sorted(first["id"])
