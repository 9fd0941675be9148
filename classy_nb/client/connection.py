"""The connection: what a notebook holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from classy_nb.catalog import load, summary
from classy_nb.query import QueryBuilder, zone
from classy_nb.redact import clear_tracebacks

from .cards import Facts, html_card, text_card
from .fetch import Fetcher
from .names import ResourceNames, unknown_attribute
from .raw import fetch_raw
from .resource import Resource

if TYPE_CHECKING:
    from types import TracebackType

    import pandas as pd

    from classy_nb.credentials import Credentials
    from classy_nb.http import HttpClient
    from classy_nb.widgets.explorer import Explorer


class Classy(ResourceNames):
    """A connection to the API as one application, reading one organization.

    Get one from :func:`classy_nb.connect` or :func:`classy_nb.demo`. Each resource is an attribute:
    ``classy.transactions(since=2026)`` is a DataFrame, ``classy.transactions`` says what it is,
    :meth:`resources` lists them all. It can be shared by threads; ``with`` closes it.

    Parameters
    ----------
    credentials
        As whom to ask.
    transport
        Sends the requests.
    organization
        The organization's id.
    organization_name
        Its name, for people.
    workers
        How many requests of one list may be under way at the same time.
    """

    def __init__(
        self,
        credentials: Credentials,
        http: HttpClient,
        organization: int,
        organization_name: str | None = None,
        workers: int = 8,
    ) -> None:
        zone(credentials.timezone)
        self._credentials = credentials
        self._http = http
        self.organization = organization
        self.organization_name = organization_name
        self.workers = workers
        self._queries = QueryBuilder(
            load(),
            credentials.timezone,
            {"organization": organization, "app": credentials.client_id},
        )
        self._fetcher = Fetcher(http, credentials.timezone, workers)
        for name, kind in self._queries.catalog.resources.items():
            setattr(self, name, Resource(kind, self._queries, self._fetcher))

    @property
    def timezone(self) -> str:
        """Time zone of dates without one, and of all instants in frames."""
        return self._credentials.timezone

    @clear_tracebacks
    def get(self, path: str, /, **parameters: Any) -> Any:
        """Fetch any path, also one that no document lists.

        Parameters
        ----------
        path
            Path below ``/2.0``, such as ``"/campaigns/123/overview"``.
        **parameters
            Sent as they are (the API ignores what it does not know): text, numbers, booleans, dates
            or lists. ``filter``, ``sort`` and ``with`` as the API spells them (``**{"with": "items"}``).

        Returns
        -------
        DataFrame, Series or value
            A whole list as a frame (with ``page=`` only that page), an object as a Series, anything
            else as it came. Columns that the catalog does not know have inferred dtypes.

        Raises
        ------
        UsageError
            *path* is no plain path.
        ClassyError
            It could not be fetched.
        """
        return fetch_raw(self._queries.catalog, self._fetcher, path, parameters)

    def resources(self) -> pd.DataFrame:
        """List all resources.

        Returns
        -------
        DataFrame, one row a resource
            ``resource`` (the attribute's name), ``parents`` (keywords of its lists), ``one``
            (whether ``.get`` works), ``columns`` (their number), ``include``, ``date`` (business
            date), ``deprecated``, ``member_only`` (all of its endpoints are).
        """
        import pandas as pd

        return pd.DataFrame(summary(self._queries.catalog))

    def explore(self) -> Explorer:
        """Open the explorer: a panel to choose, look at, count, save and fetch lists without writing code.

        Returns
        -------
        Explorer
            Shown where it is the last value of a cell in a notebook with widgets; elsewhere its text says
            what to write instead. ``.frame`` is what "To a variable" fetched last, ``.file`` what
            "Save CSV" wrote last, ``.call`` the call that the form makes. Nothing that it shows is saved
            with the notebook.
        """
        from classy_nb.widgets.explorer import Explorer

        return Explorer(self, self._queries)

    if not TYPE_CHECKING:  # or type checkers would take every name for an attribute

        def __getattr__(self, name: str) -> Any:
            raise unknown_attribute(self, name)

    def close(self) -> None:
        """Close the connections. The token is forgotten with this object."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _facts(self) -> Facts:
        remaining = self._http.rate_limit.remaining
        return [
            ("organization", f"{self.organization_name or 'name unknown'} (id {self.organization})"),
            ("token", self._http.auth.describe() if self._http.auth else "no token yet"),
            ("requests left", "the API does not say" if remaining is None else f"{remaining:,} this minute"),
            ("time zone", self.timezone),
            ("data", f"{self._http.base_url} (read-only)"),
            ("next", ".resources() lists what there is; .transactions says what one is"),
        ]

    def __repr__(self) -> str:
        return text_card("Classy connection", self._facts())

    def _repr_html_(self) -> str:
        return html_card("Classy connection", self._facts())
