"""Calculations that fundraisers use, on the frames that the other rooms fetch.

::

    gifts = cn.analysis.gifts(classy.transactions(fields=cn.analysis.FIELDS))
    cn.analysis.retention(gifts)

Frames of transactions, plans and supporters come in, tables come out; notebooks call these functions, and
nothing here sends a request. Days, months and years are those of the time zone of the frame's instants
(``timezone=`` of the connection). Amounts in different currencies are never added: a table has a row for
each currency, or the calculation refuses. A frame without rows gives a table without rows, with the same
columns and dtypes. Frames may have either dtype backend; tables have pandas' nullable dtypes.

Which transactions count as gifts
    :func:`gifts`, :func:`left_out`, ``FIELDS``
Money
    :func:`by_period`, :func:`leaderboard`, :func:`gross_fees_net`, :func:`reconcile`
Donors
    :func:`retention`, :func:`gain_loss`, :func:`cohorts`, :func:`second_gift`, :func:`lybunt`,
    :func:`sybunt`, :func:`rfm`, :func:`with_contacts`
Recurring plans
    :func:`plan_lives`, :func:`active_plans`, :func:`churn`, :func:`failed_payments`, :func:`forecast`,
    ``PLAN_FIELDS``
"""

from __future__ import annotations

from .donors import SEGMENTS, cohorts, gain_loss, lybunt, retention, rfm, second_gift, sybunt, with_contacts
from .money import by_period, gross_fees_net, leaderboard, reconcile
from .plans import PLAN_FIELDS, active_plans, churn, failed_payments, forecast, plan_lives
from .transactions import FIELDS, gifts, left_out

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
