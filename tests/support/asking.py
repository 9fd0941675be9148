"""What callers ask for, and what is made of it."""

from typing import Any

import pytest

from classy_nb.catalog import load
from classy_nb.errors import UsageError
from classy_nb.query import Query, QueryBuilder

CATALOG = load()
ASKING = QueryBuilder(CATALOG, "America/Los_Angeles", {"organization": 7, "app": "idForTheTests123"})
PAGE = [("page", "1"), ("per_page", "100")]


def listed(resource: str, **asked: Any) -> Query:
    return ASKING.for_list(CATALOG.resources[resource], **asked)


def recorded(resource: str, id_: Any = None, **asked: Any) -> Query:
    return ASKING.for_record(CATALOG.resources[resource], id_, **asked)


def sent(resource: str, **asked: Any) -> dict[str, str]:
    """The first page's parameters other than the paging."""
    pairs = listed(resource, **asked).page()
    assert len(dict(pairs)) == len(pairs)  # nothing twice: the last would win
    assert pairs[-2:] == PAGE
    return dict(pairs[:-2])


def refusal(resource: str, **asked: Any) -> str:
    with pytest.raises(UsageError) as caught:
        listed(resource, **asked)
    return str(caught.value)
