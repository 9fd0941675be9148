"""Which transactions count as gifts, and what became of the others.

The frame of ``classy.transactions()`` comes in; a frame of gifts, which almost every other calculation
takes, or an account of what was left out comes back.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pandas as pd

from classy_nb.arguments import shown
from classy_nb.errors import UsageError
from classy_nb.redact import clear_tracebacks

from . import columns as col
from . import question

if TYPE_CHECKING:
    from collections.abc import Sequence

RAISED = "donation_gross_amount"
"""The amount that "raised" means, in ``currency_code``: see the docstring of :mod:`classy_nb.analysis`."""
FIELDS = (
    "id",
    "status",
    "purchased_at",
    RAISED,
    "currency_code",
    "supporter_id",
    "recurring_donation_plan_id",
    "parent_transaction_id",
    "campaign_id",
    "fundraising_page_id",
    "fundraising_team_id",
    "payment_method",
    "is_anonymous",
)
_LEFT_OUT = {
    "reason": col.TEXT,
    "counted": col.FLAG,
    "transactions": col.ID,
    "amount": col.MONEY,
    "currency": col.TEXT,
}


@clear_tracebacks
def gifts(
    transactions: pd.DataFrame,
    *,
    amount: str = RAISED,
    status: str | Sequence[str] = ("success",),
    donor: str = "supporter_id",
) -> pd.DataFrame:
    """Return the transactions that count as gifts, one row each, oldest first.

    A gift is a transaction whose status is in *status* and whose *amount* is above zero. This leaves out
    failed, incomplete, canceled and voided checkouts; test gifts; refunds (of the whole gift: the API
    reports no partial ones); chargebacks, lost or still open; pending payments; free registrations; and
    tickets without a charitable part. :func:`left_out` counts them.

    Offline gifts count like any other, on the day they were made (not the day they were entered), and
    are marked. So do gifts of donors who asked to be anonymous: that is a wish about what is shown; the
    donor is still known. Gifts without a supporter (some channels send none) count as money, but no
    calculation about donors can use them. Soft credits are not transactions and do not appear.

    Parameters
    ----------
    transactions
        What ``classy.transactions()`` returned, with either dtype backend. ``fields=analysis.FIELDS``
        fetches only what is needed, and nothing that names a person.
    amount
        The column to count. The default, ``analysis.RAISED``, is the gift itself, in the organization's
        currency, without the cost of tickets and without fees that the donor covered;
        ``total_gross_amount`` is everything that was paid. ``raw_...`` is in the donor's currency,
        ``charged_...`` in that of the settlement.
    status
        Statuses that count.
    donor
        The column that tells donors apart, for organizations whose donors have several supporter
        records: ``member_id`` or ``member_email_address``. Blanks and zero are nobody, and spellings of an
        e-mail address are one donor.

    Returns
    -------
    pandas.DataFrame
        ``id`` (Int64), ``donor_id`` (Int64; text if *donor* is text), ``purchased_at``
        (datetime64[us, the frame's time zone]), ``date`` (datetime64[us]: the local day in that zone),
        ``amount`` (Float64, major units of ``currency``), ``currency`` (string), ``recurring``,
        ``anonymous``, ``offline`` (boolean), ``campaign_id``, ``fundraising_page_id``,
        ``fundraising_team_id``, ``recurring_donation_plan_id`` (Int64). The same columns for no rows.

    Raises
    ------
    UsageError
        A column is missing, ``purchased_at`` has no time zone, *status* is empty, rows with the same ``id``
        differ, or the frame was fetched without a status that should count.

    Warns
    -----
    DataWarning
        The frame holds the first rows only (``limit=``).

    Notes
    -----
    The columns and statuses are those of the vendor's transaction; see ``classy.transactions``.
    """
    counted = statuses(status)
    question.check(transactions, "gifts", counted)
    question.check_statuses(transactions, "gifts", counted)
    question.check_filled(transactions, "gifts", "status", amount)
    frame = _prepared(transactions, amount, donor)
    chosen = frame.loc[_counts(frame, status)].drop(columns="status")
    chosen = pd.DataFrame(chosen.sort_values(["purchased_at", "id"]).reset_index(drop=True))
    chosen.attrs[question.DONOR] = donor
    if question.ABOUT in transactions.attrs:
        chosen.attrs[question.ABOUT] = transactions.attrs[question.ABOUT]
    return chosen


@clear_tracebacks
def left_out(
    transactions: pd.DataFrame,
    *,
    amount: str = RAISED,
    status: str | Sequence[str] = ("success",),
    donor: str = "supporter_id",
) -> pd.DataFrame:
    """Account for every transaction: which count as gifts, and why the others do not.

    Parameters
    ----------
    transactions, amount, status, donor
        As given to :func:`gifts`.

    Returns
    -------
    pandas.DataFrame
        One row per reason and currency, those that count first: ``reason`` (string), ``counted``
        (boolean), ``transactions`` (Int64), ``amount`` (Float64, major units) and ``currency`` (string).
        The ``transactions`` add up to the number of ids in the frame.

    Raises
    ------
    UsageError
        As for :func:`gifts`.
    """
    question.check(transactions, "left_out")
    question.check_statuses(transactions, "left_out", statuses(status))
    question.check_filled(transactions, "left_out", "status", amount)
    frame = _prepared(transactions, amount, donor)
    counted = _counts(frame, status)
    # Each line overrides those above it, so that a transaction has the most telling reason of several.
    reason = pd.Series("gift", index=frame.index, dtype=col.TEXT)
    reason = reason.mask(
        counted & frame["donor_id"].isna(), "gift without a supporter: counted as money only"
    )
    reason = reason.mask(~counted, "no gift in it: free registration or ticket")
    reason = reason.mask(~counted & frame["currency"].isna(), "no currency")
    reason = reason.mask(~counted & frame["purchased_at"].isna(), "no date")
    wrong_status = ~frame["status"].isin(statuses(status))
    reason = reason.mask(wrong_status, "status " + frame["status"].fillna("missing"))
    groups = frame.assign(reason=reason, counted=counted).groupby(
        ["counted", "reason", "currency"], dropna=False, sort=True
    )
    table = groups.agg(transactions=("id", "size"), amount=("amount", "sum")).reset_index()
    table = table.sort_values(
        ["counted", "transactions", "reason", "currency"], ascending=[False, False, True, True]
    )
    table = col.typed({name: table[name] for name in _LEFT_OUT}, _LEFT_OUT)
    return table.round({"amount": 2}).reset_index(drop=True)


def statuses(status: str | Sequence[str]) -> list[str]:
    """Return *status* as a list.

    Raises
    ------
    UsageError
        It is empty, or not text.
    """
    several = isinstance(status, Iterable) and not isinstance(status, str | pd.DataFrame)
    chosen: list[Any] = list(status) if several else [status]
    if not all(isinstance(one, str) for one in chosen):
        raise UsageError(
            f"status={shown(status)} must be one status or several.", advice="Such as status='success'."
        )
    if not chosen:
        raise UsageError("status= is empty.", advice="Say which statuses count, such as status='success'.")
    return chosen


def _prepared(frame: Any, amount: str, donor: str) -> pd.DataFrame:
    """Return the columns of :func:`gifts` and the status, for all transactions."""
    currency = col.currency_of(amount)
    renamed = {RAISED: amount, "currency_code": currency, "supporter_id": donor}
    names = [renamed.get(name, name) for name in FIELDS if name != "parent_transaction_id"]
    frame = col.once(frame, names, col.TRANSACTIONS)
    moments = col.instants(frame, "purchased_at", col.TRANSACTIONS)
    plan = col.identifier(frame, "recurring_donation_plan_id")
    offline = frame["payment_method"].astype(col.TEXT).eq("Offline")
    return pd.DataFrame(
        {
            "id": frame["id"],
            "donor_id": col.donors(frame, donor),
            "purchased_at": moments,
            "date": col.days_of(moments),
            "amount": frame[amount].astype(col.MONEY),
            "currency": col.currency(frame, currency),
            "recurring": plan.notna().astype(col.FLAG),
            "anonymous": col.flag(frame, "is_anonymous"),
            "offline": offline.astype(col.FLAG).fillna(value=False),
            "campaign_id": col.identifier(frame, "campaign_id"),
            "fundraising_page_id": col.identifier(frame, "fundraising_page_id"),
            "fundraising_team_id": col.identifier(frame, "fundraising_team_id"),
            "recurring_donation_plan_id": plan,
            "status": frame["status"].astype(col.TEXT),
        }
    )


def _counts(frame: pd.DataFrame, status: str | Sequence[str]) -> Any:
    given = frame["status"].isin(statuses(status)) & (frame["amount"].fillna(0) > 0)
    return (given & frame["purchased_at"].notna() & frame["currency"].notna()).astype(bool)
