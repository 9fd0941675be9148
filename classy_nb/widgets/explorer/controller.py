"""The controller: the browser's messages become calls, and what comes of them goes back as messages.

Nothing is synced between kernel and browser: each message is sent once, and a view that is newly drawn says
``hello`` and is sent the whole state. Messages may arrive on any thread, and jobs and timers end on their
own, so everything that changes the state holds the one lock.

Messages in: ``form``, the buttons ``preview``, ``count``, ``save``, ``download`` and ``variable`` (each with
the form), ``assign`` and ``keep`` (answers to questions), ``find`` (an id by its name), ``keep_question``,
``load_question`` and ``delete_question``, ``cancel``, ``personal``, ``pull`` and ``received`` (downloads),
``here``. Messages out: ``shape``, ``form``, ``call``, ``preview``, ``counts``, ``totals``, ``found``,
``questions``, ``job``, ``status``, ``problem``, ``who``, and those of downloads.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from threading import Event, RLock, Timer
from time import monotonic
from typing import TYPE_CHECKING, Any, Literal

from classy_nb.errors import ClassyError
from classy_nb.progress import counted
from classy_nb.widgets.words import words

from . import files, notebook
from .choices import form_choices, resource_choices, search_resources
from .counts import count_by_status, statuses_to_count
from .downloads import Download, Downloads
from .form import Form, FormError, check, count_keywords, resource_of, tidy
from .jobs import CANCELLED, Job, Jobs
from .named import MOST_MATCHES, Names, fetch_names, kind_of, plural
from .preview import Preview
from .questions import FILE, Questions, checked_name
from .totals import totals

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    import pandas as pd

    from classy_nb.client import Classy, Resource
    from classy_nb.mirror import Mirror
    from classy_nb.query import Query, QueryBuilder

    from .jobs import Outcome

PREVIEW_ROWS = 5
PROGRESS_INTERVAL = 0.1
"""Seconds between two messages about progress."""
GONE_AFTER = 3.0
"""Seconds after which an explorer that no view shows any more cancels its job."""
_MAX_WORD = 64

Tone = Literal["", "done", "warning", "error"]
_TONES: dict[str, Tone] = {"cancelled": "", "failed": "error"}


@dataclass(frozen=True)
class Question:
    """Something that would be replaced: only the user can decide.

    Attributes
    ----------
    text
        The question.
    action
        The message that answers it with yes.
    yes
        That answer, for people.
    about
        What would be replaced: a path or a name. The answer repeats it.
    unchanged
        Whether what was asked about is still there; if not, the answer was about something else.
    """

    text: str
    action: str
    yes: str
    about: str
    unchanged: Callable[[], bool]


@dataclass(frozen=True)
class Nothing:
    """What a button says when nothing matched: no error, but hardly what anybody hoped for."""

    text: str = "No records match."

    def __str__(self) -> str:
        return self.text


@dataclass(repr=False)  # its repr would show rows
class State:
    """What the explorer shows, and what it has fetched."""

    form: Form
    text: str = ""
    """What happened last, in a sentence."""
    tone: Tone = ""
    question: Question | None = None
    preview: Preview | None = None
    counts: dict[str, Any] | None = None
    totals: dict[str, Any] | None = None
    """The amounts of the rows that were fetched last, by month and status."""
    personal: bool = False
    """Whether the preview shows personal data."""
    frame: pd.DataFrame | None = None
    """What "To a variable" fetched last."""
    file: Path | None = None
    """What "Save" wrote last."""


class Controller:
    """One explorer's side in the kernel.

    Parameters
    ----------
    connection
        Fetches the data.
    queries
        Checks what the form asks for.
    tell
        Sends a message to all views, from any thread.
    held
        Of a mirror: returns the resources that are in it.
    """

    def __init__(
        self,
        connection: Classy | Mirror,
        queries: QueryBuilder,
        tell: Callable[..., object],
        *,
        held: Callable[[], Collection[str]] | None = None,
    ) -> None:
        self.connection = connection
        self._held = held
        self.state = State(Form())
        self._queries = queries
        self._tell = tell
        self._lock = RLock()
        self._jobs = Jobs(self._lock, self._job_ended)
        self._downloads = Downloads(tell, self._download_expired)
        self._told_progress = 0.0
        self._questions = Questions()
        self._names: dict[str, Names] = {}
        """The names of campaigns and the like, by kind, once somebody has searched them."""
        self._still_shown = Event()
        self._handlers: dict[str, Callable[[Mapping[str, Any]], None]] = {
            "form": self._form_changed,
            "preview": self._preview,
            "count": self._count,
            "save": self._save,
            "download": self._download,
            "variable": self._fetch_to_variable,
            "assign": self._assign,
            "keep": self._keep,
            "cancel": lambda _: self.cancel(),
            "search": self._search,
            "find": self._find,
            "keep_question": self._keep_question,
            "load_question": self._load_question,
            "delete_question": self._delete_question,
            "personal": self._show_personal,
            "pull": self._pull,
            "received": self._received,
            "here": lambda _: self._still_shown.set(),
        }

    def receive(self, kind: str, message: Mapping[str, Any]) -> None:
        """Do what a message asks for; say what is wrong with it."""
        handler = self._handlers.get(kind)
        if handler is None:
            return
        with self._lock:
            try:
                handler(message)
            except ClassyError as error:
                field = error.field if isinstance(error, FormError) else ""
                self._tell("problem", text=words(error), field=field, view=_word(message, "view"))
                self._say(words(error), "error")

    def full_state(self) -> dict[str, Any]:
        """Return everything that a view needs to draw itself."""
        with self._lock:
            self._still_shown.set()
            catalog = self._queries.catalog
            return {
                "organization": self.organization(),
                "resources": [self._marked(choice, choice["name"]) for choice in resource_choices(catalog)],
                "others": sum(not resource.lists for resource in catalog.resources.values()),
                "shape": self._shape(),
                "form": self.state.form.as_message(),
                "call": self._call_message(),
                "preview": self._preview_message(),
                "counts": {"shown": self.state.counts},
                "totals": {"shown": self.state.totals},
                "questions": self._questions_message(),
                "job": self._job_message(),
                "status": self._status_message(),
            }

    def call(self) -> str:
        """Return the call that the form makes, as Python; empty while the form is incomplete."""
        with self._lock:
            return str(self._call_message()["texts"]["frame"])

    def organization(self) -> str:
        """Return the organization's name, or its id where the name is unknown."""
        name = self.connection.organization_name or f"organization {self.connection.organization}"
        return name if self._held is None else f"{name}, in a mirror"

    def _marked(self, choices: dict[str, Any], resource: str) -> dict[str, Any]:
        """Return what is offered of a resource, with a flag if the mirror does not hold it."""
        if self._held is None or resource in self._held():
            return choices
        return {**choices, "flags": [*choices["flags"], "not in the mirror"]}

    def _shape(self) -> dict[str, Any]:
        """Return what the form offers."""
        return self._marked(form_choices(self.state.form, self._queries), self.state.form.resource)

    def _checked(self) -> tuple[dict[str, Any], Query]:
        """Return the keywords that the form means, and the question.

        Raises
        ------
        FormError
            Something is wrong with the form, or a mirror does not hold the resource.
        """
        resource = resource_of(self.state.form, self._queries).name
        if self._held is not None and resource not in self._held():
            raise FormError(
                f"The mirror does not hold {resource}: classy.{resource} asks the API.", "resource"
            )
        return check(self.state.form, self._queries)

    def connection_name(self) -> str:
        """Return the variable that holds the connection, or what it might be called."""
        free = "classy" if self._held is None else "copy"
        return notebook.name_of(self.connection) or notebook.free_name(free)

    def cancel(self) -> None:
        """Cancel the job or the download; within a second, the form says so."""
        with self._lock:
            if self._jobs.current is not None:
                self._say("Cancelling…")
                self._jobs.cancel()
            elif self._downloads.current is not None:
                self._downloads.drop()
                self._tell("job", **self._job_message())
                self._say("Cancelled; nothing was kept.")

    def view_left(self) -> None:
        """Take note that a view is gone: cancel the job unless another one says that it is there.

        A reloaded page says ``gone`` too, and so does a closed one: which it was shows only a moment later.
        """
        self._still_shown.clear()
        self._tell("who")
        timer = Timer(GONE_AFTER, self._cancel_unless_shown)
        timer.daemon = True
        timer.start()

    def close(self) -> None:
        """Cancel what is going on and forget the rows."""
        with self._lock:
            self._jobs.cancel()
            self._downloads.drop()
            self._names.clear()
            self.state.preview = None

    def _cancel_unless_shown(self) -> None:
        if not self._still_shown.is_set():
            self.cancel()

    def _form_changed(self, message: Mapping[str, Any]) -> None:
        state, before = self.state, self.state.form
        form = state.form = tidy(Form.read(message.get("form")), self._queries)
        outdated = before.resource != form.resource or (
            before != form and (state.question is not None or state.tone == "error")
        )
        if outdated and self._jobs.current is None:
            self._say("")  # the last sentence was about the form as it was
        if before.resource != form.resource:
            # What may be shown was decided about rows that are gone.
            state.preview, state.counts, state.totals, state.personal = None, None, None, False
            for kind in ("preview", "counts", "totals"):
                self._tell(kind, shown=None)
        if (before.resource, before.parent, before.include) != (form.resource, form.parent, form.include):
            self._tell("shape", **self._shape())
        self._tell("form", form=form.as_message(), view=_word(message, "view"))
        self._tell("call", **self._call_message())

    def _search(self, message: Mapping[str, Any]) -> None:
        """Tell which resources the words of the search field mean."""
        text = _word(message, "text")
        self._tell("searched", text=text, names=search_resources(text, self._queries.catalog))

    def _call_message(self) -> dict[str, Any]:
        """Return the calls that the buttons make, as Python, or what is wrong with the form."""
        texts, key, problem, field, period = {"frame": ""}, "", "", "", None
        try:
            keywords, _ = self._checked()
            period = self._queries.period(keywords.get("since"), keywords.get("until")).note
            key = _call_key(self.state.form.resource, keywords)
            texts = self._call_texts(keywords)
        except FormError as error:
            problem, field = error.what, error.field
        return {
            "texts": texts,
            "key": key,
            "period": period or "",
            "problem": problem,
            "field": field,
            "file": self._default_file(),
            "format": self._format(),
            "variable": notebook.default_name(self.state.form.resource),
        }

    def _call_texts(self, keywords: Mapping[str, Any]) -> dict[str, str]:
        comment = ""
        if notebook.variables() is not None and notebook.name_of(self.connection) is None:
            about = " ".join(self.organization().split())
            comment = f"# {self.connection_name()}: the connection of this explorer ({about})\n"
        called = f"{self.connection_name()}.{self.state.form.resource}"
        texts = {
            "frame": notebook.call_text(f"{self._variable_name()} = {called}", keywords),
            "count": notebook.call_text(f"{called}.count", count_keywords(keywords)),
        }
        with suppress(FormError):  # a bad file name matters only once a file is to be written
            typed = self.state.form.file.strip() or self._default_file()
            path = self._path()
            name = typed.removesuffix(Path(typed).name) + path.name
            texts["file"] = (
                notebook.call_text(f"{called}.to_excel", keywords, name)
                if files.is_excel(path)
                else notebook.call_text(f"{called}.to_csv", {**keywords, "excel": True}, name)
            )
        return {button: comment + text for button, text in texts.items()}

    def _default_file(self) -> str:
        today = datetime.now().date()  # noqa: DTZ005 - the reader's calendar
        return f"{self.state.form.resource}_{today.isoformat()}.{self.state.form.format}"

    def _path(self) -> Path:
        return files.file_path(self.state.form.file.strip() or self._default_file(), self.state.form.format)

    def _format(self) -> str:
        """Return the format of the file that would be written: its name may decide."""
        try:
            return "xlsx" if files.is_excel(self._path()) else "csv"
        except FormError:
            return self.state.form.format

    def _variable_name(self) -> str:
        name = self.state.form.variable.strip() or notebook.default_name(self.state.form.resource)
        problem = notebook.name_problem(name)
        if problem is None and name == self.connection_name():
            problem = f"{name} is the connection: choose another name."
        if problem is not None:
            raise FormError(problem, "variable")
        return name

    # Each button checks the form, then starts a job that fetches in a thread and finishes under the lock.

    def _preview(self, message: Mapping[str, Any]) -> None:
        self._form_changed(message)
        keywords, query = self._checked()
        name, resource, chosen = self.state.form.resource, self._resource(), self.state.form.fields
        key = _call_key(name, keywords)

        def fetch(job: Job) -> pd.DataFrame:
            return resource(limit=PREVIEW_ROWS, progress=job.progress, **keywords)

        def show(frame: pd.DataFrame) -> str | Nothing:
            total = frame.attrs.get("classy", {}).get("total")
            of = "" if total is None else f" of {total:,}"
            at = f"fetched at {_now()}" if self._held is None else "out of the mirror"
            caption = f"{name}: the first {len(frame)}{of} rows by id, {at}"
            self.state.preview = Preview(name, query, frame, caption, key, chosen)
            self._tell("preview", **self._preview_message())
            self._show_totals(frame, query, key, f"the {counted(len(frame), 'row')} above only", part=True)
            return f"Fetched {len(frame)}{of} rows." if len(frame) else Nothing()

        self._start(f"Fetching a preview of {name}", fetch, show)

    def _count(self, message: Mapping[str, Any]) -> None:
        self._form_changed(message)
        keywords, query = self._checked()
        key = _call_key(self.state.form.resource, keywords)
        keywords = count_keywords(keywords)
        name, resource, preview = self.state.form.resource, self._resource(), self.state.preview
        seen: list[str] = []
        if preview is not None and "status" in preview.frame:
            seen = [str(status) for status in preview.frame["status"].dropna()]
        spec = resource_of(self.state.form, self._queries)
        statuses = statuses_to_count(spec, self._queries, query, keywords, seen)

        def show(counts: dict[str, Any]) -> str | Nothing:
            requests = counted(counts["requests"], "request")
            self.state.counts = {
                **counts,
                "resource": name,
                "key": key,
                "caption": f"{counts['total']:,} {name}, counted at {_now()} with {requests}",
            }
            self._tell("counts", shown=self.state.counts)
            records = name.replace("_", " ")
            return f"There are {counts['total']:,} {records}." if counts["total"] else Nothing()

        self._start(f"Counting {name}", lambda job: count_by_status(resource, keywords, statuses, job), show)

    def _save(self, message: Mapping[str, Any]) -> None:
        self._form_changed(message)
        keywords, _ = self._checked()
        resource, path = self._resource(), self._path()
        found = files.fingerprint(path)
        if found is not None and not self._agreed("save", str(path), message):
            text = f"{path} already exists ({files.describe(path)}). Replace it?"
            self._ask(
                Question(
                    text,
                    action="save",
                    yes="Replace the file",
                    about=str(path),
                    unchanged=lambda: files.fingerprint(path) == found,
                )
            )
            return

        def write(job: Job) -> tuple[Path, int]:
            return files.write_list(resource, path, keywords, job), job.rows

        def show(written: tuple[Path, int]) -> str | Nothing:
            file, rows = written
            self.state.file = file
            if not rows:
                return Nothing(f"No records match: {file} has only the names of the columns.")
            return f"Saved {counted(rows, 'row')} ({files.size_text(file.stat().st_size)}) as {file}"

        self._start(f"Saving {path.name}", write, show, irrevocable=True)

    def _download(self, message: Mapping[str, Any]) -> None:
        self._form_changed(message)
        keywords, _ = self._checked()
        resource = self._resource()
        download = Download(self._path().name, view=_word(message, "view"))

        def offer(rows: int) -> str:
            self._downloads.offer(download)
            return f"Downloading {counted(rows, 'row')} ({files.size_text(download.size)})…"

        self._start(
            f"Preparing {download.name}",
            lambda job: download.fetch(resource, keywords, job),
            offer,
            download=download,
        )

    def _fetch_to_variable(self, message: Mapping[str, Any]) -> None:
        self._form_changed(message)
        keywords, query = self._checked()
        resource, name = self._resource(), self._variable_name()
        key = _call_key(self.state.form.resource, keywords)
        held = notebook.value_of(name)
        if held is not None and not self._agreed("variable", name, message):
            text = f"{name} already exists ({notebook.describe(held)}). Replace it?"
            self._ask(
                Question(
                    text,
                    action="variable",
                    yes="Replace the variable",
                    about=name,
                    unchanged=lambda: notebook.value_of(name) is held,
                )
            )
            return

        def fetch(job: Job) -> pd.DataFrame:
            return resource(progress=job.progress, **keywords)

        def assign(frame: pd.DataFrame) -> str | Nothing | Question:
            self.state.frame = frame
            self._show_totals(frame, query, key, f"all {counted(len(frame), 'row')}, fetched at {_now()}")
            held_now = notebook.value_of(name)
            if held_now is not None and held_now is not held:  # assigned while the rows came
                return self._ask_to_assign(name, held_now)
            assigned = self._assign_frame(name)
            return assigned if len(frame) else Nothing(f"No records match. {assigned}")

        self._start(f"Fetching {name}", fetch, assign)

    def _keep(self, _message: Mapping[str, Any]) -> None:
        asked = self.state.question
        deleting = asked is not None and asked.action == "delete_question"
        self._say(f"Nothing was {'deleted' if deleting else 'replaced'}.")

    def _assign(self, message: Mapping[str, Any]) -> None:
        """Assign the frame that was fetched last to a variable that had changed meanwhile."""
        self._form_changed(message)
        asked, name = self.state.question, _text(message, "replace")
        if self.state.frame is None or asked is None or (asked.action, asked.about) != ("assign", name):
            self._say("Nothing was replaced.")
        elif not asked.unchanged():
            self._ask(self._ask_to_assign(name, notebook.value_of(name)))
        else:
            self._say(self._assign_frame(name), "done")

    def _assign_frame(self, name: str) -> str:
        variables = notebook.variables()
        if variables is None:
            return f"Fetched {self._frame_size()}: the explorer's attribute frame holds them."
        variables[name] = self.state.frame
        return f"The variable {name} holds {self._frame_size()}."

    def _ask_to_assign(self, name: str, held: object) -> Question:
        text = (
            f"Fetched {self._frame_size()}. Meanwhile, {name} was given another value "
            f"({notebook.describe(held)}). Replace it? Until then, the explorer's attribute frame holds the "
            "rows."
        )
        return Question(
            text,
            action="assign",
            yes="Replace the variable",
            about=name,
            unchanged=lambda: notebook.value_of(name) is held,
        )

    def _frame_size(self) -> str:
        rows, columns = (0, 0) if self.state.frame is None else self.state.frame.shape
        return f"{counted(rows, 'row')}, {counted(columns, 'column')}"

    def _find(self, message: Mapping[str, Any]) -> None:
        """Search the records of a kind by name; their names are fetched first unless they are here."""
        kind, text = kind_of(_word(message, "named")), _word(message, "text").strip()
        if kind is None or not text:
            return
        about = {"view": _word(message, "view"), "place": _word(message, "place")}

        def show(names: Names) -> str | Nothing:
            self._names[kind] = names
            found = names.search(text)
            shown = [[entry.id, entry.name, entry.about] for entry in found[:MOST_MATCHES]]
            of = f"of the {len(names.entries):,} {plural(kind)} (as of {names.at})"
            said = f"Found {len(found):,} {of}." if found else f"None {of} has that in its name."
            self._tell("found", **about, matches=shown, more=len(found) - len(shown), said=said)
            return said if found else Nothing(said)

        known = self._names.get(kind)
        if known is not None and known.is_fresh:
            said = show(known)
            self._say(str(said), "warning" if isinstance(said, Nothing) else "done")
        else:
            self._start(
                f"Fetching the names of {plural(kind)}",
                lambda job: fetch_names(self.connection, kind, job),
                show,
            )

    def _questions_message(self) -> dict[str, Any]:
        names: list[str] = []
        problem = ""
        try:
            names = self._questions.names()
        except FormError as error:
            problem = error.what
        return {"names": names, "problem": problem, "file": FILE}

    def _keep_question(self, message: Mapping[str, Any]) -> None:
        """Save what the form asks."""
        self._form_changed(message)
        name = checked_name(_text(message, "name"))
        if name in self._questions.names() and not self._agreed("keep_question", name, message):
            self._ask(
                Question(
                    f"{FILE} already has a question “{name}”. Replace it?",
                    action="keep_question",
                    yes="Replace the question",
                    about=name,
                    unchanged=lambda: True,
                )
            )
            return
        left_out = self._questions.save(name, self.state.form, self._queries)
        self._tell("questions", **self._questions_message())
        said = f"Saved the question “{name}” in {FILE}"
        if left_out:
            parts = ", ".join(left_out)
            self._say(f"{said}, without the value of {parts}: it may be about a person.", "warning")
        else:
            self._say(f"{said}.", "done")

    def _load_question(self, message: Mapping[str, Any]) -> None:
        """Fill the form with a saved question."""
        name = _text(message, "name")
        self._tell("questions", **self._questions_message())
        loaded = self._questions.load(name)
        form = replace(loaded, variable=self.state.form.variable, file=self.state.form.file)
        resource_of(form, self._queries)  # of another version, it may be gone
        # No view's own: all of them draw it.
        self._form_changed({"form": form.as_message()})
        self._say(f"Loaded the question “{name}”.", "done")

    def _delete_question(self, message: Mapping[str, Any]) -> None:
        name = _text(message, "name") or _text(message, "replace")
        if not self._agreed("delete_question", name, message):
            self._ask(
                Question(
                    f"Delete the question “{name}” from {FILE}?",
                    action="delete_question",
                    yes="Delete the question",
                    about=name,
                    unchanged=lambda: True,
                )
            )
            return
        self._questions.delete(name)
        self._tell("questions", **self._questions_message())
        self._say(f"Deleted the question “{name}”.", "done")

    def _show_totals(
        self, frame: pd.DataFrame, query: Query, key: str, of: str, *, part: bool = False
    ) -> None:
        """Show what fetched rows add up to; where they are a part, say so."""
        found = totals(frame, self.state.form.by or query.endpoint.date)
        self.state.totals = found and {**found, "of": of, "part": part, "key": key}
        self._tell("totals", shown=self.state.totals)

    def _show_personal(self, message: Mapping[str, Any]) -> None:
        self.state.personal = message.get("shown") is True
        self._tell("preview", **self._preview_message())

    def _preview_message(self) -> dict[str, Any]:
        if self.state.preview is None:
            return {"shown": None}
        return {"shown": self.state.preview.as_message(personal=self.state.personal)}

    def _pull(self, message: Mapping[str, Any]) -> None:
        offset = message.get("offset")
        self._downloads.pull(_word(message, "ticket"), offset if isinstance(offset, int) else -1)

    def _received(self, message: Mapping[str, Any]) -> None:
        """Take note that the browser has the whole file, and what came of checking it."""
        download = self._downloads.find(_word(message, "ticket"))
        if download is None:
            return
        about = f"{download.name} ({files.size_text(download.size)})"
        self._downloads.drop()
        self._tell("job", **self._job_message())
        if message.get("intact") is not True:
            self._say(f"{about} did not arrive intact and was not kept: try again.", "error")
        elif message.get("checksum") is True:
            self._say(f"Downloaded {about}; its checksum is right.", "done")
        else:
            self._say(f"Downloaded {about}; its length is right.", "done")

    def _download_expired(self, download: Download) -> None:
        with self._lock:
            if self._downloads.current is download:
                self._downloads.drop()
                self._tell("job", **self._job_message())
                self._say("The file was not fetched in time and was dropped: press Download again.", "error")

    def _resource(self) -> Resource:
        resource: Resource = getattr(self.connection, self.state.form.resource)
        return resource

    def _start(
        self,
        label: str,
        work: Callable[[Job], Any],
        finish: Callable[[Any], str | Nothing | Question],
        *,
        irrevocable: bool = False,
        download: Download | None = None,
    ) -> None:
        """Start a job, unless one is running (see :class:`Job` for the parameters)."""
        running = self._jobs.current
        if running is not None:
            label = running.label[0].lower() + running.label[1:]
            self._say(f"Still {label}. Cancel it, or wait.", "error")
            return
        self._downloads.replace(download)
        job = Job(label, work, finish, irrevocable=irrevocable, on_progress=self._job_progressed)
        self._told_progress = 0.0
        self._say(f"{label}…")
        self._jobs.start(job)
        self._tell("job", **self._job_message())

    def _job_progressed(self, job: Job) -> None:
        with self._lock:
            now = monotonic()
            if job is self._jobs.current and now - self._told_progress >= PROGRESS_INTERVAL:
                self._told_progress = now
                self._tell("job", **job.as_message())

    def _job_ended(self, job: Job, outcome: Outcome, *, abandoned: bool) -> None:
        """Bring a job's result to where it belongs, or say why there is none."""
        if abandoned and outcome.kind != "done":
            # The form has said so already. The job itself may know more, such as which rows were kept.
            if outcome.kind == "cancelled" and self.state.text == CANCELLED:
                self._say(outcome.text)
            return
        if outcome.kind != "done":
            self._downloads.drop()
        self._tell("job", **self._job_message())
        if outcome.kind != "done":
            self._say(outcome.text, _TONES[outcome.kind])
            return
        try:
            said = job.finish(outcome.value)
        except Exception as error:  # noqa: BLE001 - a thread has nobody else to tell
            self._say(words(error), "error")
            return
        if isinstance(said, Question):
            self._ask(replace(said, text=f"{outcome.text} {said.text}".strip()))
            return
        too_late = "It was too late to cancel. " if job.cancelled else ""
        tone: Tone = "warning" if isinstance(said, Nothing) else "done"
        self._say(f"{too_late}{said} {outcome.text}".strip(), tone)

    def _job_message(self) -> dict[str, Any]:
        job, download = self._jobs.current, self._downloads.current
        if job is not None:
            return job.as_message()
        ticket = None if download is None else download.ticket
        return {"running": ticket is not None, "label": "Downloading", "ticket": ticket}

    def _say(self, text: str, tone: Tone = "", *, question: Question | None = None) -> None:
        self.state.text, self.state.tone, self.state.question = text, tone, question
        self._tell("status", **self._status_message())

    def _ask(self, question: Question) -> None:
        self._say(question.text, question=question)

    def _agreed(self, action: str, about: str, message: Mapping[str, Any]) -> bool:
        """Tell whether the user has agreed to replace exactly this."""
        asked = self.state.question
        if asked is None or (asked.action, asked.about) != (action, about):
            return False
        return _text(message, "replace") == about and asked.unchanged()

    def _status_message(self) -> dict[str, Any]:
        asked = self.state.question
        question = None
        if asked is not None:
            question = {"action": asked.action, "yes": asked.yes, "about": asked.about}
        return {"text": self.state.text, "tone": self.state.tone, "question": question}


def _call_key(resource: str, keywords: Mapping[str, Any]) -> str:
    """Return a text that is equal for equal calls: tells whether the form has changed since."""
    return repr((resource, sorted(keywords.items(), key=lambda pair: pair[0])))


def _now() -> str:
    return datetime.now().strftime("%H:%M")  # noqa: DTZ005 - the reader's clock


def _text(message: Mapping[str, Any], name: str) -> str:
    value = message.get(name)
    return value if isinstance(value, str) else ""


def _word(message: Mapping[str, Any], name: str) -> str:
    return _text(message, name)[:_MAX_WORD]
