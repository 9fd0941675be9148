"""Lists of any size to a file, in constant memory; after a crash, the same call resumes.

A resource hands in what fetches tables after an id, and what is asked. The tables are kept in a `Checkpoint`
beside the target as they come; once the list is complete the file is made of them and renamed into place.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from classy_nb.arguments import checked_flag
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
from classy_nb.frames import ABOUT, fewer_collections
from classy_nb.query import zone

from .atomic import AtomicFile, explained_errors, writable
from .checkpoint import Checkpoint
from .csv import CsvWriter
from .endings import check_ending
from .excel import ExcelWriter
from .parquet import write_parquet

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from classy_nb.progress import Watcher

    Tables = Callable[[int | None], Iterable[pa.Table]]
    """Takes the id to resume behind (None: from the start) and yields tables in order of id."""
    CountUntil = Callable[[int], int | None]
    """Takes an id and returns how many records there are up to it, or None if nobody knows."""
    Write = Callable[[Iterable[pa.Table], pa.Schema, AtomicFile], object]
    """Writes plain tables of one schema into a file and commits it."""

# What Arrow cannot put together now it cannot put together the next time. And records that are missing may be
# missing among the rows that came, where a call that resumes behind them would not look.
_FINAL_ERRORS = (pa.ArrowException, IncompleteResultError)
_REFUSALS = (BadRequestError, NotFoundError, ServerError, TimedOutError, UnexpectedAnswerError)


def stream_csv(
    tables: Tables,
    path: str | os.PathLike[str],
    question: Mapping[str, Any],
    *,
    excel: bool,
    neutralize: bool,
    **options: Any,
) -> Path:
    """Fetch *tables* into a CSV file; see :func:`stream`."""
    check_ending(path, "csv")
    checked_flag("excel", excel)
    checked_flag("neutralize", neutralize)

    def write(plain: Iterable[pa.Table], _: pa.Schema, file: AtomicFile) -> None:
        with CsvWriter(file, excel=excel, neutralize=neutralize) as writer:
            for table in plain:
                writer.write(table)

    return stream(tables, path, question, write, **options)


def stream_parquet(
    tables: Tables, path: str | os.PathLike[str], question: Mapping[str, Any], **options: Any
) -> Path:
    """Fetch *tables* into a Parquet file (zstd); see :func:`stream`."""
    check_ending(path, "parquet")

    return stream(tables, path, question, write_parquet, **options)


def stream_excel(
    tables: Tables, path: str | os.PathLike[str], question: Mapping[str, Any], *, sheet: str, **options: Any
) -> Path:
    """Fetch *tables* into one sheet of an Excel workbook; see :func:`stream`."""
    check_ending(path, "excel")
    about: dict[str, Any] = {}

    def noted(after: int | None) -> Iterator[pa.Table]:
        for table in tables(after):
            about.update(json.loads((table.schema.metadata or {}).get(ABOUT, b"{}")))
            about.pop("total", None)  # of a call that resumes: the rest
            yield table

    def write(plain: Iterable[pa.Table], schema: pa.Schema, file: AtomicFile) -> None:
        with ExcelWriter(file) as writer:
            writer.add_sheet(sheet, schema.names, about)
            for table in plain:
                writer.write_table(table)

    return stream(noted, path, question, write, **options)


def stream(
    tables: Tables,
    path: str | os.PathLike[str],
    question: Mapping[str, Any],
    write: Write,
    *,
    resumable: bool,
    count_until: CountUntil = lambda _: None,
    watcher: Watcher | None = None,
) -> Path:
    """Keep tables on disk as they come, and make the file of them at the end.

    Parameters
    ----------
    tables
        Yields the tables.
    path
        The file to write.
    question
        What is asked, of whom and in which ``timezone``: a later call with the same question resumes where
        this one ended.
    write
        Makes the file.
    resumable
        Whether the list can be resumed behind an id at all.
    count_until
        Asked once if rows of an earlier call are there: if there are more records than rows, some would be
        missing.
    watcher
        Called again and again while the file is made; what it raises leaves the older file in place.

    Raises
    ------
    ExportError
        The file cannot be written; nothing half-written is left, and an older file stays.
    ClassyError
        The list cannot be fetched.

    Warns
    -----
    DataWarning
        Rows of an earlier call are used, which may have changed since; or they are dropped: they are older
        than a day, they answer another question, or the API counts more records by now.

    Notes
    -----
    Whatever ends it, the rows that had come are kept for the next call if that can resume behind them and
    none is known to be missing; otherwise nothing is left behind.
    """
    target, real_path = writable(path)  # an hour of fetching must not end in "it is a folder"
    checkpoint = Checkpoint(real_path, question)
    with explained_errors(target):
        checkpoint.open(resume=resumable)
    file: AtomicFile | None = None
    keep = False

    def tell() -> None:
        if watcher is not None:
            watcher(checkpoint.rows, checkpoint.rows, "writing the file")

    def watched(plain: Iterable[pa.Table]) -> Iterator[pa.Table]:
        for table in plain:
            tell()
            yield table

    try:
        _look_at_earlier_rows(checkpoint, count_until, zone(str(question.get("timezone", "UTC"))))
        with fewer_collections():
            for table in tables(checkpoint.last):
                with explained_errors(target):
                    checkpoint.add(table)
        with explained_errors(target):
            schema = checkpoint.schema()
            file = AtomicFile(target, drafts=checkpoint.folder, check=tell)
            write(watched(checkpoint.tables()), schema, file)
    except BaseException as error:
        is_saved = file is not None and file.is_saved
        can_resume = resumable and checkpoint.last is not None and not isinstance(error, _FINAL_ERRORS)
        keep = can_resume and not is_saved
        kept = (
            f"{checkpoint.rows:,} rows are kept beside {target}; the same call resumes there. They are in "
            f"{checkpoint.folder} and serve for a day: to start over, delete that folder."
        )
        if isinstance(error, KeyboardInterrupt):
            what = error.what if isinstance(error, ClassyError) else "Stopped: nothing was kept."
            if is_saved:
                what = f"Stopped, but {target} was complete by then: it is saved."
            raise InterruptedFetchError(f"Stopped: {kept}" if keep else what) from None
        if keep:
            error.add_note(kept)  # whatever it was: nothing hidden is left behind without a word
        raise
    finally:
        checkpoint.close(keep=keep)
    return target


def _look_at_earlier_rows(checkpoint: Checkpoint, count_until: CountUntil, timezone: Any) -> None:
    """Say what becomes of the rows of an earlier call."""

    def described(rows: int, begun_at: float) -> str:
        begun = datetime.fromtimestamp(begun_at, timezone)
        return f"{rows:,} rows fetched since {begun:%Y-%m-%d %H:%M %Z}"

    if checkpoint.dropped is not None:
        rows = described(checkpoint.dropped.rows, checkpoint.dropped.begun_at)
        warn(f"{rows} {checkpoint.dropped.why} and were dropped: all is fetched again.", DataWarning)
    if checkpoint.last is None:
        return
    rows = described(checkpoint.rows, checkpoint.begun_at)
    try:
        there = count_until(checkpoint.last)
    except _REFUSALS:
        there = None  # the server cannot say
    if there is not None and there > checkpoint.rows:
        checkpoint.drop()
        what = f"{rows} were dropped, as the API now counts {there:,} up to the last of them"
        warn(f"{what}: all is fetched again.", DataWarning)
        return
    what = f"Resuming with {rows}; what changed since then is not in them"
    warn(f"{what}. Delete {checkpoint.folder} to start over.", DataWarning)
