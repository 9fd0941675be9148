"""From a resource and its parents to one path of the API."""

from __future__ import annotations

import operator
import re
from contextlib import suppress
from typing import TYPE_CHECKING, SupportsIndex
from urllib.parse import quote, unquote

from classy_nb.catalog import DEFAULT_KEYS
from classy_nb.errors import UsageError

from .filters import suggestion

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from classy_nb.catalog import Endpoint, ResourceSpec


def choose(resource: ResourceSpec, endpoints: Sequence[Endpoint], given: Mapping[str, object]) -> Endpoint:
    """Return the endpoint of *resource* whose path keys are those that were *given*.

    Parameters
    ----------
    resource
        For the messages.
    endpoints
        Its lists, or its objects.
    given
        Path keys that the caller named; organization and app are filled in.

    Raises
    ------
    UsageError
        No endpoint has these keys; the message lists those there are.
    """
    fitting = [
        endpoint
        for endpoint in endpoints
        if set(given) <= set(endpoint.keys)
        and all(key in given or key in DEFAULT_KEYS for key in endpoint.keys)
    ]
    if fitting:
        return min(fitting, key=lambda e: (len(set(e.keys) - set(given)), e.deprecated))
    if not given:
        raise UsageError(
            f"{resource.name}: nothing says which (no id, no parent).", advice=f"Give {describe(endpoints)}."
        )
    named = ", ".join(f"{key}=" for key in given)
    raise UsageError(
        f"{resource.name} cannot be asked for with {named}.", advice=f"It takes {describe(endpoints)}."
    )


def describe(endpoints: Iterable[Endpoint]) -> str:
    """Say which parents these endpoints take."""
    return "; ".join(dict.fromkeys(_describe(endpoint) for endpoint in endpoints))


def _describe(endpoint: Endpoint) -> str:
    needed = [f"{key}=" for key in endpoint.keys if key not in DEFAULT_KEYS]
    return " and ".join(needed) or "no parent (the organization's)"


def fill(endpoint: Endpoint, values: Mapping[str, object]) -> str:
    """Return the path of *endpoint* with its keys filled in, percent-encoded."""
    path = endpoint.path
    for key in endpoint.keys:
        text = _text(key, values[key]) if key in endpoint.text_keys else str(_id(key, values[key]))
        choices = endpoint.choices.get(key)
        if choices and text not in choices:
            raise UsageError(
                f"{key}={text!r} is none of {', '.join(choices)}.", advice=suggestion(text, choices)
            )
        path = path.replace(f"{{{key}}}", quote(text, safe=""))
    return path


_EXACT = 2.0**53
"""From here on a float no longer tells one whole number from the next."""


def _id(key: str, value: object) -> int:
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit():
        return int(value)
    number: int | None = None
    if isinstance(value, SupportsIndex) and not isinstance(value, bool):
        with suppress(TypeError):  # an array only looks like a number
            number = operator.index(value)
    elif isinstance(value, float) and value.is_integer() and value < _EXACT:
        number = int(value)  # an id that went through a float column
    if number is None or number < 0:
        raise UsageError(f"{key}= takes one id (a whole number), not {_shown(value)}.")
    return number


def _text(key: str, value: object) -> str:
    text = value.strip() if isinstance(value, str) else value
    if not isinstance(text, str) or not text or not text.isprintable():
        raise UsageError(f"{key}= takes a text, not {_shown(value)}.")
    if text in (".", "..") or (key != "url" and re.search(r"[/?#\\%]", text)):
        raise UsageError(f"{key}= must not hold / ? # % or dots alone.")
    return text


def _shown(value: object) -> str:
    return repr(value) if isinstance(value, int | float | str) else f"a {type(value).__name__}"


def raw_path(path: object) -> str:
    """Check a path that the caller wrote by hand, and return it below ``/2.0``, encoded.

    Raises
    ------
    UsageError
        It is no plain path: an address, a query, a step upwards.
    """
    if not isinstance(path, str) or not path.strip():
        raise UsageError("get() takes a path such as '/campaigns/123/overview'.")
    text = "/" + path.strip().strip("/")
    if "://" in text or path.strip().startswith("//"):
        raise UsageError("get() takes a path, not an address.", advice="Write '/campaigns/123/overview'.")
    if "?" in text or "#" in text:
        raise UsageError("get() takes parameters as keywords, not in the path.")
    text = text.removeprefix("/2.0") if text.startswith("/2.0/") else text
    segments = text.strip("/").split("/")
    if any(unquote(s) in ("", ".", "..") or not s.isprintable() or "\\" in s for s in segments):
        raise UsageError(f"get() cannot ask for {text!r}.", advice="Write '/campaigns/123/overview'.")
    return "/" + "/".join(quote(segment, safe="%@:,~-._") for segment in segments)
