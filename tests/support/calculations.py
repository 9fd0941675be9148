"""The calculations of ``cn.analysis``, by what they take, and the amounts of one ordinary transaction."""

from __future__ import annotations

from typing import Any

from classy_nb import analysis

TODAY = "2026-11-23"
MONEY = {
    "total_gross_amount": 12.0, "overhead_net_amount": 0.0, "adjustment_amount": 2.0, "fees_amount": 1.0,
    "classy_fees_amount": 0.4, "pp_fees_amount": 0.6, "donation_net_amount": 11.0, "fundraising_page_id": 7,
}  # fmt: skip
ON_GIFTS: dict[str, Any] = {
    "by_period": analysis.by_period,
    "retention": lambda gifts: analysis.retention(gifts, today=TODAY),
    "retention_donors": lambda gifts: analysis.retention_donors(gifts, 2026),
    "gain_loss": lambda gifts: analysis.gain_loss(gifts, 2026),
    "cohorts": analysis.cohorts,
    "second_gift": lambda gifts: analysis.second_gift(gifts, today=TODAY),
    "lybunt": lambda gifts: analysis.lybunt(gifts, 2026),
    "sybunt": lambda gifts: analysis.sybunt(gifts, 2026),
    "rfm": lambda gifts: analysis.rfm(gifts, today=TODAY),
    "leaderboard": analysis.leaderboard,
}
ON_TRANSACTIONS: dict[str, Any] = {
    "gifts": analysis.gifts,
    "left_out": analysis.left_out,
    "failed_payments": analysis.failed_payments,
    "gross_fees_net": analysis.gross_fees_net,
    "gross_fees_net by month": lambda frame: analysis.gross_fees_net(frame, by="month"),
    "reconcile": analysis.reconcile,
}
