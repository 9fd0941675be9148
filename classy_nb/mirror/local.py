"""A mirror in a DuckDB file: opened without credentials, refreshed in a copy that then replaces the file.

``classy.mirror`` and ``cn.open_mirror`` make a :class:`Mirror`. DuckDB locks a file against readers while it
is written to; so a refresh works on a copy in a hidden folder beside the file, and renames it at the end.
Readers open the file for each call, and so always find a whole one.
"""

from __future__ import annotations

import json
import operator
import os
import shutil
from collections.abc import Iterable
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self, SupportsIndex

from filelock import FileLock, Timeout

from classy_nb import __version__
from classy_nb.arguments import is_one_of, shown
from classy_nb.catalog import load
from classy_nb.credentials import git_state
from classy_nb.errors import (
    CredentialsWarning,
    DataWarning,
    InterruptedFetchError,
    MirrorError,
    NotFoundError,
    UsageError,
    warn,
)
from classy_nb.files import IN_USE, checked_path, put_in_place, why_not
from classy_nb.query import instant
from classy_nb.redact import clear_tracebacks

from .destination import ABOUT, DuckDBFile, check_header, connect, duckdb_errors
from .forget import FORGOTTEN, erase
from .history import History, rewound
from .reading import Readable
from .refresh import Refresh
from .tables import HASH_KEY, ORGANIZATION, SYNCED, keyed_hash, listed, mirrored_lists

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pandas as pd

    from classy_nb.query import Moment, Names
    from classy_nb.widgets import Explorer

    from .source import Connection
    from .tables import MirroredList

SCHEMA = "1"
"""Version of the layout of the tables that a mirror has for itself."""
_NOBODY_ELSE = 0o600


