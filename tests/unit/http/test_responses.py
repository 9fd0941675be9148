"""Every error body that the API is known to send becomes the right error, with the right advice."""

import json
import re
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict
from support.connection import CANARY, CLIENT_ID

from classy_nb import errors as e
from classy_nb.errors import ResponseError
from classy_nb.http.responses import error_for, message_of, parse, retry_after_of, words_of
from classy_nb.redact import Secret

PATH = "/organizations/7/transactions"
HTML = {"Content-Type": "text/html; charset=UTF-8"}
PERMISSIONS = [{"action": "fetch", "entity": "transaction"}, {"action": "list", "entity": "campaign"}]


@dataclass(frozen=True)
class Shape:
    """One answer, and what should become of it."""

    number: str
    status: int
    body: Any
    cls: type[e.ResponseError]
    says: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    member_only: bool = False


def said(text: str) -> str:
    return f"It says: {text.rstrip('.')!r}."


SHAPES = [
    Shape(
        "1",
        401,
        {"error": "invalid_token", "error_description": "The access token is invalid or has expired"},
        e.UnauthorizedError,
        said("invalid_token: The access token is invalid or has expired"),
        {"WWW-Authenticate": 'Bearer realm="service" error="invalid_token"'},
    ),
    Shape(
        "2",
        401,
        {"error": "invalid_request", "error_description": "The access token is missing"},
        e.UnauthorizedError,
        said("invalid_request: The access token is missing"),
    ),
    Shape(
        "3",
        403,
        {"error": "This action is unauthorized.", "permissions": PERMISSIONS},
        e.PermissionDeniedError,
        "Missing permission: fetch transaction, list campaign.",
    ),
    Shape("4", 403, {"error": "Not yours"}, e.PermissionDeniedError, said("Not yours")),
    Shape(
        "5", 403, {"success": False, "message": "No brandkit"}, e.PermissionDeniedError, said("No brandkit")
    ),
    Shape(
        "6",
        403,
        b"<html>Just a moment...</html>",
        e.BlockedError,
        "A firewall",
        {**HTML, "cf-mitigated": "challenge"},
    ),
    Shape("6 by header", 403, {"error": "x"}, e.BlockedError, "A firewall", {"cf-mitigated": "challenge"}),
    Shape("7", 403, b"<html>CSRF</html>", e.BlockedError, "A firewall", HTML),
    Shape("8a", 403, b"", e.PermissionDeniedError, "The API denied access."),
    Shape("8b", 404, b"", e.NotFoundError, "The API has no such record."),
    Shape("8c", 400, b"", e.BadRequestError, "The API rejected the request."),
    Shape(
        "9",
        404,
        {"error": "The resource cannot be found"},
        e.NotFoundError,
        said("The resource cannot be found"),
    ),
    Shape(
        "10",
        404,
        {"message": "no Route matched with those values", "request_id": "5d41402abc4b2a76b9719d911017c592"},
        e.NoSuchPathError,
        said("no Route matched with those values"),
    ),
    Shape(
        "11",
        404,
        {"success": False, "message": "No report", "organization_id": 7, "type": "donations"},
        e.NotFoundError,
        said("No report"),
    ),
    Shape("12", 404, {"error": "Not found", "message": "No report"}, e.NotFoundError, said("Not found")),
    Shape("13", 400, {"errors": ["Malformed payload"]}, e.BadRequestError, said("Malformed payload")),
    Shape(
        "14",
        400,
        {"error": {"per_page": ["Too large.", "Invalid."], "page": ["Too small."]}},
        e.BadRequestError,
        said("per_page: Too large.; page: Too small."),
    ),
    Shape("15a", 400, {"error": "Bad filter"}, e.BadRequestError, said("Bad filter")),
    Shape("15b", 400, {"error": "Bad filter", "status": "400"}, e.BadRequestError, said("Bad filter")),
    Shape("15c", 400, {"message": "Bad", "errors": {"a": ["b"]}}, e.BadRequestError, said("Bad")),
    Shape("15d", 400, {"success": False, "message": "Bad"}, e.BadRequestError, said("Bad")),
    Shape("16", 405, {}, e.BadRequestError, "The API rejected the request."),
    Shape("17a", 409, {"error": "Conflict"}, e.BadRequestError, said("Conflict")),
    Shape("17b", 409, b"", e.BadRequestError, "The API rejected the request."),
    Shape(
        "18a",
        422,
        {"error": "Validation failed", "errors": {"a": ["b"]}},
        e.BadRequestError,
        said("Validation failed"),
    ),
    Shape(
        "18b", 422, {"success": False, "message": "Invalid", "errors": {}}, e.BadRequestError, said("Invalid")
    ),
    Shape("18c", 422, {"errors": ["One", "Two"]}, e.BadRequestError, said("One")),
    Shape("18d", 422, {"message": "Invalid", "errors": {}}, e.BadRequestError, said("Invalid")),
    Shape(
        "19",
        429,
        {"message": "Too Many Attempts.", "retry_after": 42},
        e.RateLimitedError,
        said("Too Many Attempts."),
        {"Retry-After": "42", "X-RateLimit-Reset": "1790000000"},
    ),
    Shape("20a", 500, {}, e.ServerError, "The API failed."),
    Shape("20b", 500, {"success": False, "message": "It failed"}, e.ServerError, said("It failed")),
    Shape("20c", 500, {"error": "It failed", "message": "Invalid"}, e.ServerError, said("It failed")),
    Shape("20d", 500, b"Server error!", e.ServerError, "The API failed.", {"Content-Type": "text/plain"}),
    Shape("21", 503, b"", e.ServerError, "The API failed."),
    Shape("22a", 502, b"<html>502 Bad Gateway</html>", e.ServerError, "The API failed.", HTML),
    Shape(
        "22b",
        504,
        {"message": "An invalid response was received from the upstream server"},
        e.ServerError,
        said("An invalid response was received from the upstream server"),
    ),
    Shape("22c", 522, b"<html>timed out</html>", e.ServerError, "The API failed.", HTML),
    Shape("23", 200, {"error": "It failed"}, e.UnexpectedAnswerError, said("It failed")),
]


