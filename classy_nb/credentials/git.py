"""What git would do with a file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal

from .dotenv_file import file_mode

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

_SETTINGS = ("PATH", "HOME", "USERPROFILE", "SYSTEMROOT", "XDG_CONFIG_HOME", "TMPDIR")
"""What git is given of the environment. Not the rest: it may hold secrets, and a hook's GIT_DIR
would send git to another repository."""

State = Literal["tracked", "ignored", "exposed", "outside", "unknown"]


def git_state(path: Path) -> State:
    """Tell what git does with a file, which need not exist.

    Returns
    -------
    str
        ``tracked``: it is in the repository already. ``ignored``. ``exposed``: the next ``git add``
        takes it. ``outside``: there is no repository. ``unknown``: there is one, but git is not
        installed or refuses to look.
    """
    inside = _git(path, "rev-parse", "--is-inside-work-tree")
    if inside is None or inside.returncode != 0:
        return (
            "unknown" if any(file_mode(folder / ".git") is not None for folder in path.parents) else "outside"
        )
    if inside.stdout.strip() != b"true":
        return "outside"
    tracked = _git(path, "ls-files", "--error-unmatch", "--", f":(literal){path.name}")
    if tracked is not None and tracked.returncode == 0:
        return "tracked"
    ignored = _git(path, "check-ignore", "--quiet", "--no-index", "--", f"./{path.name}")
    codes: dict[int, State] = {0: "ignored", 1: "exposed"}
    return codes.get(ignored.returncode, "unknown") if ignored is not None else "unknown"


def _git(path: Path, *arguments: str) -> subprocess.CompletedProcess[bytes] | None:
    import shutil  # only saving needs these two
    import subprocess

    git = shutil.which("git")
    if git is None:
        return None
    settings = {name: os.environ[name] for name in _SETTINGS if name in os.environ}
    command = [git, "-C", str(path.parent), *arguments]
    try:
        return subprocess.run(command, env=settings, capture_output=True, timeout=20, check=False)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return None
