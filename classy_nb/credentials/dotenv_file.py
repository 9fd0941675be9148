"""The ``.env`` file: find it, read it, and write it so that the secret ends up nowhere else.

`Credentials.load` reads and `Credentials.save` writes. A file is trusted as far as its owner and its mode
allow: whoever can write it decides where a secret goes. Writing is refused where git would pick the file up,
and happens in a private folder, so that a file other people can open never holds the secret.
"""

from __future__ import annotations

import codecs
import io
import os
import stat
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from classy_nb.errors import CredentialsError, CredentialsWarning, warn
from classy_nb.files import put_in_place, who_may_read, why_not
from classy_nb.redact import Secret

from .validation import is_blank

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping, Sequence

PREFIX = "CLASSY_"
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_LARGEST = 1_000_000
"""Bytes that are read at most."""
_PIPE_SECONDS = 2.0
"""How long a pipe may take to deliver its text."""


@dataclass(frozen=True)
class EnvFile:
    """The ``CLASSY_`` variables of a file.

    Attributes
    ----------
    lines
        The number of the line of each variable.
    blank
        Names of the variables that were left blank; they are not in *values*.
    bad_lines
        The numbers of the lines of ours that cannot be parsed.
    foreign
        The file belongs to another user, who is not the administrator.
    """

    path: Path
    values: Mapping[str, Secret]
    lines: Mapping[str, int]
    blank: tuple[str, ...] = ()
    bad_lines: tuple[int, ...] = ()
    foreign: bool = False


class EverybodyWritesError(CredentialsError):
    """Anybody on this computer may write the file: it is refused even where it is not needed."""


def find_env_file(start: Path | None = None) -> Path | None:
    """Find ``.env`` in a folder or above it; the repository's root and the home folder are searched last.

    A folder called ``.env`` (some keep a virtual environment there) is skipped.
    """
    try:
        folder = (Path.cwd() if start is None else start).resolve()
        home = Path.home().resolve()
    except (OSError, RuntimeError):
        return None
    for place in (folder, *folder.parents):
        mode = _mode(place / ".env")
        if mode is not None and _is_readable(mode):
            return place / ".env"
        if place == home or _mode(place / ".git") is not None:
            return None
    return None


def read_env_file(path: Path) -> EnvFile:
    """Read a file's ``CLASSY_`` variables; variables inside values are not expanded.

    Raises
    ------
    CredentialsError
        The file cannot be read, is not text, or may be written by everybody.

    Warns
    -----
    CredentialsWarning
        The file may be written by a group, is UTF-16, or has one of our lines that cannot be parsed.
    """
    from dotenv.parser import parse_stream

    try:
        data, foreign = _read(path)
    except OSError as error:
        raise CredentialsError(f"{path} cannot be read ({error.strerror}).") from None
    text = _decode(path, data)
    ours: dict[str, str] = {}
    lines: dict[str, int] = {}
    bad_lines = []
    for binding in parse_stream(io.StringIO(text)):
        original = binding.original  # begins with the blank lines above it
        line = original.line + original.string[: -len(original.string.lstrip()) or None].count("\n")
        if binding.error and PREFIX in original.string:
            bad_lines.append(line)
        elif binding.key is not None and binding.key.startswith(PREFIX):
            ours[binding.key], lines[binding.key] = binding.value or "", line
    if data.startswith(_UTF16_MARKS):
        what = f"{path} is UTF-16, which other programs cannot read as .env: save it as UTF-8."
        warn(what, CredentialsWarning)
    elif bad_lines:
        warn(f"{path}: {unreadable(bad_lines)}", CredentialsWarning)
    blank = tuple(name for name, value in ours.items() if is_blank(value))
    values = {name: Secret(value) for name, value in ours.items() if name not in blank}
    return EnvFile(path, values, lines, blank, tuple(bad_lines), foreign)


def unreadable(lines: Sequence[int]) -> str:
    """Name lines that cannot be parsed, with what they should look like."""
    which = f"line{'s' if len(lines) > 1 else ''} {' and '.join(map(str, lines))}"
    return f"{which} cannot be read; write NAME=value, and close every quote."


def _read(path: Path) -> tuple[bytes, bool]:
    """Return a file's bytes, and whether it belongs to another user."""
    # Opening a device may do something (rewind a tape), and opening a pipe waits for its other end, unless
    # told not to. What was opened is looked at again: it may have been replaced in between.
    _check_kind(path, path.stat().st_mode)
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    with open(os.open(path, flags), "rb", buffering=0) as file:  # noqa: PTH123 - a descriptor
        status = os.fstat(file.fileno())
        _check_kind(path, status.st_mode)
        foreign = _is_foreign(path, status)
        data = _drain(path, file) if stat.S_ISFIFO(status.st_mode) else file.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        raise CredentialsError(f"{path} cannot be read (larger than 1 MB: it is not a .env file).")
    return data, foreign


