"""Donors: who came back, who lapsed, when the second gift comes, and whom to write to.

All functions but the last take the frame of :func:`~classy_nb.analysis.gifts`; those that list donors add
names and e-mail addresses if they get the supporters, too. Retention, gains and
losses, and cohorts rest on one table, what each donor gave in each year (:class:`_Years`); lapsed donors
and RFM rest on one row per donor (:func:`_per_donor`). Gifts without a supporter are not used, and
several currencies are refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from classy_nb.arguments import is_one_of, shown
from classy_nb.errors import UsageError
from classy_nb.redact import clear_tracebacks

from . import columns as col
from . import question

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
_SEGMENT_OF = np.array(
    [
        [9, 9, 8, 8, 7],
        [9, 9, 8, 8, 7],
        [6, 6, 5, 1, 1],
        [4, 2, 2, 1, 1],
        [3, 2, 2, 0, 0],
    ]
)
"""Positions in ``SEGMENTS``; rows: recency 1 to 5, columns: frequency 1 to 5."""
_GIFTS = ("id", "donor_id", "purchased_at", "date", "amount", "currency", "recurring", "anonymous")
_COHORT_VALUES = ("donors", "rate", "amount")
_RETENTION = {
    "year": col.ID,
    **dict.fromkeys(("donors", "new", "retained", "recaptured", "lapsed"), col.ID),
    **dict.fromkeys(("retention_rate", "new_donor_retention_rate", "repeat_donor_retention_rate"), col.MONEY),
    **dict.fromkeys(("amount", "amount_retained", "amount_retention_rate"), col.MONEY),
    "currency": col.TEXT,
    "complete": col.FLAG,
}
_RETENTION_DONORS = {
    "donor_id": col.ID,
    "group": col.TEXT,
    "first_gift": col.DAY,
    "last_gift": col.DAY,
    "gifts": col.ID,
    "amount_before": col.MONEY,
    "amount": col.MONEY,
    "change": col.MONEY,
    "currency": col.TEXT,
    "recurring": col.FLAG,
    "anonymous": col.FLAG,
}
_GROUPS = ("new", "recaptured", "upgraded", "same", "downgraded", "lapsed, new", "lapsed, repeat")
_SECOND_GIFT = {
    "first_year": col.ID,
    "donors": col.ID,
    "gave_again": col.ID,
    "share_again": col.MONEY,
    "median_days": col.MONEY,
    "observed": col.ID,
    "within": col.ID,
    "share_within": col.MONEY,
}
_LAPSED = {
    "donor_id": col.ID,
    "first_gift": col.DAY,
    "last_gift": col.DAY,
    "gifts": col.ID,
    "amount": col.MONEY,
    "last_year": col.ID,
    "last_year_amount": col.MONEY,
    "currency": col.TEXT,
    "recurring": col.FLAG,
    "anonymous": col.FLAG,
}
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
_CONTACTS = ("first_name", "last_name", "email_address", "opt_in")


@clear_tracebacks
def retention(
    gifts: pd.DataFrame,
    *,
    fiscal_year_start: int | None = None,
    first_month: int | None = None,
    today: Any = None,
) -> pd.DataFrame:
    """Count for each year who gave, who came back and who did not.

    For a year and the one before it:

    - **new**: gave this year and never before (in the frame: fetch the whole history, or earlier donors
      look new);
    - **retained**: gave in both years;
    - **recaptured**: gave this year and in some earlier year, but not last year;
    - **lapsed**: gave last year, but not this year;
    - **retention rate**: retained donors / last year's donors. Split by whether last year was their
      first: **new-donor** and **repeat-donor** retention rate;
    - **amount retained**: what last year's donors gave again, each counted up to the amount of last year;
      **amount retention rate**: that / last year's amount.

    ``donors = new + retained + recaptured``; last year's donors are ``retained + lapsed``.

    Parameters
    ----------
    gifts
        What :func:`gifts` returned. Gifts without a supporter cannot be attributed and are not used.
    fiscal_year_start
        The month in which a (fiscal) year starts; None for that of the connection (``fiscal_year_start=`` of
        ``cn.connect``), else January. A year that starts after January is named for the calendar year in
        which it ends.
    first_month
        An older name for the same.
    today
        The day that decides whether a year is ``complete``; None for the current day.

    Returns
    -------
    pandas.DataFrame
        One row per year, from the first gift to the last. ``year``, ``donors``, ``new``,
        ``retained``, ``recaptured``, ``lapsed`` (Int64); ``retention_rate``,
        ``new_donor_retention_rate``, ``repeat_donor_retention_rate`` (Float64, 0 to 1; missing if
        there was nobody to retain); ``amount``, ``amount_retained`` (Float64, to the cent, major
        units), ``amount_retention_rate`` (Float64, 0 to 1), ``currency`` (string), ``complete``
        (boolean). No gifts give no rows.

    Raises
    ------
    UsageError
        A column is missing, the gifts are in several currencies, rows with the same ``id`` differ,
        *fiscal_year_start* is not a month, or the frame was fetched for one year only.

    Notes
    -----
    :func:`retention_donors` lists the donors that are counted here, with name and e-mail address.

    Source: Fundraising Effectiveness Project (FEP) of the Association of Fundraising Professionals
    (AFP): "AFP FEP Glossary of Terms" and the annual "Fundraising Effectiveness Survey Report" (donor
    retention; gift or dollar retention, which is 1 minus the share lost to lapsed and downgraded gifts).
    """
    start = question.fiscal_year_start(gifts, fiscal_year_start, first_month)
    years = _by_year(gifts, "retention", start)
    question.check_history(gifts, "retention", None, years=years.years)
    now = col.today_or(today, col.zone_of(gifts["purchased_at"], col.GIFTS))
    # A year whose end was not fetched is not complete either.
    until = question.bounds(gifts)[1]
    known_until = now if until is None else min(now, until)
    rows = [_retention_in(years, year) for year in years.years]
    table = pd.DataFrame(rows, columns=list(_RETENTION))
    table["currency"] = years.currency
    table["complete"] = [col.year_begin(year + 1, start) <= known_until for year in years.years]
    money = dict.fromkeys(("amount", "amount_retained"), 2)
    return col.typed({name: table[name] for name in _RETENTION}, _RETENTION).round(money)


def _retention_in(years: _Years, year: int) -> dict[str, Any]:
    now, last = years.in_year(year), years.in_year(year - 1)
    gave, gave_last, gave_before = now > 0, last > 0, years.gave_before(year)
    newcomer = gave_last & ~years.gave_before(year - 1)
    repeater = gave_last & ~newcomer
    kept = np.minimum(now, last).sum()
    return {
        "year": year,
        "donors": int(gave.sum()),
        "new": int((gave & ~gave_before).sum()),
        "retained": int((gave & gave_last).sum()),
        "recaptured": int((gave & gave_before & ~gave_last).sum()),
        "lapsed": int((gave_last & ~gave).sum()),
        "retention_rate": _share((gave & gave_last).sum(), gave_last.sum()),
        "new_donor_retention_rate": _share((gave & newcomer).sum(), newcomer.sum()),
        "repeat_donor_retention_rate": _share((gave & repeater).sum(), repeater.sum()),
        "amount": now.sum(),
        "amount_retained": kept,
        "amount_retention_rate": _share(kept, last.sum()),
    }


@clear_tracebacks
def retention_donors(
    gifts: pd.DataFrame,
    year: int,
    *,
    supporters: pd.DataFrame | None = None,
    fiscal_year_start: int | None = None,
    first_month: int | None = None,
) -> pd.DataFrame:
    """List the donors behind one year of :func:`retention`: who is new, retained, recaptured or lapsed.

    Parameters
    ----------
    gifts
        What :func:`gifts` returned; gifts without a supporter are not used, nor are gifts after *year*.
    year
        The later of the two years. Until it is over, donors whose gift is still to come look lapsed.
    supporters
        What ``classy.supporters()`` returned: adds name and e-mail address, as :func:`with_contacts` does.
    fiscal_year_start, first_month
        As for :func:`retention`.

    Returns
    -------
    pandas.DataFrame
        One row per donor of *year* or the year before: ``donor_id`` (Int64, or text), ``group`` (string:
        ``new``, ``retained``, ``recaptured``, ``lapsed``; there are as many of each as :func:`retention`
        counts), ``first_gift``, ``last_gift`` (datetime64[us]: local days), ``gifts`` (Int64: all up to
        *year*), ``amount_before``, ``amount``, ``change`` (Float64, to the cent: given the year before, in
        *year*, and the difference), ``currency`` (string), ``recurring`` (boolean: the last gift came from
        a plan), ``anonymous`` (boolean: asked at least once not to be named in public); with *supporters*
        also ``first_name``, ``last_name``, ``email_address`` (string) and ``opt_in`` (boolean), missing for
        donors without a record there. In order of the groups, the largest amounts of both years first.
        No gifts give no rows.

    Raises
    ------
    UsageError
        As for :func:`lybunt`.

    Notes
    -----
    The groups are those of the Fundraising Effectiveness Project (FEP, AFP); see :func:`retention`.
    """
    _check_year(year)
    start = question.fiscal_year_start(gifts, fiscal_year_start, first_month)
    years = _by_year(gifts, "retention_donors", start)
    _check_two_years(gifts, "retention_donors", year, start)
    now, last = np.round(years.in_year(year), 2), np.round(years.in_year(year - 1), 2)
    before = years.gave_before(year)
    members = {
        "new": (now > 0) & ~before,
        "retained": (now > 0) & (last > 0),
        "recaptured": (now > 0) & before & (last == 0),
        "lapsed": (now == 0) & (last > 0),
    }
    group = np.select(list(members.values()), range(len(members)), default=-1)
    rows = pd.DataFrame(
        {"donor_id": years.donors, "order": group, "amount_before": last, "amount": now, "change": now - last}
    )
    rows = rows.loc[rows["order"] >= 0].assign(group=lambda some: np.array([*members])[some["order"]])
    known = _known_donors(gifts, "retention_donors")
    known = known.loc[(col.year_of(known["date"], start) <= year).astype(bool)]
    found = rows.merge(_per_donor(known).drop(columns="amount"), on="donor_id", how="left")
    found["most"] = found[["amount", "amount_before"]].max(axis="columns")
    found = found.sort_values(["order", "most", "donor_id"], ascending=[True, False, True])
    dtypes = {**_RETENTION_DONORS, "donor_id": known["donor_id"].dtype}
    table = col.typed({name: found[name] for name in dtypes}, dtypes).reset_index(drop=True)
    table = table.round(dict.fromkeys(("amount_before", "amount", "change"), 2))
    return _people(table, gifts, supporters)


def _share(part: Any, whole: Any) -> float | None:
    return float(part / whole) if whole else None


@clear_tracebacks
def gain_loss(
    gifts: pd.DataFrame, year: int, *, fiscal_year_start: int | None = None, first_month: int | None = None
) -> pd.DataFrame:
    """Explain the growth in giving over the previous year by gains and losses.

    Every donor of either year is in one group: ``new``, ``recaptured`` (gains), ``upgraded``, ``same``,
    ``downgraded`` (gave in both years: more, the same, less), ``lapsed, new`` (last year was their
    first) and ``lapsed, repeat`` (losses). The changes add up to the growth in giving.

    Parameters
    ----------
    gifts
        What :func:`gifts` returned; gifts without a supporter are not used.
    year
        The later of the two years. Until it is over, gifts that are still to come look like losses.
    fiscal_year_start, first_month
        As for :func:`retention`.

    Returns
    -------
    pandas.DataFrame
        Seven rows, even without gifts: ``group`` (string), ``donors`` (Int64), ``amount_before``,
        ``amount``, ``change`` (Float64, to the cent, major units), ``currency`` (string).

    Raises
    ------
    UsageError
        As for :func:`retention`, or *year* is not a year.

    Notes
    -----
    Source: the gain and loss categories of the Fundraising Effectiveness Project (FEP, AFP), annual
    "Fundraising Effectiveness Survey Report".
    """
    _check_year(year)
    start = question.fiscal_year_start(gifts, fiscal_year_start, first_month)
    years = _by_year(gifts, "gain_loss", start)
    _check_two_years(gifts, "gain_loss", year, start)
    now, last = np.round(years.in_year(year), 2), np.round(years.in_year(year - 1), 2)
    before, earlier = years.gave_before(year), years.gave_before(year - 1)
    both = (now > 0) & (last > 0)
    members = (
        (now > 0) & ~before,
        (now > 0) & before & (last == 0),
        both & (now > last),
        both & (now == last),
        both & (now < last),
        (last > 0) & (now == 0) & ~earlier,
        (last > 0) & (now == 0) & earlier,
    )
    columns = {
        "group": _GROUPS,
        "donors": [int(chosen.sum()) for chosen in members],
        "amount_before": [last[chosen].sum() for chosen in members],
        "amount": [now[chosen].sum() for chosen in members],
        "change": [(now - last)[chosen].sum() for chosen in members],
        "currency": [years.currency] * len(_GROUPS),
    }
    money = ("amount_before", "amount", "change")
    dtypes = {"group": col.TEXT, "donors": col.ID, **dict.fromkeys(money, col.MONEY), "currency": col.TEXT}
    return col.typed(columns, dtypes).round(dict.fromkeys(money, 2))


@clear_tracebacks
def cohorts(
    gifts: pd.DataFrame,
    values: Literal["donors", "rate", "amount"] = "donors",
    *,
    fiscal_year_start: int | None = None,
    first_month: int | None = None,
) -> pd.DataFrame:
    """Follow the donors of each first year through the years.

    A cohort is everybody whose first gift was in the same year. A donor counts in every later year with
    at least one gift, even after a pause. The last cell of each row is the latest year, which may not be
    over yet.

    Parameters
    ----------
    gifts
        What :func:`gifts` returned, with the whole history; gifts without a supporter are not used.
    values
        ``"donors"``: how many gave; ``"rate"``: that divided by the cohort's size (0 to 1);
        ``"amount"``: what they gave.
    fiscal_year_start, first_month
        As for :func:`retention`.

    Returns
    -------
    pandas.DataFrame
        Rows: ``first_year`` (index, Int64), all years from the first gift to the last. Columns: years
        since the first, 0, 1, 2, ... (Int64 for ``"donors"``, otherwise Float64; amounts to the cent, in
        major units); years after the latest are missing. No gifts give no rows and no columns.

    Raises
    ------
    UsageError
        As for :func:`retention`, or *values* is not one of these.

    Notes
    -----
    A cohort (vintage) table as is common in donor analysis; "new" as the Fundraising Effectiveness Project
    (FEP, AFP) defines it. Over all cohorts, the cells of one calendar year add up to its donors.
    """
    if not is_one_of(values, _COHORT_VALUES):
        raise UsageError(f"values={shown(values)} must be one of {', '.join(map(repr, _COHORT_VALUES))}.")
    start = question.fiscal_year_start(gifts, fiscal_year_start, first_month)
    years = _by_year(gifts, "cohorts", start)
    question.check_history(gifts, "cohorts", None, years=years.years)
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


@clear_tracebacks
def second_gift(
    gifts: pd.DataFrame,
    *,
    first: Literal["one-time", "recurring"] | None = None,
    within: int = 365,
    fiscal_year_start: int | None = None,
    first_month: int | None = None,
    today: Any = None,
) -> pd.DataFrame:
    """Count, by year of the first gift, how many donors gave a second time, and how soon.

    The second gift is the donor's next gift on a later day: two checkouts on one day are one occasion.
    The second charge of a monthly plan is a second gift, too; ``first="one-time"`` leaves out donors who
    began with a plan.

    Parameters
    ----------
    gifts
        What :func:`gifts` returned, with the whole history; gifts without a supporter are not used.
    first
        Only donors whose first gift was ``"one-time"`` or ``"recurring"``; None for all.
    within
        Days after the first gift within which the second is expected.
    fiscal_year_start, first_month
        As for :func:`retention`.
    today
        The last day of the data; None for the current day.

    Returns
    -------
    pandas.DataFrame
        One row per year of the first gift. ``first_year``, ``donors``, ``gave_again`` (Int64),
        ``share_again`` (Float64, 0 to 1), ``median_days`` (Float64: from the first gift to the second,
        of those who gave again); ``observed`` (Int64: donors whose first gift was at least *within*
        days ago), ``within`` (Int64: those of them whose second gift came in time), ``share_within``
        (Float64, 0 to 1; missing if none is observed yet). ``share_again`` favors early years, which had
        more time; compare ``share_within`` instead. No gifts give no rows.

    Raises
    ------
    UsageError
        As for :func:`retention`, or *first* or *within* is invalid.

    Notes
    -----
    The first-to-second-gift conversion of donor analysis. *within* 365 days corresponds to the new-donor
    retention of the Fundraising Effectiveness Project (FEP, AFP), by day instead of by calendar year.
    """
    if not is_one_of(first, (None, "one-time", "recurring")):
        raise UsageError(f"first={shown(first)} must be 'one-time', 'recurring' or None.")
    if not col.is_whole(within, 1):
        raise UsageError(f"within={shown(within)} must be a whole number of days, 1 or more.")
    start = question.fiscal_year_start(gifts, fiscal_year_start, first_month)
    pairs = _first_and_second(gifts, first)
    question.check_history(gifts, "second_gift", None)
    now = col.today_or(today, col.zone_of(gifts["purchased_at"], col.GIFTS))
    seen = pairs["first"] <= now - pd.Timedelta(days=within)
    table = pd.DataFrame(
        {
            "first_year": col.year_of(pairs["first"], start),
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
    return col.typed({name: found[name] for name in _SECOND_GIFT}, _SECOND_GIFT)


def _first_and_second(gifts: Any, first: str | None) -> pd.DataFrame:
    """Return for each donor the day of the first gift and the days to the next one (float64)."""
    known = _known_donors(gifts, "second_gift")
    days = known.drop_duplicates(["donor_id", "date"])[["donor_id", "date", "recurring"]]
    one = days.drop_duplicates("donor_id").set_index("donor_id")
    second = days.loc[days.groupby("donor_id").cumcount() == 1].set_index("donor_id")["date"]
    waited = (second.reindex(one.index) - one["date"]).dt.days.astype("float64")
    pairs = pd.DataFrame({"first": one["date"], "days": waited, "recurring": one["recurring"].astype(bool)})
    if first is None:
        return pairs
    return pairs.loc[pairs["recurring"] == (first == "recurring")]


@clear_tracebacks
def lybunt(
    gifts: pd.DataFrame,
    year: int,
    *,
    supporters: pd.DataFrame | None = None,
    fiscal_year_start: int | None = None,
    first_month: int | None = None,
) -> pd.DataFrame:
    """List the donors who gave last year but unfortunately not this year.

    Together with the retained donors of :func:`retention`, they are all of last year's donors.

    Parameters
    ----------
    gifts
        What :func:`gifts` returned; gifts without a supporter are not used, nor are gifts after *year*.
    year
        This year.
    supporters
        What ``classy.supporters()`` returned: adds name and e-mail address, as :func:`with_contacts` does.
        Nobody is left out; donors without a record there have no name.
    fiscal_year_start, first_month
        As for :func:`retention`.

    Returns
    -------
    pandas.DataFrame
        One row per donor, the largest ``last_year_amount`` first: ``donor_id`` (Int64, or text),
        ``first_gift``, ``last_gift`` (datetime64[us]: local days), ``gifts`` (Int64) and ``amount``
        (Float64, to the cent) up to *year*, ``last_year`` (Int64: the last year with a gift) and
        ``last_year_amount`` (Float64: what was given in it), ``currency`` (string), ``recurring``
        (boolean: the last gift came from a plan), ``anonymous`` (boolean: asked at least once not to be
        named in public); with *supporters* also ``first_name``, ``last_name``, ``email_address`` (string)
        and ``opt_in`` (boolean). No gifts give no rows.

    Raises
    ------
    UsageError
        As for :func:`retention`, *year* is not a year, or, with *supporters*, as for :func:`with_contacts`.

    Notes
    -----
    "Last Year But Unfortunately Not This (year)", as fundraising databases list it; the Fundraising
    Effectiveness Project (FEP, AFP) calls these donors lapsed.
    """
    _check_year(year)
    start = question.fiscal_year_start(gifts, fiscal_year_start, first_month)
    known = _known_donors(gifts, "lybunt")
    _check_two_years(gifts, "lybunt", year, start)
    return _people(_lapsed(known, start, year, year - 1, year - 1), gifts, supporters)


@clear_tracebacks
def sybunt(
    gifts: pd.DataFrame,
    year: int,
    *,
    supporters: pd.DataFrame | None = None,
    fiscal_year_start: int | None = None,
    first_month: int | None = None,
) -> pd.DataFrame:
    """List the donors who gave in some year but unfortunately neither last year nor this year.

    Some call everybody a SYBUNT who gave before but not this year. That is this list plus
    :func:`lybunt`'s; here, nobody is on both.

    Parameters
    ----------
    gifts, year, supporters, fiscal_year_start, first_month
        As for :func:`lybunt`.

    Returns
    -------
    pandas.DataFrame
        As from :func:`lybunt`.

    Raises
    ------
    UsageError
        As for :func:`lybunt`.

    Notes
    -----
    "Some Year But Unfortunately Not This (year)", as fundraising databases list it.
    """
    _check_year(year)
    start = question.fiscal_year_start(gifts, fiscal_year_start, first_month)
    known = _known_donors(gifts, "sybunt")
    _check_two_years(gifts, "sybunt", year, start)
    return _people(_lapsed(known, start, year, None, year - 2), gifts, supporters)


def _lapsed(gifts: pd.DataFrame, start: int, year: int, oldest: int | None, latest: int) -> pd.DataFrame:
    known = gifts.assign(year=col.year_of(gifts["date"], start))
    known = known.loc[(known["year"] <= year).astype(bool)]
    found = _per_donor(known)
    last = known["year"].groupby(known["donor_id"]).max()
    found["last_year"] = found["donor_id"].map(last)
    in_last = known.loc[(known["year"] == known["donor_id"].map(last)).astype(bool)]
    sums = in_last["amount"].groupby(in_last["donor_id"]).sum()
    found["last_year_amount"] = found["donor_id"].map(sums).astype(col.MONEY).round(2)
    chosen = found["last_year"] <= latest
    if oldest is not None:
        chosen &= found["last_year"] >= oldest
    found = found.loc[chosen.astype(bool)].sort_values(
        ["last_year_amount", "donor_id"], ascending=[False, True]
    )
    dtypes = {**_LAPSED, "donor_id": known["donor_id"].dtype}
    return col.typed({name: found[name] for name in dtypes}, dtypes).reset_index(drop=True)


@clear_tracebacks
def rfm(gifts: pd.DataFrame, *, supporters: pd.DataFrame | None = None, today: Any = None) -> pd.DataFrame:
    """Score each donor by recency, frequency and monetary value, and name the segment.

    Each score is the fifth of all donors that a donor is in, 1 (lowest) to 5 (highest): how recent the last
    gift is, how many gifts there were, how much they add up to. Donors who are alike get the same score, even
    if that makes the fifths unequal: that of the fifth that most of them are in. If they fill several, it is
    the outermost: the highest for the better half, the lowest for the other. So if 60 of 100 gave yesterday,
    they are recent (5), and if 60 gave once, they are not frequent (1). If all are alike, recency is 5, and
    the others are 1.

    Recency (R) and frequency (F) determine the segment:

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
        What :func:`gifts` returned: all of it, or the years that should count. Gifts without a
        supporter are not used.
    supporters
        What ``classy.supporters()`` returned: adds name and e-mail address, as :func:`with_contacts` does.
    today
        The day on which ``days_since`` ends; None for the current day. Gifts after it are not used.

    Returns
    -------
    pandas.DataFrame
        One row per donor, the highest score first: ``donor_id`` (Int64, or text), ``last_gift``
        (datetime64[us]: local day), ``days_since``, ``gifts`` (Int64), ``amount`` (Float64, to the
        cent), ``currency`` (string), ``recency``, ``frequency``, ``monetary`` (Int64, 1 to 5),
        ``score`` (string, such as ``"543"``), ``segment`` (string, one of ``SEGMENTS``), ``anonymous``
        (boolean); with *supporters* also ``first_name``, ``last_name``, ``email_address`` (string) and
        ``opt_in`` (boolean). No gifts give no rows.

    Raises
    ------
    UsageError
        A column is missing, the gifts are in several currencies, *today* is not a date, or, with
        *supporters*, as for :func:`with_contacts`.

    Notes
    -----
    Source: quintile scoring as in Arthur M. Hughes, "Strategic Database Marketing" (1994). The ten
    segments are the grid of recency against frequency that marketing tools commonly use; their names
    vary. The amount plays no part in the segment: sort by it within one.
    """
    known = _known_donors(gifts, "rfm")
    now = col.today_or(today, col.zone_of(gifts["purchased_at"], col.GIFTS))
    found = _per_donor(known.loc[known["date"] <= now])
    found["days_since"] = (now - found["last_gift"]).dt.days.astype(col.ID)
    scores = {
        "recency": _fifths(-found["days_since"], middle_is_better=True),
        "frequency": _fifths(found["gifts"]),
        "monetary": _fifths(found["amount"]),
    }
    found = found.assign(**scores)
    place = _SEGMENT_OF[scores["recency"] - 1, scores["frequency"] - 1]
    found["segment"] = np.array(SEGMENTS, dtype=object)[place]
    score = found["recency"] * 100 + found["frequency"] * 10 + found["monetary"]
    found["score"] = score.astype(col.ID).astype(col.TEXT)
    found = found.sort_values(["score", "amount", "donor_id"], ascending=[False, False, True])
    dtypes = {**_RFM, "donor_id": known["donor_id"].dtype}
    table = col.typed({name: found[name] for name in dtypes}, dtypes).reset_index(drop=True)
    return _people(table, gifts, supporters)


def _fifths(values: Any, *, middle_is_better: bool = False) -> Any:
    """Score values 1 to 5: the fifth that most of a value's ties are in, and of several the outermost."""
    numbers, count = values.astype("float64"), len(values)
    worse = numbers.rank(method="min").to_numpy() - 1
    better = count - numbers.rank(method="max").to_numpy()
    # In fifths of a place, so that all numbers are whole: a fifth is *count* long, and a donor 5.
    edges = count * np.arange(6)
    end, start = 5 * (count - better)[:, None], 5 * worse[:, None]
    inside = np.minimum(end, edges[1:]) - np.maximum(start, edges[:-1])
    upper = (worse >= better) if middle_is_better else (worse > better)
    scores = np.where(upper, 5 - inside[:, ::-1].argmax(axis=1), 1 + inside.argmax(axis=1))
    return scores.astype(np.int64)


