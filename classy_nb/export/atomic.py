"""Files that appear once they are complete, or not at all.

The CSV and Parquet writers write into an `AtomicFile`; it is synced and renamed into place at the end. Errors
of the operating system become an `ExportError` that says what to do about the path. Office shares and mounted
buckets refuse some of the steps; what the rows do not depend on is left out there, with a warning.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import shutil
import stat
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from uuid import uuid4

from classy_nb.errors import DataWarning, ExportError, warn
from classy_nb.files import IN_USE, put_in_place, why_not

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_REASONS = {
    errno.ENOSPC: ("the disk is full", "Make room, or write to another disk."),
    errno.EDQUOT: ("your quota of the disk is used up", "Make room, or write to another disk."),
    errno.EFBIG: ("the file is larger than your system allows", "Raise the limit, or write to another disk."),
    errno.EACCES: ("you may not write there", "Choose another folder, or change its permissions."),
    errno.EPERM: ("you may not write there", "Choose another folder, or change its permissions."),
    errno.EROFS: ("the disk is read-only", "Choose another folder."),
    errno.ENOENT: ("the folder does not exist", "Make the folder first."),
    errno.ENOTDIR: ("a part of the path is not a folder", "Check the path."),
    errno.EISDIR: ("it is a folder", "Give the name of a file."),
    errno.ENAMETOOLONG: ("the name is too long", "Choose a shorter one."),
    errno.EIO: ("the disk or the connection to it failed", "Check it, or write to another disk."),
    errno.ESTALE: ("the connection to the disk was lost", "Check it, or write to another disk."),
}
_REASONS_TO_READ = {
    errno.ENOENT: ("it does not exist", "Check the path."),
    errno.EACCES: ("you may not read it, or another program holds it", "Close it there, or ask its owner."),
    errno.EPERM: ("you may not read it", "Ask its owner."),
}
_UNSUPPORTED = {
    number
    for name in ("EINVAL", "ENOSYS", "ENOTSUP", "EOPNOTSUPP", "ENOTTY", "ENOLCK")
    if (number := getattr(errno, name, None)) is not None
}


def is_unsupported(error: OSError | NotImplementedError) -> bool:
    """Whether a disk lacks an operation, as network shares and mounted buckets lack some."""
    return isinstance(error, NotImplementedError) or error.errno in _UNSUPPORTED


_MOST_BYTES = 200
"""Of a name to which something is added; file systems allow 255 in all."""
_HASH_DIGITS = 16


def hidden_name(path: Path, ending: str) -> str:
    """Return the name of something hidden beside *path* until that is complete; different for every path."""
    name = os.fsencode(path.name)
    if len(name) > _MOST_BYTES:
        kept = name[: _MOST_BYTES - _HASH_DIGITS - 1].decode("utf-8", "ignore")
        return f".{kept}-{hashlib.sha256(name).hexdigest()[:_HASH_DIGITS]}.{ending}"
    return f".{path.name}.{ending}"


@contextlib.contextmanager
def explained_errors(path: Path, what: str = "written") -> Iterator[None]:
    """Turn errors of the operating system into an ExportError that says what to do about *path*."""
    try:
        yield
    except OSError as error:
        if isinstance(error, ExportError):
            raise
        reasons = _REASONS if what == "written" else {**_REASONS, **_REASONS_TO_READ}
        reason, advice = reasons.get(error.errno or 0, (error.strerror or type(error).__name__, None))
    else:
        return
    raise ExportError(f"{path} could not be {what}: {reason}.", advice=advice)


def writable(path: str | os.PathLike[str]) -> tuple[Path, Path]:
    """Return *path* and the file behind its links, if a file may be put there.

    Nothing is created to find out: a crash would leave it behind.

    Raises
    ------
    ExportError
        It may not; the message says why.
    """
    if re.match(r"[a-z][a-z0-9+.-]+://", os.fspath(path), re.IGNORECASE):
        raise ExportError(
            f"{os.fspath(path)!r} could not be written: it is a URL.",
            advice="Write to a folder of this machine, then upload the file.",
        )
    if reason := why_not(path):
        raise ExportError(
            f"{os.fspath(path)!r} could not be written: {reason}.", advice="Choose another name."
        )
    try:
        shown = Path(path).expanduser()
        target = Path(os.path.realpath(shown))
    except (ValueError, RuntimeError) as error:  # characters that no name has; an unknown user's home
        raise ExportError(
            f"{os.fspath(path)!r} could not be written: {error}.", advice="Check the path."
        ) from None
    with explained_errors(shown):
        if target.parent.is_dir() and not os.access(target.parent, os.W_OK):
            raise PermissionError(errno.EACCES, "no permission")
        try:
            mode = target.stat().st_mode
        except FileNotFoundError:
            return shown, target
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, "is a directory")
        if not stat.S_ISREG(mode):
            # A rename would replace the device or pipe with a file.
            raise ExportError(
                f"{shown} could not be written: it is a device or a pipe, not a file.",
                advice="Choose another name.",
            )
        if not (mode & 0o222 and os.access(target, os.W_OK)):
            # A rename would not mind, but whoever protects a file does.
            raise ExportError(
                f"{shown} could not be written: it is write-protected.",
                advice="Choose another name, or change its permissions.",
            )
    return shown, target


class AtomicFile:
    """A file under a temporary name beside *path*, renamed once it is complete.

    An older file stays until then, and passes its permissions on; a link is followed. Until it is complete,
    only its owner can read it (on Windows, whoever can read the folder).

    Parameters
    ----------
    path
        The file to write.
    drafts
        A folder on the same disk for the temporary file; by default, that of *path*.
    check
        Called when all of it is on the disk, before it gets its name; what it raises leaves the older file.

    Raises
    ------
    ExportError
        It cannot be written; nothing is left behind.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        drafts: Path | None = None,
        check: Callable[[], object] = lambda: None,
    ) -> None:
        self._check = check
        self.path, self._target = writable(path)
        draft = hidden_name(self._target, f"{uuid4().hex}.tmp")
        self._draft = (drafts or self._target.parent) / draft
        with explained_errors(self.path):
            self.file: BinaryIO = open(self._draft, "xb", opener=open_for_owner)  # noqa: SIM115
            self._made = os.fstat(self.file.fileno())

    @property
    def is_saved(self) -> bool:
        """Whether the file has its name by now, even if the rename was interrupted."""
        try:
            return os.path.samestat(self._made, self._target.stat())
        except OSError:
            return False

    def commit(self) -> None:
        """Rename the file to its name, once all of it is on the disk."""
        try:
            with explained_errors(self.path):
                if not sync(self.file):
                    self._warn("the disk does not confirm what it has stored")
                self.file.close()
                self._set_mode()
                self._check()
                self._rename()
        except BaseException:
            self.abort()
            raise

    def _set_mode(self) -> None:
        """Give the file the permissions of the older one, or those that a new one gets."""
        try:
            try:
                mode = self._target.stat().st_mode & 0o777
            except FileNotFoundError:
                # The umask could be asked for only by changing it, for a moment and for all threads.
                empty = self._draft.with_suffix(".mode")
                empty.touch(exist_ok=False)
                try:
                    mode = empty.stat().st_mode & 0o777
                finally:
                    empty.unlink()
            if self._draft.stat().st_mode & 0o777 != mode:
                self._draft.chmod(mode)
        except OSError as error:
            self._warn(f"its permissions could not be set ({error.strerror or error})")

    def _rename(self) -> None:
        try:
            put_in_place(self._draft, self._target)
        except OSError as error:
            if error.errno in IN_USE and self._target.exists():
                raise ExportError(
                    f"{self.path} could not be replaced: access is denied. Is it open in another program?",
                    advice="Close it there (in Excel, say) and try again, or choose another name.",
                ) from None
            if not is_unsupported(error):
                raise
            self._copy()

    def _copy(self) -> None:
        """Write the file under its name, where the disk cannot rename, as a mounted bucket cannot."""
        existed = self._target.exists()
        try:
            shutil.copyfile(self._draft, self._target)
        except BaseException:
            if not existed:
                with contextlib.suppress(OSError):
                    self._target.unlink()
            raise
        self._made = self._target.stat()
        with contextlib.suppress(OSError):
            self._draft.unlink()
        self._warn("the disk cannot rename files, so it was written in place")

    def _warn(self, why: str) -> None:
        warn(f"{self.path}: {why}. Its content is complete.", DataWarning)

    def abort(self) -> None:
        """Remove what has been written."""
        with contextlib.suppress(OSError):
            self.file.close()
        with contextlib.suppress(OSError):
            self._draft.unlink(missing_ok=True)


def sync(file: BinaryIO) -> bool:
    """Have all of *file* on the disk; return whether the disk can tell."""
    file.flush()
    try:
        os.fsync(file.fileno())
    except OSError as error:
        if not is_unsupported(error):
            raise
        return False
    return True


def open_for_owner(path: str, flags: int) -> int:
    """Open a file; if it is new, nobody else may read it."""
    return os.open(path, flags, 0o600)
