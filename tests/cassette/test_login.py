"""Logging in, played back: what a token answer gives, and each way it can be refused."""

import pytest
from cassette.stage import CLIENT_ID, CLIENT_SECRET, ORGANIZATION, Stage

from classy_nb.errors import BadRequestError, BlockedError, LoginError, ServerError
from classy_nb.redact import Secret

pytestmark = [pytest.mark.vcr, pytest.mark.usefixtures("whole_tape")]

GOOD = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}


def test_connecting(stage: Stage) -> None:
    with stage.connect() as classy:
        assert classy.organization == ORGANIZATION
        assert classy.organization_name == "Stand-in Harbor Foundation"
        assert "renews in 119 min" in repr(classy)


def test_the_token_answer(stage: Stage) -> None:
    answer = stage.http().post_token(f"{stage.origin}/oauth2/auth", GOOD)
    assert set(answer) - {"queries_log"} == {"access_token", "expires_in", "token_type"}
    assert isinstance(answer["access_token"], Secret)
    assert (answer["expires_in"], answer["token_type"]) == (7200, "bearer")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        pytest.param({"client_id": ""}, "client_id is missing or empty", id="no id"),
        pytest.param({"client_secret": ""}, "client_secret is missing or empty", id="no secret"),
        pytest.param(
            {"client_id": "", "client_secret": ""}, "client_id and client_secret are missing", id="nothing"
        ),
        pytest.param({"client_secret": "wrong"}, "Invalid client authentication", id="wrong secret"),
        pytest.param({"client_id": "wrong"}, "Invalid client authentication", id="wrong id"),
        pytest.param({"grant_type": "magic"}, "Invalid grant_type", id="unknown grant"),
        pytest.param({"scope": "everything"}, "invalid_scope", id="unknown scope"),
        pytest.param(
            {"grant_type": "refresh_token", "refresh_token": "stale"}, "invalid_request", id="stale refresh"
        ),
        pytest.param({"grant_type": "authorization_code", "code": "old"}, "Invalid code", id="old code"),
        pytest.param(
            {"grant_type": "password", "username": "person@example.org", "password": "wrong"},
            "Invalid user credentials",
            id="wrong member",
        ),
    ],
)
def test_trap_02_login_refused(stage: Stage, changes: dict[str, str], said: str) -> None:
    with pytest.raises(LoginError) as caught:
        stage.http().post_token(f"{stage.origin}/oauth2/auth", GOOD | changes)
    assert said in str(caught.value)
    assert (caught.value.status, caught.value.path) == (400, "/oauth2/auth")
    assert CLIENT_SECRET not in str(caught.value)


def test_connecting_with_a_wrong_secret(stage: Stage) -> None:
    with pytest.raises(LoginError, match="Invalid client authentication") as caught:
        stage.connect(client_secret="somebodyElses0a1b2c")
    assert "same application" in caught.value.advice
    assert stage.pauses.asked == []


def test_trap_04_login_behind_the_firewall(stage: Stage) -> None:
    stage.logins("cloudflare")
    with pytest.raises(BlockedError, match="x-integration-id"):
        stage.connect()
    assert stage.pauses.asked == []


def test_login_takes_a_post(stage: Stage) -> None:
    with pytest.raises(BadRequestError) as caught:
        stage.http("/oauth2").get("/auth")
    assert caught.value.status == 405


def test_login_after_the_gateway_hiccupped(stage: Stage) -> None:
    stage.logins("503", "502")
    with stage.connect() as classy:
        assert classy.organization == ORGANIZATION
    assert len(stage.pauses.asked) == 2


def test_login_with_the_gateway_down(stage: Stage) -> None:
    stage.logins(*["503"] * 9)
    with pytest.raises(ServerError) as caught:
        stage.connect()
    assert caught.value.status == 503
