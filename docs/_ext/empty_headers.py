"""Let no cell be a header without a text: a reader of the screen would announce nothing.

The corner of pandas' tables, and a Markdown table whose first column needs no name, have such cells.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_EMPTY = re.compile(r"<th((?: [^>]*)?)>(?:\s|&nbsp;|<p>\s*</p>)*</th>")


def to_plain_cells(_app: Sphinx, _page: str, _template: str, context: dict[str, Any], _doctree: Any) -> None:
    """Make plain cells of the empty headers of a page."""
    if "body" in context:
        context["body"] = _EMPTY.sub(r"<td\1></td>", context["body"])


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("html-page-context", to_plain_cells)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
