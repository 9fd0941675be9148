"""Frames as dirty as real ones, and their cells as SQL gives them, for tests that compare with SQL."""

from typing import Any

import numpy as np
import pandas as pd

Rows = list[tuple[Any, ...]]


def dirty(frame: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return transactions as real ones are, from two overlapping fetches."""
    draw, size = np.random.default_rng(seed), len(frame)

    def some(share: float) -> Any:
        return draw.random(size) < share

    frame = frame.copy()
    frame.loc[some(0.3), "currency_code"] = "CAD"
    frame.loc[some(0.04), "supporter_id"] = 0
    frame.loc[some(0.04), "supporter_id"] = pd.NA
    emails = "donor" + (frame["supporter_id"] % 300).astype("string").fillna("") + "@example.org"
    emails = emails.mask(some(0.4), emails.str.title()).mask(some(0.3), "  " + emails.str.upper() + " ")
    frame["member_email_address"] = emails.mask(some(0.05), "   ").mask(some(0.05), "").mask(some(0.05))
    for status in ("refunded", "cb_lost", "cb_initiated", "canceled"):
        frame.loc[some(0.02), "status"] = status
    # Chains of retries: of some plans, three charges in a row become failed, failed, and one more attempt.
    charges = frame[frame["recurring_donation_plan_id"].notna()].sort_values(
        ["recurring_donation_plan_id", "id"]
    )
    for _, plan in charges.groupby("recurring_donation_plan_id"):
        if len(plan) > 5 and draw.random() < 0.5:
            one, two, three = plan.index[1:4]
            frame.loc[[one, two], "status"] = "failed"
            frame.loc[two, "parent_transaction_id"] = frame.loc[one, "id"]
            frame.loc[three, "parent_transaction_id"] = frame.loc[two, "id"]
    middle = size // 2
    return pd.concat([frame.iloc[: middle + 300], frame.iloc[middle - 300 :]])


def cells(table: pd.DataFrame, *names: str, cents: tuple[str, ...] = ()) -> Rows:
    """Return rows as SQL does: days as dates, money in cents, None where missing."""
    columns = []
    for name in names:
        column = table[name]
        if name in cents:
            column = (column * 100).round().astype("Int64")
        if column.dtype.kind == "M":
            columns.append([None if pd.isna(day) else day.date() for day in column])
        else:
            columns.append([None if pd.isna(cell) else cell for cell in column.tolist()])
    return list(zip(*columns, strict=True))