class Mirror(Readable, History):
    """A copy of an organization's lists in a DuckDB file.

    Get one from :meth:`classy_nb.Classy.mirror`, or from :func:`classy_nb.open_mirror`, which needs neither
    credentials nor a network. :meth:`refresh` brings it up to date and proves that it is equal.

    The file holds donors. It is readable for its owner only (mode 0600), and so is everything in the hidden
    folder beside it, ``.classy.duckdb.mirror`` for ``classy.duckdb``, where a refresh works. Windows has no
    modes: there, both are as private as the folder that they are in.

    Parameters
    ----------
    path
        The file.
    classy
        The connection that :meth:`refresh` asks.
    resources, since, history, trust_totals
        As in :meth:`classy_nb.Classy.mirror`.
    organization
        The organization's id, where the file holds several and there is no connection.
    exclude, hash
        As in :func:`classy_nb.mirror.sync`.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        classy: Connection | None = None,
        resources: Names = None,
        since: Moment | None = None,
        history: bool | None = None,
        trust_totals: bool = True,
        organization: int | None = None,
        exclude: Names = (),
        hash: Names = (),  # noqa: A002 - what the command line calls it
    ) -> None:
        self.path = checked_path(path).expanduser().absolute()
        self._classy = classy
        self._history = history
        self._trust_totals = trust_totals
        self._organization = organization if classy is None else classy.organization
        self._since = None if since is None or classy is None else instant(since, classy.timezone)
        self._resources = None if resources is None else [one.name for one in mirrored_lists(resources)]
        self._exclude, self._hash = exclude, hash
        mirrored_lists(resources, exclude=exclude, hash=hash)  # a typo is an error now, not in an hour
        if self.path.is_dir():
            raise UsageError(f"{self.path} is a folder.", advice="Name a file, such as 'classy.duckdb'.")

    def __repr__(self) -> str:
        moment = self.as_of_moment
        then = "" if moment is None else f" as of {moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        return f"<Mirror {str(self.path)!r}{then}>"

    @contextmanager
    def connect(self) -> Iterator[Any]:
        """Open the file to read, for as long as a ``with`` block lasts.

        Yields
        ------
        duckdb.DuckDBPyConnection
            Read-only, with the tables by their bare names. It shows the file as it was when it was opened: a
            refresh that ends meanwhile does not disturb it.

        Raises
        ------
        MirrorError
            The file does not exist yet, is damaged or not a mirror, or something else writes to it.
        """
        if not self.path.exists():
            raise MirrorError(
                f"{self.path} does not exist.", advice="classy.mirror(path).refresh() makes it."
            )
        with connect(self.path) as connection:
            if self.as_of_moment is None:
                yield connection
                return
            with rewound(connection, self.organization, self.as_of_moment):
                yield connection

    @property
    @clear_tracebacks
    def organization(self) -> int:
        """The organization's id."""
        if self._organization is None:
            found = [row[0] for row in self._rows(f"SELECT DISTINCT {ORGANIZATION} FROM {ABOUT.name}")]  # noqa: S608
            if len(found) != 1:
                listed = ", ".join(map(str, sorted(found))) or "none"
                raise UsageError(
                    f"{self.path} holds several organizations: {listed}.",
                    advice="Name one: cn.open_mirror(path, organization=...).",
                )
            self._organization = int(found[0])
        return self._organization

    @property
    @clear_tracebacks
    def about(self) -> dict[str, str]:
        """What the file says of the organization's rows in it: when, what and how they were fetched."""
        return dict(
            self._rows(
                f"SELECT key, value FROM {ABOUT.name} WHERE {ORGANIZATION} = ?",  # noqa: S608
                self.organization,
            )
        )

    @property
    @clear_tracebacks
    def timezone(self) -> str:
        """The organization's time zone, in which frames show instants."""
        return self.about["timezone"]

    @property
    @clear_tracebacks
    def refreshed_at(self) -> datetime:
        """When the last refresh began, in UTC: what changed at the API later may not be here."""
        [(moment,)] = self._rows(
            f"SELECT epoch_us(max({SYNCED})) FROM _refreshes WHERE {ORGANIZATION} = ?",  # noqa: S608
            self.organization,
        )
        return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=moment)

    @property
    @clear_tracebacks
    def organization_name(self) -> str | None:
        """The organization's name, where the API told it."""
        return self._known.get("organization_name") or None

    @clear_tracebacks
    def explore(self) -> Explorer:
        """Open the explorer on the mirror: the form of :meth:`classy_nb.Classy.explore`, without requests.

        Resources that the mirror does not hold are marked in the form, and what else it cannot answer is
        said when a button is pressed.

        Returns
        -------
        Explorer
            As for a connection.

        Raises
        ------
        MirrorError
            The file does not exist yet.
        ImportError
            The extra is missing: ``pip install 'classy-nb[mirror]'``.
        """
        from classy_nb.widgets import Explorer

        self._held()  # there is a file to explore
        return Explorer(self, self._queries, held=self._held)

    def _rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        with self.connect() as connection:
            rows: list[tuple[Any, ...]] = connection.execute(sql, list(values)).fetchall()
        return rows

    @clear_tracebacks
    def refresh(self, verify: str = "quick") -> pd.DataFrame:
        """Bring the file up to date, and prove that it equals what the API has.

        The first time, everything is loaded. If that is interrupted, or the process is killed, the next call
        goes on where this one ended. Later, only what is new is fetched: what was created or changed since
        the last time. By counting, what vanished is found, too; it stays, with a date in ``_deleted_at``.

        Parameters
        ----------
        verify
            ``"quick"``: equal is what has the same number of records at the API as here, by ranges of their
            ids, and still has the hash that it was written with. ``"full"``: all is read again and every cell
            is compared; what differs is repaired, and is in the report.

        Returns
        -------
        DataFrame, one row a list
            ``list``; ``rows_here`` and ``count_at_api``; ``inserted``, ``changed`` and ``vanished`` records;
            ``requests`` and ``seconds`` that it took; ``equal``, and in ``shown_by`` how that was shown, and
            what could not be; ``differed``: in which columns the changed records were different, and in how
            many, such as ``status (2), metadata (1)``; ``misfits``: in which columns there are values that do
            not fit, and how many, which are in ``<column>__v_text`` of the table. ``count_at_api`` is missing
            where the API cannot count, the last two where there are none.

        Raises
        ------
        UsageError
            The mirror was opened without a connection, or *verify* is neither of the two.
        MirrorError
            Another refresh of this file is running; the file is damaged, or belongs to something else; git
            would see it; or it holds the rows since another date. The file is as it was.
        InterruptedFetchError
            Ctrl-C was pressed. The message says what is kept.
        ClassyError
            The API could not be asked. The file is as it was.
        """
        if not is_one_of(verify, ("quick", "full")):
            raise UsageError(f"verify={shown(verify)} must be 'quick' or 'full'.")
        if self.as_of_moment is not None:
            raise UsageError("This is an earlier state of the mirror.", advice="Refresh the mirror itself.")
        if self._classy is None:
            raise UsageError(
                "This mirror was opened without a connection.",
                advice=f"classy.mirror({str(self.path)!r}).refresh() refreshes it.",
            )
        with _Workshop(self.path) as workshop:
            try:
                with duckdb_errors(self.path):
                    report = self._refresh_in(workshop, self._classy, full=verify == "full")
            except KeyboardInterrupt:
                kept = "What is written stays; the next refresh goes on from there."
                if not workshop.keep_draft:
                    kept = f"{self.path} is as it was."
                raise InterruptedFetchError("Stopped.", advice=kept) from None
        return report_frame(report)

    @clear_tracebacks
    def forget(self, supporter: int | Iterable[int]) -> pd.DataFrame:
        """Erase a person: from all tables, and from all versions in the history.

        What names them, says how to reach them, or was written by them becomes missing: in their row of
        ``supporters``, and in their gifts, plans, registrations, pages, teams and answers. These are the
        columns that the package hides elsewhere, too (titles and descriptions of pages are not among them),
        free-form JSON, and whatever the catalog does not know. The rows stay, with ids, dates and amounts, so
        that totals and counts still hold.

        The file notes the ids, and a later refresh leaves the same columns of these rows blank, and those of
        new rows of the same supporter. It cannot be undone; the API still has the person.

        Parameters
        ----------
        supporter
            The id of a supporter, or several.

        Returns
        -------
        DataFrame, one row a table
            ``table`` and ``rows``: how many rows of it are about them.

        Raises
        ------
        UsageError
            An id is not a whole number, or this is an earlier state of the mirror.
        NotFoundError
            Nothing in the file is about them. The file is as it was.
        MirrorError
            A refresh of this file is running, or the file cannot be written.
        """
        if self.as_of_moment is not None:
            raise UsageError("An earlier state cannot forget.", advice="Call forget() of the mirror itself.")
        given = (
            [supporter]
            if isinstance(supporter, int | str) or not isinstance(supporter, Iterable)
            else supporter
        )
        ids = [_id_of(one) for one in given]
        with self.connect():  # else there is no file
            organization = self.organization
        with _Workshop(self.path, resume=False) as workshop, duckdb_errors(self.path):
            found = erase(workshop.draft, organization, ids)
            if not found:
                listed = ", ".join(map(str, ids))
                raise NotFoundError(f"Nothing in {self.path} is about supporter {listed}.")
            workshop.finish()
        import pandas as pd

        return pd.DataFrame({"table": [*found], "rows": [*found.values()]}).astype(
            {"table": "string", "rows": "Int64"}
        )

    def _refresh_in(self, workshop: _Workshop, classy: Connection, *, full: bool) -> list[dict[str, Any]]:
        draft = workshop.draft
        file = DuckDBFile(draft, workshop.folder)
        stored: dict[str, str] = {}
        there = file.columns()
        forgets = FORGOTTEN.name in there
        if ABOUT.name in there:
            rows = file.rows(ABOUT, classy.organization).to_pylist()
            stored = {row["key"]: row["value"] for row in rows}
        about, lists = agreed(
            stored,
            classy,
            self._resources,
            self._since,
            exclude=self._exclude,
            hash=self._hash,
            what=str(self.path),
            history=self._history,
        )
        if not stored:
            workshop.begin_first_load()
        refresh = Refresh(
            classy,
            lists,
            file,
            about=about,
            since=None if not about["since"] else datetime.fromisoformat(about["since"]),
            history=about["history"] == "true",
            full=full,
            trust_totals=self._trust_totals,
        )
        try:
            report = refresh.run()
            file.tidy()
        finally:
            file.close()
        if forgets:
            erase(draft, classy.organization)
        workshop.finish()
        return report


