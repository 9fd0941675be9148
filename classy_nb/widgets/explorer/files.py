"""The files that the explorer writes: their names, and what they say of themselves."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

from classy_nb.errors import ExportError
from classy_nb.export.atomic import telling_reasons
from classy_nb.widgets.words import words

from .form import FormError

_TEXT = (".csv", ".tsv", ".txt")
"""Endings that a CSV file may have; any other one would be taken for something else."""


def file_path(name: str) -> Path:
    """Return the absolute path of the file called *name*.

    Raises
    ------
    FormError
        No file can be called so.
    """
    if not name.isprintable() or Path(name).name in ("", "..") or name.endswith(("/", "\\")):
        raise FormError("Give the file a name, such as gifts.csv.", "file")
    try:
        path = Path(name).expanduser()
    except RuntimeError:
        person = name.partition("/")[0]
        raise FormError(f"There is no folder of a user {person}.", "file") from None
    path = path if path.suffix.lower() in _TEXT else path.with_name(f"{path.name}.csv")
    path = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow links
    try:
        with telling_reasons(path):
            taken = path.is_dir()
    except ExportError as error:  # such as a name that is too long
        raise FormError(words(error), "file") from None
    if taken:
        raise FormError(f"{path} is a folder: give the file another name.", "file")
    return path


def about(path: Path) -> str:
    """Say how big a file is and how old."""
    with telling_reasons(path):
        there = path.stat()
    changed = datetime.fromtimestamp(there.st_mtime)  # noqa: DTZ006 - the reader's clock
    return f"{size_text(there.st_size)}, changed {changed:%Y-%m-%d %H:%M}"


def mark(path: Path) -> tuple[int, int, int] | None:
    """Return what changes when a file does; None where there is none."""
    with telling_reasons(path):
        there = path.stat() if path.exists() else None
    return None if there is None else (there.st_ino, there.st_size, there.st_mtime_ns)


def size_text(count: int) -> str:
    """Write a number of bytes for people."""
    if count < 1000:  # noqa: PLR2004
        return f"{count} bytes"
    return f"{count / 1e3:.1f} kB" if count < 1e6 else f"{count / 1e6:.1f} MB"  # noqa: PLR2004
