"""Which pages, teams or campaigns raised most."""

from __future__ import annotations

from typing import Any

import pandas as pd

from . import columns as col
from .periods import GIFTS


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
        ``"fundraising_page_id"``, ``"fundraising_team_id"`` or ``"campaign_id"``. Gifts without one
        (given to the campaign itself) are not ranked.
    names
        Frame of the pages, teams or campaigns, with ``id`` and ``title`` or ``name``, such as
        ``classy.fundraising_pages()``; adds the column ``name``.
    top
        How many in each currency; None for all.

    Returns
    -------
    pandas.DataFrame
        Best first within each currency: ``rank`` (Int64; equal sums share a rank), *by* (Int64),
        ``name`` (string; missing without *names*), ``gifts``, ``donors`` (Int64), ``amount`` (Float64,
        to the cent), ``currency`` (string), ``share`` (Float64, 0 to 1: of all ranked gifts in that
        currency). Currencies are never added.

    Raises
    ------
    UsageError
        A column is missing.
    """
    col.need(gifts, [by, "amount", "currency", "donor_id"], GIFTS)
    groups = gifts.loc[gifts[by].notna()].groupby(["currency", by])
    found = groups.agg(gifts=("amount", "size"), donors=("donor_id", "nunique"), amount=("amount", "sum"))
    found = found.reset_index()
    amount = found["amount"] = found["amount"].astype(col.MONEY).round(2)
    sums = found.groupby("currency")["amount"]
    found["share"] = amount / sums.transform("sum")
    found["rank"] = sums.rank(method="min", ascending=False)
    found["name"] = _named(found[by], names)
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


def _named(ids: Any, names: pd.DataFrame | None) -> Any:
    if names is None:
        return pd.Series(pd.NA, index=ids.index, dtype=col.TEXT)
    title = next((name for name in ("title", "name") if name in getattr(names, "columns", ())), "name")
    col.need(names, ["id", title], "classy.fundraising_pages()")
    known = names.drop_duplicates("id").set_index("id")[title].astype(col.TEXT)
    return ids.map(known)
