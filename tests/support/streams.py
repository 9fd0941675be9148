"""Forty rows in tables of ten, written into files, for tests of exports."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from classy_nb.catalog import Column
from classy_nb.errors import DataWarning
from classy_nb.export import stream_csv, stream_parquet
from support.frames import table_of

COLUMNS = (Column("id", "int"), Column("name", "text"), Column("items", "list"))
QUESTION = {"path": "/organizations/7/transactions"}
Change = Callable[[int], object]


def fetched(ids: Sequence[int]) -> pa.Table:
    # The undeclared column appears late, and its values share no type.
    late = {i: {"late": i if i % 2 else "x"} for i in ids if i > 25}
    return table_of([{"id": i, "name": f"Zoë {i}", **late.get(i, {})} for i in ids], COLUMNS)


class Batches:
    """Forty rows, in batches of ten; ``before`` is called with the number of each batch (from 1)."""

    def __init__(self, rows: int = 40, before: Change = lambda _: None, size: int = 10) -> None:
        self.rows, self.before, self.size = rows, before, size
        self.asked: list[int | None] = []

    def __call__(self, after: int | None) -> Iterator[pa.Table]:
        self.asked.append(after)
        ids = range((after or 0) + 1, self.rows + 1)
        for number, start in enumerate(range(0, max(len(ids), 1), self.size), start=1):
            self.before(number)
            yield fetched(ids[start : start + self.size])


def raising(error: BaseException, at: int) -> Change:
    def before(number: int) -> None:
        if number == at:
            raise error

    return before


def to_csv(batches: Any, path: Path, *, question: Any = QUESTION, **options: Any) -> Path:
    asked = {"resumable": True, "excel": False, "neutralize": True, **options}
    return stream_csv(batches, path, question, **asked)


def to_parquet(batches: Any, path: Path, *, question: Any = QUESTION, **options: Any) -> Path:
    return stream_parquet(batches, path, question, **{"resumable": True, **options})


def resuming(rows: int) -> Any:
    """Expect to be told that so many rows are of an earlier call."""
    return pytest.warns(DataWarning, match=f"^Resuming with {rows} rows fetched since ")


ways = pytest.mark.parametrize("write", [to_csv, to_parquet])


def beside(target: Path) -> list[str]:
    return sorted(path.name for path in target.parent.iterdir() if path != target)


def rows_kept(target: Path) -> int:
    return sum(rows_of_part(part) for part in target.parent.glob(".*.partial/part-*.arrow"))


def rows_of_part(part: Path) -> int:
    return len(pa.ipc.open_file(pa.OSFile(str(part))).read_all())


def kept(target: Path) -> int:
    return len(list(target.parent.glob(".*.partial/*.arrow")))
