"""docs/start.md and docs/guide: every block runs against a sandbox, and gives what the page says.

The blocks of a page run one after the other in an empty folder, where ``cn.connect()`` finds a sandbox. It is
the last day of the sandbox's data. The page shows what the blocks give, in one of two ways:

- in a block of ```text`` right below: what was printed, warned of or raised, and the last line's value;
- else behind each line that has a value: ``len(gifts)  # 1,643: a remark``. An error or a warning gives its
  class.

``python tests/test_guides.py`` writes these results again; the sentences are written by hand. Commands in
```sh`` blocks run as well, with their output. What a scheduler would start is parsed.
"""

from __future__ import annotations

import ast
import io
import json
import re
import shlex
import sys
import tempfile
import textwrap
import tomllib
import warnings
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
import yaml

import classy_nb as cn
from classy_nb import cli
from classy_nb.query import named_period
from classy_nb.sandbox import Sandbox
from classy_nb.sandbox.sandbox import TODAY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "docs" / "start.md", *sorted((ROOT / "docs" / "guide").glob("*.md"))]
IDS = [page.stem for page in PAGES]
_FORM = "a form in a notebook; tests/browser fills it in"
NOT_RUN = [
    ("explorer", "classy = cn.login()", _FORM),
    ("explorer", "classy.explore()", _FORM),
    ("login", "classy = cn.login()", _FORM),
]
"""Blocks that cannot run here: page, last line, and the reason in ``<!-- not run: REASON -->`` above it."""
READERS: dict[str, Callable[[str], Any]] = {
    "json": json.loads,
    "toml": tomllib.loads,
    "yaml": yaml.safe_load,
}
COMMANDS = {"pip", "databricks"}
"""Commands that are not run. Of pip, the extras are compared with those that exist."""

_BLOCK = re.compile(
    r"(?ms)^(?:<!-- not run: (?P<reason>[^\n]*?) -->\n+)?```(?P<kind>[a-z]+)\n(?P<code>.*?)^```\n"
    r"(?:\n```text\n(?P<output>.*?)^```\n)?"
)
_WIDTH = 100


class Clock(datetime):
    """It is always noon of the sandbox's last day."""

    @classmethod
    def now(cls, tz: Any = None) -> Clock:
        return cls(TODAY.year, TODAY.month, TODAY.day, 12, tzinfo=tz)


@contextmanager
def at_home(patch: pytest.MonkeyPatch, folder: Path, box: Sandbox) -> Iterator[None]:
    """Be in an empty folder, on the sandbox's last day, with its credentials in the environment."""
    patch.chdir(folder)
    patch.setattr("classy_nb.query.periods.datetime", Clock)
    for name, value in {
        "MPLBACKEND": "agg",
        "COLUMNS": str(_WIDTH),
        "CLASSY_CLIENT_ID": box.client_id,
        "CLASSY_CLIENT_SECRET": box.client_secret,
        "CLASSY_BASE_URL": box.base_url,
        "CLASSY_TOKEN_URL": box.token_url,
    }.items():
        patch.setenv(name, value)
    with pd.option_context("display.width", _WIDTH, "display.max_columns", 20, "display.max_rows", 20):
        yield


def in_page(value: object) -> str:
    """Return a value as a page shows it: with a comma for thousands, and without ends of lines."""
    if isinstance(value, int | np.integer) and not isinstance(value, bool):
        return f"{value:,}"
    return "\n".join(line.rstrip() for line in str(value).splitlines())


def evaluated(node: ast.stmt, namespace: dict[str, Any], page: str) -> Any:
    """Run a statement and return its value, None if it has none."""
    if isinstance(node, ast.Expr):
        return eval(compile(ast.Expression(node.value), page, "eval"), namespace)
    exec(compile(ast.Module([node], []), page, "exec"), namespace)
    return None


def with_results(block: str, namespace: dict[str, Any], page: str) -> str:
    """Run a block and return it with what its lines returned: ``expression  # result: remark``."""
    lines = block.splitlines(keepends=True)
    for node in ast.parse(block).body:
        with (
            warnings.catch_warnings(),
            redirect_stdout(io.StringIO()) as printed,
            redirect_stderr(io.StringIO()),
        ):
            warnings.simplefilter("error")
            try:
                result = evaluated(node, namespace, page)
            except Exception as error:  # noqa: BLE001 - pages show errors too
                result = type(error).__name__
        assert not printed.getvalue(), f"{page}: a block of text has to show what this prints:\n{block}"
        if result is None:
            continue
        assert "\n" not in in_page(result), f"{page}: a block of text has to show what this returns:\n{block}"
        last = (node.end_lineno or node.lineno) - 1
        code, _, said = lines[last].rstrip().partition("  # ")
        shown = in_page(result)
        # A value may have a colon of its own.
        fresh = f"{said}: ".startswith(f"{shown}: ")
        remark = said.removeprefix(shown) if fresh else "".join(said.partition(": ")[1:])
        lines[last] = f"{code.rstrip()}  # {shown}{remark}\n"
    return "".join(lines)


def output_of(block: str, namespace: dict[str, Any], page: str) -> str:
    """Run a block and return what a notebook would show below it."""
    with (
        warnings.catch_warnings(record=True) as caught,
        redirect_stdout(io.StringIO()) as printed,
        redirect_stderr(io.StringIO()),  # progress
    ):
        warnings.simplefilter("always")
        last = None
        try:
            for node in ast.parse(block).body:
                last = evaluated(node, namespace, page)
        except cn.ClassyError as error:
            last = f"{type(error).__name__}: {error}"
    parts = [f"{warning.category.__name__}: {warning.message}" for warning in caught]
    parts += [printed.getvalue()] if printed.getvalue() else []
    parts += [] if last is None else [in_page(last)]
    return folded("\n".join(part.rstrip("\n") for part in parts))


