"""Frames that get a name in the notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from classy_nb.progress import counted

from . import notebook
from .asked import check
from .call import bad_name
from .desk import Question
from .downloads import Handout
from .facts import variable_for
from .form import FormError

if TYPE_CHECKING:
    import pandas as pd

    from .jobs import Job


class Variables(Handout):
    """What "To a variable" does."""

    def variable(self, *, replace: str = "") -> None:
        """Fetch the frame and give it a name in the notebook; *replace* is the name that was agreed to."""
        asked, _ = check(self.form, self.queries)
        source, name = self.source(self.form.resource), self.variable_name()
        held = notebook.held_by(name)
        if held is not None and not self.agreed("variable", replace, name, lambda seen: seen is held):
            text = f"{name} exists already ({notebook.kind_of(held)}). Replace it?"
            self.ask(Question(text, "variable", "Replace the variable", name, held))
            return

        def then(_: Job, frame: pd.DataFrame) -> str | Question:
            self.frame = frame
            return self._named(name, held)

        self.begin(f"Fetching {name}", lambda job: source(progress=job.watch, **asked), then)

    def assign(self, *, replace: str = "") -> None:
        """Give the frame that was fetched last the name that was agreed to."""
        held = notebook.held_by(replace)
        if self.frame is None or not self.agreed("assign", replace, replace, lambda _: True):
            self.say("Nothing was replaced.")
        elif not self.agreed("assign", replace, replace, lambda seen: seen is held):
            self.ask(self._doubt(replace, held))
        else:
            self.say(str(self._named(replace, held)), "done")

    def variable_name(self) -> str:
        """Return what the frame is to be called.

        Raises
        ------
        FormError
            It cannot be called so.
        """
        name = self.form.variable.strip() or variable_for(self.form.resource)
        problem = bad_name(name)
        if problem is None and name == self.connection_name():
            problem = f"{name} is the connection: choose another name."
        if problem is not None:
            raise FormError(problem, "variable")
        return name

    def _named(self, name: str, held: object) -> str | Question:
        """Name the frame, unless something else has got that name since it was looked at."""
        if (space := notebook.variables()) is None:
            return f"Fetched {self._size()}: the explorer's attribute frame holds them."
        now = notebook.held_by(name)
        if now is not None and now is not held:
            return self._doubt(name, now)
        space[name] = self.frame
        return f"The variable {name} holds {self._size()}."

    def _doubt(self, name: str, held: object) -> Question:
        text = (
            f"Fetched {self._size()}. Meanwhile {name} was given another value ({notebook.kind_of(held)}). "
            "Replace it? Until then the explorer's attribute frame holds the rows."
        )
        return Question(text, "assign", "Replace the variable", name, held)

    def _size(self) -> str:
        rows, columns = (0, 0) if self.frame is None else self.frame.shape
        return f"{counted(rows, 'row')}, {counted(columns, 'column')}"
