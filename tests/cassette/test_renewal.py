"""A token that ends in the middle, played back: the list is whole all the same."""

from typing import Any

import pytest
from cassette.stage import Stage

from classy_nb.errors import UnauthorizedError

pytestmark = [pytest.mark.vcr, pytest.mark.usefixtures("whole_tape")]


def token_requests(vcr: Any) -> list[str]:
    return [request.body.decode() for request in vcr.requests if request.path == "/oauth2/auth"]


def test_trap_21_token_revoked_in_the_middle_of_a_list(stage: Stage, vcr: Any) -> None:
    with stage.connect() as classy:
        stage.data("ok", "revoke", "ok")
        frame = classy.transactions(fields="status")
    assert len(frame) == frame.attrs["classy"]["total"] == 250
    assert frame["id"].is_monotonic_increasing
    assert frame["id"].is_unique
    assert (
        token_requests(vcr) == ["grant_type=client_credentials&client_id=REDACTED&client_secret=REDACTED"] * 2
    )


def test_refresh_token_is_used_first(stage: Stage, vcr: Any) -> None:
    stage.switch(refresh_tokens=True)
    with stage.connect() as classy:
        stage.data("revoke")
        assert classy.campaigns.count() == 15
    assert token_requests(vcr)[1].startswith("grant_type=refresh_token&refresh_token=REDACTED&")


def test_refresh_token_refused(stage: Stage, vcr: Any) -> None:
    stage.switch(refresh_tokens=True)
    with stage.connect() as classy:
        stage.data("revoke")
        if stage.box is not None:
            stage.box.tokens._refresh.clear()
        assert classy.campaigns.count() == 15
    grants = [body.split("&", 1)[0] for body in token_requests(vcr)]
    assert grants == [
        "grant_type=client_credentials",
        "grant_type=refresh_token",
        "grant_type=client_credentials",
    ]


def test_token_refused_twice(stage: Stage) -> None:
    with stage.connect() as classy:
        stage.data("401", "401")
        with pytest.raises(UnauthorizedError) as caught:
            classy.campaigns.count()
    assert caught.value.status == 401
    assert "invalid_token" in str(caught.value)


def test_no_token_at_all(stage: Stage) -> None:
    with pytest.raises(UnauthorizedError, match="access token is missing"):
        stage.http().get("/campaigns/1")
