"""Lists of any size to a file, in constant memory; the same call goes on after a crash."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from classy_nb.errors import (
    BadRequestError,
    ClassyError,
    DataWarning,
    IncompleteResultError,
    InterruptedFetchError,
    NotFoundError,
    ServerError,
    TimedOutError,
    UnexpectedAnswerError,
    warn,
)
from classy_nb.query import zone

from .atomic import AtomicFile, telling_reasons, writable
from .checkpoint import Stage
from .csv import CsvWriter
from .parquet import write_parquet

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path
    from zoneinfo import ZoneInfo

    import pandas as pd

    from classy_nb.progress import Watcher

    from .checkpoint import Checkpoint

    Batches = Callable[[int | None], Iterable[pd.DataFrame]]
    """Takes the id to go on from (None: the beginning) and yields frames in order of ids."""
    CountUntil = Callable[[int], int | None]
    """Takes an id and returns how many records there are up to it, or None where nobody knows."""
    Write = Callable[[Iterable[pa.Table], pa.Schema, AtomicFile], object]
    """Writes tables of one schema into a file and commits it."""

_NOT_AGAIN = (pa.ArrowException, IncompleteResultError)
"""What Arrow cannot put together now it cannot the next time; and what is missing may be missing among the
rows that came, where a call that goes on behind them would not look."""
_REFUSALS = (BadRequestError, NotFoundError, ServerError, TimedOutError, UnexpectedAnswerError)


def stream_csv(
    batches: Batches,
    path: str | os.PathLike[str],
    question: Mapping[str, Any],
    *,
    excel: bool,
    neutralize: bool,
    **options: Any,
) -> Path:
    """Fetch *batches* into a CSV file; see :func:`stream`."""

    def write(tables: Iterable[pa.Table], _: pa.Schema, file: AtomicFile) -> None:
        with CsvWriter(file, excel=excel, neutralize=neutralize) as writer:
            for table in tables:
                writer.write_table(table)

    return stream(batches, path, question, write, **options)


def stream_parquet(
    batches: Batches, path: str | os.PathLike[str], question: Mapping[str, Any], **options: Any
) -> Path:
    """Fetch *batches* into a Parquet file; see :func:`stream`."""
    return stream(batches, path, question, write_parquet, **options)


def stream(
    batches: Batches,
    path: str | os.PathLike[str],
    question: Mapping[str, Any],
    write: Write,
    *,
    resumable: bool,
    count_until: CountUntil = lambda _: None,
    watcher: Watcher | None = None,
) -> Path:
    """Keep batches on disk as they come, and make the file of them at the end.

    Parameters
    ----------
    batches
        Yields the frames.
    path
        The file to write.
    question
        What is asked, of whom and in which ``timezone``: a later call with the same question goes on where
        this one ended.
    write
        Makes the file.
    resumable
        Whether the list can be gone on with behind an id at all.
    count_until
        Asked once where an earlier call's rows are there: of more records than rows some would be missing.
    watcher
        Told that the file is made, again and again until it is; what it raises leaves the older file.

    Raises
    ------
    ExportError
        The file cannot be written; nothing half-written is left, and an older file stays.
    ClassyError
        The list cannot be fetched.

    Warns
    -----
    DataWarning
        It goes on with rows of an earlier call, which may have changed since; or drops them: they are older
        than a day, they answer another question, or there are more by now.

    Notes
    -----
    Whatever ends it, the rows that had come are kept for the next call where that can go on behind them and
    none is known to be missing; else nothing is left behind.
    """
    target, place = writable(path)  # an hour of fetching must not end in "it is a folder"
    stage = Stage(place, question)
    with telling_reasons(target):
        stage.open(resume=resumable)
    making = _Making(stage, target, watcher)
    keep = False
    stopped: KeyboardInterrupt
    try:
        _look_at_earlier_rows(stage, count_until, zone(str(question.get("timezone", "UTC"))))
        _gather(batches, stage, target)
        making.run(write)
    except BaseException as error:
        again = resumable and stage.last is not None and not isinstance(error, _NOT_AGAIN)
        keep = again and not making.is_saved
        if not isinstance(error, KeyboardInterrupt):
            if keep and isinstance(error, ClassyError):
                error.add_note(_kept(stage, target))
            raise
        stopped = error
    else:
        return target
    finally:
        stage.close(keep=keep)
    what = stopped.what if isinstance(stopped, ClassyError) else "Stopped: nothing was kept."
    if making.is_saved:
        what = f"Stopped, but {target} was whole by then: it is saved."
    raise InterruptedFetchError(f"Stopped: {_kept(stage, target)}" if keep else what)


class _Making:
    """The file that is made of the batches."""

    def __init__(self, stage: Stage, target: Path, watcher: Watcher | None) -> None:
        self._stage, self._target, self._watcher = stage, target, watcher
        self._file: AtomicFile | None = None

    @property
    def is_saved(self) -> bool:
        """Whether it has its name by now."""
        return self._file is not None and self._file.is_saved

    def run(self, write: Write) -> None:
        stage = self._stage
        with telling_reasons(self._target):
            schema = stage.schema()
            self._file = AtomicFile(self._target, drafts=stage.folder, check=self._tell)
            write(self._watched(stage.tables()), schema, self._file)

    def _watched(self, tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
        for table in tables:
            self._tell()
            yield table

    def _tell(self) -> None:
        if self._watcher is not None:
            self._watcher(self._stage.rows, self._stage.rows, "writing the file")


def _gather(batches: Batches, stage: Stage, target: Path) -> None:
    for frame in batches(stage.last):
        if len(frame) or not stage.rows:
            with telling_reasons(target):
                stage.add(frame)


def _kept(stage: Stage, target: Path) -> str:
    return f"{stage.rows:,} rows are kept beside {target}; the same call goes on from there."


def _look_at_earlier_rows(stage: Stage, count_until: CountUntil, timezone: ZoneInfo) -> None:
    """Say what becomes of the rows of an earlier call."""
    if stage.dropped is not None:
        what = f"{_since(stage.dropped, timezone)} {stage.why_dropped} and were dropped"
        warn(f"{what}: all is fetched anew.", DataWarning)
    if stage.last is None:
        return
    there = _there_are(count_until, stage.last)
    what = _since(stage, timezone)
    if there is not None and there > stage.rows:
        stage.drop()
        what = f"{what} were dropped, as the API counts {there:,} up to the last of them by now"
        warn(f"{what}: all is fetched anew.", DataWarning)
        return
    what = f"Going on with {what}; what changed since then is not in them"
    warn(f"{what}. Delete {stage.folder} to begin anew.", DataWarning)


def _there_are(count_until: CountUntil, last: int) -> int | None:
    """Return how many records there are up to an id; None where the server cannot say."""
    try:
        return count_until(last)
    except _REFUSALS:
        return None


def _since(kept: Stage | Checkpoint, timezone: ZoneInfo) -> str:
    begun = datetime.fromtimestamp(kept.begun_at, timezone)
    return f"{kept.rows:,} rows that were fetched from {begun:%Y-%m-%d %H:%M %Z} on"
