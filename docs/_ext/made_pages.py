"""Write the pages that are generated from other sources: the catalog's resources, notebooks, and traps.

The catalog, ``docs/_examples``, ``notebooks`` and ``tests/TRAPS.md`` go in; ``docs/reference/resources``,
``docs/reference/traps.md`` and ``docs/notebooks/*.ipynb`` come out when a build begins. Files are written
only if their text changes, so that Sphinx rereads only what changed.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import notebook_pages
import resource_pages

if TYPE_CHECKING:
    from sphinx.application import Sphinx

DOCS = Path(__file__).parents[1]
ROOT = DOCS.parent

_TRAP = re.compile(r"(?m)^### (\d+)\. ")
_TESTS = re.compile(r"(?ms)^Tests:\n.*?(?=^#|\Z)")


def traps() -> str:
    """Return the page of traps: ``tests/TRAPS.md`` without its lists of tests, with a label for each trap."""
    text = (ROOT / "tests" / "TRAPS.md").read_text("utf-8")
    _, _, traps = text.partition("\n## ")
    shown = _TRAP.sub(r"(trap-\1)=\n### \1. ", _TESTS.sub("", f"## {traps}"))
    return (
        "# Traps of the API\n\nHow the API surprises its users, and what this package does about it. Tests"
        f" hold it to each of these; `tests/TRAPS.md` lists them.\n\n{shown}"
    )


def pages() -> dict[str, str]:
    """Return the text of each page by its path below ``docs``."""
    made = {f"reference/resources/{name}": text for name, text in resource_pages.pages().items()}
    made |= {f"notebooks/{name}": text for name, text in notebook_pages.pages().items()}
    return {**made, "reference/traps.md": traps()}


def write(_app: Sphinx | None = None) -> None:
    """Write all pages, and remove those that are no longer generated."""
    made = pages()
    for name, text in made.items():
        file = DOCS / name
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.is_file() or file.read_text("utf-8") != text:
            file.write_text(text, "utf-8")
    for old in (*DOCS.glob("reference/resources/*.md"), *DOCS.glob("notebooks/*.ipynb")):
        if old.relative_to(DOCS).as_posix() not in made:
            old.unlink()


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("builder-inited", write, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
