"""Payouts: the envelope whose data is an object. A day has two of each type, one a page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .answers import Answer, Refusal, forbidden
from .filler import moment
from .query import seconds

if TYPE_CHECKING:
    from .call import Call


def payouts(call: Call) -> dict[str, Any]:
    """Answer the payouts of a day; their transactions were charged two or three days before."""
    day = call.query.last("payout_date")
    if not day:
        raise Refusal(Answer(400, {"errors": ["The payout date field is required."]}))
    start = seconds(day[:10], "payout_date")
    organization = int(call.keys["organization"])
    if organization not in call.access.organizations:
        raise forbidden("payout")
    rows = call.store.execute(
        """SELECT id, donation + overhead + adjustment, classy + pp, charged_at, raw_currency_code FROM
          base_transactions
           WHERE organization_id = ? AND charged_at >= ? AND charged_at < ? AND status = 'success' ORDER BY
             id""",
        [organization, start - 3 * 86_400, start - 2 * 86_400],
    )
    page, last = call.query.number("page", 1), 2
    mine = [row for row in rows if row[0] % 4 == (page - 1) % 2 + 2 * (call.keys["payout_type"] == "stripe")]
    path = f"/organizations/{organization}/payouts/{call.keys['payout_type']}?payout_date={day}&page="
    return {
        "current_page": page,
        "data": _payout(start, page, mine) if page <= last else {},
        "from": page,
        "last_page": last,
        "next_page_url": f"{path}{page + 1}" if page < last else None,
        "per_page": 1,
        "pre_page_url": f"{path}{max(page - 1, 1)}",
        "to": page,
        "total": last,
    }


def _payout(start: int, page: int, rows: list[tuple[Any, ...]]) -> dict[str, Any]:
    number = start // 86_400 * 2 + page
    paid = moment(start, ".000Z")
    transactions = [
        {
            "classy_transaction_id": row[0],
            "transaction_type": "sale",
            "source_reference_id": f"{row[0]:012d}",
            "source_transaction_id": f"ch_{row[0]}",
            "transaction_date": moment(row[3], ".000Z"),
            "transaction_amount": row[1],
            "transaction_currency": row[4],
            "transaction_fee": row[2],
            "transaction_created_at": moment(row[3], ".000Z"),
            "transaction_updated_at": moment(row[3], ".000Z"),
        }
        for row in rows
    ]
    return {
        "id": number,
        "payout_id": 9_000_000 + number,
        "payout_date": paid,
        "payout_amount": sum(row[1] - row[2] for row in rows),
        "payout_amount_currency": "USD",
        "payout_created_at": paid,
        "payout_updated_at": paid,
        "transactions": transactions,
    }
