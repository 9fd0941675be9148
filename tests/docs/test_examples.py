"""The main resources' pages: each example runs against the sandbox, and its result is the one that is shown.

``python tests/docs/test_examples.py`` writes the results into ``docs/_examples``.
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest

import classy_nb as cn

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLES = Path(__file__).parents[2] / "docs" / "_examples"
MAIN = [
    "answers",
    "campaigns",
    "designations",
    "fundraising_pages",
    "fundraising_teams",
    "payouts",
    "recurring_donation_history",
    "recurring_donation_plans",
    "registrations",
    "supporters",
    "transaction_items",
    "transactions",
]
BLOCKS = re.compile(r"(?ms)^```python\n(.*?)^```\n\n```text\n(.*?)^```$")
WIDTH = 100


@pytest.fixture(scope="module")
def classy() -> Iterator[cn.Demo]:
    with cn.demo(transactions=2_000) as connection:
        yield connection


def text_of(name: str) -> str:
    return (EXAMPLES / f"{name}.md").read_text("utf-8")


def result(code: str, classy: cn.Classy) -> str:
    """Run a block as a cell would, and return what its last line shows."""
    *first, last = ast.parse(code).body
    assert isinstance(last, ast.Expr)
    variables = {"cn": cn, "classy": classy}
    exec(compile(ast.Module(first, []), "example", "exec"), variables)
    shown = eval(compile(ast.Expression(last.value), "example", "eval"), variables)
    assert len(shown) > 0
    with pd.option_context("display.width", WIDTH, "display.max_columns", None):
        return "".join(f"{line.rstrip()}\n" for line in repr(shown).splitlines())


@pytest.mark.parametrize("name", MAIN)
def test_the_example_gives_what_is_shown(name: str, classy: cn.Demo) -> None:
    [(code, shown)] = BLOCKS.findall(text_of(name))
    assert f"classy.{name}(" in code
    assert result(code, classy) == shown


@pytest.mark.parametrize("name", MAIN)
def test_each_says_which_trap_bites(name: str) -> None:
    assert re.search(r"(?m)^:::\{admonition\} \S.*\n:class: caution$", text_of(name))


def test_every_main_resource_has_an_example() -> None:
    assert sorted(file.stem for file in EXAMPLES.glob("*.md")) == sorted(MAIN)


def write() -> None:
    with cn.demo(transactions=2_000) as classy:
        for name in MAIN:
            text = text_of(name)
            [(code, _)] = BLOCKS.findall(text)
            new = BLOCKS.sub(lambda _: f"```python\n{code}```\n\n```text\n{result(code, classy)}```", text)  # noqa: B023
            (EXAMPLES / f"{name}.md").write_text(new, "utf-8")


if __name__ == "__main__":
    sys.exit(write())
