"""Every way to get a connection: :func:`connect`, :func:`demo`, and :func:`login` with its form or prompts.

All of them end in :func:`log_in`: it gets the token first, by itself, and then lists the organizations that
the application sees. The form and the prompts do the same, step by step, with a :class:`LoginSettings`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from classy_nb.arguments import shown
from classy_nb.catalog import load
from classy_nb.credentials import Credentials, checked_timezone
from classy_nb.errors import (
    BadRequestError,
    ClassyError,
    CredentialsError,
    DataWarning,
    IncompleteResultError,
    NotFoundError,
    PermissionDeniedError,
    ServerError,
    UnauthorizedError,
    UnexpectedAnswerError,
    UsageError,
    kept_warnings,
    warn,
)
from classy_nb.files import checked_path
from classy_nb.http import DEFAULT_LIMIT, MOST_AT_ONCE, Cancel, Concurrency, HttpClient, RateLimit, TokenAuth
from classy_nb.pagination import Paginator
from classy_nb.query import QueryBuilder
from classy_nb.redact import Secret, clear_tracebacks

from .connection import Classy, Demo, Session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from classy_nb.errors import ResponseError
    from classy_nb.sandbox import Sandbox


@clear_tracebacks
def connect(
    client_id: str | Secret | None = None,
    client_secret: str | Secret | None = None,
    *,
    organization: int | None = None,
    env_file: str | Path | None = None,
    keyring: bool = False,
    timezone: str | None = None,
    fiscal_year_start: int | None = None,
    base_url: str | None = None,
    token_url: str | None = None,
    workers: int | None = None,
    requests_per_minute: int = DEFAULT_LIMIT,
    headers: Mapping[str, str | Secret] | None = None,
) -> Classy:
    """Log in and return a connection.

    Explicit arguments beat the environment, which beats ``.env`` (looked for from the current
    folder upwards, to the repository's root or the home folder). Of another user's ``.env`` only the
    client id and secret are taken. Where these lack the id or the secret, Colab's secrets are asked in a
    Colab notebook, and a secret scope in a Databricks runtime; :meth:`Credentials.load` has the whole order.

    Parameters
    ----------
    client_id, client_secret
        The application's credentials; else ``CLASSY_CLIENT_ID`` and ``CLASSY_CLIENT_SECRET``.
    organization
        The organization's id; else ``CLASSY_ORGANIZATION_ID``; else the one that the application
        belongs to. Needed where the application may not list its organizations.
    env_file
        A ``.env`` file to read instead of looking for one.
    keyring
        Look into the system's keyring before ``.env``; `Credentials.save_to_keyring` and ``classy-nb login
        --keyring`` put them there. Needs ``pip install 'classy-nb[keyring]'``.
    timezone
        IANA name of the zone for dates without one and for all instants in frames; else
        ``CLASSY_TIMEZONE``; else the organization's own. The connection's card says which, and why.
    fiscal_year_start
        The number of the month in which fiscal years begin (7: July), for :mod:`classy_nb.analysis`; else
        ``CLASSY_FISCAL_YEAR_START``; else 1.
    base_url, token_url
        Other hosts than ``https://api.classy.org/2.0`` and ``https://api.classy.org/oauth2/auth``.
    workers
        How many requests of one list may be under way at the same time (1 to 64). None: the number finds
        itself, for all lists of the connection together. It begins with 4, doubles with each round trip as
        long as that brings more records a second, up to 32, and is halved when the API refuses or fails.
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
        There are no usable credentials, or the ``.env`` file cannot be trusted, or a secret store refuses
        to be read; nothing was sent.
    LoginError
        The credentials were refused.
    UsageError
        The application sees several organizations: the message lists them for ``organization=``.
    ClassyError
        The API could not be reached or refused.

    Warns
    -----
    DataWarning
        The organization's time zone is unknown: UTC is used.
    """
    credentials = Credentials.load(
        client_id,
        client_secret,
        organization=organization,
        env_file=env_file,
        keyring=keyring,
        timezone=timezone,
        fiscal_year_start=fiscal_year_start,
        base_url=base_url,
        token_url=token_url,
    )
    return Classy(log_in(credentials, HttpOptions(workers, requests_per_minute, headers)).session())


@clear_tracebacks
def demo(
    *,
    transactions: int = 60_100,
    seed: int = 1,
    timezone: str | None = None,
    fiscal_year_start: int = 1,
    **options: Any,
) -> Demo:
    """Start a sandbox and connect to it: everything works, without an account, on invented data.

    Parameters
    ----------
    transactions, seed
        Size of the invented organization; the same seed gives the same data.
    timezone
        As in :func:`connect`; None for the invented organization's, which is in Los Angeles.
    fiscal_year_start
        As in :func:`connect`.
    **options
        Further options of :class:`classy_nb.sandbox.Sandbox`.

    Returns
    -------
    Demo
        A connection; ``close()`` it, or use ``with``, to end the sandbox.

    Raises
    ------
    UsageError
        A number is too small, or not a number.
    ImportError
        The sandbox's packages are missing: ``pip install 'classy-nb[demo]'``.
    """
    return Demo(
        start_sandbox(
            transactions=transactions,
            seed=seed,
            timezone=timezone,
            fiscal_year_start=fiscal_year_start,
            **options,
        )
    )


@clear_tracebacks
def login(
    *,
    organization: int | None = None,
    timezone: str | None = None,
    fiscal_year_start: int | None = None,
    base_url: str | None = None,
    token_url: str | None = None,
    env_file: str | Path = ".env",
    workers: int | None = None,
    requests_per_minute: int = DEFAULT_LIMIT,
    headers: Mapping[str, str | Secret] | None = None,
    prompt: bool | None = None,
) -> Classy:
    """Show a login form and return the connection that it will log in.

    In a notebook the form appears below the cell, and the cell ends at once; the connection works as
    soon as the form is sent. In a terminal, or with ``prompt=True``, prompts ask instead. Client
    id and secret are never taken from the environment or from ``.env`` here (that is
    :func:`connect`), and are not saved in the notebook.

    Parameters
    ----------
    organization
        The organization's id; else the application's only one, or the one chosen in the form.
    timezone, fiscal_year_start, base_url, token_url
        As in :func:`connect`; else from the environment or ``.env``.
    env_file
        Where "Remember" writes the credentials (see ``Credentials.save``).
    workers, requests_per_minute, headers
        As in :func:`connect`.
    prompt
        True: ask with prompts (input is not shown), for front ends that show no widgets.
        False: show the form in any case. None: the form in a notebook, prompts in a terminal.

    Returns
    -------
    Classy
        After prompts it is connected. From a form it is not yet: until the form is sent, any use
        raises NotLoggedInError. ``close()`` takes the form away, and so does letting go of the
        connection: keep it in a variable.

    Raises
    ------
    CredentialsError
        There is no one here to ask: this is neither an open notebook nor a terminal. Or
        three tries at the prompts failed. Or a ``.env`` file says that what is typed should go to a host that
        is not the vendor's, or cannot be trusted.
    UsageError
        An argument makes no sense; nothing was sent.
    ClassyError
        After prompts: the API could not be reached or refused.
    """
    from classy_nb.widgets import Place, place

    checked_path(env_file, "env_file")
    defaults = Credentials.load(
        *_PLACEHOLDERS,
        organization=organization,
        timezone=timezone,
        fiscal_year_start=fiscal_year_start,
        base_url=base_url,
        token_url=token_url,
    )
    if isinstance(headers, Mapping):  # else it is refused below
        headers = {name: Secret(value) for name, value in headers.items()}
    http = HttpOptions(workers, requests_per_minute, headers)
    http.open(defaults.base_url).close()  # so that arguments without sense are refused now
    settings = LoginSettings(defaults, organization, env_file, http, sandbox_timezone=timezone)

    where = place() if prompt is None else Place.TERMINAL if prompt else Place.NOTEBOOK
    if where is Place.NOBODY:
        raise CredentialsError(
            "There is no one here to ask for the client id and secret: this is neither a terminal nor an "
            "open notebook.",
            advice="Set CLASSY_CLIENT_ID and CLASSY_CLIENT_SECRET in the environment or in a .env file "
            "(see .env.example), and use connect() instead of login().",
        )
    if where is Place.TERMINAL:
        from classy_nb.widgets import prompt_for_login

        return Classy(prompt_for_login(replace(settings, typed_in="the prompts")))

    from classy_nb.widgets import LoginForm

    connection = Classy()
    connection._form = LoginForm(settings, connection)  # noqa: SLF001 - close() takes it away
    connection._form.show()  # noqa: SLF001
    return connection


_PLACEHOLDERS = (Secret("id-of-nobody"), Secret("secret-of-nobody"))
"""They let :func:`login` look up and check the other settings before anybody types a pair."""


@dataclass(frozen=True)
class HttpOptions:
    """The arguments of `connect` and `login` that are about requests."""

    workers: int | None = None
    requests_per_minute: int = DEFAULT_LIMIT
    headers: Mapping[str, str | Secret] | None = field(default=None, repr=False)

    def open(self, base_url: str) -> HttpClient:
        """Return an HTTP client that has not logged in yet.

        Raises
        ------
        UsageError
            One of the options makes no sense.
        """
        workers = self.workers
        known = isinstance(workers, int) and not isinstance(workers, bool) and 1 <= workers <= _MOST_WORKERS
        if workers is not None and not known:
            raise UsageError(
                f"workers={shown(workers)} must be a whole number from 1 to {_MOST_WORKERS}, or None."
            )
        return HttpClient(
            base_url,
            rate_limit=RateLimit(self.requests_per_minute),
            headers=self.headers,
            connections=workers or MOST_AT_ONCE,
            concurrency=Concurrency() if workers is None else None,
        )


_MOST_WORKERS = 64


@dataclass(frozen=True)
class Login:
    """A login that succeeded; the organization may still have to be chosen.

    Attributes
    ----------
    organizations
        What there is to choose from, id to name (which may be blank): the one that was asked for, or all
        that the application sees. Never empty.
    timezones
        The organizations' time zones, as the API writes them; blank where an organization has none, None
        where its record could not be read.
    notes
        Warnings about the credentials, for people.
    """

    credentials: Credentials
    http: HttpClient
    workers: int | None
    organizations: Mapping[int, str]
    timezones: Mapping[int, str | None]
    notes: Sequence[str] = ()

    def session(self, organization: int | None = None, *, sandbox: Sandbox | None = None) -> Session:
        """Return the session of one organization; None means the only one.

        Raises
        ------
        UsageError
            There are several organizations to choose from.

        Warns
        -----
        DataWarning
            The organization's time zone is unknown: UTC is used.
        """
        credentials = self.credentials
        if organization is None and len(self.organizations) > 1:
            self.close()
            error = UsageError(
                f"The application sees {len(self.organizations)} organizations.",
                advice=f"Choose with organization=: {_listed(self.organizations)}.",
            )
            credentials.name_sources(error)
            raise error
        if organization is None:
            organization = next(iter(self.organizations))
        elif len(self.organizations) > 1:
            with kept_warnings():  # the login has told them already
                credentials = replace(credentials, organization=organization)
        zone, source = _timezone(credentials, self.timezones[organization])
        return Session(
            credentials,
            self.http,
            organization,
            self.organizations[organization] or None,
            timezone=zone,
            timezone_source=source,
            workers=self.workers,
            sandbox=sandbox,
        )

    def close(self) -> None:
        """Close the connections: no session is wanted."""
        self.http.close()


def log_in(
    credentials: Credentials,
    options: HttpOptions,
    notes: Sequence[str] = (),
    *,
    cancel: Cancel | None = None,
) -> Login:
    """Get a token, then list the organizations to choose from; *cancel* ends both.

    Raises
    ------
    LoginError
        The credentials were refused.
    UsageError
        The organization that was asked for is not among those that the application sees.
    ClassyError
        The application sees no organization, or the API could not be reached or refused.
    """
    http = options.open(credentials.base_url)
    try:
        http.auth = TokenAuth(credentials, http.post_token, http.origin)
        # By itself, before anything else: otherwise it would be fetched in the middle of the first list.
        http.auth.token(cancel)
        organizations = _organizations_to_choose_from(credentials, http, cancel)
    except BaseException as error:
        http.close()
        if isinstance(error, ClassyError):
            credentials.name_sources(error)
        raise
    timezones = {
        id_: str(record.get("timezone_identifier") or "") if record else None
        for id_, record in organizations.items()
    }
    return Login(credentials, http, options.workers, _names(organizations), timezones, notes)


def _organizations_to_choose_from(
    credentials: Credentials, http: HttpClient, cancel: Cancel | None
) -> dict[int, dict[str, Any]]:
    """Return the records of the organization that was asked for, or of all that the application sees."""
    wanted = credentials.organization
    catalog = load()
    queries = QueryBuilder(catalog, defaults={"app": credentials.client_id})
    query = queries.for_list(catalog.resources["organizations"])
    paginator = Paginator(
        query,
        # A list that fails sets its own signal; the caller's is still needed after that.
        lambda parameters, retry_timeouts, own: http.get(
            query.path, parameters, retry_timeouts=retry_timeouts, cancel=cancel or own
        ),
    )
    failure: ResponseError | None = None
    seen: dict[int, dict[str, Any]] = {}
    try:
        seen = {
            int(record["id"]): record
            for records in paginator.pages()
            for record in records
            if isinstance(record, dict) and str(record.get("id", "")).isdigit()
        }
    except (*_REFUSALS, ServerError, UnexpectedAnswerError) as error:
        if wanted is None:
            error.advice = f"{error.advice} {_NAME_THE_ORGANIZATION}".strip()
            raise
        failure = error
    except IncompleteResultError as error:
        if wanted is None:
            error.advice = _NAME_THE_ORGANIZATION
            raise
    if wanted in seen:
        return {wanted: seen[wanted]}
    if wanted is not None and seen:
        raise UsageError(
            f"The application does not see an organization with id {wanted}.",
            advice=f"It sees {_listed(_names(seen))}.",
        )
    if wanted is not None:
        # Not every application may list its organizations: then the caller's word counts.
        return {wanted: _organization_record(wanted, http, cancel, failure)}
    if not seen:
        raise ClassyError(
            "The application sees no organization.",
            advice="Ask the organization's administrator to attach the application to it. "
            + _NAME_THE_ORGANIZATION,
        )
    return seen


_REFUSALS = (BadRequestError, UnauthorizedError, PermissionDeniedError, NotFoundError)
"""Answers that stay the same no matter how often the request is sent."""
_NAME_THE_ORGANIZATION = (
    "If you know the organization's id, pass organization= to connect() or login(), set "
    "CLASSY_ORGANIZATION_ID for connect(), or use --organization in a shell: then nothing has to be listed."
)


def _organization_record(
    organization: int, http: HttpClient, cancel: Cancel | None, failure: ResponseError | None
) -> dict[str, Any]:
    """Return an organization that the listing does not have; empty if it is refused by itself, too.

    Its name and its time zone are worth a request. Where the listing failed (*failure*) without being
    refused, the record has to come: without it, the same call a minute later would be in another time zone.
    """
    try:
        record = http.get(f"/organizations/{organization}", cancel=cancel)
    except (*_REFUSALS, ServerError, UnexpectedAnswerError):
        record = None
    found = record if isinstance(record, dict) and str(record.get("id")) == str(organization) else {}
    if not found and failure is not None and not isinstance(failure, _REFUSALS):
        raise failure
    return found


def _timezone(credentials: Credentials, organizations: str | None) -> tuple[str, str]:
    """Return the connection's time zone and where it comes from, in words.

    Parameters
    ----------
    credentials
        Have the zone that was asked for, if any.
    organizations
        The organization's own zone as the API writes it; blank if it has none, None if nobody knows.
    """
    if credentials.timezone is not None:
        place = credentials.sources["timezone"]
        if place == "arguments":
            return credentials.timezone, "timezone="
        where = "the environment" if place == "environment" else Path(place).name
        return credentials.timezone, f"CLASSY_TIMEZONE in {where}"
    if organizations == "":
        return "UTC", "the organization has none"  # the vendor's own overviews fall back on UTC as well
    if organizations is None:
        why = "the organization's is unknown"
    else:
        try:
            return checked_timezone(organizations), "the organization's"
        except UsageError:
            # Whatever is not a name (this is the API's text) is not repeated.
            named = re.fullmatch(r"[\w+/ -]{1,40}", organizations, re.ASCII)
            why = f"the organization's{f', {organizations},' if named else ''} does not exist"
    warn(
        f"Dates and times are in UTC: {why}. Pass timezone= (or set CLASSY_TIMEZONE) to use another zone.",
        DataWarning,
    )
    return "UTC", why


def _names(records: Mapping[int, Mapping[str, Any]]) -> dict[int, str]:
    return {id_: str(record.get("name") or "") for id_, record in records.items()}


def _listed(organizations: Mapping[int, str]) -> str:
    return "; ".join(f"{name or 'no name'}: {id_}" for id_, name in list(organizations.items())[:20])


def start_sandbox(
    *,
    transactions: int = 60_100,
    seed: int = 1,
    timezone: str | None = None,
    fiscal_year_start: int = 1,
    **options: Any,
) -> Session:
    """Start a sandbox and log in to it; closing the session stops it. See :func:`demo`."""
    from classy_nb.sandbox import Sandbox

    for name, number in (("transactions", transactions), ("seed", seed)):
        if isinstance(number, bool) or not isinstance(number, int):
            raise UsageError(f"{name}={shown(number)} must be a whole number.")
    try:
        box = Sandbox(transactions=transactions, seed=seed, **options)
    except ValueError as error:
        raise UsageError(str(error), advice="See classy_nb.sandbox.Sandbox for its options.") from None
    box.start()
    try:
        credentials = Credentials(
            box.client_id,
            box.client_secret,
            organization=box.organization_id,
            timezone=timezone,
            fiscal_year_start=fiscal_year_start,
            base_url=box.base_url,
            token_url=box.token_url,
        )
        return log_in(credentials, HttpOptions()).session(sandbox=box)
    except BaseException:
        box.stop()
        raise


@dataclass(frozen=True)
class LoginSettings:
    """The arguments of `login`, checked: what the form and the prompts need besides what somebody types.

    Parameters
    ----------
    defaults
        Addresses, time zone and fiscal year; its client id and secret are placeholders.
    organization
        The organization's id, where the caller gave it.
    env_file
        Where credentials are remembered, as the caller wrote it.
    http
        How to send requests.
    sandbox_timezone
        Time zone of a sandbox's connection, if not its own.
    typed_in
        Where client id and secret are typed, for error messages.
    """

    defaults: Credentials
    organization: int | None
    env_file: str | Path
    http: HttpOptions
    sandbox_timezone: str | None = None
    typed_in: str = "the form"

    @property
    def host(self) -> str:
        """The host that will be asked for data, with its port."""
        return self.defaults.base_url.split("/")[2]

    @property
    def file(self) -> Path:
        """The full path of `env_file`."""
        return Path(self.env_file).expanduser().absolute()

    def log_in(self, client_id: Secret, client_secret: Secret, cancel: Cancel | None = None) -> Login:
        """Log in with what somebody typed; warnings become the login's notes.

        Raises
        ------
        CredentialsError
            The pair cannot be right, or was refused.
        ClassyError
            As for :func:`log_in`.
        """
        origins = dict(self.defaults.origins) | dict.fromkeys(("client_id", "client_secret"), self.typed_in)
        if self.organization is None:
            origins.pop("organization", None)  # a file's or the environment's, which is not used here
        with kept_warnings() as notes:
            credentials = Credentials(
                client_id,
                client_secret,
                organization=self.organization,
                base_url=self.defaults.base_url,
                token_url=self.defaults.token_url,
                timezone=self.defaults.timezone,
                fiscal_year_start=self.defaults.fiscal_year_start,
                sources=self.defaults.sources,
                origins=origins,
            )
        try:
            return log_in(credentials, self.http, notes, cancel=cancel)
        except ClassyError as error:
            error.advice = " ".join((*notes, error.advice))  # a refused secret may have lost its brackets
            raise

    def start_sandbox(self) -> Session:
        """Start a sandbox in place of a login."""
        return start_sandbox(
            timezone=self.sandbox_timezone, fiscal_year_start=self.defaults.fiscal_year_start
        )
