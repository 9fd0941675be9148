"""docs/guide/assistants.md: its settings can be read, its commands exist, and it names every tool."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from pathlib import Path

import pytest

from classy_nb.cli import parser

PAGE = (Path(__file__).parents[1] / "docs" / "guide" / "assistants.md").read_text("utf-8")
SETTINGS = [
    *(json.loads(block) for block in re.findall(r"(?ms)^```json\n(.*?)^```", PAGE)),
    *(tomllib.loads(block) for block in re.findall(r"(?ms)^```toml\n(.*?)^```", PAGE)),
]


@pytest.mark.parametrize("settings", SETTINGS, ids=[next(iter(one)) for one in SETTINGS])
def test_the_settings_start_the_command(settings: dict) -> None:
    [servers] = settings.values()
    options = parser().parse_args(servers["classy"]["args"])
    assert (options.command, options.mirror) == ("mcp", "/home/me/classy.duckdb")
    assert not options.allow_personal
    assert servers["classy"]["command"].endswith("/classy-nb")


def test_the_commands_exist() -> None:
    commands = re.findall(r"classy-nb (mcp[^`\n]*)", PAGE)
    assert len(commands) >= 7
    for command in commands:
        assert parser().parse_args(shlex.split(command)).command == "mcp"


def test_it_names_every_tool() -> None:
    pytest.importorskip("mcp")
    from classy_nb.assistant.tools import TOOLS

    table = PAGE[PAGE.index("| Tool |") :].partition("\n\n")[0]
    cells = [line.split("|")[1] for line in table.splitlines()[2:] if line.startswith("|")]
    named = {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}
    assert named == {tool.name for tool in TOOLS}
