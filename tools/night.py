"""Print what it costs to keep copies of 1, 10 and 1,000 organizations up to date: requests, minutes, memory.

``python tools/night.py`` measures one organization of the sandbox, whose answers take 300 ms: ``classy-nb
sync`` into a DuckDB file for the first time, and then the night after a day on which 60 gifts arrived, 60
were refunded and 20 were deleted. The rest is arithmetic: organizations that share an application share its
1,800 requests a minute, so that no number of processes makes them faster than that. ``--transactions`` and
``--latency`` measure another organization.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from classy_nb.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Sequence

QUOTA = 1_800
"""Requests a minute of an application."""
ORGANIZATIONS = (1, 10, 1_000)
PROCESSES = 8
"""How many organizations are refreshed at the same time in the last columns."""


@dataclass(frozen=True)
class Measured:
    """What one run took."""

    requests: int
    seconds: float
    megabytes: float


@dataclass(frozen=True)
class Cost:
    """What many of these take."""

    requests: int
    minutes: float
    megabytes: float


def cost(one: Measured, organizations: int, processes: int = 1) -> Cost:
    """Compute what it takes to run it for many organizations, some at a time, that share one application."""
    processes = min(processes, organizations)
    requests = one.requests * organizations
    rounds = -(-organizations // processes)
    minutes = max(rounds * one.seconds / 60, requests / QUOTA if organizations > 1 else 0.0)
    return Cost(requests, minutes, one.megabytes * processes)


def measure(box: Sandbox, path: Path) -> Measured:
    """Run ``classy-nb sync`` once, as a process, and see what it takes."""
    box.reset_log()
    environment = {
        **os.environ,
        "CLASSY_CLIENT_ID": box.client_id,
        "CLASSY_CLIENT_SECRET": box.client_secret,
        "CLASSY_BASE_URL": box.base_url,
        "CLASSY_TOKEN_URL": box.token_url,
    }
    began = time.monotonic()
    process = subprocess.Popen(  # noqa: S603 - this Python, and arguments of our own
        [sys.executable, "-m", "classy_nb", "sync", "--to", str(path)],
        env=environment,
        stdout=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit("The sync failed.")
    return Measured(len(box.requests), time.monotonic() - began, usage.ru_maxrss / 1024)


def table(runs: dict[str, Measured]) -> str:
    """Return the table, in Markdown."""
    columns = ["Organizations", "What", "Requests", "Minutes, one at a time", "Memory"]
    columns += [f"Minutes, {PROCESSES} at a time", "Memory"]
    lines = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    for organizations in ORGANIZATIONS:
        for what, one in runs.items():
            alone, many = cost(one, organizations), cost(one, organizations, PROCESSES)
            cells = [f"{organizations:,}", what, f"{alone.requests:,}"]
            for each in (alone, many):
                cells += [f"{each.minutes:,.1f}", f"{each.megabytes:,.0f} MB"]
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--transactions", type=int, default=60_100)
    parser.add_argument("--latency", type=float, default=300, metavar="MS")
    options = parser.parse_args(arguments)
    with (
        tempfile.TemporaryDirectory() as folder,
        Sandbox(transactions=options.transactions, latency_ms=options.latency) as box,
    ):
        path = Path(folder) / "classy.duckdb"
        runs = {"first load": measure(box, path)}
        share = min(1, options.transactions / 60_100)
        box.insert_transactions(max(1, round(60 * share)))
        box.refund_transactions(max(1, round(60 * share)))
        box.delete_transactions(max(1, round(20 * share)))
        runs["a night"] = measure(box, path)
    print(table(runs))
    for what, one in runs.items():
        print(f"measured, {what}: {one.requests:,} requests, {one.seconds:.1f} s, {one.megabytes:.0f} MB")


if __name__ == "__main__":
    main()
