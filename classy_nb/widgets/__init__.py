"""Forms in a notebook: the login form and the explorer."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from classy_nb.widgets.login.form import LoginPanel
    from classy_nb.widgets.login.messages import WHERE_NO_FORM_SHOWS
    from classy_nb.widgets.login.place import Place, place
    from classy_nb.widgets.login.prompts import prompt

# Imported when first used: prompts need none of the widget libraries.
_HOMES = {
    "LoginPanel": "login.form",
    "Place": "login.place",
    "place": "login.place",
    "prompt": "login.prompts",
    "WHERE_NO_FORM_SHOWS": "login.messages",
}

__all__ = ["WHERE_NO_FORM_SHOWS", "LoginPanel", "Place", "place", "prompt"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
