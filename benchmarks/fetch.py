"""Fetching whole lists: classy_nb against a plain loop and dlt, on the same sandbox in the same run.

    python benchmarks/fetch.py latency          60,100 transactions at 300 ms, 1,800 requests a minute
    python benchmarks/fetch.py cpu              the same without latency and limit: what the client costs
    python benchmarks/fetch.py files            the same into a Parquet and a CSV file, against the frame
    python benchmarks/fetch.py stream           1,000,000 transactions to Parquet, against 100,000
    python benchmarks/fetch.py slow             9,480 supporters, 3 s a page of 100
    python benchmarks/fetch.py workers          the number of workers that finds itself, on five servers
    ... --assert (exit 1 where a bound is missed)    --contenders loop,ours-8
        --transactions N (smaller, to try it out)    --json FILE
        --servers fast,slow (of workers)

The figures of a whole run are kept in ``benchmarks/results``. Each contender runs in a process of its own
against a fresh sandbox in another one: none inherits a warm cache. ``contenders.py`` says what each does
and how it is measured. ``pip install -e '.[benchmarks]'`` brings all that they need.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contenders import contend

from classy_nb.http import MOST_AT_ONCE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROWS = 60_100
UNLIMITED = 1_000_000
RESULTS = Path(__file__).parent / "results"
MORE_ROUNDS = 3
FILES = {"parquet-8": 1.2, "csv-8": 1.4}
"""How much of the frame's CPU a file may take."""
FASTER = {8: 7}
"""How many times as fast as the best peer, by workers."""
TIMES_THE_FLOOR = {8: 1.15, 16: 1.25, 32: 1.6}
"""How near to what latency allows, by workers. With 32 of them two cores have little time left: to answer and
to read 60,100 rows takes them about 6 seconds, which is the floor itself."""
COLUMNS = (
    "contender",
    "rows",
    "requests",
    "refused",
    "wall_s",
    "floor_s",
    "times_floor",
    "cpu_s",
    "peak_mb",
    "whole_mb",
)
WORKERS_COLUMNS = ("server", "contender", "wall_s", "requests", "refused", "cpu_s")
Bounds = Iterator[tuple[str, float, float]]
"""What is measured, the figure, and the most that it may be."""


@dataclass(frozen=True)
class Workload:
    """What is fetched, from what kind of server, by whom."""

    contenders: Sequence[str]
    resource: str = "transactions"
    limit: int = UNLIMITED
    latency: float = 0.0
    """Seconds."""
    slow: float = 0.0
    """Milliseconds a row of the resource."""
    load: tuple[float, float] = (0.0, 0.0)
    """Milliseconds more for each other request under way, and the power of their number."""
    at_once: int = 0
    """How many requests are answered at the same time; 0: any number."""
    rounds: int = 1
    """The lowest figure counts, for each contender."""
    to_file: bool = False
    size: int = ROWS
    """Transactions of the sandbox."""
    sizes: Mapping[str, Sequence[int]] = field(default_factory=dict)
    """Transactions of the sandbox, by contender, where it is not the usual number."""

    def sandbox(self, size: int) -> list[str]:
        """Return the options of the sandbox's command."""
        limit = 0 if self.limit == UNLIMITED else self.limit
        options = ["--transactions", str(size), "--requests-per-minute", str(limit)]
        if self.latency:
            options += ["--latency-ms", str(round(1e3 * self.latency))]
        if self.load[0]:
            options += ["--load-ms", str(self.load[0]), "--load-power", str(self.load[1])]
        if self.at_once:
            options += ["--most-at-once", str(self.at_once)]
        return options + (["--slow", f"{self.resource}={self.slow:g}"] if self.slow else [])


