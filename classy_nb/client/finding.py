"""``cn.find`` and ``classy.find``: words come in, a table of what they may mean goes out.

The catalog finds (``catalog/finding.py`` says in which order). Here the functions of the package join what
can be found, and the finds become a frame. :class:`ReadableTable` is also what ``Resource.columns`` returns.
"""

from __future__ import annotations

import inspect
import shutil
import textwrap
from functools import cache
from html import escape
from itertools import zip_longest
from typing import Any

import pandas as pd

import classy_nb
from classy_nb.arguments import shown
from classy_nb.catalog import Found, load
from classy_nb.catalog import find as find_in_catalog
from classy_nb.errors import UsageError

from .resource import Resource

_AT_MOST = 12
_LONGEST = 200
"""Characters: a question has fewer, a pasted text more."""


class ReadableTable(pd.DataFrame):
    """A frame of texts, shown in full: pandas cuts cells at 50 characters and tables at 60 rows.

    ``attrs["note"]`` is shown below it. Whatever is made of it is an ordinary frame.
    """

    @property
    def _constructor(self) -> type[pd.DataFrame]:
        return pd.DataFrame

    def __repr__(self) -> str:
        shown = "" if self.empty else _in_lines([list(self.columns), *self.itertuples(index=False)])
        return "\n".join(filter(None, (shown, self.attrs.get("note"))))

    def _repr_html_(self) -> str:
        note = self.attrs.get("note")
        with pd.option_context("display.max_colwidth", None):
            shown = "" if self.empty else self.to_html(index=False, justify="left", border=0)
        return f"{shown}<p>{escape(note)}</p>" if note else shown


_NARROWEST = 16


def _in_lines(rows: list[Any]) -> str:
    """Return rows as text with aligned columns, wrapped within the cells so that it fits the terminal."""
    cells = [["" if value is None else str(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    most = shutil.get_terminal_size((140, 40)).columns
    while sum(widths) + 2 * len(widths) > most and max(widths) > _NARROWEST:
        widths[widths.index(max(widths))] -= 1
    lines = []
    for row in cells:
        wrapped = [textwrap.wrap(cell, width) for cell, width in zip(row, widths, strict=True)]
        for parts in zip_longest(*wrapped, fillvalue=""):
            padded = (part.ljust(width) for part, width in zip(parts, widths, strict=True))
            lines.append("  ".join(padded).rstrip())
    return "\n".join(lines)


def find(text: str) -> pd.DataFrame:
    """Find resources, columns, values, keywords and functions by what people call them.

    It needs no connection and sends nothing. Synonyms are known (``gift``, ``sustainer``, ``chargeback``,
    ``GL code``, ``T-shirt``); case, plurals and small typos make no difference. Several words are looked for
    together, and what fits more of them comes first: ``find("team goal")``.

    Parameters
    ----------
    text
        One word or some, such as ``"refund"``.

    Returns
    -------
    DataFrame, one row per find, at most 12, the best first
        ``kind`` (``resource``, ``column``, ``value``, ``keyword`` or ``function``), ``name``
        (``transactions.refunded_at``; ``transactions.status = refunded`` for a value), ``meaning``, and
        ``use``: a line of Python to begin with. All of dtype string. Without rows where nothing was found;
        then it says what to try.

    Raises
    ------
    UsageError
        *text* is not text, or has no word in it.
    """
    found = find_in_catalog(load(), _checked(text), _functions(), _AT_MOST)
    rows = [(one.kind, one.name, one.meaning, one.use) for one in found]
    table = ReadableTable(rows, columns=["kind", "name", "meaning", "use"], dtype="string")
    if table.empty:
        table.attrs["note"] = (
            f"Nothing found for {shown(text.strip())}. Try another English word for it, or a single one "
            "(refund, fee, donor, page). classy.resources() lists what can be fetched, "
            "classy.transactions.columns what is in a list."
        )
    return table


def _checked(text: object) -> str:
    example = 'Say what you look for: find("refund").'
    if not isinstance(text, str):
        raise UsageError(f"find() takes words as text, not {type(text).__name__}.", advice=example)
    if not any(character.isalnum() for character in text):
        raise UsageError(f"find({shown(text[:20])}) names no word.", advice=example)
    if len(text) > _LONGEST:
        raise UsageError(f"find() takes some words, not {len(text):,} characters.", advice=example)
    return text


@cache
def _functions() -> tuple[Found, ...]:
    """Return the functions of ``cn.analysis`` and ``cn``, and what a resource can do, by their docstrings."""
    homes = (
        ("cn.analysis", {name: getattr(classy_nb.analysis, name) for name in classy_nb.analysis.__all__}),
        ("cn", {name: getattr(classy_nb, name) for name in classy_nb.__all__}),
        ("classy.transactions", vars(Resource)),
    )
    found = []
    for home, names in homes:
        for name, function in names.items():
            if not inspect.isfunction(function) or name.startswith("_"):
                continue
            about = (inspect.getdoc(function) or "").partition("\n")[0].rstrip(".")
            needed = [
                parameter.name
                for parameter in inspect.signature(function).parameters.values()
                if parameter.name != "self"
                and parameter.default is parameter.empty
                and parameter.kind != parameter.VAR_KEYWORD
            ]
            use = f"{home}.{name}({', '.join(needed)})"
            found.append(Found("function", f"{home}.{name}", about, use))
    return tuple(found)
