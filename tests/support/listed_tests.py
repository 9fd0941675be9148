"""The Markdown lists of tests in ``TRAPS.md`` and ``EDGES.md``: which tests keep which numbered section."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

Tests = dict[str, list[str]]
"""File below ``tests`` -> names of its tests."""

_SECTION = re.compile(r"(?ms)^### (\d+)\. ([^\n]+)\n(.*?)^Tests:\n(.*?)(?=^##|\Z)")


def sections(text: str) -> list[tuple[int, str, str, str]]:
    """Return number, title, explanation and list of tests of each section."""
    return [(int(number), *rest) for number, *rest in _SECTION.findall(text)]


def as_list(tests: Tests) -> str:
    """Return the Markdown list of a section's tests."""
    return "".join(
        f"- `{file}`\n" + "".join(f"  - `{name}`\n" for name in names) for file, names in tests.items()
    )


def rewritten(text: str, found: Mapping[int, Tests]) -> str:
    """Return the document with the tests that exist now."""

    def section(match: re.Match[str]) -> str:
        number, title, explanation, _ = match.groups()
        gap = "" if match.end() == len(text) else "\n"
        return f"### {number}. {title}\n{explanation}Tests:\n{as_list(found.get(int(number), {}))}{gap}"

    return _SECTION.sub(section, text)
