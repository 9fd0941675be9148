"""Kill a mirror's first load and its refreshes at random moments, while gifts come, change and go.

``python benchmarks/soak_mirror.py [--kills 20] [--seed 1]`` fails unless the mirror that is refreshed at the
end equals a fresh fetch, with nothing double.
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

NAMES = ["transactions", "transaction_items", "supporters"]
PROGRAM = """
import sys
import classy_nb as cn
from classy_nb.mirror import refresh, source
refresh.WINDOW_ROWS, source.BATCH_ROWS = 1000, 500
client_id, secret, base_url, token_url, path, names = sys.argv[1:]
cn.connect(client_id, secret, base_url=base_url, token_url=token_url).mirror(path, resources=names).refresh()
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--transactions", type=int, default=5_000)
    options = parser.parse_args()
    moments = random.Random(options.seed)
    killed = 0
    with (
        Sandbox(transactions=options.transactions, requests_per_minute=0) as box,
        tempfile.TemporaryDirectory() as folder,
    ):
        path = Path(folder) / "mirror.duckdb"
        told = [box.client_id, box.client_secret, box.base_url, box.token_url, str(path), ",".join(NAMES)]
        for _ in range(options.kills):
            process = subprocess.Popen([sys.executable, "-c", PROGRAM, *told])
            try:
                process.wait(moments.uniform(1, 15))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                killed += 1
            box.insert_transactions(moments.randrange(1, 30))
            box.refund_transactions(moments.randrange(1, 10))
            box.delete_transactions(moments.randrange(1, 4))
            box.change_records("supporters", 2)
        with cn.connect(
            box.client_id, box.client_secret, base_url=box.base_url, token_url=box.token_url
        ) as classy:
            began = time.monotonic()
            report = classy.mirror(path, resources=NAMES).refresh()
            print(report.drop(columns="shown_by").to_string(), f"{time.monotonic() - began:.1f} s", sep="\n")
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
    print(f"{killed} kills; every cell is equal.")
    return 0 if report["equal"].all() else 1


if __name__ == "__main__":
    sys.exit(main())
