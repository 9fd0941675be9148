"""Every way in which the API says no, played back: the right error, and no request too many."""

from typing import Any

import pytest
from cassette.stage import Stage

import classy_nb as cn

pytestmark = [pytest.mark.vcr, pytest.mark.usefixtures("whole_tape")]


def test_trap_05_everything_at_once_is_forbidden(stage: Stage) -> None:
    with stage.connect() as classy, pytest.raises(cn.PermissionDeniedError) as caught:
        classy.get("/transactions")
    assert caught.value.permissions == ("fetch transaction",)
    assert "fetch transaction" in str(caught.value)
    assert (caught.value.status, caught.value.path) == (403, "/transactions")


def test_another_organization_is_forbidden(stage: Stage) -> None:
    foreign = 64628 if stage.box is None else stage.box.foreign_organization_id
    with (
        stage.connect() as classy,
        pytest.raises(cn.PermissionDeniedError, match="only its own org"),
    ):
        classy.organizations.get(foreign)


def test_trap_37_members_only(stage: Stage) -> None:
    stage.switch(member_only="403")
    with stage.connect() as classy, pytest.raises(cn.MemberOnlyError, match="logged-in members"):
        classy.userinfo.get()


def test_trap_36_no_such_record(stage: Stage) -> None:
    with stage.connect() as classy, pytest.raises(cn.NotFoundError, match="cannot be found") as caught:
        classy.transactions.get(1)
    assert not isinstance(caught.value, cn.NoSuchPathError)


def test_trap_36_no_such_path(stage: Stage) -> None:
    with stage.connect() as classy, pytest.raises(cn.NoSuchPathError, match="hyphens, not underscores"):
        classy.get("/fundraising_pages/1")


@pytest.mark.parametrize(("fault", "waited"), [("429", 7.0), ("429_body", 7.0), ("429_bare", 2.0)])
def test_trap_23_too_many_requests(stage: Stage, fault: str, waited: float) -> None:
    stage.switch(retry_after=7)
    with stage.connect() as classy:
        stage.data(fault)
        assert classy.campaigns.count() == 15
    assert sum(stage.pauses.asked) == pytest.approx(waited, abs=0.5)


def test_trap_23_the_old_503_means_slow_down(stage: Stage) -> None:
    with stage.connect() as classy:
        stage.data("throttle_503")
        assert classy.campaigns.count() == 15
    assert len(stage.pauses.asked) == 1


def test_too_many_requests_for_good(stage: Stage) -> None:
    with stage.connect() as classy:
        stage.data(*["429"] * 20)
        with pytest.raises(cn.RateLimitedError, match="requests_per_minute="):
            classy.campaigns.count()


@pytest.mark.parametrize("fault", ["500", "500_message", "500_error", "500_text", "502", "503", "504"])
def test_trap_26_a_failing_server_is_asked_again(stage: Stage, fault: str) -> None:
    with stage.connect() as classy:
        stage.data(fault)
        assert classy.campaigns.count() == 15
    assert len(stage.pauses.asked) == 1


def test_trap_26_500_for_good_is_asked_twice_more(stage: Stage, vcr: Any) -> None:
    with stage.connect() as classy:
        stage.data(*["500_message"] * 9)
        with pytest.raises(cn.ServerError, match="Something went wrong"):
            classy.campaigns.count()
    assert sum(request.path.endswith("/campaigns") for request in vcr.requests) == 3


def test_trap_04_firewall(stage: Stage, vcr: Any) -> None:
    with stage.connect() as classy:
        stage.data(*["cloudflare"] * 4)
        with pytest.raises(cn.BlockedError, match="not about your credentials"):
            classy.campaigns()
    assert sum(request.path.endswith("/campaigns") for request in vcr.requests) == 4
    assert sum(request.path == "/oauth2/auth" for request in vcr.requests) == 1


@pytest.mark.parametrize("fault", ["html", "empty_body"])
def test_trap_35_an_answer_that_is_not_json(stage: Stage, fault: str) -> None:
    says = {"html": "A web page came", "empty_body": "answered with an empty body"}[fault]
    with stage.connect() as classy:
        stage.data(*[fault] * 9)
        with pytest.raises(cn.UnexpectedAnswerError, match=says):
            classy.campaigns.count()


def test_trap_38_an_error_under_200(stage: Stage) -> None:
    with stage.connect() as classy:
        stage.data("error_200")
        with pytest.raises(cn.UnexpectedAnswerError, match="Something went wrong"):
            classy.campaigns.count()


def test_trap_24_a_redirect_elsewhere(stage: Stage, vcr: Any) -> None:
    with stage.connect() as classy:
        stage.data("redirect")
        with pytest.raises(cn.RedirectRefusedError, match="token was not sent there"):
            classy.campaigns.count()
    assert {request.host for request in vcr.requests} == {"sandbox.example.org"}


def test_trap_15_a_filter_that_the_api_rejects(stage: Stage) -> None:
    with stage.connect() as classy, pytest.raises(cn.BadRequestError) as caught:
        classy.get("/organizations/64531/transactions", filter="created_at>2026-01-01T00:00:00.000Z", page=1)
    assert caught.value.status == 400
    assert "where=" in caught.value.advice
