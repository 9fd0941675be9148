"""The words of the login form and of the prompts, and the outputs that stay in a notebook."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from classy_nb.credentials import VENDOR_HOSTS
from classy_nb.errors import CredentialsError, LoginError
from classy_nb.widgets.words import words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FIELDS: Mapping[str, str] = {"client_id": "client id", "client_secret": "client secret"}

WHERE_NO_FORM_SHOWS = (
    "The login form appears here where widgets are shown. Where they are not, use prompts with "
    "cn.login(prompt=True), or put CLASSY_CLIENT_ID and CLASSY_CLIENT_SECRET into a .env file "
    "(see .env.example) and use cn.connect()."
)
CLOSED = "This form was closed. Call login() again."
UNHELD = (
    "This form was closed: no variable holds its connection. "
    "Use the newer form, or run the cell again with classy = cn.login()."
)
STARTING_SANDBOX = "Starting the sandbox…"
SANDBOX_NOTE = "A sandbox on this machine: all data are invented."
NEXT = (
    "What next? In a new cell, {name}.explore() opens a form to choose, preview and save lists without code."
)


def application(host: str) -> str:
    """Say what client id and secret log in to; "live" is only what the vendor runs."""
    return f"Live ({host})" if host in VENDOR_HOSTS else f"Your application ({host})"


def organization_label(organization: int, name: str | None) -> str:
    """Name an organization for people."""
    return name or f"organization {organization}"


def blank_fields(names: Sequence[str]) -> dict[str, Any]:
    """Return the error to show for fields that were left blank."""
    text = " and the ".join(FIELDS[name] for name in names)
    return {"text": f"Fill in the {text}.", "invalid": list(names), "focus": names[0]}


def problem(error: BaseException) -> dict[str, Any]:
    """Return the error to show: what went wrong, which fields are at fault, and which one gets the focus."""
    invalid: list[str] = []
    if isinstance(error, LoginError):
        invalid = list(FIELDS)
    elif isinstance(error, CredentialsError):
        invalid = [name for name, label in FIELDS.items() if f"the {label}" in error.what.lower()]
    # The secret has to be typed again in any case: the browser has emptied its field.
    return {
        "text": words(error),
        "invalid": invalid,
        "focus": invalid[0] if len(invalid) == 1 else "client_secret",
    }


def closed_output(text: str) -> dict[str, str]:
    """Return what replaces a form that was never sent: plain output without a widget."""
    return {"text/plain": text, "text/html": f"<div>{escape(text)}</div>"}


def connected_output(text: str, notes: Sequence[str], what_next: str) -> dict[str, str]:
    """Return what replaces a form that logged in: past facts, still true when the kernel is gone."""
    below = "".join(f'<div style="opacity:0.8">{escape(note)}</div>' for note in notes)
    below += f"<div>{escape(what_next)}</div>" if what_next else ""
    return {
        "text/plain": "\n".join((text, *notes, *([what_next] if what_next else []))),
        "text/html": f'<div><span aria-hidden="true">✔ </span>{escape(text)}{below}</div>',
    }
