"""Rows of an export on disk until its file is whole: what survives a crash, so that the same call can resume.

Tables come in from the fetch and stand in a hidden folder beside the target as ``part-<last id>.arrow``.
Each is written under another name, synced and renamed, so a part that is listed is whole: the listing is the
checkpoint. ``question.json`` says what was asked and when that began. `stream` calls this.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import stat
import time
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from filelock import FileLock, Timeout

from classy_nb.errors import DataWarning, ExportError, warn
from classy_nb.files import put_in_place

from .atomic import hidden_name, is_unsupported, open_for_owner, sync
from .tables import even, plain_schema, plain_table

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

MAX_AGE = 24 * 3600.0
"""Seconds from the beginning of the first call on, after which nothing is resumed: records change."""
_QUESTION, _LOCK, _FRESH = "question.json", "lock", ".new"
_CHUNK_ROWS = 1000
"""Rows of a part that are read at once."""
_ROUNDS = 10
"""Another export may remove the folder between two steps of this one, but not forever."""
_UNREADABLE = (OSError, ValueError, TypeError, KeyError, pa.ArrowException)
"""There is no checkpoint, or a damaged one."""


@dataclass(frozen=True)
class Leftover:
    """Rows of an earlier call that this one cannot use."""

    rows: int
    begun_at: float
    why: str


class Checkpoint:
    """The rows of one export so far; one export at a time has it.

    Parameters
    ----------
    target
        The file that will be made of the rows.
    question
        What is asked, of whom and in which time zone: only the same question resumes. Its ``period`` says
        what words such as "last 30 days" came to; the dates themselves are among the conditions.

    Attributes
    ----------
    folder
        Where the parts are.
    rows
        Rows that they hold.
    last
        The id to resume behind; None at first, and if the rows are not in order of id.
    begun_at
        When the call began that fetched the first row, in seconds since 1970: rows may be outdated since.
    dropped
        What an earlier call left and this one could not use.
    """

    def __init__(self, target: Path, question: Mapping[str, Any]) -> None:
        self.folder = target.with_name(hidden_name(target, "partial"))
        self.rows = 0
        self.last: int | None = None
        self.begun_at = time.time()
        self.dropped: Leftover | None = None
        self._target = target
        # Compared are the dates, not the words: "last month" is the same question until the month is over.
        self._period = question.get("period")
        compared = {name: value for name, value in question.items() if name != "period"}
        text = json.dumps(compared, sort_keys=True, default=str)
        self._question = hashlib.sha256(text.encode()).hexdigest()
        self._parts: list[Path] = []
        self._empty = pa.schema([])
        """The columns of a list without rows."""
        self._lock = FileLock(self.folder / _LOCK, timeout=0)
        # Whatever else somebody keeps in a folder of this name is not ours to touch.
        drafts = re.escape(hidden_name(target, "")) + r"[0-9a-z_]+\.(tmp|mode)"
        parts = r"(part|unordered)-\d+\.arrow(\.new)?"
        self._ours = re.compile(rf"{_LOCK}|question\.json(\.new)?|{parts}|{drafts}")

    def open(self, *, resume: bool = True) -> None:
        """Take the folder, with what an earlier call left in it if that asked the same and not too long ago.

        Raises
        ------
        ExportError
            Another export to the same file is running, or something else has the folder's name.
        """
        self._take_folder()
        try:
            if not (self._load() and resume and self.dropped is None):
                self.drop()
            self._sweep({_QUESTION, *(part.name for part in self._parts)})
        except BaseException:
            self.close(keep=True)
            raise

    def _take_folder(self) -> None:
        for _ in range(_ROUNDS):
            with contextlib.suppress(FileExistsError):
                self.folder.mkdir(mode=0o700)
            try:
                self._refuse_what_is_not_ours()
                self._acquire()
            except FileNotFoundError:
                continue  # another export has ended, and removed the folder
            except Timeout:
                break
            except OSError:
                with contextlib.suppress(OSError):
                    self.folder.rmdir()  # a full disk, perhaps; only if nothing is in it
                raise
            return
        busy = f"Another export to {self._target} is running."
        raise ExportError(busy, advice="Wait for it, or choose another file.") from None

    def _acquire(self) -> None:
        try:
            self._lock.acquire()
        except Timeout:
            raise
        except (OSError, NotImplementedError) as error:
            if not is_unsupported(error):
                raise
            warn(
                f"The disk of {self._target} has no locks: run only one export to this file at a time.",
                DataWarning,
            )

    def _refuse_what_is_not_ours(self) -> None:
        """Raise where something else has the name of the folder, or of a file in it."""
        in_the_way = None
        if not stat.S_ISDIR(self.folder.lstat().st_mode):  # a link leads to somebody else's folder
            in_the_way = self.folder
        else:
            for entry in self._entries():
                if not entry.is_file(follow_symlinks=False):
                    in_the_way = self.folder / entry.name
        if in_the_way is not None:
            raise ExportError(f"{in_the_way} is in the way.", advice="Move it, or choose another name.")

    def _entries(self) -> list[os.DirEntry[str]]:
        with os.scandir(self.folder) as entries:
            return [entry for entry in entries if self._ours.fullmatch(entry.name)]

    def _load(self) -> bool:
        """Take in what an earlier call left; tell whether that is anything to resume behind."""
        try:
            about = json.loads((self.folder / _QUESTION).read_text("utf-8"))
            question, begun_at = str(about["question"]), float(about["begun_at"])
            names = sorted(entry.name for entry in self._entries() if entry.name.endswith(".arrow"))
            # Names are padded with zeros, so they sort as their ids do. Rows without an order end in none.
            if not names or names[-1].startswith("unordered") or begun_at > time.time():
                return False
            parts = [self.folder / name for name in names]
            rows = sum(_rows_of(part) for part in parts)
            last = int(names[-1].removeprefix("part-").removesuffix(".arrow"))
        except _UNREADABLE:
            return False
        if question != self._question:
            why = "answer another question (other arguments, organization, time zone or version of classy_nb)"
            then = about.get("period")
            if isinstance(then, str) and isinstance(self._period, str) and then != self._period:
                why = f"answer another question (then {then}; now {self._period})"
            self.dropped = Leftover(rows, begun_at, why)
        elif time.time() - begun_at > MAX_AGE:
            self.dropped = Leftover(rows, begun_at, "are older than a day")
        else:
            self._parts, self.rows, self.last, self.begun_at = parts, rows, last, begun_at
        return True

    def drop(self) -> None:
        """Forget all rows."""
        self._parts, self.rows, self.last, self.begun_at = [], 0, None, time.time()
        self._sweep()

    def _sweep(self, keep: Collection[str] = ()) -> None:
        """Remove what a crash has left, except for *keep* and for what is not ours."""
        for entry in self._entries():
            if entry.name not in {_LOCK, *keep}:
                with contextlib.suppress(OSError):
                    (self.folder / entry.name).unlink()

    def add(self, table: pa.Table) -> None:
        """Keep one more table; of one without rows only the columns."""
        if not len(table):
            self._empty = table.schema
            return
        if not (self.folder / _QUESTION).exists():
            about = {"question": self._question, "begun_at": self.begun_at, "period": self._period}
            self._write(self.folder / _QUESTION, json.dumps(about).encode())
        last = self._last_id(table)
        name = f"unordered-{len(self._parts):09}.arrow" if last is None else f"part-{last:020}.arrow"
        part = self.folder / name
        sink = pa.BufferOutputStream()
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        with pa.ipc.new_file(sink, table.schema, options=options) as writer:
            writer.write_table(table, max_chunksize=_CHUNK_ROWS)
        try:
            self._write(part, sink.getvalue())
        finally:
            # Whatever broke off, and when: a part with its name counts, now as for a later call.
            if part.exists():
                self._parts.append(part)
                self.rows += len(table)
                self.last = last

    def _write(self, path: Path, content: Any) -> None:
        fresh = path.with_name(path.name + _FRESH)
        try:
            # For the owner only, even if somebody else made the folder and others may look into it.
            with open(fresh, "wb", opener=open_for_owner) as file:
                file.write(content)
                sync(file)
            try:
                put_in_place(fresh, path)
            except OSError as error:
                if not is_unsupported(error):
                    raise
                # No renaming there. A part that breaks off has no footer, so nobody takes it for a whole one.
                shutil.copyfile(fresh, path)
        finally:
            with contextlib.suppress(OSError):
                fresh.unlink(missing_ok=True)

    def _last_id(self, table: pa.Table) -> int | None:
        """Return the last id if all rows so far are in order of id; otherwise nothing can resume there."""
        if "id" not in table.column_names or not pa.types.is_integer(table.schema.field("id").type):
            return None
        ids = table["id"].to_pylist()
        if None in ids or ids[0] < 0 or any(a >= b for a, b in pairwise(ids)):
            return None
        if self.rows and (self.last is None or ids[0] <= self.last):
            return None
        return int(ids[-1])

    def tables(self) -> Iterator[pa.Table]:
        """Yield the rows in order, with the columns of :meth:`schema`, in tables of equal length."""
        schema = self.schema()
        return even((plain_table(table, schema) for table in self._chunks()), schema)

    def _chunks(self) -> Iterator[pa.Table]:
        for part in self._parts:
            with pa.OSFile(str(part)) as source:
                reader = pa.ipc.open_file(source)
                for number in range(reader.num_record_batches):
                    yield pa.Table.from_batches([reader.get_batch(number)])

    def schema(self) -> pa.Schema:
        """Return the plain columns of all parts, those of the first one first."""
        schemas = [_schema_of(part) for part in self._parts] or [self._empty]

        def texts(name: str) -> Iterator[pa.ChunkedArray]:
            for part, schema in zip(self._parts, schemas, strict=False):
                if name in schema.names:
                    with pa.OSFile(str(part)) as source:
                        yield pa.ipc.open_file(source).read_all()[name]

        return plain_schema(schemas, texts)

    def close(self, *, keep: bool) -> None:
        """Let other exports have the folder; *keep* the parts for a later call, or remove them."""
        if not keep:
            # While the lock is held: another export must not find half of it. Whoever waits for the lock that
            # is removed here notices that it is gone. Where it cannot be removed before it is released
            # (Windows), releasing removes it.
            with contextlib.suppress(OSError):
                self._sweep()
                (self.folder / _LOCK).unlink()
        self._lock.release()
        with contextlib.suppress(OSError):
            self.folder.rmdir()  # only if nothing is in it


def _rows_of(part: Path) -> int:
    with pa.OSFile(str(part)) as source:
        reader = pa.ipc.open_file(source)
        return sum(reader.get_batch(number).num_rows for number in range(reader.num_record_batches))


def _schema_of(part: Path) -> pa.Schema:
    with pa.OSFile(str(part)) as source:
        return pa.ipc.open_file(source).schema
