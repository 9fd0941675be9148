"""Secret stores: Colab's secrets, a Databricks secret scope, and the system's keyring.

`Credentials.load` opens them only if nearer places lack the id or the secret, because opening one may show a
dialog. Secrets have the names of the environment variables. A store is asked only where it exists, and
nothing is imported to find out. The Spark source reads secret scopes through :func:`read_scope`.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any, Final, Protocol

from classy_nb.errors import CredentialsError, UsageError
from classy_nb.progress import shell
from classy_nb.redact import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

COLAB: Final = "Colab's secrets"
KEYRING: Final = "the system's keyring"
KEYRING_SERVICE: Final = "classy_nb"
"""The service of the keyring's entries; their user names are the names of the variables."""
SCOPE_VARIABLE: Final = "CLASSY_SECRET_SCOPE"
_DEFAULT_SCOPE: Final = "classy"
_SCOPE_NAME: Final = re.compile(r"[\w.@-]{1,128}", re.ASCII)


class Store(Protocol):
    """A place that keeps secrets by name.

    Attributes
    ----------
    place
        What it is called in messages.
    problem
        Why it could not be read, in words; empty if it could.
    """

    place: str
    problem: str

    def read(self, name: str) -> Secret | None:
        """Return what is stored under a name; None if there is nothing.

        Raises
        ------
        CredentialsError
            The store has it, or may have it, but does not release it. The message says what to do.
        """


def stores_here(environ: Mapping[str, str]) -> Iterator[Store]:
    """Yield the stores of the platform on which this process runs: those that need not be requested.

    Raises
    ------
    UsageError
        ``CLASSY_SECRET_SCOPE`` cannot be the name of a scope.
    """
    # A notebook's kernel in Colab has imported this long ago. A script that a cell starts has not, and could
    # not reach the browser, which keeps the secrets.
    if sys.modules.get("google.colab") is not None:
        yield ColabSecrets()
    if environ.get("DATABRICKS_RUNTIME_VERSION"):
        yield SecretScope(environ.get(SCOPE_VARIABLE, "").strip() or _DEFAULT_SCOPE)


class ColabSecrets:
    """The secrets behind the key symbol in Colab, which the browser releases one by one."""

    place = COLAB

    def __init__(self) -> None:
        self.problem = ""

    def read(self, name: str) -> Secret | None:
        """Return one secret; see `Store`."""
        try:
            from google.colab import userdata

            text = userdata.get(name)
        except Exception as error:  # noqa: BLE001 - told apart by name: the classes differ between versions
            refused, kinds = type(error).__name__, {kind.__name__ for kind in type(error).__mro__}
        else:
            return None if text is None else Secret(str(text))
        # Raised out here, so that the error above, which may quote the secret, is not attached to this one.
        if "SecretNotFoundError" in kinds:
            return None
        if "NotebookAccessError" in kinds:
            raise CredentialsError(
                f"{name} is among Colab's secrets, but this notebook may not read it.",
                advice='Click the key symbol on the left, switch on "Notebook access" beside the name, and '
                "run the cell again.",
            )
        if kinds & {"TimeoutException", "TimeoutError"}:
            raise CredentialsError(
                f"Colab did not answer when asked for {name}.",
                advice="Colab hands out secrets only while the notebook is open in a browser: open it there, "
                "and run the cell again. Or set CLASSY_CLIENT_ID and CLASSY_CLIENT_SECRET here.",
            )
        self.problem = f"which could not be read ({refused})"
        return None


class SecretScope:
    """A Databricks secret scope.

    Parameters
    ----------
    name
        The scope.

    Raises
    ------
    UsageError
        No scope can have this name.
    """

    def __init__(self, name: str) -> None:
        if not _SCOPE_NAME.fullmatch(name):
            raise UsageError(
                f"{SCOPE_VARIABLE} is not the name of a secret scope.",
                advice="It has up to 128 letters, digits and - _ @ . characters; leave it out for "
                f"{_DEFAULT_SCOPE}.",
            )
        self.name = name
        self.place = f"the secret scope {name}"
        self.problem = ""

    def read(self, name: str) -> Secret | None:
        """Return the secret of one key; see `Store`."""
        found, self.problem = read_scope(self.name, name)
        if self.problem == DENIED:
            raise CredentialsError(
                f"The key {name} of the secret scope {self.name} may not be read.",
                advice="Ask whoever made the scope for READ on it (databricks secrets put-acl), or name "
                f"another one with {SCOPE_VARIABLE}.",
            )
        return found