@clear_tracebacks
def with_contacts(people: pd.DataFrame, supporters: pd.DataFrame) -> pd.DataFrame:
    """Add names and e-mail addresses to a list of donors, for a letter.

    Be careful what you show and where you save it: a notebook keeps its outputs. Donors who asked to be
    ``anonymous`` are named as well; their wish is about what the public sees.

    Parameters
    ----------
    people
        A frame with ``donor_id`` (the supporter's id), such as :func:`lybunt` returns.
    supporters
        What ``classy.supporters()`` returned.

    Returns
    -------
    pandas.DataFrame
        *people* with ``first_name``, ``last_name``, ``email_address`` (string) and ``opt_in`` (boolean)
        at the right; missing for supporters who are not in the frame. Rows and order stay the same.

    Raises
    ------
    UsageError
        A column is missing, ``donor_id`` does not hold supporters' ids, or supporters with the same ``id``
        differ.
    """
    col.need(people, ["donor_id"], "analysis.lybunt(gifts, year)")
    if not pd.api.types.is_numeric_dtype(people["donor_id"].dtype):
        raise UsageError("donor_id holds text; contacts are looked up by the supporter's id.")
    made_of = people.attrs.get(question.DONOR) or "supporter_id"
    if made_of != "supporter_id":
        raise UsageError(
            f"donor_id holds values of {made_of!r}; contacts are looked up by the supporter's id.",
            advice="Start from analysis.gifts(transactions), which tells donors apart by supporter_id.",
        )
    question.check(supporters, "with_contacts")
    known = col.once(supporters, _CONTACTS, "classy.supporters()").dropna(subset="id").set_index("id")
    ids = col.identifier(people, "donor_id")
    found = people.copy()
    for name in _CONTACTS:
        dtype = col.FLAG if name == "opt_in" else col.TEXT
        found[name] = known[name].astype(dtype).reindex(ids).array
    return found


