"""Calculations that the fundraising field uses, on the frames that the toolkit returns.

::

    gifts = cn.analysis.gifts(classy.transactions(fields=cn.analysis.FIELDS))
    cn.analysis.retention(gifts)

Nothing here sends a request. Days, months and years are those of the time zone that the frame's
instants carry (``timezone=`` of the connection). Amounts in different currencies are never added: a
table has a row for each, or the calculation refuses. A frame without rows gives one without rows, with
the same columns and dtypes. Frames of either dtype backend may be given; what comes back has pandas'
nullable dtypes.

Which gifts count
    :func:`gifts`, :func:`left_out`, ``FIELDS``
Money
    :func:`by_period`, :func:`gross_fees_net`, :func:`reconcile`, :func:`leaderboard`
Donors
    :func:`retention`, :func:`gain_loss`, :func:`cohorts`, :func:`second_gift`, :func:`lybunt`,
    :func:`sybunt`, :func:`rfm`, :func:`with_contacts`
Recurring plans
    :func:`plan_lives`, :func:`active_plans`, :func:`churn`, :func:`failed_payments`, :func:`forecast`,
    ``PLAN_FIELDS``
"""

from __future__ import annotations

from .counted_gifts import FIELDS, gifts, left_out
from .donor_cohorts import cohorts, second_gift
from .donor_retention import gain_loss, retention
from .income import failed_payments, forecast
from .lapsed import lybunt, sybunt, with_contacts
from .leaders import leaderboard
from .money import gross_fees_net, reconcile
from .periods import by_period
from .plan_churn import churn
from .plans import PLAN_FIELDS, active_plans, plan_lives
from .rfm_scores import SEGMENTS, rfm

__all__ = [
    "FIELDS",
    "PLAN_FIELDS",
    "SEGMENTS",
    "active_plans",
    "by_period",
    "churn",
    "cohorts",
    "failed_payments",
    "forecast",
    "gain_loss",
    "gifts",
    "gross_fees_net",
    "leaderboard",
    "left_out",
    "lybunt",
    "plan_lives",
    "reconcile",
    "retention",
    "rfm",
    "second_gift",
    "sybunt",
    "with_contacts",
]
