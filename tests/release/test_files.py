"""The files that other services read, each checked by its own linter or schema. Nothing is fetched."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FORMS = ROOT / ".github/ISSUE_TEMPLATE"
# cffconvert, the citation format's own tool, cannot be installed beside these: it wants jsonschema 3.
CHECKED = {
    "github-workflows": sorted(ROOT.glob(".github/workflows/*.yml")),
    "dependabot": [ROOT / ".github/dependabot.yml"],
    "github-issue-config": [FORMS / "config.yml"],
    "github-issue-forms": sorted(set(FORMS.glob("*.yml")) - {FORMS / "config.yml"}),
    "citation-file-format": [ROOT / "CITATION.cff"],
}


def complaints(*command: str | Path) -> str:
    """Run a linter; return what it finds wrong, or nothing."""
    command = tuple(map(str, command))
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    return done.stdout + done.stderr if done.returncode else ""


def schema_check(schema: str, *paths: Path) -> str:
    """Return what is wrong with files, or nothing."""
    # In this process: importing it takes longest.
    from check_jsonschema import main
    from click.testing import CliRunner

    options = ["--builtin-schema", f"vendor.{schema}", "--default-filetype", "yaml"]
    result = CliRunner().invoke(main, [*options, *map(str, paths)])
    return result.output if result.exit_code else ""


@pytest.mark.parametrize("schema", CHECKED)
def test_each_file_follows_the_schema_of_its_service(schema: str) -> None:
    assert CHECKED[schema]
    assert schema_check(schema, *CHECKED[schema]) == ""


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
    assert "Schema validation errors" in schema_check(schema, wrong)


def test_the_workflows_are_safe() -> None:
    program = Path(sys.executable).with_name("zizmor.exe" if sys.platform == "win32" else "zizmor")
    assert complaints(program, "--offline", "--no-progress", "--pedantic", ROOT / ".github") == ""


def test_pyproject_is_valid() -> None:
    assert complaints(sys.executable, "-m", "validate_pyproject", ROOT / "pyproject.toml") == ""


def test_the_conda_recipe_is_valid() -> None:
    from rattler_build import RattlerBuildError, Stage0Recipe, VariantConfig

    text = (ROOT / "tools/conda/recipe.yaml").read_text("utf-8")
    # conda-forge's own configuration has python_min.
    [variant] = Stage0Recipe.from_yaml(text).render(VariantConfig({"python_min": ["3.11"]}))
    assert variant.recipe.package.name == "classy-nb"
    assert "python >=3.11" in [str(line) for line in variant.recipe.requirements.run]
    with pytest.raises(RattlerBuildError):
        Stage0Recipe.from_yaml(text.replace("noarch: python", "noarch: snake"))