def _id_of(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, SupportsIndex):
        raise UsageError(f"forget() takes ids of supporters, which are whole numbers, not {shown(value)}.")
    return operator.index(value)


def agreed(
    stored: dict[str, str],
    classy: Connection,
    resources: list[str] | None,
    since: datetime | None,
    *,
    exclude: Names,
    hash: Names,  # noqa: A002 - what the command line calls it
    what: str,
    history: bool | None,
) -> tuple[dict[str, str], list[MirroredList]]:
    """Return what a mirror will say of itself, and its lists: as stored, as far as not told.

    Raises
    ------
    MirrorError
        What is asked for does not agree with what is stored.
    """
    if stored.get("schema", SCHEMA) != SCHEMA:
        raise MirrorError(
            f"{what} was made by classy_nb {stored.get('package')}, in another layout.",
            advice="Make it anew, under another name.",
        )
    asked = "" if since is None else since.isoformat()
    if stored and since is not None and stored["since"] != asked:
        raise MirrorError(
            f"{what} holds the rows since {stored['since'] or 'the beginning'}, not since {asked}.",
            advice="Leave since= out, or make another mirror under another name.",
        )
    protected = {"exclude": sorted(listed(exclude)), "hash": sorted(listed(hash))}
    for option, columns in protected.items():
        said = stored.get(option, "")
        if stored and columns and said != ",".join(columns):
            # What was written before, and its history, would stay as it is.
            raise MirrorError(
                f"{what} was made with {option}={shown(said)}, not {shown(','.join(columns))}.",
                advice="Leave it out, or make another one under another name.",
            )
        if stored:
            protected[option] = listed(said)
    before = [name for name in stored.get("resources", "").split(",") if name]
    wanted = resources if resources is not None or before else [one.name for one in mirrored_lists()]
    names = list(dict.fromkeys([*before, *(wanted or ())]))
    if history is None:
        history = stored.get("history") != "false"
    before_history = datetime.now(UTC).isoformat()
    if stored.get("history") == "true":
        before_history = stored.get("history_since", "")
        if not history:
            warn(
                f"{what} no longer keeps its history: changes() and as_of() stop answering, "
                "and history=True will begin a new one.",
                DataWarning,
            )
    lists = mirrored_lists(names, **protected)
    keys = [one.hash_key for one in lists if one.hash_key is not None]
    key = keyed_hash("the key of this mirror", keys[0])[:16] if keys else ""
    if stored.get("hash_key", key) != key:
        raise MirrorError(
            f"{what} was hashed with another key than that in {HASH_KEY}.", advice="Set the one of then."
        )
    about = {
        "organization_name": classy.organization_name or "",
        "timezone": classy.timezone,
        "resources": ",".join(names),
        "since": stored.get("since", asked),
        "history": "true" if history else "false",
        # What refreshes without history saw is not known, even if they lie between others with it.
        "history_since": before_history if history else "",
        "fiscal_year_start": str(classy.fiscal_year_start),
        **{option: ",".join(columns) for option, columns in protected.items()},
        "hash_key": key,
        "catalog": load().version,
        "package": __version__,
        "schema": SCHEMA,
    }
    return about, lists


