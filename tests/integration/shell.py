"""Programs in a process, home and folder of their own, with nothing of the developer's environment."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import classy_nb

PACKAGE = Path(classy_nb.__file__).parents[1]
CLASSY_NB = [sys.executable, "-c", "import sys; from classy_nb.cli import main; sys.exit(main())"]
"""The command ``classy-nb``, found also where it is not installed."""


def environment(home: Path, **more: str) -> dict[str, str]:
    """Return what a program gets to know of the world."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LD_LIBRARY_PATH") if name in os.environ}
    own = {"HOME": str(home), "TMPDIR": str(home), "PYTHONPATH": str(PACKAGE), "PYTHONDONTWRITEBYTECODE": "1"}
    return {**kept, **own, "IPYTHONDIR": str(home / "ipython"), "PYTHONWARNINGS": "error", **more}


def run(
    command: list[str], home: Path, *, cwd: Path | None = None, **more: Any
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end."""
    extra = more.pop("environ", {})
    more.setdefault("timeout", 120)
    return subprocess.run(
        command,
        cwd=cwd or home,
        env=environment(home, **extra),
        capture_output=True,
        text=True,
        check=False,
        **more,
    )
