"""Records to typed frames: parsed JSON comes in, Arrow tables and pandas frames go out.

The client fills a :class:`TableBuilder` page by page, hands its tables to the export as they are, and turns
them into pandas once, at the edge (:func:`to_frame`, :func:`to_series`); users call :func:`explode`. Columns
and dtypes are the catalog's, the same for zero rows and for a million.

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
list        ``object``: Python lists of dicts with the same keys and types in each (included lists only);
            dates in them are ISO text
json        pandas' string dtype: the value's JSON text; text that is the JSON of an object or a list
            already stays as it is
==========  =========================================================================================

An empty text in a column of numbers, flags or dates is missing. Any other value that does not fit
keeps its row, becomes missing and is counted in one :class:`~classy_nb.errors.DataWarning` a column.
A key that the catalog does not know becomes a column at the right, of the dtype that all its values share,
or of JSON text.
"""

from __future__ import annotations

from .arrow import columns_of_items, list_type, stream, to_arrow
from .builder import GROUP_ROWS, TableBuilder, misfit_message
from .children import explode
from .convert import EXACT, Converter, SharedKind, free_form_text, json_text, json_values
from .forks import computes_with_arrow
from .frame import LISTS, empty_frame, series_of, to_frame, to_series
from .garbage import fewer_collections
from .kinds import ABOUT, ARROW, JSON_KINDS, MISFITS, Backend, checked_backend, field_of, json_kind
from .zones import local_timestamp

__all__ = [
    "ABOUT",
    "ARROW",
    "EXACT",
    "GROUP_ROWS",
    "JSON_KINDS",
    "LISTS",
    "MISFITS",
    "Backend",
    "Converter",
    "SharedKind",
    "TableBuilder",
    "checked_backend",
    "columns_of_items",
    "computes_with_arrow",
    "empty_frame",
    "explode",
    "fewer_collections",
    "field_of",
    "free_form_text",
    "json_kind",
    "json_text",
    "json_values",
    "list_type",
    "local_timestamp",
    "misfit_message",
    "series_of",
    "stream",
    "to_arrow",
    "to_frame",
    "to_series",
]
