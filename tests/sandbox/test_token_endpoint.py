"""The token endpoint answers as the API's does: forms, JSON, query strings, and every refusal."""

import http.client
import re
from urllib.parse import urlencode, urlsplit

import pytest
import requests

from classy_nb.sandbox import Sandbox

MISSING_ID = {"client_id": ["The client id field is required."]}
MISSING_SECRET = {
    "secret_key": ["The secret key field is required when client secret is not present."],
    "client_secret": ["The client secret field is required when secret key is not present."],
}
INVALID_CLIENT = {"error": "invalid_client", "error_description": "Invalid client authentication"}


def fields(box, **changes):
    found = {
        "grant_type": "client_credentials",
        "client_id": box.client_id,
        "client_secret": box.client_secret,
    }
    return {name: value for name, value in {**found, **changes}.items() if value is not None}


def test_a_form_gets_a_token(box):
    answer = requests.post(box.token_url, data=fields(box), timeout=5)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    body = answer.json()
    assert list(body) == ["access_token", "expires_in", "token_type", "queries_log"]
    assert re.fullmatch("[0-9a-f]{32}", body["access_token"])
    assert (body["expires_in"], body["token_type"], body["queries_log"]) == (7200, "bearer", [])
    assert "refresh_token" not in body


@pytest.mark.parametrize(
    "how",
    [
        lambda box: {"json": fields(box)},
        lambda box: {"params": fields(box)},
        lambda box: {"files": {name: (None, value) for name, value in fields(box).items()}},
        lambda box: {"json": {**fields(box, client_secret=None), "secret_key": box.client_secret}},
        lambda box: {"data": fields(box, audience="nobody", scope="read write")},
        lambda box: {
            "data": {"grant_type": "client_credentials"},
            "auth": (box.client_id, box.client_secret),
        },
        lambda box: {"data": fields(box), "headers": {"Content-Type": "application/json"}},
    ],
    ids=["json", "query", "multipart", "secret_key", "extra", "basic", "form called json"],
)
def test_other_ways_to_send_the_credentials(box, how):
    answer = requests.post(box.token_url, timeout=5, **how(box))
    assert answer.status_code == 200, answer.text
    token = answer.json()["access_token"]
    url = f"{box.base_url}/apps/{box.client_id}/organizations"
    assert requests.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=5).status_code == 200


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"client_id": None}, MISSING_ID),
        ({"client_secret": None}, MISSING_SECRET),
        ({"client_id": None, "client_secret": None}, MISSING_ID | MISSING_SECRET),
        ({"client_id": ""}, MISSING_ID),
    ],
)
def test_missing_fields_are_an_object_of_lists(box, given, error):
    answer = requests.post(box.token_url, data=fields(box, **given), timeout=5)
    assert (answer.status_code, answer.json()) == (400, {"error": error, "queries_log": []})


@pytest.mark.parametrize(
    ("given", "body"),
    [
        ({"client_secret": "wrong"}, INVALID_CLIENT),
        ({"client_id": "wrong"}, INVALID_CLIENT),
        (
            {"grant_type": "magic"},
            {"error": "unsupported_grant_type", "error_description": "Invalid grant_type"},
        ),
        (
            {"grant_type": None},
            {"error": "unsupported_grant_type", "error_description": "Invalid grant_type"},
        ),
        (
            {"scope": "admin"},
            {"error": "invalid_scope", "error_description": "The requested scope is invalid"},
        ),
        (
            {"grant_type": "refresh_token", "refresh_token": "x"},
            {"error": "invalid_request", "error_description": "Invalid refresh_token"},
        ),
        (
            {"grant_type": "authorization_code", "code": "x"},
            {"error": "invalid_request", "error_description": "Invalid code"},
        ),
        (
            {"grant_type": "password", "username": "x", "password": "y"},
            {"error": "invalid_request", "error_description": "Invalid user credentials"},
        ),
    ],
)
def test_bad_token_requests_are_refused_with_400(box, given, body):
    answer = requests.post(box.token_url, data=fields(box, **given), timeout=5)
    assert (answer.status_code, answer.json()) == (400, body)


def test_wrong_basic_credentials_are_401(box):
    answer = requests.post(
        box.token_url, data={"grant_type": "client_credentials"}, auth=("id", "wrong"), timeout=5
    )
    assert (answer.status_code, answer.json()) == (401, INVALID_CLIENT)
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")


def test_get_is_not_allowed(box):
    answer = requests.get(box.token_url, params=fields(box), timeout=5)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


def test_a_doubled_slash_breaks_the_token_url(box):
    # Older versions of requests mend it before it is sent.
    address = urlsplit(box.token_url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=5)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", f"/{address.path}", urlencode(fields(box)), form)
    assert connection.getresponse().status == 404
    connection.close()


def test_the_token_path_under_the_data_path_is_a_data_request(box):
    answer = requests.post(f"{box.base_url}/oauth2/auth", json=fields(box), timeout=5)
    assert answer.status_code == 401
    assert answer.json()["error"] == "invalid_request"


@pytest.mark.parametrize(
    ("switch", "value", "expected"),
    [("expires_in", "text", "7200"), ("expires_in", "missing", None), ("token_type", "BEARER", "BEARER")],
)
def test_the_token_response_can_vary(box, api, switch, value, expected):
    setattr(box.faults, switch, value)
    assert api.token().json().get(switch) == expected


def test_token_faults_come_in_order(box, api):
    box.faults.then_token("503", "ok", "cloudflare")
    assert [api.token().status_code for _ in range(4)] == [503, 200, 403, 200]


def test_a_refresh_token_rotates_the_pair():
    with Sandbox(transactions=60) as box:
        box.faults.refresh_tokens = True
        first = requests.post(box.token_url, data=fields(box), timeout=5).json()
        again = fields(box, grant_type="refresh_token", refresh_token=first["refresh_token"])
        second = requests.post(box.token_url, data=again, timeout=5).json()
        assert second["refresh_token"] != first["refresh_token"]
        assert box.tokens.good(second["access_token"])
        assert not box.tokens.good(first["access_token"])
        used = requests.post(box.token_url, data=again, timeout=5)
        assert used.json()["error_description"] == "Invalid refresh_token"
        assert box.token_requests == 3


def test_a_token_ends_when_it_expires_or_is_revoked():
    with Sandbox(transactions=60, token_lifetime=100) as box:
        url = f"{box.base_url}/apps/{box.client_id}/organizations"

        def ask(token):
            return requests.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=5).status_code

        token = requests.post(box.token_url, data=fields(box), timeout=5).json()["access_token"]
        assert ask(token) == 200
        box.advance(99)
        assert ask(token) == 200
        box.advance(2)
        assert ask(token) == 401
        token = requests.post(box.token_url, data=fields(box), timeout=5).json()["access_token"]
        assert ask(token) == 200
        box.revoke_tokens()
        assert ask(token) == 401
        box.faults.one_token = True
        older, newer = (
            requests.post(box.token_url, data=fields(box), timeout=5).json()["access_token"] for _ in range(2)
        )
        assert (ask(older), ask(newer)) == (401, 200)
