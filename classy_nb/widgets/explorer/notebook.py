"""The caller's notebook: its variables, where there is one."""

from __future__ import annotations

import itertools
from collections.abc import Sized
from typing import Any, cast

from classy_nb.progress import counted, shell


def variables() -> dict[str, Any] | None:
    """Return the notebook's variables, or None where Python runs without IPython."""
    running = shell()
    return None if running is None else cast("dict[str, Any]", running.user_ns)


def name_of(thing: object) -> str | None:
    """Return the variable that holds *thing*; None where none of the notebook's does."""
    for name, value in list((variables() or {}).items()):
        if value is thing and not name.startswith("_"):
            return name
    return None


def free_name(name: str) -> str:
    """Return *name*, or with a number behind it where a variable is called so already."""
    taken = variables() or {}
    numbered = (f"{name}_{number}" for number in itertools.count(2))
    return name if name not in taken else next(one for one in numbered if one not in taken)


def held_by(name: str) -> object:
    """Return what the variable *name* holds; None where there is no such variable, or nothing in it."""
    return (variables() or {}).get(name)


def kind_of(thing: object) -> str:
    """Say what a variable holds, for people: ``a DataFrame of 12 rows``."""
    kind = type(thing).__name__
    article = "an" if kind[:1].lower() in tuple("aeiou") else "a"
    rows = f" of {counted(len(thing), 'row')}" if kind == "DataFrame" and isinstance(thing, Sized) else ""
    return f"{article} {kind}{rows}"
