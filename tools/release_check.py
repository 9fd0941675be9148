"""Build the sdist and the wheel, and try them the way users get them: in a fresh environment on each Python.

::

    python tools/release_check.py python3.11 python3.13      # these Pythons; the running one if none is named
    python tools/release_check.py --tag v0.2.0 --keep dist   # what the release workflow runs

It needs ``pip install -e '.[release]'``. It builds both (the wheel from the sdist); ``twine check --strict``
checks their metadata, and :func:`strays` their contents. Then some tests run from the unpacked sdist. On each
Python, the wheel is installed into an empty environment, must import within 10 ms, and runs the demo; pipx
runs the demo on the first Python. Any failure stops the check and shows its output.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import time
import tomllib
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parents[1]
MOST_SECONDS = 0.010
"""How long ``import classy_nb`` may take, not counting interpreter startup: the best of many runs."""
AT_ONCE = 2
_IMPORTS = 20
_DEMO = ("demo", "--transactions", "2000", "--to")
_FROM_THE_SDIST = ("tests/unit/query/test_paths.py", "tests/test_docs.py", "tests/test_publishing.py")

WHEEL = (
    r"classy_nb/(\w+/)*\w+\.py",
    r"classy_nb/py\.typed",
    r"classy_nb/(assistant|catalog)/\w+\.(json|toml)",
    r"classy_nb/sandbox/(world/)?\w+\.(json|toml)",
    r"classy_nb/(mirror|sandbox)/sql/\w+\.sql",
    r"classy_nb/widgets/(\w+/)?\w+\.(css|js)",
    r"classy_nb-[\w.]+\.dist-info/(METADATA|RECORD|WHEEL|entry_points\.txt|licenses/LICENSE)",
)
"""What may be in the wheel: code, and the data that it reads. Add any new kind of file here first."""
SDIST = (
    *WHEEL[:-1],
    r"PKG-INFO|LICENSE|CITATION\.cff|pyproject\.toml|\.gitignore|\.env\.example|\.ci/run",
    r"(CHANGELOG|CONTRIBUTING|README|SECURITY)\.md",
    r"\.github/(\w+/)*\w+\.(md|yml)",
    r"benchmarks/\w+\.(md|py)",
    r"cassettes/(\w+/)*[\w.-]+\.yaml",
    r"docs/([\w-]+/)*[\w.-]+\.(css|html|js|md|png|py|rst|sql|svg|txt|yml)",
    r"notebooks/\w+\.(ipynb|png)",
    r"tests/(\w+/)*\w+\.(md|py)",
    r"tools/(\w+/)*\w+\.(py|yaml)",
)
"""What may be in the sdist: whatever is needed to build the wheel and run the tests."""
NEEDED = (
    "classy_nb/py.typed",
    "classy_nb/catalog/catalog.json",
    "classy_nb/widgets/explorer/explorer.js",
    "LICENSE",
)
NEEDED_IN_SDIST = (*NEEDED, "pyproject.toml", "README.md", ".ci/run", "tests/conftest.py", "tools/lowest.py")


def strays(names: list[str], allowed: tuple[str, ...], needed: tuple[str, ...]) -> list[str]:
    """Return what is wrong with an archive's contents: unexpected kinds of files, and missing ones."""
    kinds = [re.compile(kind) for kind in allowed]
    unknown = [f"{name}: unexpected" for name in names if not any(kind.fullmatch(name) for kind in kinds)]
    missing = [f"{name}: missing" for name in needed if not any(n.endswith(name) for n in names)]
    return unknown + missing


def names_in_wheel(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return [name for name in archive.namelist() if not name.endswith("/")]


def names_in_sdist(sdist: Path) -> list[str]:
    """Return the names of the files, without the folder that contains them all."""
    with tarfile.open(sdist) as archive:
        return [member.name.partition("/")[2] for member in archive if not member.isdir()]


def version() -> str:
    text = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    return str(text)


def wrong_with_tag(tag: str, number: str, changelog: str) -> list[str]:
    """Return why a tag cannot be released: another version, or no section in the changelog."""
    problems = [] if tag == f"v{number}" else [f"the tag {tag} is not v{number}, as pyproject.toml has it"]
    if not re.search(rf"(?m)^## {re.escape(number)}( |$)", changelog):
        problems.append(f"CHANGELOG.md has no section '## {number}'")
    return problems


def run(*command: str | Path, cwd: Path | None = None, **environment: str) -> str:
    """Run a command and return what it prints; if it fails, show that and stop."""
    # Nothing in the checkout or in the user's settings may play a part.
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("CLASSY_", "PYTHON", "PIPX_"))}
    done = subprocess.run(  # noqa: S603 - our own commands
        [str(part) for part in command],
        cwd=cwd,
        env=kept | {"PIP_NO_COMPILE": "1"} | environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"failed ({done.returncode}): {' '.join(map(str, command))}\n{done.stdout}")
    return done.stdout


def build(dist: Path) -> tuple[Path, Path]:
    run(sys.executable, "-m", "build", "--outdir", dist, ROOT)
    [sdist], [wheel] = dist.glob("*.tar.gz"), dist.glob("*.whl")
    run(sys.executable, "-m", "twine", "check", "--strict", sdist, wheel)
    problems = strays(names_in_wheel(wheel), WHEEL, NEEDED) + strays(
        names_in_sdist(sdist), SDIST, NEEDED_IN_SDIST
    )
    if problems:
        raise SystemExit("\n".join(["failed: the contents", *problems]))
    return sdist, wheel


