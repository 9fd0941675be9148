"""The lowest dependencies that are allowed, and that the gate runs the suite on, have no known holes."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import lowest
import pytest

ROOT = Path(__file__).parents[1]
CLOSED = {
    "aiohttp": "3.13.4",
    "filelock": "3.20.3",
    "orjson": "3.11.6",
    "pyarrow": "14.0.1",
    "pytest": "9.0.3",
    "python-dotenv": "1.2.2",
    "requests": "2.33.0",
    "tqdm": "4.66.3",
    "urllib3": "2.7.0",
}
"""The versions in which the last known holes were closed, in November 2026."""
CLOSED_IN_TOOLS = {"jupyterlab": "4.4.8", "nbconvert": "7.17.1", "notebook": "7.4.7", "voila": "0.5.6"}


def numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


@pytest.mark.edge(32)
@pytest.mark.parametrize("name", CLOSED)
def test_the_lowest_version_has_no_known_hole(name: str) -> None:
    pinned = dict(line.split("==") for line in lowest.lowest())
    assert numbers(pinned[name]) >= numbers(CLOSED[name])


@pytest.mark.edge(32)
@pytest.mark.parametrize("name", CLOSED_IN_TOOLS)
def test_the_lowest_version_of_a_tool_has_no_known_hole(name: str) -> None:
    pinned = dict(line.split("==") for line in lowest.lowest(("notebooks", "browser")))
    assert numbers(pinned[name]) >= numbers(CLOSED_IN_TOOLS[name])


@pytest.mark.edge(32)
def test_every_dependency_that_people_install_is_pinned_for_the_gate() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    asked = [*project["dependencies"]]
    asked += [text for name in ("demo", "keyring", "mcp", "mirror", "test") for text in extras[name]]
    names = {re.match(r"[\w.-]+", text)[0] for text in asked} - {"classy-nb"}  # type: ignore[index]
    assert {line.split("==")[0] for line in lowest.lowest()} == names
    assert "tools/lowest.py" in (ROOT / ".ci/run").read_text("utf-8")
