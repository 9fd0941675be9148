"""Frames of given records, and columns of an invented kind of record."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from classy_nb.catalog import Column
from classy_nb.frames import FrameBuilder

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


def build(records: Sequence[Any], columns: Sequence[Column] = COLUMNS, **options: Any) -> pd.DataFrame:
    builder = FrameBuilder(columns, **options)
    builder.add(list(records))
    return builder.frame()
