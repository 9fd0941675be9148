"""Recurring plans: when each one lived, and which are active."""

from __future__ import annotations

from typing import Any

import pandas as pd

from classy_nb.errors import DataWarning, warn

from . import columns as col
from .counted_gifts import currency_of

PLANS = "classy.recurring_donation_plans()"
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
MONTHS = {"monthly": 1, "bi-monthly": 2, "quarterly": 3, "semi-annually": 6, "semi-annual": 6, "yearly": 12}
DAYS = {"daily": 1, "weekly": 7, "bi-weekly": 14}
_DAYS_A_MONTH = 365.25 / 12
_NEVER_BEGAN = ("draft", "attempted")
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


def plan_lives(plans: pd.DataFrame, *, amount: str = "donation_amount") -> pd.DataFrame:
    """Return when each recurring plan began and ended, how it ended and what it is worth a month.

    A plan ended on the day it was canceled (status ``canceled``), its payment failed for good
    (``failed``) or its term ran out (``ended``; ``recur_until``); where that day is missing, on the day
    of its last change. All other plans are open: active, ``failing`` (charges fail, but are tried
    again) and ``paused`` ones. Drafts and plans whose first charge was only attempted are left out.
    ``bi-monthly`` is read as every two months, ``bi-weekly`` as every two weeks.

    Parameters
    ----------
    plans
        What ``classy.recurring_donation_plans()`` returned, with any dtype backend;
        ``fields=analysis.PLAN_FIELDS`` fetches only what is needed.
    amount
        ``"donation_amount"``, in the organization's currency, or ``"raw_donation_amount"``, in the
        donor's. Fees that the donor covers are not in either.

    Returns
    -------
    pandas.DataFrame
        One row per plan, in order of ``started``: ``id``, ``donor_id`` (Int64), ``status``,
        ``frequency`` (string), ``amount`` (Float64: of one charge, in ``currency``),
        ``monthly_amount`` (Float64: amount / months between charges, to the cent), ``currency``
        (string; ``"?"`` where none is named), ``started``, ``ended`` (datetime64[us]: local days; NaT
        while open), ``ending``
        (string: ``canceled``, ``failed``, ``ran out``; missing while open), ``paused`` (boolean),
        ``next_charge``, ``pause_until``, ``until`` (datetime64[us]: days as the API has them). No plans
        give no rows.

    Warns
    -----
    DataWarning
        Plans have a frequency that is not known here: they have no ``monthly_amount``.

    Raises
    ------
    UsageError
        A column is missing, or ``started_at`` has no zone.
    """
    frame = _begun(plans, amount)
    status = frame["status"].astype(col.TEXT)
    started = _local(frame, "started_at")
    changed = _local(frame, "updated_at")
    until = frame["recur_until"].astype(col.DAY)
    ends = {"canceled": _local(frame, "canceled_at"), "failed": _local(frame, "failed_at"), "ended": until}
    ended = pd.Series(pd.NaT, index=frame.index, dtype=col.DAY)
    for name, day in ends.items():
        ended = ended.mask((status == name).fillna(value=False).astype(bool), day.fillna(changed))
    charge = frame[amount].astype(col.MONEY)
    columns = {
        "id": frame["id"],
        "donor_id": frame["supporter_id"],
        "status": status,
        "frequency": frame["frequency"],
        "amount": charge,
        "monthly_amount": (charge / _months_between(frame["frequency"])).round(2),
        "currency": frame[currency_of(amount)].astype(col.TEXT).fillna("?"),
        "started": started,
        "ended": ended.where(ended.isna() | (ended >= started), started),
        "ending": status.where(status.isin(list(ends))).replace("ended", "ran out"),
        "paused": col.flag(frame, "is_paused") | (status == "paused").fillna(value=False),
        "next_charge": frame["next_processing_date"],
        "pause_until": frame["pause_until"],
        "until": until,
    }
    return col.typed(columns, _LIVES).sort_values(["started", "id"]).reset_index(drop=True)


def _begun(plans: Any, amount: str) -> pd.DataFrame:
    changed = {"donation_amount": amount, "currency_code": currency_of(amount)}
    col.need(plans, [changed.get(name, name) for name in PLAN_FIELDS], PLANS)
    never = plans["status"].astype(col.TEXT).isin(_NEVER_BEGAN) | plans["started_at"].isna()
    return pd.DataFrame(plans.loc[~never.astype(bool)])


def _local(frame: pd.DataFrame, name: str) -> Any:
    return col.local_day(col.instants(frame, name, PLANS))


def _months_between(frequency: Any) -> Any:
    names = frequency.astype(col.TEXT)
    months = {**MONTHS, **{name: days / _DAYS_A_MONTH for name, days in DAYS.items()}}
    found = names.map(months).astype(col.MONEY)
    unknown = names[found.isna().to_numpy()]
    if len(unknown):
        listed = ", ".join(sorted(map(repr, unknown.dropna().unique()))) or "missing"
        warn(f"{len(unknown)} plans have no known frequency ({listed}); no monthly amount.", DataWarning)
    return found


def active_plans(plans: pd.DataFrame, on: Any = None, *, amount: str = "donation_amount") -> pd.DataFrame:
    """Return the plans that are active, now or on a past day.

    Active are plans that had begun and had not ended by the end of the day. Paused and failing plans
    are among them, and marked by ``paused`` and ``status``; both are known as of now only, so a past
    day's list cannot leave them out.

    Parameters
    ----------
    plans, amount
        As for :func:`plan_lives`.
    on
        A local day; None for now: every plan that is open.

    Returns
    -------
    pandas.DataFrame
        Rows and columns of :func:`plan_lives`.

    Raises
    ------
    UsageError
        As for :func:`plan_lives`, or *on* is no date.
    """
    lives = plan_lives(plans, amount=amount)
    if on is None:
        return lives.loc[lives["ended"].isna()].reset_index(drop=True)
    at = col.day(on, "on")
    open_then = lives["ended"].isna() | (lives["ended"] > at)
    return lives.loc[(lives["started"] <= at) & open_then].reset_index(drop=True)
