"""The options of ``spark.read``: texts come in, a checked question and the ways to ask it go out.

The data source reads them when Spark makes it, so that a mistake is an error of ``load()``, before anything
is sent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from classy_nb.catalog import load
from classy_nb.errors import UsageError
from classy_nb.http import DEFAULT_LIMIT
from classy_nb.query import QueryBuilder, nearest

from .applications import DEFAULT_PREFIX, Application, read_applications

if TYPE_CHECKING:
    from collections.abc import Mapping

    from classy_nb.catalog import ResourceSpec
    from classy_nb.query import Query

PARTITIONS = 4
WORKERS = 4
_MOST_WORKERS = 64
_MOST_PARTITIONS = 1000
_CONDITIONS = re.compile(r",(?=\s*[A-Za-z_][\w.]*\s*(?:<=|>=|<>|!=|==|=|<|>))")
"""A comma behind which another condition begins: the API takes no commas within one."""

_OWN = (
    *("resource", "path", "organization", "credentials", "timezone", "fiscal_year_start"),
    *("base_url", "token_url", "requests_per_minute", "partitions", "workers"),
)
_OF_EVERY_LIST = ("since", "until", "by", "where", "fields", "include", "aggregates", "accept_incomplete")
_SECRET = frozenset(
    (
        "clientid",
        "clientsecret",
        "secret",
        "token",
        "accesstoken",
        "refreshtoken",
        "password",
        "authorization",
    )
)
_SPARKS_OWN = {
    "sort": "Sort in Spark: frame.orderBy(...).",
    "limit": "Take the first rows in Spark: frame.limit(...); or bound the period with since and until.",
    "flat": "The columns of a Spark frame always have flat names.",
}


@dataclass(frozen=True)
class Options:
    """What to read, and how; nothing of it is secret.

    Attributes
    ----------
    resource
        The kind of record.
    question
        The keywords of its list.
    applications
        Where the credentials are.
    organizations
        Ids; empty for the one that each application belongs to.
    settings
        What goes with the credentials; what is missing here, the environment may say.
    requests_per_minute
        What each application may send.
    partitions
        Into how many ranges of ids the list of one organization is cut, at most.
    workers
        How many requests one partition has under way.
    """

    resource: str
    question: Mapping[str, Any]
    applications: tuple[Application, ...]
    organizations: tuple[int, ...]
    settings: Mapping[str, str | int | None]
    requests_per_minute: int
    partitions: int
    workers: int

    @property
    def spec(self) -> ResourceSpec:
        """The resource in the catalog."""
        return load().resources[self.resource]

    def query(self) -> Query:
        """Return the query as it is before any organization is known: it has the columns.

        Raises
        ------
        UsageError
            The API does not know something that was asked for.
        """
        zone = self.settings["timezone"]
        month = self.settings["fiscal_year_start"]
        queries = QueryBuilder(load(), str(zone or "UTC"), {"organization": 1, "app": "app"}, int(month or 1))
        return queries.for_list(self.spec, **self.question)


def read_options(given: Mapping[str, str | None]) -> Options:
    """Read and check the options of a reader, whichever case they are in (``baseUrl``, ``base_url``).

    Raises
    ------
    UsageError
        One is unknown, missing or makes no sense.
    """
    known = {name.replace("_", ""): name for name in (*_OWN, *_OF_EVERY_LIST)}
    options: dict[str, str] = {}
    for name, value in given.items():
        plain = name.replace("_", "").lower()
        if plain in _SECRET:
            raise UsageError(
                f"{name} is not an option: Spark shows options in plans, and writes them into its event log.",
                advice="Set CLASSY_CLIENT_ID and CLASSY_CLIENT_SECRET in the environment of driver and "
                "executors, or name other variables or a secret scope in the option credentials.",
            )
        if plain in _SPARKS_OWN:
            raise UsageError(f"{name} is not an option of a Spark read.", advice=_SPARKS_OWN[plain])
        if value is not None:
            options[known.get(plain, name)] = value.strip()

    def number(name: str, default: int, most: int) -> int:
        text = options.get(name, str(default))
        if not re.fullmatch("[0-9]{1,9}", text) or not 1 <= int(text) <= most:
            raise UsageError(f"{name}={text!r} must be a whole number from 1 to {most:,}.")
        return int(text)

    timezone = options.get("timezone")
    if timezone is not None:
        from classy_nb.credentials import checked_timezone

        timezone = checked_timezone(timezone)
    month = number("fiscal_year_start", 0, 12) if "fiscal_year_start" in options else None
    spec = _resource(options)
    return Options(
        resource=spec.name,
        question=_question({name: text for name, text in options.items() if name not in _OWN}, spec),
        applications=read_applications(options.get("credentials", DEFAULT_PREFIX)),
        organizations=_organizations(options.get("organization", "")),
        settings={
            "timezone": timezone,
            "fiscal_year_start": month,
            "base_url": options.get("base_url"),
            "token_url": options.get("token_url"),
        },
        requests_per_minute=number("requests_per_minute", DEFAULT_LIMIT, 1_000_000),
        partitions=number("partitions", PARTITIONS, _MOST_PARTITIONS),
        workers=number("workers", WORKERS, _MOST_WORKERS),
    )


def _resource(options: Mapping[str, str]) -> ResourceSpec:
    resources = load().resources
    name = options.get("resource") or options.get("path") or ""
    if not name:
        raise UsageError(
            "The option resource is missing: what to read.",
            advice='Such as .option("resource", "transactions").',
        )
    if name not in resources:
        advice = nearest(name, resources) or 'Such as transactions; cn.find("refund") searches them all.'
        raise UsageError(f"There is no resource {name!r}.", advice=advice)
    return resources[name]


def _question(texts: Mapping[str, str], spec: ResourceSpec) -> dict[str, Any]:
    """Return the keywords of the list; what is not text there is text here."""
    flags = {"aggregates", "accept_incomplete"}
    flags |= {p.keyword for endpoint in spec.lists for p in endpoint.parameters if p.type == "bool"}
    question: dict[str, Any] = {}
    for name, text in texts.items():
        if name in flags:
            question[name] = _flag(name, text)
        elif name == "where":
            question[name] = [condition.strip() for condition in _CONDITIONS.split(text) if condition.strip()]
        else:
            question[name] = text
    return question


def _flag(name: str, text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise UsageError(f"{name}={text!r} must be true or false.")
    return text.lower() == "true"


def _organizations(text: str) -> tuple[int, ...]:
    """Read ids, separated by commas."""
    names = [part.strip() for part in text.split(",") if part.strip()]
    if not all(re.fullmatch("[0-9]{1,18}", name) and int(name) for name in names):
        raise UsageError(
            f"organization={text!r} takes the numeric ids of organizations, separated by commas.",
            advice="They are in the address of the Classy admin: /admin/12345.",
        )
    return tuple(dict.fromkeys(map(int, names)))
