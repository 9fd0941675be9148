"""Change one operator at a time, and see whether the unit tests notice.

Usage: ``python tools/mutants.py [--count 100] [--seed 16] [--jobs 2] [--rooms query,http] [--at-least 85]``

A mutant is the package with one comparison, ``and``, arithmetic operator, number, ``True``, ``not`` or
``return`` changed. The unit tests run once as they are, under coverage, which tells the tests that execute
each line. For each mutant those run that execute its line, the room's own first, in a copy of the tree; all
of them where it is executed at import. A mutant is noticed where a test fails or hangs, and survives where
all pass. Survivors are printed as diffs, to be looked at one by one: some mutants change nothing that anybody
could see.

Verdicts are kept in ``artifacts/mutants.jsonl``. The same call goes on where it was stopped, and asks again
about a mutant only where its file has changed. Ends with status 1 below ``--at-least`` percent.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import difflib
import hashlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from coverage import CoverageData

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
ROOMS = ("analysis", "credentials", "export", "frames", "http", "pagination", "query", "redact")
KEPT = ROOT / "artifacts" / "mutants.jsonl"

COMPARISONS: dict[type[ast.cmpop], tuple[str, str]] = {
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.Is: ("is", "is not"),
    ast.IsNot: ("is not", "is"),
    ast.In: ("in", "not in"),
    ast.NotIn: ("not in", "in"),
}
ARITHMETIC: dict[type[ast.operator], tuple[str, str]] = {
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "/"),
    ast.Div: ("/", "*"),
    ast.FloorDiv: ("//", "*"),
    ast.Mod: ("%", "*"),
}


@dataclass(frozen=True)
class Mutant:
    """One change of one file: the bytes from *start* to *end* become *new*."""

    path: str
    start: int
    end: int
    new: str
    source_hash: str

    @property
    def key(self) -> str:
        """Name the mutant; another text of the file makes another mutant."""
        return f"{self.path}:{self.start}:{self.end}:{self.new}:{self.source_hash}"

    @property
    def room(self) -> str:
        """Return the folder inside the package."""
        return Path(self.path).parts[1]

    def applied(self, source: bytes) -> bytes:
        """Return the changed file."""
        return source[: self.start] + self.new.encode() + source[self.end :]

    @property
    def line(self) -> int:
        """The line in which the change begins, from 1."""
        return (ROOT / self.path).read_bytes()[: self.start].count(b"\n") + 1

    def diff(self) -> str:
        """Return the change for a reader."""
        source = (ROOT / self.path).read_bytes()
        before, after = (text.decode().splitlines() for text in (source, self.applied(source)))
        return "\n".join(difflib.unified_diff(before, after, self.path, self.path, n=2, lineterm=""))


class Finder(ast.NodeVisitor):
    """Find the places of one file where something can be changed.

    Annotations, decorators, docstrings and f-strings are left alone: the first three do nothing when a test
    runs, and Python 3.11 does not know where the parts of an f-string stand.
    """

    def __init__(self, path: Path) -> None:
        self._path = path.relative_to(ROOT).as_posix()
        self._source = path.read_bytes()
        self._hash = hashlib.sha256(self._source).hexdigest()[:12]
        self._lines = [0]
        for line in self._source.splitlines(keepends=True):
            self._lines.append(self._lines[-1] + len(line))
        self.found: list[Mutant] = []
        self.visit(ast.parse(self._source))

    def _change(self, start: int, end: int, new: str) -> None:
        self.found.append(Mutant(self._path, start, end, new, self._hash))

    def _start(self, node: ast.expr | ast.stmt) -> int:
        return self._lines[node.lineno - 1] + node.col_offset

    def _end(self, node: ast.expr | ast.stmt) -> int:
        return self._lines[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0)

    def _replace(self, node: ast.expr, new: str) -> None:
        self._change(self._start(node), self._end(node), new)

    def _operator(self, start: int, end: int, old: str, new: str) -> None:
        """Change the operator that stands between two operands."""
        pattern = r"\s+".join(map(re.escape, old.split()))
        if old[0].isalpha():
            pattern = rf"\b{pattern}\b"
        # Comments between the operands become blanks, so that no word in them is taken for the operator.
        between = re.sub(rb"#[^\n]*", lambda m: b" " * len(m[0]), self._source[start:end])
        found = re.search(pattern.encode(), between)
        if found:
            self._change(start + found.start(), start + found.end(), new)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for default in [*node.args.defaults, *node.args.kw_defaults]:
            if default is not None:
                self.visit(default)
        for statement in node.body:
            self.visit(statement)

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815 - ast's own naming

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for statement in node.body:
            self.visit(statement)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_If(self, node: ast.If) -> None:
        if not (isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"):
            self.generic_visit(node)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """Leave f-strings alone."""

    def visit_Compare(self, node: ast.Compare) -> None:
        left = node.left
        for operator, right in zip(node.ops, node.comparators, strict=True):
            self._operator(self._end(left), self._start(right), *COMPARISONS[type(operator)])
            left = right
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        old, new = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        for left, right in zip(node.values, node.values[1:], strict=False):
            self._operator(self._end(left), self._start(right), old, new)
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        if type(node.op) in ARITHMETIC and not any(map(_is_text, (node.left, node.right))):
            self._operator(self._end(node.left), self._start(node.right), *ARITHMETIC[type(node.op)])
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if type(node.op) in ARITHMETIC and not _is_text(node.value):
            self._operator(self._end(node.target), self._start(node.value), *ARITHMETIC[type(node.op)])
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, ast.Not):
            self._change(self._start(node), self._start(node.operand), "")
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, bool):
            self._replace(node, str(not node.value))
        elif isinstance(node.value, int):
            self._replace(node, str(node.value + 1))

    def visit_Return(self, node: ast.Return) -> None:
        if node.value is not None and not (isinstance(node.value, ast.Constant) and node.value.value is None):
            self._replace(node.value, "None")
        self.generic_visit(node)


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)
    )


def mutants(rooms: tuple[str, ...]) -> Iterator[Mutant]:
    """Yield every mutant of the rooms that still is Python."""
    for room in rooms:
        for path in sorted((ROOT / "classy_nb" / room).rglob("*.py")):
            source = path.read_bytes()
            for mutant in Finder(path).found:
                try:
                    compile(mutant.applied(source), mutant.path, "exec", dont_inherit=True)
                except (SyntaxError, ValueError):
                    continue
                yield mutant


class Tree:
    """A copy of the tree, in which one mutant at a time is tested."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._writes = 0
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607
            cwd=ROOT,
            capture_output=True,
            check=True,
            text=True,
        )
        for name in filter(None, listed.stdout.split("\0")):
            if (ROOT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, folder / name)

    def write(self, path: str, source: bytes) -> None:
        """Write a file, with a time of its own: compiled files go by time and size, and would be stale."""
        self._writes += 1
        (self.folder / path).write_bytes(source)
        stamp = 1_700_000_000 + self._writes
        os.utime(self.folder / path, (stamp, stamp))

    def passes(self, *what: str, seconds: float) -> bool:
        """Tell whether tests pass in time."""
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *what],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(self.folder), "PYTEST_ADDOPTS": ""},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        with _lock:
            _running.add(process.pid)
        try:
            return process.wait(seconds) == 0
        except subprocess.TimeoutExpired:
            return False
        finally:
            _kill(process.pid)  # a mutant may leave processes behind
            process.wait()
            with _lock:
                _running.discard(process.pid)


