"""Records to typed frames: the catalog's columns, the same dtypes for zero rows and for a million.

What becomes of a value, by the kind of its column:

==========  =========================================================================================
int         ``Int64``, exact; text such as ``"12"`` or ``" 12.000 "`` is read
float       ``Float64``; numbers that arrive as text are read
bool        ``boolean``; ``0``, ``1``, ``"0"``, ``"1"``, ``"true"`` and ``"false"`` are read
text        pandas' string dtype on Arrow; digits stay text, a number becomes its digits, an object
            or a list its JSON text
last4       as text, padded with zeros to four digits
datetime    ``datetime64[us, <timezone>]``; a text without a zone is UTC, a day alone is its midnight
            in UTC
date        ``datetime64[us]`` without a zone: the day as it is written, never moved by a zone
list, json  ``object``: Python lists and dicts as they came
==========  =========================================================================================

An empty text in a column of numbers, flags or dates is missing. Any other value that does not fit
keeps its row, becomes missing and is counted in one :class:`~classy_nb.errors.DataWarning` a column.
"""

from __future__ import annotations

from .builder import GROUP_ROWS, FrameBuilder, empty_frame
from .children import explode
from .collector import collector_eased
from .series import to_series

__all__ = ["GROUP_ROWS", "FrameBuilder", "collector_eased", "empty_frame", "explode", "to_series"]
