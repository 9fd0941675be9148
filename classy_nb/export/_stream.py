"""Lists of any size to a file, in constant memory; the same call goes on after a crash."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from classy_nb.errors import ClassyError, ExportError, InterruptedFetchError

from ._atomic import AtomicFile, telling_reasons
from ._csv import CsvWriter
from ._parquet import write_parquet
from ._stage import Stage

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Mapping

    import pandas as pd

    Batches = Callable[[int | None], Iterable[pd.DataFrame]]
    """Takes the id to go on from (None: the beginning) and yields frames in order of ids."""


def stream_csv(
    batches: Batches,
    path: str | os.PathLike[str],
    question: Mapping[str, Any],
    *,
    resumable: bool,
    excel: bool,
    neutralize: bool,
) -> Path:
    """Fetch *batches* into a CSV file; see :func:`stream`."""

    def write(stage: Stage, target: Path) -> None:
        with CsvWriter(target, excel=excel, neutralize=neutralize, drafts=stage.folder) as writer:
            for table in stage.tables():
                writer.write_table(table)

    return stream(batches, path, question, write, resumable=resumable)


def stream_parquet(
    batches: Batches, path: str | os.PathLike[str], question: Mapping[str, Any], *, resumable: bool
) -> Path:
    """Fetch *batches* into a Parquet file; see :func:`stream`."""

    def write(stage: Stage, target: Path) -> None:
        write_parquet(stage.tables(), stage.schema(), target, drafts=stage.folder)

    return stream(batches, path, question, write, resumable=resumable)


def stream(
    batches: Batches,
    path: str | os.PathLike[str],
    question: Mapping[str, Any],
    write: Callable[[Stage, Path], None],
    *,
    resumable: bool,
) -> Path:
    """Keep batches on disk as they come, and make the file of them at the end.

    Parameters
    ----------
    batches
        Yields the frames.
    path
        The file to write.
    question
        What is asked, of whom: a later call with the same question goes on where this one ended.
    write
        Makes the file.
    resumable
        Whether the list can be gone on with behind an id at all.

    Raises
    ------
    ExportError
        The file cannot be written; nothing is left behind.
    ClassyError
        The list cannot be fetched; what had come is kept for the next call.
    """
    target = Path(path).expanduser()
    AtomicFile(target).abort()  # an hour of fetching must not end in "no such folder"
    stage = Stage(target, question)
    with telling_reasons(target):
        stage.open(resume=resumable)
    keep = False
    try:
        _gather(batches, stage, target)
        write(stage, target)
    except ExportError:
        raise
    except BaseException as error:
        keep = resumable and stage.rows > 0
        if keep and isinstance(error, ClassyError):
            error.add_note(f"{stage.rows:,} rows are kept beside {target}: the same call goes on from there.")
        raise
    finally:
        stage.close(keep=keep)
    return target


def _gather(batches: Batches, stage: Stage, target: Path) -> None:
    stopped: InterruptedFetchError
    try:
        for frame in batches(stage.last):
            if len(frame) or not stage.rows:
                last = int(frame["id"].iloc[-1]) if len(frame) and "id" in frame else None
                with telling_reasons(target):
                    stage.add(frame, last)
    except InterruptedFetchError as error:
        stopped = error
    else:
        return
    kept = f"Stopped: {stage.rows:,} rows are kept beside {target}; the same call goes on from there."
    raise InterruptedFetchError(kept if stage.rows else stopped.what)
