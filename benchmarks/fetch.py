"""Fetching whole lists: classy_nb against a plain loop and dlt, on the same sandbox in the same run.

    python benchmarks/fetch.py latency          60,100 transactions at 300 ms, 1,800 requests a minute
    python benchmarks/fetch.py cpu              the same without latency and limit: what the client costs
    python benchmarks/fetch.py stream           1,000,000 transactions to Parquet, against 100,000
    python benchmarks/fetch.py slow             9,480 supporters, 3 s a page of 100
    ... --json FILE    --assert (exit 1 where a bound is missed)    --contenders loop,ours-8
                       --transactions N (smaller, to try it out)

Each contender runs in a process of its own. Wall and CPU seconds count from the first request to the
finished frame or file; memory is the peak of the process less what it held after its imports. The dlt
contender needs ``pip install 'dlt[duckdb]'``.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

ROWS, SUPPORTERS, PER_PAGE = 60_100, 9_480, 100
UNLIMITED = 1_000_000


def peak_mb() -> float:
    """Peak resident memory of this process so far, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def login(box: dict[str, str]) -> tuple[Any, str]:
    """Return a session with a token, and the organization's id: what a script of one's own does first."""
    import requests

    session = requests.Session()
    fields = {k: box[k] for k in ("client_id", "client_secret")} | {"grant_type": "client_credentials"}
    token = session.post(box["token_url"], data=fields, timeout=60).json()["access_token"]
    session.headers["Authorization"] = f"Bearer {token}"
    listed = session.get(f"{box['base_url']}/apps/{box['client_id']}/organizations", timeout=60).json()
    return session, str(listed["data"][0]["id"])


def loop(box: dict[str, str], resource_name: str) -> dict[str, Any]:
    """Page by page on one session, all rows collected, ``json_normalize``, dates and numbers typed."""
    import pandas as pd

    base = peak_mb()
    session, organization = login(box)
    url = f"{box['base_url']}/organizations/{organization}/{resource_name}"
    begun, cpu, refused = time.perf_counter(), time.process_time(), 0
    rows: list[dict[str, Any]] = []
    page, requests_made = 1, 0
    while True:
        answer = session.get(url, params={"page": page, "per_page": PER_PAGE, "sort": "id"}, timeout=120)
        requests_made += 1
        if answer.status_code == 429:  # noqa: PLR2004
            refused += 1
            time.sleep(float(answer.headers.get("Retry-After", 30)))
            continue
        body = answer.json()
        rows += body["data"]
        if page >= body["last_page"]:
            break
        page += 1
    frame = typed(pd.json_normalize(rows), resource_name)
    return measured(begun, cpu, base, len(frame), requests_made, refused)


