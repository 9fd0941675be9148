"""Donors by the year of their first gift, and how soon the second one comes."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd

from classy_nb.errors import UsageError

from . import columns as col
from .years import by_year, known_donors

_VALUES = ("donors", "rate", "amount")
_FIRSTS = (None, "one-time", "recurring")
_SECOND = {
    "first_year": col.ID,
    "donors": col.ID,
    "gave_again": col.ID,
    "share_again": col.MONEY,
    "median_days": col.MONEY,
    "observed": col.ID,
    "within": col.ID,
    "share_within": col.MONEY,
}


def cohorts(
    gifts: pd.DataFrame, values: Literal["donors", "rate", "amount"] = "donors", *, first_month: int = 1
) -> pd.DataFrame:
    """Follow the donors of each first year through the years.

    A cohort is everybody whose first gift was in the same year. A donor counts in every later year with
    at least one gift, also after a pause. The last cell of each row is the latest year, which may
    still be running.

    Parameters
    ----------
    gifts
        What :func:`gifts` returned, with the whole history; gifts without a supporter are not used.
    values
        ``"donors"``: how many gave; ``"rate"``: that divided by the cohort's size (0 to 1);
        ``"amount"``: what they gave.
    first_month
        As for :func:`retention`.

    Returns
    -------
    pandas.DataFrame
        Rows: ``first_year`` (index, Int64), all years from the first gift's to the last one's. Columns:
        years since the first, 0, 1, 2, ... (Int64 for ``"donors"``, else Float64, amounts to the cent
        in major units); years that have not begun are missing. No gifts give no rows and no columns.

    Raises
    ------
    UsageError
        As for :func:`retention`, or *values* is none of these.

    Notes
    -----
    A cohort (vintage) table as usual in donor analysis; "new" as the Fundraising Effectiveness Project
    (FEP, AFP) defines it. Over all cohorts, the cells of one calendar year add up to its donors.
    """
    if values not in _VALUES:
        raise UsageError(f"values={values!r} is none of {', '.join(map(repr, _VALUES))}.")
    years = by_year(gifts, first_month)
    count = len(years.years)
    first = (years.given > 0).argmax(axis=1) if count else np.zeros(0, dtype=int)
    table = np.full((count, count), np.nan)
    for row in range(count):
        rows = years.given[first == row][:, row:]
        table[row, : count - row] = (rows if values == "amount" else rows > 0).sum(axis=0)
    if values == "rate":
        table = table / np.where(table[:, :1] > 0, table[:, :1], np.nan)
    dtype = col.ID if values == "donors" else col.MONEY
    frame = pd.DataFrame(
        np.round(table, 2) if values == "amount" else table,
        index=pd.Index(years.years, dtype=col.ID, name="first_year"),
        columns=pd.RangeIndex(count, name="years_later"),
    )
    return frame.astype(dtype)


def second_gift(
    gifts: pd.DataFrame,
    *,
    first: Literal["one-time", "recurring"] | None = None,
    within: int = 365,
    first_month: int = 1,
    today: Any = None,
) -> pd.DataFrame:
    """Say for the donors of each first year how many gave a second time, and how soon.

    The second gift is the donor's next gift on a later day: two checkouts on one day are one occasion.
    The second charge of a monthly plan is a second gift, too; use ``first="one-time"`` to leave out
    donors who began with a plan.

    Parameters
    ----------
    gifts
        What :func:`gifts` returned, with the whole history; gifts without a supporter are not used.
    first
        Only donors whose first gift was ``"one-time"`` or ``"recurring"``; None for all.
    within
        Days after the first gift in which the second is expected.
    first_month
        As for :func:`retention`.
    today
        The day until which is known what came; the current day where None.

    Returns
    -------
    pandas.DataFrame
        One row per year of the first gift. ``first_year``, ``donors``, ``gave_again`` (Int64),
        ``share_again`` (Float64, 0 to 1), ``median_days`` (Float64: from the first gift to the second,
        of those who gave again); ``observed`` (Int64: donors whose first gift is at least *within*
        days ago), ``within`` (Int64: those of them whose second gift came in time), ``share_within``
        (Float64, 0 to 1; missing where nobody is observed yet). ``share_again`` favors early years,
        which had more time; compare ``share_within``. No gifts give no rows.

    Raises
    ------
    UsageError
        As for :func:`retention`, or *first* or *within* make no sense.

    Notes
    -----
    The first-to-second-gift conversion of donor analysis; *within* 365 days is what the Fundraising
    Effectiveness Project (FEP, AFP) looks at when it retains new donors, by the day instead of by year.
    """
    if first not in _FIRSTS:
        raise UsageError(f"first={first!r} is neither 'one-time' nor 'recurring'.")
    if isinstance(within, bool) or not isinstance(within, int) or within < 1:
        raise UsageError(f"within={within!r} must be a whole number of days, 1 or more.")
    pairs = _pairs(gifts, first)
    now = col.today_or(today, col.zone_of(gifts["purchased_at"], "analysis.gifts(transactions)"))
    seen = pairs["first"] <= now - pd.Timedelta(days=within)
    table = pd.DataFrame(
        {
            "first_year": col.year_of(pairs["first"], first_month),
            "days": pairs["days"],
            "again": pairs["days"].notna(),
            "seen": seen,
            "soon": seen & (pairs["days"] <= within),
        }
    )
    found = (
        table.groupby("first_year")
        .agg(
            donors=("again", "size"),
            gave_again=("again", "sum"),
            median_days=("days", "median"),
            observed=("seen", "sum"),
            within=("soon", "sum"),
        )
        .reset_index()
    )
    found["share_again"] = found["gave_again"] / found["donors"]
    found["share_within"] = found["within"] / found["observed"].where(found["observed"] > 0)
    return col.typed({name: found[name] for name in _SECOND}, _SECOND)


def _pairs(gifts: Any, first: str | None) -> pd.DataFrame:
    """Return for each donor the day of the first gift and the days to the next one (float64)."""
    known = known_donors(gifts)
    days = known.drop_duplicates(["donor_id", "date"])[["donor_id", "date", "recurring"]]
    start = days.drop_duplicates("donor_id").set_index("donor_id")
    second = days.loc[days.groupby("donor_id").cumcount() == 1].set_index("donor_id")["date"]
    waited = (second.reindex(start.index) - start["date"]).dt.days.astype("float64")
    pairs = pd.DataFrame(
        {"first": start["date"], "days": waited, "recurring": start["recurring"].astype(bool)}
    )
    if first is None:
        return pairs
    return pairs.loc[pairs["recurring"] == (first == "recurring")]
