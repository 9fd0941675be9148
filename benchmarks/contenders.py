"""Who fetches: a plain loop, dlt, the HTTP layer alone, and classy_nb; each in a process of its own.

Wall and CPU seconds count from the first request to the finished frame or file; ``peak_mb`` is the peak
memory of the process less what it held after its imports, ``whole_mb`` with that. The sum of the ids tells
whether all came with the same rows.
"""

from __future__ import annotations

import json
import resource
import tempfile
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

PER_PAGE = 100
Box = dict[str, str]
"""Address, credentials and limit of a sandbox."""


def contend(name: str, box: Box, resource_name: str, *, to_file: bool) -> dict[str, Any]:
    """Run one contender in this process; *name* may end in how many workers it has."""
    kind, _, workers = name.partition("-")
    with tempfile.TemporaryDirectory() as folder:
        target = f"{folder}/out.parquet" if to_file else None
        if kind in ("parquet", "csv"):
            target = f"{folder}/out.{kind}"
        if kind in ("ours", "parquet", "csv"):
            return ours(box, resource_name, target, None if workers == "auto" else int(workers))
        return CONTENDERS[kind](box, resource_name, target)


def loop(box: Box, resource_name: str, target: str | None, *, typing: bool = True) -> dict[str, Any]:
    """Page by page on one session, all rows collected, ``json_normalize``, dates and numbers typed."""
    import pandas as pd

    base = peak_mb()
    session, url = login(box, resource_name)
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
    frame = pd.json_normalize(rows)
    frame = typed(frame, resource_name) if typing else frame
    if target is not None:
        for name in frame.select_dtypes(object):  # pyarrow refuses cells of several shapes
            frame[name] = frame[name].map(json.dumps, na_action="ignore")
        frame.to_parquet(target)
    found = measured(begun, cpu, base, len(frame), requests_made, refused)
    return {**found, "ids": int(frame["id"].sum())}


def untyped(box: Box, resource_name: str, target: str | None) -> dict[str, Any]:
    """Do the same, but leave columns as ``json_normalize`` makes them: dates and some numbers are text."""
    return loop(box, resource_name, target, typing=False)


def http(box: Box, resource_name: str, target: str | None) -> dict[str, Any]:
    """Every page read and thrown away: what of the CPU belongs to the HTTP layer."""
    del target
    base = peak_mb()
    session, url = login(box, resource_name)
    total = session.get(url, params={"per_page": 1}, timeout=120).json()["total"]
    begun, cpu, pages = time.perf_counter(), time.process_time(), -(-total // PER_PAGE)
    for page in range(1, pages + 1):
        params = {"page": page, "per_page": PER_PAGE, "sort": "id"}
        session.get(url, params=params, timeout=120).raise_for_status()
    return measured(begun, cpu, base, total, pages, 0)


def dlt(box: Box, resource_name: str, target: str | None) -> dict[str, Any]:
    """Load a dlt ``rest_api`` source into DuckDB, by Parquet: its usual way to a file."""
    del target
    import dlt as library
    import duckdb
    from dlt.sources.rest_api import rest_api_source

    base = peak_mb()
    session, url = login(box, resource_name)
    begun, cpu = time.perf_counter(), time.process_time()
    token = session.headers["Authorization"].removeprefix("Bearer ")
    source = rest_api_source(
        {
            "client": {
                "base_url": box["base_url"],
                "auth": {"type": "bearer", "token": token},
                "paginator": {"type": "page_number", "base_page": 1, "total_path": "last_page"},
            },
            "resources": [
                {
                    "name": resource_name,
                    "endpoint": {
                        "path": url.removeprefix(f"{box['base_url']}/"),
                        "params": {"per_page": PER_PAGE, "sort": "id"},
                        "data_selector": "data",
                    },
                }
            ],
        }
    )
    with tempfile.TemporaryDirectory() as folder:
        file = f"{folder}/out.duckdb"
        pipeline = library.pipeline(
            "peer", destination=library.destinations.duckdb(file), dataset_name="d", pipelines_dir=folder
        )
        pipeline.run(source, loader_file_format="parquet")
        with duckdb.connect(file) as database:
            asked = database.execute(f'SELECT count(*), sum(id) FROM d."{resource_name}"').fetchone()
    rows, ids = asked or (0, 0)
    return {**measured(begun, cpu, base, rows, -(-rows // PER_PAGE), 0), "ids": int(ids)}


def ours(box: Box, resource_name: str, target: str | None, workers: int | None) -> dict[str, Any]:
    """classy_nb: one call; with None the number of workers finds itself."""
    import pandas as pd

    import classy_nb as cn

    keys = ("client_id", "client_secret", "base_url", "token_url")
    limit = int(box["requests_per_minute"])
    classy = cn.connect(**{k: box[k] for k in keys}, workers=workers, requests_per_minute=limit)
    wanted = getattr(classy, resource_name)
    wanted(limit=1)  # what is imported when first used is imported
    base = peak_mb()
    http = classy._session.http  # noqa: SLF001 - its counters
    sent, begun, cpu = http.requests_sent, time.perf_counter(), time.process_time()
    ids = wanted(progress=False)["id"] if target is None else None
    is_csv = target is not None and target.endswith(".csv")
    if target is not None:
        write = wanted.to_csv if is_csv else wanted.to_parquet
        write(target, progress=False)
    found = measured(begun, cpu, base, 0, http.requests_sent - sent, http.rate_limit.refusals)
    if target is not None:
        written = pd.read_csv(target, usecols=["id"]) if is_csv else pd.read_parquet(target, columns=["id"])
        ids = written["id"]
    return {**found, "rows": len(ids), "ids": int(ids.sum())}


CONTENDERS: dict[str, Callable[[Box, str, str | None], dict[str, Any]]] = {
    "loop": loop,
    "untyped": untyped,
    "http": http,
    "dlt": dlt,
}


def login(box: Box, resource_name: str) -> tuple[Any, str]:
    """Return a session with a token, and the list's address: what a script of one's own does first."""
    import requests

    session = requests.Session()
    fields = {k: box[k] for k in ("client_id", "client_secret")} | {"grant_type": "client_credentials"}
    token = session.post(box["token_url"], data=fields, timeout=60).json()["access_token"]
    session.headers["Authorization"] = f"Bearer {token}"
    listed = session.get(f"{box['base_url']}/apps/{box['client_id']}/organizations", timeout=60).json()
    return session, f"{box['base_url']}/organizations/{listed['data'][0]['id']}/{resource_name}"


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


def peak_mb() -> float:
    """Peak resident memory of this process so far, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measured(begun: float, cpu: float, base: float, *counts: int) -> dict[str, Any]:
    """Return the figures of a contender that has just ended."""
    rows, requests_made, refused = counts
    peak = peak_mb()
    return {
        "wall_s": round(time.perf_counter() - begun, 2),
        "cpu_s": round(time.process_time() - cpu, 2),
        "peak_mb": round(peak - base),
        "whole_mb": round(peak),
        "rows": rows,
        "requests": requests_made,
        "refused": refused,
    }
