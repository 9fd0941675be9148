"""The login form where an application sees several organizations, or none."""

from collections.abc import Callable
from pathlib import Path

import pytest
from support.connection import orgs
from support.login_form import Form
from support.server import Reply, ScriptedServer

import classy_nb as cn
from classy_nb.http import RetryPolicy

Show = Callable[..., Form]
ONE = {7: "Helping Hands"}
TWO = {7: "Helping Hands", 9: "Second <b>Chance</b>"}


@pytest.fixture
def show(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Form]:
    """Show a form for the server, in an empty folder; nobody waits between repeats."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("classy_nb.http.client.RetryPolicy", lambda: RetryPolicy(base=0))
    return lambda **options: Form(server, monkeypatch, **options)


def test_of_several_organizations_one_is_chosen(show: Show, server: ScriptedServer) -> None:
    server.answers.append(Reply(body=orgs({**TWO, 11: ""})))
    form = show()
    form.submit()
    state = form.wait_until("state", phase="choose")
    assert state["organizations"] == [["7", "Helping Hands"], ["9", "Second <b>Chance</b>"], ["11", ""]]
    with pytest.raises(cn.NotLoggedInError):
        _ = form.classy.organization
    form.say("choose", organization="5")
    assert form.error()["text"] == "Choose an organization."
    assert form.last("state")["organizations"] == state["organizations"]
    form.say("choose", organization="11")
    assert form.connected()["text"].startswith("Connected to organization 11 at ")
    assert (form.classy.organization, form.classy.organization_name) == (11, None)
    assert len(server.asked) == 2


def test_one_may_go_back_from_the_choice(show: Show, server: ScriptedServer) -> None:
    server.answers += [Reply(body=orgs(TWO)), Reply(body=orgs(ONE))]
    form = show()
    form.submit()
    form.wait_until("state", phase="choose")
    form.say("back")
    assert form.last("state")["phase"] == "form"
    form.say("choose", organization="9")  # too late, such as from another view
    assert form.last("state")["phase"] == "form"
    form.submit()
    form.connected()
    assert form.classy.organization == 7


def test_an_organization_may_be_given(show: Show, server: ScriptedServer) -> None:
    server.answers += [Reply(body=orgs({5: "Other"})), Reply(body=orgs(TWO))]
    form = show(organization=9)
    form.submit()
    assert "does not see an organization with id 9. It sees Other: 5." in form.error()["text"]
    form.submit()
    form.connected()
    assert form.classy.organization == 9


def test_no_organization(show: Show, server: ScriptedServer) -> None:
    server.answers.append(Reply(body=orgs({})))
    form = show()
    form.submit()
    assert form.error()["text"].startswith("The application sees no organization.")
