"""Recurring plans: when each one lived, how many are lost, which charges fail, and what is still to come.

The frame of ``classy.recurring_donation_plans()`` comes in (:func:`failed_payments` takes the transactions).
Everything about plans rests on :func:`plan_lives`: one row per plan, with its first and its last day.
"""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np
import pandas as pd

from classy_nb.arguments import shown
from classy_nb.errors import DataWarning, UsageError, warn
from classy_nb.redact import clear_tracebacks

from . import columns as col
from . import question
from .transactions import RAISED

PLAN_FIELDS = (
    "id",
    "supporter_id",
    "status",
    "frequency",
    "donation_amount",
    "currency_code",
    "started_at",
    "updated_at",
    "canceled_at",
    "cancel_by",
    "failed_at",
    "recur_until",
    "is_paused",
    "pause_until",
    "next_processing_date",
)
_MONTHS = {"monthly": 1, "bi-monthly": 2, "quarterly": 3, "semi-annually": 6, "semi-annual": 6, "yearly": 12}
"""Months between two charges."""
_DAYS = {"daily": 1, "weekly": 7, "bi-weekly": 14}
"""Days between two charges."""
_DAYS_PER_MONTH = 365.25 / 12
_NEVER_STARTED = ("draft", "attempted")
_LIVES = {
    "id": col.ID,
    "donor_id": col.ID,
    "status": col.TEXT,
    "frequency": col.TEXT,
    "amount": col.MONEY,
    "monthly_amount": col.MONEY,
    "currency": col.TEXT,
    "started": col.DAY,
    "ended": col.DAY,
    "ending": col.TEXT,
    "paused": col.FLAG,
    "next_charge": col.DAY,
    "pause_until": col.DAY,
    "until": col.DAY,
}
_CHURN = {
    "month": col.DAY,
    "currency": col.TEXT,
    **dict.fromkeys(("at_start", "started", "canceled", "failed", "ran_out", "at_end"), col.ID),
    "lost_from_start": col.ID,
    "churn_rate": col.MONEY,
    "monthly_amount": col.MONEY,
    "complete": col.FLAG,
}
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
_LONGEST_FORECAST = 120


@clear_tracebacks
def plan_lives(plans: pd.DataFrame, *, today: Any = None, amount: str = "donation_amount") -> pd.DataFrame:
    """Return when each recurring plan started and ended, how it ended, and what it is worth per month.

    A plan ended on the day on which it was canceled (status ``canceled``), its payment failed for good
    (``failed``) or its term ran out (``ended``; ``recur_until``); if that day is missing or still to come, on
    the day of its last change. A plan whose term is over has ended, too, even if its status does not say so
    yet. All other plans are open: active, ``failing`` (charges fail, but are retried) and ``paused`` ones.
    Drafts and plans whose first charge was only attempted are left out. ``bi-monthly`` means every two
    months, ``bi-weekly`` every two weeks.

    Parameters
    ----------
    plans
        What ``classy.recurring_donation_plans()`` returned, with either dtype backend;
        ``fields=analysis.PLAN_FIELDS`` fetches only what is needed.
    today
        The day by which a term must be over; None for the current day.
    amount
        ``"donation_amount"``, in the organization's currency, or ``"raw_donation_amount"``, in the
        donor's. Neither includes fees that the donor covers.

    Returns
    -------
    pandas.DataFrame
        One row per plan, in order of ``started``: ``id``, ``donor_id`` (Int64), ``status``,
        ``frequency`` (string), ``amount`` (Float64: of one charge, in ``currency``),
        ``monthly_amount`` (Float64: amount / months between charges, to the cent), ``currency``
        (string; ``"?"`` if it is missing), ``started``, ``ended`` (datetime64[us]: local days; NaT while
        open), ``ending`` (string: ``canceled``, ``failed``, ``ran out``; missing while open), ``paused``
        (boolean), ``next_charge``, ``pause_until``, ``until`` (datetime64[us]: days as the API gives
        them). No plans give no rows.

    Warns
    -----
    DataWarning
        Plans have an unknown frequency; their ``monthly_amount`` is missing.

    Raises
    ------
    UsageError
        A column is missing, ``started_at`` has no time zone, rows with the same ``id`` differ, or *today* is
        not a date.
    """
    question.check(plans, "plan_lives")
    return _lives(plans, today, amount)


