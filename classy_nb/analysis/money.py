"""Gross, fees and net, and whether they add up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from classy_nb.errors import UsageError

from . import columns as col
from .counted_gifts import CALL, _statuses, currency_of

if TYPE_CHECKING:
    from collections.abc import Sequence

_PARTS = {
    "": {
        "gross": "total_gross_amount",
        "donations": "donation_gross_amount",
        "tickets": "overhead_net_amount",
        "covered_fees": "adjustment_amount",
        "platform_fees": "classy_fees_amount",
        "processor_fees": "pp_fees_amount",
    },
    "raw_": {
        "gross": "raw_total_gross_amount",
        "donations": "raw_donation_gross_amount",
        "tickets": "raw_overhead_net_amount",
        "covered_fees": "raw_adjustment_amount",
        "platform_fees": "raw_application_fee_amount",
        "processor_fees": "raw_processor_fee_amount",
    },
    "charged_": {
        "gross": "charged_total_gross_amount",
        "platform_fees": "charged_classy_fees_amount",
        "processor_fees": "charged_pp_fees_amount",
    },
}
_SUMS = ("gross", "donations", "tickets", "covered_fees", "platform_fees", "processor_fees", "fees", "net")
_RULES = {
    "total_gross_amount = donation_gross_amount + overhead_net_amount + adjustment_amount": (
        {"total_gross_amount": 1},
        {"donation_gross_amount": 1, "overhead_net_amount": 1, "adjustment_amount": 1},
    ),
    "donation_net_amount = total_gross_amount - overhead_net_amount - fees_amount": (
        {"donation_net_amount": 1},
        {"total_gross_amount": 1, "overhead_net_amount": -1, "fees_amount": -1},
    ),
    "fees_amount = classy_fees_amount + pp_fees_amount": (
        {"fees_amount": 1},
        {"classy_fees_amount": 1, "pp_fees_amount": 1},
    ),
    "raw_total_gross_amount = raw_donation_gross_amount + raw_overhead_net_amount + raw_adjustment_amount": (
        {"raw_total_gross_amount": 1},
        {"raw_donation_gross_amount": 1, "raw_overhead_net_amount": 1, "raw_adjustment_amount": 1},
    ),
    "charged_fees_amount = charged_classy_fees_amount + charged_pp_fees_amount": (
        {"charged_fees_amount": 1},
        {"charged_classy_fees_amount": 1, "charged_pp_fees_amount": 1},
    ),
}


def gross_fees_net(
    transactions: pd.DataFrame,
    *,
    by: str | None = None,
    prefix: str = "",
    status: str | Sequence[str] = ("success",),
) -> pd.DataFrame:
    """Sum up what was paid, what it cost and what remains, by currency.

    ``gross = donations + tickets + covered_fees``; ``fees = platform_fees + processor_fees``;
    ``net = gross - fees``. ``tickets`` is the part of a ticket's price that is no gift. The vendor's
    ``donation_net_amount`` is ``net - tickets``.

    Parameters
    ----------
    transactions
        What ``classy.transactions()`` returned.
    by
        A column to group by as well, such as ``"campaign_id"`` or ``"payment_method"``; or ``"day"``,
        ``"month"`` or ``"year"`` of ``purchased_at`` in the frame's zone.
    prefix
        ``""``: in the organization's currency; ``"raw_"``: in the donor's; ``"charged_"``: in that of
        the settlement (which has no parts, and no rows for gifts that were charged elsewhere).
    status
        Statuses that count. Transactions with an amount of zero count as transactions; a fee that is
        missing counts as none.

    Returns
    -------
    pandas.DataFrame
        One row per currency (and value of *by*, the first column): ``currency`` (string),
        ``transactions`` (Int64), then ``gross``, ``donations``, ``tickets``, ``covered_fees``,
        ``platform_fees``, ``processor_fees``, ``fees``, ``net`` (Float64, to the cent; missing where
        *prefix* has no such part). Currencies are never added. No transactions give no rows.

    Raises
    ------
    UsageError
        A column is missing, or *prefix* is none of these.
    """
    if prefix not in _PARTS:
        raise UsageError(f"prefix={prefix!r} is none of {', '.join(map(repr, _PARTS))}.")
    parts = _PARTS[prefix]
    currency = currency_of(parts["gross"])
    calendar = by in {"day", "month", "year"}
    also = ["purchased_at"] if calendar else [by] if by else []
    col.need(transactions, ["status", currency, *parts.values(), *also], CALL)
    chosen = transactions.loc[transactions["status"].astype(col.TEXT).isin(_statuses(status)).astype(bool)]
    table = pd.DataFrame({name: chosen[column].astype(col.MONEY) for name, column in parts.items()})
    table = table.reindex(columns=list(_SUMS))
    table["fees"] = table["platform_fees"].fillna(0) + table["processor_fees"].fillna(0)
    table["net"] = table["gross"] - table["fees"]
    table["currency"] = chosen[currency].astype(col.TEXT)
    keys = [by, "currency"] if by else ["currency"]
    if by:
        table[by] = _starts(chosen, by) if calendar else chosen[by]
    table = table.loc[table["gross"].notna().astype(bool)]
    groups = table.groupby(keys, dropna=False)
    sums = groups[list(_SUMS)].sum(min_count=1).astype(col.MONEY).round(2)
    sums.insert(0, "transactions", groups.size().astype(col.ID))
    return pd.DataFrame(sums.reset_index())


def _starts(frame: pd.DataFrame, length: str) -> Any:
    days = col.local_day(col.instants(frame, "purchased_at", CALL))
    return days.dt.to_period({"day": "D", "month": "M", "year": "Y"}[length]).dt.start_time.astype(col.DAY)


def reconcile(transactions: pd.DataFrame) -> pd.DataFrame:
    """Return the transactions whose own amounts do not add up, to the cent.

    Checked are the sums that the vendor's amounts promise: the parts of the gross, the parts of the
    fees and the net, for the plain, ``raw_`` and ``charged_`` amounts. An empty frame means that all
    add up. A rule is not checked where one of its amounts is missing.

    Parameters
    ----------
    transactions
        What ``classy.transactions()`` returned, of any status.

    Returns
    -------
    pandas.DataFrame
        One row per transaction and rule that fails: ``id`` (Int64), ``rule`` (string), ``stated``,
        ``added_up``, ``difference`` (Float64, major units; stated less added up).

    Raises
    ------
    UsageError
        A column is missing.
    """
    names = dict.fromkeys(name for left, right in _RULES.values() for name in (*left, *right))
    col.need(transactions, ["id", *names], CALL)
    found = [_failing(transactions, rule, *sides) for rule, sides in _RULES.items()]
    dtypes = {
        "id": col.ID,
        "rule": col.TEXT,
        "stated": col.MONEY,
        "added_up": col.MONEY,
        "difference": col.MONEY,
    }
    table = pd.concat(found, ignore_index=True)
    table = col.typed({name: table[name] for name in dtypes}, dtypes)
    return pd.DataFrame(table.sort_values(["id", "rule"]).reset_index(drop=True))


def _failing(frame: pd.DataFrame, rule: str, left: dict[str, int], right: dict[str, int]) -> pd.DataFrame:
    stated, added = (_cents(frame, side) for side in (left, right))
    wrong = (stated != added).fillna(value=False).astype(bool)
    columns = {
        "id": frame["id"],
        "rule": rule,
        "stated": stated / 100,
        "added_up": added / 100,
        "difference": (stated - added) / 100,
    }
    return pd.DataFrame(pd.DataFrame(columns, index=frame.index).loc[wrong])


def _cents(frame: pd.DataFrame, names: dict[str, int]) -> Any:
    return sum((frame[name].astype(col.MONEY) * 100).round() * sign for name, sign in names.items())
