"""The items of the transactions (they add up to them, to the cent) and the registrations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ._calendar import DAY, Ints
from ._names import FIRST, LAST
from ._payments import OFFLINE

if TYPE_CHECKING:
    from ._campaigns import Campaigns
    from ._ledger import Ledger
    from ._scene import Plot

_SHIRTS = ("S", "M", "ML", "L", "XL", None)


def write(plot: Plot, ledger: Ledger, item_base: int, registration_base: int) -> None:
    """Fill transaction items and registrations."""
    store, rng, organization = plot.store, plot.rng, plot.organization
    columns, sales = ledger.columns, ledger.sales
    size = len(columns["id"])
    is_ticket = sales.ticket_type >= 0
    both = is_ticket & (sales.gift > 0)
    ids = item_base + np.cumsum(rng.integers(1, 9, size) + both)
    rate = columns["donation"] / np.maximum(columns["raw_donation"], 1)
    rate = np.where(columns["raw_currency_code"] == "USD", 1.0, rate)
    gift = np.where(both, np.minimum(np.rint(sales.gift * rate).astype(np.int64), columns["donation"]), 0)
    final = columns["donation"] + columns["overhead"] + columns["adjustment"]
    raw_final = columns["raw_donation"] + columns["raw_overhead"] + columns["raw_adjustment"]
    fees = columns["classy"] + columns["pp"]
    second_final = np.where(both, gift + columns["adjustment"], 0)
    second_raw = np.where(both, sales.gift + columns["raw_adjustment"], 0)
    second_fees = np.where(both, fees * second_final // np.maximum(final, 1), 0)
    names, products, prices = _products(ledger, plot.campaigns)
    store.insert(
        "transaction_items",
        {
            "id": ids,
            "organization_id": np.full(size, organization),
            "transaction_id": columns["id"],
            "product_id": np.ma.masked_equal(products, 0),
            "quantity": sales.quantity,
            "product_name": names,
            "type": _types(ledger, is_ticket),
            "price": np.where(is_ticket, np.rint(prices * rate).astype(np.int64), columns["donation"]),
            "final": final - second_final,
            "overhead": columns["overhead"],
            "donation": columns["donation"] - gift,
            "fees": fees - second_fees,
            "raw_final": raw_final - second_raw,
            "raw_overhead": columns["raw_overhead"],
        },
    )
    at = np.flatnonzero(both)
    zero = np.zeros(len(at), dtype=np.int64)
    store.insert(
        "transaction_items",
        {
            "id": ids[at] - 1,
            "organization_id": zero + organization,
            "transaction_id": columns["id"][at],
            "quantity": zero + 1,
            "product_name": np.full(len(at), "Donation", dtype=object),
            "type": np.full(len(at), "donation", dtype=object),
            "price": gift[at],
            "final": second_final[at],
            "overhead": zero,
            "donation": gift[at],
            "fees": second_fees[at],
            "raw_final": second_raw[at],
            "raw_overhead": zero,
        },
    )
    _registrations(plot, ledger, registration_base, items=ids, products=products)


def _types(ledger: Ledger, is_ticket: Any) -> Any:
    words = np.array(["donation", "registration", "offline_donation"], dtype=object)
    return words[np.where(is_ticket, 1, np.where(ledger.columns["pay"] == OFFLINE, 2, 0))]


def _products(ledger: Ledger, campaigns: Campaigns) -> tuple[Any, Ints, Ints]:
    sales = ledger.sales
    size = len(sales.day)
    names = np.full(size, "Donation", dtype=object)
    products, prices = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
    for position, group in campaigns.tickets.items():
        for number, ticket in enumerate(group):
            mine = (sales.campaign == position) & (sales.ticket_type == number)
            names[mine], products[mine], prices[mine] = ticket["name"], ticket["id"], ticket["price"]
    return names, products, prices


def _registrations(plot: Plot, ledger: Ledger, base: int, *, items: Ints, products: Ints) -> None:
    store, rng, organization = plot.store, plot.rng, plot.organization
    columns, sales = ledger.columns, ledger.sales
    valid = (sales.ticket_type >= 0) & np.isin(columns["status"], ["success", "refunded"])
    at = np.repeat(np.flatnonzero(valid), sales.quantity[valid])
    size = len(at)
    who = sales.supporter[at]
    first = [FIRST[n] for n in rng.integers(0, len(FIRST), size)]
    last = [LAST[n] for n in rng.integers(0, len(LAST), size)]
    refunded = columns["status"][at] == "refunded"
    store.insert(
        "registrations",
        {
            "id": base + np.cumsum(rng.integers(1, 6, size)),
            "organization_id": np.full(size, organization),
            "campaign_id": columns["campaign_id"][at],
            "fundraising_page_id": columns["fundraising_page_id"][at],
            "member_id": columns["member_id"][at],
            "supporter_id": plot.people.ids[who],
            "transaction_id": columns["id"][at],
            "transaction_item_id": items[at],
            "ticket_type_id": products[at],
            "first_name": first,
            "last_name": last,
            "email": [f"guest{n}@example.org" for n in range(size)],
            "status": np.where(refunded, "not_attending", "attending").astype(object),
            "tshirt_size": [_SHIRTS[n % 6] for n in range(size)],
            "created_at": columns["created_at"][at],
            "updated_at": columns["updated_at"][at],
            "date_of_birth": [-n * 37 % 9000 * DAY if n % 3 else None for n in range(size)],
        },
    )
    store.execute(
        "UPDATE base_ticket_types SET quantity_sold = (SELECT COUNT(*) FROM base_registrations r"
        " WHERE r.ticket_type_id = base_ticket_types.id) WHERE organization_id = ?", (organization,)
    )  # fmt: skip
