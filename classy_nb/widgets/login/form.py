"""The login form of a notebook. What is typed into it goes to Python once and is kept nowhere.

A form is in one phase at a time: ``form``, ``busy``, perhaps ``choose`` (an organization), and in the end
``connected`` or ``closed``. Messages of the browser and the background threads move it from one to the next.
"""

from __future__ import annotations

import contextlib
import threading
import weakref
from datetime import datetime
from typing import TYPE_CHECKING, Any

from classy_nb.errors import ClassyError, UsageError, kept_warnings
from classy_nb.http import Cancel
from classy_nb.progress import shell
from classy_nb.redact import Secret
from classy_nb.widgets.widget import MessageWidget, css, esm
from classy_nb.widgets.words import words

from .messages import (
    CLOSED,
    NEXT,
    SANDBOX_NOTE,
    STARTING_SANDBOX,
    UNHELD,
    WHERE_NO_FORM_SHOWS,
    application,
    blank_fields,
    closed_output,
    connected_output,
    organization_label,
    problem,
)
from .prompts import in_voila

if TYPE_CHECKING:
    from classy_nb.client import Classy, Login, LoginSettings, Session

_OVER = frozenset({"connected", "closed"})


class LoginForm(MessageWidget):
    """Asks for client id and secret, or for a sandbox, and for the organization where there are several.

    Parameters
    ----------
    settings
        Logs in with what was typed.
    connection
        Is logged in when the form is done. The form does not keep it alive: when nothing else holds it any
        more, the form closes.
    """

    _esm = esm("login/login")
    _css = css("login/login")
    instructions = WHERE_NO_FORM_SHOWS

    def __init__(self, settings: LoginSettings, connection: Classy) -> None:
        self._settings = settings
        self._connection = weakref.ref(connection)
        weakref.finalize(connection, self._connection_gone).atexit = False
        self._lock = threading.RLock()
        """Held while the phase changes."""
        self._writing = threading.Lock()
        """Held while the credentials are written into the file."""
        self._phase = "form"
        self._shown: dict[str, Any] = {}
        self._login: Login | None = None
        self._cancel = Cancel()
        """Set when the form is given up: its login would go on trying, with the secret."""
        self._remember = False
        self._worker: threading.Thread | None = None
        self._handle: Any = None
        super().__init__()

    def show(self) -> None:
        """Show the form below the present cell."""
        from IPython.display import display

        data, metadata = self._repr_mimebundle_()
        self._handle = display(data, metadata=metadata, raw=True, display_id=True)  # type: ignore[no-untyped-call]

    # --- what the browser says

    def state(self) -> dict[str, Any]:
        """Return what a view shows, none of it typed by people."""
        with self._lock:
            return {
                "application": application(self._settings.host),
                "file": str(self._settings.file),
                "file_name": str(self._settings.env_file),
                "phase": self._phase,
                **self._shown,
            }

    def receive(self, kind: str, message: dict[str, Any], buffers: list[memoryview]) -> None:
        """Take what was submitted, chosen or taken back."""
        del buffers
        # First of all, out of the message: frames of the widget libraries hold it as well.
        pair = {name: Secret(str(message.pop(name, None) or "")) for name in ("client_id", "client_secret")}
        if kind == "submit":
            sandbox = message.get("environment") == "sandbox"
            self._submit(pair, sandbox=sandbox, remember=message.get("remember") is True)
        elif kind == "choose":
            self._choose(message.get("organization"))
        elif kind == "back":
            with self._lock:
                if self._phase == "choose":
                    self._drop_login()
                    self._go("form")

    def left(self) -> None:
        """Take the widget out of the kernel when its last view is gone for good."""
        with self._lock:
            over = self._phase in _OVER and not self.views
        if over:
            self.close()

    def _submit(self, pair: dict[str, Secret], *, sandbox: bool, remember: bool) -> None:
        with self._lock:
            if self._phase != "form":  # sent twice, or from a second view
                self.tell("state", **self.state())
                return
            blank = [name for name, value in pair.items() if not value.reveal().strip()]
            if blank and not sandbox:
                self._go("form", error=blank_fields(blank))
                return
            self._remember = remember and not sandbox
            self._go("busy", text=STARTING_SANDBOX if sandbox else f"Connecting to {self._settings.host}…")
        self._worker = self.background(self._start_sandbox if sandbox else lambda: self._log_in(**pair))

    def _choose(self, organization: object) -> None:
        with self._lock:
            login = self._login
            if self._phase != "choose" or login is None:
                self.tell("state", **self.state())
                return
            chosen = next((id_ for id_ in login.organizations if str(id_) == str(organization)), None)
            if chosen is None:
                raise UsageError("Choose an organization.")
            self._go("busy", text="Connecting…")
        self._worker = self.background(lambda: self._connect(login, chosen))

    # --- what happens in the background

    def _start_sandbox(self) -> None:
        self._finish(self._settings.start_sandbox(), [SANDBOX_NOTE])

    def _log_in(self, client_id: Secret, client_secret: Secret) -> None:
        login = self._settings.log_in(client_id, client_secret, self._cancel)
        with self._lock:
            if self._phase == "closed":
                login.close()
                return
            self._login = login
            if len(login.organizations) > 1:
                self._go("choose", **self._choices(login))
                return
        self._connect(login, next(iter(login.organizations)))

    def _connect(self, login: Login, organization: int) -> None:
        with kept_warnings() as warned:
            session = login.session(organization)
        notes = [*login.notes, *(warned or [session.timezone_note])]
        if self._remember:
            # Before the connection works: it could be closed at once, and nothing is written after that.
            notes += self._save(session)
        self._finish(session, notes)

    def _save(self, session: Session) -> list[str]:
        """Remember the credentials, and say so; where that is refused, the login still stands."""
        file, name = self._settings.file, str(self._settings.env_file)
        try:
            with self._writing, kept_warnings() as warned:
                if self._phase == "closed":
                    return []
                session.credentials.save(file)
            notes = [f"The credentials were saved in {name}.", *warned]
        except (ClassyError, OSError) as error:
            notes = [f"You are connected, but nothing was saved. {words(error)}"]
        return [note.replace(str(file), name) for note in notes]  # full paths are not for saved notebooks

    def _finish(self, session: Session, notes: list[str]) -> None:
        connection = self._connection()
        if connection is None:
            session.close()
            what_next = ""
        else:
            connection._attach(session)  # noqa: SLF001 - the form is the connection's way to log in
            what_next = NEXT.format(name=_variable_of(connection))
        organization = organization_label(session.organization, session.organization_name)
        text = f"Connected to {organization} at {datetime.now():%H:%M}"  # noqa: DTZ005 - the reader's clock
        with self._lock:
            if self._phase == "closed":
                return
            self._login = None
            self._go("connected", text=text, notes=notes, next=what_next)
        self._replace(connected_output(text, notes, what_next))

    # --- how it ends

    def give_up(self, why: str = CLOSED) -> None:
        """Break off a login that is not finished; after that nothing is written into the file.

        Parameters
        ----------
        why
            What stands in the form's place from then on.
        """
        with self._lock:
            if self._phase in _OVER:
                return
            self._cancel.set()
            self._drop_login()
            self._go("closed", text=why)
        with self._writing:
            pass  # what is being written now is complete when this returns
        self._replace(closed_output(why))

    def _connection_gone(self) -> None:
        """Give up because nothing holds the connection any more.

        A finalizer, which runs in any thread at any moment, perhaps one that holds a lock of this form. So it
        waits for nothing.
        """
        if self._phase not in _OVER:
            with contextlib.suppress(RuntimeError):  # Python is about to end
                self.background(lambda: self.give_up(UNHELD))

    def close(self) -> None:
        """Close the widget, and whatever it was doing."""
        self.give_up()
        layout = self.layout
        super().close()
        layout.close()

    def trouble(self, error: BaseException) -> None:
        """Show an error; the form can be sent again."""
        with self._lock:
            if self._phase in _OVER:
                return
            if self._login is not None and len(self._login.organizations) > 1:
                self._go("choose", error=problem(error), **self._choices(self._login))
            else:
                self._drop_login()
                self._go("form", error=problem(error))

    def _replace(self, output: dict[str, str]) -> None:
        """Put plain output in the form's place, and take the widget out of the kernel."""
        with self._lock:
            handle, self._handle = self._handle, None
        if handle is not None:
            handle.update(output, raw=True)
        if self._shown["alone"]:
            self.close()

    def _choices(self, login: Login) -> dict[str, Any]:
        return {"organizations": [[str(id_), name] for id_, name in login.organizations.items()]}

    def _drop_login(self) -> None:
        if self._login is not None:
            self._login.close()
            self._login = None

    def _go(self, phase: str, **shown: Any) -> None:
        if phase in _OVER:
            # A view that is alone need not say that it goes: as the widget closes, JupyterLab ends the
            # subshell that carries our messages, and what ipykernel has just received there is left
            # unfinished. Its remains disturb a later cell.
            shown["alone"] = self._alone()
        self._phase, self._shown = phase, shown
        self.tell("state", **self.state())

    def _alone(self) -> bool:
        # If there was only ever one view, it is in the output that is replaced at the end. Other views (of a
        # reloaded page, in Voila) may be out of its reach: they show the line until they go.
        return len(self.views_ever) < 2 and not (in_voila() and self.views)  # noqa: PLR2004


def _variable_of(connection: Classy) -> str:
    """Return the notebook's variable that holds the connection; ``classy`` if none does."""
    held = shell()
    variables = {} if held is None else dict(held.user_ns)
    names = [name for name, value in variables.items() if value is connection and not name.startswith("_")]
    return names[0] if names else "classy"