def command_output(block: str) -> str:
    """Run the lines of a shell's block that call ``classy-nb``, and return what they print."""
    with redirect_stdout(io.StringIO()) as printed, redirect_stderr(io.StringIO()):
        for line in commands_in(block):
            if line[0] == "classy-nb":
                assert cli.main(line[1:]) == 0, line
    return folded(printed.getvalue().rstrip("\n"))


def commands_in(text: str) -> list[list[str]]:
    """Return the commands of a shell's block as lists of words, and check that each is known."""
    lines = text.replace("\\\n", " ").splitlines()
    commands = [words for line in lines if (words := shlex.split(line, comments=True))]
    for words in commands:
        assert words[0] == "classy-nb" or words[0] in COMMANDS, words
        extras = re.findall(r"classy-nb\[([\w,]+)\]", " ".join(words))
        assert set(",".join(extras).split(",")) - {""} <= extras_of_the_package(), words
    return commands


def extras_of_the_package() -> set[str]:
    return set(
        tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    )


def folded(text: str) -> str:
    """Return a text whose long lines of prose are broken, so that a page need not be scrolled."""
    return "".join(
        f"{textwrap.fill(line, _WIDTH) if len(line) > _WIDTH else line}\n" for line in text.splitlines()
    )


def scheduled(text: str) -> list[list[str]]:
    """Return the arguments of each ``classy-nb`` that a crontab or a workflow would start."""
    found = re.findall(r"classy-nb (.*?)(?= >>| \|\||$)", text, re.MULTILINE)
    return [shlex.split(re.sub(r"\$\{\{.*?\}\}", "1", line), comments=True) for line in found]


def check_settings(kind: str, code: str, page: str) -> None:
    """Read what other programs read; tests/test_assistants_page.py says what an assistant's have to start."""
    if kind in ("cron", "yaml"):
        for arguments in scheduled(code):
            cli.parser().parse_args(arguments)
    if kind in READERS:
        assert isinstance(READERS[kind](code), dict)
    elif kind == "ini":
        Path("settings.env").write_text(code, "utf-8")
        Path("settings.env").chmod(0o600)
        cn.Credentials.load(env_file="settings.env", environ={})
    elif kind != "cron":
        raise AssertionError(f"{page} has a block of {kind}, which nothing runs")


def page_as_it_runs(path: Path) -> tuple[str, list[tuple[str, str, str]]]:
    """Return a page with the results that its blocks have, and which of them were not run."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    not_run = []

    def ran(found: re.Match[str]) -> str:
        kind, code, output = found["kind"], found["code"], found["output"]
        if found["reason"]:
            not_run.append((path.stem, code.splitlines()[-1], found["reason"]))
            return found[0]
        if kind == "python" and output is None:
            return found[0].replace(code, with_results(code, namespace, path.name))
        if kind in ("python", "sh"):
            shown = command_output(code) if kind == "sh" else output_of(code, namespace, path.name)
            if output is None:
                assert not shown, f"{path.name}: a block of text has to show what this prints:\n{code}"
                return found[0]
            return found[0].removesuffix(f"{output}```\n") + f"{shown}```\n"
        check_settings(kind, code, path.name)
        return found[0]

    page = path.read_text("utf-8")
    left = re.findall(r"(?m)^ *```.*", _BLOCK.sub("", page))
    assert set(left) <= {"```{toctree}", "```"}, f"{path.name} has blocks that nothing runs: {left}"
    text = _BLOCK.sub(ran, page)
    for name in ("copy", "classy"):
        if hasattr(namespace.get(name), "close"):
            namespace[name].close()
    return text, not_run


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox(transactions=6_000, requests_per_minute=0) as started:
        yield started


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_block_gives_what_the_page_says(
    page: Path, box: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with at_home(monkeypatch, tmp_path, box):
        text, not_run = page_as_it_runs(page)
    assert text == page.read_text("utf-8"), "run python tests/test_guides.py"
    assert not_run == [block for block in NOT_RUN if block[0] == page.stem]


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_each_page_takes_less_than_eight_minutes_to_read(page: Path) -> None:
    assert len(page.read_text("utf-8").split()) < 8 * 240


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_pictures_are_small_and_described(page: Path) -> None:
    for description, path in re.findall(r"!\[(.*?)\]\((.*?)\)", page.read_text("utf-8")):
        assert len(description) > 40
        assert (page.parent / path).stat().st_size <= 150_000


def test_the_table_of_periods_is_what_the_words_mean() -> None:
    text = (ROOT / "docs" / "guide" / "periods.md").read_text("utf-8")
    assert f"{TODAY:%B} {TODAY.day}, {TODAY.year}" in text
    rows = re.findall(r"(?m)^\| `\"([^|]+)\"` \| ([\d-]+)(?: to ([\d-]+))? \|", text)
    assert len(rows) >= 12
    for words, first, last in rows:
        meant = named_period(words, today=TODAY, fiscal_year_start=7)
        assert [str(day) for day in meant] == [first, last or first], words


def main() -> None:
    """Write the results of all pages, or of those that are named, again."""
    wanted = set(sys.argv[1:]) or set(IDS)
    with Sandbox(transactions=6_000, requests_per_minute=0) as box:
        for page in PAGES:
            if page.stem not in wanted:
                continue
            with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
                with at_home(patch, Path(folder), box):
                    text, _ = page_as_it_runs(page)
                patch.undo()
            page.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
