"""Client ids and secrets as people paste them: mended where that is safe, else refused.

Nothing is refused for its length or its alphabet: ids of 16 letters and digits exist, and of 32
hexadecimal digits. No function here raises while a plain secret is among its variables, because a
traceback may show those.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from classy_nb.errors import CredentialsError, CredentialsWarning
from classy_nb.errors import warn as warn_caller
from classy_nb.redact import Secret

if TYPE_CHECKING:
    from collections.abc import Sequence

_QUOTES: Final = frozenset({'""', "''", "``", "“”", "‘’", "„“", "«»", "””", "’’"})  # noqa: RUF001 - all meant
_TEMPLATE: Final = re.compile(r"\$\{\w+\}|\$\w*CLIENT_(ID|SECRET)|\{\{.*\}\}|%\w+%", re.IGNORECASE)
_PLACEHOLDER: Final = re.compile(
    r"(your|insert|enter|paste|put|add|replace)(with)?(your|the|my)?(classy)?(api|app)?(client)?(id|secret|key)(here)?"
    r"|change(me|this)|replace(me|this)|pastehere|placeholder|todo|tbd|none|null|undefined|redacted"
)
_ASSIGNMENT: Final = re.compile(r"(export\s+)?(classy_)?client_?(id|secret)[\"']?\s*[=:]", re.IGNORECASE)
_HIDDEN: Final = re.compile(r"[*•●∙·.…xX_-]{3,}|.*…", re.DOTALL)
_BEARER: Final = re.compile(r"(bearer|basic)\s", re.IGNORECASE)


@dataclass(frozen=True)
class Mended:
    """What became of one pasted value: the text, why it cannot be used, what is odd about it."""

    text: Secret
    refusal: str | None = None
    notes: Sequence[str] = ()


def mend(value: object) -> Mended:
    """Mend one pasted value. Mending what was mended changes nothing."""
    if isinstance(value, Secret):
        value = value.reveal()
    if not isinstance(value, str):
        return Mended(Secret(""), f"must be text, not {type(value).__name__}")
    text, notes = _unwrapped(value)
    if any(c.isspace() for c in text):
        notes.append("has a space inside; if the login fails, copy it again")
    return Mended(Secret(text), _refusal(text), notes)


def is_blank(value: object) -> bool:
    """Tell whether nothing is left of a value after mending."""
    text = value.reveal() if isinstance(value, Secret) else value
    return isinstance(text, str) and not _unwrapped(text)[0]


def usable(label: str, value: object) -> Secret:
    """Return the mended value, with a warning for what is odd about it.

    Parameters
    ----------
    label
        What the value is called in messages: ``client secret``.
    value
        A `Secret`, so that no traceback shows it.

    Raises
    ------
    CredentialsError
        It is not text, blank, a placeholder, masked, several lines, or a token.
    """
    mended = mend(value)
    if mended.refusal is not None:
        raise CredentialsError(f"The {label} {mended.refusal}.")
    for note in mended.notes:
        warn(f"The {label} {note}.")
    return mended.text


def warn(message: str) -> None:
    """Warn at the reader's line."""
    warn_caller(message, CredentialsWarning)


def _unwrapped(text: str) -> tuple[str, list[str]]:
    """Take off white space, invisible characters, quotes and angle brackets, however they are nested."""
    notes: list[str] = []
    before = None
    while text != before:
        before = text
        text = "".join(c for c in text if unicodedata.category(c) != "Cf").strip()
        if len(text) > 1 and text[0] + text[-1] in _QUOTES:
            text = text[1:-1]
        elif len(text) > 1 and text[0] + text[-1] == "<>":
            text = text[1:-1]
            notes = ["came in angle brackets; they were taken off"]
    return text, notes


def _refusal(text: str) -> str | None:
    letters = re.sub(r"[\W_]+", "", text).lower()
    reasons = {
        "is blank": not text,
        "has a line break or a control character inside: copy it again, alone": any(
            unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} for c in text
        ),
        "is a name, not a value: variables are not filled in": bool(_TEMPLATE.fullmatch(text)),
        "is a placeholder: put the real one in its place": bool(_PLACEHOLDER.fullmatch(letters)),
        "was copied with its name: keep only what follows the sign": bool(_ASSIGNMENT.match(text)),
        "is masked or cut: copy the whole of it": bool(_HIDDEN.fullmatch(text)),
        "is a token's header: an application's id and secret are needed": bool(_BEARER.match(text)),
    }
    return next((reason for reason, applies in reasons.items() if applies), None)
