"""What recurring plans will bring, and which of their charges fail."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from classy_nb.errors import UsageError

from . import columns as col
from .counted_gifts import CALL, currency_of
from .plan_churn import churn
from .plans import DAYS, MONTHS, PLANS, plan_lives

_CHARGED = ("success", "refunded", "cb_lost", "cb_initiated", "failed")
_FAILED = {
    "month": col.DAY,
    "currency": col.TEXT,
    "charges": col.ID,
    "failed": col.ID,
    "failure_rate": col.MONEY,
    "failed_amount": col.MONEY,
    "recovered": col.ID,
    "recovered_amount": col.MONEY,
    "lost_amount": col.MONEY,
}
_FORECAST = {
    "month": col.DAY,
    "currency": col.TEXT,
    "plans": col.MONEY,
    "charges": col.ID,
    "scheduled": col.MONEY,
    "expected": col.MONEY,
    "with_new": col.MONEY,
    "churn_rate": col.MONEY,
}
_YEAR = 12
_LONGEST = 120


def failed_payments(transactions: pd.DataFrame, *, amount: str = "donation_gross_amount") -> pd.DataFrame:
    """Count for each month the charges of recurring plans that failed, and those won back.

    A charge is a transaction of a plan that was decided: it succeeded (also where it was refunded or
    disputed later) or failed. A failed one is ``recovered`` where a later attempt that names it as its
    parent succeeded. Pending, canceled, voided and test transactions are not counted.

    Parameters
    ----------
    transactions
        What ``classy.transactions()`` returned, with any dtype backend. Ask for all statuses: with
        ``where="status = success"`` nothing ever fails.
    amount
        As for :func:`gifts`.

    Returns
    -------
    pandas.DataFrame
        One row per currency and month (of ``purchased_at``, in the frame's zone) with a charge:
        ``month`` (datetime64[us]: its first day), ``currency`` (string; ``"?"`` where none is named),
        ``charges``, ``failed``
        (Int64), ``failure_rate`` (Float64: failed / charges, 0 to 1), ``failed_amount`` (Float64, to
        the cent), ``recovered`` (Int64: of this month's failed ones, whenever that was),
        ``recovered_amount``, ``lost_amount`` (Float64: failed less recovered). No charges give no rows.

    Raises
    ------
    UsageError
        A column is missing, or ``purchased_at`` has no zone.
    """
    currency = currency_of(amount)
    names = ("id", "status", "purchased_at", "recurring_donation_plan_id", "parent_transaction_id")
    col.need(transactions, [*names, amount, currency], CALL)
    status = transactions["status"].astype(col.TEXT)
    chosen = status.isin(_CHARGED) & transactions["recurring_donation_plan_id"].notna()
    frame, status = transactions.loc[chosen.astype(bool)], status[chosen.astype(bool)]
    good = frame.loc[(status != "failed").to_numpy(dtype=bool)]
    failed = (status == "failed").to_numpy(dtype=bool)
    recovered = failed & frame["id"].astype(col.ID).isin(good["parent_transaction_id"].dropna()).to_numpy(
        bool
    )
    money = frame[amount].astype(col.MONEY).fillna(0).to_numpy(dtype="float64")
    table = pd.DataFrame(
        {
            "month": _month(col.local_day(col.instants(frame, "purchased_at", CALL))).to_numpy(),
            "currency": frame[currency].astype(col.TEXT).fillna("?").array,
            "charges": 1,
            "failed": failed.astype("int64"),
            "failed_amount": money * failed,
            "recovered": recovered.astype("int64"),
            "recovered_amount": money * recovered,
        }
    )
    found = table.groupby(["currency", "month"]).sum().reset_index()
    found["failure_rate"] = found["failed"] / found["charges"]
    found["lost_amount"] = found["failed_amount"] - found["recovered_amount"]
    cents = dict.fromkeys(("failed_amount", "recovered_amount", "lost_amount"), 2)
    return col.typed({name: found[name] for name in _FAILED}, _FAILED).round(cents)


def _month(days: Any) -> Any:
    return days.dt.to_period("M").dt.start_time.astype(col.DAY)


def forecast(
    plans: pd.DataFrame,
    months: int = 12,
    *,
    today: Any = None,
    churn_rate: float | None = None,
    amount: str = "donation_amount",
) -> pd.DataFrame:
    """Project the income from recurring plans: the next *months* whole months after today's.

    - **scheduled**: every open plan is charged on its rhythm from its next charge on, a paused one from
      the end of its pause, none after its term: the most that today's plans can bring.
    - **expected**: scheduled, but the plans keep leaving: in the k-th month, x (1 - churn rate)^k.
    - **with_new**: expected, plus plans that keep beginning. Each month brings as much (monthly amount
      of new plans) as the average of the last 12 whole months, and the new plans leave at the same rate.

    It is a projection of the recent past, not a prediction: no seasons, no campaigns, the same churn
    for all plans, however old, and all frequencies. Plans that are to begin after today are not in it.

    Parameters
    ----------
    plans, amount
        As for :func:`plan_lives`.
    months
        How many, 1 to 120.
    today
        The day from which is looked ahead; the current day where None.
    churn_rate
        Share of plans lost a month (0 to 1); None for that of the last 12 whole months: plans lost /
        plans at the months' starts, from :func:`churn`.

    Returns
    -------
    pandas.DataFrame
        One row per currency and month: ``month`` (datetime64[us]: its first day), ``currency``
        (string), ``plans`` (Float64: of today's open plans, how many are expected to be left at the
        end of the month), ``charges`` (Int64: scheduled), ``scheduled``, ``expected``, ``with_new``
        (Float64, to the cent, major units), ``churn_rate`` (Float64: what was used). Fees are not taken
        off. No open plans give no rows.

    Raises
    ------
    UsageError
        As for :func:`plan_lives`, or *months*, *today* or *churn_rate* make no sense.
    """
    if isinstance(months, bool) or not isinstance(months, int) or not 1 <= months <= _LONGEST:
        raise UsageError(f"months={months!r} must be a whole number from 1 to {_LONGEST}.")
    if churn_rate is not None and not 0 <= churn_rate <= 1:
        raise UsageError(f"churn_rate={churn_rate!r} must be between 0 and 1, such as 0.03 for 3 %.")
    lives = plan_lives(plans, amount=amount)
    now = col.today_or(today, col.zone_of(plans["started_at"], PLANS))
    past = churn(plans, today=now, amount=amount)
    lives = lives.loc[lives["started"] <= now]
    running = lives.loc[lives["ended"].isna() | (lives["ended"] > now)]
    ahead = pd.period_range(now.to_period("M") + 1, periods=months, freq="M")
    parts = []
    for name, part in running.groupby("currency"):
        rate, fresh = _pace(lives[lives["currency"] == name], past[past["currency"] == name])
        parts.append(_forecast_of(part, ahead, rate if churn_rate is None else churn_rate, fresh))
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(_FORECAST))
    cents = dict.fromkeys(("scheduled", "expected", "with_new"), 2)
    return col.typed({name: table[name] for name in _FORECAST}, _FORECAST).round(cents)


def _pace(lives: pd.DataFrame, past: pd.DataFrame) -> tuple[float, float]:
    """Return the share lost a month and the monthly amount begun a month, of the last 12 whole months."""
    year = past.loc[past["complete"].to_numpy(dtype=bool)].tail(_YEAR)
    there = float(year["at_start"].sum())
    begun = lives["started"].dt.to_period("M").isin(year["month"].dt.to_period("M"))
    fresh = float(lives.loc[begun, "monthly_amount"].fillna(0).sum()) / max(len(year), 1)
    return float(year["lost_from_start"].sum()) / there if there else 0.0, fresh


def _forecast_of(running: pd.DataFrame, ahead: pd.PeriodIndex, rate: float, fresh: float) -> pd.DataFrame:
    charges = scheduled_charges(running, ahead)
    scheduled = (charges * running["amount"].fillna(0).to_numpy(dtype="float64")[:, None]).sum(axis=0)
    stay = (1 - rate) ** np.arange(1, len(ahead) + 1)
    return pd.DataFrame(
        {
            "month": ahead.start_time,
            "currency": running["currency"].iloc[0],
            "plans": len(running) * stay,
            "charges": charges.sum(axis=0),
            "scheduled": scheduled,
            "expected": scheduled * stay,
            "with_new": scheduled * stay + fresh * np.cumsum((1 - rate) ** np.arange(len(ahead))),
            "churn_rate": rate,
        }
    )


def scheduled_charges(running: pd.DataFrame, ahead: pd.PeriodIndex) -> Any:
    """Return how often each plan (row) is charged in each month (column): 2-d array of int64."""
    first = running["next_charge"].fillna(running["started"])
    lowest = running[["next_charge", "pause_until"]].max(axis=1).fillna(running["started"])
    endless = (running["paused"].astype(bool) & running["pause_until"].isna()).to_numpy()
    frequency = running["frequency"].astype(object)
    month = ahead.year.to_numpy() * _YEAR + ahead.month.to_numpy()
    phase, start, stop = (_month_number(days)[:, None] for days in (first, lowest, running["until"]))
    step = frequency.map(MONTHS).fillna(0).to_numpy(dtype="int64")[:, None]
    on_rhythm = (step > 0) & ((month - phase) % np.maximum(step, 1) == 0)
    charges = (on_rhythm & (month >= start) & ((stop == 0) | (month <= stop))).astype("int64")
    length = frequency.map(DAYS).fillna(0).to_numpy(dtype="int64")
    for row in np.flatnonzero(length):
        days = pd.date_range(first.iloc[row], ahead[-1].end_time, freq=f"{length[row]}D")
        days = days[(days >= lowest.iloc[row]) & ~(days > running["until"].iloc[row])]
        charges[row] = days.to_period("M").value_counts().reindex(ahead, fill_value=0).to_numpy()
    charges[endless] = 0
    return charges


def _month_number(days: Any) -> Any:
    return (days.dt.year * _YEAR + days.dt.month).fillna(0).to_numpy(dtype="int64")
