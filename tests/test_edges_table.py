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
from support.listed_tests import Tests, as_list, rewritten, sections

TESTS = Path(__file__).parent
EDGES = TESTS / "EDGES.md"
SECTIONS = sections(EDGES.read_text("utf-8"))
"""Number, title, explanation and list of tests of each promise."""


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
    EDGES.write_text(rewritten(EDGES.read_text("utf-8"), edge_tests()), "utf-8")
