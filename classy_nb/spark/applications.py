"""Where an application's credentials are, by name, and how to log in with them on whichever machine this is.

In come names of environment variables or of a secret scope; out come a login, for planning, and a session,
for reading. ``planning`` and ``reading`` call it, each in the process in which it runs: a secret never leaves
that process, but for the token request.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from classy_nb.client import Login
from classy_nb.credentials import NO_RUNTIME, Credentials, read_scope
from classy_nb.errors import ClassyError, CredentialsError, UsageError
from classy_nb.http import TokenAuth
from classy_nb.redact import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from classy_nb.client import HttpOptions, Session

DEFAULT_PREFIX = "CLASSY"
_NAME = re.compile(
    r"scope:(?P<scope>[\w.@-]{1,128})(?:/(?P<of_scope>[A-Z][A-Z0-9_]*))?|(?P<prefix>[A-Z][A-Z0-9_]*)"
)
_SETTINGS = {
    "organization": "ORGANIZATION_ID",
    "base_url": "BASE_URL",
    "token_url": "TOKEN_URL",
    "timezone": "TIMEZONE",
    "fiscal_year_start": "FISCAL_YEAR_START",
}
"""What the environment may say besides the id and the secret, and the ends of the variables' names."""


@dataclass(frozen=True)
class Application:
    """The name of one application's credentials; nothing of it is secret.

    Attributes
    ----------
    prefix
        How the names of its variables, or of its keys in the scope, begin.
    scope
        The secret scope that has id and secret; None for the environment.
    """

    prefix: str = DEFAULT_PREFIX
    scope: str | None = None

    def credentials(self, options: Mapping[str, str | int | None]) -> Credentials:
        """Return the credentials as this process finds them; *options* win over its environment.

        Raises
        ------
        CredentialsError
            The id or the secret is not there, or cannot be right.
        UsageError
            A setting makes no sense.
        """
        settings: dict[str, Any] = {}
        for name, end in _SETTINGS.items():
            value = options.get(name)
            value = os.environ.get(f"{self.prefix}_{end}", "").strip() if value is None else value
            if value != "":
                settings[name] = value
        place = f"the secret scope {self.scope}" if self.scope else f"the environment of {_this_process()}"
        origins = {
            name: f"{self.prefix}_{name.upper()} in {place}" for name in ("client_id", "client_secret")
        }
        return Credentials(self._find("CLIENT_ID"), self._find("CLIENT_SECRET"), origins=origins, **settings)

    def _find(self, end: str) -> Secret:
        name = f"{self.prefix}_{end}"
        if self.scope is not None:
            return _from_scope(self.scope, name)
        text = os.environ.get(name, "")
        if not text.strip():
            raise CredentialsError(
                f"{name} is not set in the environment of {_this_process()}.",
                advice="Set it where the driver and the executors start (on Databricks, in the cluster's "
                "environment variables, as {{secrets/SCOPE/KEY}}); or say with the option credentials which "
                "variables have the id and the secret. Neither may be an option itself.",
            )
        return Secret(text)

    def __str__(self) -> str:
        return self.prefix if self.scope is None else f"scope:{self.scope}/{self.prefix}"


def read_applications(text: str) -> tuple[Application, ...]:
    """Read the option ``credentials``: names, separated by commas.

    ``NORTH`` stands for the variables ``NORTH_CLIENT_ID`` and ``NORTH_CLIENT_SECRET``, ``scope:classy/NORTH``
    for the keys of these names in the secret scope ``classy``, and ``scope:classy`` for those of ``CLASSY``.

    Raises
    ------
    UsageError
        A text is not such a name. It is not repeated, as it may be the secret itself.
    """
    found = []
    for name in text.split(","):
        match = _NAME.fullmatch(name.strip())
        if match is None:
            raise UsageError(
                "The option credentials takes names, such as CLASSY or NORTH, SOUTH: how the variables "
                "NORTH_CLIENT_ID and NORTH_CLIENT_SECRET begin, in capitals.",
                advice="Or scope:SCOPE/NORTH, for the keys of these names in a secret scope. Never the id or "
                "the secret itself.",
            )
        prefix = match["prefix"] or match["of_scope"] or DEFAULT_PREFIX
        found.append(Application(prefix, match["scope"]))
    return tuple(dict.fromkeys(found))


def open_session(credentials: Credentials, organization: int, options: HttpOptions) -> Session:
    """Log in for one organization, whose time zone the *credentials* have, without listing any.

    Raises
    ------
    LoginError
        The credentials were refused.
    ClassyError
        The API could not be reached.
    """
    http = options.open(credentials.base_url)
    try:
        http.auth = TokenAuth(credentials, http.post_token, http.origin)
        http.auth.token(None)  # by itself, before anything else, so that a refused login is called one
    except BaseException as error:
        http.close()
        if isinstance(error, ClassyError):
            credentials.name_sources(error)
        raise
    return Login(credentials, http, options.workers, {organization: ""}, {organization: None}).session()


def _from_scope(scope: str, key: str) -> Secret:
    advice = (
        "Where executors cannot read secret scopes, let the cluster's environment variables refer to them "
        f"({key}={{{{secrets/{scope}/{key}}}}}), and leave scope: out."
    )
    found, problem = read_scope(scope, key)
    if found is not None:
        return found
    what = f"The key {key} of the secret scope {scope} cannot be read in {_this_process()}."
    if problem == NO_RUNTIME:
        what = f"Secret scopes cannot be read in {_this_process()}: databricks-sdk does not work there."
    raise CredentialsError(what, advice=advice)


def _this_process() -> str:
    """Say which of Spark's processes this is, for messages."""
    try:
        from pyspark import TaskContext
    except ImportError:
        return "this process"
    return "the Spark driver" if TaskContext.get() is None else "a Spark executor"
