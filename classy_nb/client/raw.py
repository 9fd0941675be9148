"""``classy.get(path)``: any GET, including those that no document lists.

A path that the catalog knows gives the same frame or Series as its resource would. For any other path, the
shape of the response decides.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, datetime
from numbers import Number
from typing import TYPE_CHECKING, Any

from classy_nb.arguments import shown
from classy_nb.catalog import Catalog, Endpoint
from classy_nb.decoding import rows_of
from classy_nb.errors import UsageError
from classy_nb.pagination import looks_like_list
from classy_nb.query import MOST_PER_PAGE, Query, filter_literal, instant, raw_path

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from classy_nb.catalog import Column

    from .fetch import Fetcher


def fetch_raw(
    catalog: Catalog,
    fetcher: Fetcher,
    path: str,
    parameters: Mapping[str, Any],
    *,
    accept_incomplete: bool = False,
) -> Any:
    """Return the answer to ``GET path``: a frame for a list, a Series for an object, otherwise the value.

    A list is fetched whole, with pages of ``per_page=`` records; only ``page=`` makes it a single page.
    """
    from classy_nb.frames import TableBuilder, to_frame, to_series

    encoded = raw_path(path)
    endpoint = catalog.find(encoded)
    given = {name: _value(name, value, fetcher.timezone) for name, value in parameters.items()}
    for name in ("page", "per_page"):
        if name in given and not re.fullmatch("[1-9][0-9]{0,17}", given[name]):
            raise UsageError(f"get(): {name}={shown(parameters[name])} must be a whole number, 1 or more.")
    whole = "page" not in given
    size = min(int(given.pop("per_page", MOST_PER_PAGE)), MOST_PER_PAGE) if whole else MOST_PER_PAGE
    pairs = tuple(given.items())

    def listed(query: Query) -> pd.DataFrame:
        # Lists that come in one answer have no pages, and must not be cut to the size of one.
        pages = size if query.endpoint.kind == "list" else MOST_PER_PAGE
        asked = replace(query, page_size=pages, accept_incomplete=accept_incomplete)
        return fetcher.frame(asked, "numpy_nullable")

    if endpoint is not None and endpoint.is_list and whole:
        return listed(_listed(endpoint, encoded, catalog.columns(endpoint), pairs))
    unknown = endpoint or Endpoint(encoded, "object", "", encoded.strip("/").split("/")[-1])
    columns = catalog.columns(unknown) if endpoint is not None else ()
    body = fetcher.json(Query(unknown, encoded, columns, pairs))
    if looks_like_list(body):
        if whole and isinstance(body, dict):
            return listed(Query(Endpoint(encoded, "list", "", unknown.resource), encoded, (), pairs))
        builder = TableBuilder(columns, timezone=fetcher.timezone, label=unknown.resource)
        records = body["data"] if isinstance(body, dict) else body
        builder.add(rows_of(records) or () if isinstance(records, dict) else records)
        return to_frame(builder.table())
    if isinstance(body, dict) or (body is None and columns):
        return to_series(body or {}, columns, timezone=fetcher.timezone, name=unknown.resource)
    return body


def _listed(
    endpoint: Endpoint, path: str, columns: tuple[Column, ...], pairs: tuple[tuple[str, str], ...]
) -> Query:
    """Return the query for a list that the catalog knows; a sort in *pairs* is kept."""
    given = dict(pairs)
    fields = given.get("fields")
    if fields is not None and endpoint.id is not None and endpoint.id not in fields.split(","):
        # Without ids, records that look the same would count as one.
        given["fields"] = f"{endpoint.id},{fields}"
        pairs = tuple(given.items())
    parts = (part.strip().partition(":") for part in given.get("sort", "").split(",") if part.strip())
    order = tuple((name, direction == "desc") for name, _, direction in parts)
    sortable = {column.name for column in columns if column.kind not in ("list", "json")}
    if order and "fields" not in given and sortable.issuperset(name for name, _ in order):
        # Fetched in order of id like any list, and sorted once it has arrived.
        return Query(endpoint, path, columns, tuple(p for p in pairs if p[0] != "sort"), sort=order)
    # Only the API can sort by these columns: without an id to go by, its page numbers keep its order.
    return Query(replace(endpoint, id=None) if order else endpoint, path, columns, pairs)


def _value(name: str, value: object, timezone: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime | date):
        return filter_literal(instant(value, timezone, name))
    if isinstance(value, list | tuple):
        return ",".join(_value(name, item, timezone) for item in value)
    if isinstance(value, str | Number) and str(value).encode("utf-8", "ignore").decode() == str(value):
        return str(value)
    raise UsageError(
        f"get(): {name}= takes text, a number, True, False, a date or a list of these.",
        advice="Give each parameter as a keyword: get(path, filter='status=success')."
        if isinstance(value, dict)
        else None,
    )