def error_of(shape: Shape) -> e.ResponseError:
    body = shape.body if isinstance(shape.body, bytes) else json.dumps(shape.body).encode()
    headers = CaseInsensitiveDict({"Content-Type": "application/json", **shape.headers})
    return error_for(shape.status, headers, body, path=PATH, member_only=shape.member_only)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: f"{shape.number}-{shape.status}")
def test_trap_39_each_error_body_becomes_its_error(shape: Shape) -> None:
    error = error_of(shape)
    assert type(error) is shape.cls
    assert shape.says in str(error)
    assert (error.status, error.method, error.path) == (shape.status, "GET", PATH)
    assert f"[GET {PATH} -> {shape.status}]" in str(error)
    assert error.advice == shape.cls.default_advice != ""
    assert str(error).endswith(error.advice)


def test_all_23_shapes_are_there() -> None:
    numbers = {int("".join(c for c in s.number.split()[0] if c.isdigit())) for s in SHAPES}
    assert numbers == set(range(1, 24))


def test_trap_37_permissions_are_an_attribute() -> None:
    error = error_of(next(s for s in SHAPES if s.number == "3"))
    assert isinstance(error, e.PermissionDeniedError)
    assert error.permissions == ("fetch transaction", "list campaign")


@pytest.mark.parametrize("status", [401, 403])
def test_trap_37_member_only_endpoints_have_their_own_error(status: int) -> None:
    shape = Shape("m", status, {"error": "This action is unauthorized."}, e.MemberOnlyError, member_only=True)
    error = error_of(shape)
    assert type(error) is e.MemberOnlyError
    assert "logged-in members" in str(error)


def test_trap_04_the_firewall_of_a_member_only_endpoint_is_still_the_firewall() -> None:
    shape = Shape("m", 403, b"<html>", e.BlockedError, headers=HTML, member_only=True)
    error = error_of(shape)
    assert type(error) is e.BlockedError
    assert "not about your credentials" in str(error)


@pytest.mark.edge(13)
def test_a_web_page_under_404_is_not_taken_for_a_missing_record() -> None:
    shape = Shape("8c", 404, b"<html>Not here</html>", e.UnexpectedAnswerError, headers=HTML)
    error = error_of(shape)
    assert type(error) is shape.cls
    assert "sign-in page" in error.advice
    assert "base_url=" in error.advice


def test_trap_36_the_advice_for_the_two_kinds_of_404_differs() -> None:
    record, path = (error_of(next(s for s in SHAPES if s.number == n)) for n in ("9", "10"))
    assert "Check the id." in str(record)
    assert "hyphens, not underscores" in str(path)


@pytest.mark.parametrize(
    "permissions", [None, [], "fetch", {"action": "fetch"}, [None, 1], [{}], [{"action": None}]]
)
def test_permissions_of_another_shape_are_ignored(permissions: Any) -> None:
    error = error_of(Shape("x", 403, {"error": "no", "permissions": permissions}, e.PermissionDeniedError))
    assert isinstance(error, e.PermissionDeniedError)
    assert error.permissions == ()


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
def test_trap_39_the_server_s_words_are_looked_up_in_this_order(body: Any, words: str) -> None:
    assert message_of(body) == words


