"""The end of a login form that was not filled in."""

import sys
import threading
from collections.abc import Callable
from pathlib import Path

import ipywidgets
import pytest
from support.connection import orgs
from support.login_form import Form
from support.server import Asked, Reply, ScriptedServer

import classy_nb as cn
from classy_nb.http.retry import Retry

Show = Callable[..., Form]
ONE = {7: "Helping Hands"}
CLOSED = "This form was closed. Call login() again."
UNHELD = (
    "This form was closed: no variable holds its connection. "
    "Use the newer form, or run the cell again, with classy = cn.login()."
)
TOKEN = {"access_token": "t" * 32, "expires_in": 7200}


@pytest.fixture
def show(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Form]:
    """Show a form for the server, in an empty folder; nobody waits between repeats."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("classy_nb.http.client.Retry", lambda: Retry(pause=lambda _: None))
    return lambda **options: Form(server, monkeypatch, **options)


def left(text: str) -> dict[str, str]:
    return {"text/plain": text, "text/html": f"<div>{text}</div>"}


def alive() -> set[str]:
    return set(ipywidgets.Widget.get_manager_state()["state"])


def test_closing_the_form_gives_up(show: Show, server: ScriptedServer) -> None:
    form = show()
    with form.classy:
        pass
    assert form.panel.comm is None
    for _ in range(2):
        form.classy.close()
    assert form.output.shown[1:] == [left(CLOSED)]
    assert form.last("state")["text"] == CLOSED
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
    server.logins.append(Reply(body=TOKEN, delay=free))
    server.answers.append(Reply(body=orgs(ONE)))
    form = show()
    form.submit()
    form.classy.close()
    free.set()
    form.join_background()
    with pytest.raises(cn.NotLoggedInError):
        _ = form.classy.organization


def test_a_form_whose_variable_holds_another_connection_closes(show: Show, server: ScriptedServer) -> None:
    before = alive()
    first = show()
    first.classy = None
    first.wait_until("state", phase="closed", text=UNHELD)
    first.join_background()
    assert first.output.shown[1:] == [left(UNHELD)]
    assert first.panel.comm is None
    assert alive() == before  # whoever runs the cell again and again leaves nothing
    server.answers.append(Reply(body=orgs(ONE)))
    second = show()
    second.submit()
    second.connected()
    assert second.classy.organization == 7
    assert first.phases == ["form", "closed"]


def test_two_forms_of_two_variables_both_work(show: Show, server: ScriptedServer) -> None:
    server.handler = lambda _: Reply(body=orgs(ONE))
    one, two = show(), show()
    for form in (two, one):
        form.submit()
        form.connected()
        assert form.classy.organization == 7
    assert one.classy._session.http is not two.classy._session.http


def test_a_connection_that_was_made_ends_without_a_word(show: Show, server: ScriptedServer) -> None:
    server.answers.append(Reply(body=orgs(ONE)))
    form = show()
    form.submit()
    form.connected()
    form.join_background()
    shown, threads = list(form.output.shown), threading.active_count()
    form.classy = None
    assert (form.output.shown, threading.active_count()) == (shown, threads)


@pytest.mark.parametrize("lock", ["_lock", "_speaking", "_writing"])
def test_letting_go_waits_for_no_lock_of_the_form(show: Show, lock: str) -> None:
    """Garbage is collected anywhere, also in a thread that holds it."""
    form = show()
    with getattr(form.panel, lock):
        form.classy = None
        assert not any(shown == left(UNHELD) for shown in form.output.shown)
    form.join_background()
    assert form.output.shown[1:] == [left(UNHELD)]


def test_the_error_of_using_it_too_early_does_not_hold_it(show: Show) -> None:
    """A notebook keeps the last error with all that its traceback reaches."""
    form = show()
    try:
        _ = form.classy.transactions
    except cn.NotLoggedInError as error:
        kept = error
    form.classy = None
    assert kept.__traceback__ is not None
    form.wait_until("state", phase="closed", text=UNHELD)


def test_what_is_made_when_nobody_holds_it_any_more_is_closed(
    show: Show, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[int] = []

    def close(classy: cn.Classy) -> None:
        closed.append(classy.organization)

    monkeypatch.setattr(cn.Classy, "close", close)
    monkeypatch.setattr("classy_nb.widgets.login.form.LoginPanel.forsake", lambda _: None)
    server.answers.append(Reply(body=orgs(ONE)))
    form = show()
    form.classy = None
    form.submit()
    form.join_background()
    assert closed == [7]


def test_at_the_end_of_python_nothing_is_begun(show: Show, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_: threading.Thread) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    complaints: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", complaints.append)
    form = show()
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refused)
        form.classy = None
    assert (complaints, form.phases) == ([], ["form"])
    form.panel.close()


def test_in_several_views_a_closed_form_says_so_until_they_go(show: Show) -> None:
    form = show()
    form.name = "view-2"
    form.say("hello")
    form.classy.close()
    assert form.last("state")["phase"] == "closed"
    assert form.last("state")["alone"] is False
    form.submit()  # too late: it was under way
    assert form.last("state")["phase"] == "closed"
    assert form.panel.comm is not None
    form.say("gone")
    form.name = "view-1"
    form.say("gone")
    assert form.panel.comm is None


def test_a_form_that_is_alone_says_so_for_it_closes_itself(show: Show) -> None:
    form = show()
    form.classy.close()
    assert (form.last("state")["phase"], form.last("state")["alone"]) == ("closed", True)
    assert form.panel.comm is None
