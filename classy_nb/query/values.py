"""The values of an endpoint's own parameters, checked and written as the API takes them."""

from __future__ import annotations

import re
from numbers import Number
from typing import TYPE_CHECKING, Any

from classy_nb.errors import UsageError

from .dates import day, instant, zone

if TYPE_CHECKING:
    from classy_nb.catalog import Parameter


def parameter_text(parameter: Parameter, value: Any, timezone: str) -> str:
    """Write *value* as the API takes it for *parameter*.

    Parameters
    ----------
    parameter
        Its type, and its choices where it has some.
    value
        As the caller gave it, not None.
    timezone
        Zone of a moment that has none, and of the text that is sent.

    Raises
    ------
    UsageError
        The parameter cannot have this value.
    """
    name = parameter.keyword
    if parameter.type == "bool":
        if not isinstance(value, bool):
            raise UsageError(f"{name}= takes True or False, not {value!r}.")
        return "true" if value else "false"
    if parameter.type == "date":
        return day(value, name).isoformat()
    if parameter.type == "moment":
        local = instant(value, timezone, name).astimezone(zone(timezone))
        return local.replace(tzinfo=None, microsecond=0).isoformat(" ")
    text = str(value) if isinstance(value, str | Number) and not isinstance(value, bool) else ""
    if parameter.type == "int" and not re.fullmatch("[0-9]+", text):
        raise UsageError(f"{name}= takes a whole number, not {value!r}.")
    if parameter.choices and text not in parameter.choices:
        raise UsageError(f"{name}={value!r} is none of {', '.join(parameter.choices)}.")
    if not text or not text.isprintable():
        raise UsageError(f"{name}= takes plain text that is not empty.")
    return text
