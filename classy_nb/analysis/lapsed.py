"""Donors to win back: LYBUNT, SYBUNT; and whom a row stands for."""

from __future__ import annotations

from typing import Any

import pandas as pd

from classy_nb.errors import UsageError

from . import columns as col
from .years import check_year, known_donors

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
_CONTACTS = ("first_name", "last_name", "email_address", "opt_in")


def lybunt(gifts: pd.DataFrame, year: int, *, first_month: int = 1) -> pd.DataFrame:
    """List who gave last year but unfortunately not this year.

    LYBUNTs and the retained donors of :func:`retention` together are last year's donors.

    Parameters
    ----------
    gifts
        What :func:`gifts` returned; gifts without a supporter are not used, nor are gifts after *year*.
    year
        This year.
    first_month
        As for :func:`retention`.

    Returns
    -------
    pandas.DataFrame
        One row per donor, the largest ``last_year_amount`` first: ``donor_id`` (Int64, or text),
        ``first_gift``, ``last_gift`` (datetime64[us]: local days), ``gifts`` (Int64) and ``amount``
        (Float64, to the cent) up to *year*, ``last_year`` (Int64: the last year with a gift) and
        ``last_year_amount`` (Float64: what was given in it), ``currency`` (string), ``recurring``
        (boolean: the last gift came from a plan), ``anonymous`` (boolean: asked at least once not to be
        named in public). No gifts give no rows.

    Raises
    ------
    UsageError
        As for :func:`retention`, or *year* is no year.

    Notes
    -----
    "Last Year But Unfortunately Not This (year)", as fundraising databases list it; the Fundraising
    Effectiveness Project (FEP, AFP) calls these donors lapsed.
    """
    check_year(year)
    return _lapsed(gifts, first_month, year, year - 1, year - 1)


def sybunt(gifts: pd.DataFrame, year: int, *, first_month: int = 1) -> pd.DataFrame:
    """List who gave in some year but unfortunately not last year nor this year.

    Some say SYBUNT of everybody who gave before but not this year. That list is this one and
    :func:`lybunt` together; here nobody is on both.

    Parameters
    ----------
    gifts, year, first_month
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
    check_year(year)
    return _lapsed(gifts, first_month, year, None, year - 2)


def _lapsed(gifts: Any, first_month: int, year: int, oldest: int | None, latest: int) -> pd.DataFrame:
    known = known_donors(gifts)
    known = known.assign(year=col.year_of(known["date"], first_month))
    known = known.loc[(known["year"] <= year).astype(bool)]
    found = per_donor(known)
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


def per_donor(known: pd.DataFrame) -> pd.DataFrame:
    """Sum up gifts, oldest first, of known donors: one row each, by ``donor_id``."""
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


def with_contacts(people: pd.DataFrame, supporters: pd.DataFrame) -> pd.DataFrame:
    """Add names and e-mail addresses to a list of donors, for a letter.

    Mind what you show and where you save it: a notebook keeps its outputs. Donors who wished to be
    ``anonymous`` are named as well; the wish is about the public.

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
        at the right; missing where the supporter is not in the frame. Rows and order stay.

    Raises
    ------
    UsageError
        A column is missing, or ``donor_id`` holds something else than supporters' ids.
    """
    col.need(people, ["donor_id"], "analysis.lybunt(gifts, year)")
    col.need(supporters, ["id", *_CONTACTS], "classy.supporters()")
    if not pd.api.types.is_numeric_dtype(people["donor_id"].dtype):
        raise UsageError("donor_id holds text; contacts are found by the supporter's id.")
    known = supporters.drop_duplicates("id")
    known = known.set_index(known["id"].astype(col.ID))
    found = people.copy()
    for name in _CONTACTS:
        dtype = col.FLAG if name == "opt_in" else col.TEXT
        found[name] = known[name].astype(dtype).reindex(people["donor_id"].astype(col.ID)).array
    return found
