"""Reading error bodies: the server's words, waiting times, and what must not show."""

import json
import time
from email.utils import formatdate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict
from support.connection import CANARY, CLIENT_ID

from classy_nb.errors import ResponseError
from classy_nb.http.responses import error_for, message_of, parse, retry_after_of
from classy_nb.redact import Secret


def error(body: Any, status: int = 400, path: str = "/campaigns/1", **more: Any) -> ResponseError:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return error_for(status, CaseInsensitiveDict(), raw, path=path, **more)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"error": "a", "error_description": "b", "message": "c", "errors": ["d"]}, "a: b"),
        ({"error_description": "b", "message": "c", "errors": ["d"]}, "b"),
        ({"error": {"x": ["first", "second"], "y": "z"}, "message": "c"}, "x: first; y: z"),
        ({"error": {}, "message": "c", "errors": ["d"]}, "c"),
        ({"error": "", "message": "c"}, "c"),
        ({"errors": ["d", "e"]}, "d"),
        ({"errors": {"f": ["g"]}}, "f: g"),
        ({"errors": []}, ""),
        ({"error": None, "message": 5}, ""),
        ({}, ""),
        (None, ""),
        ("text", ""),
        ([1], ""),
    ],
)
def test_trap_39_words_are_looked_for_in_order(body: Any, words: str) -> None:
    assert message_of(body) == words


def test_deeply_nested_bodies_are_no_trouble() -> None:
    deep: Any = "end"
    for _ in range(60):
        deep = {"a": deep}
    started = time.perf_counter()
    message_of({"error": deep})
    assert time.perf_counter() - started < 1
    assert parse(b"[" * 200_000) is None


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(["error", "message", "errors", "permissions", "retry_after", "x"]), inner
            )
        ),
        max_leaves=8,
    ),
    st.sampled_from([200, 301, 400, 401, 403, 404, 429, 500, 599]),
)
def test_any_json_body_becomes_an_error(body: Any, status: int) -> None:
    found = error(body, status)
    assert found.status == status
    assert len(str(found)) < 1000


@given(st.binary(max_size=200))
def test_any_bytes_become_an_error(body: bytes) -> None:
    assert error(body, 500).status == 500


@pytest.mark.parametrize(
    ("headers", "body", "seconds"),
    [
        ({"Retry-After": "42"}, None, 42.0),
        ({"retry-after": " 1.5 "}, {"retry_after": 9}, 1.5),
        ({"Retry-After": "-5"}, None, 0.0),
        ({"Retry-After": "86400"}, None, 86400.0),
        ({}, {"retry_after": 42}, 42.0),
        ({}, {"retry_after": "42"}, 42.0),
        ({}, {"retry_after": "soon"}, None),
        ({}, {"retry_after": None}, None),
        ({"Retry-After": "soon"}, {"retry_after": 7}, 7.0),
        ({}, None, None),
        ({}, [], None),
        ({"Retry-After": formatdate(0, usegmt=True)}, None, 0.0),
    ],
)
def test_trap_23_waiting_time(headers: dict[str, str], body: Any, seconds: float | None) -> None:
    assert retry_after_of(CaseInsensitiveDict(headers), body) == seconds


def test_trap_23_waiting_time_as_a_date() -> None:
    headers = CaseInsensitiveDict({"Retry-After": formatdate(time.time() + 100, usegmt=True)})
    assert retry_after_of(headers, None) == pytest.approx(100, abs=3)


def test_a_date_without_a_zone_is_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/Los_Angeles")
    time.tzset()
    try:
        headers = CaseInsensitiveDict({"Retry-After": formatdate(time.time() + 100)})  # ends with -0000
        assert retry_after_of(headers, None) == pytest.approx(100, abs=3)
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_long_wait_is_in_the_message() -> None:
    found = error({"message": "Too Many Attempts.", "retry_after": 86400}, 429)
    assert found.retry_after == 86400
    assert "24 h" in str(found)
    assert "42 s" in str(error({"retry_after": 42}, 429))
    assert "10 min" in str(error({"retry_after": 600}, 429))


def test_secrets_and_people_that_a_server_echoes_are_masked() -> None:
    body = {
        "error": f"secret {CANARY}, key short, mail ann@example.org, Bearer abc1, "
        f"/x?filter=member_email_address=ann@example.org, id {CLIENT_ID}0"
    }
    text = str(error(body, secrets=[Secret(CANARY), Secret("short")]))
    for hidden in (CANARY, "short", "ann@", "abc1", "member_email_address", CLIENT_ID):
        assert hidden not in text


def test_permissions_and_field_names_are_masked_too() -> None:
    body = {"error": {CANARY: ["bad"]}, "permissions": [{"action": "fetch", "entity": "ann@example.org"}]}
    found = error(body, 403, secrets=[Secret(CANARY)])
    assert CANARY not in str(found)
    assert "ann@" not in str(found)


def test_trap_41_the_client_id_in_the_path_is_masked() -> None:
    found = error({}, 404, path=f"/apps/{CLIENT_ID}/organizations")
    assert found.path == "/apps/***/organizations"
    assert CLIENT_ID not in str(found)


def test_long_answers_are_cut() -> None:
    assert len(str(error({"error": "word " * 5000}))) < 500