_lock = threading.Lock()
_running: set[int] = set()


def _kill(group: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


class Covering:
    """Which unit tests execute a line, and how long they take: from one run of all of them as they are."""

    def __init__(self, tree: Tree, jobs: int) -> None:
        report = tree.folder / "report.xml"
        measured = ["--cov=classy_nb", "--cov-context=test", "--cov-report=", "--cov-fail-under=0"]
        options = ["-n", str(jobs), *measured, "-o", "junit_family=xunit1", f"--junitxml={report}"]
        if not tree.passes(*UNIT_TESTS, *options, seconds=7200):
            sys.exit(f"pytest {' '.join(UNIT_TESTS)} fails without any change.")
        self._folder = tree.folder
        self._data = CoverageData(str(tree.folder / ".coverage"))
        self._data.read()
        self._seconds: defaultdict[str, float] = defaultdict(float)
        for case in ET.parse(report).iter("testcase"):  # noqa: S314 - pytest has just written it
            file, name = case.get("file", ""), case.get("name", "").partition("[")[0]
            inside = case.get("classname", "").split(Path(file).stem, 1)[-1].strip(".")
            self._seconds["::".join(filter(None, [file, inside, name]))] += float(case.get("time", 0))

    def tests(self, mutant: Mutant) -> tuple[list[str], float]:
        """Return the tests that execute a mutant's line, and the seconds that they take; its room's first."""
        lines = statement_lines((ROOT / mutant.path).read_bytes(), mutant.line)
        contexts = self._data.contexts_by_lineno(str(self._folder / mutant.path))
        found = {
            context.partition("|")[0].partition("[")[0]
            for line in lines
            for context in contexts.get(line, [])
        }
        if not found or "" in found:
            return UNIT_TESTS, sum(self._seconds.values())
        own = f"tests/unit/{mutant.room}/"
        tests = sorted(found, key=lambda test: (not test.startswith(own), self._seconds[test]))
        return tests, sum(self._seconds[test] for test in tests)


# The one that is left out starts pytest twice to see what it says; it knows nothing of the package.
UNIT_TESTS = ["tests/unit", "--ignore=tests/unit/test_browser_suite.py"]


def statement_lines(source: bytes, line: int) -> range:
    """Return the lines from the start of the innermost statement around a line to that line."""
    starts = (
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or node.lineno)
    )
    return range(max(starts, default=line), line + 1)


