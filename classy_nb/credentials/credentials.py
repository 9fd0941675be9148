"""Client id and secret, with what belongs to them."""

from __future__ import annotations

import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from classy_nb.errors import CredentialsError
from classy_nb.redact import Secret

from .dotenv_file import file_mode, write_env_file
from .git import git_state
from .search import FIELDS, environment, gather
from .settings import BASE_URL, TIMEZONE, TOKEN_URL, checked_organization, checked_timezone, checked_url
from .validation import usable, warn

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

_DEFAULTS: Final = {"organization": None, "base_url": BASE_URL, "token_url": TOKEN_URL, "timezone": TIMEZONE}
_SHOWN: Final = 4


@dataclass(frozen=True, init=False, repr=False)
class Credentials:
    """A client id and secret, and the settings that come with them. Immutable.

    What was damaged in copying is mended (white space, quotes, invisible characters), mended with a
    `CredentialsWarning` (angle brackets), or refused (blank, placeholder, masked, several lines).
    The secret shows in no repr, traceback or log, and is not pickled: `save` is how to keep it.

    Parameters
    ----------
    client_id, client_secret
        As shown by the application's page in the Classy admin.
    organization
        Numeric organization id; None to have it found.
    base_url, token_url
        Where the data and where the tokens come from: two settings, neither follows the other.
    timezone
        Name of the time zone in which dates are meant and shown.
    sources
        Where each of these came from: ``arguments``, ``environment``, the path of a file, ``default``.

    Raises
    ------
    CredentialsError
        Id or secret cannot be right. The message names which, never its value.
    UsageError
        Another setting makes no sense.
    """

    client_id: str
    client_secret: Secret
    organization: int | None
    base_url: str
    token_url: str
    timezone: str
    sources: Mapping[str, str] = field(compare=False)

    def __init__(
        self,
        client_id: str | Secret,
        client_secret: str | Secret,
        *,
        organization: int | str | None = None,
        base_url: str = BASE_URL,
        token_url: str = TOKEN_URL,
        timezone: str = TIMEZONE,
        sources: Mapping[str, str] | None = None,
    ) -> None:
        # First of all: whatever raises below, a traceback shows this frame's variables.
        client_id, client_secret = Secret(client_id), Secret(client_secret)
        client_id, client_secret = usable("client id", client_id), usable("client secret", client_secret)
        if client_id == client_secret:
            raise CredentialsError("The client id and the client secret are the same: one was copied twice.")
        values = {
            "client_secret": client_secret,
            "organization": checked_organization(organization),
            "base_url": checked_url("base_url", base_url),
            "token_url": checked_url("token_url", token_url),
            "timezone": checked_timezone(timezone),
            "sources": dict(sources) if sources is not None else dict.fromkeys(FIELDS, "arguments"),
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)
        object.__setattr__(self, "client_id", client_id.reveal())

    @classmethod
    def load(
        cls,
        client_id: str | Secret | None = None,
        client_secret: str | Secret | None = None,
        *,
        organization: int | str | None = None,
        base_url: str | None = None,
        token_url: str | None = None,
        timezone: str | None = None,
        env_file: str | os.PathLike[str] | None = None,
        environ: Mapping[str, str] | None = None,
        start: str | os.PathLike[str] | None = None,
    ) -> Credentials:
        """Take each setting from the arguments, else the environment, else a ``.env`` file.

        The variables are ``CLASSY_CLIENT_ID``, ``CLASSY_CLIENT_SECRET`` and, where wanted,
        ``CLASSY_ORGANIZATION_ID``, ``CLASSY_BASE_URL``, ``CLASSY_TOKEN_URL``, ``CLASSY_TIMEZONE``;
        blank ones count as missing. The environment is not changed.

        Parameters
        ----------
        client_id, client_secret, organization, base_url, token_url, timezone
            See the class. None: look further.
        env_file
            The file to read. None: ``.env`` in *start* or the nearest folder above it, up to the
            root of the git repository or home.
        environ
            Instead of the environment.
        start
            Where the search for ``.env`` begins; the current folder if None.

        Raises
        ------
        CredentialsError
            Id or secret is missing or cannot be right, the file cannot be read, or it would send a
            secret from elsewhere to another host than the vendor's. Nothing was sent.
        UsageError
            Another setting makes no sense.
        """
        # First of all: whatever raises below, a traceback shows this frame's variables.
        # The id too: people paste the secret there.
        client_id = None if client_id is None else Secret(client_id)
        client_secret = None if client_secret is None else Secret(client_secret)
        variables, environ = environment(environ), None
        given = {
            "client_id": client_id,
            "client_secret": client_secret,
            "organization": organization,
            "base_url": base_url,
            "token_url": token_url,
            "timezone": timezone,
        }
        file, top = (None if place is None else Path(place) for place in (env_file, start))
        return cls(**gather(given, variables, file, top))

    @property
    def source(self) -> str:
        """Where id and secret came from: ``arguments``, ``environment``, a file's path, or two of them."""
        places = dict.fromkeys((self.sources["client_id"], self.sources["client_secret"]))
        return " and ".join(places)

    def save(self, path: str | os.PathLike[str] = ".env") -> Path:
        """Write the credentials into a ``.env`` file that only you can read (mode 0600).

        Other lines and comments of the file stay. Afterwards ``Credentials.load(env_file=path)``
        gives these credentials: settings that have their default value are taken out of the file.

        Parameters
        ----------
        path
            The file, made if it doesn't exist.

        Returns
        -------
        Path
            The file's full path.

        Raises
        ------
        CredentialsError
            git tracks the file or doesn't ignore it, it is a link or a folder, or it could not be
            written. The file is then as it was.
        """
        target = Path(path).expanduser().absolute()
        _check_target(target)
        _check_git(target)
        settings = {name: getattr(self, name) for name in _DEFAULTS}
        values: dict[str, Secret | None] = {
            FIELDS[name]: None if value == _DEFAULTS[name] else Secret(str(value))
            for name, value in settings.items()
        }
        pair = {FIELDS["client_id"]: Secret(self.client_id), FIELDS["client_secret"]: self.client_secret}
        write_env_file(target, pair | values)
        return target

    def __repr__(self) -> str:
        if "client_id" not in vars(self):  # refused: a traceback with variables shows what was begun
            return "<Credentials, unfinished>"
        known = self.client_id[: min(_SHOWN, len(self.client_id) // 2)]
        shown = {"client_id": f"'{known}…'", "client_secret": str(self.client_secret)}
        shown |= {
            name: repr(getattr(self, name))
            for name, value in _DEFAULTS.items()
            if getattr(self, name) != value
        }
        inner = ", ".join(f"{name}={value}" for name, value in shown.items())
        return f"<Credentials {inner}, from {self.source}>"


def _check_target(path: Path) -> None:
    folder, file = file_mode(path.parent), file_mode(path, follow=False)
    if folder is None or not stat.S_ISDIR(folder):
        raise CredentialsError(f"There is no folder {path.parent}.", advice="Check path=.")
    if file is not None and not stat.S_ISREG(file):
        raise CredentialsError(
            f"{path} is not a plain file (a folder, a link or a pipe).", advice="Give another path=."
        )


def _check_git(path: Path) -> None:
    state = git_state(path)
    if state == "tracked":
        raise CredentialsError(
            f"git tracks {path}: the secret would be committed.",
            advice=f"Run git rm --cached {path.name}, add {path.name} to .gitignore, commit, and save again.",
        )
    if state == "exposed":
        raise CredentialsError(
            f"git does not ignore {path}: the secret could be committed.",
            advice=f"Add the line {path.name} to .gitignore and save again.",
        )
    if state == "unknown":
        warn(f"git could not be asked about {path}: make sure that it ignores the file.")