def _lives(plans: Any, today: Any, amount: str) -> pd.DataFrame:
    question.check_filled(plans, "plan_lives", "status", amount)
    frame = _started_plans(plans, amount)
    status = frame["status"].astype(col.TEXT)
    started = col.local_days(frame, "started_at", col.PLANS)
    changed = col.local_days(frame, "updated_at", col.PLANS)
    until = frame["recur_until"].astype(col.DAY)
    ends = {
        "canceled": col.local_days(frame, "canceled_at", col.PLANS),
        "failed": col.local_days(frame, "failed_at", col.PLANS),
        "ended": until,
    }
    clock = col.zone_of(frame["started_at"], col.PLANS)
    now = col.today_or(today, clock)
    ended = until.where(until <= now)
    for name, day in ends.items():
        # Its status says that it is over, so it did not end on a day that is still to come.
        known = day.where(~(day > max(now, col.today_or(None, clock)))).fillna(changed).fillna(started)
        ended = ended.mask((status == name).fillna(value=False).astype(bool), known)
    ending = status.where(status.isin(list(ends))).replace("ended", "ran out")
    charge = frame[amount].astype(col.MONEY)
    columns = {
        "id": frame["id"],
        "donor_id": col.donors(frame, "supporter_id"),
        "status": status,
        "frequency": frame["frequency"],
        "amount": charge,
        "monthly_amount": (charge / _months_between(frame["frequency"])).round(2),
        "currency": col.currency(frame, col.currency_of(amount)).fillna("?"),
        "started": started,
        # A plan that ended before it started would make a month's counts disagree.
        "ended": ended.where(ended.isna() | (ended >= started), started),
        "ending": ending.mask(ending.isna() & ended.notna(), "ran out"),
        "paused": col.flag(frame, "is_paused") | (status == "paused").fillna(value=False),
        "next_charge": frame["next_processing_date"],
        "pause_until": frame["pause_until"],
        "until": until,
    }
    return col.typed(columns, _LIVES).sort_values(["started", "id"]).reset_index(drop=True)


def _started_plans(plans: Any, amount: str) -> pd.DataFrame:
    """Return the plans that ever started."""
    renamed = {"donation_amount": amount, "currency_code": col.currency_of(amount)}
    frame = col.once(plans, [renamed.get(name, name) for name in PLAN_FIELDS], col.PLANS)
    never = frame["status"].astype(col.TEXT).isin(_NEVER_STARTED) | frame["started_at"].isna()
    return pd.DataFrame(frame.loc[~never.astype(bool)])


def _months_between(frequency: Any) -> Any:
    names = frequency.astype(col.TEXT)
    months = {**_MONTHS, **{name: days / _DAYS_PER_MONTH for name, days in _DAYS.items()}}
    found = names.map(months).astype(col.MONEY)
    unknown = names[found.isna().to_numpy()]
    if len(unknown):
        listed = ", ".join(sorted(map(repr, unknown.dropna().unique()))) or "missing"
        plans = "plan has" if len(unknown) == 1 else "plans have"
        warn(f"{len(unknown)} {plans} an unknown frequency ({listed}) and no monthly amount.", DataWarning)
    return found


@clear_tracebacks
def active_plans(plans: pd.DataFrame, on: Any = None, *, amount: str = "donation_amount") -> pd.DataFrame:
    """Return the plans that are active now or were on a past day.

    A plan is active if it had started and had not ended by the end of the day. That includes paused and
    failing plans, which ``paused`` and ``status`` mark; both are known only as of now, so they cannot be
    left out of a past day's list.

    Parameters
    ----------
    plans, amount
        As for :func:`plan_lives`.
    on
        A local day; None for all plans that are open now.

    Returns
    -------
    pandas.DataFrame
        Rows and columns of :func:`plan_lives`.

    Raises
    ------
    UsageError
        As for :func:`plan_lives`, or *on* is not a date.
    """
    question.check(plans, "active_plans" if on is None else "active_plans on a past day")
    lives = _lives(plans, None, amount)
    if on is None:
        return lives.loc[lives["ended"].isna()].reset_index(drop=True)
    at = col.day(on, "on")
    over = lives["ended"].fillna(lives["until"]) <= at
    return lives.loc[(lives["started"] <= at) & ~over].reset_index(drop=True)


