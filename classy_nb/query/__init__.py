"""A question becomes a path of the API and its parameters, and is checked on the way.

In come a resource of the catalog and the caller's keywords (``since=``, ``where=``, ``campaign=`` ...);
out comes a :class:`Query`, or a ``UsageError`` that suggests a remedy, before anything is sent: the API
ignores what it does not know, so a typo would quietly return everything. ``client`` and the explorer
build queries with :class:`QueryBuilder`; ``pagination`` asks a query for the parameters of one page after
another.
"""

from __future__ import annotations

from .builder import (
    ListOptions,
    Names,
    QueryBuilder,
    check_batches,
    check_count,
    check_order_of_id,
)
from .dates import Moment, days, filter_literal, instant, is_date_text, zone
from .filters import (
    Condition,
    holds_several,
    nearest,
    read_conditions,
    suggestion,
    unsatisfiable,
    warn_of_conditions,
)
from .paths import raw_path
from .periods import PERIODS, Period, named_period, read_period, today_in
from .query import MOST_PER_PAGE, Query

__all__ = [
    "MOST_PER_PAGE",
    "PERIODS",
    "Condition",
    "ListOptions",
    "Moment",
    "Names",
    "Period",
    "Query",
    "QueryBuilder",
    "check_batches",
    "check_count",
    "check_order_of_id",
    "days",
    "filter_literal",
    "holds_several",
    "instant",
    "is_date_text",
    "named_period",
    "nearest",
    "raw_path",
    "read_conditions",
    "read_period",
    "suggestion",
    "today_in",
    "unsatisfiable",
    "warn_of_conditions",
    "zone",
]