def _check_kind(path: Path, mode: int) -> None:
    if not _is_readable(mode):
        kind = "a folder" if stat.S_ISDIR(mode) else "a device or a socket"
        raise CredentialsError(f"{path} cannot be read (it is {kind}, not a file).")


def _is_readable(mode: int) -> bool:
    return stat.S_ISREG(mode) or stat.S_ISFIFO(mode)  # password managers offer pipes


def _drain(path: Path, pipe: io.FileIO) -> bytes:
    """Read a pipe to its end, without waiting for a writer that never comes."""
    data = b""
    deadline = time.monotonic() + _PIPE_SECONDS
    while len(data) <= _LARGEST:
        part = pipe.read(_LARGEST)  # None: nothing yet; b"": no writer, either not yet or no longer
        if part == b"" and data:
            return data
        data += part or b""
        if not part and time.monotonic() > deadline:
            raise CredentialsError(
                f"{path} cannot be read (a pipe that delivered no text within {_PIPE_SECONDS:.0f} seconds).",
                advice="Start or unlock the program that fills it, and try again; or delete it.",
            )
        if not part:
            time.sleep(0.01)
    return data


def _is_foreign(path: Path, status: os.stat_result) -> bool:
    """Tell whether a file belongs to another user; refuse it if everybody may write it.

    The mode of the folder does not matter: whoever replaces the file there makes one that is their own.
    """
    if not hasattr(os, "geteuid"):
        return False  # Windows: owners and modes are made up
    writers = status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    # The owner of a link decides as well: it may lead to another file of ours. The administrator can do all
    # of this anyway.
    owners = {status.st_uid, path.lstat().st_uid} - {0, os.geteuid()}
    if writers or owners:
        # Some file systems (FAT, network shares, Windows drives in WSL) show the same owner and mode for all
        # files. There, a new file of our own looks no different.
        sample = _new_file_in(path.resolve().parent)
        if sample is not None:
            writers &= ~sample.st_mode
            owners.discard(sample.st_uid)
    if writers & stat.S_IWOTH:
        raise EverybodyWritesError(
            f"{path} can be changed by anyone on this computer, so it was not used.",
            advice=f"Check what it says, and then run chmod 600 {path}.",
        )
    if writers:
        warn(
            f"{path} can be changed by its group, so everyone in it could change where your secret goes: "
            f"run chmod 600 {path}.",
            CredentialsWarning,
        )
    return bool(owners)


def _new_file_in(folder: Path) -> os.stat_result | None:
    """Return what a new file of ours, closed to others, looks like there; None if we may not make one."""
    import tempfile

    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            return os.fstat(file.fileno())
    except OSError:
        return None


def write_env_file(path: Path, values: Mapping[str, Secret | None]) -> None:
    """Put variables into a file, all or none; its other lines stay as they are.

    Parameters
    ----------
    path
        The file; it may exist.
    values
        Name and text; None removes the variable.

    Raises
    ------
    CredentialsError
        The path is not a plain file, git would see it, or it could not be written. The file is unchanged.
    """
    _check_target(path)
    _check_git(path)
    try:
        before = _decode(path, path.read_bytes()) if path.exists() else ""
        _replace(path, before, values)
    except CredentialsError:
        raise
    except PermissionError as error:
        reason = f"{error.strerror or 'access is denied'} (is it open in another program?)"
    except OSError as error:
        reason = error.strerror or type(error).__name__
    except Exception as error:  # noqa: BLE001 - the library's; its message may quote the secret
        reason = type(error).__name__
    else:
        if others := who_may_read(path):
            warn(f"{path} was written, but {others}.", CredentialsWarning)
        return
    # Raised out here, so that the error above does not hang on to this one as its context.
    raise CredentialsError(f"{path} could not be written: {reason}.", advice="The file is unchanged.")


