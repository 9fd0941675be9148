"""Every line of docs/pandas.md runs, and returns or raises what the page says.

``python tests/test_pandas_page.py`` writes the results again; the sentences are written by hand.
"""

from __future__ import annotations

import ast
import os
import re
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pytest

PAGE = Path(__file__).parents[1] / "docs" / "pandas.md"
_BLOCK = re.compile(r"(?ms)^```python\n(.*?)^```")


def result_of(node: ast.stmt, namespace: dict[str, Any]) -> str | None:
    """Run a statement and return what the page says of it: its value, or its error's or warning's class."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            if isinstance(node, ast.Expr):
                value = eval(compile(ast.Expression(node.value), PAGE.name, "eval"), namespace)
            else:
                exec(compile(ast.Module([node], []), PAGE.name, "exec"), namespace)
                return None
        except Exception as error:  # noqa: BLE001 - the page shows errors too
            return type(error).__name__
    if value is None:
        return None
    return f"{value:,}" if isinstance(value, int | np.integer) and not isinstance(value, bool) else str(value)


def rewritten(block: str, namespace: dict[str, Any]) -> str:
    """Run a block and return it with what its lines returned: ``expression  # result: remark``."""
    lines = block.splitlines(keepends=True)
    for node in ast.parse(block).body:
        result = result_of(node, namespace)
        last = (node.end_lineno or node.lineno) - 1
        code, _, said = lines[last].partition("  # ")
        if result is not None:
            _, colon, remark = said.rstrip().partition(": ")
            lines[last] = f"{code.rstrip()}  # {result}{colon}{remark}\n"
    return "".join(lines)


def page_as_it_runs() -> str:
    """Return the page with the results that its blocks have, run one after the other."""
    namespace: dict[str, Any] = {}
    return _BLOCK.sub(
        lambda found: f"```python\n{rewritten(found[1], namespace)}```", PAGE.read_text("utf-8")
    )


def test_every_line_returns_what_the_page_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "agg")
    assert page_as_it_runs() == PAGE.read_text("utf-8"), "run python tests/test_pandas_page.py"


if __name__ == "__main__":
    os.environ["MPLBACKEND"] = "agg"
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        text = page_as_it_runs()
    PAGE.write_text(text, "utf-8")
