"""The login form, with a test in place of the browser: from what is typed to a connection."""

import copy
import inspect
import pickle
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from html import escape
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import ipywidgets
import pytest
from support.connection import CANARY, CLIENT_ID, WRONG_CANARY, orgs, paginator
from support.login_form import Form
from support.server import Asked, Reply, ScriptedServer

import classy_nb as cn
import classy_nb.sandbox
from classy_nb.http import RetryPolicy
from classy_nb.widgets.login import form as form_module

Show = Callable[..., Form]
ONE = {7: "Helping Hands"}
TWO = {7: "Helping Hands", 9: "Second <b>Chance</b>"}
LINE = re.compile(r"Connected to Helping Hands at [012]\d:[0-5]\d")
REFUSED = Reply(400, {"error": "invalid_client", "error_description": "Invalid client authentication"})
TOKEN = {"access_token": "t" * 32, "expires_in": 7200}
NEXT = (
    "What next? In a new cell, classy.explore() opens a form to choose, preview and save lists without code."
)
IN_UTC = "Dates and times are in UTC (the organization's)."
CLOSED = "This form was closed. Call login() again."
UNHELD = (
    "This form was closed: no variable holds its connection. "
    "Use the newer form, or run the cell again with classy = cn.login()."
)


@pytest.fixture
def show(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Show:
    """Show a form in an empty folder; its application sees one organization, and retries are quick."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("classy_nb.http.client.RetryPolicy", lambda: RetryPolicy(base=0))
    server.handler = lambda _: Reply(body=orgs(ONE))
    return lambda **options: Form(server, monkeypatch, **options)


def test_the_form_begins_blank(
    show: Show, server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLASSY_CLIENT_ID", CLIENT_ID)
    monkeypatch.setenv("CLASSY_CLIENT_SECRET", CANARY)
    form = show()
    [(state, _)] = form.told
    host = server.base_url.split("/")[2]
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
    server.answers.append(Reply(body=orgs({9: "Second <b>Chance</b>"})))
    form = show()
    layout = form.panel.layout
    form.submit()
    form.connected()
    form.join_background()
    text = form.of("state")[-1]["text"]
    assert form.output.shown[1:] == [
        {
            "text/plain": f"{text}\n{IN_UTC}\n{NEXT}",
            "text/html": '<div><span aria-hidden="true">✔ </span>'
            + text.replace("<", "&lt;").replace(">", "&gt;")
            + f'<div style="opacity:0.8">{escape(IN_UTC)}</div><div>{NEXT}</div></div>',
        }
    ]
    assert "Second <b>Chance</b>" in text
    assert form.panel.comm is None
    alive = ipywidgets.Widget.get_manager_state()["state"]
    assert form.panel._model_id not in alive
    assert layout._model_id not in alive


def test_what_comes_next_names_the_variable_that_holds_the_connection(
    show: Show, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.answers.append(Reply(body=orgs({9: "Second Chance"})))
    form = show()
    variables = {"_": form.classy, "mine": form.classy, "other": 1}
    monkeypatch.setattr(form_module, "shell", lambda: SimpleNamespace(user_ns=variables))
    form.submit()
    assert "In a new cell, mine.explore() opens a form" in form.connected()["next"]


def test_colab_is_told_where_the_code_for_widgets_is(show: Show, colab: dict[str, Any]) -> None:
    assert show().output.metadata == colab


USES: dict[str, Callable[[Any], object]] = {
    "a list": lambda classy: classy.transactions(since=2026),
    "a record": lambda classy: classy.transactions.get(1),
    "a count": lambda classy: classy.transactions.count(),
    "batches": lambda classy: classy.transactions.batches(),
    "a file": lambda classy: classy.transactions.to_csv("gifts.csv"),
    "columns": lambda classy: classy.transactions.columns,
    "organization": lambda classy: classy.organization,
    "organization_name": lambda classy: classy.organization_name,
    "workers": lambda classy: classy.workers,
    "timezone": lambda classy: classy.timezone,
    "get": lambda classy: classy.get("/campaigns/1/overview"),
    "explore": lambda classy: classy.explore(),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": pickle.dumps,
}


@pytest.mark.parametrize("use", USES)
def test_until_the_form_is_sent_any_use_says_so(show: Show, server: ScriptedServer, use: str) -> None:
    classy = show().classy
    with pytest.raises(cn.NotLoggedInError) as caught:
        USES[use](classy)
    assert str(caught.value) == (
        "This connection is not logged in yet. "
        "Fill in the form above and choose Connect, then run this cell again."
    )
    assert server.asked == []


def test_until_the_form_is_sent_it_shows_what_to_do(show: Show) -> None:
    classy = show().classy
    assert repr(classy).startswith("Classy connection of a login form: fill in the form above, and")
    assert classy._repr_html_().startswith("<div>Classy connection of a login form")
    assert repr(classy.transactions).startswith("transactions: This connection is not logged in yet. Fill in")
    assert classy.transactions._repr_html_().startswith("<div>transactions: This connection is not logged in")


def test_resources_exist_and_complete_before_the_login(show: Show, connected: cn.Classy) -> None:
    classy = show().classy
    names = list(classy.resources()["resource"])
    assert len(names) == 73
    assert {*names, "organization", "organization_name", "timezone", "workers"} <= set(dir(classy))
    assert set(dir(classy)) == set(dir(connected))
    for name in names:
        assert isinstance(getattr(classy, name), cn.Resource)
    for name in ("transaction", "_repr_markdown_", "_ipython_display_", "__fspath__"):
        assert not hasattr(classy, name)


def test_a_resource_taken_before_the_login_works_after_it(show: Show, server: ScriptedServer) -> None:
    form = show()
    gifts = form.classy.transactions
    form.submit()
    form.connected()
    server.answers.append(Reply(body=paginator([], total=5)))
    assert gifts.count() == 5


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
        form.classy.transactions()
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
    assert state["notes"] == ["The client secret came in angle brackets; they were removed.", IN_UTC]
    assert f"client_secret={CANARY}" in server.token_requests[0].body.decode()


def test_brackets_are_mentioned_where_the_login_is_refused(show: Show, server: ScriptedServer) -> None:
    server.logins.append(REFUSED)
    form = show()
    form.submit(client_id=f"<{CLIENT_ID}>")
    said = form.error()["text"]
    assert "The client id came in angle brackets; they were removed. Check that" in said
    assert "Sources: client id and client secret from the form; base_url from" in said


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("client_secret", "••••••••••••", "The client secret is masked or cut off: copy all of it."),
        ("client_id", "your_client_id", "The client id is a placeholder: replace it with the real one."),
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
        "The server could not be reached or hung up. Check the network connection and try again. "
        "Sources: client id and client secret from the form; base_url from the argument base_url=; "
        "token_url from the argument token_url=; defaults otherwise."
    )


def test_an_unexpected_error_is_shown_by_its_kind_only(show: Show, monkeypatch: pytest.MonkeyPatch) -> None:
    form = show()
    monkeypatch.setattr("classy_nb.http.client.HttpClient.get", lambda *_, **__: 1 / 0)
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


# --- several organizations


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


# --- arguments, the file, the sandbox, views, copies


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"organization": "seven"}, "numeric id"),
        ({"timezone": "Mars/Olympus"}, "time zone .* does not exist"),
        ({"base_url": "ftp://x"}, "base_url must start with https"),
        ({"workers": 0}, "workers=0"),
        ({"requests_per_minute": 0}, "requests_per_minute"),
        ({"headers": {"Authorization": "x"}}, "headers="),
    ],
)
def test_arguments_are_checked_before_anything_is_shown(
    show: Show, server: ScriptedServer, bad: Any, said: str
) -> None:
    with pytest.raises(cn.UsageError, match=said):
        show(**bad)
    assert server.asked == []


def test_options_reach_the_connection(show: Show, server: ScriptedServer) -> None:
    form = show(
        timezone="Europe/Berlin", workers=3, requests_per_minute=300, headers={"x-integration-id": "abc"}
    )
    form.submit()
    form.connected()
    assert (form.classy.timezone, form.classy.workers) == ("Europe/Berlin", 3)
    assert form.classy._session.http.rate_limit.limit == 300
    assert [asked.headers["x-integration-id"] for asked in server.asked] == ["abc", "abc"]


def test_addresses_come_from_the_environment_as_in_connect(
    show: Show, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLASSY_BASE_URL", server.base_url)
    monkeypatch.setenv("CLASSY_TOKEN_URL", server.token_url)
    monkeypatch.setenv("CLASSY_TIMEZONE", "Asia/Tokyo")
    monkeypatch.setenv("CLASSY_ORGANIZATION_ID", "99")  # of other credentials, perhaps: not taken
    form = show(base_url=None, token_url=None)
    form.submit()
    form.connected()
    assert (form.classy.timezone, form.classy.organization) == ("Asia/Tokyo", 7)


def test_remembered(show: Show, tmp_path: Path) -> None:
    form = show()
    form.submit(remember=True)
    assert form.connected()["notes"] == [IN_UTC, "The credentials were saved in .env."]
    file = tmp_path / ".env"
    assert file.stat().st_mode & 0o777 == 0o600
    again = cn.Credentials.load(env_file=file)
    assert (again.client_id, again.client_secret.reveal()) == (CLIENT_ID, CANARY)
    assert again.organization is None
    with cn.connect() as classy:
        assert classy.organization == 7


def test_a_choice_is_remembered_too(show: Show, server: ScriptedServer, tmp_path: Path) -> None:
    server.answers.append(Reply(body=orgs({**ONE, 9: "Other"})))
    form = show(env_file="my.env", timezone="Europe/Berlin")
    assert form.last("state")["file"] == str(tmp_path / "my.env")
    form.submit(remember=True)
    form.wait_until("state", phase="choose")
    form.say("choose", organization="9")
    assert form.connected()["notes"] == [
        "Dates and times are in Europe/Berlin (timezone=).",
        "The credentials were saved in my.env.",
    ]
    again = cn.Credentials.load(env_file=tmp_path / "my.env")
    assert (again.organization, again.timezone) == (9, "Europe/Berlin")


@pytest.mark.edge(7)
def test_the_form_says_which_time_zone_and_why(show: Show, server: ScriptedServer) -> None:
    zoned = {"id": 7, "name": "Helping Hands", "timezone_identifier": "America/Los_Angeles"}
    server.handler = lambda _: Reply(body=paginator([zoned]))
    form = show(fiscal_year_start=7)
    form.submit()
    assert form.connected()["notes"] == ["Dates and times are in America/Los_Angeles (the organization's)."]
    assert (form.classy.timezone, form.classy.fiscal_year_start) == ("America/Los_Angeles", 7)


@pytest.mark.edge(7)
def test_the_form_says_that_a_time_zone_does_not_exist(show: Show, server: ScriptedServer) -> None:
    zoned = {"id": 7, "name": "Helping Hands", "timezone_identifier": "Mars/Olympus"}
    server.handler = lambda _: Reply(body=paginator([zoned]))
    form = show()
    form.submit()
    (note,) = form.connected()["notes"]
    assert note.startswith("Dates and times are in UTC: the organization's, Mars/Olympus, does not exist")


@pytest.mark.edge(10)
def test_the_form_believes_an_organization_that_is_not_listed(show: Show, server: ScriptedServer) -> None:
    server.handler = lambda _: Reply(403, {"error": "This action is unauthorized."})
    form = show(organization=7)
    form.submit()
    (note,) = form.connected()["notes"]
    assert "in UTC: the organization's is unknown. Pass timezone=" in note
    assert form.classy.organization == 7
    other = show()
    other.submit()
    assert "pass organization= to connect() or login()" in other.error()["text"]


@pytest.mark.edge(10)
def test_a_listing_that_was_refused_can_be_tried_again(show: Show, server: ScriptedServer) -> None:
    server.answers.append(Reply(403, {"error": "This action is unauthorized."}))
    form = show()
    form.submit()
    form.error()
    form.submit()
    assert form.connected()["notes"] == [IN_UTC]


def test_not_remembered_unless_wished(show: Show, tmp_path: Path) -> None:
    for wish in ({}, {"remember": False}, {"remember": "yes"}):
        form = show()
        form.submit(**wish)
        assert form.connected()["notes"] == [IN_UTC]
    assert list(tmp_path.iterdir()) == []


def test_closed_while_it_logs_in_nothing_is_remembered(
    show: Show, server: ScriptedServer, tmp_path: Path
) -> None:
    reached, release = threading.Event(), threading.Event()

    def held(_: Asked) -> Reply:
        reached.set()
        return Reply(body=orgs(ONE), delay=release)

    server.handler = held
    form = show()
    server.handler = held
    form.submit(remember=True)
    assert reached.wait(20)
    form.classy.close()
    release.set()
    form.join_background()
    assert list(tmp_path.iterdir()) == []


def test_closed_while_it_is_remembered_the_file_is_whole(
    show: Show, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is being written cannot be taken back: then closing waits for it."""
    save, reached, release = cn.Credentials.save, threading.Event(), threading.Event()

    def held(credentials: cn.Credentials, path: Path) -> Path:
        reached.set()
        assert release.wait(20)
        return save(credentials, path)

    monkeypatch.setattr(cn.Credentials, "save", held)
    form = show()
    form.submit(remember=True)
    assert reached.wait(20)
    closing = threading.Thread(target=form.classy.close)
    closing.start()
    closing.join(0.1)
    assert closing.is_alive()
    release.set()
    closing.join(20)
    assert not closing.is_alive()
    again = cn.Credentials.load(env_file=tmp_path / ".env")
    assert again.client_secret.reveal() == CANARY
    form.join_background()
    with pytest.raises(cn.NotLoggedInError, match="closed"):
        _ = form.classy.organization


def test_credentials_are_saved_before_the_connection_works(
    show: Show, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection that works can be closed, and then nothing may be written any more."""
    save, shown = cn.Credentials.save, []

    def noting(credentials: cn.Credentials, path: Path) -> Path:
        shown.append(repr(form.classy))
        return save(credentials, path)

    monkeypatch.setattr(cn.Credentials, "save", noting)
    form = show()
    form.submit(remember=True)
    form.connected()
    [before] = shown
    assert before.startswith("Classy connection of a login form")


def test_where_git_would_see_the_file_the_login_stands(show: Show, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    form = show()
    form.submit(remember=True)
    [_, note] = form.connected()["notes"]
    assert note == (
        "You are connected, but nothing was saved. git does not ignore .env: the secret could be "
        "committed. Add the line .env to .gitignore and save again."
    )
    assert str(tmp_path) not in note  # it stays in the notebook
    assert not (tmp_path / ".env").exists()
    assert form.classy.organization == 7


def test_the_sandbox_needs_no_credentials(show: Show, monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox, boxes = classy_nb.sandbox.Sandbox, []

    def small(**options: Any) -> classy_nb.sandbox.Sandbox:
        boxes.append(sandbox(**{**options, "transactions": 60}))
        return boxes[-1]

    monkeypatch.setattr("classy_nb.sandbox.Sandbox", small)
    form = show(timezone="Europe/Berlin")
    form.say("submit", environment="sandbox", remember=True)
    state = form.connected()
    assert form.of("state")[1]["text"] == "Starting the sandbox…"
    assert state["text"].startswith("Connected to Stand-in Harbor Foundation at ")
    assert state["notes"] == ["A sandbox on this machine: all data are invented."]
    assert state["next"] == NEXT
    assert form.classy.transactions.count() == 60
    assert form.classy.timezone == "Europe/Berlin"
    assert list(Path.cwd().iterdir()) == []
    address = urlsplit(boxes[0].base_url)
    form.classy.close()
    with socket.socket() as probe:
        assert probe.connect_ex((address.hostname, address.port)) != 0


def test_without_the_sandboxs_packages_the_form_says_what_to_install(
    show: Show, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("classy_nb.sandbox.sandbox.importlib.util.find_spec", lambda _: None)
    form = show()
    form.say("submit", environment="sandbox")
    assert form.error()["text"].endswith("pip install 'classy-nb[demo]'")


def test_a_second_view_keeps_the_widget_until_both_are_gone(show: Show) -> None:
    form = show()
    form.name = "view-2"
    form.say("hello")
    form.submit()
    form.connected()
    form.wait_until("state", phase="connected")
    panel = form.panel
    form.say("gone")
    assert panel.comm is not None
    form.name = "view-1"
    form.say("gone")
    assert panel.comm is None


def test_in_voila_the_form_itself_shows_the_line(show: Show, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVER_SOFTWARE", "voila/0.5.13")
    form = show()
    form.submit()
    form.connected()
    form.say("hello")
    assert form.last("state")["phase"] == "connected"
    assert form.panel.comm is not None


def test_views_may_go_before_the_login(show: Show) -> None:
    form = show()
    form.say("gone")
    form.name = "after a reload"
    form.say("hello")
    form.submit()
    assert form.connected()["phase"] == "connected"


def test_copies_of_a_logged_in_connection(show: Show) -> None:
    form = show()
    form.submit()
    form.connected()
    assert copy.copy(form.classy).organization == 7
    with pytest.raises(TypeError, match="pickle"):
        pickle.dumps(form.classy)


def test_the_signature_and_the_text_are_documented() -> None:
    text = inspect.getdoc(cn.login) or ""
    for section in ("Parameters\n", "Returns\n", "Raises\n"):
        assert section in text
    for name in inspect.signature(cn.login).parameters:
        assert name in text


# --- how a form ends that was not sent


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
        form.classy.transactions()
    assert "Call login() again." in repr(form.classy)


def test_closing_the_form_ends_the_login(show: Show, server: ScriptedServer) -> None:
    reached, free = threading.Event(), threading.Event()

    def silent(_: Asked) -> Reply:
        reached.set()
        return Reply(delay=free)

    server.login_handler = silent
    form = show()
    form.submit()
    assert reached.wait(20)
    form.classy.close()
    free.set()
    form.join_background()  # nothing is tried again, and no token is asked for with what came too late
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
        form.classy.transactions()
    except cn.NotLoggedInError as error:
        kept = error
    form.classy = None
    assert kept.__traceback__ is not None
    form.wait_until("state", phase="closed", text=UNHELD)


def test_a_login_whose_connection_is_gone_is_closed(
    show: Show, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The login may be faster than the thread that closes the form."""
    closed: list[object] = []
    monkeypatch.setattr("classy_nb.http.client.HttpClient.close", lambda self: closed.append(self))  # noqa: PLW0108
    monkeypatch.setattr("classy_nb.widgets.LoginForm._connection_gone", lambda _: None)
    form = show()
    closed.clear()  # login() has tried the options
    form.classy = None
    form.submit()
    form.join_background()
    assert len(closed) == 1


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
