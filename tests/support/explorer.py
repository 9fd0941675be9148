"""Helpers for tests of the explorer, and gifts full of personal data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from support.viewer import Viewer

DONOR = "Quillon-Vexley"
EMAIL = "quillon@example.org"
STATUSES = ["success"] * 6 + ["failed"] * 3 + ["odd"]


def gift(number: int, status: str = "success") -> dict[str, Any]:
    """A transaction full of personal data."""
    return {
        "id": number,
        "status": status,
        "purchased_at": "2026-01-31T18:30:00+0000",
        "total_gross_amount": 25,
        "currency_code": "USD",
        "billing_last_name": DONOR,
        "member_email_address": EMAIL,
        "comment": f"from {DONOR}",
        "is_anonymous": True,
        "supporter": {"id": 5, "first_name": DONOR, "last_emailed_at": EMAIL, "origin": "web"},
        "items": [{"id": 1, "billing_last_name": DONOR, "price": 25}],
        "said_by_the_donor": f"{DONOR} was here",
        "how_many": 3,
        "promo_code_code": EMAIL,
    }


def filled(viewer: Viewer, **changes: Any) -> dict[str, Any]:
    return {**viewer.last("state")["form"], **changes}


def press(viewer: Viewer, action: str, *, replace: str = "", **changes: Any) -> dict[str, Any]:
    """Press a button; return the status at the end."""
    viewer.say(action, form={**viewer.last("state")["form"], **changes}, replace=replace)
    return viewer.wait_for_end()
