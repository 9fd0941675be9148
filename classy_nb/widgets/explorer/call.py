"""The call that the form makes, as Python to copy."""

from __future__ import annotations

import builtins
import json
import keyword
import unicodedata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_WIDEST = 88
_NOTEBOOKS_OWN = ("In", "Out", "exit", "quit", "get_ipython", "display")


def call_text(called: str, asked: Mapping[str, Any], *given: str) -> str:
    """Write a call, folded where it is long.

    Parameters
    ----------
    called
        What is called, such as ``gifts = classy.transactions``.
    asked
        The keywords: text, whole numbers, flags and lists of text.
    given
        What comes before them.
    """
    begin = f"{called}("
    arguments = [*map(_literal, given), *(f"{name}={_literal(value)}" for name, value in asked.items())]
    line = f"{begin}{', '.join(arguments)})"
    if len(line) <= _WIDEST:
        return line
    return "\n".join([begin, *(f"    {argument}," for argument in arguments), ")"])


def _literal(value: Any) -> str:
    if isinstance(value, str) and value.isprintable():
        # JSON's escapes of quotes and backslashes are Python's; of anything else they are not.
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        return f"[{', '.join(map(_literal, value))}]"
    return repr(value)


def bad_name(name: str) -> str | None:
    """Say what is wrong with *name* as a variable, or None."""
    # Python reads ligatures and wide letters as plain ones, and then calls the variable by those.
    plain = unicodedata.normalize("NFKC", name) == name
    if not name.isidentifier() or keyword.iskeyword(name) or not plain:
        return f"{name!r} is no name for a variable: use letters, digits and _, beginning with a letter."
    if name.startswith("_") or hasattr(builtins, name) or name in _NOTEBOOKS_OWN:
        return f"{name!r} has a meaning in Python already: choose another name."
    return None
