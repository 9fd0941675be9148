"""What is typed into the login form shows nowhere: not in messages, state, attributes, logs or tracebacks."""

import io
import logging
import re
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest
from support.canaries import forms
from support.connection import CANARY, CANARY_TOKEN, CLIENT_ID, WRONG_CANARY, orgs
from support.login_form import Form
from support.server import Reply, ScriptedServer

import classy_nb as cn
from classy_nb.redact import Secret

Show = Callable[..., Form]
TOKEN = Reply(body={"access_token": CANARY_TOKEN, "expires_in": 7200, "token_type": "bearer"})
SOUGHT = {form for text in (CANARY, WRONG_CANARY, CANARY_TOKEN) for form in forms(text, CLIENT_ID)}


@pytest.fixture
def show(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Form]:
    monkeypatch.chdir(tmp_path)
    refused = Reply(400, {"error": "invalid_client", "you sent": WRONG_CANARY})
    server.login_handler = lambda asked: TOKEN if CANARY.encode() in asked.body else refused
    server.handler = lambda _: Reply(body=orgs({7: "Helping Hands", 9: "Other"}))
    return lambda **options: Form(server, monkeypatch, **options)


def clean(*texts: str) -> bool:
    content = "\n".join(texts).encode("utf-8", "surrogatepass")
    return not any(form in content for form in SOUGHT)


def held_by(thing: object) -> str:
    """Everything that can be reached from an object of ours, as text; what is sealed stays sealed."""
    seen: set[int] = set()
    found: list[str] = []
    todo = [thing]
    while todo:
        one = todo.pop()
        if id(one) in seen or isinstance(one, (Secret, type, threading.Thread)):
            continue
        seen.add(id(one))
        if isinstance(one, str | bytes | int | float):
            found.append(str(one))
        elif isinstance(one, dict):
            todo += [*one.keys(), *one.values()]
        elif isinstance(one, list | tuple | set | frozenset):
            todo += one
        elif type(one).__module__.split(".")[0] in {"classy_nb", "support"}:
            todo += vars(one).values() if hasattr(one, "__dict__") else []
            found.append(repr(one))
    return "\n".join(found)


def all_of(form: Form) -> str:
    panel = form.panel
    state = panel.get_state() if panel.comm is not None else {}
    traits = {name: repr(panel.trait_values().get(name)) for name in panel.trait_names()}
    shown = [repr(form.told), repr(form.output.shown), repr(state), repr(traits), repr(panel)]
    return "\n".join([*shown, held_by(vars(panel)), repr(form.classy), repr(vars(form.classy))])


def test_the_search_finds_what_is_there() -> None:
    assert not clean(f"x {CANARY} y")
    assert not clean(held_by({"a": [("b", {CANARY})]}))
    assert clean(held_by({"a": Secret(CANARY)}))


def test_no_moment_shows_a_secret(
    show: Show, server: ScriptedServer, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    form = show()
    assert clean(all_of(form))
    form.submit(client_secret=WRONG_CANARY)
    form.error()
    assert clean(all_of(form))
    form.submit(remember=False)
    form.wait_until("state", phase="choose")
    assert clean(all_of(form))
    form.say("choose", organization="9")
    form.connected()
    assert clean(all_of(form))
    assert clean(*(record.getMessage() for record in caplog.records), *capsys.readouterr())
    assert form.classy.organization == 9
    assert len([asked for asked in server.token_requests if CANARY.encode() in asked.body]) == 1


def test_a_secret_typed_as_the_client_id_is_not_shown_either(show: Show, server: ScriptedServer) -> None:
    form = show()
    server.login_handler = lambda _: Reply(400, {"error": "invalid_client"})
    form.submit(client_id=CANARY, client_secret=WRONG_CANARY)
    form.error()
    assert clean(repr(form.told), held_by(vars(form.panel)))


def test_the_message_itself_is_emptied(show: Show) -> None:
    form = show()
    content = {"kind": "submit", "client_id": CLIENT_ID, "client_secret": CANARY, "remember": False}
    form.panel._handle_custom_msg(content, [])
    assert content == {"kind": "submit", "remember": False}


def talk(error: BaseException) -> str:
    """Show an error in the two most talkative ways: with the variables of all frames but this file's."""
    from IPython.core.ultratb import VerboseTB

    ours = {__file__, sys.modules[Form.__module__].__file__, sys.modules["support.viewer"].__file__}
    stack = traceback.TracebackException.from_exception(error, capture_locals=True).stack
    frames = [frame for frame in stack if frame.filename not in ours]
    assert len(frames) > 1
    told = "".join("".join(stack.format_frame_summary(frame)) for frame in frames)
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename in ours:
        trace = trace.tb_next
    out = io.StringIO()
    VerboseTB(theme_name="nocolor", ostream=out)(type(error), error, trace)
    assert re.search(r"\w+ = ", out.getvalue())
    return told + out.getvalue()


def test_tracebacks_with_variables_do_not_show_it(show: Show, monkeypatch: pytest.MonkeyPatch) -> None:
    form = show()

    def interrupted(_: object) -> None:
        raise KeyboardInterrupt  # the one that is let out: the kernel's interrupt

    monkeypatch.setattr(form.panel, "background", interrupted)
    with pytest.raises(KeyboardInterrupt) as caught:
        form.submit()
    assert clean(talk(caught.value))


@pytest.mark.parametrize("secret", [CANARY, WRONG_CANARY])
def test_errors_of_the_prompts_do_not_show_it(
    show: Show, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, secret: str
) -> None:
    del show
    answers = iter([CLIENT_ID, secret] * 3)
    monkeypatch.setattr("getpass.getpass", lambda _: next(answers))
    monkeypatch.setattr("builtins.input", lambda _: "x")
    with pytest.raises(cn.CredentialsError) as caught:
        cn.login(prompt=True, base_url=server.base_url, token_url=server.token_url)
    error: BaseException | None = caught.value
    while error is not None:
        assert clean(talk(error), repr(error), str(error))
        error = error.__cause__ or error.__context__
