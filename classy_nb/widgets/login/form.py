"""The login form of a notebook. What is typed into it goes to Python once and stays nowhere."""

from __future__ import annotations

import contextlib
import threading
from datetime import datetime
from typing import TYPE_CHECKING, Any

from classy_nb.errors import ClassyError, UsageError
from classy_nb.redact import Secret
from classy_nb.widgets.widget import MessageWidget, css, esm
from classy_nb.widgets.words import words

from .messages import (
    CLOSED,
    UNHELD,
    WHERE_NO_FORM_SHOWS,
    Closed,
    Connected,
    application,
    missing,
    named,
    problem,
)
from .place import in_voila

if TYPE_CHECKING:
    from .steps import Connector, Session


class LoginPanel(MessageWidget):
    """Asks for client id and secret, or for a sandbox, and for the organization where there are several.

    Parameters
    ----------
    connector
        Logs in with what was typed.
    """

    _esm = esm("login/login")
    _css = css("login/login")
    instructions = WHERE_NO_FORM_SHOWS

    def __init__(self, connector: Connector) -> None:
        self._connector = connector
        self._lock = threading.RLock()
        self._writing = threading.Lock()
        self._closed = False
        self._at_work: threading.Thread | None = None
        self._phase = "form"  # then "busy", "choose" where there is a choice, and "connected" or "closed"
        self._shown: dict[str, Any] = {}
        self._session: Session | None = None
        self._remember = False
        self._handle: Any = None
        super().__init__()

    def show(self) -> None:
        """Show the form below the present cell."""
        from IPython.display import display

        data, metadata = self._repr_mimebundle_()
        self._handle = display(data, metadata=metadata, raw=True, display_id=True)  # type: ignore[no-untyped-call]

    def state(self) -> dict[str, Any]:
        """Return what is to be seen, none of it typed by people."""
        with self._lock:
            connector = self._connector
            fixed = {
                "application": application(connector.host, live=connector.live),
                "file": str(connector.file),
                "file_name": connector.file_name,
            }
            return {**fixed, "phase": self._phase, **self._shown}

    def receive(self, kind: str, message: dict[str, Any], buffers: list[memoryview]) -> None:
        """Take what was sent off, chosen or taken back."""
        del buffers
        # First of all: out of the message, which callers' frames hold as well.
        pair = {name: _taken(message, name) for name in ("client_id", "client_secret")}
        if kind == "submit":
            self._submit(pair, sandbox=message.get("environment") == "sandbox", message=message)
        elif kind == "choose":
            self._choose(message.get("organization"))
        elif kind == "back":
            self._back()

    def left(self) -> None:
        """Take the widget out of the kernel when its last view is gone for good."""
        with self._lock:
            over = self._phase in _OVER and not self.views
        if over:
            self.close()

    def give_up(self, why: str = CLOSED) -> None:
        """Break off a login that is not made; from then on nothing is written into the file.

        Parameters
        ----------
        why
            What stands in the form's place from then on.
        """
        with self._lock:
            if self._phase in _OVER:
                return
            self._closed = True
            self._drop_session()
            self._go("closed", text=why)
        with self._writing:
            pass  # what is being written now is whole when this returns
        self._replace(Closed(why))

    def forsake(self) -> None:
        """Give up because nothing holds the connection any more; for finalizers, so it waits for nothing.

        Those run in any thread at any time, perhaps one that holds a lock of this form.
        """
        if self._phase not in _OVER:
            with contextlib.suppress(RuntimeError):  # Python is about to end
                self.background(lambda: self.give_up(UNHELD))

    def close(self) -> None:
        """Close the widget, and what was begun with it."""
        self.give_up()
        layout = self.layout
        super().close()
        layout.close()

    def trouble(self, error: BaseException) -> None:
        """Show an error; the form can be sent again."""
        with self._lock:
            if self._phase in _OVER:
                return
            phase, extra = "form", {}
            if self._session is not None and len(self._session.organizations) > 1:
                phase, extra = "choose", self._choice(self._session)
            else:
                self._drop_session()
            self._go(phase, error=problem(error), **extra)

    def _submit(self, pair: dict[str, Secret], *, sandbox: bool, message: dict[str, Any]) -> None:
        with self._lock:
            if self._phase != "form":
                self.tell("state", **self.state())
                return
            blank = [name for name, value in pair.items() if not str(value.reveal()).strip()]
            if blank and not sandbox:
                self._go("form", error=missing(blank))
                return
            self._remember = message.get("remember") is True and not sandbox
            self._go("busy", text=_STARTING if sandbox else f"Connecting to {self._connector.host}…")
        self._at_work = self.background(self._start_sandbox if sandbox else lambda: self._log_in(**pair))

    def _start_sandbox(self) -> None:
        self._done(self._connector.start_sandbox(), ["A sandbox on this machine: all data are invented."])

    def _log_in(self, client_id: Secret, client_secret: Secret) -> None:
        session = self._connector.log_in(client_id, client_secret)
        with self._lock:
            if self._closed:
                session.close()
                return
            self._session = session
            if len(session.organizations) > 1:
                self._go("choose", **self._choice(session))
                return
        self._connect(session, next(iter(session.organizations)))

    def _choose(self, organization: object) -> None:
        with self._lock:
            session = self._session
            if self._phase != "choose" or session is None:
                self.tell("state", **self.state())
                return
            chosen = next((id_ for id_ in session.organizations if str(id_) == str(organization)), None)
            if chosen is None:
                raise UsageError("Choose an organization.")
            self._go("busy", text="Connecting…")
        self._at_work = self.background(lambda: self._connect(session, chosen))

    def _back(self) -> None:
        with self._lock:
            if self._phase == "choose":
                self._drop_session()
                self._go("form")

    def _connect(self, session: Session, organization: int) -> None:
        # Saved first: a connection that works can be closed, and then nothing may be written any more.
        notes = [*session.notes, *(self._saved(session, organization) if self._remember else ())]
        session.connect(organization)
        self._done(named(organization, session.organizations[organization]), notes)

    def _saved(self, session: Session, organization: int) -> list[str]:
        """Remember the credentials; the login stands where that is refused."""
        file, name = str(self._connector.file), self._connector.file_name
        try:
            with self._writing:
                if self._closed:
                    return []
                notes = [f"The credentials were saved in {name}.", *session.save(organization)]
        except (ClassyError, OSError) as error:
            notes = [f"You are connected, but nothing was saved. {words(error)}"]
        return [note.replace(file, name) for note in notes]  # whole paths are not for saved notebooks

    def _done(self, organization: str, notes: list[str]) -> None:
        over = Connected(organization, f"{datetime.now():%H:%M}", notes)  # noqa: DTZ005 - the reader's clock
        with self._lock:
            if self._closed:
                return
            self._session = None
            self._go("connected", text=over.line, notes=notes)
        self._replace(over)

    def _replace(self, left: Connected | Closed) -> None:
        """Put what is left into the output, and take the widget out of the kernel."""
        with self._lock:
            handle, self._handle = self._handle, None
        if handle is not None:
            handle.update(left.bundle(), raw=True)
        if self._shown["alone"]:
            self.close()

    def _alone(self) -> bool:
        # Where one view was ever shown, it is in the output that is replaced at the end. Other views (of a
        # reloaded page, in Voila) may be out of its reach: they show the line until they go.
        return len(self.views_ever) < 2 and not (in_voila() and self.views)  # noqa: PLR2004

    def _choice(self, session: Session) -> dict[str, Any]:
        return {"organizations": [[str(id_), name] for id_, name in session.organizations.items()]}

    def _drop_session(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None

    def _go(self, phase: str, **shown: Any) -> None:
        if phase in _OVER:
            # A view that is alone need not tell that it went: as the widget closes, JupyterLab ends the
            # subshell that carries our messages, and what ipykernel has just received there is left
            # half-done. Its remains trouble a later cell.
            shown["alone"] = self._alone()
        self._phase, self._shown = phase, shown
        self.tell("state", **self.state())


_OVER = frozenset({"connected", "closed"})
_STARTING = "Starting the sandbox…"


def _taken(message: dict[str, Any], name: str) -> Secret:
    return Secret(str(message.pop(name, None) or ""))
