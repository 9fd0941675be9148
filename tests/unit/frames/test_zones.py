"""Instants as clocks show them: the same without Arrow's time zone database as with it."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from classy_nb.frames import local_timestamp

MOMENTS = [
    datetime(2026, 3, 8, 9, 59, 59, 999_999, tzinfo=UTC),
    datetime(2026, 3, 8, 10, tzinfo=UTC),
    None,
    datetime(2026, 11, 1, 8, 30, tzinfo=UTC),
    datetime(2026, 11, 1, 9, 30, tzinfo=UTC),
    datetime(1880, 1, 1, tzinfo=UTC),
    datetime(2037, 7, 1, tzinfo=UTC),
    datetime(2026, 3, 8, 10, tzinfo=UTC),
]


@pytest.fixture
def no_database(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Any) -> None:
        raise pa.ArrowInvalid("Cannot locate or parse timezone: Timezone database not found")

    monkeypatch.setattr(pc, "local_timestamp", refuse)


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "UTC", "Asia/Kathmandu", "Australia/Lord_Howe"])
@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("rows", [MOMENTS, [], [None]])
def test_without_the_database_clocks_show_the_same(
    zone: str, unit: str, rows: list[Any], request: pytest.FixtureRequest
) -> None:
    instants = pa.array(rows, pa.timestamp("us", zone)).cast(pa.timestamp(unit, zone), safe=False)
    expected = pc.local_timestamp(instants)
    assert local_timestamp(instants).equals(expected)
    request.getfixturevalue("no_database")
    assert local_timestamp(instants).equals(expected)
    chunked = pa.chunked_array([instants, instants], instants.type)
    assert pa.chunked_array([local_timestamp(chunked)]).equals(pa.chunked_array([expected, expected]))


@pytest.mark.parametrize(
    "zone", ["America/Los_Angeles", "Europe/Berlin", "Australia/Sydney", "Asia/Kolkata", "UTC"]
)
def test_clocks_still_change_after_2037(zone: str) -> None:
    moments = [
        datetime(year, month, 15, 12, tzinfo=UTC) for year in (2026, 2037, 2038, 2099) for month in (1, 7)
    ]
    found = local_timestamp(pa.array([*moments, None], pa.timestamp("us", zone)))
    shown = [moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for moment in moments]
    assert found.to_pylist() == [*shown, None]


def test_a_zone_that_does_not_exist_is_refused_all_the_same(no_database: None) -> None:
    with pytest.raises(pa.ArrowInvalid, match="Cannot locate"):
        local_timestamp(pa.array(MOMENTS, pa.timestamp("us", "Mars/Olympus")))
