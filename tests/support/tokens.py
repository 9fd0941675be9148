"""A token URL and a clock that are fakes."""

from collections.abc import Mapping
from typing import Any

import requests

from classy_nb.credentials import Credentials
from classy_nb.errors import LoginError
from classy_nb.http import TokenAuth
from classy_nb.redact import Secret
from support.connection import CANARY, CLIENT_ID

ORIGIN = "https://api.classy.org:443"
URL = "https://api.classy.org/2.0/organizations/7/transactions"


class Clock:
    """Monotonic and wall seconds, moved by hand."""

    def __init__(self) -> None:
        self.monotonic, self.wall = 5000.0, 1_700_000_000.0

    def pass_(self, seconds: float) -> None:
        self.monotonic += seconds
        self.wall += seconds


class Tokens:
    """Hands out token-1, token-2, ...; keeps what was posted."""

    def __init__(self, **more: Any) -> None:
        self.posted: list[tuple[str, dict[str, Any]]] = []
        self.more = {"expires_in": 7200, **more}
        self.refuse_refresh = False

    def __call__(self, url: str, fields: Mapping[str, str | Secret], cancel: Any = None) -> dict[str, Any]:
        self.posted.append((url, dict(fields)))
        if self.refuse_refresh and fields["grant_type"] == "refresh_token":
            raise LoginError("The login was refused.")
        number = len(self.posted)
        answer = {"access_token": Secret(f"token-{number}"), "token_type": "bearer", **self.more}
        if "refresh_token" in self.more:
            answer["refresh_token"] = Secret(f"refresh-{number}")
        return answer

    @property
    def grants(self) -> list[Any]:
        return [fields["grant_type"] for _, fields in self.posted]


def auth_with(tokens: Any, clock: Clock | None = None) -> TokenAuth:
    clock = clock or Clock()
    return TokenAuth(
        Credentials(CLIENT_ID, CANARY),
        tokens,
        ORIGIN,
        clock=lambda: clock.monotonic,
        wall=lambda: clock.wall,
    )


def sent_by(auth: TokenAuth, url: str = URL) -> str | None:
    return auth(requests.Request("GET", url).prepare()).headers.get("Authorization")
