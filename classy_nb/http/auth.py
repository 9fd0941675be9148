"""The bearer token: fetched with the credentials, renewed ahead of time, kept in memory only.

`HttpClient` asks for the token before each request, so that a login's errors and waits are its own and not
those of the request. However many workers ask at the same time, at most one token request is under way.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from requests.auth import AuthBase
from urllib3.util import parse_url

from classy_nb.errors import (
    ClassyError,
    ConnectionClosedError,
    ConnectionFailedError,
    LoginError,
    RateLimitedError,
    ServerError,
    UnexpectedAnswerError,
)
from classy_nb.redact import Secret

from .fork import renew_after_fork

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from requests import PreparedRequest

    from classy_nb.credentials import Credentials

    from .cancel import Cancel

    PostToken = Callable[[str, Mapping[str, str | Secret], Cancel | None], dict[str, Any]]

MARGIN = 60.0
"""Seconds before its end at which a token is renewed (a tenth of its life if it lives less than 10
minutes)."""
DEFAULT_LIFETIME = 3600.0
"""Seconds that a token is assumed to live if the answer does not say."""
_BETWEEN_RENEWALS = 10.0
"""Seconds from a renewal that failed to the next one, while the old token still works: each may take many
repeats."""
_MOST_REFUSED = 20
"""Tokens a minute that may be replaced because the API refused them. Where the API accepts only the newest
token of an application, two programs that use it end each other's: they must not do so with each request."""


@dataclass(frozen=True)
class Token:
    """A bearer token and when it ends, by two clocks.

    A monotonic clock may stand still while a laptop sleeps, and the wall clock may be set back: the token has
    ended as soon as one of them says so.
    """

    value: Secret
    ends: float
    ends_wall: float
    margin: float
    refresh: Secret | None = None

    def seconds_left(self, now: float, now_wall: float) -> float:
        """Return the seconds until the API stops accepting the token."""
        return min(self.ends - now, self.ends_wall - now_wall)

    def fresh(self, now: float, now_wall: float) -> bool:
        """Tell whether it is too early to renew the token."""
        return self.seconds_left(now, now_wall) > self.margin


