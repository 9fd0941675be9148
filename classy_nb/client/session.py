"""Logging in with what people type, one step after the other."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from classy_nb.credentials import VENDOR_HOSTS, Credentials
from classy_nb.errors import ClassyError, kept_warnings
from classy_nb.http import TokenAuth

from .connecting import choices, demo, open_http
from .connection import Classy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from classy_nb.http import HttpClient
    from classy_nb.redact import Secret


@dataclass(frozen=True)
class Options:
    """The arguments of `login` that are about requests, as in `connect`."""

    workers: int
    requests_per_minute: int
    headers: Mapping[str, Secret]

    def http(self, base_url: str) -> HttpClient:
        """Return a transport that has not logged in yet."""
        return open_http(base_url, self.workers, self.requests_per_minute, self.headers)


class Logins:
    """Logs in, as often as it takes; what comes of it is handed to *adopt*.

    Parameters
    ----------
    settings
        Addresses and time zone; its client id and secret stand in for those that will be typed.
    organization
        The organization's id, where the caller gave it.
    env_file
        Where credentials are remembered.
    options
        How to send requests.
    adopt
        Takes the connection.
    demo_timezone
        Time zone of a sandbox's connection, if not its own.
    """

    def __init__(
        self,
        settings: Credentials,
        organization: int | None,
        env_file: str | Path,
        options: Options,
        *,
        adopt: Callable[[Classy], None],
        demo_timezone: str | None = None,
    ) -> None:
        self._settings = settings
        self._organization = organization
        self._options = options
        self._demo_timezone = demo_timezone
        self.adopt = adopt
        self.host = settings.base_url.split("/")[2]
        self.live = self.host in VENDOR_HOSTS
        self.file = Path(env_file).expanduser().absolute()
        self.file_name = str(env_file)

    def credentials(
        self, client_id: str | Secret, client_secret: Secret, organization: int | None
    ) -> Credentials:
        """Return a pair with the settings that stand."""
        settings = self._settings
        return Credentials(
            client_id,
            client_secret,
            organization=organization,
            base_url=settings.base_url,
            token_url=settings.token_url,
            timezone=settings.timezone,
        )

    def log_in(self, client_id: Secret, client_secret: Secret) -> Session:
        """Log in and list the organizations.

        Raises
        ------
        CredentialsError
            The pair cannot be right, or was refused.
        ClassyError
            Anything else went wrong.
        """
        with kept_warnings() as notes:
            credentials = self.credentials(client_id, client_secret, self._organization)
        http = self._options.http(credentials.base_url)
        try:
            http.auth = TokenAuth(credentials, http.post_token, http.origin)
            return Session(self, credentials, http, choices(credentials, http), notes)
        except BaseException as error:
            http.close()
            if isinstance(error, ClassyError):
                error.advice = " ".join((*notes, error.advice))
            raise

    def connect(self, credentials: Credentials, http: HttpClient, organization: int, name: str) -> None:
        """Make the connection and hand it over."""
        self.adopt(Classy(credentials, http, organization, name or None, self._options.workers))

    def start_sandbox(self) -> str:
        """Start a sandbox as `demo` does, hand its connection over, and return its organization's name."""
        zone = self._demo_timezone
        connection = demo() if zone is None else demo(timezone=zone)
        self.adopt(connection)
        return connection.organization_name or "the sandbox"


class Session:
    """Logged in; the organization may still have to be chosen."""

    def __init__(
        self,
        logins: Logins,
        credentials: Credentials,
        http: HttpClient,
        organizations: Mapping[int, str],
        notes: Sequence[str],
    ) -> None:
        self._logins = logins
        self._credentials = credentials
        self._http = http
        self.organizations = organizations
        self.notes = notes

    def save(self, organization: int) -> Sequence[str]:
        """Write the credentials into the file, with the organization where it was chosen.

        Returns
        -------
        list of str
            What is odd about that.

        Raises
        ------
        CredentialsError
            git would see the file, or it could not be written.
        """
        with kept_warnings() as notes:
            self._chosen(organization).save(self._logins.file)
        return notes

    def connect(self, organization: int) -> None:
        """Hand the connection over."""
        name = self.organizations[organization]
        self._logins.connect(self._chosen(organization), self._http, organization, name)

    def _chosen(self, organization: int) -> Credentials:
        pair = self._credentials
        if len(self.organizations) == 1:
            return pair
        return self._logins.credentials(pair.client_id, pair.client_secret, organization)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()
