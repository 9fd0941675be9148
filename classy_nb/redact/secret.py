"""Text that is never shown.

Credentials and tokens are wrapped in :class:`Secret` as soon as they arrive; only the place that sends
them reveals them.
"""

from __future__ import annotations

import hmac
from typing import Any, NoReturn

MASK = "********"
"""What replaces a secret; its length is fixed, so it does not reveal that of the secret."""


class Secret:
    """Text that is never shown: ``********`` in repr, str, f-strings, logs and tracebacks.

    It is not a ``str``: code that does not know secrets (``json.dumps``, ``"+"``, ``len``) fails instead of
    revealing it. Pickling is refused; ``copy`` and ``deepcopy`` return the same object.

    Parameters
    ----------
    text
        The secret, or a `Secret`. It is not checked here: an error raised here would show it.
    """

    __slots__ = ("_text",)

    _text: str

    def __init__(self, text: str | Secret) -> None:
        object.__setattr__(self, "_text", text.reveal() if isinstance(text, Secret) else text)

    def reveal(self) -> str:
        """Return the text itself, for the one place that sends it."""
        return self._text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        """Compare with another secret, in a time that does not depend on where they differ."""
        if not isinstance(other, Secret):
            return NotImplemented
        mine, theirs = (str(s.reveal()).encode("utf-8", "surrogatepass") for s in (self, other))
        return hmac.compare_digest(mine, theirs)

    def __hash__(self) -> int:
        return hash((Secret, str(self._text)))

    def __repr__(self) -> str:
        return f"Secret('{MASK}')"

    def __str__(self) -> str:
        return MASK

    def __format__(self, format_spec: str) -> str:
        return MASK

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("A secret cannot be changed.")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("A secret cannot be changed.")

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Secret:
        return self

    def __getstate__(self) -> NoReturn:
        raise TypeError(
            "Secrets cannot be pickled: the bytes would contain them in plain text. "
            "Load the credentials again where they are needed."
        )

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        self.__getstate__()