class _Workshop:
    """The hidden folder beside a mirror's file in which one refresh at a time works on a copy of it.

    Parameters
    ----------
    path
        The file.
    resume
        Whether to go on with the draft of a first load that was interrupted.

    Attributes
    ----------
    draft
        The copy; a new file where there is none to copy.
    keep_draft
        Whether what a refresh has done stays for the next one if it fails: while everything is loaded for the
        first time.
    """

    def __init__(self, path: Path, *, resume: bool = True) -> None:
        self._resume = resume
        self._shown = path
        self._path = path.resolve()  # a link stays one
        self.folder = self._path.with_name(f".{self._path.name}.mirror")
        self.draft = self.folder / "draft.duckdb"
        self.keep_draft = False
        self._base = self.folder / "base.json"
        self._lock = FileLock(self.folder / "lock", timeout=0)
        self._is_finished = False

    def __enter__(self) -> Self:
        if reason := why_not(self._shown):
            raise MirrorError(f"{self._shown} cannot be written: {reason}.", advice="Choose another name.")
        try:
            self._check_git()
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.folder.mkdir(mode=0o700, exist_ok=True)
            self.folder.chmod(0o700)
            (self.folder / ".gitignore").write_text("*\n", encoding="utf-8")
            try:
                self._lock.acquire()
            except Timeout:
                raise MirrorError(
                    f"Another refresh of {self._shown} is running.", advice="Wait for it to end."
                ) from None
            self._take_up()
        except OSError as error:
            self._lock.release()
            raise MirrorError(
                f"{self._shown} cannot be written: {error.strerror or error}.",
                advice="The file is as it was. A refresh needs room for a second copy of it beside it.",
            ) from None
        except BaseException:
            self._lock.release()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._clear(keep_draft=self.keep_draft and not self._is_finished)
        finally:
            self._lock.release()

    def _check_git(self) -> None:
        state = git_state(self._path) if self._path.parent.exists() else "outside"
        if state in ("tracked", "exposed"):
            does = "tracks" if state == "tracked" else "does not ignore"
            undo = f"Run git rm --cached {self._path.name}, then add" if state == "tracked" else "Add"
            raise MirrorError(
                f"git {does} {self._shown}: the donors in it would be committed.",
                advice=f"{undo} the line {self._path.name} to .gitignore, and refresh again.",
            )
        if state == "unknown":
            what = f"git did not say whether it ignores {self._shown}: make sure that it does."
            warn(what, CredentialsWarning)

    def _take_up(self) -> None:
        """Go on with the draft of an earlier first load, or copy the file."""
        base = self._state()
        with suppress(OSError, ValueError):
            if self._resume and self.draft.exists() and json.loads(self._base.read_text("utf-8")) == base:
                self._clear(keep_draft=True)
                return
        self._clear(keep_draft=False)
        if base is None:
            return
        check_header(self._path)
        try:
            shutil.copyfile(self._path, self.draft)
            self.draft.chmod(_NOBODY_ELSE)
            # The copy, for a notebook may have the file itself open.
            with connect(self.draft, shown=self._shown):
                pass  # it is a mirror, and whole as far as can be seen
        except BaseException:
            self.draft.unlink(missing_ok=True)  # donors' data, and much of a full disk
            raise

    def begin_first_load(self) -> None:
        """Note of which file the draft is a copy, so that a later refresh may go on with it."""
        self.keep_draft = True
        self._base.write_text(json.dumps(self._state()), encoding="utf-8")

    def _state(self) -> list[int] | None:
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return None
        return [status.st_size, status.st_mtime_ns, status.st_ino]

    def _clear(self, *, keep_draft: bool) -> None:
        """Remove what a refresh leaves behind: the draft goes, too, unless it is to stay."""
        kept = {"lock", ".gitignore"}
        if keep_draft:
            kept.add(self._base.name)
        for entry in self.folder.iterdir():
            # DuckDB writes to several files beside its own, by its version; some hold what is committed.
            if entry.name in kept or (keep_draft and entry.name.startswith(self.draft.name)):
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry, ignore_errors=True)
            else:
                # On Windows, it may still be open somewhere: then the next refresh removes it.
                with suppress(PermissionError):
                    entry.unlink(missing_ok=True)

    def finish(self) -> None:
        """Put the draft into the place of the file."""
        self.draft.chmod(_NOBODY_ELSE)
        with self.draft.open("rb+") as file:
            os.fsync(file.fileno())
        try:
            put_in_place(self.draft, self._path, patience=_PATIENCE)
        except OSError as error:
            if error.errno not in IN_USE:
                raise
            raise MirrorError(
                f"{self._shown} is in use and cannot be replaced.",
                advice="Close what reads it, and refresh again: Windows does not replace open files.",
            ) from None
        self._is_finished = True


