"""The committed notebooks as people see them, and the data behind them to count again in SQL."""

import re
import sqlite3
from collections.abc import Callable
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import notebook_outputs
import pytest

from classy_nb.sandbox import Sandbox

FOLDER = Path(__file__).parents[2] / "notebooks"


class Shown:
    """A committed notebook, found by the beginning of its name; cells are found by their ids."""

    def __init__(self, name: str) -> None:
        (self.path,) = FOLDER.glob(f"{name}*.ipynb")
        self.notebook = notebook_outputs.load(self.path)
        self._cells = {cell["id"]: cell for cell in self.notebook["cells"]}

    @property
    def transactions(self) -> int:
        """Size of the sandbox that the notebook asks."""
        code = "\n".join(c["source"] for c in self._cells.values() if c["cell_type"] == "code")
        size = re.search(r"cn\.demo\((?:transactions=([\d_]+))?\)", code)
        assert size
        return int(size.group(1) or 60_100)

    def text(self, cell: str) -> str:
        """What a cell printed."""
        return "".join(output.get("text", "") for output in self._cells[cell]["outputs"])

    def source(self, cell: str) -> str:
        return self._cells[cell]["source"]

    def table(self, cell: str) -> list[dict[str, str]]:
        """The rows of the last table of a cell, by column; the index, if it has no name, is ``""``."""
        tables = [
            o["data"]["text/html"] for o in self._cells[cell]["outputs"] if "text/html" in o.get("data", {})
        ]
        parser = _Rows()
        parser.feed(tables[-1])
        header, *body = parser.rows
        return [dict(zip(header, row, strict=True)) for row in body]


class _Rows(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self._in_cell = False

    def handle_starttag(self, tag, attrs):
        if tag == "tr":
            self.rows.append([])
        elif tag in {"td", "th"}:
            self.rows[-1].append("")
            self._in_cell = True

    def handle_endtag(self, tag):
        if tag in {"td", "th"}:
            self._in_cell = False

    def handle_data(self, data):
        if self._in_cell:
            self.rows[-1][-1] += data


@pytest.fixture(scope="session")
def shown() -> Callable[[str], Shown]:
    """A committed notebook by the beginning of its name, such as ``shown("02")``."""
    return cache(Shown)


@pytest.fixture(scope="session")
def database() -> Callable[[int], sqlite3.Connection]:
    """The data of a sandbox with so many transactions, as the notebooks' are: ``base_...`` tables in cents.

    Only the first organization's transactions matter; ``organization_id`` is 64531.
    """

    @cache
    def build(transactions: int) -> sqlite3.Connection:
        box = Sandbox(transactions=transactions)
        data = box.database
        box.stop()
        return data

    return build
