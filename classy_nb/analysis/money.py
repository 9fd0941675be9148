"""Money: gifts by period, who raised most, gross, fees and net, and amounts that do not add up.

:func:`by_period` and :func:`leaderboard` take the frame of :func:`~classy_nb.analysis.gifts`;
:func:`gross_fees_net` and :func:`reconcile` take the transactions themselves, because gifts have no fees.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from classy_nb.errors import UsageError
from classy_nb.redact import clear_tracebacks

from . import columns as col
from . import question
from .transactions import statuses

if TYPE_CHECKING:
    from collections.abc import Sequence

_LENGTHS = ("D", "W", "M", "Q", "Y")
_BY_PERIOD = {
    "period": col.DAY,
    "currency": col.TEXT,
    "gifts": col.ID,
    "donors": col.ID,
    "amount": col.MONEY,
    "one_time_amount": col.MONEY,
    "recurring_amount": col.MONEY,
}
_CALENDAR = {"day": "D", "month": "M", "year": "Y"}
_DONORS = ("supporter_id", "member_id", "member_email_address", "billing_email")
"""Columns of transactions that tell donors apart."""
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
"""Sums that follow from what the columns mean: the columns of either side, with their signs."""
_RECONCILE = {
    "id": col.ID,
    "rule": col.TEXT,
    "stated": col.MONEY,
    "added_up": col.MONEY,
    "difference": col.MONEY,
}


@clear_tracebacks
def by_period(
    gifts: pd.DataFrame, length: str = "M", *, fiscal_year_start: int | None = None
) -> pd.DataFrame:
    """Sum up gifts by day, week, month, quarter or year.

    Periods begin at midnight in the frame's time zone: a gift on the evening of December 31 in Los
    Angeles belongs to that year, although it is January in UTC.

    Parameters
    ----------
    gifts
        What :func:`gifts` returned.
    length
        ``"D"``, ``"W"`` (Monday to Sunday), ``"M"``, ``"Q"`` or ``"Y"`` (quarters and years of the fiscal
        year).
    fiscal_year_start
        The month in which a (fiscal) year starts; None for that of the connection, else January.

    Returns
    -------
    pandas.DataFrame
        One row per currency and period, from the first gift to the last; periods without gifts are
        included, with zeros. ``period`` (datetime64[us]: its first day), ``currency`` (string), ``gifts``
        (Int64), ``donors`` (Int64: distinct ones; gifts without a supporter add none), ``amount``,
        ``one_time_amount``, ``recurring_amount`` (Float64, to the cent). Currencies are never added. No
        gifts give no rows.

    Raises
    ------
    UsageError
        A column is missing, rows with the same ``id`` differ, *length* is not one of these, or
        *fiscal_year_start* is not a month.
    """
    question.check(gifts, "by_period")
    start = question.fiscal_year_start(gifts, fiscal_year_start)
    gifts = col.once(gifts, ["date", "currency", "amount", "donor_id", "recurring"], col.GIFTS)
    if length not in _LENGTHS:
        raise UsageError(f"length={length!r} must be one of {', '.join(map(repr, _LENGTHS))}.")
    days: Any = gifts["date"].astype(col.DAY)
    period = col.period_of(days, length, start)
    amount = gifts["amount"].astype(col.MONEY)
    recurring = gifts["recurring"].astype(bool)
    table = pd.DataFrame(
        {
            "period": period,
            "currency": col.currency(gifts, "currency"),
            "donor_id": col.donors(gifts, "donor_id"),
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
        # Periods without gifts are in the table, too, with zeros.
        currencies = found.index.get_level_values("currency").unique()
        every = pd.period_range(period.min(), period.max(), freq=period.dtype.freq)
        index = pd.MultiIndex.from_product([currencies, every], names=["currency", "period"])
        found = found.reindex(index, fill_value=0)
    found = found.reset_index()
    found["period"] = found["period"].dt.start_time if len(found) else pd.Series(dtype=col.DAY)
    money = dict.fromkeys(("amount", "one_time_amount", "recurring_amount"), 2)
    return col.typed({name: found[name] for name in _BY_PERIOD}, _BY_PERIOD).round(money)


@clear_tracebacks
def leaderboard(
    gifts: pd.DataFrame,
    by: str = "fundraising_page_id",
    *,
    names: pd.DataFrame | None = None,
    top: int | None = 10,
) -> pd.DataFrame:
    """Rank pages, teams or campaigns by what they raised.

    Parameters
    ----------
    gifts
        What :func:`gifts` returned.
    by
        ``"fundraising_page_id"``, ``"fundraising_team_id"`` or ``"campaign_id"``. Gifts without a page
        or team (given to the campaign itself) are not ranked.
    names
        A frame of the pages, teams or campaigns, such as ``classy.fundraising_pages()``, with ``id`` and
        ``title`` or ``name``; it fills the column ``name``.
    top
        How many for each currency; None for all.

    Returns
    -------
    pandas.DataFrame
        The highest first, by currency: ``rank`` (Int64; equal sums share a rank), *by* (Int64), ``name``
        (string; missing without *names*), ``gifts``, ``donors`` (Int64), ``amount`` (Float64, to the
        cent), ``currency`` (string), ``share`` (Float64, 0 to 1: of all ranked gifts in that currency).
        Currencies are never added.

    Raises
    ------
    UsageError
        A column is missing, or rows with the same ``id`` differ (of the gifts, or of *names*).
    """
    question.check(gifts, "leaderboard")
    gifts = col.once(gifts, [by, "amount", "currency", "donor_id"], col.GIFTS)
    gifts["donor_id"] = col.donors(gifts, "donor_id")
    gifts["currency"] = col.currency(gifts, "currency")
    gifts[by] = col.identifier(gifts, by)
    groups = gifts.loc[gifts[by].notna()].groupby(["currency", by])
    found = groups.agg(gifts=("amount", "size"), donors=("donor_id", "nunique"), amount=("amount", "sum"))
    found = found.reset_index()
    amount = found["amount"] = found["amount"].astype(col.MONEY).round(2)
    sums = found.groupby("currency")["amount"]
    found["share"] = amount / sums.transform("sum")
    found["rank"] = sums.rank(method="min", ascending=False)
    found["name"] = _names(found[by], names)
    found = found.sort_values(["currency", "rank", by])
    if top is not None:
        found = found.groupby("currency").head(top)
    dtypes = {
        "rank": col.ID,
        by: col.ID,
        "name": col.TEXT,
        "gifts": col.ID,
        "donors": col.ID,
        "amount": col.MONEY,
        "currency": col.TEXT,
        "share": col.MONEY,
    }
    return col.typed({name: found[name] for name in dtypes}, dtypes).reset_index(drop=True)


def _names(ids: Any, names: pd.DataFrame | None) -> Any:
    if names is None:
        return pd.Series(pd.NA, index=ids.index, dtype=col.TEXT)
    title = next((name for name in ("title", "name") if name in getattr(names, "columns", ())), "name")
    known = col.once(names, [title], "classy.fundraising_pages()")
    return ids.map(known.dropna(subset="id").set_index("id")[title].astype(col.TEXT))


@clear_tracebacks
def gross_fees_net(
    transactions: pd.DataFrame,
    *,
    by: str | None = None,
    prefix: str = "",
    status: str | Sequence[str] = ("success",),
    fiscal_year_start: int | None = None,
) -> pd.DataFrame:
    """Sum up what was paid, what it cost and what remains, by currency.

    ``gross = donations + tickets + covered_fees``; ``fees = platform_fees + processor_fees``;
    ``net = gross - fees``. ``tickets`` is the part of ticket prices that is not a gift. The vendor's
    ``donation_net_amount`` is ``net - tickets``.

    Parameters
    ----------
    transactions
        What ``classy.transactions()`` returned.
    by
        Another column to group by, such as ``"campaign_id"`` or ``"payment_method"``; or ``"day"``,
        ``"month"`` or ``"year"`` of ``purchased_at`` in the frame's time zone.
    prefix
        ``""``: in the organization's currency; ``"raw_"``: in the donor's; ``"charged_"``: in that of
        the settlement (which has no parts, and no rows for gifts that were charged elsewhere).
    status
        Statuses that count. Transactions with an amount of zero count as transactions; a missing fee
        counts as zero.
    fiscal_year_start
        The month in which a (fiscal) year starts, for ``by="year"``, which gives its first day; None for that
        of the connection, else January.

    Returns
    -------
    pandas.DataFrame
        One row per currency (and value of *by*, the first column): ``currency`` (string),
        ``transactions`` (Int64), then ``gross``, ``donations``, ``tickets``, ``covered_fees``,
        ``platform_fees``, ``processor_fees``, ``fees``, ``net`` (Float64, to the cent; missing if
        *prefix* has no such part). Currencies are never added. No transactions give no rows.

    Raises
    ------
    UsageError
        A column is missing, rows with the same ``id`` differ, *prefix* is not one of these, or
        *fiscal_year_start* is not a month.
    """
    question.check(transactions, "gross_fees_net", statuses(status))
    start = question.fiscal_year_start(transactions, fiscal_year_start)
    if prefix not in _PARTS:
        raise UsageError(f"prefix={prefix!r} must be one of {', '.join(map(repr, _PARTS))}.")
    parts = _PARTS[prefix]
    currency = col.currency_of(parts["gross"])
    also = ["purchased_at"] if by in _CALENDAR else [by] if by else []
    transactions = col.once(transactions, ["status", currency, *parts.values(), *also], col.TRANSACTIONS)
    counts = transactions["status"].astype(col.TEXT).isin(statuses(status))
    chosen = transactions.loc[counts.astype(bool)]
    table = pd.DataFrame({name: chosen[column].astype(col.MONEY) for name, column in parts.items()})
    table = table.reindex(columns=list(_SUMS))
    table["fees"] = table["platform_fees"].fillna(0) + table["processor_fees"].fillna(0)
    table["net"] = table["gross"] - table["fees"]
    table["currency"] = col.currency(chosen, currency)
    keys = [by, "currency"] if by else ["currency"]
    if by in _CALENDAR:
        days = col.local_days(chosen, "purchased_at", col.TRANSACTIONS)
        table[by] = col.period_of(days, _CALENDAR[by], start).dt.start_time.astype(col.DAY)
    elif by:
        table[by] = col.donors(chosen, by) if by in _DONORS else chosen[by]
    table = table.loc[table["gross"].notna().astype(bool)]
    groups = table.groupby(keys, dropna=False)
    sums = groups[list(_SUMS)].sum(min_count=1).astype(col.MONEY).round(2)
    sums.insert(0, "transactions", groups.size().astype(col.ID))
    return pd.DataFrame(sums.reset_index())


@clear_tracebacks
def reconcile(transactions: pd.DataFrame) -> pd.DataFrame:
    """Return the transactions whose own amounts do not add up, to the cent.

    This checks the sums that follow from what the columns mean: the parts of the gross and of the fees,
    and the net, for the plain, ``raw_`` and ``charged_`` amounts. An empty table means that everything
    adds up. A rule is skipped if one of its amounts is missing.

    Parameters
    ----------
    transactions
        What ``classy.transactions()`` returned, of any status.

    Returns
    -------
    pandas.DataFrame
        One row per transaction and rule that it breaks: ``id`` (Int64), ``rule`` (string), ``stated``,
        ``added_up``, ``difference`` (Float64, major units; stated less added up).

    Raises
    ------
    UsageError
        A column is missing, or rows with the same ``id`` differ.
    """
    names = dict.fromkeys(name for left, right in _RULES.values() for name in (*left, *right))
    question.check(transactions, "reconcile")
    transactions = col.once(transactions, names, col.TRANSACTIONS)
    found = [_breaking(transactions, rule, *sides) for rule, sides in _RULES.items()]
    table = pd.concat(found, ignore_index=True)
    table = col.typed({name: table[name] for name in _RECONCILE}, _RECONCILE)
    return pd.DataFrame(table.sort_values(["id", "rule"]).reset_index(drop=True))


def _breaking(frame: pd.DataFrame, rule: str, left: dict[str, int], right: dict[str, int]) -> pd.DataFrame:
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
    """Add up columns in whole cents, so that no binary fraction makes a difference."""
    return sum((frame[name].astype(col.MONEY) * 100).round() * sign for name, sign in names.items())
