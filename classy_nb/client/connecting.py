"""Ways to get a connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from classy_nb.catalog import load
from classy_nb.credentials import Credentials
from classy_nb.errors import ClassyError, NotFoundError, PermissionDeniedError, UsageError
from classy_nb.http import DEFAULT_LIMIT, HttpClient, RateLimit, TokenAuth
from classy_nb.pagination import Paginator
from classy_nb.query import QueryBuilder
from classy_nb.redact import Secret, clear_tracebacks

from .connection import Classy

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType

    from classy_nb.sandbox import Sandbox


@clear_tracebacks
def connect(
    client_id: str | Secret | None = None,
    client_secret: str | Secret | None = None,
    *,
    organization: int | None = None,
    env_file: str | Path | None = None,
    timezone: str | None = None,
    base_url: str | None = None,
    token_url: str | None = None,
    workers: int = 8,
    requests_per_minute: int = DEFAULT_LIMIT,
    headers: Mapping[str, str | Secret] | None = None,
) -> Classy:
    """Log in and return a connection.

    Explicit arguments beat the environment, which beats ``.env`` (looked for from the current
    folder upwards, to the repository's root or the home folder).

    Parameters
    ----------
    client_id, client_secret
        The application's credentials; else ``CLASSY_CLIENT_ID`` and ``CLASSY_CLIENT_SECRET``.
    organization
        The organization's id; else ``CLASSY_ORGANIZATION_ID``; else the one that the application
        belongs to.
    env_file
        A ``.env`` file to read instead of looking for one.
    timezone
        IANA name of the zone for dates without one and for all instants in frames; else
        ``CLASSY_TIMEZONE``; else UTC.
    base_url, token_url
        Other hosts than ``https://api.classy.org/2.0`` and ``https://api.classy.org/oauth2/auth``.
    workers
        How many requests of one list may be under way at the same time (1 to 64).
    requests_per_minute
        The most that is sent in 60 seconds; lower it where other programs share the application.
    headers
        Extra headers, such as an ``x-integration-id``.

    Returns
    -------
    Classy
        Logged in; the token is renewed as needed and kept in memory only.

    Raises
    ------
    CredentialsError
        There are no usable credentials; nothing was sent.
    LoginError
        They were refused.
    UsageError
        The application sees several organizations: the message lists them for ``organization=``.
    ClassyError
        The API could not be reached or says no.
    """
    credentials = Credentials.load(
        client_id,
        client_secret,
        organization=organization,
        env_file=env_file,
        timezone=timezone,
        base_url=base_url,
        token_url=token_url,
    )
    http = open_http(credentials.base_url, workers, requests_per_minute, headers or {})
    try:
        http.auth = TokenAuth(credentials, http.post_token, http.origin)
        chosen, name = _organization(credentials, http)
        return Classy(credentials, http, chosen, name, workers)
    except BaseException:
        http.close()
        raise


_MOST_WORKERS = 64


def open_http(
    base_url: str, workers: int, requests_per_minute: int, headers: Mapping[str, str | Secret]
) -> HttpClient:
    """Return a transport that has not logged in yet.

    Raises
    ------
    UsageError
        One of these makes no sense.
    """
    if isinstance(workers, bool) or not isinstance(workers, int) or not 1 <= workers <= _MOST_WORKERS:
        raise UsageError(f"workers={workers!r} must be a whole number from 1 to {_MOST_WORKERS}.")
    return HttpClient(
        base_url, rate_limit=RateLimit(requests_per_minute), headers=headers, connections=workers
    )


def organizations_of(credentials: Credentials, http: HttpClient) -> dict[int, str]:
    """Return the organizations that the application sees: id to name."""
    catalog = load()
    queries = QueryBuilder(catalog, defaults={"app": credentials.client_id})
    query = queries.for_list(catalog.resources["organizations"])
    paginator = Paginator(
        query,
        lambda parameters, retry_timeouts, cancel: http.get(
            query.path, parameters, retry_timeouts=retry_timeouts, cancel=cancel
        ),
    )
    return {
        int(record["id"]): str(record.get("name") or "")
        for records in paginator.pages()
        for record in records
        if isinstance(record, dict) and str(record.get("id", "")).isdigit()
    }


def choices(credentials: Credentials, http: HttpClient) -> dict[int, str]:
    """Return the organizations to choose from, id to name: the one that was asked for, or all there are.

    Raises
    ------
    UsageError
        The one that was asked for is not among them.
    ClassyError
        There is none.
    """
    wanted = credentials.organization
    try:
        seen = organizations_of(credentials, http)
    except (NotFoundError, PermissionDeniedError):
        if wanted is None:
            raise
        return {wanted: ""}  # not every application may list them; the id is the caller's word
    if wanted is not None:
        if wanted not in seen:
            raise UsageError(
                f"The application does not see an organization with id {wanted}.",
                advice=f"It sees {_listed(seen)}." if seen else "It sees none.",
            )
        return {wanted: seen[wanted]}
    if not seen:
        raise ClassyError(
            "The application sees no organization.",
            advice="Ask the organization's administrator to attach the application to it.",
        )
    return seen


def _organization(credentials: Credentials, http: HttpClient) -> tuple[int, str | None]:
    found = choices(credentials, http)
    if len(found) > 1:
        raise UsageError(
            f"The application sees {len(found)} organizations.",
            advice=f"Choose with organization=: {_listed(found)}.",
        )
    return next((id_, name or None) for id_, name in found.items())


def _listed(organizations: Mapping[int, str]) -> str:
    return "; ".join(f"{name or 'no name'}: {id_}" for id_, name in list(organizations.items())[:20])


class Demo(Classy):
    """A connection to a sandbox of its own, which ends with it.

    Attributes
    ----------
    sandbox
        The stand-in server; its data are invented.
    """

    sandbox: Sandbox

    def close(self) -> None:
        """Close the connections and end the sandbox."""
        super().close()
        self.sandbox.stop()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@clear_tracebacks
def demo(
    *, transactions: int = 60_100, seed: int = 1, timezone: str = "America/Los_Angeles", **options: Any
) -> Demo:
    """Start a sandbox and connect to it: everything works, without an account, on invented data.

    Parameters
    ----------
    transactions, seed
        Size of the invented organization; the same seed gives the same data.
    timezone
        As in :func:`connect`.
    **options
        Further options of :class:`classy_nb.sandbox.Sandbox`.

    Returns
    -------
    Demo
        A connection; ``close()`` it, or use ``with``, to end the sandbox.

    Raises
    ------
    ImportError
        The sandbox's packages are missing: ``pip install 'classy-nb[demo]'``.
    """
    from classy_nb.sandbox import Sandbox

    box = Sandbox(transactions=transactions, seed=seed, **options)
    box.start()
    try:
        plain = connect(
            box.client_id,
            box.client_secret,
            organization=box.organization_id,
            timezone=timezone,
            base_url=box.base_url,
            token_url=box.token_url,
        )
    except BaseException:
        box.stop()
        raise
    connection = Demo(
        plain._credentials,  # noqa: SLF001
        plain._http,  # noqa: SLF001
        plain.organization,
        plain.organization_name,
        plain.workers,
    )
    connection.sandbox = box
    return connection
