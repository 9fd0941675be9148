"""How fast a mirror answers: each question to the API and to its copy, side by side.

Run: python benchmarks/mirror_read.py [transactions]

``compare`` is also called by the benchmark of the whole mirror, with a copy that it has made.
"""

from __future__ import annotations

import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

import classy_nb as cn
from classy_nb.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable

TRANSACTIONS = 60_100
QUESTIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("transactions", {}),
    ("transactions", {"dtype_backend": "pyarrow"}),
    ("transactions", {"include": "items"}),
    ("transactions", {"include": "supporter"}),
    ("transactions", {"since": "2026", "where": "status = success"}),
    ("transaction_items", {}),
    ("supporters", {}),
    ("answers", {}),
)


def timed(function: Callable[[], Any], times: int) -> tuple[float, Any]:
    """Return the shortest of some times, and the last result."""
    best, result = float("inf"), None
    for _ in range(times):
        begun = time.perf_counter()
        result = function()
        best = min(best, time.perf_counter() - begun)
    return best, result


def compare(classy: cn.Classy, copy: Any, *, times: int = 3) -> pd.DataFrame:
    """Ask both the same; return seconds and their ratio, a row a question, of frames that are equal."""
    rows = []
    for name, keywords in QUESTIONS:
        fetching, fetched = timed(partial(getattr(classy, name), progress=False, **keywords), 1)
        reading, read = timed(partial(getattr(copy, name), **keywords), times)
        pd.testing.assert_frame_equal(read, fetched)
        asked = ", ".join(f"{key}={value!r}" for key, value in keywords.items())
        rows.append((f"{name}({asked})", len(read), fetching, reading, reading / fetching))
    return pd.DataFrame(rows, columns=["question", "rows", "fetching_s", "reading_s", "ratio"])


def main() -> None:
    size = int(sys.argv[1]) if len(sys.argv) > 1 else TRANSACTIONS
    with (
        tempfile.TemporaryDirectory() as folder,
        Sandbox(transactions=size, requests_per_minute=0) as box,
        cn.connect(
            box.client_id, box.client_secret, base_url=box.base_url, token_url=box.token_url
        ) as classy,
    ):
        path = Path(folder) / "copy.duckdb"
        classy.mirror(path).refresh()
        print(compare(classy, cn.open_mirror(path)).round(3).to_string(index=False))


if __name__ == "__main__":
    main()
