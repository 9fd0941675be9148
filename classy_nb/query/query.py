"""One query: what is requested, from which path, and the parameters of each of its pages.

The builder makes queries, and ``pagination`` turns them into requests; nothing here is checked any more.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from classy_nb.catalog import with_decimals

if TYPE_CHECKING:
    from classy_nb.catalog import Column, Endpoint

    from .filters import Condition

MOST_PER_PAGE = 100
"""Records on the API's largest page."""


@dataclass(frozen=True)
class Query:
    """One list or object to request."""

    endpoint: Endpoint
    path: str
    columns: tuple[Column, ...]
    """The columns of the frame that comes back."""
    parameters: tuple[tuple[str, str], ...] = ()
    conditions: tuple[Condition, ...] = ()
    sort: tuple[tuple[str, bool], ...] = ()
    """Columns to sort by; True for descending."""
    limit: int | None = None
    undocumented: tuple[str, ...] = ()
    """Includes that the document lists for other endpoints of the record only."""
    warnings: tuple[str, ...] = ()
    """What the caller should know before it is sent."""
    page_size: int = MOST_PER_PAGE
    """Records on the largest page to request."""
    flat: bool = False
    """Whether the frame's names come without dots."""
    decimal: bool = False
    """Whether amounts of money are decimals; see :meth:`with_decimals`."""
    keep_misfits: bool = False
    """Whether values that do not fit their columns are kept in a column of their own."""
    accept_incomplete: bool = False
    """Whether records that two complete reads agree on will do, even if the API promises more."""
    parts: tuple[Query, ...] = ()
    """The lists that make up this one, where the API gives it one day at a time."""
    period: str | None = None
    """What a period in words came to: ``last month: 2026-10-01 to 2026-10-31``."""

    @property
    def asked(self) -> list[str]:
        """What is asked, in the API's words: parameters, conditions and order, as ``name=value``."""
        filters = [("filter", str(condition)) for condition in self.conditions]
        order = [("sort", f"{name}:desc" if descending else name) for name, descending in self.sort]
        return [f"{name}={value}" for name, value in (*self.parameters, *filters, *order)]

    def with_decimals(self) -> Query:
        """Return the query with amounts of money in decimal columns."""
        return replace(self, columns=with_decimals(self.columns), decimal=True)

    def keeping_misfits(self) -> Query:
        """Return the query with values that do not fit their columns in a column of their own."""
        return replace(self, keep_misfits=True)

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
            Only records with an id above *after*, and up to *until*.
        sort
            The API's ``sort``; by default the caller's.
        """
        # A list requested by its path may have a filter already. A server in PHP keeps only the last of two
        # ``filter=`` parameters, so all conditions go into one.
        conditions = [value for name, value in self.parameters if name == "filter"]
        conditions += [str(condition) for condition in self.conditions]
        if after is not None:
            conditions.append(f"{self.endpoint.id}>{after}")
        if until is not None:
            conditions.append(f"{self.endpoint.id}<={until}")
        pairs = [pair for pair in self.parameters if pair[0] != "filter"]
        if conditions:
            pairs.append(("filter", ",".join(conditions)))
        if order := sort or self.order():
            pairs.append(("sort", order))
        pairs += [("page", str(number)), ("per_page", str(per_page))]
        return pairs

    def order(self, *, decided: bool = False) -> str:
        """Return the caller's order as the API's ``sort``.

        With *decided*, the id breaks ties: otherwise the server is free to put equal records in a different
        order on each page, and some would be skipped.
        """
        order = [f"{name}:desc" if descending else name for name, descending in self.sort]
        if decided and order and self.endpoint.id not in (None, *(name for name, _ in self.sort)):
            order.append(str(self.endpoint.id))
        return ",".join(order)
