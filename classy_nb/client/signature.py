"""The signature that Shift-Tab shows for one resource."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from classy_nb.catalog import ResourceSpec


def signature_of(kind: ResourceSpec, call: Callable[..., object]) -> inspect.Signature:
    """Build it: the keywords that *call* has for all, and this resource's own."""
    general = [p for p in inspect.signature(call).parameters.values() if p.name != "self"][:-1]
    own = dict.fromkeys(key for e in kind.lists for key in (*e.parents, *(p.keyword for p in e.parameters)))
    extra = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None)
        for name in own
        if name not in {p.name for p in general}
    ]
    return inspect.Signature([*general, *extra])
