"""The user's notebook: its variables, names for new ones, and calls written as Python to copy."""

from __future__ import annotations

import builtins
import itertools
import json
import keyword
import unicodedata
from collections.abc import Sized
from typing import TYPE_CHECKING, Any, cast

from classy_nb.progress import counted, shell

if TYPE_CHECKING:
    from collections.abc import Mapping

_LINE_WIDTH = 88
_DEFAULT_NAMES = {"transactions": "gifts"}
_RESERVED = ("In", "Out", "exit", "quit", "get_ipython", "display")
"""Names that IPython uses itself."""


def variables() -> dict[str, Any] | None:
    """Return the notebook's variables, or None where Python runs without IPython."""
    running = shell()
    return None if running is None else cast("dict[str, Any]", running.user_ns)


def value_of(name: str) -> object:
    """Return the value of the variable *name*; None if it does not exist or is None."""
    return (variables() or {}).get(name)


def name_of(thing: object) -> str | None:
    """Return the variable that holds *thing*, or None."""
    for name, value in list((variables() or {}).items()):
        if value is thing and not name.startswith("_"):
            return name
    return None


def free_name(name: str) -> str:
    """Return *name*, with a number appended if a variable already has that name."""
    taken = variables() or {}
    candidates = itertools.chain([name], (f"{name}_{number}" for number in itertools.count(2)))
    return next(candidate for candidate in candidates if candidate not in taken)


def default_name(resource: str) -> str:
    """Return what a frame of *resource* is called unless the user names it."""
    return _DEFAULT_NAMES.get(resource, resource)


def name_problem(name: str) -> str | None:
    """Say what is wrong with *name* as the name of a variable, or return None."""
    # Python reads ligatures and full-width letters as plain ones, and names the variable after those.
    is_plain = unicodedata.normalize("NFKC", name) == name
    if not name.isidentifier() or keyword.iskeyword(name) or not is_plain:
        return f"{name!r} is not a valid variable name: use letters, digits and _, starting with a letter."
    if name.startswith("_") or hasattr(builtins, name) or name in _RESERVED:
        return f"{name!r} already has a meaning in Python: choose another name."
    return None


def describe(thing: object) -> str:
    """Say what a variable holds, for people: ``a DataFrame of 12 rows``."""
    kind = type(thing).__name__
    article = "an" if kind[:1].lower() in tuple("aeiou") else "a"
    rows = f" of {counted(len(thing), 'row')}" if kind == "DataFrame" and isinstance(thing, Sized) else ""
    return f"{article} {kind}{rows}"


def call_text(called: str, keywords: Mapping[str, Any], *positional: str) -> str:
    """Write a call as Python, on several lines if it is long.

    Parameters
    ----------
    called
        Everything before the parenthesis, such as ``gifts = classy.transactions``.
    keywords
        The keyword arguments: text, whole numbers, flags and lists of text.
    positional
        The arguments before them.
    """
    arguments = [
        *map(_literal, positional),
        *(f"{name}={_literal(value)}" for name, value in keywords.items()),
    ]
    line = f"{called}({', '.join(arguments)})"
    if len(line) <= _LINE_WIDTH:
        return line
    return "\n".join([f"{called}(", *(f"    {argument}," for argument in arguments), ")"])


def _literal(value: Any) -> str:
    if isinstance(value, str) and value.isprintable():
        # JSON escapes quotes and backslashes as Python does; unprintable characters it does not.
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        return f"[{', '.join(map(_literal, value))}]"
    return repr(value)
