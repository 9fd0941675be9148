"""The browser tests are a run of their own: left out of the plain one, skipped aloud, never skipped in CI."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
QUICK = ["-q", "-p", "no:cacheprovider", "tests/browser/test_panel_page.py"]


def run_pytest(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run pytest where there is no browser."""
    kept = {k: v for k, v in os.environ.items() if k not in ("CI", "CHROMIUM", "PYTEST_ADDOPTS")}
    kept |= {"PATH": str(ROOT / "tests"), **environ}
    command = [sys.executable, "-m", "pytest", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=kept, capture_output=True, text=True, timeout=120, check=False
    )


def test_without_a_browser_they_are_skipped_and_the_summary_says_so() -> None:
    ended = run_pytest(*QUICK)
    assert "The browser tests were skipped: " in ended.stdout
    assert "1 skipped" in ended.stdout
    assert ended.returncode == pytest.ExitCode.OK


def test_in_ci_they_fail_instead() -> None:
    ended = run_pytest(*QUICK, CI="true")
    assert "The browser tests must run here, but " in ended.stdout
    assert ended.returncode not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)


def test_the_plain_run_leaves_them_out() -> None:
    others = [f"--ignore=tests/{name}" for name in ("cassette", "integration", "sandbox", "unit")]
    ended = run_pytest("--collect-only", "-q", "-p", "no:cacheprovider", "tests", *others)
    collected = {line.partition("::")[0] for line in ended.stdout.splitlines()}
    assert "tests/test_readme.py" in collected
    assert not [file for file in collected if file.startswith(("tests/browser/", "tests/spark/"))]
