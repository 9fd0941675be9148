"""Frames of given records, and columns of an invented kind of record."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
import pyarrow as pa

from classy_nb.catalog import Column
from classy_nb.frames import TableBuilder, to_frame

COLUMNS = (
    Column("id", "int"),
    Column("amount", "float", True),
    Column("context.source_campaign_id", "int", True),
    Column("context.batch", "text", True),
    Column("context.day", "date", True),
    Column("created_at", "datetime", True),
    Column("fee_on_top", "bool"),
    Column("card_last_four", "last4", True),
    Column("items", "list", False, "TransactionItem"),
    Column("metadata", "json", True),
)


def table_of(records: Sequence[Any], columns: Sequence[Column] = COLUMNS, **options: Any) -> pa.Table:
    builder = TableBuilder(columns, **options)
    builder.add(list(records))
    return builder.table()


def build(
    records: Sequence[Any],
    columns: Sequence[Column] = COLUMNS,
    *,
    dtype_backend: Any = "numpy_nullable",
    **options: Any,
) -> pd.DataFrame:
    return to_frame(table_of(records, columns, **options), dtype_backend=dtype_backend)
