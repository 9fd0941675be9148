"""Kill a mirror's first loads and its refreshes at random moments, while gifts come, change and go.

``python benchmarks/soak_mirror.py [--kills 20] [--seed 1]`` kills half of them in a first load and half in a
refresh, which takes a few minutes. It fails unless the mirror that is refreshed at the end equals a fresh
fetch, with nothing double, or if so many kills take more than ten minutes.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import classy_nb as cn
from classy_nb.mirror import mirrored_lists
from classy_nb.sandbox import Sandbox

MOST_SECONDS = 600
NAMES = ["transactions", "transaction_items", "supporters"]
PROGRAM = """
import sys
import classy_nb as cn
from classy_nb.mirror import refresh, source
refresh.WINDOW_ROWS, source.BATCH_ROWS = 1000, 500
client_id, secret, base_url, token_url, path, names = sys.argv[1:]
with cn.connect(client_id, secret, base_url=base_url, token_url=token_url) as classy:
    print("connected", flush=True)
    classy.mirror(path, resources=names).refresh()
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--transactions", type=int, default=5_000)
    options = parser.parse_args()
    moments = random.Random(options.seed)
    began = time.monotonic()
    # How long a first load and a refresh take: at first a guess, then as measured when one was not killed.
    spans = {"first load": 4.0, "refresh": 4.0}
    killed = dict.fromkeys(spans, 0)
    wanted = {"first load": options.kills // 2, "refresh": options.kills - options.kills // 2}
    with (
        Sandbox(transactions=options.transactions, requests_per_minute=0, latency_ms=10) as box,
        tempfile.TemporaryDirectory() as folder,
    ):
        path = Path(folder) / "mirror.duckdb"
        told = [box.client_id, box.client_secret, box.base_url, box.token_url, str(path), ",".join(NAMES)]
        while killed != wanted:
            if time.monotonic() - began > MOST_SECONDS:
                print(f"Only {sum(killed.values())} kills in {MOST_SECONDS} s.")
                return 1
            what = "refresh" if path.exists() else "first load"
            if killed[what] == wanted[what] and what == "refresh":
                path.unlink()  # another first load
                continue
            is_due = killed[what] < wanted[what]
            with subprocess.Popen([sys.executable, "-c", PROGRAM, *told], stdout=subprocess.PIPE) as process:
                assert process.stdout is not None
                process.stdout.readline()
                started = time.monotonic()
                try:
                    process.wait(moments.uniform(0, spans[what]) if is_due else None)
                    spans[what] = max(0.2, time.monotonic() - started)
                except subprocess.TimeoutExpired:
                    process.kill()
                    killed[what] += 1
            box.insert_transactions(moments.randrange(1, 30))
            box.refund_transactions(moments.randrange(1, 10))
            box.delete_transactions(moments.randrange(1, 4))
            box.change_records("supporters", 2)
        with cn.connect(
            box.client_id, box.client_secret, base_url=box.base_url, token_url=box.token_url
        ) as classy:
            last = time.monotonic()
            report = classy.mirror(path, resources=NAMES).refresh()
            print(report.drop(columns="shown_by").to_string(), f"{time.monotonic() - last:.1f} s", sep="\n")
            with classy.mirror(path).connect() as duck:
                for one in mirrored_lists(NAMES):
                    fresh = getattr(classy, one.name).to_arrow(decimal=True, flat=True).sort_by("id")
                    columns = ", ".join(f'"{column.name}"' for column in one.columns)
                    here = duck.sql(
                        f"SELECT {columns} FROM {one.name} WHERE _deleted_at IS NULL ORDER BY id"
                    ).to_arrow_table()
                    if not here.equals(fresh.replace_schema_metadata(None).cast(here.schema)):
                        print(f"{one.name} differs")
                        return 1
    kills = ", ".join(f"{number} of a {what}" for what, number in killed.items())
    print(f"kills: {kills}, in {time.monotonic() - began:.0f} s; every cell is equal.")
    return 0 if report["equal"].all() else 1


if __name__ == "__main__":
    sys.exit(main())
