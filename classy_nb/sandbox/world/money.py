"""Amounts: currencies, covered fees and fees, in whole cents that add up."""

# The shares, odds and turns are the data of this file; a name for each would say less.
# ruff: noqa: PLR2004

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .payments import COVERED

from .payments import ACH, FREE

if TYPE_CHECKING:
    from .calendar import Flags, Ints
    from .gifts import Sales
    from .scene import Plot

_CURRENCIES = ("USD", "CAD", "GBP", "EUR", "JPY")
_RATES = np.array([1.0, 0.74, 1.27, 1.08, 0.0067])
_JPY = 4


def money(plot: Plot, sales: Sales, pay: Ints, flags: Ints, charged: Flags, *, once: Flags) -> dict[str, Any]:
    """Return the amounts of all sales, in their three currencies."""
    rng, campaigns = plot.rng, plot.campaigns
    size = len(pay)
    currency = np.array([_CURRENCIES.index(c) for c in campaigns.currency])[sales.campaign]
    yen = (currency == 0) & (rng.random(size) < 0.004) & (sales.ticket_type < 0) & once
    currency = np.where(yen, _JPY, currency)
    rate = _RATES[currency]
    raw_donation = sales.gift + sales.ticket - sales.overhead
    raw_donation = np.where(yen, raw_donation * 150, raw_donation)
    donation = np.rint(raw_donation * rate).astype(np.int64)
    overhead = np.rint(sales.overhead * rate).astype(np.int64)
    covered = (flags & COVERED) != 0
    initial = donation + overhead
    adjustment = np.where(
        covered & (initial > 0), np.ceil((initial * 0.052 + 30) / 0.948).astype(np.int64), 0
    )
    raw_adjustment = np.where(currency == 0, adjustment, np.rint(adjustment / rate).astype(np.int64))
    total = initial + adjustment
    taken = charged & (total > 0)
    classy = np.where(taken, np.rint(total * 0.03).astype(np.int64), 0)
    card = np.rint(total * 0.022).astype(np.int64) + 30
    bank = np.minimum(np.rint(total * 0.008).astype(np.int64), 500)
    processor = np.where(taken, np.where(pay == ACH, bank, card), 0)
    matched = (rng.random(size) < 0.008) & (pay != FREE)
    return {
        "donation": donation,
        "overhead": overhead,
        "adjustment": adjustment,
        "classy": classy,
        "pp": processor,
        "raw_donation": raw_donation,
        "raw_overhead": sales.overhead,
        "raw_adjustment": raw_adjustment,
        "raw_currency_code": np.array(_CURRENCIES, dtype=object)[currency],
        # Odd and above 2**53: a float would lose the last digit.
        "donation_match_id": np.ma.array(2**53 + 1 + 2 * np.arange(size), mask=~matched),
    }
