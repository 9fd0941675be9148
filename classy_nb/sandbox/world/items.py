"""The items of the transactions, which add up to them to the cent, and the registrations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .ledger import OFFLINE
from .people import draw_names
from .scene import DAY, KNOBS, Flags, Floats, Ints, Objects, Scene

if TYPE_CHECKING:
    from .campaigns import Campaigns
    from .ledger import Ledger

_SHIRTS = (*KNOBS["transactions"]["shirts"], None)


def write(scene: Scene, ledger: Ledger, item_base: int, registration_base: int) -> None:
    """Fill transaction items and registrations.

    Each transaction has one item; a ticket with a gift on top has two.
    """
    columns, sales = ledger.columns, ledger.sales
    is_ticket = sales.ticket_type >= 0
    has_both = is_ticket & (sales.gift > 0)
    # The id of a gift on top is the one before its ticket's.
    ids = item_base + np.cumsum(scene.rng.integers(1, 9, len(has_both)) + has_both)
    in_dollars = columns["raw_currency_code"] == "USD"
    rate = np.where(in_dollars, 1.0, columns["donation"] / np.maximum(columns["raw_donation"], 1))
    total = {
        "final": columns["donation"] + columns["overhead"] + columns["adjustment"],
        "donation": columns["donation"],
        "fees": columns["classy"] + columns["pp"],
        "raw_final": columns["raw_donation"] + columns["raw_overhead"] + columns["raw_adjustment"],
    }
    on_top = _gifts_on_top(ledger, has_both, rate, total)
    names, products, prices = _products(ledger, scene.campaigns)
    kinds = np.array(["donation", "registration", "offline_donation"], dtype=object)
    scene.store.insert(
        "transaction_items",
        {
            "id": ids,
            "organization_id": scene.organization,
            "transaction_id": columns["id"],
            "product_id": np.ma.masked_equal(products, 0),
            "quantity": sales.quantity,
            "product_name": names,
            "type": kinds[np.where(is_ticket, 1, np.where(columns["pay"] == OFFLINE, 2, 0))],
            "price": np.where(is_ticket, np.rint(prices * rate).astype(np.int64), columns["donation"]),
            "overhead": columns["overhead"],
            "raw_overhead": columns["raw_overhead"],
            **{name: total[name] - on_top[name] for name in total},
        },
    )
    at = np.flatnonzero(has_both)
    scene.store.insert(
        "transaction_items",
        {
            "id": ids[at] - 1,
            "organization_id": scene.organization,
            "transaction_id": columns["id"][at],
            "quantity": 1,
            "product_name": "Donation",
            "type": "donation",
            "price": on_top["donation"][at],
            "overhead": 0,
            "raw_overhead": 0,
            **{name: part[at] for name, part in on_top.items()},
        },
    )
    _write_registrations(scene, ledger, registration_base, ids, products)


def _gifts_on_top(ledger: Ledger, has_both: Flags, rate: Floats, total: dict[str, Ints]) -> dict[str, Ints]:
    """Per transaction: the part of its totals that is a gift on top of a ticket, or 0."""
    columns, gift = ledger.columns, ledger.sales.gift
    donation = np.minimum(np.rint(gift * rate).astype(np.int64), total["donation"])
    donation = np.where(has_both, donation, 0)
    final = np.where(has_both, donation + columns["adjustment"], 0)
    return {
        "final": final,
        "donation": donation,
        "fees": np.where(has_both, total["fees"] * final // np.maximum(total["final"], 1), 0),
        "raw_final": np.where(has_both, gift + columns["raw_adjustment"], 0),
    }


def _products(ledger: Ledger, campaigns: Campaigns) -> tuple[Objects, Ints, Ints]:
    """Return each transaction's name, id and price of its ticket type; of a gift "Donation" and 0."""
    sales = ledger.sales
    size = len(sales.day)
    names = np.full(size, "Donation", dtype=object)
    products, prices = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
    for position, group in campaigns.tickets.items():
        for number, ticket in enumerate(group):
            mine = (sales.campaign == position) & (sales.ticket_type == number)
            names[mine], products[mine], prices[mine] = ticket["name"], ticket["id"], ticket["price"]
    return names, products, prices


def _write_registrations(scene: Scene, ledger: Ledger, base: int, items: Ints, products: Ints) -> None:
    columns, sales = ledger.columns, ledger.sales
    is_valid = (sales.ticket_type >= 0) & np.isin(columns["status"], ["success", "refunded"])
    at = np.repeat(np.flatnonzero(is_valid), sales.quantity[is_valid])
    names = draw_names(scene.rng, len(at))
    is_refunded = columns["status"][at] == "refunded"
    copied = ("campaign_id", "fundraising_page_id", "member_id", "created_at", "updated_at")
    scene.store.insert(
        "registrations",
        {
            "id": base + np.cumsum(scene.rng.integers(1, 6, len(at))),
            "organization_id": scene.organization,
            **{name: columns[name][at] for name in copied},
            "supporter_id": scene.people.ids[sales.supporter[at]],
            "transaction_id": columns["id"][at],
            "transaction_item_id": items[at],
            "ticket_type_id": products[at],
            "first_name": [first for first, _ in names],
            "last_name": [last for _, last in names],
            "email": [f"guest{n}@example.org" for n in range(len(at))],
            "status": np.where(is_refunded, "not_attending", "attending").astype(object),
            "tshirt_size": [_SHIRTS[n % len(_SHIRTS)] for n in range(len(at))],
            "date_of_birth": [-n * 37 % 9000 * DAY if n % 3 else None for n in range(len(at))],
        },
    )
    scene.store.execute(
        "UPDATE base_ticket_types SET quantity_sold = (SELECT COUNT(*) FROM base_registrations r"
        " WHERE r.ticket_type_id = base_ticket_types.id) WHERE organization_id = ?",
        [scene.organization],
    )
