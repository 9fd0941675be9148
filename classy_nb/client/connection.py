"""The connection that a notebook holds, and the session that a login gives it."""

from __future__ import annotations

import threading
from html import escape
from typing import TYPE_CHECKING, Any, Self

from classy_nb.catalog import load, summary
from classy_nb.errors import NotLoggedInError
from classy_nb.query import QueryBuilder, nearest
from classy_nb.redact import clear_tracebacks

from .cards import Facts, html_card, text_card
from .fetch import Fetcher
from .raw import fetch_raw
from .resource import Resource

if TYPE_CHECKING:
    from types import TracebackType

    import pandas as pd

    from classy_nb.credentials import Credentials
    from classy_nb.http import HttpClient
    from classy_nb.sandbox import Sandbox
    from classy_nb.widgets.explorer import Explorer
    from classy_nb.widgets.login.form import LoginForm


class Session:
    """What a login gives: who asks, for which organization, and what builds, sends and fetches the queries.

    Parameters
    ----------
    credentials
        The application that asks.
    http
        Sends the requests; it has a token.
    organization, organization_name
        The organization's id, and its name where the API told it.
    workers
        How many requests of one list may be under way at the same time.
    sandbox
        The stand-in server, where the session owns one: it stops with the session.
    """

    def __init__(
        self,
        credentials: Credentials,
        http: HttpClient,
        organization: int,
        organization_name: str | None,
        *,
        workers: int,
        sandbox: Sandbox | None = None,
    ) -> None:
        self.credentials = credentials
        self.http = http
        self.organization = organization
        self.organization_name = organization_name
        self.workers = workers
        self.sandbox = sandbox
        self.queries = QueryBuilder(
            load(), credentials.timezone, {"organization": organization, "app": credentials.client_id}
        )
        self.fetcher = Fetcher(http, credentials.timezone, workers)

    def close(self) -> None:
        """Close the connections, and stop the sandbox if there is one."""
        self.http.close()
        if self.sandbox is not None:
            self.sandbox.stop()


