"""Forms in a notebook: the login form and the explorer."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._login import LoginPanel
    from ._login_place import Place, place
    from ._login_prompt import prompt
    from ._login_words import WHERE_NO_FORM_SHOWS

# Imported when first used: prompts need none of the widget libraries.
_HOMES = {
    "LoginPanel": "_login",
    "Place": "_login_place",
    "place": "_login_place",
    "prompt": "_login_prompt",
    "WHERE_NO_FORM_SHOWS": "_login_words",
}

__all__ = ["WHERE_NO_FORM_SHOWS", "LoginPanel", "Place", "place", "prompt"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
