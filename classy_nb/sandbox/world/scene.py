"""What every part of the invented world needs: where to write, chance, the days, whose data it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from classy_nb.sandbox.store import Store

    from .calendar import Calendar
    from .campaigns import Campaigns
    from .people import People


@dataclass(frozen=True)
class Scene:
    """One organization about to be invented."""

    store: Store
    rng: np.random.Generator
    calendar: Calendar
    organization: int
    position: int
    """0 for the first organization; ids start elsewhere for each."""


@dataclass(frozen=True)
class Plot(Scene):
    """The same when its campaigns and people are known."""

    campaigns: Campaigns
    people: People
