"""The hidden folder beside a file that is being fetched: for one export at a time, and for its files only."""

from __future__ import annotations

import contextlib
import os
import re
import stat
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from classy_nb.errors import ExportError

from .atomic import hidden_name

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

CHECKPOINT, FRESH = "checkpoint.json", "checkpoint.json.new"
PART = re.compile(r"[0-9a-f]{32}\.arrow")
_LOCK = "lock"
_ROUNDS = 10
"""Another export may remove the folder between two steps of this one, but not for ever."""


class Folder:
    """Where the batches of one export are kept; what it has not made itself it leaves alone.

    Parameters
    ----------
    target
        The file that will be made of them.
    """

    def __init__(self, target: Path) -> None:
        self._target = target
        self.path = target.with_name(hidden_name(target, "partial"))
        drafts = re.escape(hidden_name(target, "")) + r"[0-9a-f]{32}\.(tmp|mode)"
        names = "|".join(map(re.escape, (_LOCK, CHECKPOINT, FRESH)))
        self._ours = re.compile(f"{names}|{PART.pattern}|{drafts}")
        self._lock = FileLock(self.path / _LOCK, timeout=0)

    def open(self) -> None:
        """Make the folder, and keep other exports out of it.

        Raises
        ------
        ExportError
            Another export to the same file is under way, or something else stands there.
        """
        for _ in range(_ROUNDS):
            with contextlib.suppress(FileExistsError):
                self.path.mkdir(mode=0o700)
            try:
                self._look()
                self._lock.acquire()
            except FileNotFoundError:
                continue  # another export has ended, and removed it
            except Timeout:
                break
            return
        busy = f"Another export to {self._target} is under way."
        raise ExportError(busy, advice="Wait for it, or choose another file.") from None

    def _look(self) -> None:
        """Raise where something else stands in the place of the folder, or of a file in it."""
        # What a link points to is somebody else's.
        if not stat.S_ISDIR(self.path.lstat().st_mode):
            raise _in_the_way(self.path)
        for entry in self._own():
            if not entry.is_file(follow_symlinks=False):
                raise _in_the_way(self.path / entry.name)

    def _own(self) -> list[os.DirEntry[str]]:
        with os.scandir(self.path) as entries:
            return [entry for entry in entries if self._ours.fullmatch(entry.name)]

    def sweep(self, keep: Collection[str] = ()) -> None:
        """Remove what a crash has left, but for *keep* and for what is not ours."""
        for entry in self._own():
            if entry.name not in {_LOCK, *keep}:
                with contextlib.suppress(OSError):
                    (self.path / entry.name).unlink()

    def close(self, *, keep: bool) -> None:
        """Let others at it; *keep* what is there, or remove it."""
        if not keep:
            # While the lock is held: another export must not find half of it. Who waits for the lock that
            # is removed here notices that it is gone. Where it cannot be removed before it is released
            # (Windows), releasing removes it.
            with contextlib.suppress(OSError):
                self.sweep()
                (self.path / _LOCK).unlink()
        self._lock.release()
        with contextlib.suppress(OSError):
            self.path.rmdir()  # only where nothing is in it


def _in_the_way(path: Path) -> ExportError:
    return ExportError(f"{path} is in the way.", advice="Move it, or choose another name.")
