"""Imports point one way. A new module has to be given its place here, deliberately."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import classy_nb

PACKAGE = Path(classy_nb.__file__).parent

ORDER = [
    "_version",
    "_warn",
    "redact",
    "errors",
    "_stop",
    "_logs",
    "_notebook",
    "catalog",
    "moments",
    "conditions",
    "paths",
    "_values",
    "_query",
    "query",
    "cards",
    "credentials",
    "responses",
    "tokens",
    "pacing",
    "_connections",
    "_exchange",
    "_retry",
    "transport",
    "walk",
    "progress",
    "frames",
    "export",
    "analysis",
    "sandbox",
    "panel",
    "client",
    "cli",
    "__main__",
]
"""From the bottom to the top: a module imports those before it only. ``__init__`` may import all."""

ONLY = {
    "requests": {"_connections", "_exchange", "tokens", "transport"},
    "urllib3": {"_connections"},
    "tenacity": {"_retry"},
    "orjson": {"transport", "sandbox", "frames", "export", "client"},
    "dotenv": {"credentials"},
    "pandas": {"frames", "export", "analysis", "panel", "client", "cli"},
    "numpy": {"frames", "export", "analysis", "sandbox"},
    "pyarrow": {"frames", "export"},
    "aiohttp": {"sandbox"},
    "multidict": {"sandbox"},
    "tqdm": {"progress"},
    "filelock": {"export"},
    "IPython": {"progress", "panel", "client"},
    "ipywidgets": {"panel"},
    "anywidget": {"panel"},
}
"""Who may import what of other people's."""


def place(file: Path) -> str:
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


@cache
def imported(file: Path) -> frozenset[str]:
    """Return the full names of all modules that a file imports, wherever in the file it does."""
    return frozenset(_imported(file))


def _imported(file: Path) -> Iterator[str]:
    package = ["classy_nb", *file.relative_to(PACKAGE).with_suffix("").parts][:-1]
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *(node.module or "").split(".")]).strip(".")
            if module == "classy_nb":
                yield from (f"classy_nb.{alias.name}" for alias in node.names)
            else:
                yield module


FILES = sorted(PACKAGE.rglob("*.py"))
EDGES = {
    (file, place(file), name.split(".")[1])
    for file in FILES
    for name in imported(file)
    if name.startswith("classy_nb.")
}


def test_every_module_has_its_place() -> None:
    assert {place(file) for file in FILES} - {"__init__"} == set(ORDER)
    assert len(ORDER) == len(set(ORDER))


def test_no_module_imports_a_later_one() -> None:
    upwards = sorted(
        f"{file.relative_to(PACKAGE)} imports {there}"
        for file, here, there in EDGES
        if here not in {"__init__", there} and ORDER.index(there) > ORDER.index(here)
    )
    assert upwards == []


def test_the_rule_sees_what_there_is() -> None:
    pairs = {(here, there) for _, here, there in EDGES}
    assert ("transport", "errors") in pairs
    assert ("client", "export") in pairs  # in the middle of a function
    assert ("client", "transport") in pairs
    assert ("cli", "client") in pairs
    assert len(pairs) > 60


def test_the_sandbox_knows_the_catalog_only() -> None:
    assert {there for _, here, there in EDGES if here == "sandbox"} - {"sandbox"} <= {"catalog", "_version"}


@pytest.mark.parametrize("low", ["redact", "errors", "_stop", "catalog", "moments", "conditions", "paths"])
def test_the_bottom_is_the_standard_library_only(low: str) -> None:
    import sys

    names = {n.split(".")[0] for f in FILES if place(f) == low for n in imported(f)} - {"classy_nb"}
    assert names <= sys.stdlib_module_names


@pytest.mark.parametrize("library", ONLY)
def test_who_may_use_which_library(library: str) -> None:
    users = {place(f) for f in FILES if any(n.split(".")[0] == library for n in imported(f))}
    assert users <= ONLY[library]


def test_all_libraries_are_placed_and_declared() -> None:
    import sys
    import tomllib

    used = {n.split(".")[0] for f in FILES for n in imported(f)} - {"classy_nb"} - sys.stdlib_module_names
    assert used <= set(ONLY)
    root = PACKAGE.parent / "pyproject.toml"
    if not root.exists():
        pytest.skip("the project file is not beside an installed package")
    project = tomllib.loads(root.read_text("utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["demo"]]
    declared = {requirement.split(">")[0].replace("python-dotenv", "dotenv") for requirement in wanted}
    brought_along = {"IPython", "numpy", "multidict"}  # by ipywidgets, pandas and aiohttp
    assert used - brought_along <= declared
