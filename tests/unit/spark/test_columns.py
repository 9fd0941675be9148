"""The schema of every resource, and the batches that fit it."""

from __future__ import annotations

import json
from decimal import Decimal

import pyarrow as pa
import pytest

from classy_nb import catalog
from classy_nb.errors import UsageError
from classy_nb.frames import TableBuilder
from classy_nb.spark.columns import batches, column_types, schema
from classy_nb.spark.options import read_options

RESOURCES = sorted(name for name, spec in catalog.load().resources.items() if spec.lists)


def types(**options: str) -> dict[str, str]:
    query = read_options({"resource": "transactions", **options}).query()
    return {name: spark for name, (spark, _) in column_types(query).items()}


def test_every_kind_of_column_has_its_type_in_spark() -> None:
    found = types(include="supporter,items")
    assert list(found)[:3] == ["_organization_id", "id", "purchased_at"]
    assert list(found)[-1] == "_unknown"
    assert found["_organization_id"] == found["id"] == found["campaign_id"] == "bigint"
    assert found["total_gross_amount"] == "decimal(18,2)"
    assert found["purchased_at"] == "timestamp"
    assert found["status"] == found["metadata"] == found["items"] == found["supporter_city"] == "string"
    assert "boolean" in found.values()
    assert types(resource="payouts", since="2026-01-01")["payout_date"] == "date"


def test_fields_choose_columns_and_the_id_comes_along() -> None:
    assert list(types(fields="status,total_gross_amount")) == [
        *("_organization_id", "id", "status", "total_gross_amount", "_unknown")
    ]


def test_the_schema_is_one_that_spark_reads() -> None:
    query = read_options({"resource": "transactions", "fields": "status"}).query()
    assert schema(query) == "`_organization_id` bigint, `id` bigint, `status` string, `_unknown` string"


@pytest.mark.parametrize("resource", RESOURCES)
def test_no_two_columns_differ_in_their_case_alone(resource: str) -> None:
    options = {"resource": resource}
    if resource == "payouts":
        options["since"] = "2026-01-01"
    try:
        query = read_options(options).query()
    except UsageError:
        return  # it needs a parent
    names = [name.lower() for name in column_types(query)]
    assert len(set(names)) == len(names)


def test_batches_have_exactly_the_types_of_the_schema() -> None:
    query = read_options(
        {"resource": "transactions", "fields": "status,total_gross_amount,purchased_at"}
    ).query()
    columns = query.with_decimals().columns
    builder = TableBuilder(columns, timezone="America/Los_Angeles")
    builder.add(
        [
            {
                "id": 2**53 + 1,
                "status": "success",
                "total_gross_amount": 10.1,
                "purchased_at": "2026-01-01T02:00:00+0000",
            },
            {"id": 7, "new": {"a": [1]}, "other": "x"},
            {"id": 8, "other": None},
        ]
    )
    (batch,) = batches(builder.table(), query, 12)
    assert batch.schema.types == [
        *(pa.int64(), pa.int64(), pa.string(), pa.decimal128(18, 2), pa.timestamp("us", "UTC"), pa.string())
    ]
    rows = batch.to_pylist()
    assert [row["_organization_id"] for row in rows] == [12, 12, 12]
    assert rows[0]["id"] == 2**53 + 1
    assert rows[0]["total_gross_amount"] == Decimal("10.10")
    assert rows[0]["purchased_at"].isoformat() == "2026-01-01T02:00:00+00:00"
    assert json.loads(rows[1]["_unknown"]) == {"new": {"a": [1]}, "other": "x"}
    assert rows[1]["status"] is None
    assert (rows[0]["_unknown"], rows[2]["_unknown"]) == (None, None)


def test_no_rows_are_no_batches() -> None:
    query = read_options({"resource": "transactions"}).query()
    assert list(batches(TableBuilder(query.with_decimals().columns).table(), query, 12)) == []
