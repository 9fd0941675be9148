"""Files that appear when they are whole, or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from uuid import uuid4

from classy_nb.errors import ExportError

if TYPE_CHECKING:
    from collections.abc import Iterator

_REASONS = {
    errno.ENOSPC: ("the disk is full", "Make room, or write to another disk."),
    errno.EDQUOT: ("your quota of the disk is used up", "Make room, or write to another disk."),
    errno.EACCES: ("you may not write there", "Choose another folder, or change its permissions."),
    errno.EPERM: ("you may not write there", "Choose another folder, or change its permissions."),
    errno.EROFS: ("the disk is read-only", "Choose another folder."),
    errno.ENOENT: ("the folder does not exist", "Make the folder first."),
    errno.ENOTDIR: ("a part of the path is no folder", "Check the path."),
    errno.EISDIR: ("it is a folder", "Give the name of a file."),
    errno.ENAMETOOLONG: ("the name is too long", "Choose a shorter one."),
}


@contextlib.contextmanager
def telling_reasons(path: Path) -> Iterator[None]:
    """Turn errors of the operating system into an ExportError that says what to do about *path*."""
    try:
        yield
    except OSError as error:
        if isinstance(error, ExportError):
            raise
        reason, advice = _REASONS.get(error.errno or 0, (error.strerror or type(error).__name__, None))
    else:
        return
    raise ExportError(f"{path} could not be written: {reason}.", advice=advice)


class AtomicFile:
    """A file under a temporary name beside *path*, renamed when it is whole.

    An older file stays until then, and gives the new one its permissions; a link is followed.

    Parameters
    ----------
    path
        The file to write.
    drafts
        A folder on the same disk for the temporary file; by default that of *path*.

    Raises
    ------
    ExportError
        It cannot be written; nothing is left behind.
    """

    def __init__(self, path: str | os.PathLike[str], *, drafts: Path | None = None) -> None:
        self.path = Path(path).expanduser()
        self._target = Path(os.path.realpath(self.path))
        draft = f".{self._target.name[:100]}.{uuid4().hex}.tmp"
        self._draft = (drafts or self._target.parent) / draft
        with telling_reasons(self.path):
            if self._target.is_dir():
                raise IsADirectoryError(errno.EISDIR, "is a directory")
            if self._target.exists() and not self._target.is_file():
                # A rename would put a file in the place of the device or pipe.
                raise OSError(errno.EINVAL, "it is a device or a pipe, not a file")
            self.file: BinaryIO = self._draft.open("xb")

    def commit(self) -> None:
        """Rename the file to its name, once all of it is on the disk."""
        try:
            with telling_reasons(self.path):
                self.file.flush()
                os.fsync(self.file.fileno())
                self.file.close()
                if self._target.exists():
                    self._draft.chmod(self._target.stat().st_mode & 0o777)
                self._draft.replace(self._target)
        except BaseException:
            self.abort()
            raise

    def abort(self) -> None:
        """Remove what has been written."""
        with contextlib.suppress(OSError):
            self.file.close()
        with contextlib.suppress(OSError):
            self._draft.unlink(missing_ok=True)
