"""Whether lists stay whole when the server, the network or the machine does its worst.

    python benchmarks/soak.py live     5 gifts a second arrive and 5 vanish; by key, then by page number
    python benchmarks/soak.py storm    every fault at 5% of the requests, against the truth, cell by cell
    python benchmarks/soak.py limit    300 requests a minute, known from ``retry_after`` in 429 bodies only
    python benchmarks/soak.py kill     kill -9 at random moments of to_csv and to_parquet, then resume
    python benchmarks/soak.py processes   200 tasks in 8 forked and 8 spawned processes, over one connection
    python benchmarks/soak.py mutated  answers cut, repeated, reordered, foreign, broken: rows, or an error
    python benchmarks/soak.py shapes   odd bytes and shapes in 1% of the answers: all rows, or an error
    ... --runs N (20)  --transactions N;  mutated: --count N (20,000)  --seed N

Each ends with status 1 where something is lost, repeated or late.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import os
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import pandas as pd
from soak_kill import kill
from soak_mutated import mutated, shapes

import classy_nb as cn
from classy_nb.http import MOST_AT_ONCE, MOST_REPEATS
from classy_nb.sandbox import Faults, Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

STORM = (
    "500",
    "502",
    "503",
    "429",
    "429_body",
    "429_bare",
    "reset",
    "reset_body",
    "truncated",
    "stall",
    "401",
)

A_SECOND = 5
"""So many gifts arrive, and so many vanish."""
MOST_OF_ONE = (MOST_REPEATS + 1) * 2
"""A request is given up for good after this many repeats, each with a second token."""


def connect(box: Sandbox, **options: Any) -> cn.Classy:
    return cn.connect(
        box.client_id,
        box.client_secret,
        base_url=box.base_url,
        token_url=box.token_url,
        **{"requests_per_minute": 1_000_000, **options},
    )


@contextlib.contextmanager
def coming_and_going(box: Sandbox, gone: set[int]) -> Iterator[None]:
    """Insert and delete rows all the time."""
    over = threading.Event()

    def change() -> None:
        begun, done = time.monotonic(), 0
        while not over.wait(1 / A_SECOND):
            due = int((time.monotonic() - begun) * A_SECOND) - done
            box.insert_transactions(due)
            gone.update(box.delete_transactions(due))
            done += due

    thread = threading.Thread(target=change, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def live(runs: int, size: int) -> list[str]:
    bad = []
    for way in ("work", "reject"):
        with Sandbox(transactions=size, requests_per_minute=0, latency_ms=100) as box, connect(box) as classy:
            box.faults.key_filter = way  # type: ignore[assignment]
            for run in range(runs):
                before = {row["id"] for row in box.truth("transactions")}
                gone: set[int] = set()
                outcome, begun = "whole", time.perf_counter()
                with coming_and_going(box, gone):
                    try:
                        found = classy.transactions(progress=False)["id"]
                    except cn.IncompleteResultError as error:
                        outcome = f"IncompleteResultError: {error.what}"
                        if way == "work":
                            bad.append(f"live {run}: {outcome}")
                    else:
                        lost = (before - gone) - set(found)
                        if lost or not found.is_unique:
                            outcome = f"{len(lost)} lost, {len(found) - found.nunique()} repeated"
                            bad.append(f"live, key filter {way}, run {run}: {outcome}")
                lasted = time.perf_counter() - begun
                print(
                    f"live, key filter {way}, run {run}: {outcome}; {len(gone)} rows went and as many came "
                    f"in {lasted:.1f} s",
                    flush=True,
                )
                if len(gone) < A_SECOND * (lasted - 1):  # what did not happen was not survived
                    bad.append(f"live, key filter {way}, run {run}: only {len(gone)} rows came and went")
    return bad


def storm(runs: int, size: int) -> list[str]:
    bad = []
    with Sandbox(transactions=size, requests_per_minute=0) as box, connect(box) as calm:
        truth = calm.transactions(progress=False)
        bad += differing(truth, box.truth("transactions"))
        for seed in range(runs):
            box.faults.clear()
            with connect(box) as classy:
                classy._session.http.timeout = (5.0, 1.0)  # noqa: SLF001 - stalls must not take a minute
                box.faults.seed, box.faults.rates = seed, dict.fromkeys(STORM, 0.05)
                box.faults.retry_after, box.faults.stall_seconds = 1, 3
                box.faults.__post_init__()
                box.reset_log()
                begun = time.perf_counter()
                frame = classy.transactions(progress=False)
            same = frame.equals(truth)
            failed = sum(entry.fault is not None or entry.status != 200 for entry in box.log)  # noqa: PLR2004
            most = max(Counter((entry.path, str(entry.query)) for entry in box.log).values())
            print(
                f"storm, seed {seed}: {'equal' if same else 'NOT EQUAL'}, {failed} faults in {len(box.log)} "
                f"requests, the same one at most {most} times, {time.perf_counter() - begun:.0f} s",
                flush=True,
            )
            if not same or most > MOST_OF_ONE:
                bad.append(f"storm, seed {seed}")
        box.faults.clear()
    return bad


EXACT = ("id", "status", "billing_first_name", "comment", "fundraising_page_id", "total_gross_amount")


def differing(frame: pd.DataFrame, records: list[dict[str, Any]]) -> list[str]:
    """Compare a frame that was fetched without faults with what the sandbox holds."""
    ordered = sorted(records, key=lambda record: record["id"])
    found = []
    for name in EXACT:
        cells = [None if pd.isna(cell) else cell for cell in frame[name]]
        if cells != [record[name] for record in ordered]:
            found.append(f"storm: {name} is not what the sandbox holds")
    return found


def limit(runs: int, size: int) -> list[str]:
    del runs
    bad = []
    with (
        Sandbox(
            transactions=size,
            requests_per_minute=300,
            latency_ms=100,
            faults=Faults(rate_headers=False, rate_limit_style="body"),
        ) as box,
        connect(box, requests_per_minute=1800) as classy,
    ):
        begun = time.perf_counter()
        frame = classy.transactions(progress=False)
        wall = time.perf_counter() - begun
        refusals = classy._session.http.rate_limit.refusals  # noqa: SLF001 - its counter
        requests = frame.attrs["classy"]["requests"]
        floor = 60.0 * ((requests - 1) // 300)
        print(f"limit: {len(frame):,} rows, {requests} requests, {refusals} refusals")
        print(f"limit: {wall:.0f} s, floor {floor:.0f} s")
        if len(frame) != size or not frame["id"].is_unique:
            bad.append("limit: rows are missing")
        if wall > 1.15 * floor:
            bad.append(f"limit: {wall / floor:.2f} times the floor")
        at_once = classy.workers or MOST_AT_ONCE
        if refusals > at_once + (requests - 1) // 300:  # a burst, then one for each window
            bad.append(f"limit: {refusals} refusals")
    return bad


TASKS = 200
"""Campaigns that each kind of pool reads."""


def processes(runs: int, size: int) -> list[str]:
    bad = []
    with Sandbox(transactions=size, requests_per_minute=0) as box:
        # Spawned processes log in by themselves: with what they find in the environment.
        os.environ |= {"CLASSY_CLIENT_ID": box.client_id, "CLASSY_CLIENT_SECRET": box.client_secret}
        truth: dict[int, list[int]] = {}
        for row in box.truth("transactions"):
            truth.setdefault(row["campaign_id"], []).append(row["id"])
        campaigns = [list(truth)[task % len(truth)] for task in range(TASKS)]
        for run in range(runs):
            for method in ("fork", "spawn"):
                with cn.connect(
                    base_url=box.base_url, token_url=box.token_url, requests_per_minute=1_000_000
                ) as classy:
                    global inherited  # noqa: PLW0603 - forked processes inherit it
                    inherited = classy
                    given = None if method == "fork" else classy
                    begun = time.perf_counter()
                    with multiprocessing.get_context(method).Pool(8) as pool:
                        ended = pool.starmap_async(gifts_of, [(given, one) for one in campaigns], chunksize=1)
                        # This side reads, too, until the pool is done.
                        here = [gifts_of(classy, one) for one in campaigns[: TASKS // 4]]
                        there = ended.get(600)
                lasted = time.perf_counter() - begun
                wrong = sum(ids != truth[one] for one, ids in zip(campaigns, here, strict=False))
                wrong += sum(ids != truth[one] for one, ids in zip(campaigns, there, strict=True))
                print(
                    f"processes, {method}, run {run}: of {len(there)} tasks and {len(here)} fetches on this "
                    f"side {wrong} had other rows than their campaign's; {lasted:.1f} s",
                    flush=True,
                )
                if wrong:
                    bad.append(f"processes, {method}, run {run}: {wrong} wrong")
    return bad


inherited: cn.Classy


def gifts_of(classy: cn.Classy | None, campaign: int) -> list[int]:
    """Return the ids of a campaign's gifts, over a connection that was passed or inherited."""
    found: list[int] = (classy or inherited).transactions(campaign=campaign, progress=False)["id"].tolist()
    return found


WHAT = {
    "live": (live, 12_000),
    "storm": (storm, 4_000),
    "limit": (limit, 60_100),
    "kill": (kill, 30_000),
    "processes": (processes, 4_000),
    "shapes": (shapes, 12_000),
}
"""With so many transactions, if nothing else is asked for."""


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=[*WHAT, "mutated"])
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--transactions", type=int, default=0)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    if asked.what == "mutated":
        bad = mutated(asked.count, asked.seed)
    else:
        run, usual = WHAT[asked.what]
        bad = run(asked.runs, asked.transactions or usual)
    print(*bad, sep="\n")
    return 1 if bad else 0


if __name__ == "__main__":
    raise SystemExit(main())
