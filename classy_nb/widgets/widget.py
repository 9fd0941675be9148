"""What the widgets share: code and style sheets come from files, everything else goes by message."""

from __future__ import annotations

import contextlib
import threading
from importlib.resources import files
from typing import TYPE_CHECKING, Any, ClassVar, cast

import anywidget

from .words import words

if TYPE_CHECKING:
    from collections.abc import Callable


def esm(*names: str) -> str:
    """Return a widget's JavaScript: the shared part, then its own."""
    return _joined("widget", *names, ending="js")


def css(*names: str) -> str:
    """Return a widget's style sheet: the shared part, then its own."""
    return _joined("widget", *names, ending="css")


class MessageWidget(anywidget.AnyWidget):
    """A form in a notebook that syncs nothing but its code and its style sheet.

    What people type and what they see goes by messages ``{"kind": ...}``, so that neither is saved with the
    notebook. A view says ``hello`` when it is drawn and is sent the whole state, which also serves reloaded
    pages and second views. Messages arrive on the main thread or (with ipykernel 7.1) on another one:
    handlers are short, guarded by locks, and leave long work to threads (see :meth:`background`).

    A subclass sets ``_esm`` and ``_css`` (see :func:`esm`, :func:`css`) and ``instructions``, and overrides
    :meth:`state` and :meth:`receive`.
    """

    instructions: ClassVar[str] = "This form needs a notebook that shows widgets."
    """Shown in place of the form where widgets are not shown."""

    def __init__(self) -> None:
        self._speaking = threading.Lock()
        self.views: set[str] = set()
        """The views that are shown now, by the names they gave themselves."""
        self.views_ever: set[str] = set()
        super().__init__()

    def state(self) -> dict[str, Any]:
        """Return everything that a view needs to draw itself; it is sent as kind ``state``."""
        return {}

    def receive(self, kind: str, message: dict[str, Any], buffers: list[memoryview]) -> None:
        """Take a message from a view. What this raises is shown in the form."""

    def left(self) -> None:
        """Take note that a view was taken off the page (see ``views``)."""

    def tell(self, kind: str, /, buffers: list[bytes] | None = None, **fields: Any) -> None:
        """Send a message to all views, from any thread; does nothing once the widget is closed."""
        with self._speaking, contextlib.suppress(Exception):  # the kernel may be about to end
            self.send({"kind": kind, **fields}, buffers)

    def trouble(self, error: BaseException) -> None:
        """Show an error in the form (kind ``error``)."""
        self.tell("error", text=words(error))

    def background(self, work: Callable[[], None]) -> threading.Thread:
        """Run *work* in a thread, so that no cell waits for it; its errors are shown in the form."""

        def guarded() -> None:
            try:
                work()
            except BaseException as error:  # noqa: BLE001 - a thread has nobody else to tell
                self.trouble(error)

        thread = threading.Thread(target=guarded, name="classy_nb panel", daemon=True)
        thread.start()
        return thread

    def _handle_custom_msg(self, content: Any, buffers: list[memoryview]) -> None:
        # Overridden, not registered with on_msg: an error that escapes there is printed with its variables.
        try:
            if isinstance(content, dict) and isinstance(content.get("kind"), str):
                self._dispatch(content["kind"], content, buffers)
        except Exception as error:  # noqa: BLE001
            self.trouble(error)

    def _dispatch(self, kind: str, message: dict[str, Any], buffers: list[memoryview]) -> None:
        view = str(message.get("view", ""))
        if kind == "hello":
            self.views.add(view)
            self.views_ever.add(view)
            self.tell("state", **self.state())
        elif kind == "gone":
            self.views.discard(view)
            self.left()
        else:
            self.receive(kind, message, buffers)

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        bundle = cast("tuple[dict[str, Any], dict[str, Any]]", super()._repr_mimebundle_())
        data, metadata = bundle  # the metadata tells Colab where to get the code of widgets it doesn't know
        return {**data, "text/plain": self.instructions}, metadata


def _joined(*names: str, ending: str) -> str:
    folder = files(__package__)
    return "\n".join(folder.joinpath(f"{name}.{ending}").read_text("utf-8") for name in names)
