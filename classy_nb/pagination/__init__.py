"""Whole lists from an API that answers in pages.

In come a query and a function that sends one request. Out come all records, each exactly once, or an error.
``classy_nb.client`` calls it for every list and every count.
"""

from .daily import DailyPaginator
from .keyset import Part
from .matching import refuse_foreign_page
from .page import Fetch, Page, looks_like_list, read_page
from .paginator import Paginator

__all__ = [
    "DailyPaginator",
    "Fetch",
    "Page",
    "Paginator",
    "Part",
    "looks_like_list",
    "read_page",
    "refuse_foreign_page",
]
