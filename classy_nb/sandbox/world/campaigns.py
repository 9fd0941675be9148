"""Campaigns and what belongs to them: designations, questions and ticket types."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from .scene import DAY, KNOBS, ZONES, Calendar, Ints, Scene, giving_tuesday

if TYPE_CHECKING:
    from classy_nb.sandbox.store import Store

_KNOBS = KNOBS["campaigns"]
_EVERGREEN: list[tuple[str, str]] = [tuple(pair) for pair in _KNOBS["evergreen"]]
_TICKETS: dict[str, Any] = _KNOBS["tickets"]
PAGE_TYPES: list[str] = _KNOBS["with_pages"]


@dataclass(frozen=True)
class Campaigns:
    """What the gifts need to know of the campaigns, by their position."""

    ids: Ints
    kinds: list[str]
    first: Ints
    """The first day of each."""
    last: Ints
    zone: Ints
    currency: list[str]
    designation: Ints
    """The designation of each."""
    designations: Ints
    """All designations of the organization."""
    tickets: dict[int, list[dict[str, Any]]]

    @property
    def evergreen(self) -> Ints:
        """Positions of the campaigns that never end."""
        return np.arange(len(_EVERGREEN))

    def of_kind(self, *kinds: str) -> list[int]:
        """Positions of the campaigns of these types."""
        return [n for n, kind in enumerate(self.kinds) if kind in kinds]


def build(scene: Scene, base: int, count: int) -> Campaigns:
    """Fill campaigns, designations, questions and ticket types of one organization."""
    designations = _designations(scene, base)
    rows, windows = [], []
    for n in range(count):
        name, kind, first, last = _occasion(n, scene.rng, scene.calendar)
        rows.append(_campaign(n, scene, name, kind, (first, last)))
        rows[-1] |= {"id": base + n * 37 + n % 3, "designation_id": designations[n % 5]}
        windows.append((first, scene.calendar.days if last is None else last))
    scene.store.insert_rows("campaigns", rows)
    _questions(scene.store, rows)
    return Campaigns(
        ids=np.array([row["id"] for row in rows]),
        kinds=[row["type"] for row in rows],
        first=np.array([first for first, _ in windows]),
        last=np.array([last for _, last in windows]),
        zone=np.array([ZONES.index(row["timezone_identifier"]) for row in rows]),
        currency=[row["raw_currency_code"] for row in rows],
        designation=np.array([row["designation_id"] for row in rows]),
        designations=np.array(designations),
        tickets=_ticket_types(scene.store, rows, base),
    )


def _occasion(n: int, rng: np.random.Generator, calendar: Calendar) -> tuple[str, str, int, int | None]:
    """Return name, type, first and last day of a campaign; no last day if it never ends."""
    if n < len(_EVERGREEN):
        return *_EVERGREEN[n], 0, None
    turn, slot = divmod(n - len(_EVERGREEN), len(_KNOBS["types"]))
    kind = _KNOBS["types"][slot]
    this_year = calendar.today.year
    if kind == "giving_tuesday":
        year = this_year - 1 - turn % 5
        center = calendar.day_of(giving_tuesday(year))
        return f"GivingTuesday {year}", "donation", center - 20, center + 4
    if kind == "year_end":
        year = this_year - 1 - turn % 5
        start = calendar.day_of(giving_tuesday(year)) + 6
        return f"Year-End Appeal {year}", "donation", start, start + 40
    year = this_year - turn % 6
    spring = calendar.start.replace(year=year) + timedelta(days=int(rng.integers(20, 260)))
    start = min(calendar.day_of(spring), calendar.days - 1 - 30)
    longest = 240 if kind in PAGE_TYPES else 160
    end = start + int(rng.integers(longest // 3, longest))
    return f"{cause_of(n)} {kind.replace('_', ' ').title()} {year}", kind, start, end


def cause_of(n: int) -> str:
    """Return what the campaign at this position is for."""
    return str(_KNOBS["causes"][n % len(_KNOBS["causes"])])


def _campaign(n: int, scene: Scene, name: str, kind: str, window: tuple[int, int | None]) -> dict[str, Any]:
    rng, calendar = scene.rng, scene.calendar
    first, last = window
    currency = _KNOBS["currencies"].get(str(n % 36), "USD")
    zone = ZONES[_KNOBS["zones"][n % len(_KNOBS["zones"])]]
    is_over = last is not None and last < calendar.days
    goal = int(rng.choice(_KNOBS["goals"])) * 100
    created = calendar.seconds(max(first - 25, -200)) + int(rng.integers(0, DAY))
    updated = created + int(rng.integers(DAY, 300 * DAY))
    return {
        "organization_id": scene.organization,
        "is_general": int(n < len(_EVERGREEN)),
        "logo_id": 10_000 + n if n % 4 == 0 else None,
        "category_id": n % 6 or None,
        "name": name + (", with friends" if n % 11 == 5 else ""),
        "internal_name": f"#{n:03d} {name}" if n % 3 else None,
        "type": kind,
        "status": ("unpublished" if n % 2 else "deactivated") if is_over and n % 3 == 0 else "active",
        "timezone_identifier": _KNOBS["currency_zones"].get(currency, zone),
        "raw_currency_code": currency,
        "venue": "Harbor Hall, 2nd floor" if kind == "ticketed" else None,
        "city": "San Diego" if kind in _TICKETS else None,
        "state": "CA" if kind in _TICKETS else None,
        "postal_code": ("92101", "02139", None)[n % 3],
        "country": "US" if kind in _TICKETS else None,
        "contact_email": "events@example.org" if n % 2 else None,
        "external_id": f"{n * 7919 % 100000:05d}" if n % 7 == 0 else None,
        "custom_url": f"https://example.org/give/{n}" if n % 10 == 0 else None,
        "goal": round(goal * _rate(currency)),
        "raw_goal": goal,
        "created_at": created,
        "updated_at": min(updated, calendar.seconds(calendar.days)),
        "started_at": calendar.seconds(first) + 8 * 3600,
        "ended_at": None if last is None else calendar.seconds(last) + 8 * 3600,
    }


def _rate(currency: str) -> float:
    money = KNOBS["transactions"]
    return float(money["rates"][money["currencies"].index(currency)])


def _designations(scene: Scene, base: int) -> list[int]:
    calendar, names, closed = scene.calendar, _KNOBS["designations"], _KNOBS["closed_designation"]
    ages = scene.rng.integers(10, 900, len(names))
    rows = []
    for n, (name, age) in enumerate(zip(names, ages, strict=True)):
        created = calendar.seconds(0) - DAY * int(age)
        row = {
            "id": base // 10 + 11 * n,
            "organization_id": scene.organization,
            "name": name,
            "description": None if n % 4 == 3 else f"Goes to {name.lower()}.",
            "external_reference_id": f"{n:04d}" if n % 2 else None,
            "city": "San Diego" if n % 3 else None,
            "state": "CA" if n % 3 else None,
            "postal_code": "02139" if n % 3 == 2 else None,
            "goal": None if n % 5 == 4 else 100_000 * (n + 1),
            "is_active": int(n != closed),
            "is_complete": int(n == closed),
            "is_default": int(n == 0),
            "created_at": created,
            "updated_at": created + 40 * DAY,
            "start_time": created if n % 2 else None,
            "end_time": created + 400 * DAY if n == closed else None,
        }
        rows.append(row)
    scene.store.insert_rows("designations", rows)
    return [int(row["id"]) for row in rows]


def _questions(store: Store, campaigns: list[dict[str, Any]]) -> None:
    rows: list[dict[str, Any]] = []
    for campaign in campaigns:
        asked = [*_KNOBS["questions"]["all"]]
        asked += _KNOBS["questions"]["with_pages"] if campaign["type"] in PAGE_TYPES else []
        asked += _KNOBS["questions"]["with_tickets"] if campaign["type"] in _TICKETS else []
        for weight, (location, kind, tag, label) in enumerate(asked):
            is_deleted = len(rows) % 17 == 16
            row = {
                "id": campaign["id"] * 8 + weight,
                "organization_id": campaign["organization_id"],
                "campaign_id": campaign["id"],
                "is_deleted": int(is_deleted),
                "is_required": len(rows) % 2,
                "is_pre_conversion": 0,
                "weight": weight,
                "label": label,
                "location": location,
                "type": kind,
                "tag": tag or None,
                "created_at": campaign["created_at"],
                "updated_at": campaign["created_at"] + DAY,
                "deleted_at": campaign["updated_at"] if is_deleted else None,
            }
            rows.append(row)
    store.insert_rows("questions", rows)


def _ticket_types(
    store: Store, campaigns: list[dict[str, Any]], base: int
) -> dict[int, list[dict[str, Any]]]:
    """Fill the ticket types; return them by the position of their campaign."""
    tickets: dict[int, list[dict[str, Any]]] = {}
    for position, campaign in enumerate(campaigns):
        for weight, (name, price, overhead) in enumerate(_TICKETS.get(campaign["type"], ())):
            ticket = {
                "id": base // 5 + position * 4 + weight,
                "organization_id": campaign["organization_id"],
                "campaign_id": campaign["id"],
                "commitment_id": 98_000 + position if campaign["type"] == "fund_for_entry" else None,
                "is_active": 1,
                "quantity_available": 500 if weight == 1 else None,
                "quantity_sold": 0,
                "max_per_transaction": 10,
                "weight": weight,
                "name": name,
                "description": f'{name}, includes "the shirt"' if weight == 0 else None,
                "created_at": campaign["created_at"],
                "updated_at": campaign["updated_at"],
                "started_at": campaign["started_at"],
                "ended_at": campaign["ended_at"],
                "price": price,
                "overhead": overhead,
            }
            tickets.setdefault(position, []).append(ticket)
    store.insert_rows("ticket_types", [ticket for group in tickets.values() for ticket in group])
    return tickets
