"""Record all cassettes anew, from the sandbox: ``python tests/record.py``.

No account and no network are needed. The tapes are the same on every machine and every day; ``git diff
cassettes`` shows what a change of the toolkit or of the sandbox does to the conversation.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TAPES = ROOT / "cassettes"


def main() -> int:
    """Forget the old tapes, record new ones, play them back and audit them; return the exit code."""
    shutil.rmtree(TAPES, ignore_errors=True)
    code = _pytest("--record-mode=rewrite", "tests/cassette")
    recorded = list(TAPES.rglob("*.yaml"))
    sys.stdout.write(f"{len(recorded)} tapes, {sum(t.stat().st_size for t in recorded) / 1e3:,.0f} kB\n")
    sys.stdout.flush()
    return code or _pytest("tests/cassette", "tests/test_cassettes_are_clean.py")


def _pytest(*arguments: str) -> int:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
