"""A local copy of an organization's lists that proves itself equal, and the way to any warehouse.

A connection comes in, and a file or a destination of dlt's; out go tables, one a list, and a report of
what changed and whether all is equal. ``classy.mirror`` and ``cn.open_mirror`` call it.
"""

from __future__ import annotations

from .local import Mirror, open_mirror
from .source import dlt_source
from .syncing import check_sync, sync
from .tables import DEFAULT, MirroredList, mirrored_lists

__all__ = [
    "DEFAULT",
    "Mirror",
    "MirroredList",
    "check_sync",
    "dlt_source",
    "mirrored_lists",
    "open_mirror",
    "sync",
]
