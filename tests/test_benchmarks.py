"""A benchmark runs in a fresh checkout and keeps its figures; how large they are is not judged here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

FETCH = Path(__file__).parents[1] / "benchmarks" / "fetch.py"


def fetch(*asked: str) -> subprocess.CompletedProcess[str]:
    """Run the benchmark of whole lists."""
    command = [sys.executable, str(FETCH), *asked]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_figures_are_kept_in_a_folder_that_was_not_there(tmp_path: Path) -> None:
    kept = tmp_path / "new" / "latency.json"
    small = ("--transactions", "300", "--contenders", "loop,ours-8")

    done = fetch("latency", *small, "--json", str(kept))

    assert done.returncode == 0, done.stderr
    rows = json.loads(kept.read_text("utf-8"))["rows"]
    assert [(row["contender"], row["rows"], row["refused"]) for row in rows] == [
        ("loop", 300, 0),
        ("ours-8", 300, 0),
    ]
    assert "| loop | 300 | 3 | 0 |" in done.stdout


def test_a_missed_bound_ends_with_status_1(tmp_path: Path) -> None:
    kept = str(tmp_path / "latency.json")
    # Without a peer in the run there is no share of its time: only the floor is judged, which three
    # requests for 300 rows cannot come near.
    small = ("--transactions", "300", "--contenders", "ours-8", "--json", kept)

    assert fetch("latency", *small, "--assert").returncode == 1
    assert fetch("latency", *small).returncode == 0


def test_the_number_of_workers_that_finds_itself_is_held_against_fixed_ones(tmp_path: Path) -> None:
    kept = tmp_path / "workers.json"
    small = ("--servers", "loaded", "--contenders", "ours-auto,ours-8", "--transactions", "900")

    done = fetch("workers", *small, "--json", str(kept))

    assert done.returncode == 0, done.stderr
    rows = json.loads(kept.read_text("utf-8"))["rows"]
    assert [(row["server"], row["contender"], row["rows"], row["refused"]) for row in rows] == [
        ("loaded", "ours-auto", 900, 0),
        ("loaded", "ours-8", 900, 0),
    ]
    assert "loaded: share of the best fixed number's time: " in done.stdout


@pytest.mark.edge(28)
@pytest.mark.edge(29)
def test_changed_answers_give_the_same_rows_or_an_error_that_says_why() -> None:
    """The same command with ``--count 20000`` is for an evening: see benchmarks/README.md."""
    command = [sys.executable, str(FETCH.with_name("soak.py")), "mutated", "--count", "300", "--seed", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.edge(12)
@pytest.mark.edge(13)
def test_odd_bytes_and_odd_shapes_never_cost_a_row() -> None:
    command = [sys.executable, str(FETCH.with_name("soak.py")), "shapes", "--runs", "4"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr


def test_exports_that_are_killed_go_on_with_what_they_kept() -> None:
    command = [sys.executable, str(FETCH.with_name("soak.py")), "kill"]
    command += ["--runs", "2", "--transactions", "20000"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    for kind in ("to_csv", "to_parquet"):
        assert f"{kind}: 2 kills in " in done.stdout
