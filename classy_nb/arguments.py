"""Arguments: how a message shows one, and checks that all rooms need.

Whatever a caller passed comes in; a text for a message, or the same value once it is known to be right, goes
out. A value may be anything, a frame of donors too: nothing here compares, sorts or prints what it does not
know.
"""

from __future__ import annotations

import re
from datetime import date, time, timedelta
from numbers import Number
from pathlib import PurePath
from typing import TYPE_CHECKING

from classy_nb.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

_MOST_SHOWN = 20
"""Values of a list in a message."""
_LONGEST_SHOWN = 600
"""Characters of an argument in a message."""
_ADDRESS = re.compile(r"[^\s'\"]*@[^\s'\"]*")


def shown(value: object) -> str:
    """Return an argument as a message may show it: what somebody typed, but nobody's data.

    A frame in the wrong place is an easy slip, and its repr is full of donors: whatever is not a plain value,
    or a few of them, is called by its type only. E-mail addresses are masked.
    """
    if isinstance(value, list | tuple | set | frozenset) and len(value) <= _MOST_SHOWN:
        begins, ends = "[]" if isinstance(value, list) else "()" if isinstance(value, tuple) else "{}"
        after = "," if isinstance(value, tuple) and len(value) == 1 else ""
        text = f"{begins}{', '.join(map(shown, value))}{after}{ends}"
    elif value is None or isinstance(value, str | Number | date | time | timedelta | PurePath):
        text = _ADDRESS.sub("***", repr(value))
    else:
        name = type(value).__name__
        text = f"{'an' if name[0] in 'AEIOUaeiou' else 'a'} {name}"
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 1]}…"


def is_one_of(value: object, options: Iterable[str | None]) -> bool:
    """Whether *value* is one of *options*, also where it cannot be compared with them."""
    return (value is None or isinstance(value, str)) and value in list(options)


def checked_flag(name: str, value: object) -> bool:
    """Return the *value* of a keyword that takes True or False.

    Raises
    ------
    UsageError
        It is anything else.
    """
    if isinstance(value, bool):
        return value
    raise UsageError(f"{name}={shown(value)} must be True or False.")
