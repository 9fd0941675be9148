"""Batches on disk until a file is whole: what survives a crash, so that the same call can go on.

Each batch is a small file of its own; ``checkpoint.json`` names those that count and the last id they
hold, and is replaced in one step. Whatever a crash leaves half-written is in none of them.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.feather
from filelock import FileLock, Timeout

from classy_nb.errors import ExportError

from ._table import flat_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import pandas as pd

MAX_AGE = 24 * 3600.0
"""Seconds after which a checkpoint is too old to go on from: earlier records will have changed."""
_CHECKPOINT, _LOCK = "checkpoint.json", "lock"


@dataclass
class Checkpoint:
    """What a stage holds: the question, the batches in order, their rows and the last id."""

    question: str
    parts: list[str] = field(default_factory=list)
    rows: int = 0
    last: int | None = None
    written_at: float = 0.0


class Stage:
    """Batches of one export beside its target file.

    Parameters
    ----------
    target
        The file that will be made of them.
    question
        What is asked, of whom and in which time zone: only the same question goes on.
    """

    def __init__(self, target: Path, question: Mapping[str, Any]) -> None:
        self._target = target
        self.folder = target.with_name(f".{target.name[:200]}.partial")
        text = json.dumps(question, sort_keys=True, default=str)
        self._question = hashlib.sha256(text.encode()).hexdigest()
        self._checkpoint = Checkpoint(self._question)

    @property
    def rows(self) -> int:
        """Rows that the stage holds."""
        return self._checkpoint.rows

    @property
    def last(self) -> int | None:
        """The last id that the stage holds; None at the beginning."""
        return self._checkpoint.last

    def open(self, *, resume: bool = True) -> None:
        """Take up what an earlier call has left, if it asked the same and not too long ago.

        Raises
        ------
        ExportError
            Another export to the same file is under way.
        """
        self.folder.mkdir(mode=0o700, exist_ok=True)
        self._lock = FileLock(self.folder / _LOCK, timeout=0)
        try:
            self._lock.acquire()
        except Timeout:
            busy = f"Another export to {self._target} is under way."
        else:
            found = self._load() if resume else None
            self._checkpoint = found or Checkpoint(self._question)
            self._sweep()
            return
        raise ExportError(busy, advice="Wait for it, or choose another file.")

    def _sweep(self) -> None:
        """Remove what a crash has left and no checkpoint names."""
        named = {*self._checkpoint.parts, _LOCK, *([_CHECKPOINT] if self._checkpoint.parts else [])}
        for path in self.folder.iterdir():
            if path.name not in named:
                path.unlink()

    def _load(self) -> Checkpoint | None:
        try:
            found = Checkpoint(**json.loads((self.folder / _CHECKPOINT).read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            return None
        age = time.time() - found.written_at
        whole = all((self.folder / name).is_file() for name in found.parts)
        good = found.question == self._question and 0 <= age <= MAX_AGE and whole and found.last is not None
        return found if good else None

    def add(self, frame: pd.DataFrame, last: int | None) -> None:
        """Keep one more batch, which ends with the id *last*."""
        name = f"{uuid4().hex}.arrow"
        with (self.folder / name).open("xb") as file:
            pyarrow.feather.write_feather(flat_table(frame), file, compression="zstd")
            file.flush()
            os.fsync(file.fileno())
        self._checkpoint.parts.append(name)
        self._checkpoint.rows += len(frame)
        self._checkpoint.last = last if len(frame) else self._checkpoint.last
        self._save()

    def _save(self) -> None:
        self._checkpoint.written_at = time.time()
        fresh = self.folder / f"{_CHECKPOINT}.new"
        with fresh.open("w", encoding="utf-8") as file:
            json.dump(asdict(self._checkpoint), file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.folder / _CHECKPOINT)

    def tables(self) -> Iterator[pa.Table]:
        """Yield the batches in order, all with the columns and types of :meth:`schema`."""
        schema = self.schema()
        for name in self._checkpoint.parts:
            table = pyarrow.feather.read_table(self.folder / name)
            yield _fitted(table, schema)

    def schema(self) -> pa.Schema:
        """Return the columns of all batches, those of the first one first."""
        schemas = [_schema_of(self.folder / name) for name in self._checkpoint.parts]
        try:
            return pa.unify_schemas(schemas, promote_options="permissive")
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            return _as_text_where_they_differ(schemas)

    def close(self, *, keep: bool) -> None:
        """Let others at it; *keep* what is there for a later call, or remove it."""
        if not keep:
            for name in (*self._checkpoint.parts, _CHECKPOINT):
                with contextlib.suppress(OSError):
                    (self.folder / name).unlink(missing_ok=True)
        self._lock.release()
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)


def _schema_of(path: Path) -> pa.Schema:
    with pa.memory_map(str(path)) as source:
        return pa.ipc.open_file(source).schema.remove_metadata()


def _as_text_where_they_differ(schemas: list[pa.Schema]) -> pa.Schema:
    types: dict[str, pa.DataType] = {}
    for schema in schemas:
        for column in schema:
            known = types.setdefault(column.name, column.type)
            if known != column.type and not pa.types.is_null(column.type):
                types[column.name] = column.type if pa.types.is_null(known) else pa.string()
    return pa.schema(types.items())


def _fitted(table: pa.Table, schema: pa.Schema) -> pa.Table:
    columns = [
        table[column.name].cast(column.type)
        if column.name in table.column_names
        else pa.nulls(len(table), column.type)
        for column in schema
    ]
    return pa.table(columns, schema=schema)
