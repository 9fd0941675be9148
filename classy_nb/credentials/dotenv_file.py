"""The ``.env`` file: find it, read it, and write it so that the secret ends up nowhere else.

`Credentials.load` reads and `Credentials.save` writes. Writing is refused where git would pick the file up,
and happens in a private folder, so that a file other people can open never holds the secret.
"""

from __future__ import annotations

import codecs
import io
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from classy_nb.errors import CredentialsError, CredentialsWarning, warn
from classy_nb.redact import Secret

from .validation import is_blank

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping

PREFIX = "CLASSY_"
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True)
class EnvFile:
    """The ``CLASSY_`` variables of a file, and the names of those that were left blank."""

    path: Path
    values: Mapping[str, Secret]
    blank: tuple[str, ...] = ()


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
        if mode is not None and (stat.S_ISREG(mode) or stat.S_ISFIFO(mode)):  # password managers offer pipes
            return place / ".env"
        if place == home or _mode(place / ".git") is not None:
            return None
    return None


def read_env_file(path: Path) -> EnvFile:
    """Read a file's ``CLASSY_`` variables; variables inside values are not expanded.

    Raises
    ------
    CredentialsError
        The file cannot be read, or is not text.

    Warns
    -----
    CredentialsWarning
        The file is UTF-16, or one of our lines cannot be parsed.
    """
    from dotenv import dotenv_values

    try:
        data = path.read_bytes()
    except OSError as error:
        raise CredentialsError(f"{path} cannot be read ({error.strerror}).") from None
    text = _decode(path, data)
    if data.startswith(_UTF16_MARKS):
        what = f"{path} is UTF-16, which other programs cannot read as .env: save it as UTF-8."
        warn(what, CredentialsWarning)
    elif line := _bad_line(text):
        warn(f"{path} has a line that cannot be read: line {line}; check its quotes.", CredentialsWarning)
    found = dotenv_values(stream=io.StringIO(text), interpolate=False)
    ours = {name: value or "" for name, value in found.items() if name.startswith(PREFIX)}
    blank = tuple(name for name, value in ours.items() if is_blank(value))
    return EnvFile(path, {name: Secret(value) for name, value in ours.items() if name not in blank}, blank)


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
    except OSError as error:
        reason = error.strerror or type(error).__name__
    except Exception as error:  # noqa: BLE001 - the library's; its message may quote the secret
        reason = type(error).__name__
    else:
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
        draft.replace(path)


def _check_target(path: Path) -> None:
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


def _bad_line(text: str) -> int | None:
    """Return the number of the first line that the parser skips and that mentions one of our variables."""
    from dotenv.parser import parse_stream

    for binding in parse_stream(io.StringIO(text)):
        original = binding.original
        if binding.error and PREFIX in original.string:
            blank_lines = len(original.string) - len(original.string.lstrip("\n"))
            return original.line + blank_lines
    return None
