"""Logging in where there is no form: prompts in a terminal, an error where nobody is."""

import getpass
import sys
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from support.connection import CANARY, CLIENT_ID, WRONG_CANARY, orgs
from support.server import Reply, ScriptedServer

import classy_nb as cn
from classy_nb.http import RetryPolicy
from classy_nb.widgets import Place, place

Ask = Callable[..., Any]
ONE = {7: "Helping Hands"}
REFUSED = Reply(400, {"error": "invalid_client"})


class Person:
    """Answers prompts in turn; keeps what it was asked."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    def __call__(self, question: str) -> str:
        self.asked.append(question)
        if not self.answers:
            raise EOFError
        return self.answers.pop(0)


@pytest.fixture
def ask(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Ask:
    """Log in with prompts that are answered so."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("classy_nb.http.client.RetryPolicy", lambda: RetryPolicy(base=0))
    server.handler = lambda _: Reply(body=orgs(ONE))

    def login(hidden: Person, seen: Person | None = None, **options: Any) -> cn.Classy:
        monkeypatch.setattr("getpass.getpass", hidden)
        monkeypatch.setattr("builtins.input", seen or Person())
        urls = {"base_url": server.base_url, "token_url": server.token_url}
        return cn.login(**{"prompt": True, **urls, **options})

    return login


def test_prompts_connect(ask: Ask, server: ScriptedServer, capsys: pytest.CaptureFixture[str]) -> None:
    person = Person(CLIENT_ID, CANARY)
    with ask(person) as classy:
        assert (classy.organization, classy.organization_name) == (7, "Helping Hands")
    assert person.asked == ["Client id: ", "Client secret: "]
    assert capsys.readouterr().out.splitlines() == [
        f"Log in to Classy ({server.base_url.split('/')[2]}). What you type or paste is not shown.",
        "Connected to Helping Hands.",
        "Dates and times are in UTC (the organization's).",
    ]


@pytest.mark.edge(11)
def test_a_refused_login_says_that_the_pair_was_typed(ask: Ask, server: ScriptedServer) -> None:
    server.login_handler = lambda _: REFUSED
    with pytest.raises(cn.LoginError, match="Sources: client id and client secret from the prompts; "):
        ask(Person(*(CLIENT_ID, CANARY) * 3))


@pytest.mark.edge(26)
@pytest.mark.parametrize("name", ["CLASSY_TOKEN_URL", "CLASSY_BASE_URL"])
def test_a_file_does_not_send_what_is_typed_to_a_port_of_its_choice(
    ask: Ask, server: ScriptedServer, tmp_path: Path, name: str
) -> None:
    (tmp_path / ".env").write_text(f"{name}={server.base_url}\n")
    with pytest.raises(cn.CredentialsError, match=rf"{name} in line 1 of .*\.env would send a client secret"):
        ask(person := Person(CLIENT_ID, CANARY), base_url=None, token_url=None)
    assert person.asked == []
    assert server.asked == []


def test_three_tries(ask: Ask, server: ScriptedServer, capsys: pytest.CaptureFixture[str]) -> None:
    server.logins += [REFUSED]
    person = Person(CLIENT_ID, WRONG_CANARY, CLIENT_ID, "", CLIENT_ID, f"<{CANARY}>")
    with ask(person) as classy:
        assert classy.organization == 7
    said = capsys.readouterr().out.splitlines()[1:]
    assert said[0].startswith("The login was refused")
    assert said[0].endswith("Try again.")
    assert said[1].startswith("The client secret is blank.")
    assert said[2:] == [
        "The client secret came in angle brackets; they were removed.",
        "Connected to Helping Hands.",
        "Dates and times are in UTC (the organization's).",
    ]


def test_after_three_tries_it_gives_up(ask: Ask, server: ScriptedServer) -> None:
    server.logins += [REFUSED] * 3
    person = Person(*[CLIENT_ID, WRONG_CANARY] * 4)
    with pytest.raises(cn.LoginError, match="refused"):
        ask(person)
    assert len(person.asked) == 6
    assert len(server.token_requests) == 3


def test_what_is_not_about_the_pair_is_not_asked_again(ask: Ask, server: ScriptedServer) -> None:
    server.logins.append(Reply(403, b"<html>cloudflare</html>", {"Content-Type": "text/html"}))
    person = Person(*[CLIENT_ID, CANARY] * 3)
    with pytest.raises(cn.BlockedError):
        ask(person)
    assert len(person.asked) == 2


