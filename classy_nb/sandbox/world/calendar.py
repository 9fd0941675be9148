"""When people give: seasons, weekdays, GivingTuesday, the last days of the year, evenings; in local time."""

# The shares, odds and turns are the data of this file; a name for each would say less.
# ruff: noqa: PLR2004

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
DAY = 86_400
YEARS = 6
ZONES = (
    "America/Los_Angeles",
    "America/New_York",
    "America/Chicago",
    "Europe/London",
    "America/Toronto",
    "UTC",
    "Asia/Tokyo",
)
_MONTHS = (0.9, 0.8, 0.95, 1.0, 1.1, 0.95, 0.75, 0.75, 0.95, 1.1, 1.5, 2.6)
_HOURS = (2, 1, 1, 1, 1, 2, 3, 5, 7, 9, 10, 10, 10, 9, 8, 8, 8, 8, 9, 10, 12, 12, 9, 5)
_EVE_HOURS = (1, 1, 1, 1, 1, 1, 2, 3, 5, 7, 8, 9, 9, 9, 9, 9, 10, 12, 14, 16, 18, 20, 22, 24)


def giving_tuesday(year: int) -> date:
    """Return the Tuesday after the fourth Thursday of November."""
    first = date(year, 11, 1)
    return first + timedelta(days=(3 - first.weekday()) % 7 + 21 + 5)


class Calendar:
    """The days from the first of January, five years before *today*'s, to *today*."""

    def __init__(self, today: date) -> None:
        self.today = today
        self.start = date(today.year - YEARS + 1, 1, 1)
        self.days = (today - self.start).days + 1
        self.first_day = (self.start - date(1970, 1, 1)).days
        dates = [self.start + timedelta(days=n) for n in range(self.days)]
        self.weight = np.array([_weight(day, self.start) for day in dates])
        self._sum = np.concatenate([[0.0], np.cumsum(self.weight)])
        self._eve = np.array([(d.month, d.day) == (12, 31) for d in dates])
        self._offset = np.array([[_offset(day, ZoneInfo(zone)) for day in dates] for zone in ZONES])

    def draw(self, rng: np.random.Generator, low: Ints, high: Ints) -> Ints:
        """Draw one day (counted from the start) in each half-open window, by the season's weight."""
        low = np.clip(low, 0, self.days - 1)
        high = np.clip(high, low + 1, self.days)
        at = self._sum[low] + rng.random(len(low)) * (self._sum[high] - self._sum[low])
        found: Ints = np.clip(np.searchsorted(self._sum, at, side="right") - 1, low, high - 1)
        return found

    def clock(self, rng: np.random.Generator, days: Ints) -> Ints:
        """Draw a second of the local day: evenings more often, late on the last day of the year."""
        hours = _draw_hours(rng, _HOURS, len(days))
        late = _draw_hours(rng, _EVE_HOURS, len(days))
        return np.where(self._eve[days], late, hours) * 3600 + rng.integers(0, 3600, len(days))

    def instant(self, days: Ints, seconds: Ints, zones: Ints) -> Ints:
        """Seconds since 1970, UTC, of a local day and second."""
        found: Ints = (days + self.first_day) * DAY + seconds - self._offset[zones, days]
        return found

    def day_of(self, day: date) -> int:
        """Return the number of *day*, counted from the start."""
        return (day - self.start).days

    def seconds(self, day: int) -> int:
        """Midnight UTC of a day counted from the start."""
        return (day + self.first_day) * DAY


def _weight(day: date, start: date) -> float:
    weight = _MONTHS[day.month - 1] * (0.75 if day.weekday() >= 5 else 1.05)
    weight *= 1.0 + 0.12 * (day - start).days / 365.25
    if day == giving_tuesday(day.year):
        weight *= 14.0
    if day.month == 12 and day.day >= 29:
        weight *= {29: 2.0, 30: 3.5, 31: 9.0}[day.day]
    return weight


def _offset(day: date, zone: ZoneInfo) -> int:
    moment = datetime(day.year, day.month, day.day, 20, tzinfo=UTC).astimezone(zone)
    offset = moment.utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0


def _draw_hours(rng: np.random.Generator, weights: tuple[int, ...], size: int) -> Ints:
    share = np.array(weights, dtype=float)
    return rng.choice(24, size=size, p=share / share.sum())
