"""The files that the explorer writes, CSV or Excel: names are checked before anything is fetched."""

from __future__ import annotations

import os
import stat
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from classy_nb.export import has_ending
from classy_nb.files import why_not

from .form import FormError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from classy_nb.client import Resource

    from .jobs import Job


def file_path(name: str, ending: str) -> Path:
    """Return the absolute path of the file called *name*; *ending* is added unless it ends like CSV or Excel.

    It is added behind any other ending too: programs would take the file for something else.

    Raises
    ------
    FormError
        A file cannot have this name.
    """
    if not name.isprintable() or Path(name).name in ("", "..") or name.endswith(("/", "\\")):
        raise FormError("Give the file a name, such as gifts.csv.", "file")
    if reason := why_not(name):
        raise FormError(f"{reason}: choose another name for the file.", "file")
    try:
        path = Path(name).expanduser()
    except RuntimeError:
        raise FormError(f"There is no home folder for {name.partition('/')[0]}.", "file") from None
    if not (has_ending(path, "csv") or is_excel(path)):
        path = path.with_name(f"{path.name}.{ending}")
    path = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow links
    try:
        is_folder = stat.S_ISDIR(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return path  # that a folder is missing is said when the file is to be written
    except OSError as error:  # a name too long for the disk, a folder without permission
        reason = error.strerror or type(error).__name__
        raise FormError(f"This file name does not work: {reason}. Choose another one.", "file") from None
    if is_folder:
        raise FormError(f"{path} is a folder: choose another name for the file.", "file")
    return path


def is_excel(path: Path) -> bool:
    """Tell whether a file is a workbook; if not, it is CSV."""
    return has_ending(path, "excel")


def write_list(resource: Resource, path: Path, keywords: Mapping[str, Any], job: Job) -> Path:
    """Fetch a list into a file."""
    if is_excel(path):
        return resource.to_excel(path, progress=job.progress, **keywords)
    # With the mark that Excel needs: whoever presses a button opens the file with a double click.
    return resource.to_csv(path, excel=True, progress=job.progress, **keywords)


def fingerprint(path: Path) -> tuple[int, int, int] | None:
    """Return what changes whenever the file does, or None if it does not exist."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def describe(path: Path) -> str:
    """Say how large an existing file is and when it was changed."""
    found = path.stat()
    changed = datetime.fromtimestamp(found.st_mtime)  # noqa: DTZ006 - the reader's clock
    return f"{size_text(found.st_size)}, changed {changed:%Y-%m-%d %H:%M}"


def size_text(count: int) -> str:
    """Write a number of bytes for people."""
    if count < 1000:  # noqa: PLR2004
        return f"{count} bytes"
    return f"{count / 1e3:.1f} kB" if count < 1e6 else f"{count / 1e6:.1f} MB"  # noqa: PLR2004
