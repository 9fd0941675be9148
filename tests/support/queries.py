"""Build queries as a connection does, and look at what they send."""

from typing import Any

import pytest

from classy_nb.catalog import load
from classy_nb.errors import UsageError
from classy_nb.query import Query, QueryBuilder

CATALOG = load()
QUERIES = QueryBuilder(CATALOG, "America/Los_Angeles", {"organization": 7, "app": "idForTheTests123"})
PAGE = [("page", "1"), ("per_page", "100")]


def listed(resource: str, **keywords: Any) -> Query:
    return QUERIES.for_list(CATALOG.resources[resource], **keywords)


def recorded(resource: str, id_: Any = None, **keywords: Any) -> Query:
    return QUERIES.for_record(CATALOG.resources[resource], id_, **keywords)


def sent(resource: str, **keywords: Any) -> dict[str, str]:
    """The first page's parameters other than the paging."""
    pairs = listed(resource, **keywords).page()
    assert len(dict(pairs)) == len(pairs)  # nothing twice: the last would win
    assert pairs[-2:] == PAGE
    return dict(pairs[:-2])


def refusal(resource: str, **keywords: Any) -> str:
    with pytest.raises(UsageError) as caught:
        listed(resource, **keywords)
    return str(caught.value)
