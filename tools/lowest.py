"""Print the lowest versions of the direct dependencies that pyproject.toml allows, as pip constraints.

Usage: ``python tools/lowest.py > lowest.txt && pip install -e '.[test]' -c lowest.txt``
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

PYPROJECT = Path(__file__).parent.parent / "pyproject.toml"


def lowest(extras: tuple[str, ...] = ("demo", "keyring", "mcp", "mirror", "test")) -> list[str]:
    """Return ``name==version`` for each dependency of the package and of *extras*."""
    project = tomllib.loads(PYPROJECT.read_text("utf-8"))["project"]
    asked = [
        *project["dependencies"],
        *(d for extra in extras for d in project["optional-dependencies"][extra]),
    ]
    found = (re.fullmatch(r"([\w.-]+)(?:\[\w+\])?>=([\w.]+)(?:;.*)?", text) for text in asked)
    return sorted(f"{match[1]}=={match[2]}" for match in found if match)


if __name__ == "__main__":
    sys.stdout.write("\n".join(lowest()) + "\n")