class Classy:
    """A connection to the API as one application, reading one organization.

    Get one from :func:`classy_nb.connect`, :func:`classy_nb.login` or :func:`classy_nb.demo`. Each resource
    is an attribute: ``classy.transactions(since=2026)`` is a DataFrame, ``classy.transactions`` says what it
    is, :meth:`resources` lists them all. Threads can share a connection; ``with`` closes it.

    Parameters
    ----------
    session
        What a login gave; None before a login form is sent. Until then any use raises NotLoggedInError.
    """

    def __init__(self, session: Session | None = None) -> None:
        self._session = session
        self._form: LoginForm | None = None
        """The form that will log this connection in, while there is one."""
        self._closed = False
        """Whether it was closed before it was logged in."""
        self._lock = threading.Lock()
        """A form may be closed at the moment it logs in."""

    @property
    @clear_tracebacks
    def organization(self) -> int:
        """The organization's id."""
        return self._require_session().organization

    @property
    @clear_tracebacks
    def organization_name(self) -> str | None:
        """The organization's name, where the API told it."""
        return self._require_session().organization_name

    @property
    @clear_tracebacks
    def workers(self) -> int:
        """How many requests of one list may be under way at the same time."""
        return self._require_session().workers

    @property
    @clear_tracebacks
    def timezone(self) -> str:
        """Time zone of dates without one, and of all instants in frames."""
        return self._require_session().credentials.timezone

    @clear_tracebacks
    def get(self, path: str, /, *, accept_incomplete: bool = False, **parameters: Any) -> Any:
        """Fetch any path, including those that no document lists.

        Parameters
        ----------
        path
            Path below ``/2.0``, such as ``"/campaigns/123/overview"``.
        accept_incomplete
            For a list, as in :class:`Resource`.
        **parameters
            Sent as they are (the API ignores what it does not know): text, numbers, booleans, dates
            or lists. ``filter``, ``sort`` and ``with`` as the API spells them (``**{"with": "items"}``).
            ``page=2`` fetches one page of a list; ``per_page=`` alone is the size of the pages in which
            all of it is fetched.

        Returns
        -------
        DataFrame, Series or value
            A whole list as a frame (with ``page=`` only that page), an object as a Series, anything
            else as it came. Columns that the catalog does not know have inferred dtypes.

        Raises
        ------
        UsageError
            *path* is not a plain path, or a parameter cannot be sent.
        ClassyError
            It could not be fetched.
        """
        session = self._require_session()
        return fetch_raw(
            session.queries.catalog,
            session.fetcher,
            path,
            parameters,
            accept_incomplete=accept_incomplete,
        )

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

        return pd.DataFrame(summary(load()))

    @clear_tracebacks
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

        return Explorer(self, self._require_session().queries)

    def close(self) -> None:
        """Close the connections, or the login form if it was not sent.

        The token is forgotten with this object.
        """
        with self._lock:
            session, form = self._session, self._form
            self._closed = session is None
        if session is not None:
            session.close()
        elif form is not None:
            form.give_up()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _attach(self, session: Session) -> None:
        """Take the session that the login form made; close it if this connection was closed meanwhile."""
        with self._lock:
            if not self._closed:
                self._session, self._form = session, None
                return
        session.close()

    def _require_session(self) -> Session:
        if self._session is None:
            raise self._not_logged_in()
        return self._session

    def _not_logged_in(self) -> NotLoggedInError:
        if self._closed:
            return NotLoggedInError(_CLOSED, advice=_LOG_IN_AGAIN)
        return NotLoggedInError("This connection is not logged in yet.")

    if not TYPE_CHECKING:  # or type checkers would take every name for an attribute

        def __getattr__(self, name: str) -> Any:
            # A resource is made when it is asked for. Kept here, it would close a circle: letting go of a
            # connection that is not logged in has to take its form away at once, not when the garbage
            # collector comes by.
            resources = load().resources
            if name in resources:
                return Resource(resources[name], self)
            message = f"{type(self).__name__!r} object has no attribute {name!r}"
            if not name.startswith("_"):
                meant = nearest(name, sorted({*resources, *dir(type(self))}), most=1)
                message += f". {meant}{' ' if meant else ''}resources() lists what there is."
            # Given the object, Python would look for similar names too, and say it once more.
            raise AttributeError(message, name=name, obj=None)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *load().resources})

    def __reduce_ex__(self, protocol: Any) -> Any:
        self._require_session()
        return super().__reduce_ex__(protocol)

    def _facts(self, session: Session) -> Facts:
        http = session.http
        remaining = http.rate_limit.remaining
        return [
            ("organization", f"{session.organization_name or 'name unknown'} (id {session.organization})"),
            ("token", http.auth.describe() if http.auth else "no token yet"),
            ("requests left", "the API does not say" if remaining is None else f"{remaining:,} this minute"),
            ("time zone", session.credentials.timezone),
            ("data", f"{http.base_url} (read-only)"),
            ("next", ".resources() lists what there is; .transactions says what one is"),
        ]

    def __repr__(self) -> str:
        if self._session is not None:
            return text_card("Classy connection", self._facts(self._session))
        return f"{_CLOSED} {_LOG_IN_AGAIN}" if self._closed else _INSTRUCTIONS

    def _repr_html_(self) -> str:
        if self._session is not None:
            return html_card("Classy connection", self._facts(self._session))
        return f"<div>{escape(repr(self))}</div>"

    # The resources by name, so that editors complete them. A test keeps this list equal to the catalog.
    acknowledgements: Resource
    activity: Resource
    annual_summary_downloads: Resource
    annual_summary_reports: Resource
    answers: Resource
    appeal_sets: Resource
    apps: Resource
    asr_messages: Resource
    brandkit_images: Resource
    campaign_credential_sets: Resource
    campaign_social_videos: Resource
    campaigns: Resource
    channel_fundraising_entities: Resource
    channels: Resource
    chariot_integration: Resource
    comments: Resource
    consumer_charity_mappings: Resource
    custom_url_availability: Resource
    dedications: Resource
    designations: Resource
    domain_slugs: Resource
    donation_matching_plans: Resource
    donations_report: Resource
    donor_emails: Resource
    donors: Resource
    double_the_donation: Resource
    ecards: Resource
    engagement_settings: Resource
    faqs: Resource
    feed_items: Resource
    fitness_metrics: Resource
    fundraisers_report: Resource
    fundraising_pages: Resource
    fundraising_team_policies: Resource
    fundraising_teams: Resource
    js_customizations: Resource
    leading_fundraising_teams: Resource
    likes: Resource
    magic_link_batches: Resource
    matched_transactions: Resource
    me: Resource
    moments: Resource
    notifications: Resource
    organization_credential_sets: Resource
    organizations: Resource
    overviews: Resource
    own_supporter: Resource
    past_donors: Resource
    payouts: Resource
    plan_features: Resource
    promo_code_configurations: Resource
    promo_codes: Resource
    questions: Resource
    receipts: Resource
    recurring_donation_history: Resource
    recurring_donation_plans: Resource
    registrations: Resource
    restricted_countries: Resource
    roles: Resource
    slug_availability: Resource
    social_videos: Resource
    soft_credits: Resource
    source_tracking_codes: Resource
    staff_notification_settings: Resource
    stories: Resource
    subteams: Resource
    supporters: Resource
    ticket_types: Resource
    transaction_items: Resource
    transactions: Resource
    updates: Resource
    userinfo: Resource
    whitelisted_currencies: Resource


class Demo(Classy):
    """A connection to a sandbox of its own, which ends with it."""

    @property
    def sandbox(self) -> Sandbox:
        """The stand-in server; its data are invented."""
        sandbox = self._require_session().sandbox
        assert sandbox is not None  # noqa: S101 - demo() starts one
        return sandbox


_CLOSED = "This connection was closed before it was logged in."
_LOG_IN_AGAIN = "Call login() again."
_INSTRUCTIONS = (  # an output that stays in the notebook: still true after the login
    "Classy connection of a login form: fill in the form above, and it works from then on. "
    "Keep it in a variable: classy = cn.login().\n"
    "If no form shows, cn.login(prompt=True) asks for client id and secret instead."
)
