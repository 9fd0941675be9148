"""A mirror against the same lists as frames, on the same sandbox in the same run.

``python benchmarks/mirror.py`` prints how long the first mirror takes, compared with fetching the lists of
the default set as frames; a refresh with nothing changed; and one after gifts came, changed and went.
``--latency 300`` lets each answer take 300 ms. ``--assert`` fails where a bound is broken.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import classy_nb as cn
from classy_nb.mirror import DEFAULT
from classy_nb.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable

BOUNDS = {0: 2.5, 300: 1.5}
"""By the latency in milliseconds: how often the time of the frames a first mirror may take."""
NOTHING_CHANGED = 2.0
"""Seconds that a refresh may take if nothing changed, without latency."""


def timed(what: Callable[[], object]) -> float:
    began = time.monotonic()
    what()
    return time.monotonic() - began


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--transactions", type=int, default=60_100)
    parser.add_argument("--latency", type=int, default=0)
    parser.add_argument("--assert", dest="check", action="store_true")
    options = parser.parse_args()
    with (
        Sandbox(transactions=options.transactions, requests_per_minute=0) as box,
        tempfile.TemporaryDirectory() as folder,
        cn.connect(
            box.client_id,
            box.client_secret,
            base_url=box.base_url,
            token_url=box.token_url,
            requests_per_minute=1_000_000,
        ) as classy,
    ):
        box.faults.latency_ms = options.latency
        mirror = classy.mirror(Path(folder) / "mirror.duckdb")
        frames = timed(lambda: [getattr(classy, name)(progress=False) for name in DEFAULT])
        first = timed(mirror.refresh)
        nothing = min(timed(mirror.refresh) for _ in range(3))
        box.reset_log()
        quiet = mirror.refresh()
        box.insert_transactions(60)
        box.refund_transactions(60)
        box.delete_transactions(20)
        changed = timed(mirror.refresh)
    print(f"frames of {len(DEFAULT)} lists   {frames:6.1f} s")
    print(f"first mirror         {first:6.1f} s   {first / frames:.2f} times the frames")
    print(f"nothing changed      {nothing:6.1f} s   {int(quiet.requests.max())} requests a list at most")
    print(f"140 gifts changed    {changed:6.1f} s")
    if not options.check:
        return 0
    bound = BOUNDS[options.latency]
    broken = [
        text
        for text, kept in (
            (f"first mirror above {bound} times the frames", first <= bound * frames),
            (f"refresh above {NOTHING_CHANGED} s", options.latency or nothing <= NOTHING_CHANGED),
            ("more than 3 requests a list", int(quiet.requests.max()) <= 3),  # noqa: PLR2004
        )
        if not kept
    ]
    print("\n".join(broken) or "All bounds are kept.")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
