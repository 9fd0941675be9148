"""``EDGES.md`` says which tests keep which promise at the edges; this keeps ``EDGES.md`` true.

``python tests/test_edges_table.py`` lists the tests again; the promises are written by hand.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
EDGES = TESTS / "EDGES.md"
_SECTION = re.compile(r"(?ms)^### (\d+)\. ([^\n]+)\n\n(.*?)\n\n?(?:Tests:\n(.*?))?(?=^##|\Z)")
SECTIONS = [(int(number), *rest) for number, *rest in _SECTION.findall(EDGES.read_text("utf-8"))]
"""Number, title, explanation and list of tests of each promise."""

Tests = dict[str, list[str]]
"""File below ``tests`` -> names of its tests."""


@cache
def edge_tests() -> dict[int, Tests]:
    """Return the tests that are marked with each number."""
    found: dict[int, Tests] = defaultdict(dict)
    for path in sorted(TESTS.rglob("test_*.py")):
        text = path.read_text("utf-8")
        if "mark.edge(" not in text:
            continue
        file = path.relative_to(TESTS).as_posix()
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                for number in _numbers(node):
                    found[number].setdefault(file, []).append(node.name)
    return found


def _numbers(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[int]:
    marks = (re.fullmatch(r"pytest\.mark\.edge\((\d+)\)", ast.unparse(d)) for d in function.decorator_list)
    return [int(mark[1]) for mark in marks if mark]


def as_list(tests: Tests) -> str:
    """Return the Markdown list of a promise's tests."""
    return "".join(
        f"- `{file}`\n" + "".join(f"  - `{name}`\n" for name in names) for file, names in tests.items()
    )


def rewritten(text: str) -> str:
    """Return the document with the tests that exist now."""
    found = edge_tests()

    def section(match: re.Match[str]) -> str:
        number, title, explanation, _ = match.groups()
        gap = "" if match.end() == len(text) else "\n"
        return f"### {number}. {title}\n\n{explanation}\n\nTests:\n{as_list(found[int(number)])}{gap}"

    return _SECTION.sub(section, text)


def test_the_promises_are_numbered() -> None:
    assert [number for number, *_ in SECTIONS] == list(range(1, 33))


@pytest.mark.parametrize(("number", "tests"), [pytest.param(n, t, id=str(n)) for n, _, _, t in SECTIONS])
def test_each_promise_lists_its_tests(number: int, tests: str) -> None:
    found = edge_tests()[number]
    assert tests.strip() == as_list(found).strip(), "run python tests/test_edges_table.py"
    assert sum(map(len, found.values())) >= 2, "a promise needs an input and a sibling"


def test_every_marked_test_belongs_to_a_promise() -> None:
    assert set(edge_tests()) <= {number for number, *_ in SECTIONS}


if __name__ == "__main__":
    EDGES.write_text(rewritten(EDGES.read_text("utf-8")), "utf-8")
