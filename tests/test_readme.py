"""The README says what is: its code runs, its tables name what exists."""

from __future__ import annotations

import re
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
import vcr

import classy_nb as cn
from classy_nb import catalog, errors
from classy_nb.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"(?ms)^```python\n(.*?)^```", README)
GROUPS = {"ClassyError", "ResponseError"}
"""Roots of the error tree: no row of the table is about them."""


def table(header: str) -> list[list[str]]:
    """Return the rows of the table whose header begins so."""
    lines = README[README.index(f"| {header} |") :].splitlines()
    rows = []
    for line in lines[2:]:
        if not line.startswith("|"):
            break
        rows.append([part.strip() for part in line.strip("|").split(" | ")])
    return rows


def code_in(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox(transactions=600, requests_per_minute=0) as started:
        yield started


@pytest.fixture
def at_home(box: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty folder, and an environment whose credentials are the sandbox's."""
    monkeypatch.chdir(tmp_path)
    for name, value in (
        ("CLASSY_CLIENT_ID", box.client_id),
        ("CLASSY_CLIENT_SECRET", box.client_secret),
        ("CLASSY_BASE_URL", box.base_url),
        ("CLASSY_TOKEN_URL", box.token_url),
    ):
        monkeypatch.setenv(name, value)
    return tmp_path


def test_every_block_runs_one_after_the_other(box: Sandbox, at_home: Path) -> None:
    assert len(BLOCKS) >= 3
    namespace: dict[str, Any] = {}
    for number, block in enumerate(BLOCKS, 1):
        exec(compile(block, f"README.md, block {number}", "exec"), namespace)
    gifts = namespace["gifts"]
    assert isinstance(gifts, pd.DataFrame)
    assert set(gifts["status"]) == {"success"}
    assert set(gifts["purchased_at"].dt.year) == {2026}
    assert len(pd.read_csv("gifts.csv", low_memory=False)) == len(gifts) > 0
    assert Path("for_excel.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    namespace["classy"].close()


def asked_for() -> list[str]:
    """Return what the table of wishes tells to write."""
    rows = [code for _, written in table("You want | You write") for code in code_in(written)]
    return [code for code in rows if code != "id"]


def runnable(code: str, box: Sandbox) -> str:
    """Put ids that exist into a line of the table; make a call of what is only a keyword."""
    first = {kind: box.truth(kind)[0]["id"] for kind in ("campaigns", "fundraising_pages", "transactions")}
    code = code.replace("campaign=123", f"campaign={first['campaigns']}")
    code = code.replace("/campaigns/123/", f"/campaigns/{first['campaigns']}/")
    code = code.replace("fundraising_page=7", f"fundraising_page={first['fundraising_pages']}")
    code = code.replace("get(8734)", f"get({first['transactions']})")
    return code if code.startswith(("classy.", "for ")) else f"classy.transactions({code}, limit=5)"


@pytest.mark.parametrize("code", asked_for())
def test_every_line_of_the_table_of_wishes_runs(box: Sandbox, at_home: Path, code: str) -> None:
    with cn.connect() as classy:
        exec(compile(runnable(code, box), "README.md", "exec"), {"classy": classy})


def test_every_resource_named_exists() -> None:
    named = set(re.findall(r"\bclassy\.(\w+)", README)) - {"duckdb"}  # the name of a file
    methods = {"get", "resources", "close", "explore", "mirror"}
    assert named & set(catalog.load().resources)
    assert named <= set(catalog.load().resources) | methods


def test_the_table_of_resources_is_the_catalogs() -> None:
    named = [name for row in table("About | Resources") for name in code_in(row[1])]
    assert len(named) == len(set(named))
    assert set(named) == set(catalog.load().resources)


def test_the_table_of_notebooks_names_them_all() -> None:
    named = [code_in(row[0])[0] for row in table("Notebook | What it answers")]
    assert named == sorted(path.stem for path in ROOT.glob("notebooks/*.ipynb"))


def test_every_function_named_exists() -> None:
    named = set(re.findall(r"\bcn\.(\w+)", README))
    assert {"connect", "demo", "to_csv", "explode", "ClassyError"} <= named
    assert named <= set(cn.__all__)


def test_the_error_table_names_every_error() -> None:
    listed = [name for row in table("Error | Meaning | Remedy") for name in code_in(row[0])]
    assert len(listed) == len(set(listed))
    public = {
        name
        for name in cn.__all__
        if isinstance(getattr(errors, name, None), type)
        and issubclass(getattr(errors, name), errors.ClassyError)
    }
    assert set(listed) <= public
    assert public - set(listed) == GROUPS


def test_dtypes_are_the_catalogs() -> None:
    named = {code for row in table("Kind | dtype | Remarks") for code in code_in(row[1]) if "." not in code}
    declared = {text.replace("{timezone}", "ZONE") for text in catalog.KINDS.values()}
    assert named == declared


def test_numbers_of_endpoints() -> None:
    endpoints = catalog.load().endpoints
    said = re.search(r"\((\d+) GETs\), and (\w+) that its documentation does not list", README)
    assert said
    assert int(said.group(1)) == sum(e.listed for e in endpoints)
    assert {"two": 2, "three": 3}[said.group(2)] == sum(not e.listed for e in endpoints)


def test_commands_named_exist() -> None:
    from classy_nb.cli import parser

    known = parser().format_help()
    named = set(re.findall(r"classy-nb (?!demo\b)([a-z]+)\b", README)) | {"demo"}
    assert named <= set(re.findall(r"(?m)^ {4}([a-z]+)\b", known))


@pytest.mark.parametrize(
    "path", sorted(set(re.findall(r"`(?:python |bash )?((?:[\w.]+/)+[\w.]+)(?: [A-Z.a-z]+)?`", README)))
)
def test_files_named_exist(path: str) -> None:
    assert (Path(__file__).parents[1] / path).exists()


def passed_in_readme(name: str) -> list[str]:
    return re.findall(r'"(\w+)"', re.search(rf"`{name}=\[(.*?)\]`", README)[1])  # type: ignore[index]


@pytest.mark.edge(31)
def test_the_debug_level_of_http_shows_what_the_readme_says(
    box: Sandbox, at_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "`http.client.HTTPConnection.debuglevel = 1`" in README
    monkeypatch.setattr(HTTPConnection, "debuglevel", 1)
    with cn.connect() as classy:
        shown = capsys.readouterr().out
        assert box.client_secret in shown
        assert "Authorization: Bearer" in shown
        classy.campaigns.count(where="name = Nobody")
    shown = capsys.readouterr().out
    assert "Nobody" in shown
    assert box.client_secret not in shown


@pytest.mark.edge(31)
def test_a_cassette_as_the_readme_has_it_holds_no_secret(box: Sandbox, at_home: Path) -> None:
    options: dict[str, Any] = {
        name: passed_in_readme(name) for name in ("filter_headers", "filter_post_data_parameters")
    }
    cassette = at_home / "mine.yaml"
    with vcr.use_cassette(str(cassette)), cn.connect():
        pass
    assert box.client_secret in cassette.read_text("utf-8")

    cassette.unlink()
    with cn.connect() as classy, vcr.use_cassette(str(cassette), **options):
        assert classy.campaigns.count() > 0
    assert "Bearer" not in cassette.read_text("utf-8")

    cassette.unlink()
    with vcr.use_cassette(str(cassette), **options), cn.connect():
        pass
    recorded = cassette.read_text("utf-8")
    assert box.client_secret not in recorded
    assert '"access_token"' in recorded  # which is why one logs in outside of it
