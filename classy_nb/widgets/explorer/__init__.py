"""The explorer: a form in a notebook for choosing, previewing, counting and saving lists without code.

In comes a connection and what people type and press, as messages from the browser. Out go calls on the
connection's resources, and messages that say what to draw; rows land in a variable, a file or a
download. :meth:`classy_nb.Classy.explore` makes one.
"""

from __future__ import annotations

from .widget import Explorer

__all__ = ["Explorer"]
