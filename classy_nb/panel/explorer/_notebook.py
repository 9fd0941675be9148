"""The caller's notebook: its variables, where there is one."""

from __future__ import annotations

from typing import Any, cast

from classy_nb._notebook import shell


def variables() -> dict[str, Any] | None:
    """Return the notebook's variables, or None where Python runs without IPython."""
    running = shell()
    return None if running is None else cast("dict[str, Any]", running.user_ns)


def name_of(thing: object, otherwise: str) -> str:
    """Return the variable that holds *thing*."""
    for name, value in list((variables() or {}).items()):
        if value is thing and not name.startswith("_"):
            return name
    return otherwise
