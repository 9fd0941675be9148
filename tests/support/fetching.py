"""Lists in memory, fetched: what to ask for, and what came."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from classy_nb.catalog import Catalog, load
from classy_nb.pagination import Paginator
from classy_nb.query import Query, QueryBuilder

if TYPE_CHECKING:
    from support.keyed import Keyed
    from support.lists import Listed

CATALOG: Catalog = load()
QUERIES = QueryBuilder(CATALOG, defaults={"organization": 7, "app": "x"})

workers = pytest.mark.parametrize("workers", [1, 4])


def query(**asked: Any) -> Query:
    return QUERIES.for_list(CATALOG.resources["transactions"], **asked)


def without_ids(**asked: Any) -> Query:
    return QUERIES.for_list(CATALOG.resources["donor_emails"], fundraising_page=5, **asked)


def fetched(listed: Listed | Keyed, asked: Query | None = None, workers: int = 1) -> list[Any]:
    paginator = Paginator(asked or query(), listed.fetch, workers=workers)
    return [record for page in paginator.pages() for record in page]


def ids(records: list[Any]) -> list[int]:
    return [record["id"] for record in records]