@clear_tracebacks
def churn(plans: pd.DataFrame, *, today: Any = None, amount: str = "donation_amount") -> pd.DataFrame:
    """Count the recurring plans that started and that were lost, month by month.

    ``at_end = at_start + started - canceled - failed - ran_out``. ``churn_rate`` is the share of the
    plans active at the start of the month that ended in it: a plan that starts and ends within a month
    counts as started and as lost, but not in the rate. ``canceled`` is voluntary churn (by the donor or
    an administrator), ``failed`` is involuntary churn, and ``ran_out`` was agreed.

    Parameters
    ----------
    plans, amount
        As for :func:`plan_lives`.
    today
        The last day to count; None for the current day.

    Returns
    -------
    pandas.DataFrame
        One row per currency and month, from the first plan to today: ``month`` (datetime64[us]: its
        first day), ``currency`` (string), ``at_start``, ``started``, ``canceled``, ``failed``,
        ``ran_out``, ``at_end``, ``lost_from_start`` (Int64), ``churn_rate`` (Float64:
        ``lost_from_start / at_start``, 0 to 1; missing if there was none), ``monthly_amount``
        (Float64: of the plans at the end, major units), ``complete`` (boolean: the month is over). No
        plans give no rows.

    Raises
    ------
    UsageError
        As for :func:`plan_lives`, or *today* is not a date.

    Notes
    -----
    The customer churn rate of subscription businesses, as is common for sustainer programs: plans lost in
    a period / plans at its start, with voluntary (canceled) and involuntary (failed) churn kept apart. A
    plan that was reactivated shows only its current life.
    """
    question.check(plans, "churn")
    return _churn(_lives(plans, today, amount), plans, today)


def _churn(lives: pd.DataFrame, plans: pd.DataFrame, today: Any) -> pd.DataFrame:
    now = col.today_or(today, col.zone_of(plans["started_at"], col.PLANS))
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


@clear_tracebacks
def failed_payments(transactions: pd.DataFrame, *, amount: str = RAISED) -> pd.DataFrame:
    """Count the installments of recurring plans that failed and those that were recovered, month by month.

    An attempt is a transaction of a plan that either succeeded (even if it was refunded or disputed later)
    or failed. An installment is a first attempt and its retries: a later attempt that names a failed one as
    its parent, and so on. It ``failed`` if any of its attempts did, and is ``recovered`` if another one
    succeeded: failed, failed, paid is one installment, and nothing is lost. Pending, canceled, voided and
    test transactions are not counted.

    Parameters
    ----------
    transactions
        What ``classy.transactions()`` returned, with either dtype backend and all statuses: with
        ``where="status = success"`` nothing ever fails.
    amount
        As for :func:`gifts`.

    Returns
    -------
    pandas.DataFrame
        One row per currency and month (of the first attempt, in the frame's time zone) with an installment:
        ``month`` (datetime64[us]: its first day), ``currency`` (string; ``"?"`` if it is missing),
        ``charges`` (Int64: installments), ``failed`` (Int64), ``failure_rate`` (Float64: failed / charges, 0
        to 1), ``failed_amount`` (Float64, to the cent; the amount of the first attempt), ``recovered``
        (Int64: of the month's failed installments, no matter when), ``recovered_amount``, ``lost_amount``
        (Float64: failed minus recovered). No charges give no rows.

    Warns
    -----
    DataWarning
        The frame was fetched for some days only: attempts before or after them are not known.

    Raises
    ------
    UsageError
        A column is missing, or ``purchased_at`` has no time zone.
    """
    question.check(transactions, "failed_payments")
    question.check_filled(transactions, "failed_payments", "status", amount)
    currency = col.currency_of(amount)
    names = ("status", "purchased_at", "recurring_donation_plan_id", "parent_transaction_id")
    frame = col.once(transactions, [*names, amount, currency], col.TRANSACTIONS)
    days = col.local_days(frame, "purchased_at", col.TRANSACTIONS)
    status = frame["status"].astype(col.TEXT)
    failed = (status == "failed").fillna(value=False).astype(bool)
    paid = status.isin(question.CHARGED).astype(bool) & ~failed
    attempts = pd.DataFrame(
        {
            "installment": _installments(frame["id"], col.identifier(frame, "parent_transaction_id"), paid),
            "purchased_at": frame["purchased_at"],
            "month": days.dt.to_period("M").dt.start_time.astype(col.DAY),
            "currency": col.currency(frame, currency).fillna("?"),
            "amount": frame[amount].astype(col.MONEY).fillna(0).astype("float64"),
            "failed": failed,
            "paid": paid,
        }
    )
    of_plan = col.identifier(frame, "recurring_donation_plan_id").notna()
    chosen = (failed | paid) & of_plan.astype(bool)
    attempts = attempts.loc[chosen].dropna(subset="month").sort_values("purchased_at")
    table = attempts.groupby("installment").agg(
        month=("month", "first"),
        currency=("currency", "first"),
        amount=("amount", "first"),
        failed=("failed", "any"),
        paid=("paid", "any"),
    )
    recovered = table["failed"] & table["paid"]
    table = pd.DataFrame(
        {
            "month": table["month"],
            "currency": table["currency"],
            "charges": 1,
            "failed": table["failed"].astype("int64"),
            "failed_amount": table["amount"] * table["failed"],
            "recovered": recovered.astype("int64"),
            "recovered_amount": table["amount"] * recovered,
        }
    )
    found = table.groupby(["currency", "month"]).sum().reset_index()
    found["failure_rate"] = found["failed"] / found["charges"]
    found["lost_amount"] = found["failed_amount"] - found["recovered_amount"]
    cents = dict.fromkeys(("failed_amount", "recovered_amount", "lost_amount"), 2)
    return col.typed({name: found[name] for name in _FAILED}, _FAILED).round(cents)


