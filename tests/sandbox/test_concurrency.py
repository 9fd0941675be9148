"""Many clients at once: every answer is right, and nobody waits for another client's latency."""

import time
from concurrent.futures import ThreadPoolExecutor

import requests


def test_64_threads_page_through_everything(box, api):
    headers = dict(api.session.headers)
    url = f"{box.base_url}/organizations/{box.organization_id}/transactions"

    def page(number):
        params = {"per_page": 10, "page": number, "sort": "id"}
        return [
            row["id"] for row in requests.get(url, params=params, headers=headers, timeout=20).json()["data"]
        ]

    with ThreadPoolExecutor(64) as pool:
        found = [number for part in pool.map(page, range(1, 61)) for number in part]
    assert found == [row["id"] for row in box.truth("transactions")]


def test_latencies_overlap(box, api):
    headers = dict(api.session.headers)
    url = f"{box.base_url}/organizations/{box.organization_id}"
    box.faults.latency_ms = 500
    started = time.monotonic()
    with ThreadPoolExecutor(10) as pool:
        answers = list(
            pool.map(lambda _: requests.get(url, headers=headers, timeout=20).status_code, range(10))
        )
    assert answers == [200] * 10
    assert 0.5 <= time.monotonic() - started < 4