DENIED: Final = "which may not be read"
NO_RUNTIME: Final = "as databricks-sdk does not work here"


def read_scope(scope: str, key: str) -> tuple[Secret | None, str]:
    """Read one key of a Databricks secret scope.

    Returns
    -------
    Secret or None
        None if it does not exist or cannot be read.
    str
        Why it cannot be read, in words (`DENIED` and `NO_RUNTIME` are two examples); empty if it simply does
        not exist.
    """
    try:
        dbutils = _dbutils()
    except Exception:  # noqa: BLE001 - not installed, or it cannot configure itself here
        return None, NO_RUNTIME
    try:
        text = dbutils.secrets.get(scope=scope, key=key)
    except Exception as error:  # noqa: BLE001 - whatever it says may quote what it found
        name, said = type(error).__name__, str(error).lower()
        if "permission" in f"{name} {said}".lower() or "403" in said:
            return None, DENIED
        if "does not exist" in said or "NotFound" in name or "DoesNotExist" in name:
            return None, ""
        return None, f"which could not be read ({name})"
    return (None if text is None else Secret(str(text))), ""


def _dbutils() -> Any:
    """Return the notebook's ``dbutils``, or else the runtime's."""
    notebooks = getattr(shell(), "user_ns", {}).get("dbutils")
    if notebooks is not None:
        return notebooks
    from databricks.sdk.runtime import dbutils

    return dbutils


class SystemKeyring:
    """The operating system's keyring, through the package ``keyring``.

    Its methods raise ImportError if the package is missing.
    """

    place = KEYRING
    problem = ""

    def read(self, name: str) -> Secret | None:
        """Return one entry; see `Store`."""
        keyring = _keyring()
        try:
            text = keyring.get_password(KEYRING_SERVICE, name)
        except Exception as error:  # noqa: BLE001 - of any backend's kind
            refused = type(error).__name__
        else:
            return None if text is None else Secret(text)
        raise _refused("read", refused)

    def write(self, values: Mapping[str, Secret | None]) -> None:
        """Store values by name, all or none; None removes an entry.

        Raises
        ------
        CredentialsError
            The keyring refused; what it held before is still there.
        """
        before = {name: self.read(name) for name in values}
        keyring = _keyring()

        def put(wanted: Mapping[str, Secret | None]) -> None:
            for name, value in wanted.items():
                if value is not None:
                    keyring.set_password(KEYRING_SERVICE, name, value.reveal())
                elif keyring.get_password(KEYRING_SERVICE, name) is not None:
                    keyring.delete_password(KEYRING_SERVICE, name)

        try:
            try:
                put(values)
            except BaseException:
                put(before)  # a new id must not stand beside another application's secret
                raise
        except Exception as error:  # noqa: BLE001 - of any backend's kind; its message may quote the secret
            refused = type(error).__name__
        else:
            return
        raise _refused("written to", refused)


def _keyring() -> Any:
    try:
        import keyring
    except ImportError:
        raise ImportError(
            "The system's keyring needs another package: pip install 'classy-nb[keyring]'."
        ) from None
    return keyring


def _refused(what: str, error: str) -> CredentialsError:
    """Return the error for a keyring that cannot be used; *error* is the class of what it raised."""
    advice = {
        "NoKeyringError": "This machine has none, as most servers: use the environment or a .env file there.",
        "KeyringLocked": "Unlock it, and try again.",
    }.get(error, "Look into the program that keeps it, or use the environment or a .env file.")
    return CredentialsError(
        f"{KEYRING[0].upper()}{KEYRING[1:]} could not be {what} ({error}).", advice=advice
    )
