"""Faults do what they say, when they say it, and nothing else."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from classy_nb.sandbox import ONE_TIME, Faults, Sandbox


def one(box, api, name, **options):
    box.faults.then(name)
    url = f"{box.base_url}/organizations/{box.organization_id}/campaigns"
    return api.session.get(url, params={"per_page": 20}, timeout=5, allow_redirects=False, **options)


@pytest.mark.parametrize(
    ("name", "status", "body"),
    [
        ("500", 500, {}),
        ("500_message", 500, {"success": False, "message": "Something went wrong"}),
        ("500_error", 500, {"error": "Server Error", "message": "Something went wrong"}),
        ("503", 503, {"message": "name resolution failed"}),
        ("429", 429, {"message": "Too Many Attempts.", "retry_after": 42}),
        ("429_body", 429, {"message": "Too Many Attempts.", "retry_after": 42}),
        ("429_bare", 429, {"message": "Too Many Attempts."}),
        ("error_200", 200, {"error": "Something went wrong"}),
    ],
)
def test_faults_that_answer_with_json(box, api, name, status, body):
    box.faults.retry_after = 42
    answer = one(box, api, name)
    assert (answer.status_code, answer.json()) == (status, body)
    assert ("Retry-After" in answer.headers) == (name == "429")
    assert ("X-RateLimit-Reset" in answer.headers) == (name == "429")
    assert api.org("/campaigns").status_code == 200


@pytest.mark.parametrize(
    ("name", "status", "kind_and_part"),
    [
        ("500_text", 500, ("text/plain", "Server error!")),
        ("502", 502, ("text/html", "Bad Gateway")),
        ("504", 504, ("text/html", "504")),
        ("throttle_503", 503, ("text/plain", "")),
        ("cloudflare", 403, ("text/html", "Just a moment...")),
        ("html", 200, ("text/html", "maintenance")),
        ("empty_body", 200, ("application/json", "")),
    ],
)
def test_faults_that_answer_with_something_else(box, api, name, status, kind_and_part):
    kind, part = kind_and_part
    answer = one(box, api, name)
    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith(kind)
    assert part in answer.text
    assert (answer.headers.get("cf-mitigated") == "challenge") == (name == "cloudflare")


def test_a_401_does_not_end_a_good_token_but_a_revoked_one_is_gone(box, api):
    assert one(box, api, "401").status_code == 401
    assert api.org("/campaigns").status_code == 200
    assert one(box, api, "revoke").status_code == 401
    assert api.org("/campaigns").status_code == 401
    api.login()
    assert api.org("/campaigns").status_code == 200


def test_a_redirect_leads_to_another_origin(box, api):
    answer = one(box, api, "redirect")
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(box.other_url)
    assert not answer.headers["Location"].startswith(box.base_url.removesuffix("/2.0"))
    followed = api.session.get(answer.headers["Location"], timeout=5)
    assert followed.json() == {"message": "another host", "authorized": True}


@pytest.mark.parametrize("name", ["reset", "reset_body", "short"])
def test_connections_that_break(box, api, name):
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        one(box, api, name)
    assert box.log[-1].fault == name
    assert api.org("/campaigns").status_code == 200


@pytest.mark.parametrize("name", ["truncated", "truncated_gzip"])
def test_bodies_that_end_early(box, api, name):
    whole = api.org("/campaigns", per_page=20).text
    try:
        answer = one(box, api, name)
    except requests.exceptions.ContentDecodingError:
        assert name == "truncated_gzip"
        return
    assert answer.status_code == 200
    assert whole.startswith(answer.text)
    assert 0 < len(answer.text) < len(whole)


def test_a_stalled_answer_never_comes(box, api):
    box.faults.stall_seconds = 5
    box.faults.then("stall")
    started = time.monotonic()
    url = f"{box.base_url}/me"
    with pytest.raises(requests.ReadTimeout):
        api.session.get(url, timeout=0.2)
    assert time.monotonic() - started < 2


def test_a_dripping_answer_is_slow_but_whole(box, api):
    box.faults.stall_seconds = 0.2
    started = time.monotonic()
    answer = one(box, api, "drip")
    assert time.monotonic() - started >= 0.15
    assert answer.json() == api.org("/campaigns", per_page=20).json()


def test_a_script_is_used_up_in_order(box, api):
    box.faults.then("503", "ok", "500")
    assert [api.org("/campaigns").status_code for _ in range(4)] == [503, 200, 500, 200]


def test_random_faults_repeat_with_the_same_seed(box, api):
    def seen(seed):
        box.faults = Faults(rates={"500": 0.3, "503": 0.2}, seed=seed)
        return [api.get(f"/organizations/{box.organization_id}").status_code for _ in range(60)]

    first = seen(4)
    assert set(first) == {200, 500, 503}
    assert first == seen(4)
    assert first != seen(5)
    assert 5 < first.count(500) < 35


def test_latency_and_slow_lists(box, api):
    def took(path, **params):
        started = time.monotonic()
        assert api.org(path, **params).status_code == 200
        return time.monotonic() - started

    box.faults.slow = {"supporters": 30}
    assert took("/supporters", per_page=50) >= 1.5
    assert took("/campaigns") < 1.5
    box.faults.latency_ms = 60
    assert took("/campaigns") >= 0.06


def at_the_same_time(box, api, number):
    """Return the statuses of requests that are under way together, and the seconds of each."""
    headers = dict(api.session.headers)
    url = f"{box.base_url}/organizations/{box.organization_id}"

    def get(_):
        started = time.monotonic()
        answer = requests.get(url, headers=headers, timeout=20)
        return answer.status_code, time.monotonic() - started

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(get, range(number)))


def test_answers_take_longer_the_more_requests_are_under_way(box, api):
    box.faults.latency_ms = 300
    box.faults.load_ms, box.faults.load_power = 50, 2
    found = sorted(seconds for _, seconds in at_the_same_time(box, api, 4))
    assert 0.3 <= found[0] < found[-1]
    assert found[-1] >= 0.3 + 0.05 * 3**2
    assert box.faults.wait_ms("/campaigns", 20, 3) == 300 + 50 * 9


def test_requests_above_a_number_are_refused_at_once(box, api):
    box.faults.latency_ms = 600
    box.faults.most_at_once = 4
    found = at_the_same_time(box, api, 7)
    assert sorted(status for status, _ in found) == [200] * 4 + [429] * 3
    assert max(seconds for status, seconds in found if status == 429) < 0.6
    assert [status for status, _ in at_the_same_time(box, api, 4)] == [200] * 4


def test_the_firewall_blocks_default_user_agents(box, api):
    url = f"{box.base_url}/organizations/{box.organization_id}"
    box.faults.cloudflare = "default_agents"
    assert api.session.get(url, timeout=5).status_code == 403
    assert api.token().status_code == 403
    named = {"User-Agent": "classy_nb/0.1 (+https://example.org)"}
    assert api.session.get(url, headers=named, timeout=5).status_code == 200
    assert api.session.get(url, headers={"User-Agent": ""}, timeout=5).status_code == 403
    box.faults.cloudflare = "all"
    assert api.session.get(url, headers=named, timeout=5).status_code == 403


def test_unknown_faults_are_refused():
    with pytest.raises(ValueError, match="No such fault: explode"):
        Faults(script=["explode"])
    with pytest.raises(ValueError, match="No such fault: explode"):
        Faults(rates={"explode": 0.5})
    with pytest.raises(ValueError, match="No such fault: explode"):
        Faults().then("ok", "explode")


def test_every_fault_is_tested_here():
    """A new fault needs a test: this list is compared with what there is."""
    tried = {
        "500",
        "500_message",
        "500_error",
        "503",
        "429",
        "429_body",
        "429_bare",
        "error_200",
        "500_text",
        "502",
        "504",
        "throttle_503",
        "cloudflare",
        "html",
        "empty_body",
        "401",
        "revoke",
        "redirect",
        "reset",
        "reset_body",
        "short",
        "truncated",
        "truncated_gzip",
        "stall",
        "drip",
        "ok",
    }
    assert set(ONE_TIME) == tried


def test_faults_given_at_construction():
    faults = Faults(script=["503"], latency_ms=1)
    with Sandbox(transactions=60, faults=faults) as box:
        assert requests.get(f"{box.base_url}/me", timeout=5).status_code == 503
        assert requests.get(f"{box.base_url}/me", timeout=5).status_code == 401


def test_an_error_in_the_sandbox_is_a_500(box, api, monkeypatch, caplog):
    monkeypatch.setattr(box.store, "ids", lambda *_: 1 / 0)
    answer = api.org("/campaigns")
    assert (answer.status_code, answer.json()) == (500, {})
    assert "The sandbox failed at" in caplog.text
