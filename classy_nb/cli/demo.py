"""Start a sandbox, fetch its main lists and write them to CSV files; needs no account."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse

    import pandas as pd

    from classy_nb.client import Demo

RESOURCES = ("campaigns", "transactions", "supporters", "recurring_donation_plans", "fundraising_pages")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "--to", type=Path, default=Path("classy-nb-demo"), metavar="FOLDER", help="where the files go"
    )
    parser.add_argument(
        "--transactions", type=int, default=60_100, metavar="N", help="size of the invented organization"
    )
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same data")


def run(asked: argparse.Namespace) -> None:
    """Run the demo."""
    from classy_nb.client import demo
    from classy_nb.export import to_csv

    say("Starting the sandbox (a stand-in for the API on this machine; all data are invented) ...")
    asked.to.mkdir(parents=True, exist_ok=True)
    with demo(transactions=asked.transactions, seed=asked.seed) as classy:
        say(f"\n{classy!r}\n")
        frames: dict[str, pd.DataFrame] = {}
        for name in RESOURCES:
            frames[name] = fetch(classy, name)
        say("")
        for name, frame in frames.items():
            path = to_csv(frame, asked.to / f"{name}.csv")
            say(f"wrote {path} ({path.stat().st_size / 1e6:,.1f} MB)")
    summarize(frames)


def fetch(classy: Demo, name: str) -> pd.DataFrame:
    """Fetch one resource and say how it went."""
    started = time.perf_counter()
    frame: pd.DataFrame = getattr(classy, name)()
    about: dict[str, Any] = frame.attrs["classy"]
    say(
        f"{name:<26}{len(frame):>8,} rows of {about['total']:,}, {frame.shape[1]:>3} columns, "
        f"{about['requests']:>4} requests, {time.perf_counter() - started:5.1f} s"
    )
    return frame


def summarize(frames: dict[str, pd.DataFrame]) -> None:
    """Print what an analyst would look at first."""
    gifts = frames["transactions"]
    say("\nTransactions by status (a list holds all of them; totals need status = success)")
    by_status = gifts.groupby("status")["total_gross_amount"].agg(["size", "sum"])
    for status, row in by_status.sort_values("size", ascending=False).iterrows():
        say(f"  {status!s:<14}{int(row['size']):>8,}{row['sum']:>18,.2f}")
    good = gifts[gifts["status"] == "success"]
    names = frames["campaigns"].set_index("id")["name"]
    say("\nFive largest campaigns by successful gross amount, in each gift's normalized currency")
    sums = good.groupby(["campaign_id", "currency_code"])["total_gross_amount"].sum().reset_index()
    largest = sums.nlargest(5, "total_gross_amount")
    for campaign, currency, amount in largest.itertuples(index=False):
        say(f"  {names.get(campaign, campaign)!s:<44.44}{amount:>16,.2f} {currency}")


def say(line: str) -> None:
    """Write one line and show it at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
