"""The token: fetched once, renewed ahead of time, kept secret. Clocks and token URLs are fakes."""

import pickle
import threading
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.connection import CANARY, CLIENT_ID
from support.tokens import Clock, Tokens, auth_with, sent_by

from classy_nb.errors import ConnectionFailedError, ServerError, UnexpectedAnswerError
from classy_nb.http.auth import DEFAULT_LIFETIME, origin_of
from classy_nb.redact import Secret


def test_the_credentials_go_to_the_token_url_as_exactly_these_fields() -> None:
    tokens = Tokens()
    assert sent_by(auth_with(tokens)) == "Bearer token-1"
    assert tokens.posted == [
        (
            "https://api.classy.org/oauth2/auth",
            {
                "grant_type": "client_credentials",
                "client_id": CLIENT_ID,
                "client_secret": Secret(CANARY),
            },
        )
    ]


def test_trap_21_a_token_is_renewed_60_seconds_before_its_end(clock: Clock) -> None:
    tokens = Tokens()
    auth = auth_with(tokens, clock)
    assert sent_by(auth) == "Bearer token-1"
    clock.pass_(7200 - 60 - 0.01)
    assert sent_by(auth) == "Bearer token-1"
    clock.pass_(0.01)
    assert sent_by(auth) == "Bearer token-2"
    assert len(tokens.posted) == 2


def test_trap_48_a_token_is_renewed_after_a_laptop_slept(clock: Clock) -> None:
    auth = auth_with(Tokens(), clock)
    sent_by(auth)
    clock.wall += 7200  # the monotonic clock stood still
    assert sent_by(auth) == "Bearer token-2"


def test_a_wall_clock_that_is_set_back_does_not_keep_a_token_alive(clock: Clock) -> None:
    auth = auth_with(Tokens(), clock)
    sent_by(auth)
    clock.wall -= 86_400
    clock.monotonic += 7200
    assert sent_by(auth) == "Bearer token-2"


def test_a_token_s_life_begins_when_it_was_requested(clock: Clock) -> None:
    tokens = Tokens(expires_in=1000)

    def slow(url: str, fields: Mapping[str, str | Secret], cancel: Any = None) -> dict[str, Any]:
        answer = tokens(url, fields)
        clock.pass_(100)
        return answer

    auth = auth_with(slow, clock)
    sent_by(auth)
    clock.pass_(1000 - 60 - 100)
    assert sent_by(auth) == "Bearer token-2"


@pytest.mark.parametrize(
    ("expires_in", "useful"),
    [
        (7200, 7140),
        ("7200", 7140),
        (7200.5, 7140.5),
        (600, 540),
        (100, 90),
        (5, 4.5),
        (None, DEFAULT_LIFETIME - 60),
        ("soon", DEFAULT_LIFETIME - 60),
        ("", DEFAULT_LIFETIME - 60),
        (0, DEFAULT_LIFETIME - 60),
        (-7200, DEFAULT_LIFETIME - 60),
        ("nan", DEFAULT_LIFETIME - 60),
        (float("inf"), DEFAULT_LIFETIME - 60),
        ([], DEFAULT_LIFETIME - 60),
        (True, DEFAULT_LIFETIME - 60),
    ],
)
def test_trap_21_how_long_a_token_is_used(expires_in: Any, useful: float, clock: Clock) -> None:
    auth = auth_with(Tokens(expires_in=expires_in), clock)
    sent_by(auth)
    clock.pass_(useful - 0.01)
    assert sent_by(auth) == "Bearer token-1"
    clock.pass_(0.02)
    assert sent_by(auth) == "Bearer token-2"


def test_a_token_without_expires_in_lives_an_hour(clock: Clock) -> None:
    tokens = Tokens()
    del tokens.more["expires_in"]
    auth = auth_with(tokens, clock)
    sent_by(auth)
    assert auth.describe() == "renews in 59 min"


@given(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5))
def test_a_token_is_used_for_some_time_whatever_expires_in_says(expires_in: Any) -> None:
    tokens, clock = Tokens(expires_in=expires_in), Clock()
    auth = auth_with(tokens, clock)
    sent_by(auth)
    sent_by(auth)
    assert len(tokens.posted) == (1 if auth.token().fresh(clock.monotonic, clock.wall) else 2)


