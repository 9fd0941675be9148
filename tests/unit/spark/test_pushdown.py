"""Spark's filters as conditions: never one that lets fewer rows through than the filter does."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from classy_nb.query import read_conditions
from classy_nb.spark.options import read_options
from classy_nb.spark.pushdown import push

QUERY = read_options({"resource": "transactions", "include": "supporter"}).query()
PAYOUTS = read_options({"resource": "payouts", "since": "2026-01-01"}).query()


@dataclass(frozen=True)
class Filter:
    """Stands for PySpark's class of the same name, which the unit tests do without."""

    attribute: tuple[str, ...]
    value: Any = None


class EqualTo(Filter): ...


class EqualNullSafe(Filter): ...


class GreaterThan(Filter): ...


class GreaterThanOrEqual(Filter): ...


class LessThan(Filter): ...


class LessThanOrEqual(Filter): ...


class In(Filter): ...


class IsNotNull(Filter): ...


class StringStartsWith(Filter): ...


@dataclass(frozen=True)
class Not:
    child: Filter


MOMENT = dt.datetime(2026, 1, 31, 18, 30, 0, 500_000, dt.timezone(dt.timedelta(hours=-8)))


@pytest.mark.parametrize(
    ("filter_", "conditions"),
    [
        (EqualTo(("campaign_id",), 7), ["campaign_id >= 7", "campaign_id <= 7"]),
        (GreaterThan(("id",), 7), ["id >= 7"]),
        (LessThan(("id",), 7), ["id <= 7"]),
        (In(("campaign_id",), (7, 7)), ["campaign_id >= 7", "campaign_id <= 7"]),
        (EqualTo(("status",), "success"), ["status = success"]),
        (EqualNullSafe(("status",), "success"), ["status = success"]),
        (EqualTo(("is_anonymous",), True), ["is_anonymous = true"]),
        (GreaterThanOrEqual(("total_gross_amount",), Decimal("10.00")), ["total_gross_amount >= 9.99"]),
        (LessThan(("total_gross_amount",), Decimal(10)), ["total_gross_amount <= 10.01"]),
        (GreaterThan(("purchased_at",), MOMENT), ["purchased_at >= 2026-02-01T02:30:00+00:00"]),
        (LessThanOrEqual(("purchased_at",), MOMENT), ["purchased_at <= 2026-02-01T02:30:01+00:00"]),
    ],
)
def test_a_filter_becomes_conditions_that_hold_for_its_rows(filter_: Filter, conditions: list[str]) -> None:
    assert list(push([filter_], QUERY).conditions) == conditions
    read_conditions(conditions, {column.name: column for column in QUERY.columns}, "UTC")


def test_a_day_may_have_a_time_at_the_server() -> None:
    success = EqualTo(("status",), "success")
    found = push([success, success, GreaterThan(("id",), 7)], QUERY)
    assert found.conditions == ("status = success", "id >= 7")
