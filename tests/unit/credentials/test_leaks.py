"""A canary secret put through everything that can go wrong with credentials shows nowhere.

Traps 3 and 48. Each failure is shown in the three most talkative ways there are: its chain of
causes, a traceback with the variables of every frame, and IPython's verbose mode.
"""

import contextlib
import copy
import dataclasses
import io
import itertools
import logging
import os
import pickle
import subprocess
import sys
import traceback
import types
import warnings
from pathlib import Path

import dotenv
import pytest

from classy_nb.credentials import Credentials
from classy_nb.errors import CredentialsError, CredentialsWarning, UsageError

CANARY = "c4n4ry-9fK2/x$Q"
BOTH = {"CLASSY_CLIENT_ID": "the-id", "CLASSY_CLIENT_SECRET": CANARY}
FILE = f"CLASSY_CLIENT_ID=the-id\nCLASSY_CLIENT_SECRET={CANARY}\n"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    return tmp_path


def shown(error):
    """Everything that can be seen of an error, the frames of this file left out: they hold the canary."""
    texts = []
    while error is not None:
        frames = traceback.TracebackException.from_exception(error, capture_locals=True).stack
        texts += ["".join(frames.format_frame_summary(f)) for f in frames if f.filename != __file__]
        texts += [repr(error), str(error), repr(error.args), repr(vars(error))]
        error = error.__cause__ or error.__context__
    return "\n".join(texts)


def given(**arguments):
    return lambda: Credentials.load(environ={}, **arguments)


def from_file(text, **arguments):
    def load():
        Path(".env").write_bytes(text if isinstance(text, bytes) else text.encode())
        Credentials.load(environ=arguments.pop("environ", {}), **arguments)

    return load


def saved(prepare):
    def save():
        credentials = Credentials("the-id", CANARY)
        with pytest.MonkeyPatch.context() as patch:
            prepare(patch)
            credentials.save()

    return save


def from_colab(secret, **arguments):
    """Load from Colab's secrets, of which the client secret is a text or an exception."""

    def get(name):
        if name == "CLASSY_CLIENT_SECRET" and isinstance(secret, Exception):
            raise secret
        return {"CLASSY_CLIENT_ID": "the-id", "CLASSY_CLIENT_SECRET": secret}[name]

    def load():
        with pytest.MonkeyPatch.context() as patch:
            colab = types.ModuleType("google.colab")
            colab.userdata = types.SimpleNamespace(get=get)
            patch.setitem(sys.modules, "google.colab", colab)
            Credentials.load(environ={}, **arguments)

    return load


def with_keyring(**failures):
    """Save to a keyring that fails, and load from it."""

    def raises(name):
        def called(*_):
            raise failures[name]

        return called if name in failures else lambda *_: None

    def use():
        with pytest.MonkeyPatch.context() as patch:
            keyring = types.ModuleType("keyring")
            for name in ("get_password", "set_password", "delete_password"):
                setattr(keyring, name, raises(name))
            patch.setitem(sys.modules, "keyring", keyring)
            Credentials("the-id", CANARY).save_to_keyring()
            Credentials.load(environ={}, keyring=True)

    return use


def raising(error, *, times=1, real=os.replace):
    """Return a function that raises when it is called for the n-th time: the secret is written second."""
    calls = itertools.count(1)

    def fails(*arguments, **options):
        if next(calls) == times:
            raise error
        return real(*arguments, **options)

    return fails


def writes_and_fails(path, name, value, **options):
    """Fail as a full disk does inside the library, with the secret among the variables of this frame."""
    text = f"{name}={value}"
    raise ValueError(text)


