"""Checkpoints of an export, opened for a question."""

from pathlib import Path
from typing import Any

import pyarrow as pa

from classy_nb.catalog import Column
from classy_nb.export.checkpoint import Checkpoint
from support.frames import table_of

COLUMNS = (
    Column("id", "int"),
    Column("amount", "float"),
    Column("purchased_at", "datetime"),
    Column("day", "date"),
    Column("items", "list"),
)
QUESTION = {"path": "/organizations/7/transactions", "version": "1"}


def fetched(records: list[dict[str, Any]]) -> pa.Table:
    return table_of(records, COLUMNS, timezone="America/Los_Angeles")


def gifts(*ids: int) -> pa.Table:
    return fetched([{"id": id_, "amount": id_ / 4} for id_ in ids])


def opened(target: Path, question: dict[str, Any] | None = None, **options: Any) -> Checkpoint:
    checkpoint = Checkpoint(target, question or QUESTION)
    checkpoint.open(**options)
    return checkpoint


def ids_in(checkpoint: Checkpoint) -> list[int]:
    return [id_ for table in checkpoint.tables() for id_ in table["id"].to_pylist()]
