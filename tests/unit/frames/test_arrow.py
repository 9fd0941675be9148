"""The edge to Arrow: plain types, streams with fixed columns, exact money."""

from collections.abc import Generator
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from support.frames import table_of

from classy_nb import catalog
from classy_nb.catalog import Column
from classy_nb.errors import DataWarning, UnexpectedAnswerError
from classy_nb.frames import stream, to_arrow

COLUMNS = (
    Column("id", "int"),
    Column("total_gross_amount", "float"),
    Column("applied_fot_percent", "float"),
    Column("metadata", "json"),
    Column("items", "list", record="TransactionItem"),
)
CENTS = pa.decimal128(18, 2)


def test_plain_types() -> None:
    table = to_arrow(table_of([{"id": 1, "metadata": {"a": 1}, "items": [{"id": 2}], "new": 3}], COLUMNS))
    assert [str(field.type) for field in table.schema][:4] == ["int64", "double", "double", "large_string"]
    assert table["metadata"].to_pylist() == ['{"a":1}']
    assert table["items"].to_pylist()[0][0]["id"] == 2
    assert (table.schema.field("new").type, table["new"].to_pylist()) == (pa.int64(), [3])
    assert not any(field.metadata for field in table.schema)


@pytest.mark.parametrize("records", [[], [{}], [{"items": []}], [{"items": [{}]}]])
def test_the_types_are_the_same_for_any_rows(records: list[Any]) -> None:
    full = table_of([{"id": 1, "items": [{"id": 2, "final_price": "2.50"}]}], COLUMNS)
    assert to_arrow(table_of(records, COLUMNS)).schema.equals(to_arrow(full).schema)


@pytest.mark.parametrize(
    ("sent", "exact"),
    [
        (25, "25.00"),
        (25.1, "25.10"),
        ("10.50", "10.50"),
        (" 7 ", "7.00"),
        ("", None),
        (None, None),
        (-0.01, "-0.01"),
        ("10000.000", "10000.00"),
        (0.8200000000000001, "0.82"),
        (Decimal("123456789012345.67"), "123456789012345.67"),
        (10**14, "100000000000000.00"),
        (1e3, "1000.00"),
    ],
)
def test_amounts_are_made_of_their_digits(sent: Any, exact: str | None) -> None:
    columns = catalog.with_decimals(COLUMNS)
    for records in (
        [{"total_gross_amount": sent}],
        [{"total_gross_amount": sent}, {"total_gross_amount": "1.5"}],
    ):
        table = to_arrow(table_of(records, columns), decimal=True)
        assert table.schema.field("total_gross_amount").type == CENTS
        assert table.schema.field("applied_fot_percent").type == pa.float64()
        assert table["total_gross_amount"][0].as_py() == (None if exact is None else Decimal(exact))


def test_amounts_in_lists_are_decimals_only_where_they_are_asked_for() -> None:
    table = table_of([{"items": [{"final_price": "2.50"}]}], COLUMNS)
    floats, decimals = to_arrow(table), to_arrow(table, decimal=True)
    assert floats["items"][0][0]["final_price"] == pa.scalar(2.5)
    assert decimals["items"][0][0]["final_price"] == pa.scalar(Decimal("2.50"), CENTS)


def test_a_fraction_of_a_cent_is_rounded_with_a_warning() -> None:
    columns = catalog.with_decimals(COLUMNS)
    with pytest.warns(DataWarning, match="1 of 2 values of 'total_gross_amount', which holds cents"):
        table = table_of([{"total_gross_amount": 1.235}, {"total_gross_amount": 1}], columns)
    assert table["total_gross_amount"].to_pylist() == [Decimal("1.24"), Decimal("1.00")]


@pytest.mark.parametrize("sent", [10**16, "9999999999999999.999", "1e300", "much", True, [1]])
def test_what_is_no_amount_becomes_missing_with_a_warning(sent: Any) -> None:
    with pytest.warns(DataWarning, match="1 of 1 values of 'total_gross_amount' are not amounts"):
        table = table_of([{"total_gross_amount": sent}], catalog.with_decimals(COLUMNS))
    assert table["total_gross_amount"].to_pylist() == [None]


def tables(*groups: list[Any]) -> Generator[pa.Table, None, None]:
    yield from (table_of(records, COLUMNS) for records in groups)


def test_a_stream_has_the_columns_of_its_first_table() -> None:
    reader = stream(
        tables([{"id": 1, "new": "x", "items": [{"id": 1, "odd": 1}]}], [{"id": 2, "items": [{}]}])
    )
    assert reader.schema.field("new").type == pa.large_string()
    rows = reader.read_all().to_pylist()
    assert [row["id"] for row in rows] == [1, 2]
    assert [row["new"] for row in rows] == ['"x"', None]
    assert [row["items"][0]["odd"] for row in rows] == ["1", None]


@pytest.mark.parametrize("late", [{"late": 1}, {"items": [{"late": 1}]}])
def test_a_key_that_comes_later_ends_a_stream(late: dict[str, Any]) -> None:
    reader = stream(tables([{"id": 1}], [{"id": 2, **late}]))
    assert reader.read_next_batch()["id"].to_pylist() == [1]
    with pytest.raises(UnexpectedAnswerError, match="'late', which the catalog does not know"):
        reader.read_next_batch()


def test_a_stream_without_rows_has_its_columns() -> None:
    reader = stream(tables([]))
    assert reader.schema.names == [column.name for column in COLUMNS]
    assert reader.read_all().num_rows == 0