class TokenAuth(AuthBase):
    """Adds the token to each request to the API's own origin; thread-safe.

    A ``refresh_token`` is used where one came, and the credentials if it is refused.

    Parameters
    ----------
    credentials
        Where to log in, and as whom.
    post_token
        Posts fields to a URL and returns the answer, with the tokens in it as `Secret`.
    origin
        Scheme, host and port that may receive the token.
    clock, wall
        Monotonic and wall-clock seconds.
    """

    def __init__(
        self,
        credentials: Credentials,
        post_token: PostToken,
        origin: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._credentials: Credentials | None = credentials
        self._post_token = post_token
        self._origin = origin
        self._clock = clock
        self._wall = wall
        self._lock = threading.Lock()
        self._token: Token | None = None
        self._next_renewal = float("-inf")
        self._refused: list[float] = []
        """When tokens were refused, within the last minute."""
        renew_after_fork(self, TokenAuth._after_fork)

    def _after_fork(self) -> None:
        """Keep the token, and renew it apart from the parent, whose refresh token works only once."""
        self._lock = threading.Lock()
        if self._token is not None:
            self._token = replace(self._token, refresh=None)

    def forget(self) -> None:
        """Forget the token and the credentials, for good."""
        self._credentials = self._token = None

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Add the header; requests calls this for each request."""
        if origin_of(request.url or "") == self._origin:
            request.headers["Authorization"] = f"Bearer {self.token().value.reveal()}"
        return request

    def __repr__(self) -> str:
        return f"<TokenAuth {self.describe()}>"

    def token(self, cancel: Cancel | None = None) -> Token:
        """Return a token that works for another minute, fetched or renewed first if necessary.

        Parameters
        ----------
        cancel
            Ends the waits of a token request.

        Raises
        ------
        LoginError
            The credentials were refused.
        ConnectionClosedError
            The token was forgotten.
        ClassyError
            The token request failed, and there is no older token that still works.
        """
        token = self._token
        if token is not None and not self._is_due(token):
            return token
        works = token is not None and self._seconds_left(token) > 0
        # While another thread renews a token that still works, nobody has to wait for it.
        if not self._lock.acquire(blocking=not works) and token is not None:
            return token
        try:
            token = self._token
            if token is None or self._is_due(token):
                try:
                    token = self._renew(token, cancel)
                except (ConnectionFailedError, ServerError, RateLimitedError):
                    if token is None or self._seconds_left(token) <= 0:
                        raise
                    self._next_renewal = self._clock() + _BETWEEN_RENEWALS  # the old token still works
                if self._credentials is None:
                    raise ConnectionClosedError  # closed while the token was on its way
                self._token = token
            return token
        finally:
            self._lock.release()

    def discard(self, header: Secret | None) -> bool:
        """Let the token that the API refused in *header* be replaced; a newer one stays.

        Returns whether another token should be tried: not if too many were refused within a minute.
        """
        with self._lock:
            if self._token is not None and header == Secret(f"Bearer {self._token.value.reveal()}"):
                now = self._clock()
                self._refused = [moment for moment in self._refused if now - moment < 60]
                if len(self._refused) >= _MOST_REFUSED:
                    return False
                self._refused.append(now)
                # Not None: its refresh token may still be good.
                self._token = replace(self._token, ends=float("-inf"))
        return True

    def describe(self) -> str:
        """Say when the token will be renewed, for people; never the token itself."""
        token = self._token
        if token is None:
            return "none yet"
        seconds = self._seconds_left(token) - token.margin
        if seconds <= 0:
            return "renews with the next request"
        if seconds < 60:
            return "renews within a minute"
        return f"renews in {seconds / 60:.0f} min"

    def _seconds_left(self, token: Token) -> float:
        return token.seconds_left(self._clock(), self._wall())

    def _is_due(self, token: Token) -> bool:
        if self._clock() < self._next_renewal:
            return self._seconds_left(token) <= 0
        return not token.fresh(self._clock(), self._wall())

    def _renew(self, old: Token | None, cancel: Cancel | None) -> Token:
        if old is not None and old.refresh is not None:
            try:
                return self._fetch({"grant_type": "refresh_token", "refresh_token": old.refresh}, cancel)
            except LoginError:
                pass  # used up or revoked: the credentials may still be good
        return self._fetch({"grant_type": "client_credentials"}, cancel)

    def _fetch(self, grant: Mapping[str, str | Secret], cancel: Cancel | None) -> Token:
        credentials = self._credentials
        if credentials is None:
            raise ConnectionClosedError
        # The token's life begins when it is issued, at the earliest when it is requested.
        requested, requested_wall = self._clock(), self._wall()
        fields = {
            **grant,
            "client_id": credentials.client_id,
            "client_secret": credentials.client_secret,
        }
        try:
            answer = self._post_token(credentials.token_url, fields, cancel)
            value, refresh = answer.get("access_token"), answer.get("refresh_token")
            if not isinstance(value, Secret):
                raise UnexpectedAnswerError("The login answered without a token.", method="POST")
        except ClassyError as error:
            credentials.name_sources(error)
            raise
        lifetime = _lifetime(answer.get("expires_in"))
        return Token(
            value,
            ends=requested + lifetime,
            ends_wall=requested_wall + lifetime,
            margin=min(MARGIN, lifetime / 10),
            refresh=refresh if isinstance(refresh, Secret) else None,
        )


def _lifetime(expires_in: object) -> float:
    """Return the seconds a token lives; ``expires_in`` has been seen as a number, as text, and missing."""
    try:
        lifetime = float(str(expires_in))
    except ValueError:
        return DEFAULT_LIFETIME
    return lifetime if 0 < lifetime < float("inf") else DEFAULT_LIFETIME


def origin_of(url: str) -> str:
    """Return scheme, host and port of *url*, in lower case, with default ports filled in.

    By the parser that requests uses when it sends: another one may read another host out of the same text.
    """
    parts = parse_url(url)
    scheme = (parts.scheme or "").lower()
    port = parts.port or {"https": 443, "http": 80}.get(scheme, 0)
    return f"{scheme}://{(parts.host or '').lower()}:{port}"
