"""What holds for each committed notebook, whoever wrote it."""

import re
from pathlib import Path

import notebook_outputs
import pytest

PATHS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
every = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
# The first one holds forms that somebody has to fill in: it shows nothing by itself.
every_program = pytest.mark.parametrize("path", PATHS[1:], ids=lambda path: path.stem)
SKIPPED = "skip-execution"
SWITCH = re.compile(r"(?m)^# classy = cn\.connect\(\)")


def test_there_are_some() -> None:
    assert len(PATHS) >= 4
    assert [path.name[:2] for path in PATHS] == sorted({path.name[:2] for path in PATHS})


@every
def test_nothing_is_in_it_that_must_not_be(path):
    notebook = notebook_outputs.load(path)
    assert notebook_outputs.complaints(notebook) == []


@every
def test_it_is_as_the_tool_writes_it(path):
    notebook = notebook_outputs.load(path)
    assert notebook_outputs.written(notebook_outputs.tidy(notebook)) == path.read_text("utf-8")
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    code = [cell for cell in code if SKIPPED not in cell["metadata"].get("tags", [])]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    assert len({cell["id"] for cell in notebook["cells"]}) == len(notebook["cells"])


@every
def test_it_opens_with_the_question_that_it_answers(path):
    opening = notebook_outputs.load(path)["cells"][0]
    assert opening["cell_type"] == "markdown"
    title, _, rest = opening["source"].partition("\n")
    assert re.fullmatch(r"# \S.*", title)
    assert re.match(r"\*\*[A-Z][^*]+\?\*\*", rest.strip())


@every_program
def test_one_line_switches_to_your_own_organization(path):
    sources = [c["source"] for c in notebook_outputs.load(path)["cells"] if c["cell_type"] == "code"]
    assert [len(SWITCH.findall(source)) for source in sources if "cn.demo(" in source] == [1]
    assert sum("cn.demo(" in source for source in sources) == 1


@every_program
def test_it_ends_in_a_table_or_a_picture(path):
    code = [c for c in notebook_outputs.load(path)["cells"] if c["cell_type"] == "code"]
    last = code[-1]["outputs"][-1]["data"]
    assert "image/png" in last or "<table" in last["text/html"]
