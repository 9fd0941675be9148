"""The login where no form can be shown: prompts that do not echo."""

from __future__ import annotations

import getpass
import sys
import warnings
from typing import TYPE_CHECKING

from classy_nb.errors import CredentialsError
from classy_nb.redact import Secret
from classy_nb.widgets.words import words

from .messages import named

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .steps import Connector

TRIES = 3
_IT_WOULD_SHOW = "What you type would show here: input cannot be hidden."
_WHERE_IT_DOES_NOT = (
    "Log in from a real terminal or a notebook, or put CLASSY_CLIENT_ID and CLASSY_CLIENT_SECRET into a .env "
    "file (see .env.example) and use connect() instead of login()."
)


def prompt(connector: Connector) -> None:
    """Ask for client id and secret, and for the organization where there are several.

    Raises
    ------
    CredentialsError
        Three tries failed, nobody answers, or what is typed here would show.
    ClassyError
        The API could not be reached or says no.
    """
    _say(f"Log in to Classy ({connector.host}). What you type or paste is not shown.")
    for left in reversed(range(TRIES)):
        client_id = _asked("Client id: ")
        client_secret = _asked("Client secret: ")
        try:
            session = connector.log_in(client_id, client_secret)
        except CredentialsError as error:
            if not left:
                raise
            _say(f"{words(error)} Try again.")
            continue
        for note in session.notes:
            _say(note)
        try:
            chosen = _chosen(session.organizations)
            session.connect(chosen)
        except BaseException:
            session.close()
            raise
        _say(f"Connected to {named(chosen, session.organizations[chosen])}.")
        return


def _chosen(organizations: Mapping[int, str]) -> int:
    ids = list(organizations)
    if len(ids) == 1:
        return ids[0]
    for number, id_ in enumerate(ids, 1):
        _say(f"  {number}  {organizations[id_] or 'no name'} (id {id_})")
    for _ in range(TRIES):
        answer = _line(f"Organization (1 to {len(ids)}): ").strip()
        if answer.isdecimal() and 1 <= int(answer) <= len(ids):
            return ids[int(answer) - 1]
        _say(f"Give a number from 1 to {len(ids)}.")
    raise CredentialsError("No organization was chosen.", advice="Log in again, or give organization=.")


def _asked(question: str) -> Secret:
    try:
        with warnings.catch_warnings():
            # Warned of, it would go on and show what is typed.
            warnings.simplefilter("error", getpass.GetPassWarning)
            return Secret(getpass.getpass(question))  # by its module: notebooks put their own there
    except getpass.GetPassWarning:
        raise CredentialsError(_IT_WOULD_SHOW, advice=_WHERE_IT_DOES_NOT) from None
    except (EOFError, RuntimeError) as error:  # the latter: a notebook that allows no input
        raise _nobody(error) from None


def _line(question: str) -> str:
    try:
        return input(question)
    except (EOFError, RuntimeError) as error:
        raise _nobody(error) from None


def _nobody(error: BaseException) -> CredentialsError:
    return CredentialsError(f"Nobody answers the prompts here ({type(error).__name__}).")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
