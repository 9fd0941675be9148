"""A secret and its tokens, put through everything, show nowhere: not on the screen, not on the disk."""

from __future__ import annotations

import base64
import re
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from integration.shell import CLASSY_NB, PACKAGE, run
from support.canaries import leaks, tokens_of

from classy_nb.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

CLIENT_ID = "canaryId0f1e2d3c"
SECRET = "canarySecret-9f8e7d6c/5b4a+3"
INTEGRATION = "canaryIntegration5a4b3c2d1e"
PROGRAM = Path(__file__).with_name("canary_program.py")


@pytest.fixture
def canary_box() -> Iterator[Sandbox]:
    with Sandbox(
        transactions=120, requests_per_minute=0, client_id=CLIENT_ID, client_secret=SECRET
    ) as started:
        yield started


def closed_port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return int(unused.getsockname()[1])


def test_trap_48_a_canary_in_a_notebook_session(canary_box: Sandbox, tmp_path: Path) -> None:
    environ = {
        "CLASSY_CLIENT_ID": CLIENT_ID,
        "CLASSY_CLIENT_SECRET": SECRET,
        "CLASSY_BASE_URL": canary_box.base_url,
        "CLASSY_TOKEN_URL": canary_box.token_url,
        "NOBODY": f"http://127.0.0.1:{closed_port()}",
        "INTEGRATION": INTEGRATION,
        "PYTHONWARNINGS": "default",
        "PYTHONPATH": f"{PACKAGE}:{PROGRAM.parents[1]}",
    }
    ended = run([sys.executable, str(PROGRAM)], tmp_path, environ=environ)
    assert ended.returncode == 0, ended.stderr[-2000:]
    # First that everything has really happened, and was shown:
    assert "the last cell has run" in ended.stdout
    for error in (
        "LoginError", "ConnectionFailedError", "NoSuchPathError", "PermissionDeniedError", "NotFoundError",
        "UsageError", "Invalid client authentication", "Mars/Olympus", "cannot be pickled",
    ):  # fmt: skip
        assert error in ended.stdout + ended.stderr, error
    assert "in_a_function_of_the_user" in (tmp_path / "traceback.txt").read_text()
    assert "credentials = " in (tmp_path / "traceback.txt").read_text()
    assert "GET" in (tmp_path / "debug.log").read_text()
    assert "client_secret=REDACTED" in (tmp_path / "tape.yaml").read_text()
    assert (tmp_path / "ipython" / "profile_default" / "history.sqlite").exists()
    # Then that nothing of it shows:
    canaries = {"secret": SECRET, "integration id": INTEGRATION, **tokens_of(canary_box)}
    assert leaks(tmp_path, CLIENT_ID, canaries, ended.stdout, ended.stderr) == []
    # The tokens of the demo's sandbox, which nobody here knows, are 32 digits of hex.
    shown = ended.stdout + ended.stderr + (tmp_path / "debug.log").read_text()
    assert re.findall(r"\b[0-9a-f]{32}\b", shown) == []


def test_trap_48_a_canary_at_the_shell(canary_box: Sandbox, tmp_path: Path) -> None:
    environ = {
        "CLASSY_CLIENT_ID": CLIENT_ID,
        "CLASSY_CLIENT_SECRET": SECRET,
        "CLASSY_BASE_URL": canary_box.base_url,
        "CLASSY_TOKEN_URL": canary_box.token_url,
    }
    outputs = []
    for arguments, code in (
        (["export", "transactions", "--to", "gifts.csv"], 0),
        (["export", "transactions", "--to", "nowhere/gifts.csv"], 1),
        (["export", "transactions", "--organization", "77", "--to", "x.csv"], 2),
        (["export", "moments", "--to", "x.csv"], 2),
        (["demo", "--transactions", "120", "--to", "out"], 0),
    ):
        ended = run([*CLASSY_NB, *arguments], tmp_path, environ=environ)
        assert ended.returncode == code, ended.stderr
        outputs += [ended.stdout, ended.stderr]
    wrong = run(
        [*CLASSY_NB, "export", "transactions", "--to", "x.csv"],
        tmp_path,
        environ={**environ, "CLASSY_CLIENT_ID": "wrongClientId"},
    )
    assert "Invalid client authentication" in wrong.stderr
    canaries = {"secret": SECRET, **tokens_of(canary_box)}
    assert leaks(tmp_path, CLIENT_ID, canaries, *outputs, wrong.stdout, wrong.stderr) == []
    # The sandbox of the demo makes up an id, a secret and tokens: 16 and 32 digits of hex.
    assert not re.search(r"\b([0-9a-f]{16}|[0-9a-f]{32})\b", "".join(outputs))


@pytest.mark.parametrize(
    "hide",
    [
        lambda text: text.encode(),
        lambda text: b"x" + base64.b64encode(f"{CLIENT_ID}:{text}".encode()),
        lambda text: f"a={quote(text, safe='')}&b=".encode(),
        lambda text: text.encode("utf-16"),
    ],
)
def test_the_search_would_find_a_canary(tmp_path: Path, hide: object) -> None:
    place = tmp_path / "deep" / "inside"
    place.mkdir(parents=True)
    (place / "file.bin").write_bytes(b"\x00\x01" + hide(SECRET) + b"\xff")  # type: ignore[operator]
    assert leaks(tmp_path, CLIENT_ID, {"secret": SECRET}) == ["secret in deep/inside/file.bin"]
    assert leaks(tmp_path, CLIENT_ID, {"other": "nothing of the kind"}) == []
    assert leaks(tmp_path / "empty", CLIENT_ID, {"secret": SECRET}, f"shown: {SECRET}") == [
        "secret in output 0"
    ]
