"""The synthetic organizations: numbers that hang together, the same for the same seed.

The sandbox hands over a store and calls :func:`build` for each organization; names, prices, shares and odds
stand in ``knobs.toml``. The order in which chance is drawn is a part of the data: a draw that is added,
dropped or moved changes everything after it.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import numpy as np

from . import campaigns, fundraising, gifts, items, ledger, people, plans
from .scene import KNOBS, Calendar, Scene, giving_tuesday

if TYPE_CHECKING:
    from classy_nb.sandbox.store import Store

__all__ = ["build", "giving_tuesday", "organization_id", "sizes"]
_KNOBS = KNOBS["organization"]


def organization_id(position: int) -> int:
    """Return the id of the organization at this position."""
    return 64_531 + 97 * position


def sizes(transactions: int) -> dict[str, int]:
    """Return how many supporters, campaigns, plans and pages go with so many transactions."""
    share = transactions / _KNOBS["transactions"]
    return {
        "supporters": max(1, round(_KNOBS["supporters"] * share)),
        "campaigns": max(15, round(_KNOBS["campaigns"] * (share if share < 1 else share**0.5))),
        "plans": max(1, round(_KNOBS["plans"] * share)),
        "pages": max(20, round(_KNOBS["pages"] * share)),
    }


def build(store: Store, *, seed: int, today: date, transactions: int, position: int) -> None:
    """Fill *store* with one organization of so many transactions."""
    size = sizes(transactions)
    rng = np.random.default_rng([seed, position])
    dirt = np.random.default_rng([seed, position, 1])
    scene = Scene(store, rng, dirt, Calendar(today), organization_id(position), position)
    if position == 0:
        _write_lookups(scene)
    _write_organization(scene)
    scene.campaigns = campaigns.build(scene, 210_000 + 100_000 * position, size["campaigns"])
    scene.people = people.invent(
        rng, 31_000_000 + 4_000_000 * position, 8_400_000 + 3_000_000 * position, size["supporters"]
    )
    drawn = plans.draw(scene, 1_900_000 + 1_000_000 * position, size["plans"], transactions)
    pages = fundraising.build(
        scene, 610_000 + 400_000 * position, 4_100_000 + 4_000_000 * position, size["pages"]
    )
    tickets = round(_KNOBS["tickets_share"] * transactions)
    sales = (
        gifts.draw_gifts(scene, transactions - tickets - len(drawn.charge_plan)),
        gifts.draw_tickets(scene, tickets),
    )
    # Half of the first organization's ids lie above 2**31.
    base = 2**31 - 15 * transactions + 2**33 * position
    book = ledger.assemble(scene, pages, drawn, sales, base)
    store.insert("transactions", {"organization_id": scene.organization, **book.columns})
    items.write(scene, book, 5 * 10**9 * (position + 1), 7 * 10**7 * (position + 1))
    plans.write(scene, drawn)
    is_known = book.supporter >= 0
    people.write(
        scene,
        book.supporter[is_known],
        book.columns["created_at"][is_known],
        book.columns["campaign_id"][is_known],
    )
    _lose_dates(scene)


def _write_lookups(scene: Scene) -> None:
    payments = KNOBS["payments"]
    first = (scene.calendar.start.year - 1970) * 12
    batches = [
        {
            "id": month - 300,
            "vendor_name": "Mailroom, Inc.",
            "number": f"B{month:05d}",
            "sequence": f"{n % 12 + 1:03d}",
            "day": f"{1970 + month // 12:04d}-{month % 12 + 1:02d}-01",
        }
        for n, month in enumerate(range(first, first + 100))
    ]
    with scene.store.writing() as connection:
        for table, rows in (
            ("payments", payments["ways"]),
            ("sources", payments["sources"]),
            ("batches", batches),
            ("answer_texts", [{"location": k, "texts": json.dumps(v)} for k, v in KNOBS["answers"].items()]),
        ):
            for row in rows:
                marks = ", ".join(f":{name}" for name in row)
                connection.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", row)


def _lose_dates(scene: Scene) -> None:
    """Make some dates null that the API's document declares never null, as old records have it."""
    for column, share in KNOBS["missing_dates"].items():
        table, name = column.split(".")
        scene.store.execute(
            f"UPDATE base_{table} SET {name} = NULL"
            " WHERE organization_id = ? AND (id * 2654435761 >> 16) % 1000 < ?",
            [scene.organization, round(1000 * share)],
        )


def _write_organization(scene: Scene) -> None:
    row = {
        "id": scene.organization,
        "name": _KNOBS["names"][scene.position % len(_KNOBS["names"])],
        "created_at": int(datetime(2014, 5, 6, 15, tzinfo=UTC).timestamp()),
        "updated_at": scene.calendar.seconds(scene.calendar.days - 30),
    }
    scene.store.insert_rows("organizations", [row])
