"""Ways to ask that give the same rows: sorted, counted, in batches, by one worker or many; and of whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

import classy_nb as cn
from classy_nb.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_sorting_the_whole_and_the_first(box: Sandbox, classy: cn.Classy) -> None:
    amounts = sorted((r["total_gross_amount"] for r in box.truth("transactions")), reverse=True)
    top = classy.transactions(sort="total_gross_amount:desc", limit=10, fields="total_gross_amount")
    assert top["total_gross_amount"].tolist() == amounts[:10]
    whole = classy.transactions(sort="total_gross_amount:desc", fields="total_gross_amount")
    assert whole["total_gross_amount"].tolist() == amounts
    wide = classy.transactions(sort="total_gross_amount:desc", limit=250, fields="total_gross_amount")
    assert wide["total_gross_amount"].tolist() == amounts[:250]


def test_counting_is_one_request(box: Sandbox, classy: cn.Classy) -> None:
    assert classy.transactions.count() == 600
    assert len(box.requests) == 1


@pytest.mark.parametrize("rows", [1, 100, 250, 10_000])
def test_batches_are_the_whole(classy: cn.Classy, rows: int) -> None:
    whole = classy.transactions(fields=["status", "purchased_at"])
    parts = list(classy.transactions.batches(rows=rows, fields=["status", "purchased_at"]))
    pd.testing.assert_frame_equal(pd.concat(parts, ignore_index=True), whole)
    assert all(part.dtypes.equals(whole.dtypes) for part in parts)
    assert len(parts) > 1 or rows == 10_000


def test_one_worker_and_many_give_the_same(box: Sandbox, connecting: Callable[..., cn.Classy]) -> None:
    frames = []
    for workers in (1, 8):
        with connecting(box, workers=workers) as classy:
            frames.append(classy.transactions())
    pd.testing.assert_frame_equal(*frames)


def test_arrow_dtypes_hold_the_same(classy: cn.Classy) -> None:
    ours = classy.supporters()
    arrow = classy.supporters(dtype_backend="pyarrow")
    assert all(isinstance(d, pd.ArrowDtype) or d.kind == "O" for d in arrow.dtypes)
    assert ours["email_address"].tolist() == arrow["email_address"].tolist()
    assert ours["id"].tolist() == arrow["id"].tolist()


def test_trap_05_the_organization_is_found(own_box: Sandbox, connecting: Callable[..., cn.Classy]) -> None:
    with connecting(own_box) as classy:
        assert classy.organization == own_box.organization_id
        assert classy.organization_name == own_box.truth("organizations")[0]["name"]
        with pytest.raises(cn.PermissionDeniedError):
            classy.get("/campaigns")


def test_trap_05_several_organizations_are_named(connecting: Callable[..., cn.Classy]) -> None:
    with Sandbox(transactions=120, organizations=2, requests_per_minute=0) as box:
        first, second = box.organization_ids
        with pytest.raises(cn.UsageError, match=f"{first}.*{second}"):
            connecting(box)
        with connecting(box, organization=second) as classy:
            assert len(classy.transactions(fields="status")) == len(box.truth("transactions", second)) > 0
        with pytest.raises(cn.UsageError, match="does not see"):
            connecting(box, organization=box.foreign_organization_id)


@pytest.mark.edge(4)
@pytest.mark.parametrize("of", ["busiest", "spring", "autumn"])
def test_a_day_means_all_of_its_gifts(classy: cn.Classy, of: str) -> None:
    """In Los Angeles, also on the days of 23 and of 25 hours."""
    gifts = classy.transactions(fields="purchased_at")
    days = gifts["purchased_at"].dt.tz_localize(None).dt.normalize()
    year = int(days.dt.year.mode()[0])
    day = {"busiest": days.mode()[0], "spring": _sunday(year, 3, 2), "autumn": _sunday(year, 11, 1)}[of]
    for operator, chosen in {
        "=": days == day,
        "<": days < day,
        "<=": days <= day,
        ">": days > day,
        ">=": days >= day,
    }.items():
        where = f"purchased_at {operator} {day.date()}"
        expected = gifts["id"][chosen].tolist()
        assert classy.transactions(where=where)["id"].tolist() == expected
        assert classy.transactions.count(where=where) == len(expected)
        batches = pd.concat(classy.transactions.batches(where=where, rows=100))
        assert batches["id"].tolist() == expected
    assert of != "busiest" or (days == day).sum() > 1
    month = f"purchased_at = {day.date():%Y-%m}"
    assert classy.transactions.count(where=month) == (days.dt.to_period("M") == day.to_period("M")).sum()


def _sunday(year: int, month: int, number: int) -> pd.Timestamp:
    """Return the n-th Sunday of a month, on which American clocks change."""
    return pd.date_range(f"{year}-{month:02}-01", periods=number, freq="W-SUN")[-1]


@pytest.mark.edge(3)
def test_items_are_the_same_after_any_detour(classy: cn.Classy, tmp_path: Path) -> None:
    whole = classy.transactions(include="items")
    items = cn.explode(whole, "items")
    assert len(items) > len(whole)
    batches = pd.concat(classy.transactions.batches(include="items", rows=100))
    pd.testing.assert_frame_equal(cn.explode(batches, "items"), items)
    file = classy.transactions.to_parquet(tmp_path / "gifts.parquet", include="items")
    back = pd.read_parquet(file, dtype_backend="numpy_nullable")
    pd.testing.assert_frame_equal(cn.explode(back, "items"), items)
    whole[["id", "purchased_at", "items"]].to_parquet(tmp_path / "pandas.parquet")
    back = pd.read_parquet(tmp_path / "pandas.parquet", dtype_backend="numpy_nullable")
    pd.testing.assert_frame_equal(cn.explode(back, "items"), items)
    text = pd.read_csv(classy.transactions.to_csv(tmp_path / "gifts.csv", include="items"), low_memory=False)
    from_text = cn.explode(text, "items")
    assert from_text["parent_id"].tolist() == items["parent_id"].tolist()
    pd.testing.assert_frame_equal(from_text.drop(columns="parent_id"), items.drop(columns="parent_id"))
    raw = classy.get(f"/organizations/{classy.organization}/transactions", per_page=50, **{"with": "items"})
    pd.testing.assert_frame_equal(cn.explode(raw, "items"), items)
