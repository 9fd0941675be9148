"""Around the login form: arguments, views, the file, the sandbox, copies."""

import copy
import pickle
import socket
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from support.connection import CANARY, CLIENT_ID, orgs
from support.login_form import Form
from support.server import Reply, ScriptedServer

import classy_nb as cn

Show = Callable[..., Form]
ONE = {7: "Helping Hands"}


@pytest.fixture
def show(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Form]:
    """Show a form for the server, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    server.handler = lambda _: Reply(body=orgs(ONE))
    return lambda **options: Form(server, monkeypatch, **options)


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"organization": "seven"}, "numeric id"),
        ({"timezone": "Mars/Olympus"}, "no time zone"),
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
    assert form.connected()["notes"] == ["The credentials were saved in .env."]
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
    assert form.connected()["notes"] == ["The credentials were saved in my.env."]
    again = cn.Credentials.load(env_file=tmp_path / "my.env")
    assert (again.organization, again.timezone) == (9, "Europe/Berlin")


def test_not_remembered_unless_wished(show: Show, tmp_path: Path) -> None:
    for wish in ({}, {"remember": False}, {"remember": "yes"}):
        form = show()
        form.submit(**wish)
        assert form.connected()["notes"] == []
    assert list(tmp_path.iterdir()) == []


def test_closed_while_it_logs_in_nothing_is_remembered(
    show: Show, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached, release = threading.Event(), threading.Event()

    def held(*_: Any) -> dict[int, str]:
        reached.set()
        assert release.wait(20)
        return ONE

    monkeypatch.setattr("classy_nb.client.session.choices", held)
    form = show()
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


def test_what_is_remembered_is_so_before_the_connection_can_be_closed(
    show: Show, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there: list[bool] = []
    form = show()
    adopt = form.classy.adopt
    monkeypatch.setattr(
        form.panel._connector, "adopt", lambda made: (there.append((tmp_path / ".env").exists()), adopt(made))
    )
    form.submit(remember=True)
    form.connected()
    assert there == [True]


def test_where_git_would_see_the_file_the_login_stands(show: Show, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    form = show()
    form.submit(remember=True)
    [note] = form.connected()["notes"]
    assert note == (
        "You are connected, but nothing was saved. git does not ignore .env: the secret could be "
        "committed. Add the line .env to .gitignore and save again."
    )
    assert str(tmp_path) not in note  # it stays in the notebook
    assert not (tmp_path / ".env").exists()
    assert form.classy.organization == 7


def test_the_sandbox_needs_no_credentials(show: Show, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "classy_nb.client.session.demo", lambda **options: cn.demo(transactions=60, **options)
    )
    form = show(timezone="Europe/Berlin")
    form.say("submit", environment="sandbox", remember=True)
    state = form.connected()
    assert form.of("state")[1]["text"] == "Starting the sandbox…"
    assert state["text"].startswith("Connected to Stand-in Harbor Foundation at ")
    assert state["notes"] == ["A sandbox on this machine: all data are invented."]
    assert form.classy.transactions.count() == 60
    assert form.classy.timezone == "Europe/Berlin"
    assert list(Path.cwd().iterdir()) == []
    address = urlsplit(form.classy.sandbox.base_url)
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


def test_copies_are_those_of_a_connection(show: Show) -> None:
    form = show()
    for way in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(cn.NotLoggedInError):
            way(form.classy)
    form.submit()
    form.connected()
    assert copy.copy(form.classy).organization == 7
    with pytest.raises(TypeError, match="pickle"):
        pickle.dumps(form.classy)


def test_the_signature_and_the_text_are_documented() -> None:
    import inspect

    text = inspect.getdoc(cn.login) or ""
    for section in ("Parameters\n", "Returns\n", "Raises\n"):
        assert section in text
    for name in inspect.signature(cn.login).parameters:
        assert name in text