def _people(table: pd.DataFrame, gifts: pd.DataFrame, supporters: pd.DataFrame | None) -> pd.DataFrame:
    """Return a list of donors that remembers what ``donor_id`` is made of, with contacts if wanted."""
    table.attrs[question.DONOR] = gifts.attrs.get(question.DONOR)
    return table if supporters is None else with_contacts(table, supporters)


def _per_donor(known: pd.DataFrame) -> pd.DataFrame:
    """Sum up the gifts of known donors, oldest first, in one row per ``donor_id``."""
    found = known.groupby("donor_id").agg(
        first_gift=("date", "min"),
        last_gift=("date", "max"),
        gifts=("amount", "size"),
        amount=("amount", "sum"),
        currency=("currency", "first"),
        recurring=("recurring", "last"),
        anonymous=("anonymous", "max"),
    )
    found["amount"] = found["amount"].astype(col.MONEY).round(2)
    return pd.DataFrame(found.reset_index())


@dataclass(frozen=True)
class _Years:
    """What each donor gave in each year."""

    donors: Any
    """Who they are, in the order of the rows of ``given``."""
    years: list[int]
    """Every year from the first gift to the last."""
    given: Any
    """A 2-d array of float64: a row per donor, a column per year, 0.0 for nothing."""
    currency: Any

    def in_year(self, year: int) -> Any:
        """Return what each donor gave in *year*: zeros for a year outside of the data."""
        if year not in self.years:
            return np.zeros(len(self.given))
        return self.given[:, self.years.index(year)]

    def gave_before(self, year: int) -> Any:
        """Tell for each donor whether there was a gift in any year before *year*."""
        count = sum(known < year for known in self.years)
        return (self.given[:, :count] > 0).any(axis=1)


