"""Turn empty header cells into plain cells: a screen reader would announce a header without text.

The corner of pandas' tables and Markdown tables whose first column needs no name have such cells.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_EMPTY = re.compile(r"<th((?: [^>]*)?)>(?:\s|&nbsp;|<p>\s*</p>)*</th>")


def to_plain_cells(_app: Sphinx, _page: str, _template: str, context: dict[str, Any], _doctree: Any) -> None:
    """Turn a page's empty headers into plain cells."""
    if "body" in context:
        context["body"] = _EMPTY.sub(r"<td\1></td>", context["body"])


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("html-page-context", to_plain_cells)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
