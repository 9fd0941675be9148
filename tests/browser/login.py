"""The login form as tests fill it in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.canaries import forms
from support.connection import CANARY, CLIENT_ID, WRONG_CANARY

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from classy_nb.sandbox import Sandbox

CELL = "import classy_nb as cn\nclassy = cn.login()"
ROOT = ".classy-nb-login"

# What Python tells the form.
FIXED = {
    "kind": "state",
    "application": "Live (api.classy.org)",
    "file": "/home/ann/work/.env",
    "file_name": ".env",
}
FORM = {**FIXED, "phase": "form"}
BUSY = {**FIXED, "phase": "busy", "text": "Connecting to api.classy.org…"}
CHOOSE = {
    **FIXED,
    "phase": "choose",
    "organizations": [["7", "Helping Hands"], ["9", "<b>Other</b>"], ["11", ""]],
}
REFUSED = {
    **FORM,
    "error": {
        "text": "The login was refused. <i>Check</i> both.",
        "invalid": ["client_id", "client_secret"],
        "focus": "client_secret",
    },
}
CONNECTED = {
    **FIXED,
    "phase": "connected",
    "text": "Connected to <b>Other</b> at 14:02",
    "notes": ["The credentials were saved in .env."],
}
CLOSED = {**FIXED, "phase": "closed", "text": "This form was closed. Call <b>login()</b> again."}


class LoginForm:
    """One view of the form, in a page or in a part of it."""

    def __init__(self, where: Page | Locator) -> None:
        self.root = where.locator(ROOT)
        self.form = self.root.get_by_role("form", name="Log in to Classy")
        self.client_id = self.root.get_by_label("Client id", exact=True)
        self.secret = self.root.get_by_label("Client secret", exact=True)
        self.connect = self.root.get_by_role("button", name="Connect")
        self.status = self.root.locator(".classy-nb-status")
        self.organization = self.root.get_by_label("Organization", exact=True)

    def fill(self, client_id: str, secret: str) -> None:
        """Type into both fields, and send nothing yet."""
        self.client_id.fill(client_id)
        self.secret.fill(secret)


def secrets_in(text: str, box: Sandbox) -> list[str]:
    """Name the secrets and the tokens of a sandbox that a text shows."""
    tokens = {f"token {number}": token for number, token in enumerate(box.tokens._ends)}
    canaries = {"secret": CANARY, "wrong secret": WRONG_CANARY, **tokens}
    content = text.encode()
    return [what for what, one in canaries.items() if any(form in content for form in forms(one, CLIENT_ID))]