def judge(mutant: Mutant, tree: Tree, covering: Covering) -> str:
    """Return ``noticed`` or ``survived``."""
    source = (ROOT / mutant.path).read_bytes()
    tests, seconds = covering.tests(mutant)
    listed = tree.folder / "tests-of-this-mutant.txt"
    listed.write_text("\n".join(tests), "utf-8")
    tree.write(mutant.path, mutant.applied(source))
    try:
        return "survived" if tree.passes(f"@{listed}", seconds=120 + 4 * seconds) else "noticed"
    finally:
        tree.write(mutant.path, source)


def verdicts_so_far() -> dict[str, str]:
    """Return what earlier calls found."""
    if not KEPT.is_file():
        return {}
    lines = map(json.loads, KEPT.read_text("utf-8").splitlines())
    return {line["mutant"]: line["verdict"] for line in lines}


def run(chosen: list[Mutant], jobs: int) -> dict[str, str]:
    """Judge the mutants that have no verdict yet, and return all verdicts."""
    verdicts = verdicts_so_far()
    waiting = [mutant for mutant in chosen if mutant.key not in verdicts]
    if not waiting:
        return verdicts
    KEPT.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder, KEPT.open("a", encoding="utf-8") as kept:
        trees: SimpleQueue[Tree] = SimpleQueue()
        made = [Tree(Path(folder, str(number))) for number in range(jobs)]
        print(f"{len(waiting)} mutants to judge; first the tests as they are", flush=True)
        covering = Covering(made[0], jobs)
        for tree in made:
            trees.put(tree)

        def one(mutant: Mutant) -> None:
            tree = trees.get()
            try:
                verdict = judge(mutant, tree, covering)
            finally:
                trees.put(tree)
            with _lock:
                verdicts[mutant.key] = verdict
                kept.write(json.dumps({"mutant": mutant.key, "verdict": verdict}) + "\n")
                kept.flush()
                done = sum(m.key in verdicts for m in waiting)
                print(f"{done}/{len(waiting)} {verdict} {mutant.path}:{mutant.line}", flush=True)

        pool = ThreadPoolExecutor(jobs)
        try:
            list(pool.map(one, waiting))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            with _lock:
                for group in _running:
                    _kill(group)
            raise
        pool.shutdown()
    return verdicts


def main() -> None:
    """Choose mutants, judge them, and print what survived."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--count", type=int, default=100, help="how many mutants (default: 100)")
    parser.add_argument("--seed", type=int, default=16, help="which ones (default: 16)")
    parser.add_argument("--jobs", type=int, default=2, help="how many at the same time (default: 2)")
    parser.add_argument("--rooms", default=",".join(ROOMS), help="where, with commas (default: all eight)")
    parser.add_argument("--at-least", type=float, default=85, help="percent to be noticed (default: 85)")
    parser.add_argument("--list", action="store_true", help="print the mutants and stop")
    asked = parser.parse_args()
    rooms = tuple(asked.rooms.split(","))
    if not set(rooms) <= set(ROOMS):
        parser.error(f"--rooms are of {', '.join(ROOMS)}")

    every = list(mutants(rooms))
    chosen = random.Random(asked.seed).sample(every, min(asked.count, len(every)))  # noqa: S311 - no secret
    print(f"{len(chosen)} of {len(every)} mutants, seed {asked.seed}, in {', '.join(rooms)}", flush=True)
    if asked.list:
        print(*(mutant.diff() for mutant in chosen), sep="\n\n")
        return
    verdicts = run(chosen, asked.jobs)
    survived = [mutant for mutant in chosen if verdicts[mutant.key] == "survived"]
    for mutant in survived:
        print(f"\n{mutant.diff()}")
    share = 100 * (1 - len(survived) / len(chosen))
    print(f"\nnoticed {len(chosen) - len(survived)} of {len(chosen)} ({share:.0f}%)")
    if share < asked.at_least:
        sys.exit(f"At least {asked.at_least:g}% should be noticed.")


if __name__ == "__main__":
    main()
