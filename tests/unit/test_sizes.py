"""Small files, small functions: what is too long to read is too long to check."""

import ast
from pathlib import Path

import classy_nb

PACKAGE = Path(classy_nb.__file__).parent
FILES = sorted([*PACKAGE.rglob("*.py"), *(PACKAGE.parent / "tools").glob("*.py")])
LONGEST_FILE, LONGEST_FUNCTION = 300, 40


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function's body without its docstring and its signature."""
    body = function.body[ast.get_docstring(function) is not None :]
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def test_no_file_is_longer_than_300_lines() -> None:
    lengths = {str(f.relative_to(PACKAGE.parent)): len(f.read_text("utf-8").splitlines()) for f in FILES}
    assert len(lengths) > 60
    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE} == {}


def test_no_function_is_longer_than_40_lines() -> None:
    lengths = {
        f"{file.name}:{node.name}": body_lines(node)
        for file in FILES
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert len(lengths) > 400
    assert {name: length for name, length in lengths.items() if length > LONGEST_FUNCTION} == {}


def test_the_measure_counts_what_it_says() -> None:
    (function,) = ast.parse('def f(\n  a,\n):\n  """Doc.\n\n  More.\n  """\n  b = a\n\n  return b\n').body
    assert isinstance(function, ast.FunctionDef)
    assert body_lines(function) == 3
