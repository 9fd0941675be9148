"""``classy.get(path)``: any GET, also those that no document lists."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from classy_nb.catalog import Catalog, Endpoint
from classy_nb.errors import UsageError
from classy_nb.moments import instant, literal
from classy_nb.paths import raw_path
from classy_nb.query import Query
from classy_nb.walk import looks_like_list

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ._fetch import Fetcher


def fetch_raw(catalog: Catalog, fetcher: Fetcher, path: str, parameters: Mapping[str, Any]) -> Any:
    """Return what ``GET path`` answers: a frame for a list, a Series for an object, else the value.

    A list is fetched whole, page by page; with ``page=`` only that page.
    """
    from classy_nb.frames import FrameBuilder, to_series

    encoded = raw_path(path)
    endpoint = catalog.find(encoded)
    pairs = tuple((name, _value(name, value, fetcher.timezone)) for name, value in parameters.items())
    paged = "page" not in parameters and "per_page" not in parameters
    if endpoint is not None and endpoint.is_list and paged:
        return fetcher.frame(Query(endpoint, encoded, catalog.columns(endpoint), pairs), "numpy_nullable")
    unknown = endpoint or Endpoint(encoded, "object", "", encoded.strip("/").split("/")[-1])
    columns = catalog.columns(unknown) if endpoint is not None else ()
    body = fetcher.json(Query(unknown, encoded, columns, pairs))
    if looks_like_list(body):
        if paged and isinstance(body, dict):
            listed = Endpoint(encoded, "list", "", unknown.resource)
            return fetcher.frame(Query(listed, encoded, (), pairs), "numpy_nullable")
        builder = FrameBuilder(columns, timezone=fetcher.timezone, label=unknown.resource)
        builder.add(body["data"] if isinstance(body, dict) else body)
        return builder.frame()
    if isinstance(body, dict) or (body is None and columns):
        return to_series(body or {}, columns, timezone=fetcher.timezone, name=unknown.resource)
    return body


def _value(name: str, value: object, timezone: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime | date):
        return literal(instant(value, timezone, name))
    if isinstance(value, list | tuple):
        return ",".join(_value(name, item, timezone) for item in value)
    if isinstance(value, str | int | float):
        return str(value)
    raise UsageError(f"get(): {name}= takes text, a number, True, False, a date or a list of these.")
