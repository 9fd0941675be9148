"""A resource and its parents become one path of the API.

In come a resource's endpoints and the ids that the caller gave; out comes the one endpoint that they fit,
and its path with the ids filled in and percent-encoded. The builder calls this, and ``classy.get(path)``
has the path that a caller wrote by hand checked by :func:`raw_path`.
"""

from __future__ import annotations

import operator
import re
from contextlib import suppress
from typing import TYPE_CHECKING, SupportsIndex
from urllib.parse import quote, unquote

from classy_nb.arguments import shown
from classy_nb.catalog import DEFAULT_KEYS, example_call
from classy_nb.errors import UsageError

from .filters import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from classy_nb.catalog import Endpoint, ResourceSpec

_EXACT_BELOW = 2.0**53
"""From here on a float cannot tell one whole number from the next."""
_EXAMPLE = "Write '/campaigns/123/overview'."


def choose_endpoint(
    resource: ResourceSpec, endpoints: Sequence[Endpoint], given: Mapping[str, object]
) -> Endpoint:
    """Return the endpoint of *resource* that fits the *given* path keys.

    Parameters
    ----------
    resource
        For the messages.
    endpoints
        Its lists, or its objects.
    given
        The path keys that the caller gave; organization and app are filled in where they are missing.

    Raises
    ------
    UsageError
        No endpoint fits; the message lists the keys that would.
    """
    fitting = [
        endpoint
        for endpoint in endpoints
        if set(given) <= set(endpoint.keys)
        and all(key in given or key in DEFAULT_KEYS for key in endpoint.keys)
    ]
    if fitting:
        # The fewest keys to fill in, so that no organization is assumed where none is needed.
        return min(fitting, key=lambda e: (len(set(e.keys) - set(given)), e.deprecated))
    if not given:
        if len({endpoint.key for endpoint in endpoints}) == 1 and endpoints[0].key:
            raise UsageError(
                f"{resource.name}.get() needs the id of a record.",
                advice=f"Such as {example_call(resource, endpoints[0])}.",
            )
        raise UsageError(
            f"{resource.name} needs an id or a parent.", advice=f"Give {describe_parents(endpoints)}."
        )
    named = " and ".join(f"{key}=" for key in given)
    raise UsageError(
        f"{resource.name} has no endpoint for {named}.", advice=f"It takes {describe_parents(endpoints)}."
    )


def describe_parents(endpoints: Iterable[Endpoint]) -> str:
    """List the parents that *endpoints* take: ``campaign=; organization= and supporter=``."""
    ways = []
    for endpoint in endpoints:
        needed = [f"{key}=" for key in endpoint.keys if key not in DEFAULT_KEYS]
        ways.append(" and ".join(needed) or "no parent (the organization's)")
    return "; ".join(dict.fromkeys(ways))


def fill_path(endpoint: Endpoint, values: Mapping[str, object]) -> str:
    """Return the path of *endpoint* with its keys filled in, percent-encoded.

    Raises
    ------
    UsageError
        A value cannot be an id (or, for the few keys that are text, cannot be part of a path).
    """
    path = endpoint.path
    for key in endpoint.keys:
        text = _text(key, values[key]) if key in endpoint.text_keys else str(_id(key, values[key]))
        choices = endpoint.choices.get(key)
        if choices and text not in choices:
            raise UsageError(
                f"{key}={shown(text)} must be one of {', '.join(choices)}.", advice=nearest(text, choices)
            )
        path = path.replace(f"{{{key}}}", quote(text, safe=""))
    return path


def raw_path(path: object) -> str:
    """Check a path that the caller wrote by hand, and return it below ``/2.0``, encoded.

    Raises
    ------
    UsageError
        It is more than a path: a URL, a query, a step up (``..``).
    """
    if not isinstance(path, str) or not path.strip():
        raise UsageError("get() takes a path such as '/campaigns/123/overview'.")
    text = "/" + path.strip().strip("/")
    if "://" in text or path.strip().startswith("//"):
        raise UsageError("get() takes a path, not a URL.", advice=_EXAMPLE)
    if "?" in text or "#" in text:
        raise UsageError("get() takes parameters as keywords, not in the path.")
    text = text.removeprefix("/2.0") if text.startswith("/2.0/") else text
    segments = text.strip("/").split("/")
    # Segments are decoded first: servers and proxies may read "%2e%2e" as a step up, too.
    if any(unquote(s) in ("", ".", "..") or not s.isprintable() or "\\" in s for s in segments):
        raise UsageError(f"get() cannot request {shown(text)}.", advice=_EXAMPLE)
    return "/" + "/".join(quote(segment, safe="%@:,~-._") for segment in segments)


def _id(key: str, value: object) -> int:
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit():
        return int(value)
    number: int | None = None
    if isinstance(value, SupportsIndex) and not isinstance(value, bool):
        with suppress(TypeError):  # an array has __index__ too, but it is not a number
            number = operator.index(value)
    elif isinstance(value, float) and value.is_integer() and value < _EXACT_BELOW:
        number = int(value)  # an id that went through a float column
    if number is None or number < 0:
        raise UsageError(f"{key}= takes one id (a whole number), not {shown(value)}.")
    return number


def _text(key: str, value: object) -> str:
    text = value.strip() if isinstance(value, str) else value
    if not isinstance(text, str) or not text or not text.isprintable():
        raise UsageError(f"{key}= takes text, not {shown(value)}.")
    if text in (".", "..") or (key != "url" and re.search(r"[/?#\\%]", text)):
        raise UsageError(f"{key}= must not contain / ? # \\ or %, or be only dots.")
    return text
