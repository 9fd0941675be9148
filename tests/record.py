"""Record all cassettes anew, from the sandbox: ``python tests/record.py``.

No account and no network are needed. The tapes are the same on every machine and every day; ``git diff
cassettes`` shows what a change of the toolkit or of the sandbox does to the conversation.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TAPES = ROOT / "cassettes"


def main() -> int:
    """Record all tapes; put them in place of the old ones if all went well; play them back and audit them."""
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder) / "cassettes"
        code = _pytest("--record-mode=rewrite", "tests/cassette", RECORD_TAPES_TO=str(fresh))
        if code:
            return code
        recorded = list(fresh.rglob("*.yaml"))
        sys.stdout.write(f"{len(recorded)} tapes, {sum(t.stat().st_size for t in recorded) / 1e3:,.0f} kB\n")
        sys.stdout.flush()
        shutil.rmtree(TAPES, ignore_errors=True)
        shutil.copytree(fresh, TAPES)
    return _pytest("tests/cassette", "tests/test_cassettes_are_clean.py")


def _pytest(*arguments: str, **environ: str) -> int:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **environ}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
