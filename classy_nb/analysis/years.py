"""What each donor gave in each year: the table that retention, cohorts and lapses rest on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from classy_nb.errors import UsageError

from . import columns as col
from .periods import GIFTS

COLUMNS = ("id", "donor_id", "purchased_at", "date", "amount", "currency", "recurring", "anonymous")


@dataclass(frozen=True)
class Years:
    """Donors by years."""

    years: list[int]
    """Every year from the first gift's to the last one's."""
    given: Any
    """What each donor (row) gave in each year (column): 2-d array of float64, 0.0 for nothing."""
    currency: Any

    def at(self, year: int) -> Any:
        """Return what each donor gave in *year* (zeros where the data do not reach)."""
        if year not in self.years:
            return np.zeros(len(self.given))
        return self.given[:, self.years.index(year)]

    def before(self, year: int) -> Any:
        """Return whether each donor gave in any year before *year*."""
        count = sum(known < year for known in self.years)
        return (self.given[:, :count] > 0).any(axis=1)


def known_donors(gifts: Any) -> pd.DataFrame:
    """Return the gifts whose donor is known, oldest first; refuse several currencies."""
    col.need(gifts, COLUMNS, GIFTS)
    col.one_currency(gifts)
    return pd.DataFrame(gifts.loc[gifts["donor_id"].notna()].sort_values(["purchased_at", "id"]))


def by_year(gifts: Any, first_month: int) -> Years:
    """Add up each donor's gifts by year."""
    known = known_donors(gifts)
    year = col.year_of(known["date"], first_month)
    if known.empty:
        return Years([], np.zeros((0, 0)), pd.NA)
    years = list(range(int(year.min()), int(year.max()) + 1))
    row, donors = pd.factorize(known["donor_id"])
    given = np.zeros((len(donors), len(years)))
    np.add.at(
        given, (row, (year - years[0]).to_numpy(dtype="int64")), known["amount"].to_numpy(dtype="float64")
    )
    return Years(years, given, col.one_currency(gifts))


def last_day(year: int, first_month: int) -> pd.Timestamp:
    """Return the last day of a year that starts in *first_month*."""
    start = pd.Timestamp(year if first_month == 1 else year - 1, first_month, 1)
    return start + pd.DateOffset(years=1) - pd.Timedelta(days=1)


def check_year(year: Any, name: str = "year") -> int:
    """Refuse what is no year."""
    if isinstance(year, bool) or not isinstance(year, int | np.integer):
        raise UsageError(f"{name}={year!r} must be a whole number, such as 2026.")
    return int(year)