def _installments(ids: Any, parents: Any, paid: Any) -> Any:
    """Return for each attempt the position of the first attempt of its installment.

    Only an attempt that did not succeed is tried again: one that names an attempt that did is the next
    installment.
    """
    places = pd.Series(np.arange(len(ids)), index=ids).loc[lambda known: known.index.notna()]
    parent = parents.where(parents.isin(ids[~paid])).map(places)
    first = parent.fillna(pd.Series(np.arange(len(ids)), index=ids.index)).to_numpy(dtype="int64")
    # Each round doubles the distance looked back, so a chain of any length ends, and so does a circle.
    for _ in range(len(ids).bit_length()):
        first = first[first]
    return first


@clear_tracebacks
def forecast(
    plans: pd.DataFrame,
    months: int = 12,
    *,
    today: Any = None,
    churn_rate: float | None = None,
    amount: str = "donation_amount",
) -> pd.DataFrame:
    """Project the income from recurring plans for the *months* whole months that follow the current one.

    - **scheduled**: every open plan is charged at its frequency from the day of its next charge on, on the
      same day of the month or the last one that there is (a paused one from the day its pause ends, none
      after the last day of its term): the most that today's plans can bring.
    - **expected**: scheduled, but plans keep leaving: in the k-th month, x (1 - churn rate)^k.
    - **with_new**: expected, plus plans that keep starting. Each month brings as much (monthly amount of
      new plans) as the average of the last 12 whole months, and new plans leave at the same rate.

    This projects the recent past; it is not a prediction. It knows no seasons and no campaigns, and
    assumes the same churn for plans of every age and frequency. Plans that start after today are left out.

    Parameters
    ----------
    plans, amount
        As for :func:`plan_lives`.
    months
        How many months, 1 to 120.
    today
        The day on which the projection is made; None for the current day.
    churn_rate
        Share of plans lost per month (0 to 1); None for that of the last 12 whole months: plans lost /
        plans at the start of each month, from :func:`churn`.

    Returns
    -------
    pandas.DataFrame
        One row per currency and month: ``month`` (datetime64[us]: its first day), ``currency``
        (string), ``plans`` (Float64: how many of today's open plans are expected to be left at the end
        of the month), ``charges`` (Int64: scheduled), ``scheduled``, ``expected``, ``with_new`` (Float64,
        to the cent, major units, before fees), ``churn_rate`` (Float64: the rate used). No open plans give
        no rows.

    Raises
    ------
    UsageError
        As for :func:`plan_lives`, or *months*, *today* or *churn_rate* is invalid.
    """
    if not col.is_whole(months, 1, _LONGEST_FORECAST):
        raise UsageError(f"months={shown(months)} must be a whole number from 1 to {_LONGEST_FORECAST}.")
    is_rate = isinstance(churn_rate, Real) and not isinstance(churn_rate, bool) and 0 <= churn_rate <= 1
    if churn_rate is not None and not is_rate:
        raise UsageError(f"churn_rate={shown(churn_rate)} must be between 0 and 1, such as 0.03 for 3%.")
    question.check(plans, "forecast")
    lives = _lives(plans, today, amount)
    now = col.today_or(today, col.zone_of(plans["started_at"], col.PLANS))
    past = _churn(lives, plans, now)
    lives = lives.loc[lives["started"] <= now]
    running = lives.loc[lives["ended"].isna() | (lives["ended"] > now)]
    ahead = pd.period_range(now.to_period("M") + 1, periods=months, freq="M")
    parts = []
    for name, part in running.groupby("currency"):
        rate, fresh = _recent_rates(lives[lives["currency"] == name], past[past["currency"] == name])
        parts.append(_forecast_of(part, ahead, rate if churn_rate is None else churn_rate, fresh))
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(_FORECAST))
    cents = dict.fromkeys(("scheduled", "expected", "with_new"), 2)
    return col.typed({name: table[name] for name in _FORECAST}, _FORECAST).round(cents)