def _replace(path: Path, before: str, values: Mapping[str, Secret | None]) -> None:
    import tempfile

    from dotenv import dotenv_values, set_key, unset_key

    # The new text is made in a private folder beside the file, read back, compared, and moved into place with
    # mode 0600: a file that others have open never holds the secret.
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f"{path.name}-") as folder:
        draft = Path(folder) / path.name  # a .gitignore that covers the file covers the draft by its name
        draft.touch(mode=0o600)
        draft.write_text(before.replace("\r\n", "\n"), encoding="utf-8", newline="")
        old = dotenv_values(draft, interpolate=False, encoding="utf-8")
        for name, value in values.items():
            if value is not None:
                set_key(draft, name, value.reveal(), quote_mode="always", encoding="utf-8")
            elif name in old:
                unset_key(draft, name, encoding="utf-8")
        wanted = {name: text for name, text in old.items() if name not in values}
        wanted |= {name: value.reveal() for name, value in values.items() if value is not None}
        if dotenv_values(draft, interpolate=False, encoding="utf-8") != wanted:
            raise OSError(0, "it does not read back as it was written")
        if "\r\n" in before:
            draft.write_text(draft.read_text(encoding="utf-8"), encoding="utf-8", newline="\r\n")
        put_in_place(draft, path)


def _check_target(path: Path) -> None:
    if reason := why_not(path):
        raise CredentialsError(f"{path} could not be written: {reason}.", advice="Pass another path=.")
    folder, file = _mode(path.parent), _mode(path, follow=False)
    if folder is None or not stat.S_ISDIR(folder):
        raise CredentialsError(f"The folder {path.parent} does not exist.", advice="Check path=.")
    if file is not None and not stat.S_ISREG(file):
        raise CredentialsError(
            f"{path} is not a plain file (it is a folder, a link or a pipe).", advice="Pass another path=."
        )


def _check_git(path: Path) -> None:
    state = git_state(path)
    if state == "tracked":
        raise CredentialsError(
            f"git tracks {path}: the secret would be committed.",
            advice=f"Run git rm --cached {path.name}, add {path.name} to .gitignore, commit, and save again.",
        )
    if state == "exposed":
        raise CredentialsError(
            f"git does not ignore {path}: the secret could be committed.",
            advice=f"Add the line {path.name} to .gitignore and save again.",
        )
    if state == "unknown":
        what = f"git did not say whether it ignores {path}: make sure that it does."
        warn(what, CredentialsWarning)


def git_state(path: Path) -> Literal["tracked", "ignored", "exposed", "outside", "unknown"]:
    """Tell what git does with a file, which need not exist.

    Returns
    -------
    str
        ``tracked``: it is in the repository already. ``ignored``. ``exposed``: the next ``git add`` takes it.
        ``outside``: this is not a repository. ``unknown``: it is one, but git is not installed or refuses to
        look.
    """
    inside = _git(path, "rev-parse", "--is-inside-work-tree")
    if inside is None or inside.returncode != 0:
        in_repository = any(_mode(folder / ".git") is not None for folder in path.parents)
        return "unknown" if in_repository else "outside"
    if inside.stdout.strip() != b"true":
        return "outside"  # inside .git itself
    tracked = _git(path, "ls-files", "--error-unmatch", "--", f":(literal){path.name}")
    if tracked is not None and tracked.returncode == 0:
        return "tracked"
    # --no-index: what is already tracked counts as well; ./ keeps a name from being taken for a pattern.
    ignored = _git(path, "check-ignore", "--quiet", "--no-index", "--", f"./{path.name}")
    if ignored is None or ignored.returncode not in (0, 1):
        return "unknown"
    return "ignored" if ignored.returncode == 0 else "exposed"


_GIT_ENVIRONMENT = ("PATH", "HOME", "USERPROFILE", "SYSTEMROOT", "XDG_CONFIG_HOME", "TMPDIR")
"""What git gets to see of the environment. The rest may hold secrets, and a hook's GIT_DIR would send git to
another repository."""


def _git(path: Path, *arguments: str) -> subprocess.CompletedProcess[bytes] | None:
    import shutil  # only saving needs these two
    import subprocess

    git = shutil.which("git")
    if git is None:
        return None
    environment = {name: os.environ[name] for name in _GIT_ENVIRONMENT if name in os.environ}
    command = [git, "-C", str(path.parent), *arguments]
    try:
        return subprocess.run(command, env=environment, capture_output=True, timeout=20, check=False)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return None


def _mode(path: Path, *, follow: bool = True) -> int | None:
    """Return a path's ``st_mode``; None if it does not exist or cannot be seen."""
    try:
        return path.stat(follow_symlinks=follow).st_mode
    except OSError:
        return None


def _decode(path: Path, data: bytes) -> str:
    try:
        text = data.decode("utf-16" if data.startswith(_UTF16_MARKS) else "utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:  # UTF-16 without its mark decodes as UTF-8, with a zero beside each letter
        raise CredentialsError(f"{path} is not UTF-8 text: open it in an editor and save it as UTF-8.")
    return text
