"""Where each setting comes from: arguments, environment, ``.env`` file, in this order."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from classy_nb.errors import CredentialsError
from classy_nb.redact import Secret

from .dotenv_file import PREFIX, EnvFile, find_env_file, read_env_file
from .settings import VENDOR_HOSTS, host, is_loopback
from .validation import is_blank, warn

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

FIELDS: Final = {
    "client_id": "CLASSY_CLIENT_ID",
    "client_secret": "CLASSY_CLIENT_SECRET",
    "organization": "CLASSY_ORGANIZATION_ID",
    "base_url": "CLASSY_BASE_URL",
    "token_url": "CLASSY_TOKEN_URL",
    "timezone": "CLASSY_TIMEZONE",
}
"""The settings and the names of their variables."""

_PAIR: Final = ("client_id", "client_secret")


@dataclass(frozen=True)
class Place:
    """A place to look in, and what is there: values by setting or by variable, always masked."""

    name: str
    values: Mapping[str, Any]


def environment(environ: Mapping[str, str] | None) -> Place:
    """Return this package's variables, without the blank ones, so that those don't hide a file's."""
    source = os.environ if environ is None else environ
    values = {name: Secret(text) for name, text in source.items() if name.startswith(PREFIX)}
    return Place("environment", {name: text for name, text in values.items() if not is_blank(text)})


def gather(
    given: Mapping[str, Any], variables: Place, env_file: Path | None, start: Path | None
) -> dict[str, Any]:
    """Return the arguments of `Credentials`: every setting that was found, and where.

    Raises
    ------
    CredentialsError
        See `Credentials.load`.
    """
    places = [Place("arguments", {name: value for name, value in given.items() if value is not None})]
    places.append(Place(variables.name, _by_setting(variables.values)))
    file = _read(env_file, start, needed=any(name not in _merged(places) for name in _PAIR))
    if file is not None:
        places.append(Place(str(file.path), _by_setting(file.values)))
    found = _merged(places)
    sources = {name: next((p.name for p in places if name in p.values), "default") for name in FIELDS}
    missing = [name for name in _PAIR if name not in found]
    if missing:
        raise CredentialsError(_missing(missing, variables, file))
    _check_pair(sources)
    _check_addresses(found, sources, file)
    return found | {"sources": sources}


def _by_setting(values: Mapping[str, Secret]) -> dict[str, str | Secret]:
    """Turn variables into settings; id and secret stay masked."""
    found = {name: values[variable] for name, variable in FIELDS.items() if variable in values}
    return {name: text if name in _PAIR else text.reveal() for name, text in found.items()}


def _merged(places: Iterable[Place]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for place in places:
        merged = {**place.values, **merged}
    return merged


def _read(env_file: Path | None, start: Path | None, *, needed: bool) -> EnvFile | None:
    path = find_env_file(start) if env_file is None else env_file.expanduser().absolute()
    if path is None:
        return None
    file = read_env_file(path)
    if file.problem is not None:
        if needed or env_file is not None:
            raise CredentialsError(f"{path} {file.problem}.")
        warn(f"{path} {file.problem}. It was passed over.")
        return None
    if file.note is not None:
        warn(f"{path} {file.note}.")
    return file


def _missing(missing: Iterable[str], variables: Place, file: EnvFile | None) -> str:
    names = " and no ".join(name.replace("_", " ") for name in missing)
    looked = "in no .env file (there is none here or above)" if file is None else f"not in {file.path}"
    message = f"There is no {names}: not in the arguments, not in the environment, {looked}."
    if file is not None and file.blank:
        message += f" Blank there: {', '.join(file.blank)}."
    seen = {*variables.values, *(file.values if file is not None else ())}
    strange = sorted(seen - set(FIELDS.values()))
    if strange:
        message += f" Set, but not a name that is read: {', '.join(strange)}."
    return message


def _check_pair(sources: Mapping[str, str]) -> None:
    of_id, of_secret = (sources[name] for name in _PAIR)
    if of_id != of_secret:
        warn(
            f"The client id comes from {of_id}, the client secret from {of_secret}: "
            "make sure that both belong to the same application."
        )


def _check_addresses(found: Mapping[str, Any], sources: Mapping[str, str], file: EnvFile | None) -> None:
    """Refuse to let a file send a secret that isn't its own to a host of its choice.

    Notebooks come in folders from elsewhere; a ``.env`` among them must not get the reader's secret.
    """
    for name in ("token_url", "base_url"):
        ours = file is None or sources[name] != str(file.path) or sources["client_secret"] == sources[name]
        url = found.get(name, "")
        if not ours and host(url) not in VENDOR_HOSTS and not is_loopback(url):
            raise CredentialsError(
                f"{FIELDS[name]} in {sources[name]} would send a client secret from the "
                f"{sources['client_secret']} to {host(url) or 'nowhere'}.",
                advice=f"If that is meant, pass {name}= or set it in the environment.",
            )