FAILURES = {
    "no id": given(client_secret=CANARY),
    "blank id": given(client_id=" ", client_secret=CANARY),
    "bad organization": given(client_id="x", client_secret=CANARY, organization="y"),
    "bad address": given(client_id="x", client_secret=CANARY, base_url="http://x.example.org"),
    "bad time zone": given(client_id="x", client_secret=CANARY, timezone="x"),
    "same twice": given(client_id=CANARY, client_secret=CANARY),
    "secret as id": given(client_id=CANARY, client_secret=""),
    "several lines": given(client_id="x", client_secret=f"{CANARY}\n{CANARY}"),
    "copied with name": given(client_id="x", client_secret=f"client_secret={CANARY}"),
    "cut": given(client_id="x", client_secret=f"{CANARY}…"),
    "token": given(client_id="x", client_secret=f"Bearer {CANARY}"),
    "bytes": given(client_id="x", client_secret=CANARY.encode()),
    "list": given(client_id="x", client_secret=[CANARY]),
    "constructor": lambda: Credentials("", CANARY),
    "constructor, bytes": lambda: Credentials("x", CANARY.encode()),
    "constructor, address": lambda: Credentials("x", CANARY, base_url="x"),
    "environment without id": lambda: Credentials.load(environ={"CLASSY_CLIENT_SECRET": CANARY}),
    "environment, bad zone": lambda: Credentials.load(environ=BOTH | {"CLASSY_TIMEZONE": "x"}),
    "environment, bad id": lambda: Credentials.load(environ=BOTH | {"CLASSY_CLIENT_ID": "a\nb"}),
    "environment, no file": lambda: Credentials.load(environ=BOTH, env_file="missing.env"),
    "file without id": from_file(f"CLASSY_CLIENT_SECRET={CANARY}\n"),
    "file, bad zone": from_file(FILE + "CLASSY_TIMEZONE=x\n"),
    "file, not UTF-8": from_file(FILE.encode() + b"\xe9"),
    "file, cut UTF-16": from_file(FILE.encode("utf-16")[:-1]),
    "file, UTF-16 without mark": from_file(FILE.encode("utf-16-le")),
    "file, open quote": from_file(f"CLASSY_CLIENT_ID=x\nCLASSY_CLIENT_SECRET='{CANARY}\n"),
    "file, foreign host": from_file("CLASSY_TOKEN_URL=https://x.example.org\n", environ=BOTH),
    "warning: brackets": given(client_id="x", client_secret=f"<{CANARY}>"),
    "warning: space": given(client_id="x", client_secret=f"{CANARY} {CANARY}"),
    "warning: two places": from_file(FILE, client_id="x"),
    "warning: UTF-16": from_file(FILE.encode("utf-16")),
    "save: folder": saved(lambda patch: Path(".env").mkdir()),
    "save: library fails": saved(lambda patch: patch.setattr(dotenv, "set_key", writes_and_fails)),
    "save: disk full": saved(lambda patch: patch.setattr(os, "replace", raising(OSError(28, "full")))),
    "save: no temporary folder": saved(lambda patch: patch.setattr(os, "mkdir", raising(OSError(30, "x")))),
    "save: interrupted": saved(lambda patch: patch.setattr(Path, "replace", raising(KeyboardInterrupt()))),
    "save: interrupted in the library": saved(
        lambda patch: patch.setattr(os, "replace", raising(KeyboardInterrupt(), times=2))
    ),
    "save: reads back otherwise": saved(
        lambda patch: patch.setattr(dotenv, "set_key", lambda path, name, value, **options: None)
    ),
    "save: old file is no text": saved(lambda patch: Path(".env").write_bytes(FILE.encode() + b"\xe9")),
    "Colab: refused": from_colab(type("NotebookAccessError", (Exception,), {})(CANARY)),
    "Colab: in time": from_colab(type("TimeoutException", (Exception,), {})(CANARY)),
    "Colab: fails": from_colab(RuntimeError(CANARY)),
    "Colab: of another application": from_colab(CANARY, client_id="another-id"),
    "keyring: cannot be read": with_keyring(get_password=RuntimeError(CANARY)),
    "keyring: cannot be written to": with_keyring(set_password=RuntimeError(CANARY)),
    "pickle": lambda: pickle.dumps(Credentials("x", CANARY)),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_trap_48_no_failure_shows_the_secret(failure, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    expected = (CredentialsError, UsageError, CredentialsWarning, KeyboardInterrupt, TypeError)
    with pytest.raises(expected) as caught:  # warnings are errors here
        FAILURES[failure]()
    text = shown(caught.value) + caplog.text + "".join(capfd.readouterr())
    assert "credentials" in text  # the frames of the package are among what is shown
    assert CANARY not in text
    assert CANARY.encode().hex() not in text


def test_trap_48_an_interrupt_while_the_library_writes_is_passed_on_bare(folder, monkeypatch, caplog):
    def interrupted(path, name, value, **options):
        Path(path).write_text(f"{name}={value}")
        raise KeyboardInterrupt

    monkeypatch.setattr(dotenv, "set_key", interrupted)
    credentials = Credentials("the-id", CANARY)
    with pytest.raises(KeyboardInterrupt) as caught:
        credentials.save()
    assert CANARY not in shown(caught.value)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    "failure", ["save: folder", "save: library fails", "save: disk full", "save: interrupted"]
)
def test_trap_48_a_failed_save_leaves_the_secret_nowhere_on_disk(folder, failure, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(folder / "tmp"))
    (folder / "tmp").mkdir()
    with pytest.raises((CredentialsError, KeyboardInterrupt)):
        FAILURES[failure]()
    assert [p for p in folder.rglob("*") if p.is_file() and CANARY.encode() in p.read_bytes()] == []


def test_trap_48_what_shows_credentials_shows_the_mask(caplog, capsys):
    credentials = Credentials.load(environ=BOTH)
    caplog.set_level(logging.DEBUG)
    logging.getLogger().debug("%s %r %s", credentials, credentials, vars(credentials))
    text = repr(dataclasses.asdict(credentials)) + repr(vars(copy.deepcopy(credentials))) + f"{credentials}"
    text += repr(dataclasses.astuple(credentials)) + repr(credentials.__reduce_ex__(2)) + caplog.text
    help(Credentials)
    text += capsys.readouterr().out
    assert "********" in text
    assert CANARY not in text
    assert "the-id" not in f"{credentials!r}"


def test_trap_48_help_does_not_hold_the_environment(monkeypatch, capsys):
    """A default of ``os.environ`` would print all of it."""
    monkeypatch.setenv("CLASSY_CLIENT_SECRET", CANARY)
    with contextlib.redirect_stdout(io.StringIO()) as out:
        help(Credentials.load)
    assert "environ" in out.getvalue()
    assert CANARY not in out.getvalue()


@pytest.mark.parametrize("text", [f"<{CANARY}>", f"{CANARY} {CANARY}"])
def test_trap_48_no_warning_shows_the_secret(text, recwarn):
    warnings.simplefilter("always")
    Credentials("the-id", text)
    assert len(recwarn) == 1
    assert CANARY not in str(recwarn[0].message) + warnings.formatwarning(
        recwarn[0].message, recwarn[0].category, "notebook", 1, ""
    )


CELLS = r"""
import os, sys, traceback
from pathlib import Path
from IPython.core.interactiveshell import InteractiveShell

shell = InteractiveShell()
shell.run_line_magic("xmode", "Verbose")
shell.run_line_magic("colors", "NoColor")
shell.user_ns["read"] = lambda: Path("canary.txt").read_text()
cells = '''
from classy_nb.credentials import Credentials; from pathlib import Path; import dotenv, os, pickle
Credentials.load("", read(), environ={})
Credentials.load("x", read().encode(), environ={})
Credentials(read(), read())
Credentials("x", read(), base_url="http://x.example.org")
Credentials.load(environ={"CLASSY_CLIENT_SECRET": read()})
Path(".env").write_text("CLASSY_CLIENT_SECRET=" + read()) and None
Credentials.load()
Credentials.load("x", timezone="x")
Path(".env").write_bytes(b"CLASSY_CLIENT_SECRET=" + read().encode() + bytes([233])) and None
Credentials.load()
os.environ["CLASSY_CLIENT_SECRET"] = read()
Credentials.load()
Path(".env").unlink(); mine = Credentials("the-id", read()); mine
pickle.dumps(mine)
dotenv.set_key = lambda path, name, value: 1
mine.save()
mine.client_secret + 1
'''.strip().splitlines()
for cell in cells:
    shell.run_cell(cell)
"""


def test_trap_48_ipython_s_verbose_tracebacks_do_not_show_the_secret(folder):
    (folder / "canary.txt").write_text(CANARY)
    (folder / "cells.py").write_text(CELLS)
    environ = {"HOME": str(folder), "IPYTHONDIR": str(folder / "ipython"), "PATH": os.environ["PATH"]}
    environ |= {"PYTHONPATH": str(Path(__file__).parents[3]), "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        [sys.executable, "cells.py"], capture_output=True, text=True, env=environ, timeout=120, check=True
    )
    text = done.stdout + done.stderr
    assert text.count("Traceback (most recent call last)") == 12
    assert text.count("CredentialsError:") >= 7
    assert "client_secret = Secret('********')" in text
    assert "<Credentials client_id='the…', client_secret=********, from arguments>" in text
    assert CANARY not in text
