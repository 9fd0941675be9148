"""Client id and secret with the settings beside them: given, loaded from where they are kept, and saved."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from classy_nb.arguments import checked_flag
from classy_nb.errors import ClassyError, CredentialsError, CredentialsWarning, UsageError, warn
from classy_nb.files import checked_path
from classy_nb.redact import Secret, clear_tracebacks

from .dotenv_file import (
    PREFIX,
    EnvFile,
    EverybodyWritesError,
    find_env_file,
    read_env_file,
    unreadable,
    write_env_file,
)
from .stores import SCOPE_VARIABLE, Store, SystemKeyring, stores_here
from .validation import (
    BASE_URL,
    TOKEN_URL,
    VENDOR_HOSTS,
    bare,
    checked_fiscal_year_start,
    checked_organization,
    checked_secret,
    checked_timezone,
    checked_url,
    host,
    is_blank,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

FIELDS: Final = {
    "client_id": "CLASSY_CLIENT_ID",
    "client_secret": "CLASSY_CLIENT_SECRET",
    "organization": "CLASSY_ORGANIZATION_ID",
    "base_url": "CLASSY_BASE_URL",
    "token_url": "CLASSY_TOKEN_URL",
    "timezone": "CLASSY_TIMEZONE",
    "fiscal_year_start": "CLASSY_FISCAL_YEAR_START",
}
"""The settings and the names of their variables."""
_PAIR: Final = ("client_id", "client_secret")
_DEFAULTS: Final = {
    "organization": None,
    "base_url": BASE_URL,
    "token_url": TOKEN_URL,
    "timezone": None,
    "fiscal_year_start": 1,
}
_SHOWN: Final = 4
"""Characters of the client id that its repr shows, at most."""


@dataclass(frozen=True, init=False, repr=False)
class Credentials:
    """A client id and secret, and the settings that come with them. Immutable.

    Damage from copying is repaired (white space, quotes, invisible characters), repaired with a
    `CredentialsWarning` (angle brackets), or refused (blank, placeholder, masked, several lines).
    The secret shows in no repr, traceback or log, and it is not pickled: use `save` to keep it.

    Parameters
    ----------
    client_id, client_secret
        As shown on the application's page in the Classy admin.
    organization
        Numeric organization id; None to have it found.
    base_url, token_url
        Where the data and where the tokens come from: two settings, neither follows the other.
    timezone
        Name of the time zone in which dates are meant and shown; None for the organization's.
    fiscal_year_start
        The month in which fiscal years begin, 1 to 12.
    sources
        Where each of these came from: ``arguments``, ``environment``, the path of a file, ``default``, or
        a secret store by name (``Colab's secrets``, ``the secret scope classy``, ``the system's keyring``).
    origins
        The same in words for `name_sources`, down to the variable and the line of the file.

    Raises
    ------
    CredentialsError
        The id or the secret cannot be right. The message says which, and never shows its value.
    UsageError
        Another setting makes no sense.
    """

    client_id: str
    client_secret: Secret
    organization: int | None
    base_url: str
    token_url: str
    timezone: str | None
    fiscal_year_start: int
    sources: Mapping[str, str] = field(compare=False)
    origins: Mapping[str, str] = field(compare=False)

    @clear_tracebacks
    def __init__(
        self,
        client_id: str | Secret,
        client_secret: str | Secret,
        *,
        organization: int | str | None = None,
        base_url: str = BASE_URL,
        token_url: str = TOKEN_URL,
        timezone: str | None = None,
        fiscal_year_start: int | str = 1,
        sources: Mapping[str, str] | None = None,
        origins: Mapping[str, str] | None = None,
    ) -> None:
        checked_id = checked_secret("client id", client_id)
        secret = checked_secret("client secret", client_secret)
        if checked_id == secret:
            raise CredentialsError("The client id and the client secret are the same: one was copied twice.")
        values = {
            "client_id": checked_id.reveal(),
            "client_secret": secret,
            "organization": checked_organization(organization),
            "base_url": checked_url("base_url", base_url),
            "token_url": checked_url("token_url", token_url),
            "timezone": None if timezone is None else checked_timezone(timezone),
            "fiscal_year_start": checked_fiscal_year_start(fiscal_year_start),
            "sources": dict(sources) if sources is not None else dict.fromkeys(FIELDS, "arguments"),
        }
        given = [name for name in FIELDS if name in _PAIR or values[name] != _DEFAULTS[name]]
        values["origins"] = dict(origins or {name: f"the argument {name}=" for name in given})
        for name, value in values.items():
            object.__setattr__(self, name, value)

    @classmethod
    @clear_tracebacks
    def load(
        cls,
        client_id: str | Secret | None = None,
        client_secret: str | Secret | None = None,
        *,
        organization: int | str | None = None,
        base_url: str | None = None,
        token_url: str | None = None,
        timezone: str | None = None,
        fiscal_year_start: int | str | None = None,
        env_file: str | os.PathLike[str] | None = None,
        environ: Mapping[str, str] | None = None,
        start: str | os.PathLike[str] | None = None,
        keyring: bool = False,
    ) -> Credentials:
        """Take each setting from the nearest place that has it.

        ===  ========================================  =========================================
        No.  Place                                     Looked at
        ===  ========================================  =========================================
        1    the arguments                             always
        2    the environment                           always
        3    the system's keyring                      with ``keyring=True``, if 1 and 2 have no
                                                       complete pair of id and secret
        4    a ``.env`` file                           always
        5    Colab's secrets                           in a Colab notebook, if 1 to 4 have no
                                                       complete pair
        6    a Databricks secret scope: that which     in a Databricks runtime, if 1 to 5 have no
             ``CLASSY_SECRET_SCOPE`` in the            complete pair
             environment names, else ``classy``
        ===  ========================================  =========================================

        Near beats far: what the call says, what this process was told, what lies beside the notebook, and
        then what an account keeps for all of its notebooks. The keyring comes before a ``.env`` file because
        the call asks for it, while the file may just lie there. Opening a store may show a dialog, so it is
        only opened where it is needed.

        The names are the same everywhere: ``CLASSY_CLIENT_ID``, ``CLASSY_CLIENT_SECRET`` and, where wanted,
        ``CLASSY_ORGANIZATION_ID``, ``CLASSY_BASE_URL``, ``CLASSY_TOKEN_URL``, ``CLASSY_TIMEZONE``,
        ``CLASSY_FISCAL_YEAR_START`` (in the keyring, they are the user names of the service
        ``classy_nb``); blank ones count as missing. The environment is not changed.

        Parameters
        ----------
        client_id, client_secret, organization, base_url, token_url, timezone, fiscal_year_start
            See the class. None: look further.
        env_file
            The file to read. None: ``.env`` in *start* or the nearest folder above it, up to the
            root of the git repository or the home folder.
        environ
            Used instead of the environment.
        start
            Where the search for ``.env`` begins; the current folder if None.
        keyring
            Look into the system's keyring, too (see `save_to_keyring`).

        Raises
        ------
        CredentialsError
            The id or the secret is missing (the message says where they were looked for) or cannot be right,
            the file cannot be read or may be written by everybody, a store refuses to be read, its secret
            belongs to another client id, or a file or a store would send a secret from elsewhere to a host
            that is not the vendor's. Nothing was sent.
        UsageError
            Another setting makes no sense.
        ImportError
            The keyring's package is missing: ``pip install 'classy-nb[keyring]'``.

        Warns
        -----
        CredentialsWarning
            The id and the secret come from different places, or the file may be written by its group, or it
            belongs to another user: then only id and secret are taken from it.
        """
        arguments = {
            "client_id": client_id,
            "client_secret": client_secret,
            "organization": organization,
            "base_url": base_url,
            "token_url": token_url,
            "timezone": timezone,
            "fiscal_year_start": fiscal_year_start,
        }
        arguments = {name: value for name, value in arguments.items() if value is not None}
        environ = os.environ if environ is None else environ
        # Without the blank ones, so that they do not hide what the file says.
        variables = {
            name: Secret(text)
            for name, text in environ.items()
            if name.startswith(PREFIX) and not is_blank(text)
        }
        places: dict[str, Mapping[str, Any]] = {
            "arguments": arguments,
            "environment": _settings_in(variables),
        }
        opened = _open_stores([SystemKeyring()] if checked_flag("keyring", keyring) else [], places)
        file = _read_file(env_file, start, needed=not _are_complete(places))
        if file is not None:
            places[str(file.path)] = _trusted_settings_in(file)
        opened += _open_stores(stores_here(environ), places)

        found: dict[str, Any] = {}
        sources = dict.fromkeys(FIELDS, "default")
        origins: dict[str, str] = {}
        for name in FIELDS:
            given = [place for place, values in places.items() if name in values]
            if not given:
                continue
            found[name], sources[name] = places[given[0]][name], given[0]
            origins[name] = _origin(name, given[0], file)
            others = [place for place in given[1:] if not _same(places[place][name], found[name])]
            if others:
                other = " and ".join(_origin(name, place, file) for place in others)
                origins[name] += f" (although {other} has another one)"
        if missing := [name for name in _PAIR if name not in found]:
            error = CredentialsError(_missing(missing, variables, file, start, opened))
            _name_sources(error, {name: origins[name] for name in _PAIR if name in origins})
            raise error
        if sources["client_id"] != sources["client_secret"] and not _is_known_pair(
            found, sources, {store.place: places[store.place] for store in opened}
        ):
            warn(
                f"The client id comes from {sources['client_id']}, the client secret from "
                f"{sources['client_secret']}: make sure that both belong to the same application.",
                CredentialsWarning,
            )
        _check_addresses(found, sources, origins)
        try:
            return cls(**found, sources=sources, origins=origins)
        except ClassyError as error:
            # Only what it is about: `login` passes a stand-in for the pair that nobody has typed yet.
            about_pair = not isinstance(error, UsageError)
            _name_sources(error, {name: origins[name] for name in origins if (name in _PAIR) == about_pair})
            raise

    @property
    def source(self) -> str:
        """Where id and secret came from, in the words of `sources`; perhaps two places."""
        places = dict.fromkeys((self.sources["client_id"], self.sources["client_secret"]))
        return " and ".join(places)

    def name_sources(self, error: ClassyError) -> None:
        """Say in the advice of *error*, once, where each part of these credentials came from."""
        _name_sources(error, self.origins)

    @clear_tracebacks
    def save(self, path: str | os.PathLike[str] = ".env") -> Path:
        """Write the credentials into a ``.env`` file that only you can read (mode 0600).

        Other lines and comments of the file stay. Afterwards ``Credentials.load(env_file=path)``
        returns these credentials: settings that have their default value are removed from the file.

        Windows has no such modes: whoever may read the folder may read the file there. A folder of your own
        user is closed to others; elsewhere a `CredentialsWarning` says so.

        Parameters
        ----------
        path
            The file, created if it does not exist.

        Returns
        -------
        Path
            The file's full path.

        Raises
        ------
        CredentialsError
            git tracks the file or does not ignore it, it is a link or a folder, or it could not be
            written. The file is unchanged.
        """
        target = checked_path(path).expanduser().absolute()
        write_env_file(target, self._variables())
        return target

    @clear_tracebacks
    def save_to_keyring(self) -> None:
        """Keep the credentials in the system's keyring, where ``connect(keyring=True)`` finds them.

        There is one set of credentials in it: the entries of the service ``classy_nb``, with the names of the
        variables as user names. Settings that have their default value are removed.

        Raises
        ------
        CredentialsError
            There is no keyring, or it is locked or refuses. What it held before is still there.
        ImportError
            The keyring's package is missing: ``pip install 'classy-nb[keyring]'``.
        """
        SystemKeyring().write(self._variables())

    def _variables(self) -> dict[str, Secret | None]:
        """Return the settings as variables; None for those that have their default value."""
        values: dict[str, Secret | None] = {
            FIELDS["client_id"]: Secret(self.client_id),
            FIELDS["client_secret"]: self.client_secret,
        }
        for name, default in _DEFAULTS.items():
            value = getattr(self, name)
            values[FIELDS[name]] = None if value == default else Secret(str(value))
        return values

    def __repr__(self) -> str:
        if "client_id" not in vars(self):  # refused: a debugger may still show what was begun
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


def _settings_in(variables: Mapping[str, Secret]) -> dict[str, str | Secret]:
    """Turn variables into settings; the id and the secret stay masked."""
    found = {name: variables[variable] for name, variable in FIELDS.items() if variable in variables}
    return {name: text if name in _PAIR else text.reveal() for name, text in found.items()}


def _are_complete(places: Mapping[str, Mapping[str, Any]]) -> bool:
    """Tell whether some place has the id and some place the secret."""
    return all(any(name in values for values in places.values()) for name in _PAIR)


def _open_stores(stores: Iterable[Store], places: dict[str, Mapping[str, Any]]) -> list[Store]:
    """Open stores until there is an id and a secret, and put what they have among the *places*."""
    opened: list[Store] = []
    for store in stores:
        if _are_complete(places):
            break
        opened.append(store)
        places[store.place] = _settings_in(_variables_in(store))
    return opened


def _variables_in(store: Store) -> dict[str, Secret]:
    """Ask a store for the id and the secret; if it has one of them, for the other settings, too."""
    found: dict[str, Secret] = {}
    for name, variable in FIELDS.items():  # the pair comes first
        if name not in _PAIR and not found:
            break
        value = store.read(variable)
        if value is not None and not is_blank(value.reveal()):
            found[variable] = value
    return found


def _trusted_settings_in(file: EnvFile) -> dict[str, str | Secret]:
    """Turn a file's variables into settings; where it is somebody else's, only the id and the secret.

    Whoever writes the addresses gets the secret, and a wrong time zone or organization gives wrong numbers.
    """
    found = _settings_in(file.values)
    if not file.foreign or not found:
        return found
    ignored = [FIELDS[name] for name in found if name not in _PAIR]
    what = f"{file.path} belongs to another user: only a client id and secret are taken from it"
    warn(f"{what}, not {', '.join(ignored)}." if ignored else f"{what}.", CredentialsWarning)
    return {name: value for name, value in found.items() if name in _PAIR}


def _origin(name: str, place: str, file: EnvFile | None) -> str:
    variable = FIELDS[name]
    if place == "arguments":
        return f"the argument {name}="
    if file is not None and place == str(file.path):
        return f"{variable} in line {file.lines[variable]} of {file.path}"
    return f"{variable} in {_in_a_sentence(place)}"


def _in_a_sentence(place: str) -> str:
    return f"the {place}" if place in ("arguments", "environment") else place


def _same(one: object, other: object) -> bool:
    texts = (value.reveal() if isinstance(value, Secret) else str(value) for value in (one, other))
    return bare(next(texts)) == bare(next(texts))


def _name_sources(error: ClassyError, origins: Mapping[str, str]) -> None:
    names: dict[str, list[str]] = {}
    for name, origin in origins.items():
        names.setdefault(origin, []).append(name.replace("client_", "client "))
    parts = [f"{' and '.join(labels)} from {origin}" for origin, labels in names.items()]
    text = f"Sources: {'; '.join(parts)}; defaults otherwise."
    if parts and text not in error.advice:
        error.advice = f"{error.advice} {text}".strip()


def _read_file(
    env_file: str | os.PathLike[str] | None, start: str | os.PathLike[str] | None, *, needed: bool
) -> EnvFile | None:
    if env_file is not None:
        return read_env_file(checked_path(env_file, "env_file").expanduser().absolute())
    path = find_env_file(None if start is None else Path(start))
    if path is None:
        return None
    try:
        return read_env_file(path)
    except EverybodyWritesError:
        raise
    except CredentialsError as error:
        if needed:
            raise
        warn(f"{error.what} It was skipped.", CredentialsWarning)
        return None


def _missing(
    missing: list[str],
    variables: Mapping[str, Secret],
    file: EnvFile | None,
    start: str | os.PathLike[str] | None,
    opened: Sequence[Store],
) -> str:
    names = " and no ".join(name.replace("_", " ") for name in missing)
    if file is not None:
        looked = f"in {file.path}"
    elif (Path("." if start is None else start) / ".env").is_dir():
        looked = "in a .env file (the .env in this folder is itself a folder, not a file)"
    else:
        looked = "in a .env file (there is none in this folder or above it)"
    places = ["in the arguments", "in the environment", looked]
    places += [f"in {store.place}{store.problem and f', {store.problem}'}" for store in opened]
    message = f"Found no {names}: {', '.join(f'not {place}' for place in places[:-1])}, and not {places[-1]}."
    if file is not None and file.bad_lines:
        message += f" Its {unreadable(file.bad_lines)}"
    if file is not None and file.blank:
        message += f" Blank there: {', '.join(file.blank)}."
    seen = {*variables, *(file.values if file is not None else ())}
    strange = sorted(seen - {*FIELDS.values(), *({SCOPE_VARIABLE} & set(variables))})
    if strange:
        message += f" Set, but not a name that is read: {', '.join(strange)}."
    return message


def _is_known_pair(
    found: Mapping[str, Any], sources: Mapping[str, str], stored: Mapping[str, Mapping[str, Any]]
) -> bool:
    """Tell whether a secret comes from a store that has the client id from elsewhere as well.

    Raises
    ------
    CredentialsError
        The store has another client id.
    """
    place = sources["client_secret"]
    if "client_id" not in stored.get(place, {}):
        return False
    if not _same(stored[place]["client_id"], found["client_id"]):
        where = _in_a_sentence(sources["client_id"])
        raise CredentialsError(
            f"The client id from {where} is not the one that belongs to the client secret from {place}.",
            advice=f"Leave {FIELDS['client_id']} out of {where} to use the pair of {place}, or put its "
            "secret there, too.",
        )
    return True


def _check_addresses(
    found: Mapping[str, Any], sources: Mapping[str, str], origins: Mapping[str, str]
) -> None:
    """Refuse to let a file or a store send a secret that is not its own to a host of its choice.

    Notebooks come in folders from elsewhere; a ``.env`` among them must not get the reader's secret. Nor
    may it name a port of this computer: every user of it can listen there. Whole teams write to a secret
    scope.
    """
    for name in ("token_url", "base_url"):
        if sources[name] in ("arguments", "environment", "default", sources["client_secret"]):
            continue
        where = host(found[name])
        if where not in VENDOR_HOSTS:
            origin = origins[name].partition(" (although")[0]
            here = "this file" if Path(sources[name]).is_absolute() else "there"
            raise CredentialsError(
                f"{origin} would send a client secret that does not come from {here} "
                f"to {where or 'nowhere'}.",
                advice=f"If that is meant, pass {name}= or set {FIELDS[name]} in the environment.",
            )
