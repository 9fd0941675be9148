"""What the sandbox remembers of requests."""

import requests

from classy_nb.sandbox import responses


def test_requests_are_remembered(box, api):
    box.reset_log()
    api.org("/campaigns", per_page=3)
    requests.get(f"{box.base_url}/me", headers={"User-Agent": "me/1"}, timeout=5)
    api.token()
    assert box.token_requests == 1
    first, second = box.requests
    assert (first.method, first.path, first.query) == (
        "GET", f"/2.0/organizations/{box.organization_id}/campaigns", "per_page=3")  # fmt: skip
    assert (first.status, first.authorized, first.origin, first.fault) == (200, True, "api", None)
    assert first.size > 1_000
    assert 0 < first.milliseconds < 1_000
    assert (second.status, second.authorized, second.user_agent) == (401, False, "me/1")
    box.reset_log()
    assert (box.requests, box.token_requests) == ([], 0)


def test_waiting_does_not_count_as_time_spent_on_an_answer(box, api):
    api.org("/campaigns")
    box.faults.latency_ms = 300
    api.org("/campaigns")
    assert box.log[-1].milliseconds < 250


def test_answers_are_compressed_only_if_the_client_accepts_it(box, api):
    plain = api.org("/campaigns").json()
    box.compression = True
    try:
        packed = api.session.get(f"{box.base_url}/organizations/{box.organization_id}/campaigns", timeout=5,
                                   headers={"Accept-Encoding": "gzip"})  # fmt: skip
        assert packed.headers["Content-Encoding"] == "gzip"
        assert packed.json() == plain
        refused = api.session.get(packed.url, headers={"Accept-Encoding": "identity"}, timeout=5)
        assert "Content-Encoding" not in refused.headers
    finally:
        box.compression = False


def test_brotli_is_used_if_it_is_installed(box, api, monkeypatch):
    class Brotli:
        @staticmethod
        def compress(body, quality):
            return b"packed%d:" % quality + body

    monkeypatch.setattr(responses, "_brotli", lambda: Brotli)
    box.compression = True
    try:
        url = f"{box.base_url}/organizations/{box.organization_id}/campaigns"
        packed = api.session.get(url, timeout=5, stream=True, headers={"Accept-Encoding": "gzip, br"})
        assert packed.headers["Content-Encoding"] == "br"
        assert packed.raw.read(decode_content=False).startswith(b"packed1:{")
    finally:
        box.compression = False
