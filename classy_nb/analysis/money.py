"""Money: gifts by period, who raised most, gross, fees, net, designations, refunds, and wrong sums.

:func:`by_period` and :func:`leaderboard` take the frame of :func:`~classy_nb.analysis.gifts`; the others take
the transactions themselves, because gifts have no fees and refunds are not gifts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from classy_nb.arguments import is_one_of, shown
from classy_nb.errors import UsageError
from classy_nb.frames import explode
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
_FUNDRAISERS = ("campaign_id", "fundraising_page_id", "fundraising_team_id")
"""Columns of gifts that say for whom they were raised."""
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
_ITEM_AMOUNTS = {
    "gross": "final_price",
    "donations": "donation_gross_amount",
    "tickets": "overhead_amount",
    "fees": "fees_amount",
}
"""Columns of items that hold the same as the transaction's columns of ``_PARTS``."""
_ITEM_PARTS = (*_ITEM_AMOUNTS, "covered_fees")
_DESIGNATIONS = {
    "designation_id": col.ID,
    "name": col.TEXT,
    "part": col.TEXT,
    "currency": col.TEXT,
    "transactions": col.ID,
    "items": col.ID,
    **dict.fromkeys(("gross", "donations", "tickets", "covered_fees", "fees", "net", "refunded"), col.MONEY),
}
_REFUND_DATES = ("refunded_at", "purchased_at")
_REFUNDS = {
    "period": col.DAY,
    "currency": col.TEXT,
    "refunds": col.ID,
    "refunded_amount": col.MONEY,
    "chargebacks": col.ID,
    "charged_back_amount": col.MONEY,
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
    gifts: pd.DataFrame,
    length: str = "M",
    *,
    by: str | None = None,
    names: pd.DataFrame | None = None,
    fiscal_year_start: int | None = None,
) -> pd.DataFrame:
    """Sum up gifts by day, week, month, quarter or year, of all or of each campaign, page or team.

    Periods begin at midnight in the frame's time zone: a gift on the evening of December 31 in Los
    Angeles belongs to that year, although it is January in UTC.

    Parameters
    ----------
    gifts
        What :func:`gifts` returned.
    length
        ``"D"``, ``"W"`` (Monday to Sunday), ``"M"``, ``"Q"`` or ``"Y"`` (quarters and years of the fiscal
        year).
    by
        ``"campaign_id"``, ``"fundraising_page_id"`` or ``"fundraising_team_id"``: a table for each of them.
        Gifts that belong to none are in rows of their own, so that the sums are those of all gifts.
    names
        A frame of the campaigns, pages or teams, such as ``classy.campaigns()``, as for :func:`leaderboard`.
    fiscal_year_start
        The month in which a (fiscal) year starts; None for that of the connection, else January. 1 makes
        calendar years.

    Returns
    -------
    pandas.DataFrame
        One row per currency and period, from the first gift to the last; periods without gifts are
        included, with zeros. ``period`` (datetime64[us]: its first day), ``currency`` (string), ``gifts``
        (Int64), ``donors`` (Int64: distinct ones; gifts without a supporter add none), ``amount``,
        ``one_time_amount``, ``recurring_amount`` (Float64, to the cent). Currencies are never added. No
        gifts give no rows. With *by*, that column (Int64) and ``name`` (string; missing without *names*) come
        first, and periods without gifts are left out.

    Raises
    ------
    UsageError
        A column is missing, rows with the same ``id`` differ, *length* or *by* is not one of these, or
        *fiscal_year_start* is not a month.
    """
    question.check(gifts, "by_period")
    start = question.fiscal_year_start(gifts, fiscal_year_start)
    for name, value, options in (("length", length, _LENGTHS), ("by", by, (None, *_FUNDRAISERS))):
        if not is_one_of(value, options):
            listed = ", ".join(repr(option) for option in options if option)
            raise UsageError(f"{name}={shown(value)} must be one of {listed}.")
    also = [by] if by else []
    gifts = col.once(gifts, ["date", "currency", "amount", "donor_id", "recurring", *also], col.GIFTS)
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
    if by:
        table[by] = col.identifier(gifts, by)
    found = table.groupby([*also, "currency", "period"], dropna=False).agg(
        gifts=("amount", "size"),
        donors=("donor_id", "nunique"),
        amount=("amount", "sum"),
        one_time_amount=("one_time_amount", "sum"),
        recurring_amount=("recurring_amount", "sum"),
    )
    if len(found) and not by:
        # Periods without gifts are in the table, too, with zeros.
        currencies = found.index.get_level_values("currency").unique()
        every = pd.period_range(period.min(), period.max(), freq=period.dtype.freq)
        index = pd.MultiIndex.from_product([currencies, every], names=["currency", "period"])
        found = found.reindex(index, fill_value=0)
    found = found.reset_index()
    found["period"] = found["period"].dt.start_time if len(found) else pd.Series(dtype=col.DAY)
    dtypes = {by: col.ID, "name": col.TEXT, **_BY_PERIOD} if by else _BY_PERIOD
    if by:
        found["name"] = _names(found[by], names)
    money = dict.fromkeys(("amount", "one_time_amount", "recurring_amount"), 2)
    return col.typed({name: found[name] for name in dtypes}, dtypes).round(money)


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
        ``title`` or ``name``; it fills the column ``name``. If it comes from :func:`with_links`, there is a
        column ``link``, too.
    top
        How many for each currency; None for all.

    Returns
    -------
    pandas.DataFrame
        The highest first, by currency: ``rank`` (Int64; equal sums share a rank), *by* (Int64), ``name``
        (string; missing without *names*), ``gifts``, ``donors`` (Int64), ``amount`` (Float64, to the
        cent), ``currency`` (string), ``share`` (Float64, 0 to 1: of all ranked gifts in that currency); at
        the right ``link`` (string), if *names* has it.
        Currencies are never added.

    Raises
    ------
    UsageError
        A column is missing, rows with the same ``id`` differ (of the gifts, or of *names*), or *top* is not a
        number.
    """
    if top is not None and not col.is_whole(top, 1):
        raise UsageError(f"top={shown(top)} must be a whole number, 1 or more, or None for all.")
    col.check_name("by", by)
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
    if names is not None and "link" in names:
        found["link"] = _looked_up(found[by], names, "link", "analysis.with_links(pages)")
        dtypes["link"] = col.TEXT
    return col.typed({name: found[name] for name in dtypes}, dtypes).reset_index(drop=True)


def _names(ids: Any, names: pd.DataFrame | None, call: str = "classy.fundraising_pages()") -> Any:
    if names is None:
        return pd.Series(pd.NA, index=ids.index, dtype=col.TEXT)
    title = next((name for name in ("title", "name") if name in getattr(names, "columns", ())), "name")
    return _looked_up(ids, names, title, call)


def _looked_up(ids: Any, records: pd.DataFrame, column: str, call: str) -> Any:
    """Return the text that a column of *records* has for each id."""
    known = col.once(records, [column], call)
    return ids.map(known.dropna(subset="id").set_index("id")[column].astype(col.TEXT)).astype(col.TEXT)


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
    counted = statuses(status)
    question.check(transactions, "gross_fees_net", counted)
    question.check_statuses(transactions, "gross_fees_net", counted)
    start = question.fiscal_year_start(transactions, fiscal_year_start)
    if not is_one_of(prefix, _PARTS):
        raise UsageError(f"prefix={shown(prefix)} must be one of {', '.join(map(repr, _PARTS))}.")
    if by is not None:
        col.check_name("by", by)
    parts = _PARTS[prefix]
    question.check_filled(transactions, "gross_fees_net", "status", parts["gross"])
    currency = col.currency_of(parts["gross"])
    also = ["purchased_at"] if by in _CALENDAR else [by] if by else []
    transactions = col.once(transactions, ["status", currency, *parts.values(), *also], col.TRANSACTIONS)
    counts = transactions["status"].astype(col.TEXT).isin(counted)
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
def designation_totals(
    transactions: pd.DataFrame,
    items: pd.DataFrame | None = None,
    *,
    designations: pd.DataFrame | None = None,
    missing: Literal["separate", "transaction"] = "separate",
    status: str | Sequence[str] = ("success",),
) -> pd.DataFrame:
    """Sum up what was paid for each designation, by the items of the transactions.

    ::

        transactions = classy.transactions(since=2026, include="items")
        cn.analysis.designation_totals(transactions, designations=classy.designations())

    A transaction names one designation, but each of its items may name another. The amounts mean what they
    mean in :func:`gross_fees_net`, and the rows of a currency add up to its row there.

    Parameters
    ----------
    transactions
        What ``classy.transactions(include="items")`` returned, also read back from a file; or transactions
        without items, and *items*. They say which items count, when, and in which currency.
    items
        What ``classy.transaction_items()`` or ``cn.explode(transactions, "items")`` returned; None if
        *transactions* has a column of items. Items of other transactions are not used.
    designations
        What ``classy.designations()`` returned; it fills the column ``name``.
    missing
        What becomes of items that name no designation: ``"separate"`` gives them a row of their own,
        ``"transaction"`` counts them where their transaction is designated.
    status
        Statuses of transactions that count.

    Returns
    -------
    pandas.DataFrame
        One row per designation and currency, the largest ``gross`` first in each currency:
        ``designation_id`` (Int64), ``name`` (string; missing without *designations*), ``part`` (string),
        ``currency`` (string), ``transactions`` (Int64; one whose items name two designations counts for
        both), ``items`` (Int64), ``gross``, ``donations``, ``tickets``, ``covered_fees``, ``fees``, ``net``
        (Float64, to the cent), ``refunded`` (Float64: gross of transactions that were refunded or charged
        back, which are in no other column; missing if they were not fetched). ``part`` is
        ``"designation"``; ``"no designation"`` for items that name none; or ``"not in items"`` for what
        transactions hold and their items do not (none were sent, or they do not add up). Currencies are
        never added. No transactions give no rows.

    Raises
    ------
    UsageError
        A column is missing, rows with the same ``id`` differ, *missing* is not one of these, or the
        transactions were fetched without a status that should count.
    """
    if not is_one_of(missing, ("separate", "transaction")):
        raise UsageError(f"missing={shown(missing)} must be 'separate' or 'transaction'.")
    counted = statuses(status)
    question.check(transactions, "designation_totals", counted)
    question.check_statuses(transactions, "designation_totals", counted)
    question.check_filled(transactions, "designation_totals", "status")
    paid, parts = _paid(transactions, counted), list(_ITEM_PARTS)
    if items is None:
        col.need(transactions, ["items"], "classy.transactions(include='items')")
        items = explode(transactions, "items")
    question.check(items, "designation_totals")
    names = ["transaction_id", "designation_id", *_ITEM_AMOUNTS.values()]
    rows = col.once(items, names, "classy.transaction_items()")
    lines = pd.DataFrame({name: _whole_cents(rows, column) for name, column in _ITEM_AMOUNTS.items()})
    lines["covered_fees"] = lines["gross"] - lines["donations"] - lines["tickets"]
    lines["transaction"] = col.identifier(rows, "transaction_id")
    lines["designation_id"] = col.identifier(rows, "designation_id")
    about = paid[["currency", "counts", "gone", "designation_id"]].rename(
        columns={"designation_id": "of_all"}
    )
    lines = lines.merge(about, left_on="transaction", right_index=True)
    if missing == "transaction":
        lines["designation_id"] = lines["designation_id"].fillna(lines["of_all"])
    lines["items"] = 1
    lines["part"] = lines["designation_id"].notna().map({True: "designation", False: "no designation"})

    in_items = lines.groupby("transaction")[parts].sum().reindex(paid.index).fillna(0)
    rest = paid[parts] - in_items
    rest = rest.loc[(rest != 0).any(axis="columns")]
    rest = rest.join(paid[["currency", "counts", "gone"]]).rename_axis("transaction").reset_index()
    rest = rest.assign(items=0, part="not in items", designation_id=None)

    dtypes: dict[str, Any] = dict.fromkeys(["transaction", "designation_id", "items", *parts], col.ID)
    dtypes |= {"part": col.TEXT, "currency": col.TEXT, "counts": bool, "gone": bool}
    table = pd.concat([some[list(dtypes)].astype(dtypes) for some in (lines, rest)], ignore_index=True)
    table["refunded"] = table["gross"].where(table["gone"], 0)
    of_counted = [*parts, "items"]
    table[of_counted] = table[of_counted].where(table["counts"], 0)
    table["transaction"] = table["transaction"].where(table["counts"])
    groups = table.groupby(["designation_id", "part", "currency"], dropna=False)
    found = groups[[*of_counted, "refunded"]].sum()
    found["transactions"] = groups["transaction"].nunique()
    found = found.reset_index()
    found["net"] = found["gross"] - found["fees"]
    for name in [*parts, "net", "refunded"]:
        found[name] = found[name].astype(col.MONEY) / 100
    if not question.holds(transactions, [gone for gone in question.GONE if gone not in counted]):
        found["refunded"] = pd.NA
    found["name"] = _names(found["designation_id"], designations, "classy.designations()")
    order = found["part"].map({"designation": 0, "no designation": 1, "not in items": 2})
    found = found.assign(order=order).sort_values(
        ["currency", "order", "gross", "designation_id"], ascending=[True, True, False, True]
    )
    return col.typed({name: found[name] for name in _DESIGNATIONS}, _DESIGNATIONS).reset_index(drop=True)


def _paid(transactions: Any, counted: Sequence[str]) -> pd.DataFrame:
    """Return the parts of each transaction that counts or is gone, in cents, by its id."""
    amounts = _PARTS[""]
    names = ["status", "currency_code", "designation_id", *amounts.values()]
    rows = col.once(transactions, names, col.TRANSACTIONS)
    rows = rows.loc[rows["id"].notna() & rows[amounts["gross"]].notna()]
    paid = pd.DataFrame({name: _whole_cents(rows, column) for name, column in amounts.items()})
    paid["fees"] = paid["platform_fees"] + paid["processor_fees"]
    status = rows["status"].astype(col.TEXT)
    paid["counts"] = status.isin(counted).astype(bool)
    paid["gone"] = status.isin([gone for gone in question.GONE if gone not in counted]).astype(bool)
    paid["currency"] = col.currency(rows, "currency_code")
    paid["designation_id"] = col.identifier(rows, "designation_id")
    paid.index = pd.Index(rows["id"], name=None)
    return paid.loc[paid["counts"] | paid["gone"]]


@clear_tracebacks
def refunds(
    transactions: pd.DataFrame,
    length: str = "M",
    *,
    date: Literal["refunded_at", "purchased_at"] = "refunded_at",
    fiscal_year_start: int | None = None,
) -> pd.DataFrame:
    """Sum up by period what was given back: refunds, and chargebacks that the donor's bank decided.

    ::

        cn.analysis.refunds(classy.transactions())

    A refund is of the whole transaction, since the API reports no partial ones. Chargebacks that are still
    open (``cb_initiated``) do not count.

    Parameters
    ----------
    transactions
        What ``classy.transactions()`` returned, of all statuses or ``where="status = refunded"``. A period
        of refunds is ``classy.transactions(since=2026, by="refunded_at")``.
    length
        ``"D"``, ``"W"`` (Monday to Sunday), ``"M"``, ``"Q"`` or ``"Y"`` (quarters and years of the fiscal
        year).
    date
        ``"refunded_at"``: when the money went back; ``"purchased_at"``: when it had come.
    fiscal_year_start
        The month in which a (fiscal) year starts; None for that of the connection, else January.

    Returns
    -------
    pandas.DataFrame
        One row per currency and period, from the first to the last, those without refunds included; then a
        row for what has no such date, if there is any (the API may tell no ``refunded_at`` of a chargeback).
        ``period`` (datetime64[us]: its first day; NaT for the latter), ``currency`` (string), ``refunds``
        (Int64), ``refunded_amount`` (Float64, to the cent: the gross, including tickets and covered fees),
        ``chargebacks`` (Int64), ``charged_back_amount`` (Float64). The last two are missing if chargebacks
        were not fetched. Currencies are never added. Nothing given back gives no rows.

    Raises
    ------
    UsageError
        A column is missing, rows with the same ``id`` differ, *length* or *date* is not one of these,
        *fiscal_year_start* is not a month, or the transactions were fetched without refunds, or (for
        ``refunded_at``) by when they were paid, so that refunds of earlier gifts would be missing.
    """
    for name, value, options in (("length", length, _LENGTHS), ("date", date, _REFUND_DATES)):
        if not is_one_of(value, options):
            raise UsageError(f"{name}={shown(value)} must be one of {', '.join(map(repr, options))}.")
    question.check(transactions, f"refunds by {date}", ["refunded"])
    question.check_filled(transactions, "refunds", "status")
    start = question.fiscal_year_start(transactions, fiscal_year_start)
    rows = col.once(transactions, ["status", "currency_code", "total_gross_amount", date], col.TRANSACTIONS)
    status = rows["status"].astype(col.TEXT)
    rows = rows.loc[status.isin(["refunded", "cb_lost"]).astype(bool)]
    period = col.period_of(col.local_days(rows, date, col.TRANSACTIONS), length, start)
    amount = _whole_cents(rows, "total_gross_amount")
    is_refund = (rows["status"].astype(col.TEXT) == "refunded").astype(bool)
    table = pd.DataFrame(
        {
            "currency": col.currency(rows, "currency_code"),
            "period": period,
            "refunds": is_refund.astype(col.ID),
            "refunded_amount": amount.where(is_refund, 0),
            "chargebacks": (~is_refund).astype(col.ID),
            "charged_back_amount": amount.where(~is_refund, 0),
        }
    )
    keys, sums = ["currency", "period"], list(table.columns[2:])
    found = table.loc[period.notna()].groupby(keys, dropna=False)[sums].sum()
    if len(found):
        currencies = found.index.get_level_values("currency").unique()
        every = pd.period_range(period.min(), period.max(), freq=period.dtype.freq)
        index = pd.MultiIndex.from_product([currencies, every], names=keys)
        found = found.reindex(index, fill_value=0)
    found = found.reset_index()
    found["period"] = found["period"].dt.start_time if len(found) else pd.Series(dtype=col.DAY)
    undated = table.loc[period.isna()].groupby("currency", dropna=False)[sums].sum().reset_index()
    undated["period"] = pd.Series(pd.NaT, index=undated.index, dtype=col.DAY)
    found = pd.concat([some for some in (found, undated) if len(some)] or [found], ignore_index=True)
    found = found.sort_values(keys, na_position="last")
    for name in ("refunded_amount", "charged_back_amount"):
        found[name] = found[name].astype(col.MONEY) / 100
    if not question.holds(transactions, ["cb_lost"]):
        found[["chargebacks", "charged_back_amount"]] = pd.NA
    return col.typed({name: found[name] for name in _REFUNDS}, _REFUNDS).reset_index(drop=True)


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


def _whole_cents(frame: pd.DataFrame, name: str) -> Any:
    """Return an amount in whole cents (Int64); a missing one is zero."""
    return _cents(frame, {name: 1}).fillna(0).astype(col.ID)
