"""Which partition reads what: fixed at planning, so that a task that runs twice reads the same.

In come the options, and what was pushed down; out go partitions, each one range of ids of one organization
with the number of rows in it. Spark plans in a process of its own beside the driver, and sends the partitions
to the executors: they hold names of credentials, never credentials.

The quota of an application is shared out here, too. Nobody can tell which partitions will run at the same
time, and two that run within the same minute one after the other count for the same window: so each of them
gets its share of the quota for itself, whatever Spark does. A tenth is left for planning.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from itertools import pairwise, zip_longest
from typing import TYPE_CHECKING, Any

from classy_nb.client import HttpOptions, log_in
from classy_nb.errors import BadRequestError, UsageError
from classy_nb.pagination import read_page

from .pushdown import Pushed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from classy_nb.client import Login, Session
    from classy_nb.query import Query

    from .applications import Application
    from .options import Options

LEAST_ROWS = 1_000
"""Rows below which a list is not cut in two: a partition costs a login."""
LEAST_SHARE = 30
"""Requests a minute below which no partition's share falls because a list is cut."""
_FOR_PLANNING = 10
"""One in this many requests of the quota."""
_TIMES_COUNTED = 3


@dataclass(frozen=True)
class Part:
    """What one partition reads, and how; pickled into the plan, so nothing of it is secret.

    Attributes
    ----------
    application, settings
        Where the credentials are, and what goes with them: addresses, time zone.
    organization
        Its id.
    resource, question
        The list: the keywords of the call, with the period in days rather than words.
    after, until
        Only records with larger ids; and with ids up to this one. None where the list is not cut.
    rows
        How many there were when it was planned; None where nobody knows.
    requests_per_minute
        The partition's share of the quota.
    workers
        How many requests it has under way.
    """

    application: Application
    settings: Mapping[str, str | int | None]
    organization: int
    resource: str
    question: Mapping[str, Any]
    after: int | None
    until: int | None
    rows: int | None
    requests_per_minute: int
    workers: int


