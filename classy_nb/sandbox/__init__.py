"""A stand-in of the API: a real HTTP server on loopback over an invented organization, in SQLite.

In come a size, a seed and the faults to play; out go the URLs and credentials that a client needs, and the
truth to compare its answers with. ``cn.demo()``, the tests, the notebooks and the benchmarks use it; it
knows nothing of the package but the catalog.

::

    from classy_nb.sandbox import Faults, Sandbox

    with Sandbox(transactions=600) as box:
        box.base_url, box.token_url, box.client_id, box.client_secret, box.organization_id
        box.faults.latency_ms = 300
        box.faults.then("503", "reset")

Needs the extra ``demo``: ``pip install 'classy-nb[demo]'``.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .faults import ONE_TIME, Faults
    from .sandbox import TODAY, Sandbox

__all__ = ["ONE_TIME", "TODAY", "Faults", "Sandbox"]
_HOMES = {"Faults": "faults", "ONE_TIME": "faults", "Sandbox": "sandbox", "TODAY": "sandbox"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted(__all__)