def test_deeply_nested_bodies_are_read_quickly() -> None:
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
    assert retry_after_of(429, CaseInsensitiveDict(headers), body) == seconds


def test_trap_23_waiting_time_as_a_date() -> None:
    headers = CaseInsensitiveDict({"Retry-After": formatdate(time.time() + 100, usegmt=True)})
    assert retry_after_of(429, headers, None) == pytest.approx(100, abs=3)


def test_a_date_without_a_zone_is_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/Los_Angeles")
    time.tzset()
    try:
        headers = CaseInsensitiveDict({"Retry-After": formatdate(time.time() + 100)})  # ends with -0000
        assert retry_after_of(429, headers, None) == pytest.approx(100, abs=3)
    finally:
        monkeypatch.undo()
        time.tzset()


def test_trap_23_the_reset_of_the_rate_limit_is_a_waiting_time_too() -> None:
    now = 1_790_000_000
    headers = CaseInsensitiveDict({"X-RateLimit-Reset": str(now + 30), "Date": formatdate(now, usegmt=True)})
    assert retry_after_of(429, headers, None) == 30
    assert retry_after_of(429, headers, {"retry_after": 7}) == 7
    assert retry_after_of(502, headers, None) is None, "a failure is not about the limit"


def test_a_long_wait_is_in_the_message_with_its_end() -> None:
    found = error({"message": "Too Many Attempts.", "retry_after": 86400}, 429)
    assert found.retry_after == 86400
    assert re.search(r"24 h \(until \d\d:\d\d UTC tomorrow\)\.", str(found))
    assert "It asks to wait 42 s." in str(error({"retry_after": 42}, 429))
    end = datetime.now(UTC) + timedelta(seconds=600)
    text = str(error({"retry_after": 600}, 429))
    assert (
        f"10 min (until {end:%H:%M} UTC" in text
        or f"10 min (until {end - timedelta(minutes=1):%H:%M}" in text
    )
    assert re.search(r"\(until \d\d:\d\d UTC on \d{4}-\d\d-\d\d\)", str(error({"retry_after": 3e5}, 429)))
    assert "h. [GET" in str(error({"retry_after": 1e300}, 429)), "a date that no calendar has"


def test_secrets_and_people_in_the_server_s_words_are_masked() -> None:
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


@pytest.mark.edge(29)
@pytest.mark.parametrize("status", [400, 404, 409, 422, 403, 500])
@pytest.mark.parametrize(
    "body",
    [
        {"error": "No supporter called Zebulon Quick"},
        {"error": "Invalid", "error_description": "Zebulon Quick has no phone"},
        {"error": {"first_name": ["Zebulon Quick is not valid"]}},
        {"error": {"Zebulon Quick": ["is not valid"]}},
        {"errors": {"supporter": {"first_name": ["Zebulon"]}}},
        {"errors": ["Zebulon Quick <zebulon@example.org> not found"]},
        {"message": "Zebulon\u00a0Quick, 12 Elm Street"},
        {"error": "ZEBULON_QUICK"},
        {"error": "no/Zebulon/quick.record"},
        {"error": "no", "permissions": [{"action": "fetch", "entity": "Zebulon"}, {"action": "Quick"}]},
    ],
)
def test_names_that_the_api_echoes_do_not_reach_a_message(body: Any, status: int) -> None:
    found = error(body, status)
    text = f"{found!s} {vars(found)!r}".lower()
    for word in ("zebulon", "quick", "elm", "street"):
        assert word not in text


@pytest.mark.edge(29)
def test_words_of_the_question_and_of_the_catalog_reach_a_message() -> None:
    body = {"error": "Ana: 'purchased_at' must not be 'blue' in color for transaction 7, fundraising_page."}
    text = words_of(body, "/organizations/7/transactions?color=blue&filter=billing_first_name%3DAna")
    assert text == "… 'purchased_at' must not be 'blue' in color for transaction 7, fundraising_page."
    assert words_of({"error": "Zebulon Quick"}) == ""


@pytest.mark.edge(29)
@pytest.mark.parametrize("asked", ["email%3Dann%40example.org", "city%3DZebulon", "note%3Dann.zebulon"])
def test_a_value_of_the_question_that_may_be_personal_is_not_quoted(asked: str) -> None:
    assert words_of({"error": "ann Zebulon"}, f"/campaigns?filter={asked}") == ""
