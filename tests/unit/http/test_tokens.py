"""The token: fetched once, renewed ahead of time, kept to itself. Clocks and exchanges are fakes."""

import pickle
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.connection import CANARY, CLIENT_ID
from support.tokens import Clock, Tokens, auth_with, sent_by

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


def test_a_wall_clock_set_back_does_not_make_a_token_immortal(clock: Clock) -> None:
    auth = auth_with(Tokens(), clock)
    sent_by(auth)
    clock.wall -= 86_400
    clock.monotonic += 7200
    assert sent_by(auth) == "Bearer token-2"


def test_the_life_of_a_token_begins_when_it_was_asked_for(clock: Clock) -> None:
    tokens = Tokens(expires_in=1000)

    def slow(url: str, fields: Mapping[str, str | Secret]) -> dict[str, Any]:
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


def test_a_token_whose_life_is_not_told_lives_an_hour(clock: Clock) -> None:
    tokens = Tokens()
    del tokens.more["expires_in"]
    auth = auth_with(tokens, clock)
    sent_by(auth)
    assert auth.describe() == "token renews in 59 min"


@given(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5))
def test_whatever_expires_in_is_a_token_is_used_for_some_time(expires_in: Any) -> None:
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
        ("http://[::1]:80/x", "http://::1:80"),
    ],
)
def test_origins_are_compared_in_one_form(url: str, origin: str) -> None:
    assert origin_of(url) == origin


def test_the_token_never_shows() -> None:
    auth = auth_with(Tokens(refresh_token=True))
    assert repr(auth) == "<TokenAuth no token yet>"
    token = auth.token()
    for shown in (repr(auth), str(auth), repr(token), str(token), f"{token}", auth.describe()):
        for hidden in ("token-1", "refresh-1", CANARY, CLIENT_ID):
            assert hidden not in shown
    assert repr(auth) == "<TokenAuth token renews in 119 min>"
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(token)


def test_the_description_counts_down(clock: Clock) -> None:
    auth = auth_with(Tokens(), clock)
    sent_by(auth)
    clock.pass_(7100)
    assert auth.describe() == "token renews within a minute"
    clock.pass_(40)
    assert auth.describe() == "token renews with the next request"
