"""Cards: what a connection, a resource or a mirror shows in a notebook, as text and as escaped HTML.

A title and facts come in, each with its name; the reprs of those objects return what comes out.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

Facts = Sequence[tuple[str, str]]
"""Names and values; a fact without a name goes on with the one before."""


def text_card(title: str, facts: Facts) -> str:
    """Return a title and aligned facts as plain text."""
    width = max((len(name) for name, _ in facts), default=0)
    return "\n".join([title, *(f"  {name:<{width}}  {value}" for name, value in facts)])


def html_card(title: str, facts: Facts) -> str:
    """Return a title and facts as a small HTML table; all text is escaped."""
    rows = "".join(
        f'<tr>{_row_header(name)}<td style="text-align:left">{escape(value)}</td></tr>'
        for name, value in facts
    )
    return f"<div><strong>{escape(title)}</strong><table>{rows}</table></div>"


def _row_header(name: str) -> str:
    # A header without text means nothing in a screen reader.
    style = 'style="text-align:left;vertical-align:top"'
    return f'<th scope="row" {style}>{escape(name)}</th>' if name else "<td></td>"
