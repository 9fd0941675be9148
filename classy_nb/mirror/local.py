"""A mirror in a DuckDB file: opened without credentials, refreshed in a copy that replaces the file."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from classy_nb import __version__
from classy_nb.catalog import load
from classy_nb.errors import UsageError

from .destination import DuckDBFile, connect
from .reading import Readable
from .refresh import ABOUT, Refresh
from .tables import ORGANIZATION, mirrored_lists

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

    from .source import Connection


class Mirror(Readable):
    """A copy of an organization's lists in a DuckDB file."""

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        classy: Connection | None = None,
        resources: Any = None,
        since: Any = None,
        history: bool = True,
        organization: int | None = None,
    ) -> None:
        self.path = Path(path).absolute()
        self._classy = classy
        self._resources = resources
        self._since = since
        self._history = history
        self._organization = organization if classy is None else classy.organization

    @contextmanager
    def connect(self) -> Iterator[Any]:
        """Open the file to read, for as long as the block lasts: ``with copy.connect() as duck: ...``."""
        with connect(self.path) as connection:
            yield connection

    @property
    def organization(self) -> int:
        """The organization's id."""
        if self._organization is not None:
            return self._organization
        with self.connect() as connection:
            found = connection.execute(f'SELECT DISTINCT "{ORGANIZATION}" FROM "{ABOUT}"').fetchall()  # noqa: S608
        if len(found) != 1:
            raise UsageError(
                f"{self.path} holds {len(found)} organizations.", advice="Name one: organization="
            )
        self._organization = int(found[0][0])
        return self._organization

    @property
    def about(self) -> dict[str, str]:
        """What the file says of itself."""
        with self.connect() as connection:
            rows = connection.execute(
                f'SELECT key, value FROM "{ABOUT}" WHERE "{ORGANIZATION}" = ?',  # noqa: S608
                [self.organization],
            ).fetchall()
        return dict(rows)

    @property
    def timezone(self) -> str:
        """The organization's time zone."""
        return self.about["timezone"]

    def refresh(self) -> Any:
        """Bring the file up to date."""
        if self._classy is None:
            raise UsageError("This mirror was opened without a connection.", advice="classy.mirror(path)")
        lists = mirrored_lists(self._resources)
        folder = self.path.with_name(f".{self.path.name}.mirror")
        folder.mkdir(mode=0o700, exist_ok=True)
        about = {
            "organization_name": self._classy.organization_name or "",
            "timezone": self._classy.timezone,
            "resources": ",".join(one.name for one in lists),
            "since": "" if self._since is None else str(self._since),
            "history": str(self._history).lower(),
            "catalog": load().version,
            "package": __version__,
            "schema": "1",
            "currency": "",
        }
        draft = folder / self.path.name
        report = Refresh(
            self._classy, lists, DuckDBFile(draft, folder / "dlt"), about=about, history=self._history
        ).run()
        draft.replace(self.path)
        return report


def open_mirror(path: str | os.PathLike[str], *, organization: int | None = None) -> Mirror:
    """Open a mirror without credentials and network."""
    if not Path(path).exists():
        raise UsageError(f"{path} does not exist.", advice="classy.mirror(path).refresh() makes it.")
    return Mirror(path, organization=organization)
