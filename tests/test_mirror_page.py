"""docs/mirror.md: every block runs against the sandbox, a refresh apart, and gives what its text says."""

from __future__ import annotations

import re
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from classy_nb.mirror.views import KEYS, template
from classy_nb.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCS = Path(__file__).parents[1] / "docs"
PAGE = (DOCS / "mirror.md").read_text("utf-8")
BLOCKS = re.findall(r"(?ms)^```python\n(.*?)^```", PAGE)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Run all blocks one after the other in an empty folder; gifts come and go before the second refresh."""
    with Sandbox(transactions=1_500, requests_per_minute=0) as box, pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("page"))
        patch.setenv("CLASSY_CLIENT_ID", box.client_id)
        patch.setenv("CLASSY_CLIENT_SECRET", box.client_secret)
        patch.setenv("CLASSY_BASE_URL", box.base_url)
        patch.setenv("CLASSY_TOKEN_URL", box.token_url)
        namespace: dict[str, Any] = {}
        for number, block in enumerate(BLOCKS, 1):
            if "Tomorrow" in PAGE[: PAGE.index(block)].rpartition("\n## ")[2]:
                namespace["between"] = datetime.now(UTC)
                box.insert_transactions(20)
                box.refund_transactions(9)
                box.delete_transactions(2)
            # The board met between the two refreshes.
            block = block.replace('"2026-10-31"', "between")
            exec(compile(block, f"docs/mirror.md, block {number}", "exec"), namespace)
            namespace.setdefault("first", namespace["report"])
        yield namespace
        namespace["classy"].close()


def test_the_first_refresh(done: dict[str, Any]) -> None:
    assert done["first"]["equal"].all()
    assert done["first"]["inserted"].sum() > 3_000


def test_the_modes_of_what_is_written(done: dict[str, Any]) -> None:
    path = done["copy"].path
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    hidden = path.parent / ".classy.duckdb.mirror"
    assert stat.S_IMODE(hidden.stat().st_mode) == 0o700
    assert {entry.name for entry in hidden.iterdir()} <= {"lock", ".gitignore"}


def test_questions(done: dict[str, Any]) -> None:
    assert (done["large"]["donation_gross_amount"] >= 500).all()
    assert len(done["large"]) > 0
    assert done["by_month"]["raised"].sum() == pytest.approx(done["gifts"]["amount"].sum())
    assert done["by_month"]["gifts"].sum() == len(done["gifts"])


def test_sql(done: dict[str, Any]) -> None:
    cn, board = done["cn"], done["board"]
    whole = cn.analysis.gross_fees_net(board.transactions())
    assert done["by_fund"]["gross"].sum() == pytest.approx(whole["gross"].sum())
    assert done["by_fund"]["net"].sum() == pytest.approx(whole["net"].sum())
    churn = cn.analysis.churn(board.recurring_donation_plans())
    assert done["plans"]["plans"].sum() == churn.groupby("currency")["at_end"].last().sum()


def test_tomorrow(done: dict[str, Any]) -> None:
    report = done["report"].set_index("list")
    assert report["equal"].all()
    assert len(done["wrong"]) == 0
    assert report.loc["transactions", "inserted"] == 20
    assert report.loc["transactions", "vanished"] == 2


def test_why_the_number_changed(done: dict[str, Any]) -> None:
    why = done["why"]
    assert set(why["change"]) == {"new", "changed", "gone"}
    assert round(why["difference"].sum(), 2) == round(done["now"] - done["then"], 2) != 0


def test_every_view_is_on_the_page() -> None:
    assert all(f"`{name}`" in PAGE for name in KEYS)


@pytest.mark.parametrize("name", KEYS)
def test_the_models_of_dbt_are_the_views(name: str) -> None:
    assert (DOCS / "dbt" / "models" / f"{name}.sql").read_text("utf-8") == template(name)


def test_dbt_knows_all_views_and_their_sources() -> None:
    folder = DOCS / "dbt"
    assert {path.stem for path in folder.glob("models/*.sql")} == set(KEYS)
    models, sources = ((folder / "models" / f"{name}.yml").read_text("utf-8") for name in ("models", "sources"))
    macros = (folder / "macros" / "classy.sql").read_text("utf-8")
    for name in KEYS:
        assert f"- name: {name}\n" in models
        for call, arguments in re.findall(r"\{\{ (\w+)\((.*?)\) \}\}", template(name)):
            if call == "source":
                assert f"- name: {arguments.split(', ')[1].strip(chr(39))}\n" in sources
            else:
                assert call == "ref" or f"macro {call}(" in macros
