"""What is in the sdist and in the wheel, as hatchling builds them from this checkout."""

from __future__ import annotations

import email
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import release_check as check

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def in_wheel(dist: Path) -> list[str]:
    return check.names_in_wheel(*dist.glob("*.whl"))


@pytest.fixture(scope="module")
def in_sdist(dist: Path) -> list[str]:
    return check.names_in_sdist(*dist.glob("*.tar.gz"))


@pytest.fixture(scope="module")
def metadata(dist: Path) -> email.message.Message:
    [wheel] = dist.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        [name] = (n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        return email.message_from_bytes(archive.read(name))


def tracked(*folders: str) -> set[str]:
    if not (ROOT / ".git").exists():
        pytest.skip("git lists what belongs to the project; an unpacked sdist has no repository")
    # Also what is not committed yet, but nothing that git ignores.
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", *folders]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return {name for name in done.stdout.splitlines() if (ROOT / name).exists()}


def test_the_wheel_holds_the_package_and_nothing_else(in_wheel: list[str]) -> None:
    assert check.strays(in_wheel, check.WHEEL, check.NEEDED) == []
    package = {name for name in in_wheel if ".dist-info/" not in name}
    assert package == tracked("classy_nb")
    assert len(in_wheel) == len(set(in_wheel)) == len(package) + 5


def test_the_sdist_holds_all_that_git_lists(in_sdist: list[str]) -> None:
    assert check.strays(in_sdist, check.SDIST, check.NEEDED_IN_SDIST) == []
    assert set(in_sdist) - {"PKG-INFO"} == tracked()


@pytest.mark.parametrize(
    "stray",
    [
        "tests/conftest.py",
        "cassettes/login.yaml",
        "notebooks/01_quickstart.ipynb",
        "artifacts/screenshot.png",
        "classy_nb/.env",
        "classy_nb/gifts.csv",
        "classy_nb/catalog/openapi.yaml",
        "classy_nb/widgets/explorer/explorer.js.map",
        "classy_nb/__pycache__/cli.cpython-311.pyc",
        "classy_nb-0.1.0.dist-info/licenses/OTHER",
        "classy_nb_extra/__init__.py",
    ],
)
def test_a_file_of_another_kind_is_a_stray_in_the_wheel(in_wheel: list[str], stray: str) -> None:
    assert check.strays([*in_wheel, stray], check.WHEEL, check.NEEDED) == [f"{stray}: unexpected"]


@pytest.mark.parametrize(
    "stray",
    [
        ".env",
        "classy.duckdb",
        "cassettes/real.json",
        "notebooks/gifts.parquet",
        "artifacts/failed/page.png",
        "tests/unit/donors.csv",
        "docs/_build/html/index.html.gz",
        "tools/key.pem",
    ],
)
def test_a_file_of_another_kind_is_a_stray_in_the_sdist(in_sdist: list[str], stray: str) -> None:
    assert check.strays([*in_sdist, stray], check.SDIST, check.NEEDED_IN_SDIST) == [f"{stray}: unexpected"]


@pytest.mark.parametrize("lost", check.NEEDED)
def test_a_file_that_does_not_ship_is_noticed(in_wheel: list[str], lost: str) -> None:
    left = [name for name in in_wheel if not name.endswith(lost)]
    assert check.strays(left, check.WHEEL, check.NEEDED) == [f"{lost}: missing"]


def test_the_license_is_an_expression_with_its_file(metadata: email.message.Message) -> None:
    assert metadata["License-Expression"] == "MIT"
    assert metadata.get_all("License-File") == ["LICENSE"]
    assert not [c for c in metadata.get_all("Classifier", []) if c.startswith("License ::")]


def test_the_description_has_no_link_that_leads_nowhere_on_the_index(metadata: email.message.Message) -> None:
    text = metadata.get_payload()
    assert metadata["Description-Content-Type"] == "text/markdown"
    prose = re.sub(r"(?s)```.*?```|`[^`\n]*`", "", text)
    links = re.findall(r"\]\(([^)]+)\)", prose)
    assert [link for link in links if not link.startswith(("https://", "#"))] == []
    base = "https://raw.githubusercontent.com/classy-nb/classy-nb/main"
    assert f"]({base}/notebooks/quickstart.png)" in text
    for path in re.findall(r"classy-nb/classy-nb/(?:blob/)?main/([^)#]+)", text):
        assert (ROOT / path).exists(), path


@pytest.mark.parametrize(
    ("tag", "changelog", "problems"),
    [
        ("v1.2.0", "# Changelog\n\n## Unreleased\n\n## 1.2.0 (2027-01-05)\n", 0),
        ("v1.2.0", "# Changelog\n\n## Unreleased\n", 1),
        ("v1.2.1", "# Changelog\n\n## 1.2.0\n", 1),
        ("1.2.0", "# Changelog\n\n## 11.2.0\n", 2),
    ],
)
def test_a_tag_is_released_with_its_version_and_its_changes(tag: str, changelog: str, problems: int) -> None:
    assert len(check.wrong_with_tag(tag, "1.2.0", changelog)) == problems
