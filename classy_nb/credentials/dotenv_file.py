"""The ``.env`` file: found, read, and written without leaving the secret elsewhere.

Functions that hold plain text among their variables do not raise, or their failure is replaced by
one without their frames: a traceback may show variables.
"""

from __future__ import annotations

import codecs
import io
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from classy_nb.errors import CredentialsError
from classy_nb.redact import Secret

from .validation import is_blank

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "CLASSY_"
_NOT_TEXT = "is not UTF-8 text: open it in an editor and save it as UTF-8"
_UTF16 = "is UTF-16, which other programs cannot read as .env: save it as UTF-8"


@dataclass(frozen=True)
class EnvFile:
    """What a ``.env`` file says: the variables of this package, those left blank, what is odd."""

    path: Path
    values: Mapping[str, Secret]
    blank: tuple[str, ...] = ()
    problem: str | None = None
    note: str | None = None


def find_env_file(start: Path | None = None) -> Path | None:
    """Find ``.env`` in a folder or above it; the repository's root and home are searched last.

    A folder called ``.env`` (some keep a virtual environment there) is passed over.
    """
    try:
        folder = (Path.cwd() if start is None else start).resolve()
        home = Path.home().resolve()
    except (OSError, RuntimeError):
        return None
    for place in (folder, *folder.parents):
        mode = file_mode(place / ".env")
        if mode is not None and (stat.S_ISREG(mode) or stat.S_ISFIFO(mode)):
            return place / ".env"
        if place == home or file_mode(place / ".git") is not None:
            return None
    return None


def read_env_file(path: Path) -> EnvFile:
    """Read a file's ``CLASSY_`` variables; ``problem`` says why it can't be read. Nothing is raised."""
    from dotenv import dotenv_values

    try:
        data = path.read_bytes()
    except OSError as error:
        return EnvFile(path, {}, problem=f"cannot be read ({error.strerror})")
    text, odd = _decoded(data)
    if text is None:
        return EnvFile(path, {}, problem=odd)
    found = dotenv_values(stream=io.StringIO(text), interpolate=False)
    ours = {name: Secret(value or "") for name, value in found.items() if name.startswith(PREFIX)}
    blank = tuple(name for name, value in ours.items() if is_blank(value))
    values = {name: value for name, value in ours.items() if name not in blank}
    return EnvFile(path, values, blank, note=odd or _bad_line(text))


def write_env_file(path: Path, values: Mapping[str, Secret | None]) -> None:
    """Put variables into a file, all or none; its other lines stay as they are.

    The new text is made in a private folder beside the file, read back, compared, and moved into
    place with mode 0600, so that a file open to others never holds the secret.

    Parameters
    ----------
    path
        The file; it may exist.
    values
        Name and text; None takes the variable out.

    Raises
    ------
    CredentialsError
        The file could not be written; it is as it was.
    """
    failure = _failure_of_replacing(path, values)
    if failure is not None:
        raise failure


def _failure_of_replacing(path: Path, values: Mapping[str, Secret | None]) -> BaseException | None:
    """Try it; return what went wrong without its frames, whose variables hold the secret in clear."""
    unchanged = "The file is as it was."
    try:
        _replace(path, values)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        return CredentialsError(f"{path} could not be written: {reason}.", advice=unchanged)
    except Exception as error:  # noqa: BLE001 - its message may quote the secret
        return CredentialsError(f"{path} could not be written: {type(error).__name__}.", advice=unchanged)
    except BaseException as error:  # noqa: BLE001 - Ctrl-C: passed on, bare
        error.__context__ = error.__cause__ = None
        return error.with_traceback(None)
    return None


def _replace(path: Path, values: Mapping[str, Secret | None]) -> None:
    import tempfile

    text, odd = _decoded(path.read_bytes()) if path.exists() else ("", None)
    if text is None:
        raise OSError(0, str(odd))
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f"{path.name}-") as folder:
        # The same name inside: a .gitignore that covers the file covers the draft.
        draft = Path(folder) / path.name
        draft.touch(mode=0o600)
        draft.write_text(text.replace("\r\n", "\n"), encoding="utf-8", newline="")
        _put(draft, values)
        if "\r\n" in text:
            draft.write_text(draft.read_text(encoding="utf-8"), encoding="utf-8", newline="\r\n")
        draft.replace(path)


def _put(draft: Path, values: Mapping[str, Secret | None]) -> None:
    from dotenv import dotenv_values, set_key, unset_key

    before = dotenv_values(draft, interpolate=False, encoding="utf-8")
    for name, value in values.items():
        if value is not None:
            set_key(draft, name, value.reveal(), quote_mode="always", encoding="utf-8")
        elif name in before:
            unset_key(draft, name, encoding="utf-8")
    wanted = {name: text for name, text in before.items() if name not in values}
    wanted |= {name: value.reveal() for name, value in values.items() if value is not None}
    if dotenv_values(draft, interpolate=False, encoding="utf-8") != wanted:
        raise OSError(0, "what was written does not read back as it should")


def file_mode(path: Path, *, follow: bool = True) -> int | None:
    """Return what kind of file a path is (``st_mode``); None if there is none, or it can't be seen."""
    try:
        return path.stat(follow_symlinks=follow).st_mode
    except OSError:
        return None


def _decoded(data: bytes) -> tuple[str | None, str | None]:
    """Return the text and what is odd about it; no text if there is no telling the encoding."""
    encoding, odd = "utf-8-sig", None
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding, odd = "utf-16", _UTF16
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return None, _NOT_TEXT
    return (None, _NOT_TEXT) if "\0" in text else (text, odd)


def _bad_line(text: str) -> str | None:
    from dotenv.parser import parse_stream

    bad = (b.original for b in parse_stream(io.StringIO(text)) if b.error and PREFIX in b.original.string)
    for original in bad:
        blank_lines = len(original.string) - len(original.string.lstrip("\n"))
        return f"has a line that cannot be read: line {original.line + blank_lines}; check its quotes"
    return None
