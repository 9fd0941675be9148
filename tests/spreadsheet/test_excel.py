"""A workbook of the sandbox's gifts, opened in a real spreadsheet."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from xml.etree import ElementTree as ET

import openpyxl
import pandas as pd
import pytest

import classy_nb as cn

OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:%s:1.0}"
TABLE, VALUE, TEXT = OFFICE % "table", OFFICE % "office", OFFICE % "text"
_MANY = 1000
"""Repeated this often, a cell or row is the empty rest of the sheet."""

Cell = tuple[str | None, str, bool]
"""Its type, its value, and whether it is a formula."""


@pytest.fixture(scope="module")
def gifts() -> pd.DataFrame:
    with cn.demo(transactions=2000) as classy:
        frame = classy.transactions()
    # What donors type, and ids that a spreadsheet would round.
    frame.loc[frame.index[:4], "comment"] = ["=1+1", "https://example.org", "1e5", "+SUM(A1)"]
    frame["long_id"] = [2**60 + place for place in range(len(frame))]
    frame["code"] = "02134"
    return frame


@pytest.fixture(scope="module")
def cells(
    gifts: pd.DataFrame, office: list[str], tmp_path_factory: pytest.TempPathFactory
) -> list[list[Cell]]:
    """Return the sheet as LibreOffice reads it, row by row."""
    folder = tmp_path_factory.mktemp("excel")
    path = cn.to_excel(gifts, folder / "gifts.xlsx")
    command = [*office, "--convert-to", "fods", "--outdir", str(folder), str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=240)
    table = next(ET.parse(folder / "gifts.fods").iter(f"{TABLE}table"))
    return [
        list(_cells(row))
        for row in table.iter(f"{TABLE}table-row")
        for _ in range(int(row.get(f"{TABLE}number-rows-repeated", 1)))
        if int(row.get(f"{TABLE}number-rows-repeated", 1)) < _MANY
    ]


def _cells(row: ET.Element) -> Iterator[Cell]:
    for cell in row.iter(f"{TABLE}table-cell"):
        kind = cell.get(f"{VALUE}value-type")
        text = "\n".join("".join(p.itertext()) for p in cell.iter(f"{TEXT}p"))
        value = cell.get(f"{VALUE}date-value") or cell.get(f"{VALUE}value") or text
        if (times := int(cell.get(f"{TABLE}number-columns-repeated", 1))) < _MANY:
            yield from [(kind, value, f"{TABLE}formula" in cell.attrib)] * times


def column(cells: list[list[Cell]], name: str) -> list[Cell]:
    place = [text for _, text, _ in cells[0]].index(name)
    return [row[place] if place < len(row) else (None, "", False) for row in cells[1:]]


def test_all_rows_are_there_and_no_formula_is_alive(cells: list[list[Cell]], gifts: pd.DataFrame) -> None:
    assert len(cells) == len(gifts) + 1
    assert [cell for row in cells for cell in row if cell[2]] == []


def test_dates_are_dates_in_the_zone_of_the_frame(cells: list[list[Cell]], gifts: pd.DataFrame) -> None:
    found = column(cells, "purchased_at")
    shown = gifts["purchased_at"].dt.tz_localize(None)
    assert {kind for kind, _, _ in found} == {"date"}
    assert [datetime.fromisoformat(text) for _, text, _ in found] == list(shown.dt.to_pydatetime())


@pytest.mark.parametrize("name", ["total_gross_amount", "donation_net_amount", "fees_amount"])
def test_sums_are_those_of_the_frame_to_the_cent(
    cells: list[list[Cell]], gifts: pd.DataFrame, name: str
) -> None:
    found = column(cells, name)
    assert {kind for kind, _, _ in found} <= {"float", None}
    assert round(sum(float(text) for kind, text, _ in found if kind), 2) == round(gifts[name].sum(), 2)


def test_ids_are_whole_and_codes_are_text(cells: list[list[Cell]], gifts: pd.DataFrame) -> None:
    assert [int(text) for _, text, _ in column(cells, "id")] == gifts["id"].tolist()
    assert {kind for kind, _, _ in column(cells, "id")} == {"float"}
    assert [(kind, int(text)) for kind, text, _ in column(cells, "long_id")] == [
        ("string", number) for number in gifts["long_id"]
    ]
    assert set(column(cells, "code")) == {("string", "02134", False)}
    assert [text for _, text, _ in column(cells, "comment")[:4]] == gifts["comment"].tolist()[:4]


def test_openpyxl_reads_the_same(gifts: pd.DataFrame, tmp_path: Path) -> None:
    book = openpyxl.load_workbook(cn.to_excel(gifts, tmp_path / "gifts.xlsx"), read_only=True)
    rows = book["transactions"].iter_rows(values_only=True)
    names = next(rows)
    read = pd.DataFrame(rows, columns=names)
    assert read["id"].tolist() == gifts["id"].tolist()
    assert read["purchased_at"].tolist() == gifts["purchased_at"].dt.tz_localize(None).tolist()
    assert round(read["total_gross_amount"].sum(), 2) == round(gifts["total_gross_amount"].sum(), 2)
