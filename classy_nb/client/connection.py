"""The connection that a notebook holds, and the session that a login gives it.

Both are made by ``connecting``; resources and widgets use them. A session ends for good when it is closed.
"""

from __future__ import annotations

import os
import threading
from calendar import month_name
from html import escape
from typing import TYPE_CHECKING, Any, Self

from classy_nb.cards import Facts, html_card, text_card
from classy_nb.catalog import load, summary
from classy_nb.errors import ConnectionClosedError, NotLoggedInError
from classy_nb.http import renew_after_fork
from classy_nb.query import QueryBuilder, nearest
from classy_nb.redact import clear_tracebacks

from .fetch import Fetcher
from .pickling import Recipe
from .raw import fetch_raw
from .resource import Resource

if TYPE_CHECKING:
    from types import TracebackType

    import pandas as pd

    from classy_nb.credentials import Credentials
    from classy_nb.http import HttpClient
    from classy_nb.mirror import Mirror
    from classy_nb.query import Moment, Names
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
    timezone, timezone_source
        Time zone of dates without one and of all instants in frames, and where it comes from, in words.
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
        timezone: str,
        timezone_source: str,
        workers: int | None,
        sandbox: Sandbox | None = None,
    ) -> None:
        self.credentials = credentials
        self.http = http
        self.organization = organization
        self.organization_name = organization_name
        self.timezone = timezone
        self.timezone_source = timezone_source
        self.workers = workers
        self.sandbox = sandbox
        self._process = os.getpid()
        self.queries = QueryBuilder(
            load(),
            timezone,
            {"organization": organization, "app": credentials.client_id},
            credentials.fiscal_year_start,
        )
        self.fetcher = Fetcher(http, timezone, workers, fiscal_year_start=credentials.fiscal_year_start)

    @property
    def timezone_note(self) -> str:
        """The time zone and where it comes from, in a sentence."""
        return f"Dates and times are in {self.timezone} ({self.timezone_source})."

    def close(self) -> None:
        """Close the connections, forget token and secret, and stop the sandbox if there is one."""
        self.http.close()
        if self.sandbox is not None and self._process == os.getpid():  # else it serves the parent of a fork
            self.sandbox.stop()


