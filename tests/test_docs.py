"""What CONTRIBUTING.md and docs/architecture.md name exists, and each room says what it is for."""

from __future__ import annotations

import ast
import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENTS = ("CONTRIBUTING.md", "docs/architecture.md")
ROOMS = sorted(path.parent.name for path in ROOT.glob("classy_nb/*/__init__.py"))

_PATH = re.compile(
    r"(?<![\w/.-])((?:classy_nb|tests|tools|docs|benchmarks|notebooks|cassettes|\.ci)(?:/[\w.-]+)+"
    r"|\w+\.(?:md|toml|py))(?![\w/<*])"
)
_DOTTED = re.compile(r"`(classy_nb(?:\.\w+)+)`")


def text_of(document: str) -> str:
    return (ROOT / document).read_text("utf-8")


def named(pattern: re.Pattern[str]) -> list[Any]:
    """Return each document with each thing of a kind that it names, as parameters."""
    found = {(d, name.rstrip(".")) for d in DOCUMENTS for name in pattern.findall(text_of(d))}
    return [pytest.param(name, id=f"{d}:{name}") for d, name in sorted(found)]


@pytest.mark.parametrize("name", named(_PATH))
def test_every_path_exists(name: str) -> None:
    # A bare name belongs to the catalog or to a place said just before it; the site is built on demand.
    assert (
        (ROOT / name).exists()
        or name.startswith("docs/_build/")
        or ("/" not in name and list(ROOT.glob(f"classy_nb/*/{name}")))
    ), name


@pytest.mark.parametrize("name", named(_DOTTED))
def test_every_dotted_name_exists(name: str) -> None:
    value: Any = import_module("classy_nb")
    reached = "classy_nb"
    for part in name.split(".")[1:]:
        reached = f"{reached}.{part}"
        value = getattr(value, part) if hasattr(value, part) else import_module(reached)


def test_the_patterns_find_what_the_documents_name() -> None:
    assert len(named(_PATH)) > 30
    assert len(named(_DOTTED)) > 20


@pytest.mark.parametrize("document", DOCUMENTS)
def test_each_takes_less_than_ten_minutes_to_read(document: str) -> None:
    assert len(text_of(document).split()) < 2400  # at 240 words a minute


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_has_a_facade_that_says_what_it_is_for(room: str) -> None:
    source = (ROOT / "classy_nb" / room / "__init__.py").read_text("utf-8")
    docstring = ast.get_docstring(ast.parse(source)) or ""
    assert len(re.findall(r"[.;:](?:\s|$)", docstring)) >= 3, "what comes in, what goes out, who calls it"
    assert "__all__" in source


def test_the_architecture_lists_every_room() -> None:
    table = re.findall(r"(?m)^\| `classy_nb\.(\w+)` \|", text_of("docs/architecture.md"))
    assert sorted(table) == sorted([*ROOMS, "cli", "decoding", "errors", "progress"])
