"""The notebook that Python runs in, if it does."""

from __future__ import annotations

import sys
from typing import Any


def shell() -> Any:
    """Return IPython's shell, or None where Python runs without it; IPython is not imported for that."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None else None


def in_notebook() -> bool:
    """Tell whether cells of a notebook are run here: by a front end, or by nobody who looks."""
    return any(cls.__name__ == "ZMQInteractiveShell" for cls in type(shell()).__mro__)
