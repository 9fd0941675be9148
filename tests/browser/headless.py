"""A notebook that is run and exported without a browser, with the state of all its widgets stored."""

from __future__ import annotations

import dataclasses
import json
import threading
from typing import TYPE_CHECKING, Any, Self

from browser.notebook import write_notebook
from support.connection import CANARY, CLIENT_ID

from classy_nb.sandbox import Sandbox

if TYPE_CHECKING:
    from subprocess import CompletedProcess

    from browser.servers import Home

CELLS = (
    "import classy_nb as cn\ngifts = cn.connect().transactions()",
    "try:\n    cn.login()\nexcept cn.ClassyError as error:\n    print(type(error).__name__, error)",
    "classy = cn.connect()\nclassy",
    "classy.explore()",
)
RUN = ("nbconvert", "--to", "notebook", "--execute", "--inplace", "shown.ipynb")
EXPORT = ("nbconvert", "--to", "html", "shown.ipynb")


class Headless:
    """The notebook, from ``with`` on run and exported in the background: it needs seconds and no screen.

    Attributes
    ----------
    box
        The sandbox of its kernel, a slow one.
    folder
        Where it is, and its export, and nothing else.
    """

    def __init__(self, home: Home) -> None:
        self.box = Sandbox(
            transactions=2_000, requests_per_minute=0, client_id=CLIENT_ID, client_secret=CANARY
        )
        self.folder = home.notebooks / "headless"
        self._home = home
        self._ended: list[CompletedProcess[str]] = []
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        for command in (RUN, EXPORT):
            self._ended.append(self._home.run(*command, folder=self.folder))

    def __enter__(self) -> Self:
        self.box.__enter__()
        self.box.faults.latency_ms = 60
        addresses = {"CLASSY_BASE_URL": self.box.base_url, "CLASSY_TOKEN_URL": self.box.token_url}
        self._home = dataclasses.replace(self._home, environ={**self._home.environ, **addresses})
        self.folder.mkdir()
        write_notebook(self.folder / "shown.ipynb", *CELLS)
        self._thread.start()
        return self

    def notebook(self) -> Any:
        """Return the notebook as it was written after its run."""
        self.said()
        return json.loads((self.folder / "shown.ipynb").read_text("utf-8"))

    def html(self) -> str:
        """Return its export."""
        self.said()
        return (self.folder / "shown.html").read_text("utf-8")

    def said(self) -> str:
        """Return what was said meanwhile; fail where something went wrong."""
        self._thread.join()
        said = "\n".join(ended.stdout + ended.stderr for ended in self._ended)
        assert [ended.returncode for ended in self._ended] == [0, 0], said[-3000:]
        return said

    def __exit__(self, *_: object) -> None:
        self._thread.join()
        self.box.__exit__(None, None, None)
