"""Where files behave differently on Windows: names, modes, and replacing a file.

Paths come in from `credentials`, `export`, `mirror` and the explorer; out comes a file in its place, or the
reason why there can be no file at that path. Other differences (fork, sockets, Arrow's time zones) are
handled where they matter, by asking the library what it supports.
"""

from __future__ import annotations

import errno
import os
import re
import sys
import time
from pathlib import Path, PureWindowsPath
from typing import Final

from classy_nb.arguments import shown
from classy_nb.errors import UsageError

IN_USE: Final = frozenset({errno.EACCES, errno.EPERM, errno.EBUSY, errno.ETXTBSY})
"""Errors with which a rename fails while another program holds the old file open; on Windows, EACCES."""
_PAUSE: Final = 0.05
_LONGEST_PAUSE: Final = 1.0
_DEVICES: Final = re.compile(r"(con|prn|aux|nul|(com|lpt)[0-9¹²³]|conin\$|conout\$) *(\..*)?", re.IGNORECASE)
_FORBIDDEN: Final = re.compile(r'[<>:"|?*\x00-\x1f]')


def checked_path(path: object, name: str = "path") -> Path:
    """Return *path* as a path of a file; raise UsageError if it is not one."""
    if not isinstance(path, str | os.PathLike) or not isinstance(os.fspath(path), str):
        raise UsageError(f"{name}={shown(path)} is not a path.", advice="Give the name of a file, as text.")
    text = os.fspath(path)
    if text.endswith(("/", os.sep)):
        raise UsageError(f"{shown(text)} names a folder.", advice="Name a file in it.")
    return Path(text)


def on_windows() -> bool:
    """Tell whether this is Windows."""
    return sys.platform == "win32"


def put_in_place(source: Path, target: Path, *, patience: float = 1.0) -> None:
    """Give a finished file its name, replacing any older file of that name.

    On Windows, this fails while any program has one of the two files open, and virus scanners and indexers
    open new files for a moment; network shares behave the same way on other systems. So it is retried.

    Parameters
    ----------
    patience
        For how many seconds to keep trying.

    Raises
    ------
    OSError
        Every attempt failed; an error in `IN_USE` means that another program may hold a file open.
    """
    pause, deadline = _PAUSE, time.monotonic() + patience
    while True:
        try:
            source.replace(target)
        except OSError as error:
            if error.errno not in IN_USE or time.monotonic() + pause > deadline:
                raise
        else:
            return
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)


def why_not(path: str | os.PathLike[str]) -> str | None:
    """Say why Windows allows no file of this name, or would create a different one; None if it is fine.

    ``nul.csv`` would swallow the rows, ``gifts:2026.csv`` would hide them behind a file called ``gifts``, and
    a dot at the end would get lost. Other systems accept all of these.
    """
    if not on_windows():
        return None
    pure = PureWindowsPath(path)
    for part in pure.parts[1:] if pure.anchor else pure.parts:
        if _DEVICES.fullmatch(part):
            return f"Windows keeps the name {part} for a device"
        if found := _FORBIDDEN.search(part):
            return f"Windows has no file names with {found[0]!r}"
        if part not in (".", "..") and part.endswith((".", " ")):
            return "Windows has no names that end with a dot or a space"
    return None


def who_may_read(path: Path) -> str | None:
    """Say who else may read a file that should be private; None if nobody.

    Windows has no modes: a file inherits the permissions of its folder, and a user's own folders are private.
    """
    if not on_windows():
        return None
    try:
        home = Path.home().resolve()
    except (OSError, RuntimeError):
        home = None
    if home is not None and home in path.resolve().parents:
        return None
    return (
        "Windows has no file modes, and this is outside of your own folder: whoever may read "
        f"{path.parent} may read it"
    )
