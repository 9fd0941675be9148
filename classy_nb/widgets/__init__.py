"""What notebooks show: the login form (or prompts, where no form can be shown) and the explorer.

A connection or the settings of a login come in; what people type goes to the client, and what they see goes
to the browser. The client's ``login()`` and ``explore()`` call this room; nothing else imports it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from classy_nb.widgets.explorer import Explorer
    from classy_nb.widgets.login.form import LoginForm
    from classy_nb.widgets.login.prompts import Place, place, prompt_for_login

# Imported when first used: prompts need none of the widget libraries.
_HOMES = {
    "Explorer": "explorer",
    "LoginForm": "login.form",
    "Place": "login.prompts",
    "place": "login.prompts",
    "prompt_for_login": "login.prompts",
}

__all__ = ["Explorer", "LoginForm", "Place", "place", "prompt_for_login"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
