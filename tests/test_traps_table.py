"""``TRAPS.md`` says which tests keep which trap shut; this keeps ``TRAPS.md`` true.

``python tests/test_traps_table.py`` lists the tests anew; what bites is written by hand.
"""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
TABLE = TESTS / "TRAPS.md"
_ROW = re.compile(r"(?m)^\| (\d+) \| (.+?) \| (.+) \|$")
ROWS = _ROW.findall(TABLE.read_text("utf-8"))
_NAMED = re.compile(r"([\w/]+\.py): ((?:`\w+`(?:, )?)+)")

Tests = dict[str, list[str]]
"""File below ``tests`` -> names of its tests."""


def there_are() -> dict[int, Tests]:
    """Return the tests of each trap."""
    found: dict[int, Tests] = defaultdict(dict)
    for path in sorted(TESTS.rglob("test_*.py")):
        names = re.findall(r"(?m)^ *def (test_trap_(\d\d)_\w+)", path.read_text("utf-8"))
        for name, number in dict.fromkeys(names):
            found[int(number)].setdefault(path.relative_to(TESTS).as_posix(), []).append(name)
    return found


def listed(cell: str) -> Tests:
    """Return the tests that one row names."""
    return {file: re.findall(r"`(\w+)`", names) for file, names in _NAMED.findall(cell)}


def test_all_48_are_there() -> None:
    assert [int(number) for number, _, _ in ROWS] == list(range(1, 49))
    assert len({what for _, what, _ in ROWS}) == 48


@pytest.mark.parametrize(("number", "cell"), [pytest.param(int(n), cell, id=n) for n, _, cell in ROWS])
def test_the_tests_of_each_are_named(number: int, cell: str) -> None:
    assert listed(cell) == there_are()[number], "python tests/test_traps_table.py lists them anew"
    assert listed(cell), "no test"


def rewritten(text: str) -> str:
    """Return the table with the tests that there are."""
    found = there_are()

    def row(match: re.Match[str]) -> str:
        number, what, cell = match.groups()
        parts = [
            f"{file}: " + ", ".join(f"`{n}`" for n in names) for file, names in found[int(number)].items()
        ]
        parts += [part for part in cell.split("<br>") if not _NAMED.fullmatch(part)]
        return f"| {number} | {what} | {'<br>'.join(parts)} |"

    return _ROW.sub(row, text)


def test_listing_anew_changes_nothing_that_is_true() -> None:
    text = TABLE.read_text("utf-8")
    assert rewritten(text) == text
    stale = re.sub(r"`test_trap_20_\w+`", "`test_trap_20_gone`", text)
    assert stale != text
    assert rewritten(stale) == text


if __name__ == "__main__":
    TABLE.write_text(rewritten(TABLE.read_text("utf-8")), "utf-8")
