"""The tables of the main story: how each kind of record is stored and shown."""

from __future__ import annotations

from ._campaigns import CAMPAIGNS, DESIGNATIONS, ORGANIZATIONS, QUESTIONS, TICKET_TYPES
from ._derived import DERIVED as _DERIVED
from ._fundraising import PAGES, TEAMS
from ._people import MEMBERS, SUPPORTERS
from ._plans import PLANS
from ._social import SOCIAL
from ._traces import TRACES
from ._transactions import DONORS, ITEMS, LOOKUPS, REGISTRATIONS, TRANSACTIONS

STORED = (
    ORGANIZATIONS,
    MEMBERS,
    SUPPORTERS,
    CAMPAIGNS,
    DESIGNATIONS,
    QUESTIONS,
    TICKET_TYPES,
    TEAMS,
    PAGES,
    PLANS,
    TRANSACTIONS,
    ITEMS,
    REGISTRATIONS,
)
"""Tables that the world fills."""

DERIVED = (*_DERIVED, *TRACES, *SOCIAL)
"""Tables that follow from those."""

SHOWN = (DONORS,)
"""Further views of stored tables."""

__all__ = ["DERIVED", "LOOKUPS", "SHOWN", "STORED", "TRANSACTIONS"]
