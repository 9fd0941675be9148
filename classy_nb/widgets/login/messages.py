"""What the login form says."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

from classy_nb.errors import CredentialsError, LoginError
from classy_nb.widgets.words import words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NAMES: Mapping[str, str] = {"client_id": "client id", "client_secret": "client secret"}
_INPUTS = tuple(NAMES)

WHERE_NO_FORM_SHOWS = (
    "The login form stands here where widgets are shown. Where there is none, ask for prompts with "
    "cn.login(prompt=True), or put CLASSY_CLIENT_ID and CLASSY_CLIENT_SECRET into a .env file "
    "(see .env.example) and use cn.connect()."
)

CLOSED = "This form was closed. Call login() again."
UNHELD = (
    "This form was closed: no variable holds its connection. "
    "Use the newer form, or run the cell again, with classy = cn.login()."
)


@dataclass(frozen=True)
class Closed:
    """What stays in the notebook of a form that was not filled in."""

    line: str

    def bundle(self) -> dict[str, str]:
        """Return it as an output without any widget."""
        return {"text/plain": self.line, "text/html": f"<div>{escape(self.line)}</div>"}


@dataclass(frozen=True)
class Connected:
    """What stays in the notebook of a form that was filled in: past facts, which outlive the kernel."""

    organization: str
    time: str
    notes: Sequence[str] = field(default=())

    @property
    def line(self) -> str:
        """The one line."""
        return f"Connected to {self.organization} at {self.time}"

    def bundle(self) -> dict[str, str]:
        """Return it as an output without any widget."""
        notes = "".join(f'<div style="opacity:0.8">{escape(note)}</div>' for note in self.notes)
        return {
            "text/plain": "\n".join((self.line, *self.notes)),
            "text/html": f'<div><span aria-hidden="true">✔ </span>{escape(self.line)}{notes}</div>',
        }


def application(host: str, *, live: bool) -> str:
    """Name what client id and secret log in to; live is what the vendor runs."""
    return f"Live ({host})" if live else f"Your application ({host})"


def named(organization: int, name: str) -> str:
    """Name an organization for people."""
    return name or f"organization {organization}"


def missing(names: Sequence[str]) -> dict[str, Any]:
    """Return the error of fields that were left blank."""
    text = " and the ".join(NAMES[name] for name in names)
    return {"text": f"Fill in the {text}.", "invalid": list(names), "focus": names[0]}


def problem(error: BaseException) -> dict[str, Any]:
    """Return what went wrong, which fields are at fault and which to go to."""
    return {"text": words(error), "invalid": _at_fault(error), "focus": _to_mend(error)}


def _at_fault(error: BaseException) -> list[str]:
    if isinstance(error, LoginError):
        return list(_INPUTS)
    if isinstance(error, CredentialsError):
        return [name for name in _INPUTS if f"the {NAMES[name]}" in error.what.lower()]
    return []


def _to_mend(error: BaseException) -> str:
    at_fault = _at_fault(error)
    return at_fault[0] if len(at_fault) == 1 else "client_secret"  # which is blank by then
