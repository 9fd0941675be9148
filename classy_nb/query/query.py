"""One question to the API, and the parameters of its pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from classy_nb.catalog import Column, Endpoint

    from .filters import Condition

MOST_PER_PAGE = 100
"""The API's largest page."""


@dataclass(frozen=True)
class Query:
    """One list or object to ask for: where, with what, and which columns it answers."""

    endpoint: Endpoint
    path: str
    columns: tuple[Column, ...]
    parameters: tuple[tuple[str, str], ...] = ()
    conditions: tuple[Condition, ...] = ()
    sort: tuple[tuple[str, bool], ...] = ()
    """Columns to sort by, and whether downwards."""
    limit: int | None = None

    def page(
        self,
        number: int = 1,
        per_page: int = MOST_PER_PAGE,
        *,
        after: int | None = None,
        until: int | None = None,
        sort: str | None = None,
    ) -> list[tuple[str, str]]:
        """Return the parameters of one page.

        Parameters
        ----------
        number, per_page
            Which page, and how many records on it.
        after, until
            Only records whose id is larger; and not larger than this one.
        sort
            The API's sort; by default what the caller asked for.
        """
        # A list fetched by its path may bring a filter of its own; a second one would replace it.
        conditions = [value for name, value in self.parameters if name == "filter"]
        conditions += [str(condition) for condition in self.conditions]
        if after is not None:
            conditions.append(f"{self.endpoint.id}>{after}")
        if until is not None:
            conditions.append(f"{self.endpoint.id}<={until}")
        found = [pair for pair in self.parameters if pair[0] != "filter"]
        if conditions:
            found.append(("filter", ",".join(conditions)))
        if order := sort or self.order():
            found.append(("sort", order))
        found += [("page", str(number)), ("per_page", str(per_page))]
        return found

    def order(self, *, decided: bool = False) -> str:
        """Return the API's sort as the caller asked for it; *decided*: records that tie are in order of ids.

        Else the server may put those that tie in another order on each page.
        """
        order = [f"{name}:desc" if down else name for name, down in self.sort]
        if decided and order and self.endpoint.id not in (None, *(name for name, _ in self.sort)):
            order.append(str(self.endpoint.id))
        return ",".join(order)
