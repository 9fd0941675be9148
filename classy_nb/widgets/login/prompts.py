"""Where Python runs, and the login where no form can be shown: prompts that do not echo.

`login` asks :func:`place` whether to show the form or to call :func:`prompt_for_login`, which returns the
session of a login.
"""

from __future__ import annotations

import getpass
import os
import sys
import warnings
from enum import Enum
from typing import TYPE_CHECKING

from classy_nb.errors import CredentialsError, kept_warnings
from classy_nb.progress import in_notebook, shell
from classy_nb.redact import Secret
from classy_nb.widgets.words import words

from .messages import organization_label

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from classy_nb.client import LoginSettings, Session


class Place(Enum):
    """Where Python runs, as far as a login is concerned."""

    NOTEBOOK = "a notebook that shows forms"
    TERMINAL = "a terminal"
    NOBODY = "nobody"


def place() -> Place:
    """Tell where Python runs.

    A notebook that is executed without a front end (nbclient, papermill) allows no input. Neither does Voila,
    but Voila shows forms.
    """
    if in_notebook():
        asks = getattr(getattr(shell(), "kernel", None), "_allow_stdin", False)
        return Place.NOTEBOOK if asks or in_voila() else Place.NOBODY
    terminal = all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))
    return Place.TERMINAL if terminal else Place.NOBODY


def in_voila() -> bool:
    """Tell whether Voila shows this notebook."""
    return os.environ.get("SERVER_SOFTWARE", "").startswith("voila/")


TRIES = 3


def prompt_for_login(settings: LoginSettings) -> Session:
    """Ask for client id and secret, and for the organization where there are several.

    Raises
    ------
    CredentialsError
        Three tries failed, nobody answers, or the input would be visible.
    ClassyError
        The API could not be reached or refused.
    """
    _say(f"Log in to Classy ({settings.host}). What you type or paste is not shown.")
    for tries_left in reversed(range(TRIES)):
        client_id = _ask_hidden("Client id: ")
        client_secret = _ask_hidden("Client secret: ")
        try:
            login = settings.log_in(client_id, client_secret)
        except CredentialsError as error:
            if not tries_left:
                raise
            _say(f"{words(error)} Try again.")
            continue
        break
    for note in login.notes:
        _say(note)
    try:
        organization = _choose(login.organizations)
    except BaseException:
        login.close()
        raise
    with kept_warnings() as warned:
        session = login.session(organization)
    _say(f"Connected to {organization_label(organization, session.organization_name)}.")
    for note in warned or [session.timezone_note]:
        _say(note)
    return session


def _choose(organizations: Mapping[int, str]) -> int:
    ids = list(organizations)
    if len(ids) == 1:
        return ids[0]
    for number, id_ in enumerate(ids, 1):
        _say(f"  {number}  {organizations[id_] or 'no name'} (id {id_})")
    for _ in range(TRIES):
        answer = _answer(input, f"Organization (1 to {len(ids)}): ").strip()
        if answer.isdecimal() and 1 <= int(answer) <= len(ids):
            return ids[int(answer) - 1]
        _say(f"Enter a number from 1 to {len(ids)}.")
    raise CredentialsError("No organization was chosen.", advice="Log in again, or pass organization=.")


def _ask_hidden(question: str) -> Secret:
    try:
        with warnings.catch_warnings():
            # Where input cannot be hidden (in IDLE, say) getpass only warns, and then shows what is typed.
            warnings.simplefilter("error", getpass.GetPassWarning)
            return Secret(_answer(getpass.getpass, question))  # by its module: notebooks put their own there
    except getpass.GetPassWarning:
        raise CredentialsError(
            "What you type would be visible here: the input cannot be hidden.",
            advice="Log in from a real terminal or a notebook, or put CLASSY_CLIENT_ID and "
            "CLASSY_CLIENT_SECRET into a .env file (see .env.example) and use connect() instead of login().",
        ) from None


def _answer(ask: Callable[[str], str], question: str) -> str:
    try:
        return ask(question)
    except (EOFError, RuntimeError) as error:  # the latter: a notebook that allows no input
        what = f"Nobody answers the prompts here ({type(error).__name__})."
        raise CredentialsError(what) from None


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