@pytest.mark.parametrize(
    "url",
    [
        "http://api.classy.org/2.0/me",
        "https://api.classy.org:8443/2.0/me",
        "https://api.classy.org.evil.example.org/2.0/me",
        "https://pro.gofundme.com/api/2.0/me",
        "https://evil.example.org/?x=https://api.classy.org/2.0",
    ],
)
def test_trap_24_the_token_goes_to_its_own_origin_only(url: str) -> None:
    tokens = Tokens()
    assert sent_by(auth_with(tokens), url) is None
    assert tokens.posted == []


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://API.Classy.org/2.0", "https://api.classy.org:443"),
        ("HTTPS://api.classy.org:443/x", "https://api.classy.org:443"),
        ("http://127.0.0.1:8765/2.0", "http://127.0.0.1:8765"),
        ("http://localhost", "http://localhost:80"),
        ("http://[::1]:80/x", "http://[::1]:80"),
    ],
)
def test_origins_are_compared_in_one_form(url: str, origin: str) -> None:
    assert origin_of(url) == origin


def test_the_token_is_never_shown() -> None:
    auth = auth_with(Tokens(refresh_token=True))
    assert repr(auth) == "<TokenAuth none yet>"
    token = auth.token()
    for shown in (repr(auth), str(auth), repr(token), str(token), f"{token}", auth.describe()):
        for hidden in ("token-1", "refresh-1", CANARY, CLIENT_ID):
            assert hidden not in shown
    assert repr(auth) == "<TokenAuth renews in 119 min>"
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(token)


def test_the_description_counts_down(clock: Clock) -> None:
    auth = auth_with(Tokens(), clock)
    sent_by(auth)
    clock.pass_(7100)
    assert auth.describe() == "renews within a minute"
    clock.pass_(40)
    assert auth.describe() == "renews with the next request"


def test_64_threads_with_one_expired_token_request_one_new_token(clock: Clock) -> None:
    tokens = Tokens()
    inside, go = threading.Event(), threading.Event()

    def slow(url: str, fields: Mapping[str, str | Secret], cancel: Any = None) -> dict[str, Any]:
        answer = tokens(url, fields)
        if len(tokens.posted) > 1:
            inside.set()
            assert go.wait(10)
        return answer

    auth = auth_with(slow, clock)
    sent_by(auth)
    clock.pass_(7200)
    start = threading.Barrier(65)
    found: list[str | None] = []

    def ask() -> None:
        start.wait(10)
        found.append(sent_by(auth))

    threads = [threading.Thread(target=ask) for _ in range(64)]
    for thread in threads:
        thread.start()
    start.wait(10)
    assert inside.wait(10)
    go.set()
    for thread in threads:
        thread.join(10)
    assert found == ["Bearer token-2"] * 64
    assert len(tokens.posted) == 2


def test_a_refused_token_is_replaced() -> None:
    auth = auth_with(Tokens())
    auth.discard(Secret(str(sent_by(auth))))
    assert auth.describe() == "renews with the next request"
    assert sent_by(auth) == "Bearer token-2"


def test_a_late_refusal_of_an_old_token_does_not_discard_a_newer_one() -> None:
    tokens = Tokens()
    auth = auth_with(tokens)
    old = Secret(str(sent_by(auth)))
    auth.discard(old)
    assert sent_by(auth) == "Bearer token-2"
    auth.discard(old)
    auth.discard(None)
    auth.discard(Secret("token-2"))
    assert sent_by(auth) == "Bearer token-2"
    assert len(tokens.posted) == 2


def test_a_refresh_token_is_used_and_rotated(clock: Clock) -> None:
    tokens = Tokens(refresh_token=True)
    auth = auth_with(tokens, clock)
    for number in (1, 2, 3):
        assert sent_by(auth) == f"Bearer token-{number}"
        clock.pass_(7200)
    assert tokens.grants == ["client_credentials", "refresh_token", "refresh_token"]
    assert [fields.get("refresh_token") for _, fields in tokens.posted] == [
        None,
        Secret("refresh-1"),
        Secret("refresh-2"),
    ]
    assert set(tokens.posted[1][1]) == {"grant_type", "refresh_token", "client_id", "client_secret"}


def test_a_refused_refresh_token_falls_back_to_the_credentials(clock: Clock) -> None:
    tokens = Tokens(refresh_token=True)
    auth = auth_with(tokens, clock)
    sent_by(auth)
    tokens.refuse_refresh = True
    clock.pass_(7200)
    assert sent_by(auth) == "Bearer token-3"
    assert tokens.grants == ["client_credentials", "refresh_token", "client_credentials"]


def test_the_refresh_token_of_a_discarded_token_is_used(clock: Clock) -> None:
    tokens = Tokens(refresh_token=True)
    auth = auth_with(tokens, clock)
    auth.discard(Secret(str(sent_by(auth))))
    sent_by(auth)
    assert tokens.grants == ["client_credentials", "refresh_token"]


