"""A frame with every kind of cell, and what stands in a CSV file."""

import csv
from pathlib import Path

import pandas as pd

from classy_nb.catalog import Column
from support.frames import build

COLUMNS = (
    Column("id", "int"),
    Column("amount", "float"),
    Column("fee_on_top", "bool"),
    Column("postal_code", "text"),
    Column("comment", "text"),
    Column("purchased_at", "datetime"),
    Column("day", "date"),
    Column("items", "list", record="TransactionItem"),
)
RECORDS = [
    {
        "id": 2**53 + 1,
        "amount": "-12.50",
        "fee_on_top": 1,
        "postal_code": "02139",
        "comment": 'said "hi",\nZoë 🎉',
        "purchased_at": "2026-02-01T02:30:00+0000",
        "day": "2026-02-01",
        "items": [{"product_name": 'q"é', "quantity": 1}],
    },
    {"id": 7, "amount": 0.1, "fee_on_top": 0, "comment": "NA", "purchased_at": "2026-07-01T02:30:00.123Z"},
    {},
]


def frame_of(backend: str = "numpy_nullable") -> pd.DataFrame:
    return build(RECORDS, COLUMNS, timezone="America/Los_Angeles", dtype_backend=backend)


def rows_of(path: Path, encoding: str = "utf-8") -> list[list[str]]:
    with path.open(encoding=encoding, newline="") as file:
        return list(csv.reader(file))
