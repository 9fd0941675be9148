"""Tests with a real spreadsheet: ``pytest tests/spreadsheet``, a run of their own.

They start LibreOffice, which takes some seconds each time, so plain ``pytest`` leaves this folder out
(``norecursedirs``). Where it is missing they are skipped; where ``CI`` is set they fail instead. In Debian,
the package is ``libreoffice-calc-nogui``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

IN_CI = os.environ.get("CI", "").lower() not in ("", "0", "false")
OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:%s:1.0}"
TABLE, TEXT = OFFICE % "table", OFFICE % "text"

Cells = list[list[tuple[str, bool]]]
"""Rows of cells: the text that is shown, and whether it is a formula."""
_MANY = 1000
"""Repeated this often, a cell or row is the empty rest of the sheet."""


@pytest.fixture(scope="session")
def office(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Return the beginning of a command that runs LibreOffice with a profile of its own."""
    program = shutil.which("soffice")
    if program is None:
        if IN_CI:
            pytest.fail("LibreOffice must be here: install libreoffice-calc-nogui.", pytrace=False)
        pytest.skip("LibreOffice (soffice) is not installed")
    profile = tmp_path_factory.mktemp("office") / "profile"
    return [program, f"-env:UserInstallation={profile.as_uri()}", "--headless"]


@pytest.fixture(scope="session")
def spreadsheet(office: list[str], tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path, str], Cells]:
    """Open a CSV file in LibreOffice with some separators; formulas are evaluated, as by default."""
    home = tmp_path_factory.mktemp("converted")

    def read(path: Path, separators: str) -> Cells:
        codes = "/".join(str(ord(separator)) for separator in separators)
        command = [
            *office,
            f"--infilter=CSV:{codes},34,76,1",
            *("--convert-to", "fods", "--outdir", str(home)),
            str(path),
        ]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
        return [
            cells
            for row in ET.parse(home / f"{path.stem}.fods").iter(f"{TABLE}table-row")
            if (times := int(row.get(f"{TABLE}number-rows-repeated", 1))) < _MANY
            for cells in [_cells(row)] * times
        ]

    return read


def _cells(row: ET.Element) -> list[tuple[str, bool]]:
    return [
        ("\n".join("".join(p.itertext()) for p in cell.iter(f"{TEXT}p")), f"{TABLE}formula" in cell.attrib)
        for cell in row.iter(f"{TABLE}table-cell")
        if (times := int(cell.get(f"{TABLE}number-columns-repeated", 1))) < _MANY
        for _ in range(times)
    ]
