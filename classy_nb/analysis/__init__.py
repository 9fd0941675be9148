"""Calculations that fundraisers use, on the frames that the other rooms fetch.

::

    gifts = cn.analysis.gifts(classy.transactions(fields=cn.analysis.FIELDS))
    cn.analysis.retention(gifts)

Frames of transactions, plans and supporters come in, tables come out; notebooks call these functions, and
nothing here sends a request. Days, months and years are those of the time zone of the frame's instants
(``timezone=`` of the connection). Amounts in different currencies are never added: a table has a row for
each currency, or the calculation refuses. A frame without rows gives a table without rows, with the same
columns and dtypes. Frames may have either dtype backend; tables have pandas' nullable dtypes.

What "raised" means
    ``RAISED``: ``donation_gross_amount`` of transactions that succeeded, in ``currency_code``. That is the
    gift itself, without the cost of tickets and without the fees that donors cover on top; refunds and
    chargebacks do not count, offline gifts do, and no fees are taken off. It is what the vendor's document
    calls the "gross amount raised from donations" (``donations_amount`` of the overviews). The vendor's
    ``gross_amount``, of which ``percent_to_goal`` is computed there, adds tickets and covered fees: pass
    ``amount="total_gross_amount"`` to compare with it, or see :func:`gross_fees_net` for all parts.
A record counts once
    Frames have a column ``id``, and a record that is in a frame twice (overlapping fetches in one frame, a
    merge with items) counts once; rows of the same ``id`` that differ are refused. Rows without an id all
    count.
Who is a donor
    A missing, blank or zero ``supporter_id`` (or whatever ``donor=`` says) is nobody. E-mail addresses are
    one donor in any spelling: ``Ana@example.org`` and ``ana@example.org``.
When a year starts
    ``fiscal_year_start=`` of the connection, which every frame remembers, or of the function; else January.
Parts of a list
    A frame that was fetched with conditions that make an answer meaningless (the churn of
    ``where="status = active"``) is refused, and one that holds the first rows only (``limit=``) is warned of.
    Frames that were saved, concatenated or merged no longer tell.

Which transactions count as gifts
    :func:`gifts`, :func:`left_out`, ``FIELDS``, ``RAISED``
Money
    :func:`by_period`, :func:`leaderboard`, :func:`gross_fees_net`, :func:`designation_totals`,
    :func:`refunds`, :func:`reconcile`
Donors
    :func:`retention`, :func:`retention_donors`, :func:`gain_loss`, :func:`cohorts`, :func:`second_gift`,
    :func:`lybunt`, :func:`sybunt`, :func:`rfm`, :func:`with_contacts`
Recurring plans
    :func:`plan_lives`, :func:`active_plans`, :func:`churn`, :func:`failed_payments`, :func:`forecast`,
    ``PLAN_FIELDS``
Records and what belongs to them
    :func:`wide_answers` (answers to custom questions as columns), :func:`with_links` (full addresses of
    campaigns, pages and teams), :func:`duplicates` (supporters who may be one person)
"""

from __future__ import annotations

from .donors import (
    SEGMENTS,
    cohorts,
    gain_loss,
    lybunt,
    retention,
    retention_donors,
    rfm,
    second_gift,
    sybunt,
    with_contacts,
)
from .money import by_period, designation_totals, gross_fees_net, leaderboard, reconcile, refunds
from .plans import PLAN_FIELDS, active_plans, churn, failed_payments, forecast, plan_lives
from .records import duplicates, wide_answers, with_links
from .transactions import FIELDS, RAISED, gifts, left_out

__all__ = [
    "FIELDS",
    "PLAN_FIELDS",
    "RAISED",
    "SEGMENTS",
    "active_plans",
    "by_period",
    "churn",
    "cohorts",
    "designation_totals",
    "duplicates",
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
    "refunds",
    "retention",
    "retention_donors",
    "rfm",
    "second_gift",
    "sybunt",
    "wide_answers",
    "with_contacts",
    "with_links",
]
