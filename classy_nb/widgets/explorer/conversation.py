"""The conversation with the browser: what it may say, and what it is told.

Nothing is synced: each message is sent once, and a view that is drawn anew says hello and is told all.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import Event, Timer
from typing import TYPE_CHECKING, Any

from classy_nb.errors import ClassyError
from classy_nb.widgets.words import words

from . import facts
from .actions import Actions
from .asked import check, endpoint_of, own_keys
from .call import call_text
from .form import Form, FormError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from classy_nb.query import QueryBuilder

    from .desk import Connection, Tell

_GONE_AFTER = 3.0
"""Seconds after which a panel that nobody looks at any more is given up."""


class Conversation(Actions):
    """Answers the browser's messages; see the base classes for what it knows and does."""

    def __init__(self, connection: Connection, queries: QueryBuilder, tell: Tell) -> None:
        super().__init__(connection, queries, tell)
        self._looked_at = Event()

    def receive(self, kind: str, message: Mapping[str, Any]) -> None:
        """Do what a message asks for, and show what is wrong with it."""
        answer = getattr(self, f"_on_{kind}", None)
        if answer is None:
            return
        with self._lock:
            try:
                answer(message)
            except ClassyError as error:
                field = error.field if isinstance(error, FormError) else ""
                self.tell("problem", text=words(error), field=field, view=_word(message, "view"))
                self.say(words(error), "error")

    def call(self) -> str:
        """Return the call that the form makes, as Python; empty while the form is not complete."""
        with self._lock:
            return str(self._call()["texts"]["frame"])

    def close(self) -> None:
        """End what is going on, and forget the rows."""
        with self._lock:
            if self._job is not None:
                self._job.cancel()
            self.drop_share()
            if self._watch is not None:
                self._watch.cancel()
            self._rows = self._preview = None

    def state(self) -> dict[str, Any]:
        """Return all that a view shows."""
        with self._lock:
            self._looked_at.set()
            catalog = self.queries.catalog
            return {
                "organization": self.connection.organization_name
                or f"organization {self.connection.organization}",
                "resources": facts.resources(catalog),
                "others": sum(not kind.lists for kind in catalog.resources.values()),
                "shape": facts.shape(self.form, self.queries),
                "form": self.form.written(),
                "call": self._call(),
                "preview": {"shown": self.preview_shown()},
                "counts": {"shown": self._counts},
                "job": self.job(),
                "status": self.status(),
            }

    def left(self) -> None:
        """Take note that a view is gone: give up what is going on, unless another one says it is there."""
        self._looked_at.clear()
        self.tell("who")
        timer = Timer(_GONE_AFTER, self._unless_looked_at)
        timer.daemon = True
        timer.start()

    def _on_here(self, _: Mapping[str, Any]) -> None:
        self._looked_at.set()

    def _unless_looked_at(self) -> None:
        if not self._looked_at.is_set():
            self.cancel()

    def _on_form(self, message: Mapping[str, Any]) -> None:
        before, form = self.form, self._tidied(Form.read(message.get("form")))
        self.form = form
        if self._job is None and self._is_outdated(before):
            self.say("")  # it was about the form as it was
        if before.resource != form.resource:
            self._preview = self._rows = self._counts = None
            self.personal = False  # what may be shown was decided about the rows that are gone
            self.tell("preview", shown=None)
            self.tell("counts", shown=None)
        if (before.resource, before.parent, before.include) != (form.resource, form.parent, form.include):
            self.tell("shape", **facts.shape(form, self.queries))
        self.tell("form", form=form.written(), view=_word(message, "view"))
        self.tell("call", **self._call())

    def _on_preview(self, message: Mapping[str, Any]) -> None:
        self._on_form(message)
        self.preview()

    def _on_count(self, message: Mapping[str, Any]) -> None:
        self._on_form(message)
        self.count()

    def _on_save(self, message: Mapping[str, Any]) -> None:
        self._on_form(message)
        self.save(replace=_agreed(message))

    def _on_variable(self, message: Mapping[str, Any]) -> None:
        self._on_form(message)
        self.variable(replace=_agreed(message))

    def _on_assign(self, message: Mapping[str, Any]) -> None:
        self._on_form(message)
        self.assign(replace=_agreed(message))

    def _on_download(self, message: Mapping[str, Any]) -> None:
        self._on_form(message)
        self.download(_word(message, "view"))

    def _on_keep(self, _: Mapping[str, Any]) -> None:
        self.say("Nothing was replaced.")

    def _on_cancel(self, _: Mapping[str, Any]) -> None:
        self.cancel()

    def _on_personal(self, message: Mapping[str, Any]) -> None:
        self.personal = message.get("shown") is True
        self.tell("preview", shown=self.preview_shown())

    def _on_pull(self, message: Mapping[str, Any]) -> None:
        offset = message.get("offset")
        self.pull(_word(message, "ticket"), offset if isinstance(offset, int) else -1)

    def _on_received(self, message: Mapping[str, Any]) -> None:
        self.received(_word(message, "ticket"), intact=message.get("intact") is True)

    def _is_outdated(self, before: Form) -> bool:
        """Whether what was said last goes without saying since the form changed."""
        about_the_form = self._status["question"] or self._status["tone"] == "error"
        return before.resource != self.form.resource or (before != self.form and bool(about_the_form))

    def _tidied(self, form: Form) -> Form:
        """Leave out what the chosen list doesn't have."""
        endpoint = endpoint_of(form, self.queries)
        return replace(
            form,
            parent=",".join(own_keys(endpoint)),
            include=tuple(name for name in form.include if name in endpoint.include),
            aggregates=form.aggregates and bool(endpoint.aggregates),
        )

    def _call(self) -> dict[str, Any]:
        """Return the call as Python, or what is wrong with the form."""
        texts, asked_text, problem, field = {"frame": ""}, "", "", ""
        try:
            asked, _ = check(self.form, self.queries)
            asked_text = self.call_of(asked)
            texts = self._texts(asked)
        except FormError as error:
            problem, field = error.what, error.field
        return {
            "texts": texts,
            "asked": asked_text,
            "problem": problem,
            "field": field,
            "file": self.file_name(),
            "variable": facts.variable_for(self.form.resource),
        }

    def _texts(self, asked: Mapping[str, Any]) -> dict[str, str]:
        """Return what the buttons do as Python: fetch a frame, count, write a file."""
        told = self.connection_told()
        called = f"{self.connection_name()}.{self.form.resource}"
        calls = {
            "frame": call_text(f"{self.variable_name()} = {called}", asked),
            "count": call_text(f"{called}.count", asked),
        }
        with suppress(FormError):  # such a name matters when the file is asked for
            file = self.form.file.strip() or self.file_name()
            name = file.removesuffix(Path(file).name) + self.path().name
            calls["csv"] = call_text(f"{called}.to_csv", asked, name)
        return {kind: told + text for kind, text in calls.items()}


def _word(message: Mapping[str, Any], name: str) -> str:
    value = message.get(name)
    return value[:64] if isinstance(value, str) else ""


def _agreed(message: Mapping[str, Any]) -> str:
    value = message.get("replace")
    return value if isinstance(value, str) else ""
