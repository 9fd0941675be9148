"""A canary secret and a canary token are put through all that fails; they must show nowhere."""

import io
import logging
import pickle
import traceback
import types
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from typing import Any

import pytest
from support.connection import CANARIES, CANARY, CANARY_TOKEN, CLIENT_ID, connected_to, orgs
from support.server import TOKEN, Asked, Reply, ScriptedServer

from classy_nb.errors import ClassyError
from classy_nb.http import RetryPolicy

ECHO = {
    "error": f"wrong {CANARY} {CANARY_TOKEN}",
    "error_description": f"client_secret={CANARY} Bearer {CANARY_TOKEN}",
    "message": f"{CANARY}{CANARY_TOKEN}",
}
DONOR = "ann.donor@example.org"

Failure = Callable[[ScriptedServer], Any]


def login_ok(_: Asked) -> Reply:
    return Reply(body={**TOKEN, "access_token": CANARY_TOKEN, "refresh_token": f"{CANARY_TOKEN}R"})


def failing_login(server: ScriptedServer) -> Any:
    server.login_handler = lambda _: Reply(400, ECHO)
    return connected_to(server)


def failing_login_field(server: ScriptedServer) -> Any:
    server.login_handler = lambda _: Reply(400, {"error": {CANARY: [CANARY]}})
    return connected_to(server)


def login_without_json(server: ScriptedServer) -> Any:
    server.login_handler = lambda _: Reply(200, [CANARY, CANARY_TOKEN])
    return connected_to(server)


def login_broken_off(server: ScriptedServer) -> Any:
    server.login_handler = lambda _: Reply(200, ECHO, cut=30)
    return connected_to(server)


def login_without_token(server: ScriptedServer) -> Any:
    server.login_handler = lambda _: Reply(200, {"note": CANARY, "token": CANARY_TOKEN})
    return connected_to(server)


def login_refused_by_firewall(server: ScriptedServer) -> Any:
    server.login_handler = lambda _: Reply(403, ECHO, {"cf-mitigated": "x", "Set-Cookie": f"a={CANARY}"})
    return connected_to(server)


def login_redirected(server: ScriptedServer) -> Any:
    server.login_handler = lambda _: Reply(302, b"", {"Location": f"http://x.example.org/?s={CANARY}"})
    return connected_to(server)


def answering(reply: Reply) -> Failure:
    def fail(server: ScriptedServer) -> Any:
        server.login_handler = login_ok
        server.answers.append(Reply(body=orgs({7: "Helping Hands"})))
        server.handler = lambda _: reply
        with connected_to(server) as classy:
            return classy.get("/organizations/7/supporters", filter=f"email_address={DONOR}")

    return fail


def connecting(reply: Reply) -> Failure:
    def fail(server: ScriptedServer) -> Any:
        server.login_handler = login_ok
        server.handler = lambda _: reply
        return connected_to(server)

    return fail


FAILURES: dict[str, Failure] = {
    "login refused": failing_login,
    "login refused, field": failing_login_field,
    "login not JSON": login_without_json,
    "login broken off": login_broken_off,
    "login without token": login_without_token,
    "login blocked": login_refused_by_firewall,
    "login redirected": login_redirected,
    "400": answering(Reply(400, ECHO)),
    "401": answering(Reply(401, {**ECHO, "error": "invalid_token"})),
    "403": answering(Reply(403, {**ECHO, "permissions": [{"action": CANARY, "entity": CANARY_TOKEN}]})),
    "404": answering(Reply(404, ECHO)),
    "429": answering(Reply(429, ECHO, {"Retry-After": "99999"})),
    "500": answering(Reply(500, ECHO)),
    "redirect": answering(Reply(302, b"", {"Location": f"http://x.example.org/?token={CANARY_TOKEN}"})),
    "broken off": answering(Reply(200, ECHO, cut=40)),
    "not JSON": answering(Reply(200, f"<p>{CANARY} {CANARY_TOKEN}</p>".encode())),
    "connecting, 400": connecting(Reply(400, ECHO)),
}


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("classy_nb.http.client.RetryPolicy", lambda: RetryPolicy(base=0))


@pytest.fixture(params=FAILURES.values(), ids=FAILURES.keys())
def failure(request: pytest.FixtureRequest, server: ScriptedServer) -> Callable[[], Any]:
    return lambda: request.param(server)


@pytest.fixture
def error(failure: Callable[[], Any]) -> BaseException:
    with pytest.raises(ClassyError) as caught:
        failure()
    return caught.value


def chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        yield from chain(error.__cause__)
        error = error.__context__


def clean(text: str) -> None:
    for hidden in CANARIES:
        assert hidden not in text
        assert hidden[:12] not in text


def test_the_error_holds_nothing(error: BaseException) -> None:
    clean(str(error))
    clean(repr(error))
    clean(repr(error.args) + repr(vars(error)))
    assert CLIENT_ID not in str(error)
    assert DONOR not in str(error)
    clean(pickle.dumps(error).decode("latin-1"))


def test_no_error_of_the_http_libraries_is_behind_it(error: BaseException) -> None:
    for each in chain(error):
        assert isinstance(each, ClassyError)
    assert error.__cause__ is None
    assert error.__context__ is None


def ours(error: BaseException) -> types.TracebackType:
    """The traceback from the package's first frame on: the frames of this file hold the canaries."""
    trace = error.__traceback__
    while trace and not str(trace.tb_frame.f_globals["__name__"]).startswith("classy_nb"):
        trace = trace.tb_next
    assert trace is not None
    return trace


def test_a_traceback_with_locals_holds_nothing(error: BaseException) -> None:
    shown = traceback.TracebackException(type(error), error, ours(error), capture_locals=True)
    text = "".join(shown.format())
    assert "classy_nb" in text
    clean(text)


def frames(error: BaseException) -> Iterator[types.FrameType]:
    for frame, _ in traceback.walk_tb(ours(error)):
        yield frame


def test_no_frame_of_the_http_libraries_is_in_the_traceback(error: BaseException) -> None:
    names = {str(frame.f_globals["__name__"]).partition(".")[0] for frame in frames(error)}
    assert names.isdisjoint({"requests", "urllib3", "http", "socket"})


def test_no_local_of_a_frame_holds_it_in_clear(error: BaseException) -> None:
    """Also the dicts and lists in the locals: a debugger or an error reporter would show them."""
    for frame in frames(error):
        if not str(frame.f_globals["__name__"]).startswith("classy_nb"):
            continue
        for name, value in frame.f_locals.items():
            clean(f"{name}={value!r}")


def test_verbose_tracebacks_of_ipython_hold_nothing(failure: Callable[[], Any]) -> None:
    ultratb = pytest.importorskip("IPython.core.ultratb")
    with pytest.raises(ClassyError) as caught:
        failure()
    error = caught.value
    formatter = ultratb.FormattedTB(mode="Verbose", theme_name="nocolor", include_vars=True)
    text = formatter.stb2text(formatter.structured_traceback(type(error), error, ours(error)))
    assert "classy_nb" in text
    clean(text)


def test_trap_38_an_error_in_disguise_is_masked_too(server: ScriptedServer) -> None:
    with pytest.raises(ClassyError, match="without data") as caught:
        connecting(Reply(200, ECHO))(server)
    clean(str(caught.value))


def test_logs_at_debug_hold_nothing(failure: Callable[[], Any], caplog: pytest.LogCaptureFixture) -> None:
    loggers = [logging.getLogger(name) for name in ("", *logging.root.manager.loggerDict)]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    out = io.StringIO()
    try:
        with redirect_stdout(out), redirect_stderr(out), pytest.raises(ClassyError):
            failure()
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
    text = caplog.text + "".join(f"{r.args!r}" for r in caplog.records) + out.getvalue()
    assert "classy_nb" in caplog.text
    clean(text)
    assert "ann" not in text
    assert CLIENT_ID not in text


def test_a_connection_shows_and_pickles_nothing(server: ScriptedServer) -> None:
    server.login_handler = login_ok
    server.handler = lambda _: Reply(body=orgs({7: "Helping Hands"}))
    with connected_to(server) as classy:
        things = [
            classy,
            classy._session.credentials,
            classy._session.http,
            classy._session.http.auth,
            classy.transactions,
        ]
        for thing in things:
            clean(f"{thing!r} {thing!s}")
            clean(getattr(thing, "_repr_html_", str)())
        clean(repr(vars(classy)) + repr(vars(classy._session.http)) + repr(vars(classy._session.http.auth)))
        assert server.data_requests[0].headers["Authorization"] == f"Bearer {CANARY_TOKEN}"
        for thing in (classy, classy._session.credentials, classy._session.http.auth):
            with pytest.raises(TypeError):
                pickle.dumps(thing)
