"""Run the notebooks of notebooks/ and store or check their outputs.

::

    python tools/notebooks.py --write        # run them, store what they show
    python tools/notebooks.py --check        # run them; fail where they raise or show something else
    python tools/notebooks.py --check 02     # one of them
    python tools/notebooks.py --check --exact  # byte by byte: on one machine two runs are the same

They need ``pip install -e '.[notebooks]'``. Each runs in a kernel of the running Python, in an empty folder
of its own that vanishes, against the sandbox (whose seed and date are fixed). ``notebook_outputs.py``
says what may stand in an output, and what counts as the same on another machine. A cell with the tag
``skip-execution`` waits for people (a form), so it is not run; the browser tests do that.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import notebook_outputs as outputs

FOLDER = Path(__file__).parents[1] / "notebooks"
AT_ONCE = 2
_SECONDS_PER_CELL = 300
_KERNEL_CONFIG = """\
c.InlineBackend.print_figure_kwargs = {"bbox_inches": "tight", "metadata": {"Software": None}}
c.HistoryManager.enabled = False
c.IPKernelApp.log_level = "ERROR"
"""
# Deprecations in other people's packages appear from one day to the next; our own warnings still fail.
_WARNINGS = "ignore::DeprecationWarning,ignore::FutureWarning,ignore::PendingDeprecationWarning"
_COLOR = re.compile(r"\x1b\[[0-9;]*m")


@dataclass
class Run:
    """What came of running a notebook."""

    path: Path
    notebook: outputs.Notebook
    seconds: float
    problems: list[str] = field(default_factory=list)


def chosen(names: list[str], folder: Path = FOLDER) -> list[Path]:
    """Return the notebooks whose names begin so; all of them where nothing is named."""
    there = sorted(folder.glob("*.ipynb"))
    paths = [path for path in there if not names or any(path.name.startswith(Path(n).name) for n in names)]
    unknown = [n for n in names if not any(path.name.startswith(Path(n).name) for path in there)]
    if unknown or not paths:
        raise SystemExit(f"No such notebook: {', '.join(unknown) or folder}")
    return paths


async def run(path: Path) -> Run:
    """Execute a notebook in a folder of its own; a cell that raises is a problem, not an exception."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        work = home / "work"
        work.mkdir()
        notebook, problems = await _execute(outputs.load(path), work, _environment(home))
    tidied = outputs.tidy(notebook)
    return Run(path, tidied, time.monotonic() - began, problems or outputs.complaints(tidied))


async def _execute(
    notebook: outputs.Notebook, work: Path, environment: dict[str, str]
) -> tuple[outputs.Notebook, list[str]]:
    import nbformat
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient
    from nbclient.exceptions import CellControlSignal, DeadKernelError

    node: Any = nbformat.from_dict(notebook)
    # Without folders of kernels, "python3" is the running interpreter, whatever is installed for the user.
    specs = KernelSpecManager(kernel_dirs=[])
    client = NotebookClient(
        node,
        km=AsyncKernelManager(kernel_name="python3", kernel_spec_manager=specs),
        timeout=_SECONDS_PER_CELL,
        resources={"metadata": {"path": str(work)}},
        store_widget_state=False,
        record_timing=False,
    )
    try:
        await client.async_execute(env=environment, cleanup_kc=True)
    except (CellControlSignal, DeadKernelError) as error:
        return node, [_where(node, error)]
    return node, []


def _where(notebook: outputs.Notebook, error: Exception) -> str:
    """Say which cell raised, and what; the last one that began where the kernel died or hung."""
    place = ""
    for number, cell in enumerate(notebook["cells"], 1):
        if cell["cell_type"] != "code":
            continue
        place = outputs.label(number, cell)
        for output in cell["outputs"]:
            if output["output_type"] == "error":
                trace = _COLOR.sub("", "\n".join(output["traceback"][-2:]))
                return f"{place} raised {output['ename']}: {output['evalue']}\n{trace}"
        if cell["execution_count"] is None:
            break
    return f"{place} did not end: {type(error).__name__}: {str(error)[:500]}"


def _environment(home: Path) -> dict[str, str]:
    """Return an environment without the developer's credentials and settings."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("CLASSY_", "MPL", "MATPLOTLIB"))}
    profile = home / "ipython" / "profile_default"
    profile.mkdir(parents=True)
    (profile / "ipython_kernel_config.py").write_text(_KERNEL_CONFIG)
    (home / "matplotlibrc").write_text("")
    return kept | {
        "IPYTHONDIR": str(profile.parent),
        "MATPLOTLIBRC": str(home / "matplotlibrc"),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "PYTHONHASHSEED": "0",
        "PYTHONWARNINGS": _WARNINGS,
        "TZ": "UTC",
    }


async def run_all(paths: list[Path]) -> list[Run]:
    """Run notebooks, two at a time."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(path: Path) -> Run:
        async with gate:
            return await run(path)

    # The last ones take longest: begun first, they end with the others.
    return list(reversed(await asyncio.gather(*(one(path) for path in reversed(paths)))))


def verdict(done: Run, *, exact: bool) -> list[str]:
    """Return why the committed notebook is not what came of running it; nothing where it is."""
    if done.problems:
        return done.problems
    committed = outputs.load(done.path)
    if exact:
        same = done.path.read_text("utf-8") == outputs.written(done.notebook)
        return [] if same else outputs.differences(committed, done.notebook) or ["other bytes, same content"]
    untidy = [] if outputs.tidy(committed) == committed else ["it holds what --write would leave out"]
    return outputs.differences(committed, done.notebook) + untidy


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Run the notebooks and store or check what they show.")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--write", action="store_true", help="store what they show")
    what.add_argument("--check", action="store_true", help="fail where they raise or show something else")
    parser.add_argument("--exact", action="store_true", help="with --check: byte by byte")
    parser.add_argument("names", nargs="*", help="such as 02; all where left out")
    given = parser.parse_args(arguments)
    failed = 0
    for done in asyncio.run(run_all(chosen(given.names))):
        problems = done.problems if given.write else verdict(done, exact=given.exact)
        if given.write and not problems:
            done.path.write_text(outputs.written(done.notebook), "utf-8")
        failed += bool(problems)
        word = "failed" if problems else "written" if given.write else "fresh"
        print(f"{done.path.name}: {word} ({done.seconds:.0f} s)", *problems, sep="\n    ")
    if failed and given.check:
        print("What has changed on purpose: python tools/notebooks.py --write, and look at the difference.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
