"""The bearer token: fetched when needed, renewed ahead of time, kept in memory only."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from requests.auth import AuthBase

from classy_nb.errors import (
    ConnectionFailedError,
    LoginError,
    RateLimitedError,
    ServerError,
    UnexpectedAnswerError,
)
from classy_nb.redact import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from requests import PreparedRequest

    from classy_nb.credentials import Credentials

MARGIN = 60.0
"""Seconds before its end at which a token is renewed (less for a token that lives under 10 minutes)."""
DEFAULT_LIFETIME = 3600.0
"""Seconds that a token is taken to live when its answer does not say."""
_BETWEEN_TRIES = 10.0
"""Seconds from a failed renewal to the next, while the old token lives on."""


class Exchange(Protocol):
    """Posts fields to the token URL and returns the answer, its tokens sealed; or raises."""

    def __call__(self, url: str, fields: Mapping[str, str | Secret]) -> dict[str, Any]:
        """Post *fields* to *url*."""
        ...


@dataclass(frozen=True)
class Token:
    """A bearer token and the moments (monotonic and wall seconds) at which to renew it, and of its end."""

    value: Secret
    renew_at: float
    renew_at_wall: float
    refresh: Secret | None = None
    last_seconds: float = 0.0
    """Between renewal and end."""

    def fresh(self, now: float, now_wall: float) -> bool:
        """Whether the token may still be sent.

        Both clocks have a say: the monotonic one may stand still while a laptop sleeps, the wall
        clock may be set back.
        """
        return now < self.renew_at and now_wall < self.renew_at_wall

    def alive(self, now: float, now_wall: float) -> bool:
        """Whether the API still takes the token, although it is time to renew it."""
        return self.fresh(now - self.last_seconds, now_wall - self.last_seconds)


class TokenAuth(AuthBase):
    """Puts a fresh token on each request to the API's own host; thread-safe.

    However many threads ask, one token request is under way at most; who still has a token that lives
    doesn't wait for it. A ``refresh_token`` is used where one came, and the credentials where that is
    refused.

    Parameters
    ----------
    credentials
        Where and as whom to log in.
    exchange
        Sends a token request.
    origin
        Scheme, host and port that may receive the token.
    clock, wall
        Monotonic and wall seconds.
    """

    def __init__(
        self,
        credentials: Credentials,
        exchange: Exchange,
        origin: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._credentials = credentials
        self._exchange = exchange
        self._origin = origin
        self._clock = clock
        self._wall = wall
        self._lock = threading.Lock()
        self._token: Token | None = None
        self._not_before = float("-inf")

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Add the header, fetching or renewing the token first where needed."""
        if origin_of(request.url or "") == self._origin:
            request.headers["Authorization"] = f"Bearer {self.token().value.reveal()}"
        return request

    def __repr__(self) -> str:
        return f"<TokenAuth {self.describe()}>"

    def token(self) -> Token:
        """Return a token that is fresh for another minute (or as fresh as the server gives them)."""
        token = self._token
        if token is not None and self._serves(token):
            return token
        if token is not None and self._alive(token) and self._lock.locked():
            return token  # somebody is renewing it, which may take all the repeats of a login
        with self._lock:
            token = self._token
            if token is None or not self._serves(token):
                token = self._token = self._renewed(token)
            return token

    def _serves(self, token: Token) -> bool:
        """Whether to send the token without trying to renew it."""
        if self._clock() < self._not_before:
            return self._alive(token)
        return token.fresh(self._clock(), self._wall())

    def _alive(self, token: Token) -> bool:
        return token.alive(self._clock(), self._wall())

    def _renewed(self, old: Token | None) -> Token:
        try:
            return self._renew(old)
        except (ConnectionFailedError, ServerError, RateLimitedError):
            if old is None or not self._alive(old):
                raise
            self._not_before = self._clock() + _BETWEEN_TRIES
            return old

    def discard(self, header: Secret | None) -> None:
        """Forget the token that was sent as *header*; a newer one, fetched meanwhile, stays."""
        with self._lock:
            if self._token is not None and header == Secret(f"Bearer {self._token.value.reveal()}"):
                # Its refresh token may still be good.
                self._token = Token(self._token.value, float("-inf"), float("-inf"), self._token.refresh)

    def describe(self) -> str:
        """Say how long the token lives on, for people: never the token itself."""
        token = self._token
        if token is None:
            return "no token yet"
        seconds = min(token.renew_at - self._clock(), token.renew_at_wall - self._wall())
        if seconds <= 0:
            return "token renews with the next request"
        if seconds < 60:  # noqa: PLR2004
            return "token renews within a minute"
        return f"token renews in {seconds / 60:.0f} min"

    def _renew(self, old: Token | None) -> Token:
        if old is not None and old.refresh is not None:
            try:
                return self._fetch({"grant_type": "refresh_token", "refresh_token": old.refresh})
            except LoginError:
                pass  # used up or revoked: the credentials still hold
        return self._fetch({"grant_type": "client_credentials"})

    def _fetch(self, grant: Mapping[str, str | Secret]) -> Token:
        asked, asked_wall = self._clock(), self._wall()
        answer = self._exchange(
            self._credentials.token_url,
            {
                **grant,
                "client_id": self._credentials.client_id,
                "client_secret": self._credentials.client_secret,
            },
        )
        value = answer.get("access_token")
        if not isinstance(value, Secret):
            raise UnexpectedAnswerError("The login answered without a token.", method="POST")
        lifetime = _lifetime(answer.get("expires_in"))
        margin = min(MARGIN, lifetime / 10)
        useful = lifetime - margin
        refresh = answer.get("refresh_token")
        return Token(
            value,
            asked + useful,
            asked_wall + useful,
            refresh if isinstance(refresh, Secret) else None,
            margin,
        )


def _lifetime(expires_in: object) -> float:
    """Seconds a token lives; ``expires_in`` has been seen as a number and as text, and missing."""
    try:
        lifetime = float(str(expires_in))
    except ValueError:
        return DEFAULT_LIFETIME
    return lifetime if 0 < lifetime < float("inf") else DEFAULT_LIFETIME


def origin_of(url: str) -> str:
    """Return scheme, host and port of *url*, in lower case, default ports filled in."""
    parts = urlsplit(url)
    port = parts.port or {"https": 443, "http": 80}.get(parts.scheme.lower(), 0)
    return f"{parts.scheme.lower()}://{(parts.hostname or '').lower()}:{port}"