def try_sdist(sdist: Path, work: Path) -> str:
    """Run some tests from the unpacked sdist, against the package in it."""
    with tarfile.open(sdist) as archive:
        archive.extractall(work / "sdist", filter="data")
    [tree] = (work / "sdist").iterdir()
    printed = run(
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        *_FROM_THE_SDIST,
        cwd=tree,
        PYTHONPATH=str(tree),
    )
    return printed.splitlines()[-1]


def try_wheel(python: str, wheel: Path, work: Path) -> str:
    """Install the wheel into a fresh environment on a Python, import it and run the demo."""
    home = Path(tempfile.mkdtemp(prefix=f"venv-{Path(python).name}-", dir=work))
    run(python, "-m", "venv", home)
    programs = home / ("Scripts" if sys.platform == "win32" else "bin")
    inside = programs / "python"
    run(inside, "-m", "pip", "install", "-q", "--find-links", wheel.parent, f"classy-nb[demo]=={version()}")
    run(inside, "-m", "pip", "check")
    compare_with_record(run(inside, "-I", "-c", _RECORD, cwd=work), wheel)
    seconds = min(float(run(inside, "-I", "-c", _TIME, cwd=work)) for _ in range(_IMPORTS))
    if seconds > MOST_SECONDS:
        raise SystemExit(f"failed: import classy_nb takes {seconds * 1000:.1f} ms on {python}")
    about = run(programs / "classy-nb", "--version", cwd=work).strip()
    try_demo([programs / "classy-nb"], home / "demo", work)
    return f"{about}: import {seconds * 1000:.1f} ms, demo"


_TIME = "from time import perf_counter as now; began = now(); import classy_nb; print(now() - began)"
_RECORD = "from importlib.metadata import distribution as d; print(d('classy-nb').read_text('RECORD'))"


def compare_with_record(installed: str, wheel: Path) -> None:
    """Stop unless this wheel is installed, and not one of the same version from the index."""
    with zipfile.ZipFile(wheel) as archive:
        [name] = (n for n in archive.namelist() if n.endswith(".dist-info/RECORD"))
        built = archive.read(name).decode()
    package = {line for line in built.splitlines() if line.startswith("classy_nb/")}
    if not package or not package <= set(installed.splitlines()):
        raise SystemExit("failed: what pip installed is not the wheel that was built")


def try_demo(command: list[str | Path], folder: Path, work: Path) -> None:
    run(*command, *_DEMO, folder, cwd=work)
    files = {path.stem for path in folder.glob("*.csv") if path.stat().st_size}
    if not {"campaigns", "supporters", "transactions"} <= files:
        raise SystemExit(f"failed: the demo wrote only {sorted(files)}")


def try_pipx(python: str, wheel: Path, work: Path) -> str:
    """Run the demo the way a user without an environment would."""
    spec = f"classy-nb[demo] @ {wheel.as_uri()}"
    homes = {
        "PIPX_HOME": str(work / "pipx"),
        "PIPX_BIN_DIR": str(work / "pipx-bin"),
        "PIPX_MAN_DIR": str(work / "pipx-man"),
        "PIP_QUIET": "0",  # pipx reads what pip lists
    }
    command = [sys.executable, "-m", "pipx", "run", "--python", python, "--spec", spec, "classy-nb"]
    run(*command, *_DEMO, work / "pipx-demo", cwd=work, **homes)
    return f"pipx run --spec 'classy-nb[demo] @ file://...' classy-nb demo: on {Path(python).name}"


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description="Build the sdist and the wheel, and try them as users get them."
    )
    parser.add_argument("--tag", help="fail unless the version and the changelog are this tag's")
    parser.add_argument(
        "--keep", type=Path, metavar="FOLDER", help="an empty or new folder that keeps what was built"
    )
    parser.add_argument("--no-pipx", action="store_true", help="leave pipx out")
    parser.add_argument("pythons", nargs="*", metavar="PYTHON", default=[sys.executable])
    given = parser.parse_args(arguments)
    began = time.monotonic()

    def say(line: str) -> None:
        print(f"{time.monotonic() - began:4.0f} s  {line}", flush=True)

    if given.tag:
        problems = wrong_with_tag(given.tag, version(), (ROOT / "CHANGELOG.md").read_text("utf-8"))
        if problems:
            raise SystemExit("\n".join(["failed: the tag", *problems]))
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(AT_ONCE) as pool:
        work = Path(name)
        dist = (given.keep or work / "dist").resolve()
        sdist, wheel = build(dist)
        for file in (sdist, wheel):
            checksum = hashlib.sha256(file.read_bytes()).hexdigest()
            say(f"{file.name}: {file.stat().st_size:,} bytes, sha256 {checksum}")
        # Each job mostly waits for downloads; the longest begin first.
        jobs = [pool.submit(try_wheel, python, wheel, work) for python in given.pythons]
        if not given.no_pipx:
            jobs.insert(0, pool.submit(try_pipx, given.pythons[0], wheel, work))
        jobs.append(pool.submit(try_sdist, sdist, work))
        for job in jobs:
            say(job.result())


if __name__ == "__main__":
    main()
