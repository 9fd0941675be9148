"""Text that shows nowhere."""

from __future__ import annotations

import hmac
from typing import Any, NoReturn

MASK = "********"
"""What stands for a secret; always as long, so that it doesn't tell the length."""


class Secret:
    """Text that shows nowhere: ``********`` in repr, str, f-strings, logs and tracebacks.

    Not a ``str``: what does not know secrets (``json.dumps``, ``"+"``, ``len``) fails instead of
    telling. Pickling is refused; ``copy`` and ``deepcopy`` return the same object.

    Parameters
    ----------
    text
        The secret, or a `Secret`. It isn't checked here: an error raised here would show it.
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
        """Compare with another secret, in a time that doesn't depend on where they differ."""
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
            "Secrets are not pickled: the bytes would hold them in clear. "
            "Load the credentials again where they are needed."
        )

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        self.__getstate__()
