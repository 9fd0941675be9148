"""``classy-nb mcp``: what it reads, and what is said where it cannot."""

import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("mcp")

from support.connection import CANARY

from classy_nb import assistant
from classy_nb.cli import main


def run(*arguments: str) -> int:
    try:
        return main(["mcp", *arguments])
    except SystemExit as leaving:
        return int(leaving.code or 0)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--mirror", "missing.duckdb"], 1, "missing.duckdb does not exist."),
        (["--mirror", "a.duckdb", "--demo"], 2, "not allowed with argument"),
        ([], 1, "CLASSY_CLIENT_ID"),
        (["--env-file", "missing.env"], 1, "missing.env"),
    ],
)
def test_what_cannot_be_read_is_an_error_and_nothing_on_standard_output(
    *,
    arguments: list[str],
    code: int,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(*arguments) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err


def test_without_the_extra_it_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in sys.modules if name.startswith("classy_nb.assistant")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pydantic", None)
    assert run("--demo") == 1
    assert (
        capsys.readouterr().err
        == "classy-nb: Assistants need another package: pip install 'classy-nb[mcp]'\n"
    )


@pytest.mark.parametrize("allowed", [False, True])
def test_it_reads_with_the_credentials_that_it_finds(
    *,
    allowed: bool,
    logged_in: None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    served: list[Any] = []
    monkeypatch.setattr(assistant, "serve", lambda reader: served.append((reader, reader.facts())))
    assert run(*(["--allow-personal"] if allowed else []), "--timezone", "Europe/Berlin") == 0
    [(reader, facts)] = served
    assert reader.disclosure.allow_personal is allowed
    assert facts.organization == {"id": 7, "name": "Helping Hands"}
    assert (facts.source, facts.timezone, facts.begins) == ("API", "Europe/Berlin", None)
    assert CANARY not in "".join(capsys.readouterr())
