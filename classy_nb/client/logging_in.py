"""A connection that is there before its login: the form's, or the prompts'."""

from __future__ import annotations

import threading
import weakref
from html import escape
from typing import TYPE_CHECKING, Any

from classy_nb.credentials import Credentials
from classy_nb.errors import CredentialsError, NotLoggedInError
from classy_nb.http import DEFAULT_LIMIT
from classy_nb.redact import Secret, clear_tracebacks

from .connection import Classy
from .names import ResourceNames, unknown_attribute
from .session import Logins, Options

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from classy_nb.widgets import LoginPanel


@clear_tracebacks
def login(
    *,
    organization: int | None = None,
    timezone: str | None = None,
    base_url: str | None = None,
    token_url: str | None = None,
    env_file: str | Path = ".env",
    workers: int = 8,
    requests_per_minute: int = DEFAULT_LIMIT,
    headers: Mapping[str, str | Secret] | None = None,
    prompt: bool | None = None,
) -> Classy:
    """Show a login form and return the connection that it will make.

    In a notebook the form appears below the cell, and the cell ends at once; the connection works as
    soon as the form was sent. In a terminal, or with ``prompt=True``, it is asked for instead. Client
    id and secret are never taken from the environment or from ``.env`` here (that is
    :func:`connect`), and are not saved in the notebook.

    Parameters
    ----------
    organization
        The organization's id; else the application's only one, or the one chosen in the form.
    timezone, base_url, token_url
        As in :func:`connect`, also where they are looked for.
    env_file
        Where "Remember" writes the credentials (see ``Credentials.save``).
    workers, requests_per_minute, headers
        As in :func:`connect`.
    prompt
        True: ask in place of the form (input is not shown), such as where a front end shows no widgets.
        False: show the form in any case. None: the form in a notebook, prompts in a terminal.

    Returns
    -------
    Classy
        After prompts it is connected. From a form it is not yet: until the form was sent, any use
        raises NotLoggedInError. ``close()`` takes the form away, and so does letting go of the
        connection: keep it in a variable.

    Raises
    ------
    CredentialsError
        Nobody can be asked here: neither a notebook that somebody looks at nor a terminal. Or three
        tries of prompts failed.
    UsageError
        An argument makes no sense; nothing was sent.
    ClassyError
        After prompts: the API could not be reached or says no.
    """
    # First of all: whatever raises below, a traceback may show this frame's variables.
    options = Options(
        workers, requests_per_minute, {name: Secret(value) for name, value in (headers or {}).items()}
    )
    headers = None
    from classy_nb.widgets import Place, place
    from classy_nb.widgets import prompt as ask

    settings = Credentials.load(
        *_STANDING_IN, organization=organization, timezone=timezone, base_url=base_url, token_url=token_url
    )
    options.http(settings.base_url).close()  # so that what makes no sense is said now
    connection = Login()
    logins = Logins(
        settings, organization, env_file, options, adopt=_handing_to(connection), demo_timezone=timezone
    )
    where = place() if prompt is None else Place.TERMINAL if prompt else Place.NOTEBOOK
    if where is Place.NOBODY:
        raise CredentialsError(_NOBODY, advice=_FOR_NOBODY)
    if where is Place.NOTEBOOK:
        connection.show(logins)
    else:
        ask(logins)
    return connection


_STANDING_IN = (Secret("id-of-nobody"), Secret("secret-of-nobody"))
"""So that the other settings can be looked up and checked before anybody types a pair."""
_NOBODY = (
    "Nobody can be asked for client id and secret here: this is neither a terminal nor a notebook that "
    "somebody looks at."
)
_FOR_NOBODY = (
    "Set CLASSY_CLIENT_ID and CLASSY_CLIENT_SECRET in the environment or in a .env file "
    "(see .env.example), and use connect() instead of login()."
)
_NOT_YET = "This connection is not logged in yet."
_GIVEN_UP = "This connection was closed before it was logged in."
_AGAIN = "Call login() again."
_INSTRUCTIONS = (  # an output that stays in the notebook: still true after the login
    "Classy connection of a login form: fill in the form above, and it works from then on. "
    "Keep it in a variable: classy = cn.login().\n"
    "If there is no form, cn.login(prompt=True) asks for client id and secret instead."
)
_handing_over = threading.Lock()
"""Of all logins, as each holds it for a moment only: a form may be closed just when it connects."""
_HELD = frozenset({*ResourceNames.__annotations__, "organization", "organization_name", "workers"})


class Login(Classy):
    """A connection that is made by a login form; until then any use says so.

    Everything that a `Classy` holds is missing until `adopt`, so whatever needs it ends in
    ``__getattr__``; afterwards this is a `Classy` like any other.
    """

    def __init__(self) -> None:
        self._form: LoginPanel | None = None
        self._given_up = False

    def show(self, logins: Logins) -> None:
        """Show the form that makes this connection."""
        from classy_nb.widgets import LoginPanel

        self._form = LoginPanel(logins)
        weakref.finalize(self, _forsake, weakref.ref(self._form)).atexit = False
        self._form.show()

    def adopt(self, classy: Classy) -> None:
        """Become *classy*."""
        with _handing_over:
            if not self._given_up:
                vars(self).update(vars(classy), _form=None)
                return
        classy.close()

    def close(self) -> None:
        """Close the connections, a sandbox of its own, or the form if that is as far as it came."""
        with _handing_over:
            self._given_up = not _is_made(self)
        if not self._given_up:
            super().close()
            if "sandbox" in vars(self):
                vars(self)["sandbox"].stop()
        elif self._form is not None:
            self._form.give_up()

    def __getattr__(self, name: str) -> Any:
        ours = name in _HELD or (name.startswith("_") and not name.endswith("_"))
        if ours and not _is_made(self):
            given_up = vars(self).get("_given_up")
            # The notebook keeps the traceback, which would keep this and so its form, whatever the variable
            # holds by then.
            self = None  # type: ignore[assignment]  # noqa: PLW0642 - deleted, it would not be shown as an argument
            if given_up:
                raise NotLoggedInError(_GIVEN_UP, advice=_AGAIN)
            raise NotLoggedInError(_NOT_YET)
        raise unknown_attribute(self, name)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *_HELD})

    def __reduce_ex__(self, protocol: Any) -> Any:
        if not _is_made(self):
            raise NotLoggedInError(_NOT_YET)
        return super().__reduce_ex__(protocol)

    def __repr__(self) -> str:
        if _is_made(self):
            return super().__repr__()
        return f"{_GIVEN_UP} {_AGAIN}" if vars(self).get("_given_up") else _INSTRUCTIONS

    def _repr_html_(self) -> str:
        return super()._repr_html_() if _is_made(self) else f"<div>{escape(repr(self))}</div>"


def _handing_to(login: Login) -> Callable[[Classy], None]:
    """Return what hands a connection to *login*, while somebody else holds that: its form does not."""
    held = weakref.ref(login)

    def adopt(classy: Classy) -> None:
        made = held()
        if made is None:
            classy.close()
        else:
            made.adopt(classy)

    return adopt


def _forsake(form: weakref.ref[LoginPanel]) -> None:
    open_one = form()
    if open_one is not None:
        open_one.forsake()


def _is_made(login: Login) -> bool:
    return "_fetcher" in vars(login)
