"""The files that other services read, each checked by its own linter or schema. Nothing is fetched."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from release.conftest import program

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted(ROOT.glob(".github/workflows/*.yml"))
CHECKED = {
    "github-workflows": WORKFLOWS,
    "dependabot": [ROOT / ".github/dependabot.yml"],
    "github-issue-config": [ROOT / ".github/ISSUE_TEMPLATE/config.yml"],
    "github-issue-forms": [
        p for p in sorted(ROOT.glob(".github/ISSUE_TEMPLATE/*.yml")) if p.stem != "config"
    ],
    "citation-file-format": [ROOT / "CITATION.cff"],
}


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False, cwd=ROOT
    )


def schema_check(schema: str, *paths: Path) -> subprocess.CompletedProcess[str]:
    options = ("--builtin-schema", f"vendor.{schema}", "--default-filetype", "yaml")
    return run(sys.executable, "-m", "check_jsonschema", *options, *paths)


@pytest.mark.parametrize("schema", CHECKED)
def test_each_file_follows_the_schema_of_its_service(schema: str) -> None:
    assert CHECKED[schema]
    done = schema_check(schema, *CHECKED[schema])
    assert done.returncode == 0, done.stdout


def test_every_file_for_github_is_checked() -> None:
    there = {path for path in (ROOT / ".github").rglob("*") if path.is_file() and path.suffix != ".md"}
    assert there == {path for paths in CHECKED.values() for path in paths if ".github" in path.parts}


@pytest.mark.parametrize(
    ("schema", "name", "old", "new"),
    [
        ("github-workflows", ".github/workflows/ci.yml", "runs-on:", "run-on:"),
        ("dependabot", ".github/dependabot.yml", "interval: monthly", "interval: fortnightly"),
        ("github-issue-forms", ".github/ISSUE_TEMPLATE/bug.yml", "type: dropdown", "type: menu"),
        ("citation-file-format", "CITATION.cff", "type: software", "type: program"),
    ],
)
def test_a_mistake_is_found(tmp_path: Path, schema: str, name: str, old: str, new: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    assert old in text
    wrong = tmp_path / Path(name).name
    wrong.write_text(text.replace(old, new), "utf-8")
    assert schema_check(schema, wrong).returncode != 0


def test_the_workflows_are_safe() -> None:
    done = run(program("zizmor"), "--offline", "--no-progress", "--pedantic", ROOT / ".github")
    assert done.returncode == 0, done.stdout


def test_pyproject_is_valid() -> None:
    done = run(sys.executable, "-m", "validate_pyproject", ROOT / "pyproject.toml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_conda_recipe_is_valid(tmp_path: Path) -> None:
    from rattler_build import RattlerBuildError, Stage0Recipe, VariantConfig

    path = ROOT / "tools/conda/recipe.yaml"
    # What conda-forge's own configuration gives.
    variants = VariantConfig.from_dict({"python_min": ["3.11"]})
    [rendered] = Stage0Recipe.from_file(path).render(variants)
    recipe = rendered.recipe
    assert recipe.package.name == "classy-nb"
    wrong = tmp_path / "recipe.yaml"
    wrong.write_text(path.read_text("utf-8").replace("requirements:", "requires:"), "utf-8")
    with pytest.raises(RattlerBuildError):
        Stage0Recipe.from_file(wrong)
