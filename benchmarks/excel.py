"""Gifts into an Excel workbook: seconds, and memory beyond the frame, which twice the rows must not change.

    python benchmarks/excel.py                      60,100 gifts and twice as many
    ... --assert (exit 1 where a bound is missed)    --transactions N (smaller, to try it out)

Two ways: ``frame`` writes a frame that is there (``cn.to_excel``), ``stream`` fetches the list into the file
(``classy.transactions.to_excel``). Each runs in a process of its own. Memory is Linux's peak from the first step of
the call on, less what was held before; so this runs on Linux only.
"""

from __future__ import annotations

import argparse
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
SLACK_MB = 10
"""Megabytes that a process is larger or smaller by, whatever it does."""


def measure(way: str, address: dict[str, str], folder: Path) -> dict[str, Any]:
    """Write the workbook; return what it took."""
    import pandas as pd
    import pyarrow as pa

    import classy_nb as cn

    parquet, target = folder / "gifts.parquet", folder / "gifts.xlsx"
    limit = int(address.pop("requests_per_minute"))
    with cn.connect(**address, requests_per_minute=limit, workers=8) as classy:  # type: ignore[arg-type]
        cn.to_excel(pd.DataFrame({"a": ["x"], "b": [1.5]}), folder / "warm.xlsx")  # what is imported
        if way == "frame":
            classy.transactions.to_parquet(parquet)
            frame = pd.read_parquet(parquet, dtype_backend="numpy_nullable")
            for name in frame.columns[frame.dtypes == "str"]:
                frame[name] = frame[name].astype("string")
            gc.collect()
            pa.default_memory_pool().release_unused()
        before = start_watching()
        begun, cpu = time.perf_counter(), time.process_time()
        if way == "frame":
            cn.to_excel(frame, target)
            rows = len(frame)
        else:
            classy.transactions.to_excel(target)
            rows = 0
    return {
        "rows": rows,
        "wall_s": round(time.perf_counter() - begun, 1),
        "cpu_s": round(time.process_time() - cpu, 1),
        "peak_mb": round(status("VmHWM") - before, 1),
        "file_mb": round(target.stat().st_size / 1e6, 1),
    }


def start_watching() -> float:
    """Forget the peak so far; return the megabytes that are held now."""
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
            command = [sys.executable, __file__, "--measure", way, folder]
            address = json.dumps(box.address(UNLIMITED))
            done = subprocess.run(command, input=address, capture_output=True, text=True, check=False)
        finally:
            box.end()
    if done.returncode:
        sys.exit(f"{way} failed:\n{done.stderr[-2000:]}")
    return {"way": way, "transactions": size, **json.loads(done.stdout.splitlines()[-1])}


def main() -> int:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("--transactions", type=int, default=ROWS)
    parser.add_argument("--assert", dest="asserting", action="store_true")
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.measure:
        way, folder = asked.measure
        print(json.dumps(measure(way, json.load(sys.stdin), Path(folder))))
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
