"""``TRAPS.md`` says which tests keep which trap shut; this keeps ``TRAPS.md`` true.

``python tests/test_traps_table.py`` lists the tests again; the explanations are written by hand.
"""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest
from support.listed_tests import Tests, as_list, rewritten, sections

TESTS = Path(__file__).parent
TRAPS = TESTS / "TRAPS.md"
SECTIONS = sections(TRAPS.read_text("utf-8"))
"""Number, title, explanation and list of tests of each trap."""


@cache
def trap_tests() -> dict[int, Tests]:
    """Return the tests of each trap."""
    found: dict[int, Tests] = defaultdict(dict)
    for path in sorted(TESTS.rglob("test_*.py")):
        names = re.findall(r"(?m)^ *(?:async )?def (test_trap_(\d\d)_\w+)", path.read_text("utf-8"))
        for name, number in dict.fromkeys(names):
            found[int(number)].setdefault(path.relative_to(TESTS).as_posix(), []).append(name)
    return found


def test_all_48_are_explained() -> None:
    assert [number for number, *_ in SECTIONS] == list(range(1, 49))
    assert len({title for _, title, *_ in SECTIONS}) == 48
    for number, _, explanation, _ in SECTIONS:
        assert len(explanation.split()) > 10, f"trap {number} needs a sentence or two"


@pytest.mark.parametrize(("number", "tests"), [pytest.param(n, t, id=str(n)) for n, _, _, t in SECTIONS])
def test_each_trap_lists_its_tests(number: int, tests: str) -> None:
    assert tests.strip() == as_list(trap_tests()[number]).strip(), "run python tests/test_traps_table.py"
    assert tests.strip(), "no test is named after this trap"


def test_every_trap_test_belongs_to_a_trap() -> None:
    assert set(trap_tests()) <= {number for number, *_ in SECTIONS}


def test_rewriting_changes_nothing_that_is_true() -> None:
    text = TRAPS.read_text("utf-8")
    assert rewritten(text, trap_tests()) == text
    stale = re.sub(r"`test_trap_20_\w+`", "`test_trap_20_gone`", text)
    assert stale != text
    assert rewritten(stale, trap_tests()) == text


if __name__ == "__main__":
    TRAPS.write_text(rewritten(TRAPS.read_text("utf-8"), trap_tests()), "utf-8")
