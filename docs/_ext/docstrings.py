"""Make docstrings show public names only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import classy_nb

if TYPE_CHECKING:
    from sphinx.application import Sphinx


def name_publicly(_app: Sphinx, _name: str, _obj: object, _options: Any, bases: list[Any]) -> None:
    """Show an error's base by its public name, which is documented, instead of the name of its module."""
    bases[:] = [
        f":py:exc:`classy_nb.{base.__name__}`" if base.__name__ in classy_nb.__all__ else base
        for base in bases
    ]


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("autodoc-process-bases", name_publicly)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