def test_without_a_refresh_token_the_credentials_are_used_again(clock: Clock) -> None:
    tokens = Tokens()
    auth = auth_with(tokens, clock)
    sent_by(auth)
    clock.pass_(7200)
    sent_by(auth)
    assert tokens.grants == ["client_credentials", "client_credentials"]


def test_a_failed_renewal_is_tried_again_by_the_next_request(clock: Clock) -> None:
    tokens, failures = Tokens(), [ServerError("The API failed."), None]

    def flaky(url: str, fields: Mapping[str, str | Secret], cancel: Any = None) -> dict[str, Any]:
        if failure := failures.pop(0):
            raise failure
        return tokens(url, fields)

    auth = auth_with(flaky, clock)
    with pytest.raises(ServerError):
        auth.token()
    assert sent_by(auth) == "Bearer token-1"


def test_a_token_is_used_to_its_end_while_the_login_is_down(clock: Clock) -> None:
    tokens, down = Tokens(), [False]

    def post(url: str, fields: Mapping[str, str | Secret], cancel: Any = None) -> dict[str, Any]:
        if down[0]:
            raise ConnectionFailedError("The server could not be reached.")
        return tokens(url, fields)

    auth = auth_with(post, clock)
    sent_by(auth)
    down[0] = True
    clock.pass_(7200 - 59)
    assert sent_by(auth) == "Bearer token-1"
    clock.pass_(59)
    with pytest.raises(ConnectionFailedError):
        auth.token()
    down[0] = False
    assert sent_by(auth) == "Bearer token-2"


def test_not_every_request_tries_a_login_that_is_down(clock: Clock) -> None:
    """Each try may take all its repeats, while everybody waits for it."""
    tokens, tries = Tokens(), []

    def post(url: str, fields: Mapping[str, str | Secret], cancel: Any = None) -> dict[str, Any]:
        if not tries:
            tries.append(clock.monotonic)
            return tokens(url, fields)
        clock.pass_(7.5)
        tries.append(clock.monotonic)
        raise ServerError("The API failed.")

    auth = auth_with(post, clock)
    sent_by(auth)
    clock.pass_(7200 - 60)
    sent = []
    while (now := clock.monotonic) < tries[0] + 7200 - 20:
        assert sent_by(auth) == "Bearer token-1"
        sent.append(clock.monotonic - now)
        clock.pass_(0.5)
    assert sum(waited > 0 for waited in sent) == len(tries) - 1 == 3
    assert len(sent) > 30
    clock.pass_(20)
    for _ in range(2):  # nothing is left to send: each request asks
        with pytest.raises(ServerError):
            auth.token()
    assert len(tries) == 6


def test_other_threads_go_on_with_the_old_token_during_a_renewal(clock: Clock) -> None:
    tokens = Tokens()
    inside, go = threading.Event(), threading.Event()

    def slow(url: str, fields: Mapping[str, str | Secret], cancel: Any = None) -> dict[str, Any]:
        if tokens.posted:
            inside.set()
            assert go.wait(10)
        return tokens(url, fields)

    auth = auth_with(slow, clock)
    sent_by(auth)
    clock.pass_(7200 - 59)
    renewing = threading.Thread(target=auth.token)
    renewing.start()
    assert inside.wait(10)
    try:
        found: list[str | None] = []
        other = threading.Thread(target=lambda: found.append(sent_by(auth)))
        other.start()
        other.join(5)
        assert found == ["Bearer token-1"]
    finally:
        go.set()
        renewing.join(10)
    assert sent_by(auth) == "Bearer token-2"
    assert len(tokens.posted) == 2


def test_a_refused_token_is_not_used_again(clock: Clock) -> None:
    tokens, answers = Tokens(), [None, ServerError("The API failed.")]

    def post(url: str, fields: Mapping[str, str | Secret], cancel: Any = None) -> dict[str, Any]:
        if failure := answers.pop(0):
            raise failure
        return tokens(url, fields)

    auth = auth_with(post, clock)
    auth.discard(Secret(str(sent_by(auth))))
    with pytest.raises(ServerError):
        auth.token()


@pytest.mark.parametrize(
    "answer", [{}, {"access_token": None}, {"access_token": ""}, {"access_token": 5}, {"token": "x"}]
)
def test_an_answer_without_a_token_is_an_error(answer: dict[str, Any]) -> None:
    auth = auth_with(lambda *_: answer)
    with pytest.raises(UnexpectedAnswerError, match="without a token"):
        sent_by(auth)
