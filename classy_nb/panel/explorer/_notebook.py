"""The caller's notebook: its variables, where there is one."""

from __future__ import annotations

from typing import Any


def variables() -> dict[str, Any] | None:
    """Return the notebook's variables, or None where Python runs without IPython."""
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    return None if shell is None else shell.user_ns


def name_of(thing: object, otherwise: str) -> str:
    """Return the variable that holds *thing*."""
    for name, value in list((variables() or {}).items()):
        if value is thing and not name.startswith("_"):
            return name
    return otherwise
