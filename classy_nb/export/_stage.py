"""Batches on disk until a file is whole: what survives a crash, so that the same call can go on.

Each batch is a small file of its own; ``checkpoint.json`` names those that count, with their checksums,
and the last id they hold; it is replaced in one step. Whatever a crash leaves half-written is in none of
them, and a batch that was damaged since is noticed.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import time
import zlib
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.feather
from filelock import FileLock, Timeout

from classy_nb.errors import ExportError

from ._atomic import hidden_name
from ._schema import common_schema, even, fitted
from ._table import flat_table

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    import pandas as pd

MAX_AGE = 24 * 3600.0
"""Seconds from the beginning of the first call on, after which nothing is gone on with: records change."""
_CHUNK_ROWS = 1000
"""Rows of a batch that are read at once."""
_CHECKPOINT, _LOCK = "checkpoint.json", "lock"
_PART = re.compile(r"[0-9a-f]{32}\.arrow")


@dataclass
class Checkpoint:
    """What a stage holds: the question, the batches in order (name and checksum), their rows, the last id."""

    question: str
    parts: dict[str, int] = field(default_factory=dict)
    rows: int = 0
    last: int | None = None
    begun_at: float = 0.0
    """When the first of the calls began, in seconds since 1970: from then on the rows may have changed."""


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
        self.folder = target.with_name(hidden_name(target, "partial"))
        text = json.dumps(question, sort_keys=True, default=str)
        self._question = hashlib.sha256(text.encode()).hexdigest()
        self._checkpoint = Checkpoint(self._question)
        self.outdated: Checkpoint | None = None
        """What an earlier call had left too long ago: it was dropped."""

    @property
    def rows(self) -> int:
        """Rows that the stage holds."""
        return self._checkpoint.rows

    @property
    def last(self) -> int | None:
        """The id to go on behind; None at the beginning, and where the rows are not in order of ids."""
        return self._checkpoint.last

    @property
    def begun_at(self) -> float:
        """When the call began that fetched the first row, in seconds since 1970."""
        return self._checkpoint.begun_at

    def open(self, *, resume: bool = True) -> None:
        """Take up what an earlier call has left, if it asked the same and not too long ago.

        Raises
        ------
        ExportError
            Another export to the same file is under way.
        """
        if self.folder.exists() and not self.folder.is_dir():
            raise ExportError(f"{self.folder} is in the way.", advice="Move it, or choose another name.")
        self.folder.mkdir(mode=0o700, exist_ok=True)
        self._lock = FileLock(self.folder / _LOCK, timeout=0)
        try:
            self._lock.acquire()
        except Timeout:
            busy = f"Another export to {self._target} is under way."
        else:
            found = self._load() if resume else None
            if found is not None and time.time() - found.begun_at > MAX_AGE:
                self.outdated, found = found, None
            self._checkpoint = found or Checkpoint(self._question, begun_at=time.time())
            self._sweep({_LOCK, *self._checkpoint.parts, *([_CHECKPOINT] if found else [])})
            return
        raise ExportError(busy, advice="Wait for it, or choose another file.")

    def drop(self) -> None:
        """Forget what an earlier call has left."""
        self._checkpoint = Checkpoint(self._question, begun_at=time.time())
        self._sweep({_LOCK})

    def _sweep(self, keep: Collection[str] = ()) -> None:
        """Remove what a crash has left and no checkpoint names."""
        for path in self.folder.iterdir():
            if path.name in keep:
                continue
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                with contextlib.suppress(OSError):
                    path.unlink()

    def _load(self) -> Checkpoint | None:
        try:
            found = Checkpoint(**json.loads((self.folder / _CHECKPOINT).read_text("utf-8")))
            good = found.question == self._question and found.begun_at <= time.time()
            numbers = type(found.last) is int and type(found.rows) is int
            whole = all(self._is_whole(name, checksum) for name, checksum in found.parts.items())
        except (OSError, ValueError, TypeError, AttributeError):
            return None  # none, or a damaged one
        return found if good and numbers and whole else None

    def _is_whole(self, name: str, checksum: int) -> bool:
        return bool(_PART.fullmatch(name)) and zlib.crc32((self.folder / name).read_bytes()) == checksum

    def add(self, frame: pd.DataFrame) -> None:
        """Keep one more batch."""
        sink = pa.BufferOutputStream()
        pyarrow.feather.write_feather(flat_table(frame), sink, compression="zstd", chunksize=_CHUNK_ROWS)
        content = sink.getvalue()
        name = f"{uuid4().hex}.arrow"
        try:
            _write(self.folder / name, content)
            self._save(name, zlib.crc32(content), frame)
        except BaseException:
            with contextlib.suppress(OSError):
                (self.folder / name).unlink(missing_ok=True)
            raise

    def _save(self, name: str, checksum: int, frame: pd.DataFrame) -> None:
        """Write a checkpoint that counts one more batch."""
        old = self._checkpoint
        new = Checkpoint(
            self._question,
            {**old.parts, name: checksum},
            old.rows + len(frame),
            old.last if frame.empty else _last_id(frame, old),
            old.begun_at,
        )
        fresh = self.folder / f"{_CHECKPOINT}.new"
        _write(fresh, json.dumps(asdict(new)).encode())
        fresh.replace(self.folder / _CHECKPOINT)
        self._checkpoint = new

    def tables(self) -> Iterator[pa.Table]:
        """Yield the rows in order, with the columns of :meth:`schema`, in tables of equal length.

        How the rows were cut into batches does not show.
        """
        schema = self.schema()
        return even((fitted(table, schema) for table in self._chunks()), schema)

    def _chunks(self) -> Iterator[pa.Table]:
        for name in self._checkpoint.parts:
            with pa.memory_map(str(self.folder / name)) as source:
                reader = pa.ipc.open_file(source)
                for number in range(reader.num_record_batches):
                    yield pa.Table.from_batches([reader.get_batch(number)])

    def schema(self) -> pa.Schema:
        """Return the columns of all batches, those of the first one first."""
        schemas = [_schema_of(self.folder / name) for name in self._checkpoint.parts]
        return common_schema(schemas, self._values)

    def _values(self, name: str) -> Iterator[pa.ChunkedArray]:
        for path in self._checkpoint.parts:
            if name in _schema_of(self.folder / path).names:
                yield pyarrow.feather.read_table(self.folder / path, columns=[name])[name]

    def close(self, *, keep: bool) -> None:
        """Let others at it; *keep* what is there for a later call, or remove it."""
        if not keep:
            # While the lock is held: another export must not find half of it. Where the lock itself
            # cannot be removed before it is released (Windows), releasing removes it.
            with contextlib.suppress(OSError):
                self._sweep()
        self._lock.release()
        with contextlib.suppress(OSError):
            self.folder.rmdir()  # only where nothing is in it


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _last_id(frame: pd.DataFrame, before: Checkpoint) -> int | None:
    """Return the last id where all rows so far are in order of ids; else None: nothing can go on behind."""
    if "id" not in frame or frame["id"].dtype.kind != "i" or (before.rows and before.last is None):
        return None
    ids = frame["id"]
    if ids.isna().any() or not (ids.is_monotonic_increasing and ids.is_unique):
        return None
    in_order = before.last is None or int(ids.iloc[0]) > before.last
    return int(ids.iloc[-1]) if in_order else None


def _schema_of(path: Path) -> pa.Schema:
    with pa.memory_map(str(path)) as source:
        return pa.ipc.open_file(source).schema.remove_metadata()