WORKLOADS = {
    "latency": Workload(
        ["loop", "dlt", "ours-auto", "ours-8", "ours-16", "ours-32"], limit=1800, latency=0.3
    ),
    "cpu": Workload(["loop", "untyped", "dlt", "http", "ours-1", "ours-8"], rounds=3),
    "files": Workload(["ours-8", "parquet-8", "csv-8"], rounds=3),
    # A million rows in a plain loop's memory are 15 GB: the peers show what a tenth takes.
    "stream": Workload(
        ["loop", "dlt", "ours-8"],
        to_file=True,
        sizes={"loop": [100_000], "dlt": [100_000], "ours-8": [100_000, 1_000_000]},
    ),
    "slow": Workload(["loop", "dlt", "ours-8"], resource="supporters", limit=1800, slow=30),
}

FIXED = ("ours-1", "ours-2", "ours-4", "ours-8", "ours-16", "ours-32")
SERVERS = {
    "fast": Workload(["ours-auto", "ours-8", "ours-32"], limit=1800, latency=0.3, rounds=5),
    "slow": Workload(["ours-auto", *FIXED], resource="supporters", limit=1800, slow=30),
    # Each more brings less; and there, beyond nine, more bring less than fewer.
    "loaded": Workload(["ours-auto", *FIXED], limit=1800, latency=0.3, load=(50, 1), size=ROWS // 2),
    "overloaded": Workload(["ours-auto", *FIXED], limit=1800, latency=0.3, load=(5, 2), size=ROWS // 2),
    "refusing": Workload(["ours-auto", "ours-4"], limit=1800, latency=0.3, at_once=4),
}
"""For the workload ``workers``; of several rounds the median counts."""
OF_32, OF_THE_BEST, MOST_REFUSED = 1.25, 1.15, 10
"""What a number that finds itself may take: of the time of 32 workers on the fast server, of the best fixed
number on those that are slow or slow down; and how many refusals."""


class Box:
    """The sandbox in a process of its own."""

    def __init__(self, options: list[str]) -> None:
        identity = ["--client-id", "benchmark", "--client-secret", "benchmark-only"]
        command = [sys.executable, "-m", "classy_nb", "sandbox", "--port", "0"]
        self.process = subprocess.Popen([*command, *identity, *options], stdout=subprocess.PIPE, text=True)
        self.url = ""
        for line in self.process.stdout or ():
            if line.startswith("API"):
                self.url = line.split()[-1]
            if line.strip() == "ready":
                return
        sys.exit("The sandbox did not start.")  # it has said why

    def address(self, limit: int) -> dict[str, str]:
        return {
            "base_url": self.url,
            "token_url": self.url.removesuffix("/2.0") + "/oauth2/auth",
            "client_id": "benchmark",
            "client_secret": "benchmark-only",
            "requests_per_minute": str(limit),
        }

    def end(self) -> None:
        self.process.terminate()
        self.process.wait(30)


def run(name: str, contenders: Sequence[str] | None, size: int | None) -> list[dict[str, Any]]:
    """Run contenders of a workload, against sandboxes of the workload's size or another one.

    They play turn by turn, so that what else the machine does for a while falls on all of them. Where the
    lowest of several rounds miss a bound, up to MORE_ROUNDS more are played: other programs only ever add.
    """
    workload = WORKLOADS[name]
    matches = [
        (contender, transactions)
        for contender in contenders or workload.contenders
        for transactions in ([size] if size else workload.sizes.get(contender, [ROWS]))
    ]
    best: dict[tuple[str, int], dict[str, Any]] = {}
    rows: list[dict[str, Any]] = []
    most = workload.rounds + MORE_ROUNDS if workload.rounds > 1 else 1
    for played in range(1, most + 1):
        rows = []
        for match in matches:
            print(f"round {played}: {match[0]}, {match[1]:,} transactions", file=sys.stderr, flush=True)
            figures = one(workload, *match)
            lowest = {key: min(figure, best.get(match, figures)[key]) for key, figure in figures.items()}
            best[match] = lowest
            about = {"contender": match[0], "transactions": match[1], "rounds": played}
            rows.append({**about, **lowest, **floor(workload, match[0], lowest)})
        if played >= workload.rounds and not missed(name, rows):
            break
    return rows


def one(workload: Workload, name: str, size: int) -> dict[str, Any]:
    """Run one contender against a fresh sandbox."""
    box = Box(workload.sandbox(size))
    try:
        asked = [name, workload.resource, *(["file"] if workload.to_file else [])]
        command = [sys.executable, __file__, "--contend", *asked]
        address = json.dumps(box.address(workload.limit))
        done = subprocess.run(command, input=address, capture_output=True, text=True, check=False)
    finally:
        box.end()
    if done.returncode:
        sys.exit(f"{name} failed:\n{done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def run_workers(
    servers: Sequence[str], contenders: Sequence[str] | None, size: int | None
) -> list[dict[str, Any]]:
    """Run contenders on each server, turn by turn; the median of all rounds counts."""
    rows = []
    for server in servers:
        workload = SERVERS[server]
        names = [name for name in workload.contenders if contenders is None or name in contenders]
        rounds: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
        for _ in range(workload.rounds):
            for name in names:
                rounds[name].append(one(workload, name, size or workload.size))
        for name in names:
            figures = {
                key: statistics.median(found[key] for found in rounds[name]) for key in rounds[name][0]
            }
            figures["refused"] = max(found["refused"] for found in rounds[name])
            rows.append({"server": server, "contender": name, **figures})
            cells = [server, name, *(rows[-1][key] for key in WORKERS_COLUMNS[2:])]
            print("| " + " | ".join(map(str, cells)) + " |", flush=True)
    return rows


def workers_bounds(rows: list[dict[str, Any]]) -> Bounds:
    """Yield the bounds of a number of workers that finds itself."""
    for server in dict.fromkeys(row["server"] for row in rows):
        here = {row["contender"]: row for row in rows if row["server"] == server}
        if "ours-auto" not in here:
            continue
        found = here.pop("ours-auto")
        for name, row in here.items():
            yield (
                f"{server}, {name}: other rows",
                float((row["rows"], row["ids"]) != (found["rows"], found["ids"])),
                0,
            )
        if server == "refusing":
            yield f"{server}: refusals", found["refused"], MOST_REFUSED
        elif server == "fast" and "ours-32" in here:
            yield f"{server}: share of 32 workers' time", found["wall_s"] / here["ours-32"]["wall_s"], OF_32
        elif here:
            best = min(row["wall_s"] for row in here.values())
            yield f"{server}: share of the best fixed number's time", found["wall_s"] / best, OF_THE_BEST


def workers_of(name: str) -> int | None:
    """Return how many requests of a contender may be under way; None: the number finds itself."""
    workers = name.partition("-")[2] or "1"
    return None if workers == "auto" else int(workers)


def floor(workload: Workload, name: str, result: dict[str, Any]) -> dict[str, Any]:
    """Add the least time that latency and limit allow, and how near the contender came."""
    if not workload.latency:
        return {}
    requests = result["requests"]
    windows = 60.0 * ((requests - 1) // workload.limit)
    least = max(requests * workload.latency / (workers_of(name) or MOST_AT_ONCE), windows)
    return {"floor_s": round(least, 2), "times_floor": round(result["wall_s"] / least, 3)}


def line(row: dict[str, Any]) -> str:
    """Return a row of the table, as README.md has it."""
    cells = [row.get(column, "") for column in COLUMNS]
    return "| " + " | ".join(f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in cells) + " |"


def bounds(name: str, rows: list[dict[str, Any]]) -> Bounds:
    """Yield the bounds of a workload."""
    if name == "workers":
        yield from workers_bounds(rows)
        return
    for row in (row for row in rows if "ids" in row):
        alike = [other for other in rows if other["transactions"] == row["transactions"]]
        most = max((other["rows"], other.get("ids", 0)) for other in alike)
        yield f"{row['contender']}: other rows", float((row["rows"], row["ids"]) != most), 0
    ours = [row for row in rows if row["contender"].startswith("ours")]
    peers = [row for row in rows if row not in ours]
    if name == "latency":
        yield from latency_bounds(ours, min((row["wall_s"] for row in peers), default=None))
    loop = next((row for row in peers if row["contender"] == "loop"), None)
    if name == "cpu" and loop is not None:
        yield from client_bounds(ours, loop)
    if name == "files" and ours:
        for row in rows:
            if row["contender"] in FILES:
                share = row["cpu_s"] / ours[0]["cpu_s"]
                yield f"{row['contender']}: CPU of the frame's", share, FILES[row["contender"]]
    if name == "stream" and len(ours) > 1:
        small, large = ours
        yield "memory of ten times the rows", large["peak_mb"] / small["peak_mb"], 1.1
        yield "memory in MB, with the imports", large["whole_mb"], 400


def latency_bounds(ours: list[dict[str, Any]], best: float | None) -> Bounds:
    for row in ours:
        contender, workers = row["contender"], workers_of(row["contender"])
        yield f"{contender}: refusals", row["refused"], 0
        if workers in TIMES_THE_FLOOR:
            yield f"{contender}: times the floor", row["times_floor"], TIMES_THE_FLOOR[workers]
        if best is not None and workers in FASTER:
            yield f"{contender}: share of the best peer's time", row["wall_s"] / best, 1 / FASTER[workers]


def client_bounds(ours: list[dict[str, Any]], loop: dict[str, Any]) -> Bounds:
    for row in ours:
        for what, figure, most in (("CPU", "cpu_s", 0.5), ("memory", "peak_mb", 0.25)):
            yield f"{row['contender']}: share of the plain loop's {what}", row[figure] / loop[figure], most


def missed(name: str, rows: list[dict[str, Any]]) -> list[str]:
    """Return the bounds of a workload that are missed."""
    return [what for what, value, most in bounds(name, rows) if value > most]


def report(name: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what is kept of a run."""
    libraries = ("pandas", "pyarrow", "requests", "orjson")
    return {
        "command": f"python benchmarks/fetch.py {name}",
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "python": platform.python_version(),
        **{library: version(library) for library in libraries},
        "rows": rows,
    }


def main() -> int:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("workload", nargs="?", choices=[*WORKLOADS, "workers"])
    parser.add_argument("--servers", default=",".join(SERVERS))
    parser.add_argument("--contenders")
    parser.add_argument("--transactions", type=int)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--assert", dest="asserting", action="store_true")
    parser.add_argument("--contend", nargs="+", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.contend:
        name, resource, *file = asked.contend
        print(json.dumps(contend(name, json.load(sys.stdin), resource, to_file=bool(file))))
        return 0
    if asked.workload is None:
        parser.error("name a workload")
    whole = asked.contenders is None and asked.transactions is None and asked.servers == ",".join(SERVERS)
    file = asked.json or (RESULTS / f"{asked.workload}.json" if whole else None)
    if file:  # now, not after minutes of measuring
        file.parent.mkdir(parents=True, exist_ok=True)
    columns = WORKERS_COLUMNS if asked.workload == "workers" else COLUMNS
    print("| " + " | ".join(columns) + " |\n|" + "---|" * len(columns), flush=True)
    contenders = asked.contenders.split(",") if asked.contenders else None
    if asked.workload == "workers":
        rows = run_workers(asked.servers.split(","), contenders, asked.transactions)
    else:
        rows = run(asked.workload, contenders, asked.transactions)
        print(*map(line, rows), sep="\n")
    for what, value, most in bounds(asked.workload, rows):
        print(f"{what}: {value:.3f} (bound {most:.3f})")
    if file:
        file.write_text(json.dumps(report(asked.workload, rows), indent=1) + "\n", "utf-8")
    return 1 if missed(asked.workload, rows) and asked.asserting else 0


if __name__ == "__main__":
    raise SystemExit(main())
