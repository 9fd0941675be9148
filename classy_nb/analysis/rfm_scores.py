"""Recency, frequency, monetary value: which donors to talk to, and about what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from . import columns as col
from .lapsed import per_donor
from .years import known_donors

if TYPE_CHECKING:
    import pandas as pd

SEGMENTS = (
    "Champions",
    "Loyal",
    "Potential loyal",
    "New",
    "Promising",
    "Need attention",
    "About to lapse",
    "Can't lose",
    "At risk",
    "Hibernating",
)
"""The names of :func:`rfm`, best first."""
# Rows: recency 1 to 5; columns: frequency 1 to 5; positions in SEGMENTS.
_GRID = np.array(
    [
        [9, 9, 8, 8, 7],
        [9, 9, 8, 8, 7],
        [6, 6, 5, 1, 1],
        [4, 2, 2, 1, 1],
        [3, 2, 2, 0, 0],
    ]
)
_SCORES = 5
_RFM = {
    "donor_id": col.ID,
    "last_gift": col.DAY,
    "days_since": col.ID,
    "gifts": col.ID,
    "amount": col.MONEY,
    "currency": col.TEXT,
    "recency": col.ID,
    "frequency": col.ID,
    "monetary": col.ID,
    "score": col.TEXT,
    "segment": col.TEXT,
    "anonymous": col.FLAG,
}


def rfm(gifts: pd.DataFrame, *, today: Any = None) -> pd.DataFrame:
    """Score each donor by recency, frequency and monetary value, and name the segment.

    Each score is 1 (lowest fifth) to 5 (highest fifth): how recent the last gift is, how many gifts
    there were, how much they add up to. ``score = 1 + floor(5 x share of donors who are strictly
    worse)``: donors who are alike get the same score, even where that makes the fifths unequal (in most
    organizations, most donors gave once).

    Segments are read off recency (R) and frequency (F):

    ===============  =======  =======
    segment          R        F
    ===============  =======  =======
    Champions        5        4, 5
    Loyal            3, 4     4, 5
    Potential loyal  4, 5     2, 3
    New              5        1
    Promising        4        1
    Need attention   3        3
    About to lapse   3        1, 2
    Can't lose       1, 2     5
    At risk          1, 2     3, 4
    Hibernating      1, 2     1, 2
    ===============  =======  =======

    Parameters
    ----------
    gifts
        What :func:`gifts` returned: all of it, or the years that you want to judge by. Gifts without a
        supporter are not used.
    today
        The day from which ``days_since`` counts; the current day where None. Gifts after it are not
        used.

    Returns
    -------
    pandas.DataFrame
        One row per donor, the highest score first: ``donor_id`` (Int64, or text), ``last_gift``
        (datetime64[us]: local day), ``days_since``, ``gifts`` (Int64), ``amount`` (Float64, to the
        cent), ``currency`` (string), ``recency``, ``frequency``, ``monetary`` (Int64, 1 to 5),
        ``score`` (string, such as ``"543"``), ``segment`` (string, one of ``SEGMENTS``), ``anonymous``
        (boolean). No gifts give no rows.

    Raises
    ------
    UsageError
        A column is missing, the gifts are in several currencies, or *today* is no date.

    Notes
    -----
    Source: quintile scoring as in Arthur M. Hughes, "Strategic Database Marketing" (1994). The ten
    segments are the grid of recency against frequency in common use by marketing tools; their names
    vary. The amount has no part in the segment: sort by it within one.
    """
    known = known_donors(gifts)
    now = col.today_or(today, col.zone_of(gifts["purchased_at"], "analysis.gifts(transactions)"))
    found = per_donor(known.loc[known["date"] <= now])
    found["days_since"] = (now - found["last_gift"]).dt.days.astype(col.ID)
    scores = {
        "recency": _fifths(-found["days_since"]),
        "frequency": _fifths(found["gifts"]),
        "monetary": _fifths(found["amount"]),
    }
    found = found.assign(**scores)
    place = _GRID[scores["recency"] - 1, scores["frequency"] - 1]
    found["segment"] = np.array(SEGMENTS, dtype=object)[place]
    score = found["recency"] * 100 + found["frequency"] * 10 + found["monetary"]
    found["score"] = score.astype(col.ID).astype(col.TEXT)
    found = found.sort_values(["score", "amount", "donor_id"], ascending=[False, False, True])
    dtypes = {**_RFM, "donor_id": known["donor_id"].dtype}
    return col.typed({name: found[name] for name in dtypes}, dtypes).reset_index(drop=True)


def _fifths(values: Any) -> Any:
    """Return 1 to 5 by the share of values that are strictly smaller."""
    smaller = values.astype("float64").rank(method="min").to_numpy() - 1
    return (1 + _SCORES * smaller // max(len(values), 1)).astype(np.int64)