def http(box: dict[str, str], resource_name: str) -> dict[str, Any]:
    """Every page read and thrown away: what of the CPU belongs to the HTTP layer."""
    base = peak_mb()
    session, organization = login(box)
    url = f"{box['base_url']}/organizations/{organization}/{resource_name}"
    total = session.get(url, params={"per_page": 1}, timeout=120).json()["total"]
    begun, cpu, pages = time.perf_counter(), time.process_time(), -(-total // PER_PAGE)
    for page in range(1, pages + 1):
        params = {"page": page, "per_page": PER_PAGE, "sort": "id"}
        session.get(url, params=params, timeout=120).raise_for_status()
    return measured(begun, cpu, base, total, pages, 0)


def typed(raw: pd.DataFrame, resource_name: str) -> pd.DataFrame:
    """Type the columns that the catalog declares, as the decode benchmark's opponent does."""
    import pandas as pd
    from decode import TYPING

    from classy_nb import catalog

    known = catalog.load()
    endpoint = known.find(f"/organizations/1/{resource_name}")
    missing = pd.Series(None, index=raw.index, dtype=object)
    return pd.DataFrame(
        {
            c.name: TYPING[c.kind](raw.pop(c.name) if c.name in raw else missing)
            for c in known.columns(endpoint)
        },
        copy=False,
    )


def dlt(box: dict[str, str], resource_name: str) -> dict[str, Any]:
    """Load a dlt ``rest_api`` source into DuckDB, by Parquet."""
    import dlt as library
    import duckdb
    from dlt.sources.rest_api import rest_api_source

    base = peak_mb()
    session, organization = login(box)
    begun, cpu = time.perf_counter(), time.process_time()
    source = rest_api_source(
        {
            "client": {
                "base_url": box["base_url"],
                "auth": {"type": "bearer", "token": session.headers["Authorization"].removeprefix("Bearer ")},
                "paginator": {"type": "page_number", "base_page": 1, "total_path": "last_page"},
            },
            "resources": [
                {
                    "name": resource_name,
                    "endpoint": {
                        "path": f"organizations/{organization}/{resource_name}",
                        "params": {"per_page": PER_PAGE, "sort": "id"},
                        "data_selector": "data",
                    },
                }
            ],
        }
    )
    with tempfile.TemporaryDirectory() as folder:
        target = f"{folder}/out.duckdb"
        pipeline = library.pipeline(
            "peer", destination=library.destinations.duckdb(target), dataset_name="d", pipelines_dir=folder
        )
        pipeline.run(source, loader_file_format="parquet")
        with duckdb.connect(target) as database:
            count = database.execute(f'SELECT count(*) FROM d."{resource_name}"').fetchone()
    rows = count[0] if count else 0
    return measured(begun, cpu, base, rows, -(-rows // PER_PAGE), 0)


def ours(box: dict[str, str], resource_name: str, workers: int, parquet: str | None = None) -> dict[str, Any]:
    """classy_nb: one call."""
    import pyarrow.parquet as pq

    import classy_nb as cn

    keys = ("client_id", "client_secret", "base_url", "token_url")
    limit = int(box["requests_per_minute"])
    classy = cn.connect(**{k: box[k] for k in keys}, workers=workers, requests_per_minute=limit)
    wanted = getattr(classy, resource_name)
    wanted(limit=1)  # what is imported when first used is imported
    base = peak_mb()
    transport = classy._transport  # noqa: SLF001 - its counters
    sent, begun, cpu = transport.requests_sent, time.perf_counter(), time.process_time()
    if parquet is None:
        rows = len(wanted(progress=False))
    else:
        rows = pq.ParquetFile(wanted.to_parquet(parquet, progress=False)).metadata.num_rows
    return measured(begun, cpu, base, rows, transport.requests_sent - sent, transport.pacer.refusals)


def measured(begun: float, cpu: float, base: float, *counts: int) -> dict[str, Any]:
    rows, requests_made, refused = counts
    return {
        "wall_s": round(time.perf_counter() - begun, 2),
        "cpu_s": round(time.process_time() - cpu, 2),
        "peak_mb": round(peak_mb() - base),
        "rows": rows,
        "requests": requests_made,
        "refused": refused,
    }


WORKLOADS: dict[str, dict[str, Any]] = {
    "latency": {
        "resource": "transactions",
        "sandbox": ["--latency-ms", "300", "--requests-per-minute", "1800"],
        "limit": 1800,
        "contenders": ["loop", "dlt", "ours-8", "ours-16", "ours-32"],
    },
    "cpu": {
        "resource": "transactions",
        "sandbox": ["--requests-per-minute", "0"],
        "limit": UNLIMITED,
        "contenders": ["loop", "dlt", "http", "ours-1", "ours-8"],
        "rounds": 3,  # the lowest counts, for each contender: other programs only ever add
    },
    "stream": {
        "resource": "transactions",
        "sandbox": ["--requests-per-minute", "0"],
        "limit": UNLIMITED,
        "contenders": ["parquet-8"],
        "sizes": [100_000, 1_000_000],
    },
    "slow": {
        "resource": "supporters",
        "sandbox": ["--slow", "supporters=30", "--requests-per-minute", "1800"],
        "limit": 1800,
        "contenders": ["loop", "ours-8"],
    },
}


class Box:
    """The sandbox in a process of its own."""

    def __init__(self, size: int, options: list[str]) -> None:
        identity = ["--client-id", "benchmark", "--client-secret", "benchmark-only"]
        command = [sys.executable, "-m", "classy_nb", "sandbox", "--port", "0", "--transactions", str(size)]
        self.process = subprocess.Popen([*command, *identity, *options], stdout=subprocess.PIPE, text=True)
        self.url = ""
        for line in self.process.stdout or ():
            if line.startswith("API"):
                self.url = line.split()[-1]
            if line.strip() == "ready":
                break

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


def contend(name: str, box: dict[str, str], resource_name: str) -> dict[str, Any]:
    """Run one contender in this process."""
    kind, _, workers = name.partition("-")
    if kind == "loop":
        return loop(box, resource_name)
    if kind in {"dlt", "http"}:
        return (dlt if kind == "dlt" else http)(box, resource_name)
    if kind == "parquet":
        with tempfile.TemporaryDirectory() as folder:
            return ours(box, resource_name, int(workers), f"{folder}/out.parquet")
    return ours(box, resource_name, int(workers))


def run(workload: str, contenders: list[str], size: int) -> list[dict[str, Any]]:
    """Run all contenders of a workload, each against a fresh sandbox: none inherits a warm cache."""
    plan = WORKLOADS[workload]
    rows = []
    for number in plan.get("sizes", [size]):
        for name in contenders:
            rounds = [one(plan, name, number) for _ in range(plan.get("rounds", 1))]
            result = {key: min(one[key] for one in rounds) for key in rounds[0]}
            result = {"workload": workload, "contender": name, **result}
            rows.append(result | floor(plan, name, result))
            print(line(rows[-1]), flush=True)
    return rows


def one(plan: dict[str, Any], name: str, size: int) -> dict[str, Any]:
    """Run one contender against a fresh sandbox."""
    box = Box(size, plan["sandbox"])
    try:
        command = [sys.executable, __file__, "--contend", name, plan["resource"]]
        address = json.dumps(box.address(plan["limit"]))
        done = subprocess.run(command, input=address, capture_output=True, text=True, check=False)
    finally:
        box.end()
    if done.returncode:
        sys.exit(f"{name} failed:\n{done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def floor(plan: dict[str, Any], name: str, result: dict[str, Any]) -> dict[str, Any]:
    """Add the least time that latency and limit allow, and how near the contender came."""
    if "--latency-ms" not in plan["sandbox"]:
        return {}
    workers = int(name.partition("-")[2] or 1)
    latency = float(plan["sandbox"][plan["sandbox"].index("--latency-ms") + 1]) / 1e3
    least = max(result["requests"] * latency / workers, 60.0 * ((result["requests"] - 1) // plan["limit"]))
    return {"floor_s": round(least, 2), "times_floor": round(result["wall_s"] / least, 3)}


COLUMNS = (
    "workload",
    "contender",
    "rows",
    "requests",
    "refused",
    "wall_s",
    "floor_s",
    "times_floor",
    "cpu_s",
    "peak_mb",
)


def line(row: dict[str, Any]) -> str:
    return "| " + " | ".join(str(row.get(column, "")) for column in COLUMNS) + " |"


def check(rows: list[dict[str, Any]]) -> list[str]:
    """Print how the bounds are met; return those that are missed."""
    missed = []
    for what, value, most in bounds(rows):
        print(f"{what}: {value:.3f} (bound {most:.3f})")
        if value > most:
            missed.append(what)
    return missed


def bounds(rows: list[dict[str, Any]]) -> Iterator[tuple[str, float, float]]:
    """Yield what is measured against what."""
    mine = [row for row in rows if row["contender"].startswith(("ours", "parquet"))]
    best = min((row["wall_s"] for row in rows if row not in mine), default=None)
    for row in (row for row in mine if row["workload"] == "latency"):
        workers, name = int(row["contender"].split("-")[1]), row["contender"]
        yield f"{name} refusals", row["refused"], 0
        if workers <= 16:  # noqa: PLR2004
            yield f"{name} times the floor", row["times_floor"], 1.15
        if best is not None:
            yield f"{name} share of the best peer's time", row["wall_s"] / best, 1 / FASTER[workers]
    by = {row["contender"]: row for row in rows if row["workload"] == "cpu"}
    if "loop" in by and "ours-1" in by:
        yield "CPU, share of the plain loop's", by["ours-1"]["cpu_s"] / by["loop"]["cpu_s"], 0.5
        yield "memory, share of the plain loop's", by["ours-1"]["peak_mb"] / by["loop"]["peak_mb"], 0.25
    streams = {row["rows"]: row["peak_mb"] for row in rows if row["workload"] == "stream"}
    if len(streams) == 2:  # noqa: PLR2004
        yield "memory of ten times the rows", streams[max(streams)] / streams[min(streams)], 1.1
        yield "memory in MB", streams[max(streams)], 400


FASTER = {8: 7, 16: 13, 32: 25}


def main() -> int:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("workload", nargs="?", choices=WORKLOADS)
    parser.add_argument("--contenders")
    parser.add_argument("--transactions", type=int, default=ROWS)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--assert", dest="asserting", action="store_true")
    parser.add_argument("--contend", nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.contend:
        print(json.dumps(contend(asked.contend[0], json.load(sys.stdin), asked.contend[1])))
        return 0
    if asked.workload is None:
        parser.error("name a workload")
    print("| " + " | ".join(COLUMNS) + " |\n|" + "---|" * len(COLUMNS), flush=True)
    names = asked.contenders.split(",") if asked.contenders else WORKLOADS[asked.workload]["contenders"]
    rows = run(asked.workload, names, asked.transactions)
    missed = check(rows)
    if asked.json:
        asked.json.write_text(json.dumps(rows, indent=1) + "\n", "utf-8")
    return 1 if missed and asked.asserting else 0


if __name__ == "__main__":
    raise SystemExit(main())
