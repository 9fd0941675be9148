"""Draw the Mermaid flowcharts of the Markdown files without Mermaid: as SVG in the page.

GitHub draws a ``mermaid`` fence by itself, but Mermaid's library is megabytes of JavaScript from elsewhere.
Our flowcharts use little of its language: ``a --> b & c``, and labels in brackets.
"""

from __future__ import annotations

import re
from html import escape
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import Directive, directives

if TYPE_CHECKING:
    from sphinx.application import Sphinx

WIDTH, HEIGHT, COLUMN, ROW, MARGIN = 164, 38, 184, 86, 12
_NODE = re.compile(r"(\w+)(?:[(\[]+([^)\]]+)[)\]]+)?")


def read(source: str) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """Return all nodes' labels by name, and the edges."""
    labels: dict[str, str] = {}
    edges: list[tuple[str, str]] = []
    for line in source.splitlines():
        if "-->" not in line:
            continue
        ends = []
        for side in line.split("-->"):
            found = [_NODE.fullmatch(part.strip()) for part in side.split(" & ")]
            if not all(found):
                raise ValueError(f"a line that the flowchart cannot draw: {line.strip()}")
            ends.append([match[1] for match in found if match])
            for name, label in (match.groups() for match in found if match):
                labels[name] = label or labels.get(name, name)
        edges += [(a, b) for lefts, rights in pairwise(ends) for a in lefts for b in rights]
    return labels, edges


def places(names: list[str], edges: list[tuple[str, str]]) -> dict[str, tuple[float, int]]:
    """Return each node's column and row: below all nodes that lead to it, and near them."""
    rows = dict.fromkeys(names, 0)
    for _ in names:
        for above, below in edges:
            rows[below] = max(rows[below], rows[above] + 1)
    for name in names:  # a node that nothing leads to stands right above what it leads to
        if all(below != name for _, below in edges):
            rows[name] = min(rows[below] for above, below in edges if above == name) - 1
    columns: dict[str, float] = {}
    widest = max(sum(row == one for row in rows.values()) for one in rows.values())
    for row in sorted(set(rows.values())):
        members = [name for name in names if rows[name] == row]
        above = {n: [columns[a] for a, b in edges if b == n and a in columns] for n in members}
        members.sort(key=lambda n: sum(above[n]) / len(above[n]) if above[n] else widest)
        first = (widest - len(members)) / 2
        columns |= {name: first + at for at, name in enumerate(members)}
    return {name: (columns[name], rows[name]) for name in names}


def draw(source: str, words: str) -> str:
    """Return a flowchart as SVG, described by *words*."""
    labels, edges = read(source)
    where = places(list(labels), edges)
    x = {n: MARGIN + column * COLUMN + WIDTH / 2 for n, (column, _) in where.items()}
    y = {n: MARGIN + row * ROW for n, (_, row) in where.items()}
    lines = (
        f'<path d="M{x[a]:g} {y[a] + HEIGHT}'
        f'C{x[a]:g} {y[a] + HEIGHT + 30:g} {x[b]:g} {y[b] - 34:g} {x[b]:g} {y[b] - 3:g}"'
        ' marker-end="url(#flowchart-arrow)"/>'
        for a, b in edges
    )
    boxes = (
        f'<rect x="{x[n] - WIDTH / 2:g}" y="{y[n]}" width="{WIDTH}" height="{HEIGHT}" rx="6"/>'
        f'<text x="{x[n]:g}" y="{y[n] + 24}">{escape(label)}</text>'
        for n, label in labels.items()
    )
    width, height = max(x.values()) + WIDTH / 2 + MARGIN, max(y.values()) + HEIGHT + MARGIN
    return (
        f'<div class="flowchart" tabindex="0" role="group" aria-label="Flowchart">'
        f'<svg role="img" aria-label="{escape(words)}" viewBox="0 0 {width:g} {height:g}" width="{width:g}">'
        '<defs><marker id="flowchart-arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7"'
        ' markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z"/></marker></defs>'
        f"{''.join(chain(lines, boxes))}</svg></div>"
    )


class Mermaid(Directive):
    """A ``mermaid`` fence."""

    has_content = True
    option_spec: ClassVar[dict[str, Any]] = {"alt": directives.unchanged}

    def run(self) -> list[nodes.Node]:
        source = "\n".join(self.content)
        labels, edges = read(source)
        words = "; ".join(f"{labels[a]} leads to {labels[b]}" for a, b in edges)
        return [nodes.raw("", draw(source, words), format="html")]


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("mermaid", Mermaid)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
