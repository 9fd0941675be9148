"""Saved questions: what the form asks, under a name, in a small JSON file beside the notebook.

A question goes in and comes out as a :class:`Form`; the controller decides when. The file may be committed or
sent to a colleague, so it holds the question only: no rows, no credentials, no names of files, and no values
that are about people. Such a value is left out, and whoever saves is told.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from classy_nb.export import AtomicFile
from classy_nb.redact import SECRET_KEYS, scrub

from .form import Form, FormError, endpoint_of
from .preview import has_contact, is_masked

if TYPE_CHECKING:
    from classy_nb.query import QueryBuilder

FILE = "classy-questions.json"
_ABOUT = "Questions of classy.explore(): what to fetch, without personal data and without credentials."
_VERSION = 1
_PARTS = ("resource", "parent", "values", "since", "until", "by", "where", "fields", "include", "aggregates")
"""What belongs to a question. The names of the file and the variable belong to whoever asks it."""
_LONGEST_NAME = 80
_MOST_QUESTIONS = 500
_MOST_BYTES = 5_000_000
"""Far more than so many questions need."""
_WITH_PEOPLE = ("text", "last4", "json", "list", "object")
"""Kinds of columns whose values may be names or addresses; the others have numbers, flags and dates."""
_PLAIN_VALUE = re.compile(r"[-+]?[\d.,:TZ -]*|true|false", re.IGNORECASE)
"""Such a value, typed rightly: anything else may be what belongs into another field."""


class Questions:
    """The questions in the folder where Python runs, which is the notebook's.

    The file is read each time: a second notebook, or a colleague, may have changed it.
    """

    @property
    def path(self) -> Path:
        """Where they are kept."""
        return Path.cwd() / FILE

    def names(self) -> list[str]:
        """Return the names of the questions, in order.

        Raises
        ------
        FormError
            The file is there but cannot be read.
        """
        return sorted(self._read(), key=str.casefold)

    def load(self, name: str) -> Form:
        """Return a question.

        Raises
        ------
        FormError
            There is no such question any more, or the file cannot be read.
        """
        found = self._read().get(name)
        if found is None:
            raise FormError(f"{FILE} has no question “{name}” any more.", "saved")
        return Form.read(found)

    def save(self, name: str, form: Form, queries: QueryBuilder) -> list[str]:
        """Keep a question under a name, in place of an older one of that name.

        Returns
        -------
        list of str
            The parts whose values were left out because they may be about people.

        Raises
        ------
        FormError
            The name does not work, or the file cannot be read: it is never overwritten then.
        ExportError
            The file cannot be written.
        """
        questions = self._read()
        if name not in questions and len(questions) >= _MOST_QUESTIONS:
            raise FormError(f"{FILE} already has {_MOST_QUESTIONS} questions: delete some.", "question")
        question, left_out = _without_people(form, queries)
        self._write({**questions, name: question})
        return left_out

    def delete(self, name: str) -> None:
        """Remove a question.

        Raises
        ------
        FormError
            The file cannot be read.
        ExportError
            The file cannot be written.
        """
        questions = self._read()
        if questions.pop(name, None) is not None:
            self._write(questions)

    def _read(self) -> dict[str, dict[str, Any]]:
        try:
            with self.path.open("rb") as file:
                data = file.read(_MOST_BYTES + 1)
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise self._unreadable(error.strerror or type(error).__name__) from None
        if len(data) > _MOST_BYTES:
            raise self._unreadable("it is too large")
        try:
            found = json.loads(data.decode("utf-8-sig"))
        except UnicodeDecodeError:
            raise self._unreadable("it is not UTF-8 text") from None
        except json.JSONDecodeError as error:
            raise self._unreadable(f"line {error.lineno} is not valid JSON") from None
        except (RecursionError, ValueError):
            raise self._unreadable("it is not valid JSON") from None
        version = found.get("version") if isinstance(found, dict) else None
        if isinstance(version, int) and version > _VERSION:
            raise self._unreadable("it was written by a newer version of classy_nb")
        questions = found.get("questions") if isinstance(found, dict) else None
        if not isinstance(questions, dict) or not all(map(_is_question, questions.values())):
            raise self._unreadable("it does not hold questions of the explorer")
        return questions

    def _unreadable(self, why: str) -> FormError:
        return FormError(
            f"{self.path} cannot be used: {why}. It was left as it is; repair it, move it away or delete it.",
            "saved",
        )

    def _write(self, questions: dict[str, dict[str, Any]]) -> None:
        content = {"about": _ABOUT, "version": _VERSION, "questions": dict(sorted(questions.items()))}
        text = json.dumps(content, ensure_ascii=False, indent=2)
        written = AtomicFile(self.path)
        try:
            written.file.write(f"{text}\n".encode())
        except BaseException:
            written.abort()
            raise
        written.commit()


def checked_name(text: str) -> str:
    """Return a name for a question.

    Raises
    ------
    FormError
        It is empty, too long, or looks like somebody's address.
    """
    name = " ".join(text.split())
    if not name:
        raise FormError("Give the question a name, such as Gifts of this year.", "question")
    if len(name) > _LONGEST_NAME or not name.isprintable():
        raise FormError(f"The name of a question has at most {_LONGEST_NAME} plain characters.", "question")
    if _is_private(name):
        raise FormError(
            "The name looks as if it held an e-mail address, a telephone number or a key, and the file with "
            "the questions must not. Choose another name.",
            "question",
        )
    return name


def _is_question(value: object) -> bool:
    return isinstance(value, dict) and isinstance(value.get("resource"), str)


def _without_people(form: Form, queries: QueryBuilder) -> tuple[dict[str, Any], list[str]]:
    """Return a question as it is written, and the names of what was left out of it."""
    endpoint = endpoint_of(form, queries)
    columns = {column.name: column for column in queries.catalog.columns(endpoint, form.include)}
    question = {part: value for part, value in form.as_message().items() if part in _PARTS}
    left_out: list[str] = []

    where = []
    for number, row in enumerate(form.where, 1):
        column, value = columns.get(row.column), row.value.strip()
        if column is not None and value in column.known:
            keep = True
        elif column is not None and column.kind not in _WITH_PEOPLE:
            keep = _PLAIN_VALUE.fullmatch(value) is not None
        else:
            keep = not (
                is_masked(row.column, form.resource) or row.column in SECRET_KEYS or _is_private(value)
            )
        if not keep:
            left_out.append(f"condition {number} ({row.column or 'without a column'})")
        where.append([row.column, row.operator, row.value if keep else ""])

    # Parents and parameters take numbers, dates and words of a list; other text may be somebody's name.
    words = {word for choices in endpoint.choices.values() for word in choices}
    words |= {word for parameter in endpoint.parameters for word in parameter.choices}
    kept = {
        name: value
        for name, value in form.values.items()
        if value.strip() in words or _PLAIN_VALUE.fullmatch(value.strip())
    }
    left_out += [name.replace("_", " ") for name in form.values if name not in kept]
    return {**question, "where": where, "values": kept}, left_out


def _is_private(text: str) -> bool:
    """Tell whether text seems to hold an address, a telephone number, a token or the like."""
    return has_contact(text) or scrub(text) != " ".join(text.split())
