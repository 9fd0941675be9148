"""How many recurring plans begin and are lost."""

from __future__ import annotations

from typing import Any

import pandas as pd

from . import columns as col
from .plans import PLANS, plan_lives

_CHURN = {
    "month": col.DAY,
    "currency": col.TEXT,
    **dict.fromkeys(("at_start", "started", "canceled", "failed", "ran_out", "at_end"), col.ID),
    "lost_from_start": col.ID,
    "churn_rate": col.MONEY,
    "monthly_amount": col.MONEY,
    "complete": col.FLAG,
}


def churn(plans: pd.DataFrame, *, today: Any = None, amount: str = "donation_amount") -> pd.DataFrame:
    """Count for each month the recurring plans that began and that were lost.

    ``at_end = at_start + started - canceled - failed - ran_out``. ``churn_rate`` is the share of the
    plans active at the start of the month that ended in it: whoever begins and ends within one month is
    in ``started`` and in the loss, but not in the rate. ``canceled`` is the donor's (or an
    administrator's) will, ``failed`` is involuntary churn, and ``ran_out`` was agreed.

    Parameters
    ----------
    plans, amount
        As for :func:`plan_lives`.
    today
        The last day that is counted; the current day where None.

    Returns
    -------
    pandas.DataFrame
        One row per currency and month, from the first plan's to today's: ``month`` (datetime64[us]: its
        first day), ``currency`` (string), ``at_start``, ``started``, ``canceled``, ``failed``,
        ``ran_out``, ``at_end``, ``lost_from_start`` (Int64), ``churn_rate`` (Float64:
        ``lost_from_start / at_start``, 0 to 1; missing where there was no plan), ``monthly_amount``
        (Float64: of the plans at the end, major units), ``complete`` (boolean: the month is over). No
        plans give no rows.

    Raises
    ------
    UsageError
        As for :func:`plan_lives`, or *today* is no date.

    Notes
    -----
    The customer churn rate of subscription businesses, as usual for sustainer programs: those lost in a
    period / those there at its start; voluntary (canceled) and involuntary (failed) churn apart. A plan
    that was reactivated shows its present life only.
    """
    lives = plan_lives(plans, amount=amount)
    now = col.today_or(today, col.zone_of(plans["started_at"], PLANS))
    lives = lives.loc[lives["started"] <= now]
    parts = [_churn_of(part, str(name), now) for name, part in lives.groupby("currency")]
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(_CHURN))
    return col.typed({name: table[name] for name in _CHURN}, _CHURN)


def _churn_of(lives: pd.DataFrame, currency: str, now: pd.Timestamp) -> pd.DataFrame:
    began = lives["started"].dt.to_period("M")
    lost = lives.loc[lives["ended"] <= now]
    end = lost["ended"].dt.to_period("M")
    months = pd.period_range(began.min(), now.to_period("M"), freq="M")

    def per_month(values: Any, month: Any) -> Any:
        return values.groupby(month).sum().reindex(months, fill_value=0)

    ones, gone = pd.Series(1, index=lives.index), pd.Series(1, index=lost.index)
    endings = {
        name.replace(" ", "_"): per_month(gone[(lost["ending"] == name).to_numpy(dtype=bool)], end)
        for name in ("canceled", "failed", "ran out")
    }
    started = per_month(ones, began)
    all_lost = sum(endings.values())
    at_end = (started - all_lost).cumsum()
    at_start = at_end - started + all_lost
    before = per_month(gone[(began[lost.index] < end).to_numpy(dtype=bool)], end)
    worth = lives["monthly_amount"].fillna(0).astype("float64")
    money = (per_month(worth, began) - per_month(worth[lost.index], end)).cumsum()
    return pd.DataFrame(
        {
            "month": months.start_time,
            "currency": currency,
            "at_start": at_start.to_numpy(),
            "started": started.to_numpy(),
            **{name: counts.to_numpy() for name, counts in endings.items()},
            "at_end": at_end.to_numpy(),
            "lost_from_start": before.to_numpy(),
            "churn_rate": (before / at_start.where(at_start > 0)).to_numpy(),
            "monthly_amount": money.round(2).to_numpy(),
            "complete": months.end_time.normalize() < now,
        }
    )
