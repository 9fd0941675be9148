"""The call that the form makes, as Python to copy."""

from __future__ import annotations

import builtins
import json
import keyword
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_WIDEST = 88


def call_text(connection: str, resource: str, asked: Mapping[str, Any], variable: str) -> str:
    """Write ``variable = connection.resource(...)``, folded where it is long.

    Parameters
    ----------
    connection, variable
        Names in the caller's notebook.
    resource
        The attribute of the connection.
    asked
        The keywords: text, whole numbers, flags and lists of text.
    """
    begin = f"{variable} = {connection}.{resource}("
    arguments = [f"{name}={_literal(value)}" for name, value in asked.items()]
    line = f"{begin}{', '.join(arguments)})"
    if len(line) <= _WIDEST:
        return line
    return "\n".join([begin, *(f"    {argument}," for argument in arguments), ")"])


def _literal(value: Any) -> str:
    if isinstance(value, str):
        # JSON's escapes are Python's.
        return json.dumps(value, ensure_ascii=not value.isprintable())
    if isinstance(value, list):
        return f"[{', '.join(map(_literal, value))}]"
    return repr(value)


def bad_name(name: str) -> str | None:
    """Say what is wrong with *name* as a variable, or None."""
    if not name.isidentifier() or keyword.iskeyword(name):
        return f"{name!r} is no name for a variable: use letters, digits and _, beginning with a letter."
    if name.startswith("_") or hasattr(builtins, name):
        return f"{name!r} has a meaning in Python already: choose another name."
    return None
