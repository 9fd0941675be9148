"""How a connection gets into another process without its secret.

A pickled `Classy` holds a `Recipe`: everything about the connection but client id, secret and token. The
other process finds id and secret where this one did, in the environment, a ``.env`` file or a secret store,
and logs in by itself when the connection is first used there.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from classy_nb.credentials import COLAB, KEYRING, Credentials
from classy_nb.errors import CredentialsError, NotPicklableError, kept_warnings

if TYPE_CHECKING:
    from .connection import Session


@dataclass(frozen=True)
class Recipe:
    """How to connect again; contains nothing secret.

    Attributes
    ----------
    env_file
        The file that id and secret came from; None if neither did.
    keyring
        Whether one of them came from the system's keyring.
    application
        A digest of the client id: another application might see other records.
    """

    env_file: str | None
    keyring: bool
    application: str
    organization: int
    timezone: str
    fiscal_year_start: int
    base_url: str
    token_url: str
    workers: int | None
    requests_per_minute: int

    @classmethod
    def of(cls, session: Session) -> Recipe:
        """Return the recipe for another session like this one.

        Raises
        ------
        NotPicklableError
            The other process could not know the secret.
        """
        credentials, http = session.credentials, session.http
        if session.sandbox is not None:
            raise NotPicklableError(
                "A connection to demo() cannot be pickled: its sandbox ends with it.",
                advice="Start `classy-nb sandbox` in a shell of its own and connect() to it, "
                "or let forked processes inherit the connection, as a global variable.",
            )
        places = {credentials.sources[name] for name in ("client_id", "client_secret")}
        if not places.isdisjoint(("arguments", "default")):
            raise NotPicklableError(
                "This connection cannot be pickled: id and secret were passed or typed in, and the bytes "
                "would have to contain them."
            )
        if COLAB in places:
            raise NotPicklableError(
                "This connection cannot be pickled: only the notebook itself can read Colab's secrets.",
                advice="Let forked processes inherit the connection, as a global variable.",
            )
        if http.has_own_headers:
            raise NotPicklableError(
                "This connection cannot be pickled: headers= may hold something secret.",
                advice="Call connect() in the other process instead.",
            )
        return cls(
            env_file=next((place for place in places if Path(place).is_absolute()), None),
            keyring=KEYRING in places,
            application=_digest(credentials),
            organization=session.organization,
            timezone=session.timezone,
            fiscal_year_start=credentials.fiscal_year_start,
            base_url=credentials.base_url,
            token_url=credentials.token_url,
            workers=session.workers,
            requests_per_minute=http.rate_limit.requests_per_minute,
        )

    def session(self) -> Session:
        """Log in with the credentials that this process finds.

        Raises
        ------
        CredentialsError
            It finds none, or those of another application.
        ClassyError
            The login failed.
        """
        from .connecting import HttpOptions, log_in  # which imports this

        with kept_warnings():  # the first login has given them
            credentials = Credentials.load(
                organization=self.organization,
                env_file=self.env_file,
                keyring=self.keyring,
                timezone=self.timezone,
                fiscal_year_start=self.fiscal_year_start,
                base_url=self.base_url,
                token_url=self.token_url,
            )
        if _digest(credentials) != self.application:
            raise CredentialsError(
                "The connection came from a process with another application's credentials than those that "
                f"are found here ({credentials.source}).",
                advice="Give both processes the same environment or .env file.",
            )
        return log_in(credentials, HttpOptions(self.workers, self.requests_per_minute)).session()


def _digest(credentials: Credentials) -> str:
    return hashlib.sha256(credentials.client_id.encode()).hexdigest()
