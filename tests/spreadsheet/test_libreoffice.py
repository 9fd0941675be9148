"""What donors typed, opened in a real spreadsheet: no formula runs, and amounts stay in their column."""

import random
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

import classy_nb as cn

Spreadsheet = Callable[[Path, str], list[list[tuple[str, bool]]]]

PIECES = (
    *(",", ";", "\t", "|", "\n", "\r", "\r\n", '"', "'", " ", "x", "7", "hello", '";"', '","', "{", "["),
    *("=", "=1+1", "+1", "-1", "@SUM(1)", "=cmd|' /C calc'!A0", "=HYPERLINK(1)", "\uff1d1+1", "\u22121"),
    *("\u00a0", "\u200b", "\ufeff", "\u200e", "\u202e", "\0", "\x01", "\u2028", "\u0301", "\u3164"),
)
SEPARATORS = [",", ";", "\t", "|", ",;\t"]
"""The last is what LibreOffice suggests."""
CELLS = 6000
"""Random texts in the one file that is opened with each separator: starting the program takes time."""


def written(texts: list[str], path: Path, *, neutralize: bool = True) -> tuple[Path, list[str]]:
    """Write the texts between an id and a negative amount; return the amounts as well."""
    half = len(texts) // 2
    amounts = [-(number + 0.25) for number in range(half)]
    frame = pd.DataFrame({"id": range(half), "a": texts[:half], "b": texts[half:], "amount": amounts})
    frame["nested"] = [[text, {"k": text}] for text in frame["a"]]
    return cn.to_csv(frame, path, neutralize=neutralize), [f"{amount:.2f}" for amount in amounts]


@pytest.mark.edge(19)
@pytest.mark.edge(30)
@pytest.mark.parametrize("seed", [1, 2])
def test_no_text_becomes_a_formula_under_any_separator(
    tmp_path: Path, spreadsheet: Spreadsheet, seed: int
) -> None:
    chance = random.Random(seed)
    texts = ["".join(chance.choices(PIECES, k=chance.randint(1, 7))) for _ in range(CELLS)]
    texts += [f"{a}{b}{c}" for a in PIECES for b in PIECES for c in ("=1+1", '"=1+1')]
    path, amounts = written(texts, tmp_path / "cells.csv")
    for separators in SEPARATORS:
        rows = spreadsheet(path, separators)
        assert [cell for row in rows for cell, is_formula in row if is_formula] == [], repr(separators)
        if "," in separators:
            assert [row[3][0] for row in rows[1:]] == amounts


@pytest.mark.edge(19)
@pytest.mark.parametrize("separators", SEPARATORS)
def test_without_the_guard_they_do(tmp_path: Path, spreadsheet: Spreadsheet, separators: str) -> None:
    """So the test above would notice."""
    texts = [f"hello{separators[0]}=1+1", "=1+1"]
    path, _ = written(texts, tmp_path / "raw.csv", neutralize=False)
    assert any(is_formula for row in spreadsheet(path, separators) for _, is_formula in row)


@pytest.mark.edge(19)
def test_a_separator_of_another_country_moves_nothing(tmp_path: Path, spreadsheet: Spreadsheet) -> None:
    path, amounts = written(["hello;there", "a\tb", "c|d", "e,f"], tmp_path / "moved.csv")
    for separators in (",", ",;\t", ",;\t|"):
        rows = spreadsheet(path, separators)
        assert [[cell for cell, _ in row[:4]] for row in rows[1:]] == [
            ["0", "hello;there", "c|d", amounts[0]],
            ["1", "ab", "e,f", amounts[1]],  # a tab is an element of its own in the converted file
        ]