def _recent_rates(lives: pd.DataFrame, past: pd.DataFrame) -> tuple[float, float]:
    """Return the share of plans lost and the amount started per month, over the last 12 whole months."""
    year = past.loc[past["complete"].to_numpy(dtype=bool)].tail(12)
    at_starts = float(year["at_start"].sum())
    started = lives["started"].dt.to_period("M").isin(year["month"].dt.to_period("M"))
    fresh = float(lives.loc[started, "monthly_amount"].fillna(0).sum()) / max(len(year), 1)
    return float(year["lost_from_start"].sum()) / at_starts if at_starts else 0.0, fresh


def _forecast_of(running: pd.DataFrame, ahead: pd.PeriodIndex, rate: float, fresh: float) -> pd.DataFrame:
    charges = _scheduled_charges(running, ahead)
    scheduled = (charges * running["amount"].fillna(0).to_numpy(dtype="float64")[:, None]).sum(axis=0)
    stay = (1 - rate) ** np.arange(1, len(ahead) + 1)
    return pd.DataFrame(
        {
            "month": ahead.start_time,
            "currency": running["currency"].iloc[0],
            "plans": _there(running, ahead) * stay,
            "charges": charges.sum(axis=0),
            "scheduled": scheduled,
            "expected": scheduled * stay,
            "with_new": scheduled * stay + fresh * np.cumsum((1 - rate) ** np.arange(len(ahead))),
            "churn_rate": rate,
        }
    )


def _there(running: pd.DataFrame, ahead: pd.PeriodIndex) -> Any:
    """Return how many plans have not reached the end of their term by the end of each month."""
    until = running["until"].fillna(pd.Timestamp.max.normalize()).to_numpy()[:, None]
    return (until > ahead.end_time.normalize().to_numpy()).sum(axis=0)


def _scheduled_charges(running: pd.DataFrame, ahead: pd.PeriodIndex) -> Any:
    """Return how often each plan (row) is charged in each month (column): a 2-d array of int64."""
    first = running["next_charge"].fillna(running["started"])
    earliest = running[["next_charge", "pause_until"]].max(axis=1).fillna(running["started"])
    latest = running["until"].fillna(ahead[-1].end_time.normalize())
    endless = (running["paused"].astype(bool) & running["pause_until"].isna()).to_numpy()
    frequency = running["frequency"].astype(object)
    # Months are numbered from the year 0, so that a frequency becomes a remainder.
    month = ahead.year.to_numpy() * 12 + ahead.month.to_numpy()
    phase = (first.dt.year * 12 + first.dt.month).to_numpy(dtype="int64")[:, None]
    step = frequency.map(_MONTHS).fillna(0).to_numpy(dtype="int64")[:, None]
    due = (step > 0) & ((month - phase) % np.maximum(step, 1) == 0)
    of_month = np.minimum(first.dt.day.to_numpy(dtype="int64")[:, None], ahead.days_in_month.to_numpy())
    day = ahead.start_time.to_numpy().astype("datetime64[D]") + (of_month - 1).astype("timedelta64[D]")
    inside = (day >= _days(earliest)[:, None]) & (day <= _days(latest)[:, None])
    charges = (due & inside).astype("int64")
    length = frequency.map(_DAYS).fillna(0).to_numpy(dtype="int64")
    # Weeks do not divide months: these charges are counted by their dates.
    for row in np.flatnonzero(length):
        days = pd.date_range(first.iloc[row], ahead[-1].end_time, freq=f"{length[row]}D")
        days = days[(days >= earliest.iloc[row]) & (days <= latest.iloc[row])]
        charges[row] = days.to_period("M").value_counts().reindex(ahead, fill_value=0).to_numpy()
    charges[endless] = 0
    return charges


def _days(column: Any) -> Any:
    return column.to_numpy(dtype="datetime64[D]")
