"""The rate limit: a fixed window, its headers, its refusals."""

import time

import pytest
import requests

from classy_nb.sandbox import Faults, Sandbox


@pytest.fixture
def limited():
    with Sandbox(transactions=60, requests_per_minute=3) as box:
        yield box


@pytest.fixture
def ask(limited):
    fields = {
        "grant_type": "client_credentials",
        "client_id": limited.client_id,
        "client_secret": limited.client_secret,
    }
    token = requests.post(limited.token_url, data=fields, timeout=5).json()["access_token"]
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {token}"
    yield lambda: session.get(f"{limited.base_url}/apps/{limited.client_id}", timeout=5)
    session.close()


def test_requests_over_the_limit_are_refused_until_the_window_ends(limited, ask):
    answers = [ask() for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert [answer.headers["X-RateLimit-Remaining"] for answer in answers] == ["2", "1", "0", "0", "0"]
    assert {answer.headers["X-RateLimit-Limit"] for answer in answers} == {"3"}
    assert "X-RateLimit-Reset" not in answers[0].headers
    refused = answers[3]
    wait = int(refused.headers["Retry-After"])
    assert refused.json() == {"message": "Too Many Attempts.", "retry_after": wait}
    assert 55 <= wait <= 60
    assert abs(int(refused.headers["X-RateLimit-Reset"]) - (time.time() + wait)) < 3
    limited.advance(61)
    assert ask().status_code == 200


@pytest.mark.parametrize(
    ("style", "status", "keys"),
    [("body", 429, {"message", "retry_after"}), ("bare", 429, {"message"}), ("503", 503, None)],
)
def test_the_refusal_comes_in_several_styles(limited, ask, style, status, keys):
    limited.faults.rate_limit_style = style
    for _ in range(3):
        ask()
    refused = ask()
    assert refused.status_code == status
    assert "Retry-After" not in refused.headers
    assert (set(refused.json()) if keys else None) == keys


def test_rate_limit_headers_can_be_left_out(limited, ask):
    limited.faults.rate_headers = False
    assert not [name for name in ask().headers if name.lower().startswith("x-ratelimit")]


def test_token_requests_and_refused_tokens_do_not_count(limited, ask):
    for _ in range(5):
        requests.get(f"{limited.base_url}/me", timeout=5)
        requests.post(limited.token_url, timeout=5)
    assert ask().headers["X-RateLimit-Remaining"] == "2"


def test_the_window_may_be_short():
    with Sandbox(transactions=60, requests_per_minute=1, window_seconds=0.05, faults=Faults()) as box:
        window = box.window
        assert window.take()
        assert not window.take()
        time.sleep(0.06)
        assert window.take()
