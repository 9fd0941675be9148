"""The synthetic organization: numbers that hang together, the same for the same seed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import numpy as np

from . import campaigns, fundraising, gifts, items, ledger, payments, people, plans
from .calendar import Calendar
from .scene import Plot, Scene

if TYPE_CHECKING:
    from classy_nb.sandbox.store import Store

_TICKET_SHARE = 0.08
FULL = 60_100
"""Transactions of the organization that the other numbers are taken from."""
_NAMES = (
    "Stand-in Harbor Foundation",
    "Stand-in Hills Trust",
    "Stand-in Lakes Society",
    "Stand-in Plains Fund",
    "Stand-in Islands League",
    "Stand-in Forest Circle",
)


@dataclass(frozen=True)
class Size:
    """How many records of each kind an organization has."""

    transactions: int
    supporters: int
    campaigns: int
    plans: int
    pages: int

    @classmethod
    def of(cls, transactions: int) -> Size:
        """Scale a real organization: 60,100 transactions, 9,480 supporters, 75 campaigns, 1,965 plans."""
        share = transactions / FULL
        return cls(
            transactions,
            max(1, round(9_480 * share)),
            max(15, round(75 * (share if share < 1 else share**0.5))),
            max(1, round(1_965 * share)),
            max(20, round(1_450 * share)),
        )


def organization_id(position: int) -> int:
    """Id of the organization at this position."""
    return 64_531 + 97 * position


def build(store: Store, *, seed: int, today: date, transactions: int, position: int) -> Size:
    """Fill *store* with one organization of so many transactions; return the sizes."""
    size = Size.of(transactions)
    calendar = Calendar(today)
    scene = Scene(
        store, np.random.default_rng([seed, position]), calendar, organization_id(position), position
    )
    if position == 0:
        _lookups(scene)
    _organization(scene)
    scenery = campaigns.build(scene, 210_000 + 100_000 * position, size.campaigns)
    crowd = people.invent(
        scene.rng, 31_000_000 + 4_000_000 * position, 8_400_000 + 3_000_000 * position, size.supporters
    )
    plot = Plot(store, scene.rng, calendar, scene.organization, position, scenery, crowd)
    _transactions(plot, size)
    return size


def _transactions(plot: Plot, size: Size) -> None:
    position, total = plot.position, size.transactions
    drawn = plans.draw(plot, 1_900_000 + 1_000_000 * position, size.plans, total)
    pages = fundraising.build(
        plot, 610_000 + 400_000 * position, 4_100_000 + 4_000_000 * position, size.pages
    )
    tickets = round(_TICKET_SHARE * total)
    sales = (
        gifts.draw_gifts(plot, total - tickets - len(drawn.charge_plan)),
        gifts.draw_tickets(plot, tickets),
    )
    # Half of the first organization's ids lie above 2**31.
    book = ledger.assemble(plot, pages, drawn, sales, 2**31 - 15 * total + 2**33 * position)
    plot.store.insert("transactions", {"organization_id": np.full(total, plot.organization), **book.columns})
    items.write(plot, book, 5 * 10**9 * (position + 1), 7 * 10**7 * (position + 1))
    plans.write(plot, drawn)
    _write_people(plot, book)


def _write_people(plot: Plot, book: ledger.Ledger) -> None:
    known = book.supporter >= 0
    who, when = book.supporter[known], book.columns["created_at"][known]
    first = np.full(plot.people.size, int(when.max()))
    last = np.full(plot.people.size, int(when.min()))
    np.minimum.at(first, who, when)
    np.maximum.at(last, who, when)
    campaign = np.full(plot.people.size, int(plot.campaigns.ids[0]))
    campaign[who[::-1]] = book.columns["campaign_id"][known][::-1]
    people.write(plot, plot.people, first=first, last=np.maximum(first, last), campaign=campaign)


def _lookups(scene: Scene) -> None:
    calendar = scene.calendar
    with scene.store.writing() as connection:
        connection.executemany("INSERT INTO payments VALUES (?,?,?,?,?,?)", payments.PAYMENTS)
        connection.executemany("INSERT INTO sources VALUES (?,?,?,?,?,?,?,?,?)", payments.SOURCES)
        first = (calendar.start.year - 1970) * 12
        rows = [
            (
                month - 300,
                "Mailroom, Inc.",
                f"B{month:05d}",
                f"{n % 12 + 1:03d}",
                f"{1970 + month // 12:04d}-{month % 12 + 1:02d}-01",
            )
            for n, month in enumerate(range(first, first + 100))
        ]
        connection.executemany("INSERT INTO batches VALUES (?,?,?,?,?)", rows)


def _organization(scene: Scene) -> None:
    created = int(datetime(2014, 5, 6, 15, tzinfo=UTC).timestamp())
    scene.store.insert(
        "organizations",
        {
            "id": [scene.organization],
            "name": [_NAMES[scene.position % len(_NAMES)]],
            "description": ["Invented for the sandbox of classy_nb: a stand-in, no real organization."],
            "mission": ["To be counted, filtered and sorted."],
            "city": ["San Diego"],
            "state": ["CA"],
            "postal_code": ["92101"],
            "timezone_identifier": ["America/Los_Angeles"],
            "url": ["https://standin.example.org/"],
            "created_at": [created],
            "updated_at": [scene.calendar.seconds(scene.calendar.days - 30)],
        },
    )
