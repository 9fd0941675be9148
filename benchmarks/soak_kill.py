"""kill -9 while rows are kept, then the same call again: ``python benchmarks/soak.py kill``.

Each kill falls between the first kept batch (or, for a call that goes on, its first page) and the end. That
a call really went on is read from the requests that the sandbox saw, not believed.
"""

from __future__ import annotations

import random
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qs

import pandas as pd
import pyarrow as pa

from classy_nb.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable

EXPORT = """
import sys, classy_nb as cn
base, token, kind, path = sys.argv[1:]
classy = cn.connect("soak", "soak-only", base_url=base, token_url=token, requests_per_minute=1_000_000)
getattr(classy.transactions, kind)(path, progress=False)
"""
POLL = 0.02
LATE = 0.2
"""Seconds in which the sandbox sees what a killed process had sent."""
BEFORE_ROWS = 3
"""Requests of a call that goes on before rows come: the token, the organization, how many there are."""
MOST_CALLS = 10
"""Calls for each kill that is wanted: most must be killed before they end."""
LEAST_SHARE = 1 / 3
"""Of all calls must have gone on with kept rows, or the run has measured something else."""


def read_csv(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype="string")


class Checkpoint(NamedTuple):
    """What is kept beside a file: up to which id, and how many rows."""

    last: int
    rows: int


@dataclass
class Trial:
    """Calls of one kind to one file, most of them killed."""

    box: Sandbox
    kind: str
    folder: Path
    read: Callable[[Path], pd.DataFrame]
    size: int
    chance: random.Random = field(default_factory=lambda: random.Random(1))
    kills: int = 0
    calls: int = 0
    went_on: int = 0
    bad: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.target = self.folder / "out"

    def parts(self) -> list[Path]:
        return sorted((self.folder / ".out.partial").glob("part-*.arrow"))

    def checkpoint(self) -> Checkpoint | None:
        """Return what a call has left that is not running any more."""
        rows = 0
        parts = self.parts()
        for part in parts:
            with pa.OSFile(str(part)) as source:
                rows += pa.ipc.open_file(source).read_all().num_rows
        return Checkpoint(int(parts[-1].stem.removeprefix("part-")), rows) if parts else None

    def filters(self) -> list[str]:
        """Return the filter of each request for the list, in order."""
        asked = [parse_qs(r.query) for r in self.box.requests if r.path.endswith("/transactions")]
        return [one.get("filter", [""])[0] for one in asked]

    def start(self) -> subprocess.Popen[bytes]:
        self.box.reset_log()
        self.calls += 1
        asked = [self.box.base_url, self.box.token_url, self.kind, str(self.target)]
        return subprocess.Popen([sys.executable, "-W", "ignore", "-c", EXPORT, *asked])

    def undisturbed(self) -> None:
        """Note the content, and how long it takes from the first kept batch to the end."""
        with self.start() as process:
            kept = None
            while process.poll() is None:
                if kept is None and self.parts():
                    kept = time.perf_counter()
                time.sleep(POLL)
            if process.returncode or kept is None:
                raise SystemExit(f"{self.kind} failed without being disturbed, or never kept a row")
            self.span = time.perf_counter() - kept
        self.expected = self.read(self.target)
        self.target.unlink()

    def call(self, *, kill: bool) -> None:
        """Call once, and kill it at a random moment or look at what it has written."""
        before = self.checkpoint()
        with self.start() as process:
            # From here on it has something to lose: a batch, or that of earlier calls.
            while process.poll() is None and not (
                len(self.box.log) > BEFORE_ROWS if before else self.parts()
            ):
                time.sleep(POLL)
            left = 1 - before.rows / self.size if before else 1.0
            # What is left of the list, and the file that is made of all of it.
            try:
                code = process.wait(self.chance.uniform(0, self.span * max(left, 0.2)) if kill else None)
            except subprocess.TimeoutExpired:
                process.kill()
                self.kills += 1
                code = None
        time.sleep(LATE)
        if before:
            self.look_whether_it_went_on(before.last, before.rows)
        if code is not None:
            if code or not self.read(self.target).equals(self.expected):
                self.bad.append(f"{self.kind} after {self.kills} kills: code {code}, or another content")
            self.target.unlink(missing_ok=True)

    def look_whether_it_went_on(self, last: int, rows: int) -> None:
        asked = self.filters()
        behind = [re.fullmatch(r"id>(\d+)", text) for text in asked[1:]]
        if asked[:1] == [f"id<={last}"] and all(found and int(found[1]) >= last for found in behind):
            self.went_on += 1
        else:
            self.bad.append(f"{self.kind}: {rows:,} rows were kept, but the call asked {asked[:3]}")


def kill(runs: int, size: int) -> list[str]:
    bad = []
    options = {"client_id": "soak", "client_secret": "soak-only", "requests_per_minute": 0, "latency_ms": 5}
    with Sandbox(transactions=size, **options) as box:  # type: ignore[arg-type]
        for kind, read in (("to_csv", read_csv), ("to_parquet", pd.read_parquet)):
            with tempfile.TemporaryDirectory() as name:
                trial = Trial(box, kind, Path(name), read, size)
                trial.undisturbed()
                while trial.kills < runs and trial.calls < MOST_CALLS * runs:
                    trial.call(kill=True)
                if trial.kills < runs:
                    trial.bad.append(f"{kind}: only {trial.kills} kills in {trial.calls} calls")
                trial.call(kill=False)
                left = [path.name for path in Path(name).iterdir()]
            calls = trial.calls - 1
            if left:
                trial.bad.append(f"{kind}: {left} is left in the folder")
            if trial.went_on < LEAST_SHARE * calls:
                trial.bad.append(f"{kind}: only {trial.went_on} of {calls} calls went on with kept rows")
            print(
                f"{kind}: {trial.kills} kills in {calls} calls, {trial.went_on} of which went on with kept "
                f"rows; {'NOT ' if trial.bad else ''}equal each time, nothing left over",
                flush=True,
            )
            bad += trial.bad
    return bad
