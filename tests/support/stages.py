"""Batches on disk, opened for a question."""

from pathlib import Path
from typing import Any

import pandas as pd

from classy_nb.catalog import Column
from classy_nb.export.checkpoint import Stage
from support.frames import build

COLUMNS = (
    Column("id", "int"),
    Column("amount", "float"),
    Column("purchased_at", "datetime"),
    Column("day", "date"),
    Column("items", "list"),
)
QUESTION = {"path": "/organizations/7/transactions", "version": "1"}


def frame_of(records: list[dict[str, Any]]) -> pd.DataFrame:
    return build(records, COLUMNS, timezone="America/Los_Angeles")


def gifts(*ids: int) -> pd.DataFrame:
    return frame_of([{"id": id_, "amount": id_ / 4} for id_ in ids])


def opened(target: Path, question: dict[str, Any] | None = None, **options: Any) -> Stage:
    stage = Stage(target, question or QUESTION)
    stage.open(**options)
    return stage


def ids_in(stage: Stage) -> list[int]:
    return [id_ for table in stage.tables() for id_ in table["id"].to_pylist()]
