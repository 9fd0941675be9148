"""The end of a login form that was not filled in."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from support.connection import orgs
from support.login_form import Form
from support.server import Asked, Reply, ScriptedServer

import classy_nb as cn
from classy_nb._retry import Retry

Show = Callable[..., Form]
ONE = {7: "Helping Hands"}


@pytest.fixture
def show(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Form]:
    """Show a form for the server, in an empty folder; nobody waits between repeats."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("classy_nb.transport.Retry", lambda: Retry(pause=lambda _: None))
    return lambda **options: Form(server, monkeypatch, **options)


def test_closing_the_form_gives_up(show: Show, server: ScriptedServer) -> None:
    form = show()
    with form.classy:
        pass
    assert form.panel.comm is None
    for _ in range(2):
        form.classy.close()
    with pytest.raises(cn.NotLoggedInError, match=r"closed before it was logged in. Call login\(\) again"):
        _ = form.classy.transactions
    assert "Call login() again." in repr(form.classy)


def test_closing_the_form_breaks_the_login_off(show: Show, server: ScriptedServer) -> None:
    reached, free = threading.Event(), threading.Event()

    def silent(_: Asked) -> Reply:
        reached.set()
        return Reply(delay=free)

    server.login_handler = silent
    form = show()
    form.submit()
    assert reached.wait(20)
    form.classy.close()
    try:
        form.join_background()  # though the server says nothing
    finally:
        free.set()
    assert len(server.asked) == 1


def test_a_login_that_ends_after_closing_leaves_nothing_open(show: Show, server: ScriptedServer) -> None:
    free = threading.Event()
    server.logins.append(Reply(body={"access_token": "t" * 32, "expires_in": 7200}, delay=free))
    server.answers.append(Reply(body=orgs(ONE)))
    form = show()
    form.submit()
    form.classy.close()
    free.set()
    form.join_background()
    with pytest.raises(cn.NotLoggedInError):
        _ = form.classy.organization
