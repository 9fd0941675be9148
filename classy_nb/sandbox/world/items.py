"""The items of the transactions (they add up to them, to the cent) and the registrations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .calendar import DAY, Flags, Floats, Ints
from .names import FIRST, LAST
from .payments import OFFLINE

if TYPE_CHECKING:
    from .campaigns import Campaigns
    from .ledger import Ledger
    from .scene import Plot

_SHIRTS = ("S", "M", "ML", "L", "XL", None)


def write(plot: Plot, ledger: Ledger, item_base: int, registration_base: int) -> None:
    """Fill transaction items and registrations."""
    sales = ledger.sales
    is_ticket = sales.ticket_type >= 0
    both = is_ticket & (sales.gift > 0)
    # A ticket with a gift on top has two items; the gift's id is the one before the ticket's.
    ids = item_base + np.cumsum(plot.rng.integers(1, 9, len(both)) + both)
    rate = _rate(ledger)
    total = _totals(ledger)
    extra = _gifts_on_top(ledger, both, rate, total)
    products = _write_items(plot, ledger, ids, rate=rate, total=total, extra=extra)
    _write_gifts_on_top(plot, ledger, ids, np.flatnonzero(both), extra)
    _registrations(plot, ledger, registration_base, items=ids, products=products)


def _rate(ledger: Ledger) -> Floats:
    """Dollars for one unit of each transaction's currency."""
    columns = ledger.columns
    rate = columns["donation"] / np.maximum(columns["raw_donation"], 1)
    return np.where(columns["raw_currency_code"] == "USD", 1.0, rate)


def _totals(ledger: Ledger) -> dict[str, Ints]:
    """Per transaction: what its items have to add up to."""
    columns = ledger.columns
    return {
        "final": columns["donation"] + columns["overhead"] + columns["adjustment"],
        "donation": columns["donation"],
        "fees": columns["classy"] + columns["pp"],
        "raw_final": columns["raw_donation"] + columns["raw_overhead"] + columns["raw_adjustment"],
    }


def _gifts_on_top(ledger: Ledger, both: Flags, rate: Floats, total: dict[str, Ints]) -> dict[str, Ints]:
    """Per transaction: the part of its totals that is a gift on top of a ticket; 0 where there is none."""
    columns, gift = ledger.columns, ledger.sales.gift
    donation = np.where(both, np.minimum(np.rint(gift * rate).astype(np.int64), total["donation"]), 0)
    final = np.where(both, donation + columns["adjustment"], 0)
    return {
        "final": final,
        "donation": donation,
        "fees": np.where(both, total["fees"] * final // np.maximum(total["final"], 1), 0),
        "raw_final": np.where(both, gift + columns["raw_adjustment"], 0),
    }


def _write_items(
    plot: Plot, ledger: Ledger, ids: Ints, *, rate: Floats, total: dict[str, Ints], extra: dict[str, Ints]
) -> Ints:
    """Fill one item of each transaction, without the gift on top; return its product, or 0."""
    columns, sales = ledger.columns, ledger.sales
    is_ticket = sales.ticket_type >= 0
    names, products, prices = _products(ledger, plot.campaigns)
    plot.store.insert(
        "transaction_items",
        {
            "id": ids,
            "organization_id": np.full(len(ids), plot.organization),
            "transaction_id": columns["id"],
            "product_id": np.ma.masked_equal(products, 0),
            "quantity": sales.quantity,
            "product_name": names,
            "type": _types(ledger, is_ticket),
            "price": np.where(is_ticket, np.rint(prices * rate).astype(np.int64), columns["donation"]),
            "overhead": columns["overhead"],
            "raw_overhead": columns["raw_overhead"],
            **{name: total[name] - extra[name] for name in total},
        },
    )
    return products


def _write_gifts_on_top(plot: Plot, ledger: Ledger, ids: Ints, at: Ints, extra: dict[str, Ints]) -> None:
    zero = np.zeros(len(at), dtype=np.int64)
    plot.store.insert(
        "transaction_items",
        {
            "id": ids[at] - 1,
            "organization_id": zero + plot.organization,
            "transaction_id": ledger.columns["id"][at],
            "quantity": zero + 1,
            "product_name": np.full(len(at), "Donation", dtype=object),
            "type": np.full(len(at), "donation", dtype=object),
            "price": extra["donation"][at],
            "overhead": zero,
            "raw_overhead": zero,
            **{name: part[at] for name, part in extra.items()},
        },
    )


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
