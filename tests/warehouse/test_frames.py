"""Frames in a real PostgreSQL: the recipe, the types that arrive, and what comes back."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

import classy_nb as cn

if TYPE_CHECKING:
    from collections.abc import Iterator

    import sqlalchemy as sa
    from warehouse.conftest import Server

RECIPES = (Path(__file__).parents[2] / "docs" / "recipes.md").read_text("utf-8")
SECTION = RECIPES.partition("## PostgreSQL\n")[2].partition("\n## ")[0]
BLOCKS = re.findall(r"(?ms)^```python\n(.*?)^```", SECTION)
LISTS = (
    *("transactions", "supporters", "campaigns", "recurring_donation_plans", "fundraising_pages"),
    *("fundraising_teams", "registrations", "activity", "transaction_items", "designations", "answers"),
    *("source_tracking_codes",),
)


@pytest.fixture(scope="module")
def classy() -> Iterator[cn.Classy]:
    with cn.demo(transactions=1500, requests_per_minute=0) as started:
        yield started


@pytest.fixture
def database_url(postgres: Server) -> str:
    pytest.importorskip("sqlalchemy")
    return postgres.address.replace("postgresql://", "postgresql+psycopg2://")


@pytest.fixture
def engine(database_url: str) -> Iterator[sa.Engine]:
    """Return a connection to an empty schema."""
    import sqlalchemy as sa

    made = sa.create_engine(database_url, hide_parameters=True)
    with made.begin() as connection:
        connection.execute(sa.text("drop schema public cascade"))
        connection.execute(sa.text("create schema public"))
    yield made
    made.dispose()


def test_the_recipe(
    classy: cn.Classy, engine: sa.Engine, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    gifts = cn.analysis.gifts(classy.transactions(fields=cn.analysis.FIELDS))
    namespace: dict[str, Any] = {"classy": classy, "gifts": gifts}
    assert len(BLOCKS) == 2
    for block in BLOCKS:
        exec(compile(block, "docs/recipes.md, PostgreSQL", "exec"), namespace)
    namespace["engine"].dispose()
    found = namespace["in_postgresql"]
    truth = cn.analysis.by_period(gifts, "M")
    truth = truth[truth["gifts"] > 0]
    assert found["month"].tolist() == truth["period"].dt.strftime("%Y-%m").tolist()
    assert [round(float(amount), 2) for amount in found["amount"]] == truth["amount"].tolist()
    with engine.connect() as connection:
        exact = connection.exec_driver_sql("select sum(amount) from gifts").scalar_one()
    assert exact == sum(Decimal(str(amount)) for amount in gifts["amount"])


@pytest.mark.parametrize("backend", ["numpy_nullable", "pyarrow"])
@pytest.mark.parametrize("name", LISTS)
def test_frames_go_there_and_back(classy: cn.Classy, engine: sa.Engine, name: str, backend: Any) -> None:
    frame = getattr(classy, name)(limit=300, dtype_backend=backend)
    frame.to_sql(name, engine, index=False)
    read = pd.read_sql(f'select * from "{name}" order by id', engine, dtype_backend=backend)
    assert len(frame) > 0
    assert list(read.columns) == list(frame.columns)
    for column in frame.columns:
        was, is_now = (part[column].astype(object) for part in (frame.sort_values("id"), read))
        if str(frame[column].dtype) == "date32[day][pyarrow]":
            was = was.map(str, na_action="ignore")  # pandas gives Arrow's days a column of text
        both = [[None if pd.isna(cell) else cell for cell in cells] for cells in (was, is_now)]
        assert both[0] == both[1], column


def test_columns_have_the_types_of_the_frame(classy: cn.Classy, engine: sa.Engine) -> None:
    classy.transactions(limit=300).to_sql("gifts", engine, index=False)
    types = "select column_name, data_type from information_schema.columns where table_name = 'gifts'"
    found: dict[str, str] = dict(pd.read_sql(types, engine).itertuples(index=False))
    assert [found[name] for name in ("id", "fundraising_page_id")] == ["bigint", "bigint"]
    assert found["purchased_at"] == "timestamp with time zone"
    assert found["is_anonymous"] == "boolean"
    assert found["total_gross_amount"] == "double precision"
    assert [found[name] for name in ("status", "billing_postal_code", "utm.source")] == ["text"] * 3


def test_included_lists_are_tables_of_their_own(classy: cn.Classy, engine: sa.Engine) -> None:
    frame = classy.transactions(include="items", limit=300)
    items = cn.explode(frame, "items")
    frame.drop(columns="items").to_sql("transactions", engine, index=False)
    items.to_sql("transaction_items", engine, index=False)
    joined = (
        "select t.id, count(*) as items from transactions t join transaction_items i on i.parent_id = t.id "
        "group by t.id order by t.id"
    )
    counts = pd.read_sql(joined, engine).set_index("id")["items"]
    assert counts.to_dict() == items.groupby("parent_id").size().to_dict()
