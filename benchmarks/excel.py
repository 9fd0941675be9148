"""Gifts into an Excel workbook: seconds, and memory beyond the frame, which twice the rows must not change.

    python benchmarks/excel.py                      60,100 gifts and twice as many
    ... --assert (exit 1 where a bound is missed)    --transactions N (smaller, to try it out)

Two ways: ``frame`` writes a frame that is there (``cn.to_excel``), ``stream`` fetches the list into the file
(``classy.transactions.to_excel``). Each runs in a process of its own, and another one fetches the frame: what
a fetch has freed stays with its process, and would hide as much of what the workbook takes. Memory is Linux's
peak from the first step of the call on, less what was held before; so this runs on Linux only.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import gc
import json
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fetch import ROWS, UNLIMITED, Box

WAYS = ("frame", "stream")
MORE = 1.25
"""Times the memory that twice the rows may take."""
SLACK_MB = 20
"""Megabytes that the same call differs by. A frame takes about ten; Arrow's allocator gives memory back when
it pleases, so that a run ends at 9 or at 19. Rows that stayed would be hundreds."""


def fetch(address: dict[str, str], folder: Path) -> None:
    """Keep the list in a Parquet file."""
    with connect(address) as classy:
        classy.transactions.to_parquet(folder / "gifts.parquet")


def connect(address: dict[str, str]) -> Any:
    """Log in to the sandbox."""
    import classy_nb as cn

    limit = int(address.pop("requests_per_minute"))
    return cn.connect(**address, requests_per_minute=limit, workers=8)  # type: ignore[arg-type]


def measure(way: str, address: dict[str, str], folder: Path) -> dict[str, Any]:
    """Write the workbook; return what it took."""
    import pandas as pd

    import classy_nb as cn

    target = folder / "gifts.xlsx"
    cn.to_excel(pd.DataFrame({"a": ["x"], "b": [1.5]}), folder / "warm.xlsx")  # what is imported
    if way == "frame":
        frame = pd.read_parquet(folder / "gifts.parquet", dtype_backend="numpy_nullable")
        for name in frame.columns[frame.dtypes == "str"]:
            frame[name] = frame[name].astype("string")
        before = start_watching()
        begun, cpu = time.perf_counter(), time.process_time()
        cn.to_excel(frame, target)
        rows = len(frame)
    else:
        with connect(address) as classy:
            rows = classy.transactions.count()
            before = start_watching()
            begun, cpu = time.perf_counter(), time.process_time()
            classy.transactions.to_excel(target)
    return {
        "rows": rows,
        "wall_s": round(time.perf_counter() - begun, 1),
        "cpu_s": round(time.process_time() - cpu, 1),
        "peak_mb": round(status("VmHWM") - before, 1),
        "file_mb": round(target.stat().st_size / 1e6, 1),
    }


def start_watching() -> float:
    """Give back what is free, forget the peak so far; return the megabytes that are held now."""
    import pyarrow as pa

    gc.collect()
    pa.default_memory_pool().release_unused()
    with contextlib.suppress(AttributeError):  # another C library than GNU's
        ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")
    return status("VmRSS")


def status(name: str) -> float:
    lines = Path("/proc/self/status").read_text("utf-8").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{name}:"))


def one(way: str, size: int) -> dict[str, Any]:
    """Run one way against a fresh sandbox, in a process of its own."""
    box = Box(["--transactions", str(size), "--requests-per-minute", "0"])
    with TemporaryDirectory() as folder:
        try:
            address = json.dumps(box.address(UNLIMITED))
            if way == "frame":
                run("fetch", folder, address)
                box.end()
            result = run(way, folder, address)
        finally:
            box.end()
    return {"way": way, "transactions": size, **result}


def run(step: str, folder: str, address: str) -> Any:
    """Run one step in a process of its own; return what it prints, if anything."""
    command = [sys.executable, __file__, "--step", step, folder]
    done = subprocess.run(command, input=address, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{step} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout or "null")


def main() -> int:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("--transactions", type=int, default=ROWS)
    parser.add_argument("--assert", dest="asserting", action="store_true")
    parser.add_argument("--step", nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.step:
        step, folder = asked.step
        address = json.load(sys.stdin)
        if step == "fetch":
            fetch(address, Path(folder))
        else:
            print(json.dumps(measure(step, address, Path(folder))))
        return 0
    missed = False
    for way in WAYS:
        once, twice = (one(way, times * asked.transactions) for times in (1, 2))
        most = max(once["peak_mb"] * MORE, once["peak_mb"] + SLACK_MB)
        missed = missed or twice["peak_mb"] > most
        for row in (once, twice):
            print(" ".join(f"{key}={value}" for key, value in row.items()), flush=True)
        print(f"{way}: {twice['peak_mb']} MB for twice the rows (bound {most:.0f})")
    return 1 if missed and asked.asserting else 0


if __name__ == "__main__":
    raise SystemExit(main())
