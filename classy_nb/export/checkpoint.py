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
import time
import zlib
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.feather

from .atomic import for_its_owner
from .folder import CHECKPOINT, FRESH, PART, Folder
from .schema import common_schema, even, fitted
from .tables import flat_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import pandas as pd

MAX_AGE = 24 * 3600.0
"""Seconds from the beginning of the first call on, after which nothing is gone on with: records change."""
_CHUNK_ROWS = 1000
"""Rows of a batch that are read at once."""
_UNREADABLE = (OSError, ValueError, TypeError, AttributeError)
"""There is no checkpoint, or a damaged one."""


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
        self._folder = Folder(target)
        text = json.dumps(question, sort_keys=True, default=str)
        self._question = hashlib.sha256(text.encode()).hexdigest()
        self._checkpoint = Checkpoint(self._question)
        self.dropped: Checkpoint | None = None
        """What an earlier call had left and this one cannot go on with."""
        self.why_dropped = ""

    @property
    def folder(self) -> Path:
        """Where the batches are."""
        return self._folder.path

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
            Another export to the same file is under way, or something else stands in the way.
        """
        self._folder.open()
        try:
            found = self._load()
            if found is not None and (why := self._why_not(found)):
                self.dropped, self.why_dropped = found, why
            if found is None or self.dropped is not None or not resume:
                self.drop()
            else:
                self._checkpoint = found
                self._folder.sweep({CHECKPOINT, *found.parts})
        except BaseException:
            self._folder.close(keep=True)
            raise

    def _why_not(self, found: Checkpoint) -> str:
        """Say why rows cannot be gone on with; nothing where they can."""
        if found.question != self._question:
            return (
                "answer another question (other arguments, organization, time zone or version of classy_nb)"
            )
        return "are older than a day" if time.time() - found.begun_at > MAX_AGE else ""

    def drop(self) -> None:
        """Begin anew."""
        self._checkpoint = Checkpoint(self._question, begun_at=time.time())
        self._folder.sweep()

    def _load(self) -> Checkpoint | None:
        try:
            found = self._read()
            good = found.begun_at <= time.time()
            numbers = type(found.last) is int and type(found.rows) is int
            whole = all(self._is_whole(name, checksum) for name, checksum in found.parts.items())
        except _UNREADABLE:
            return None
        return found if good and numbers and whole else None

    def _read(self) -> Checkpoint:
        return Checkpoint(**json.loads((self.folder / CHECKPOINT).read_text("utf-8")))

    def _is_whole(self, name: str, checksum: int) -> bool:
        return bool(PART.fullmatch(name)) and zlib.crc32((self.folder / name).read_bytes()) == checksum

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
            self._settle(name)
            raise

    def _settle(self, name: str) -> None:
        """After whatever broke off: a batch that the checkpoint on disk names counts, another one goes."""
        with contextlib.suppress(*_UNREADABLE):
            found = self._read()
            if name in found.parts:  # the interrupt came when all had been done
                self._checkpoint = found
                return
        with contextlib.suppress(OSError):
            (self.folder / name).unlink(missing_ok=True)

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
        fresh = self.folder / FRESH
        _write(fresh, json.dumps(asdict(new)).encode())
        fresh.replace(self.folder / CHECKPOINT)
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
        self._folder.close(keep=keep)


def _write(path: Path, content: bytes) -> None:
    # Whoever may look into the folder: a person may have made it.
    with open(path, "wb", opener=for_its_owner) as file:
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