def _by_year(gifts: Any, function: str, start: int) -> _Years:
    known = _known_donors(gifts, function)
    year = col.year_of(known["date"], start)
    if known.empty:
        return _Years(known["donor_id"].array, [], np.zeros((0, 0)), pd.NA)
    years = list(range(int(year.min()), int(year.max()) + 1))
    row, donors = pd.factorize(known["donor_id"])
    given = np.zeros((len(donors), len(years)))
    column = (year - years[0]).to_numpy(dtype="int64")
    np.add.at(given, (row, column), known["amount"].to_numpy(dtype="float64"))
    return _Years(donors, years, given, col.one_currency(known))


def _known_donors(gifts: Any, function: str) -> pd.DataFrame:
    """Return the gifts whose donor is known, each once, oldest first.

    Raises
    ------
    UsageError
        *gifts* is something else, in several currencies, or fetched in a way that spoils *function*.
    """
    question.check(gifts, function)
    known = col.once(gifts, _GIFTS, col.GIFTS)
    known = known.assign(donor_id=col.donors(known, "donor_id"), currency=col.currency(known, "currency"))
    col.one_currency(known)
    known = pd.DataFrame(known.loc[known["donor_id"].notna()].sort_values(["purchased_at", "id"]))
    known.attrs = gifts.attrs
    return known


def _check_two_years(gifts: pd.DataFrame, function: str, year: int, start: int) -> None:
    """Look whether *year* and the one before it were fetched."""
    question.check_history(gifts, function, col.year_begin(year - 1, start))
    question.check_end(gifts, function, col.year_begin(year, start), col.year_begin(year + 1, start))


def _check_year(year: Any) -> None:
    if isinstance(year, bool) or not isinstance(year, int | np.integer):
        raise UsageError(f"year={shown(year)} must be a whole number, such as 2026.")
