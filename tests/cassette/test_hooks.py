"""What the recording hooks keep off a tape: nothing may rest on belief."""

import copy
import json

import pytest
from cassette.hooks import ORIGINS, scrub_request, scrub_response
from vcr.request import Request

SECRET = "canarySecret9f8e7d6c5b4a"
TOKEN = "0123456789abcdef0123456789abcdef"


def answer(body: object, kind: str = "application/json", **headers: str) -> dict:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    listed = {"Content-Type": [kind], **{name: [value] for name, value in headers.items()}}
    return {"status": {"code": 200, "message": "OK"}, "headers": listed, "body": {"string": text}}


def kept(body: object) -> object:
    return json.loads(scrub_response(answer(body))["body"]["string"])


@pytest.mark.parametrize(
    ("body", "left"),
    [
        (
            f"grant_type=client_credentials&client_id=me&client_secret={SECRET}",
            "grant_type=client_credentials&client_id=REDACTED&client_secret=REDACTED",
        ),
        (f"secret_key={SECRET}&client_id=", "secret_key=REDACTED&client_id="),
        (
            f"grant_type=refresh_token&refresh_token={TOKEN}",
            "grant_type=refresh_token&refresh_token=REDACTED",
        ),
        (
            json.dumps({"client_id": "me", "client_secret": SECRET, "grant_type": "x"}),
            '{"client_id": "REDACTED", "client_secret": "REDACTED", "grant_type": "x"}',
        ),
    ],
)
def test_trap_41_token_requests(body: str, left: str) -> None:
    headers = {"Content-Type": "application/json; charset=utf-8", "Authorization": f"Basic {SECRET}"}
    request = Request("POST", "https://sandbox.example.org/oauth2/auth", body.encode(), headers)
    found = scrub_request(request)
    assert found.body.decode() == left
    assert dict(found.headers) == {"Content-Type": "application/json; charset=utf-8"}
    assert request.body.decode() == body, "the request itself is left as it is"


@pytest.mark.parametrize("body", [b"\xff\xfe\x00", b"no fields at all", b'{"client_secret":'])
def test_trap_41_a_body_that_cannot_be_read_is_not_recorded(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        scrub_request(Request("POST", "https://sandbox.example.org/oauth2/auth", body, {}))


def test_trap_41_the_client_id_in_a_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ORIGINS, "http://127.0.0.1:5123", "https://sandbox.example.org")
    request = Request("GET", "http://127.0.0.1:5123/2.0/apps/myClientId/organizations?page=1", None, {})
    assert scrub_request(request).uri == "https://sandbox.example.org/2.0/apps/REDACTED/organizations?page=1"
    assert kept({"path": "http://127.0.0.1:5123/2.0/apps/myClientId"}) == {
        "path": "https://sandbox.example.org/2.0/apps/REDACTED"
    }


def test_trap_41_the_token_in_an_answer() -> None:
    body = {
        "access_token": TOKEN,
        "refresh_token": TOKEN,
        "expires_in": 7200,
        "queries_log": [{"query": "x"}],
    }
    assert kept(body) == {
        "access_token": "REDACTED",
        "refresh_token": "REDACTED",
        "expires_in": 7200,
        "queries_log": [{"query": "REDACTED"}],
    }


def test_trap_41_headers_of_an_answer() -> None:
    found = scrub_response(
        answer({}, **{"Set-Cookie": "__cf_bm=1", "CF-RAY": "1-SAN", "Date": "now", "Retry-After": "7"})
    )
    assert found["headers"] == {"content-type": ["application/json"], "retry-after": ["7"]}


def test_people_are_masked_by_something_of_the_same_form() -> None:
    person = {
        "first_name": "Ada",
        "email_address": "ada@lovelace.example.net",
        "billing_postal_code": "02139",
        "card_last_four": 42,
        "date_of_birth": "1815-12-10",
        "metadata": {"note": "private", "count": 3},
        "comment": None,
        "status": "success",
    }
    assert kept({"data": [person]}) == {
        "data": [
            {
                "first_name": "REDACTED",
                "email_address": "person@example.org",
                "billing_postal_code": "00000",
                "card_last_four": 0,
                "date_of_birth": "1970-01-01",
                "metadata": {"note": "REDACTED", "count": 3},
                "comment": None,
                "status": "success",
            }
        ]
    }


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"\x89PNG\r\n", "image/png"),
        (b"\xff\xfe", "application/json"),
        (b'{"access_token": "abc', "application/json"),
        (b"id,first_name\n1,Ada\n", "text/csv"),
        (b"<xml/>", ""),
    ],
)
def test_trap_41_an_answer_that_cannot_be_scrubbed_is_not_recorded(body: bytes, kind: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        scrub_response(answer(body, kind))


def test_scrubbing_twice_changes_nothing_and_spares_the_original() -> None:
    original = answer({"first_name": "Ada", "access_token": TOKEN, "comment": "2026-01-01"})
    before = copy.deepcopy(original)
    once = scrub_response(original)
    assert original == before
    assert scrub_response(once) == once
