"""Gifts by day, week, month or year, in the organization's own days."""

from __future__ import annotations

from typing import Any

import pandas as pd

from classy_nb.errors import UsageError

from . import columns as col

GIFTS = "analysis.gifts(transactions)"
_LENGTHS = {"D": "D", "W": "W-SUN", "M": "M", "Q": "Q", "Y": "Y"}
_DTYPES = {
    "period": col.DAY,
    "currency": col.TEXT,
    "gifts": col.ID,
    "donors": col.ID,
    "amount": col.MONEY,
    "one_time_amount": col.MONEY,
    "recurring_amount": col.MONEY,
}


def by_period(gifts: pd.DataFrame, length: str = "M") -> pd.DataFrame:
    """Sum up gifts by day, week, month, quarter or year.

    Periods begin at midnight in the time zone of the frame: a gift on the evening of December 31 in
    Los Angeles belongs to that year, though it is January in UTC.

    Parameters
    ----------
    gifts
        What :func:`gifts` returned.
    length
        ``"D"``, ``"W"`` (Monday to Sunday), ``"M"``, ``"Q"`` or ``"Y"`` (calendar).

    Returns
    -------
    pandas.DataFrame
        One row per currency and period, from the first gift's to the last one's; periods without gifts
        are there, with zeros. ``period`` (datetime64[us]: its first day), ``currency`` (string),
        ``gifts`` (Int64), ``donors`` (Int64: different ones; gifts without a supporter have none),
        ``amount``, ``one_time_amount``, ``recurring_amount`` (Float64, to the cent). Currencies are
        never added. No gifts give no rows.

    Raises
    ------
    UsageError
        A column is missing, or *length* is none of these.
    """
    col.need(gifts, ["date", "currency", "amount", "donor_id", "recurring"], GIFTS)
    if length not in _LENGTHS:
        raise UsageError(f"length={length!r} is none of {', '.join(map(repr, _LENGTHS))}.")
    days = gifts["date"].astype(col.DAY)
    period = days.dt.to_period(_LENGTHS[length])
    amount = gifts["amount"].astype(col.MONEY)
    recurring = gifts["recurring"].astype(bool)
    table = pd.DataFrame(
        {
            "period": period,
            "currency": gifts["currency"],
            "donor_id": gifts["donor_id"],
            "amount": amount,
            "one_time_amount": amount.mask(recurring, 0),
            "recurring_amount": amount.mask(~recurring, 0),
        }
    )
    found = table.groupby(["currency", "period"]).agg(
        gifts=("amount", "size"),
        donors=("donor_id", "nunique"),
        amount=("amount", "sum"),
        one_time_amount=("one_time_amount", "sum"),
        recurring_amount=("recurring_amount", "sum"),
    )
    if len(found):
        found = found.reindex(_every(period, found), fill_value=0)
    found = found.reset_index()
    found["period"] = found["period"].dt.start_time if len(found) else pd.Series(dtype=col.DAY)
    money = dict.fromkeys(("amount", "one_time_amount", "recurring_amount"), 2)
    return col.typed({name: found[name] for name in _DTYPES}, _DTYPES).round(money)


def _every(period: Any, found: pd.DataFrame) -> pd.MultiIndex:
    currencies = found.index.get_level_values("currency").unique()
    periods = pd.period_range(period.min(), period.max(), freq=period.dtype.freq)
    return pd.MultiIndex.from_product([currencies, periods], names=["currency", "period"])
