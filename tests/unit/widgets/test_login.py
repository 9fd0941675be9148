"""The login form: from what is sent by a browser to a connection."""

import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.connection import CANARY, CLIENT_ID, WRONG_CANARY, orgs, paginator
from support.login_form import Form
from support.server import Reply, ScriptedServer

import classy_nb as cn
from classy_nb.http.retry import Retry

Show = Callable[..., Form]
ONE = {7: "Helping Hands"}
LINE = re.compile(r"Connected to Helping Hands at [012]\d:[0-5]\d")
REFUSED = Reply(400, {"error": "invalid_client", "error_description": "Invalid client authentication"})


@pytest.fixture
def show(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Form]:
    """Show a form for the server, in an empty folder; nobody waits between repeats."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("classy_nb.http.client.Retry", lambda: Retry(pause=lambda _: None))
    return lambda **options: Form(server, monkeypatch, **options)


def test_the_form_begins_blank(show: Show, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLASSY_CLIENT_ID", CLIENT_ID)
    monkeypatch.setenv("CLASSY_CLIENT_SECRET", CANARY)
    form = show()
    [(state, _)] = form.told
    host = form.panel._connector.host
    assert state == {
        "kind": "state",
        "phase": "form",
        "application": f"Your application ({host})",
        "file": str(tmp_path / ".env"),
        "file_name": ".env",
    }
    [shown] = form.output.shown
    assert "cn.login(prompt=True)" in shown["text/plain"]
    assert "CLASSY_CLIENT_SECRET into a .env file" in shown["text/plain"]


@pytest.mark.parametrize(
    ("base_url", "said"),
    [
        ("https://api.classy.org/2.0", "Live (api.classy.org)"),
        ("https://pro.gofundme.com/2.0", "Live (pro.gofundme.com)"),
        ("https://api.classy.org.example.com/2.0", "Your application (api.classy.org.example.com)"),
        ("http://127.0.0.1:8790/2.0", "Your application (127.0.0.1:8790)"),
    ],
)
def test_only_the_vendors_own_is_called_live(show: Show, base_url: str, said: str) -> None:
    assert show(base_url=base_url).last("state")["application"] == said


def test_the_right_pair_connects(show: Show, server: ScriptedServer) -> None:
    server.answers.append(Reply(body=orgs(ONE)))
    form = show()
    form.submit()
    state = form.connected()
    assert LINE.fullmatch(state["text"])
    assert form.phases == ["form", "busy", "connected"]
    assert form.of("state")[1]["text"] == f"Connecting to {server.base_url.split('/')[2]}…"
    classy = form.classy
    assert isinstance(classy, cn.Classy)
    assert (classy.organization, classy.organization_name, classy.timezone) == (7, "Helping Hands", "UTC")
    server.answers.append(Reply(body=paginator([], total=5)))
    assert classy.transactions.count() == 5
    assert repr(classy).startswith("Classy connection\n  organization   Helping Hands (id 7)")
    assert "<table>" in classy._repr_html_()
    classy.close()


def test_what_is_left_is_a_line_and_no_widget(show: Show, server: ScriptedServer) -> None:
    import ipywidgets

    server.answers.append(Reply(body=orgs({9: "Second <b>Chance</b>"})))
    form = show()
    layout = form.panel.layout
    form.submit()
    form.connected()
    form.join_background()
    text = form.of("state")[-1]["text"]
    assert form.output.shown[1:] == [
        {
            "text/plain": text,
            "text/html": '<div><span aria-hidden="true">✔ </span>'
            + text.replace("<", "&lt;").replace(">", "&gt;")
            + "</div>",
        }
    ]
    assert "Second <b>Chance</b>" in text
    assert form.panel.comm is None
    alive = ipywidgets.Widget.get_manager_state()["state"]
    assert form.panel._model_id not in alive
    assert layout._model_id not in alive


def test_colab_is_told_where_the_code_for_widgets_is(show: Show, colab: dict[str, Any]) -> None:
    assert show().output.metadata == colab


def test_until_then_any_use_says_so(show: Show, server: ScriptedServer) -> None:
    form = show()
    classy = form.classy
    uses = (
        lambda: classy.transactions,
        lambda: classy.transactions(since=2026),
        lambda: classy.organization,
        lambda: classy.organization_name,
        lambda: classy.workers,
        lambda: classy.timezone,
        lambda: classy.get("/campaigns/1/overview"),
        lambda: classy._session.http,
    )
    for use in uses:
        with pytest.raises(cn.NotLoggedInError) as caught:
            use()
        assert str(caught.value) == (
            "This connection is not logged in yet. "
            "Fill in the form above and choose Connect, then run this cell again."
        )
    assert server.asked == []
    assert repr(classy).startswith("Classy connection of a login form: fill in the form above, and")
    assert classy._repr_html_().startswith("<div>Classy connection of a login form")


def test_everything_that_a_connection_holds_is_guarded(show: Show, connected: cn.Classy) -> None:
    classy = show().classy
    for name in vars(connected):
        with pytest.raises(cn.NotLoggedInError):
            getattr(classy, name)
        assert name.startswith("_") or name in dir(classy)
    for name in ("transaction", "_repr_markdown_", "_ipython_display_", "__fspath__"):
        assert not hasattr(classy, name)


def test_a_wrong_pair_can_be_sent_again(show: Show, server: ScriptedServer) -> None:
    server.logins.append(REFUSED)
    server.answers.append(Reply(body=orgs(ONE)))
    form = show()
    form.submit(client_secret=WRONG_CANARY)
    error = form.error()
    assert error["text"].startswith("The login was refused")
    assert "both come from the same application" in error["text"]
    assert error["invalid"] == ["client_id", "client_secret"]
    assert error["focus"] == "client_secret"
    with pytest.raises(cn.NotLoggedInError):
        _ = form.classy.transactions
    form.submit()
    form.connected()
    assert form.classy.organization == 7
    assert len(server.token_requests) == 2


@pytest.mark.parametrize(
    ("pair", "names"),
    [
        (("", ""), ["client_id", "client_secret"]),
        (("  ", CANARY), ["client_id"]),
        ((CLIENT_ID, "\t"), ["client_secret"]),
    ],
)
def test_blank_fields_are_refused(
    show: Show, server: ScriptedServer, pair: tuple[str, str], names: list[str]
) -> None:
    form = show()
    form.submit(*pair)
    error = form.error()
    assert error["text"] == f"Fill in the {' and the '.join(name.replace('_', ' ') for name in names)}."
    assert (error["invalid"], error["focus"]) == (names, names[0])
    form.say("submit")
    form.say("submit", client_id=None, client_secret=["x"])
    assert server.asked == []
    assert form.phases[-1] in {"form", "busy"}


def test_brackets_are_taken_off_and_it_is_said(show: Show, server: ScriptedServer) -> None:
    server.answers.append(Reply(body=orgs(ONE)))
    form = show()
    form.submit(client_secret=f' "<{CANARY}>" ')
    state = form.connected()
    assert state["notes"] == ["The client secret came in angle brackets; they were taken off."]
    assert f"client_secret={CANARY}" in server.token_requests[0].body.decode()


def test_brackets_are_mentioned_where_the_login_is_refused(show: Show, server: ScriptedServer) -> None:
    server.logins.append(REFUSED)
    form = show()
    form.submit(client_id=f"<{CLIENT_ID}>")
    assert "The client id came in angle brackets; they were taken off. Check that" in form.error()["text"]


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("client_secret", "••••••••••••", "The client secret is masked or cut: copy the whole of it."),
        ("client_id", "your_client_id", "The client id is a placeholder: put the real one in its place."),
        (
            "client_secret",
            f"CLASSY_CLIENT_SECRET={CANARY}",
            "The client secret was copied with its name: keep only what follows the sign.",
        ),
    ],
)
def test_what_cannot_be_right_is_refused_at_once(
    show: Show, server: ScriptedServer, field: str, value: str, said: str
) -> None:
    form = show()
    form.submit(**{field: value})
    error = form.error()
    assert error["text"] == said
    assert (error["invalid"], error["focus"]) == ([field], field)
    assert server.asked == []


def test_the_firewall_is_not_about_the_credentials(show: Show, server: ScriptedServer) -> None:
    page = Reply(403, b"<html>Attention Required! | Cloudflare</html>", {"Content-Type": "text/html"})
    server.logins.append(page)
    form = show()
    form.submit()
    error = form.error()
    assert error["text"].startswith("A firewall in front of the API stopped the request.")
    assert (error["invalid"], error["focus"]) == ([], "client_secret")


def test_offline(show: Show) -> None:
    form = show(token_url="http://127.0.0.1:9/oauth2/auth")
    form.submit()
    assert form.error()["text"] == (
        "The server could not be reached or hung up. Check the network connection and try again."
    )


def test_an_answer_that_nobody_expects(show: Show, server: ScriptedServer, monkeypatch: Any) -> None:
    form = show()
    monkeypatch.setattr("classy_nb.client.session.choices", lambda *_: 1 / 0)
    form.submit()
    assert form.error()["text"].startswith("Something went wrong behind this form (ZeroDivisionError)")


def test_sent_twice_it_logs_in_once(show: Show, server: ScriptedServer) -> None:
    free = threading.Event()
    server.logins.append(Reply(body={"access_token": "t" * 32, "expires_in": 7200}, delay=free))
    server.answers.append(Reply(body=orgs(ONE)))
    form = show()
    form.submit()
    form.submit()  # Enter pressed twice, or a second view
    form.say("hello")
    assert [m["phase"] for m in form.of("state")] == ["form", "busy", "busy", "busy"]
    free.set()
    form.connected()
    assert len(server.token_requests) == 1