_PATIENCE = 10.0
"""For how many seconds a finished copy waits for the readers of the file in its place."""


def report_frame(report: list[dict[str, Any]]) -> pd.DataFrame:
    """Return a report as a frame."""
    import pandas as pd

    kinds = {
        "rows_here": "Int64",
        "count_at_api": "Int64",
        **dict.fromkeys(("inserted", "changed", "vanished", "requests"), "Int64"),
        "seconds": "Float64",
        "equal": "boolean",
        **dict.fromkeys(("differed", "misfits"), "string"),
    }
    return pd.DataFrame(report).astype(kinds)


@clear_tracebacks
def open_mirror(path: str | os.PathLike[str], *, organization: int | None = None) -> Mirror:
    """Open a mirror to read: without credentials, and without a network.

    Parameters
    ----------
    path
        The DuckDB file that :meth:`classy_nb.Classy.mirror` made.
    organization
        Whose rows, where the file holds several organizations.

    Returns
    -------
    Mirror
        The mirror; its :meth:`~Mirror.refresh` needs ``classy.mirror(path)`` instead.

    Raises
    ------
    MirrorError
        The file does not exist, or it is not a mirror.
    UsageError
        It holds several organizations, and *organization* does not name one of them.
    """
    mirror = Mirror(path, organization=organization)
    if not mirror.about:
        raise UsageError(f"{path} does not hold organization {mirror.organization}.")
    return mirror