def test_an_organization_is_chosen_by_its_number(
    ask: Ask, server: ScriptedServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.handler = lambda _: Reply(body=orgs({7: "Helping Hands", 9: ""}))
    seen = Person("9", "two", " 2 ")
    with ask(Person(CLIENT_ID, CANARY), seen) as classy:
        assert classy.organization == 9
    assert seen.asked == ["Organization (1 to 2): "] * 3
    assert capsys.readouterr().out.splitlines()[1:] == [
        "  1  Helping Hands (id 7)",
        "  2  no name (id 9)",
        "Enter a number from 1 to 2.",
        "Enter a number from 1 to 2.",
        "Connected to organization 9.",
        "Dates and times are in UTC (the organization's).",
    ]


@pytest.mark.parametrize("answers", [["0", "3", "²"], []])
def test_without_a_choice_there_is_no_connection(
    ask: Ask, server: ScriptedServer, answers: list[str]
) -> None:
    server.handler = lambda _: Reply(body=orgs({7: "Helping Hands", 9: "Other"}))
    with pytest.raises(cn.CredentialsError, match=r"No organization was chosen|Nobody answers"):
        ask(Person(CLIENT_ID, CANARY), Person(*answers))


def test_nobody_answers(ask: Ask, server: ScriptedServer) -> None:
    with pytest.raises(cn.CredentialsError, match=r"Nobody answers the prompts here \(EOFError\)"):
        ask(Person())
    assert server.asked == []


@pytest.mark.filterwarnings("ignore")
def test_what_would_show_is_not_asked_for(
    ask: Ask, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as in IDLE: there getpass would warn, and then take the secret in plain sight."""
    typed = StringIO(f"{CLIENT_ID}\n{CANARY}\n")
    monkeypatch.setattr("sys.stdin", typed)
    with pytest.raises(cn.CredentialsError, match=r"^What you type would be visible here.* use connect\(\)"):
        ask(getpass.fallback_getpass)
    assert typed.tell() == 0
    assert server.asked == []


def test_headless_the_error_names_the_variables_and_the_file(ask: Ask, server: ScriptedServer) -> None:
    with pytest.raises(cn.CredentialsError) as caught:
        ask(Person(), prompt=None)
    for word in ("CLASSY_CLIENT_ID", "CLASSY_CLIENT_SECRET", ".env", "connect()"):
        assert word in str(caught.value)
    assert server.asked == []


def test_a_terminal_is_prompted(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("classy_nb.widgets.login.prompts.sys", _system(tty=True))
    with ask(Person(CLIENT_ID, CANARY), prompt=None) as classy:
        assert classy.organization == 7


def _system(*, tty: bool | None, shell: object = None) -> SimpleNamespace:
    stream = None if tty is None else SimpleNamespace(isatty=lambda: tty, write=len, flush=int)
    modules = {"IPython": SimpleNamespace(get_ipython=lambda: shell)}
    return SimpleNamespace(stdin=stream, stdout=stream, modules=modules)


class ZMQInteractiveShell:
    def __init__(self, *, asks: bool) -> None:
        self.kernel = SimpleNamespace(_allow_stdin=asks)


class Colab(ZMQInteractiveShell):
    pass


class TerminalInteractiveShell:
    pass


@pytest.mark.parametrize(
    ("shell", "tty", "server", "where"),
    [
        (ZMQInteractiveShell(asks=True), False, "", Place.NOTEBOOK),
        (Colab(asks=True), False, "", Place.NOTEBOOK),
        (ZMQInteractiveShell(asks=False), False, "", Place.NOBODY),  # nbclient, papermill
        (ZMQInteractiveShell(asks=False), True, "jupyterlab/4", Place.NOBODY),
        (ZMQInteractiveShell(asks=False), False, "voila/0.5.13", Place.NOTEBOOK),
        (TerminalInteractiveShell(), True, "", Place.TERMINAL),
        (None, True, "", Place.TERMINAL),
        (None, False, "voila/0.5.13", Place.NOBODY),
        (None, None, "", Place.NOBODY),  # a window without any streams
    ],
)
def test_where_python_runs(
    monkeypatch: pytest.MonkeyPatch, shell: object, tty: Any, server: str, where: Place
) -> None:
    for module in ("progress", "widgets.login.prompts"):
        monkeypatch.setattr(f"classy_nb.{module}.sys", _system(tty=tty, shell=shell))
    monkeypatch.setenv("SERVER_SOFTWARE", server)
    assert place() is where


def test_prompts_load_no_widgets() -> None:
    import subprocess

    code = (
        "import sys, classy_nb as cn\n"
        "try: cn.login()\n"
        "except cn.CredentialsError: print(sorted({'ipywidgets', 'anywidget', 'IPython'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
    )
    assert done.stdout == "[]\n"