def plan(options: Options, pushed: Pushed | None = None) -> list[Part]:
    """Return the partitions: those of different organizations by turns, so that all quotas are used at once.

    Raises
    ------
    CredentialsError
        There are no usable credentials where the options say.
    UsageError
        An organization cannot be seen, or there are more of them than the quota has requests.
    ClassyError
        The API could not be reached or refused.
    """
    pushed = Pushed() if pushed is None else pushed
    logins: list[Login] = []
    try:
        found = list(_sessions(options, logins))
        if pushed.organizations is not None:
            found = [one for one in found if one[1].organization in pushed.organizations]
        # Two names may stand for one application, whose quota is one.
        clients = [(s.credentials.base_url, s.credentials.client_id) for _, s in found]
        quota = options.requests_per_minute - _quota_for_planning(options)
        if any(clients.count(client) > quota for client in clients):
            raise UsageError(
                f"There are more organizations than the {quota} requests a minute of their application.",
                advice="Read them a few at a time, with the option organization.",
            )
        cut = [
            _parts(*one, options, pushed, most=max(1, quota // LEAST_SHARE // clients.count(client)))
            for one, client in zip(found, clients, strict=True)
        ]
    finally:
        for login in logins:
            login.close()
    sharing = Counter(client for client, parts in zip(clients, cut, strict=True) for _ in parts)
    shared = [
        [replace(part, requests_per_minute=quota // sharing[client]) for part in parts]
        for client, parts in zip(clients, cut, strict=True)
    ]
    return [part for turn in zip_longest(*shared) for part in turn if part is not None]


def _quota_for_planning(options: Options) -> int:
    return max(1, options.requests_per_minute // _FOR_PLANNING)


def _sessions(options: Options, logins: list[Login]) -> Iterator[tuple[Application, Session]]:
    """Yield the organizations to read, each once, logged in; the caller closes the *logins*."""
    wanted, seen = options.organizations, set[tuple[str, int]]()
    only_one = len(options.applications) == 1
    for application in options.applications:
        credentials = application.credentials(options.settings)
        if wanted and only_one:
            credentials = replace(credentials, organization=wanted[0] if len(wanted) == 1 else None)
        elif wanted and credentials.organization not in (None, *wanted):
            continue  # it is for another organization
        login = log_in(credentials, HttpOptions(1, _quota_for_planning(options)))
        logins.append(login)
        chosen: Sequence[int | None] = [None]
        if wanted:
            chosen = [organization for organization in wanted if organization in login.organizations]
        for organization in chosen:
            session = login.session(organization)
            place = (credentials.base_url, session.organization)
            if place not in seen:
                seen.add(place)
                yield application, session
    if missing := [id_ for id_ in wanted if id_ not in {organization for _, organization in seen}]:
        names = ", ".join(str(application) for application in options.applications)
        raise UsageError(
            f"No application sees the organization{'s' * (len(missing) > 1)} {', '.join(map(str, missing))}.",
            advice=f"These were asked (the option credentials): {names}.",
        )


def _parts(
    application: Application, session: Session, options: Options, pushed: Pushed, *, most: int
) -> list[Part]:
    """Cut the list of one organization into partitions whose shares of the quota are still to come."""
    question = dict(options.question)
    period = session.queries.period(question.pop("since", None), question.pop("until", None))
    if period.since is not None or period.until is not None:
        question["since"] = period  # words mean other days tomorrow, when a task may run again
    most = min(most, options.partitions)
    asked = {**question, "where": [*question.get("where", ()), *pushed.conditions]}
    try:
        ranges = _ranges(session, options, asked, most)
    except BadRequestError:
        if not pushed.conditions:
            raise
        asked = question  # the API does not filter by that column: Spark does
        ranges = _ranges(session, options, asked, most)
    settings = {
        **options.settings,
        "base_url": session.credentials.base_url,
        "token_url": session.credentials.token_url,
        "timezone": session.timezone,
        "fiscal_year_start": session.credentials.fiscal_year_start,
    }
    return [
        Part(
            application,
            settings,
            session.organization,
            options.resource,
            asked,
            *bounds,
            requests_per_minute=0,
            workers=options.workers,
        )
        for bounds in ranges
    ]


_Bounds = tuple[int | None, int | None, int | None]
"""After which id, until which id, and how many rows."""
_WHOLE: _Bounds = (None, None, None)


def _ranges(session: Session, options: Options, question: Mapping[str, Any], most: int) -> list[_Bounds]:
    """Cut a list into ranges of ids with about as many rows each; one without bounds where that cannot be.

    The counts of all ranges have to add up to the count of the whole. They do not while records come and go,
    and never where the server does not filter by id: that list is read in one piece, which proves itself.
    """
    query = session.queries.for_list(options.spec, **question)
    if query.endpoint.kind != "list" or query.endpoint.id is None or query.parts:
        return [_WHOLE]
    for _ in range(_TIMES_COUNTED):
        total, first = _record(session, query, 1)
        if total == 0:
            return []
        _, last = _record(session, query, 1, descending=True)
        if total is None or first is None or last is None:
            return [_WHOLE]
        pieces = max(1, min(most, total // LEAST_ROWS))
        inner = [_record(session, query, total * piece // pieces)[1] for piece in range(1, pieces)]
        ranges = list(pairwise([first - 1, *(id_ for id_ in inner if id_ is not None), last]))
        if any(low >= high for low, high in ranges):
            continue  # records have gone meanwhile, or they do not come in order
        counts = [session.fetcher.paginate(query, after=low).count_until(high) or 0 for low, high in ranges]
        if sum(counts) == session.fetcher.paginate(query, after=first - 1).count_until(last):
            return [(*ends, count) for ends, count in zip(ranges, counts, strict=True)]
    return [_WHOLE]


def _record(
    session: Session, query: Query, number: int, *, descending: bool = False
) -> tuple[int | None, int | None]:
    """Return how many records a list has, and the id of the one in this place, in order of ids from 1."""
    order = f"{query.endpoint.id}:desc" if descending else query.endpoint.id
    parameters = query.page(number, 1, sort=order)
    body = session.http.get(query.path, parameters, member_only=query.endpoint.member_only)
    page = read_page(body, query.path, number=number, size=1, whole=False)
    return page.total, page.ids[0] if page.ids else None
