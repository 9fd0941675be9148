"""Ways to ask that give the same rows: sorted, counted, in batches, by one worker or many; and of whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

import classy_nb as cn
from classy_nb.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable


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