class Classy:
    """A connection to the API as one application, reading one organization.

    Get one from :func:`classy_nb.connect`, :func:`classy_nb.login` or :func:`classy_nb.demo`. Each resource
    is an attribute: ``classy.transactions(since=2026)`` is a DataFrame, ``classy.transactions`` says what it
    is, :meth:`resources` lists them all. ``with`` closes it.

    Threads can share a connection, and forked processes can use one that they inherit: each opens sockets of
    its own and counts its own requests a minute. A pickled connection (for spawned processes, joblib and the
    like) does not contain the secret: the other process takes id and secret from the same environment or
    ``.env`` file, and logs in when the connection is first used there. If they were passed or typed in,
    pickling raises NotPicklableError.

    Parameters
    ----------
    session
        What a login gave; None before a login form is sent. Until then any use raises NotLoggedInError.
    recipe
        How to log in when the connection is first used, where it came from another process.
    """

    def __init__(self, session: Session | None = None, recipe: Recipe | None = None) -> None:
        self._session = session
        self._recipe = recipe
        self._form: LoginForm | None = None
        """The form that will log this connection in, while there is one."""
        self._closed = False
        self._lock = threading.Lock()
        """A form may be closed at the moment it logs in."""
        renew_after_fork(self, Classy._after_fork)

    def _after_fork(self) -> None:
        """Replace the lock in a forked process: another thread of the parent's may have held it."""
        self._lock = threading.Lock()

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
    def workers(self) -> int | None:
        """How many requests of one list may be under way at the same time; None: the number finds itself."""
        return self._require_session().workers

    @property
    @clear_tracebacks
    def timezone(self) -> str:
        """Time zone of dates without one, and of all instants in frames."""
        return self._require_session().timezone

    @property
    @clear_tracebacks
    def fiscal_year_start(self) -> int:
        """The number of the month in which fiscal years begin."""
        return self._require_session().credentials.fiscal_year_start

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
            (whether ``.get`` works), ``columns`` (their number), ``include`` (of its lists),
            ``include_one`` (of ``.get``), ``date`` (business date), ``deprecated``, ``member_only``
            (all of its endpoints are).
        """
        import pandas as pd

        return pd.DataFrame(summary(load()))

    @staticmethod
    def find(text: str) -> pd.DataFrame:
        """Find resources, columns, values, keywords and functions by what people call them.

        The same as :func:`classy_nb.find`, which see: ``classy.find("refund")``.
        """
        from .finding import find

        return find(text)

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

    @clear_tracebacks
    def mirror(
        self,
        path: str | os.PathLike[str],
        *,
        resources: Names = None,
        since: Moment | None = None,
        history: bool | None = None,
        trust_totals: bool = True,
    ) -> Mirror:
        """Keep a copy of this organization's lists in a DuckDB file.

        Nothing is fetched yet: ``classy.mirror("classy.duckdb").refresh()`` brings the file up to date, the
        first time by loading everything, later in seconds; it finds what changed and what vanished, and
        proves that the copy is equal. :func:`classy_nb.open_mirror` opens it without credentials.

        Parameters
        ----------
        path
            The file, made if it does not exist. It may hold several organizations.
        resources
            Names of lists; by default those that the file holds, and of a new one gifts with their items,
            supporters, campaigns, recurring plans and their history, pages, teams, designations,
            registrations and answers. Lists that the file does not hold yet are added.
        since
            Only gifts, registrations, answers and plan events from this moment on; what they belong to
            (campaigns, supporters, and so on) is held whole.
        history
            Keep every version of every record, in tables ``<list>_versions``. By default, a new file does,
            and another one does as before. False ends a history; a warning says so.
        trust_totals
            Whether the totals of the API count what it shows. It is not known whether they count deleted
            records. If they do, the report says so, and only ``refresh(verify="full")`` finds what vanished.

        Returns
        -------
        Mirror
            See :class:`classy_nb.Mirror`.

        Raises
        ------
        UsageError
            A list cannot be mirrored, *since* is not a date, or *path* is a folder.
        ImportError
            (By ``refresh``.) The extra is missing: ``pip install 'classy-nb[mirror]'``.
        """
        from classy_nb.mirror import Mirror

        self._require_session()
        return Mirror(
            path,
            classy=self,
            resources=resources,
            since=since,
            history=history,
            trust_totals=trust_totals,
        )

    def close(self) -> None:
        """Close the connections, and forget the token and the secret. A login form that is open goes away.

        Whatever is called later raises ConnectionClosedError. Closing twice does no harm.
        """
        with self._lock:
            session, form = self._session, self._form
            self._session, self._closed = None, True
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
        session = self._session
        if session is None and self._recipe is not None:
            with self._lock:  # of several threads, one logs in
                if self._session is None and not self._closed:
                    self._session = self._recipe.session()
                session = self._session
        if session is None:
            raise self._not_logged_in()
        return session

    def _not_logged_in(self) -> NotLoggedInError:
        if self._closed and self._form is not None:
            return ConnectionClosedError(_CLOSED, advice=_LOG_IN_AGAIN)
        if self._closed:
            return ConnectionClosedError()
        if self._recipe is not None:
            return NotLoggedInError(_FROM_ELSEWHERE, advice="")
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
                # By meaning: classy.gifts are transactions, and so are classy.refunds.
                meant = nearest(name, sorted({*resources, *dir(type(self))}), most=1)
                message += f". {meant}{' ' if meant else ''}"
                message += f"resources() lists what there is, find({name!r}) searches all of it."
            # Given the object, Python would look for similar names too, and say it once more.
            raise AttributeError(message, name=name, obj=None)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *load().resources})

    @clear_tracebacks
    def __reduce__(self) -> Any:
        if self._recipe is not None and not self._closed:
            return _restored, (self._recipe,)
        return _restored, (Recipe.of(self._require_session()),)

    def __copy__(self) -> Self:
        if self._recipe is None or self._closed:
            self._require_session()
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self.__copy__()

    def _facts(self, session: Session) -> Facts:
        http = session.http
        remaining = http.rate_limit.remaining
        month = session.credentials.fiscal_year_start
        return [
            ("organization", f"{session.organization_name or 'name unknown'} (id {session.organization})"),
            ("token", http.auth.describe() if http.auth else "none yet"),
            ("requests left", "the API does not say" if remaining is None else f"{remaining:,} this minute"),
            ("time zone", f"{session.timezone} ({session.timezone_source})"),
            *([] if month == 1 else [("fiscal years", f"begin in {month_name[month]}")]),
            ("data", f"{http.base_url} (read-only)"),
            ("next", ".resources() lists everything; .transactions shows how to fetch one kind of record"),
            ("", ".find('refund') finds columns and more by what you call them"),
        ]

    def __repr__(self) -> str:
        if self._session is not None:
            return text_card("Classy connection", self._facts(self._session))
        return str(self._not_logged_in()) if self._closed or self._recipe is not None else _INSTRUCTIONS

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


_from_pickles: dict[Recipe, Classy] = {}
"""Connections that came from other processes. A pool unpickles one for each task: all share one login."""


def _restored(recipe: Recipe) -> Classy:
    """Return the connection that was pickled; it logs in when it is first used.

    Not now: a pool whose worker cannot unpickle a task waits for it forever.
    """
    classy = _from_pickles.get(recipe)
    if classy is None or classy._closed:  # noqa: SLF001 - made here
        classy = _from_pickles[recipe] = Classy(recipe=recipe)
    return classy


_FROM_ELSEWHERE = "This connection came from another process and logs in when it is first used."
_CLOSED = "This connection was closed before it was logged in."
_LOG_IN_AGAIN = "Call login() again."
_INSTRUCTIONS = (  # an output that stays in the notebook: still true after the login
    "Classy connection of a login form: fill in the form above, and it works from then on. "
    "Keep it in a variable: classy = cn.login().\n"
    "If no form shows, cn.login(prompt=True) asks for client id and secret instead."
)
