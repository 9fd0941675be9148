"""How to ask for each endpoint of the catalog through the public interface, with ids the sandbox has."""

from __future__ import annotations

import itertools
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from classy_nb.errors import DeprecatedEndpointWarning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from classy_nb import Classy
    from classy_nb.catalog import Endpoint
    from classy_nb.sandbox import Sandbox

MOST_PARENTS = 120
"""Parents tried in search of one that has rows."""
WORDS: dict[str, Any] = {
    "payout_type": "stripe",
    "payout_date": "2026-10-01",
    "scope": "all",
    "url": "https://standin.example.org/gala?x=1",
    "slug": "gala",
    "year": 2025,
    "block": "b1",
    "persona": "donor",
    "subscription_plan": 8,
    "entity_type": "studio_campaign",
    "entity_id": "1",
}
_KINDS = {
    "batch": "magic_link_batches",
    "channel_fundraising_entity": "channel_fundraising_entities",
    "fundraising_team_policy": "fundraising_team_policies",
    "story": "stories",
    "whitelisted_currency": "whitelisted_currencies",
}


def ids(box: Sandbox, key: str) -> list[Any]:
    """Return the ids that may stand for a path key, as the sandbox itself knows them."""
    if key in WORDS:
        return [WORDS[key]]
    records = box.truth(_KINDS.get(key, f"{key}s"))
    # Spread over the whole, so that one with rows is met soon.
    step = max(1, len(records) // MOST_PARENTS)
    return [record["id"] for record in records[::step]]


def keywords(box: Sandbox, endpoint: Endpoint) -> Iterator[dict[str, Any]]:
    """Yield the keywords of a call, with one set of parents after another."""
    required = {p.keyword: WORDS[p.keyword] for p in endpoint.parameters if p.required}
    keys = [key for key in endpoint.keys if key not in ("organization", "app")]
    choices = [ids(box, key) for key in keys]
    if endpoint.key == "organization":
        keys, choices = ["organization"], [[box.organization_id]]
    for values in (
        itertools.islice(zip(*map(itertools.cycle, choices), strict=False), MOST_PARENTS) if keys else [()]
    ):
        yield dict(zip(keys, values, strict=True)) | required


def ask(classy: Classy, endpoint: Endpoint, given: dict[str, Any], **more: Any) -> Any:
    """Ask for a list or a record as a user would."""
    resource = getattr(classy, endpoint.resource)
    if endpoint.is_list:
        return resource(**given, **more)
    given = dict(given)
    own_id = [given.pop(endpoint.key)] if endpoint.key in given else []
    return resource.get(*own_id, **given, **more)


@contextmanager
def deprecation(endpoint: Endpoint) -> Iterator[None]:
    """Expect the warning of a deprecated endpoint, and none of another."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    assert {w.category for w in caught} == ({DeprecatedEndpointWarning} if endpoint.deprecated else set())
