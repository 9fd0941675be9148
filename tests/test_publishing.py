"""What is published under one name says the same everywhere: addresses, version, dependencies, warnings."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from urllib.parse import quote

import notebook_outputs
import pytest
import yaml

import classy_nb
from classy_nb import errors

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
HOME = PROJECT["urls"]["Source"]
WORKFLOWS = sorted(ROOT.glob(".github/workflows/*.yml"))
NOTEBOOKS = sorted(ROOT.glob("notebooks/*.ipynb"))
RECIPE = yaml.safe_load((ROOT / "tools/conda/recipe.yaml").read_text("utf-8"))


def test_the_version_is_the_same_everywhere() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    told = [PROJECT["version"], str(citation["version"]), str(RECIPE["context"]["version"])]
    assert set(told) == {classy_nb.__version__}


def test_there_is_one_home() -> None:
    owner = HOME.removeprefix("https://github.com/").partition("/")[0]
    files = [*ROOT.glob("*.*"), *ROOT.glob(".github/**/*.*"), *ROOT.glob("docs/*.md"), *NOTEBOOKS]
    files += [ROOT / "classy_nb/errors.py", ROOT / "tools/conda/recipe.yaml"]
    repository = (
        r"(?:github(?:usercontent)?\.com|mybinder\.org/v2/gh|google\.com/github)/([\w-]+)/classy[-_]nb\b"
    )
    pages = r"//([\w-]+)\.github\.io/"
    found = [
        (path.name, match[1] or match[2])
        for path in files
        if path.suffix in {".md", ".toml", ".cff", ".yml", ".yaml", ".py", ".ipynb"}
        for match in re.finditer(f"{repository}|{pages}", path.read_text("utf-8"))
    ]
    assert {name for name, _ in found} >= {"pyproject.toml", "CITATION.cff", "SECURITY.md", "errors.py"}
    assert {who for _, who in found} == {owner}
    assert f"{HOME}/issues" == errors.ISSUES == PROJECT["urls"]["Issues"]


def test_the_recipe_has_the_dependencies_of_the_package_and_its_sandbox() -> None:
    wanted = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["demo"]]
    in_conda = {"tzdata>=2024.2; sys_platform == 'win32'": "python-tzdata>=2024.2"}
    wanted = [in_conda.get(requirement, requirement) for requirement in wanted]
    run = [line for line in RECIPE["requirements"]["run"] if not line.startswith("python ")]
    assert sorted(line.replace(" ", "") for line in run) == sorted(wanted)
    build = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["build-system"]["requires"]
    host = [line.replace(" ", "") for line in RECIPE["requirements"]["host"]]
    assert set(build) <= set(host)


def uses(workflow: Path) -> list[str]:
    return re.findall(r"(?m)^\s*(?:- )?uses: (.+)$", workflow.read_text("utf-8"))


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_runs_only_pinned_actions_and_may_do_little(workflow: Path) -> None:
    told = yaml.safe_load(workflow.read_text("utf-8"))
    assert uses(workflow)
    for line in uses(workflow):
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v[\d.]+", line), line
    assert told["permissions"] == {}
    assert "secrets." not in workflow.read_text("utf-8")
    for job in told["jobs"].values():
        assert job["timeout-minutes"] <= 120
        writing = {name for name, level in job.get("permissions", {}).items() if level == "write"}
        assert writing <= {"id-token", "pages"}
        # Whoever may sign or publish runs nothing of ours, and so nothing that a dependency could change.
        assert not (writing and any("run" in step for step in job["steps"]))


def test_an_action_has_one_version_in_all_workflows() -> None:
    versions: dict[str, set[str]] = {}
    for workflow in WORKFLOWS:
        for line in uses(workflow):
            versions.setdefault(line.partition("@")[0], set()).add(line)
    assert {name: lines for name, lines in versions.items() if len(lines) > 1} == {}


def test_every_python_of_the_classifiers_is_tested() -> None:
    told = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text("utf-8"))
    matrix = told["jobs"]["tests"]["strategy"]["matrix"]
    named = {c.rpartition(" ")[2] for c in PROJECT["classifiers"] if re.search(r"Python :: 3\.\d+$", c)}
    assert named <= set(matrix["python"])
    assert PROJECT["requires-python"] == f">={min(named, key=lambda v: int(v[2:]))}"
    assert {entry["os"] for entry in matrix["include"]} == {"macos-latest", "windows-latest"}
    release = (ROOT / ".github/workflows/release.yml").read_text("utf-8")
    assert all(f"python{v}" in release for v in matrix["python"])


@pytest.mark.parametrize(
    "path",
    ["ISSUE_TEMPLATE/bug.yml", "ISSUE_TEMPLATE/idea.yml", "pull_request_template.md", "../SECURITY.md"],
)
def test_whoever_writes_to_us_is_warned_about_donors_data(path: str) -> None:
    text = (ROOT / ".github" / path).read_text("utf-8")
    assert re.search(r"\*\*[^*]*(?:not|[Nn]o|[Nn]ever)[^*]*(?:donors' data|donor's data)", text, re.DOTALL)


def buttons(path: Path) -> list[str]:
    name = path.relative_to(ROOT).as_posix()
    repository = HOME.removeprefix("https://github.com/")
    return [
        f"[Open in Colab](https://colab.research.google.com/github/{repository}/blob/main/{name})",
        f"[Open in Binder](https://mybinder.org/v2/gh/{repository}/HEAD?urlpath=lab/tree/{quote(name)})",
    ]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_opens_elsewhere_and_installs_what_it_needs_there(path: Path) -> None:
    title, install, *rest = notebook_outputs.load(path)["cells"]
    for button in buttons(path):
        assert button in title["source"]
    assert install["id"] == "install"
    assert install["metadata"]["tags"] == ["skip-execution"]
    comment, command = install["source"].splitlines()
    assert comment.startswith("# Only")
    extras = re.fullmatch(r'%pip install -q "classy-nb\[([\w,]+)\]"((?: \w+)*)', command)
    assert extras
    code = "\n".join(cell["source"] for cell in rest if cell["cell_type"] == "code")
    assert ("mirror" in extras[1].split(",")) == (".mirror(" in code)
    imported = set(re.findall(r"(?m)^import (matplotlib|seaborn)", code))
    assert set(extras[2].split()) == imported


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_readme_has_the_same_buttons(path: Path) -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    [line] = (line for line in readme.splitlines() if line.startswith(f"| `{path.stem}` |"))
    colab, binder = buttons(path)
    assert colab.replace("Open in ", "") in line
    assert binder.replace("Open in ", "") in line
