"""The tool over notebooks that really run."""

import asyncio
from importlib.util import find_spec

import notebook_outputs as outputs
import pytest

import notebooks as tool

pytestmark = [
    # The gate's notebooks step has it installed, so there nothing is skipped.
    pytest.mark.skipif(find_spec("nbclient") is None, reason="needs classy-nb[notebooks]"),
    pytest.mark.filterwarnings("default"),  # the machinery of kernels warns of itself
]


class TestKernel:
    """Notebooks that really run."""

    def ran(self, tmp_path, *sources):
        path = tmp_path / "x.ipynb"
        cells = [
            {
                "cell_type": "code",
                "id": f"cell-{n}",
                "metadata": {},
                "source": text,
                "execution_count": None,
                "outputs": [],
            }
            for n, text in enumerate(sources, 1)
        ]
        path.write_text(outputs.written(outputs.tidy({"cells": cells})), "utf-8")
        return asyncio.run(tool.run(path))

    def test_its_files_vanish_and_the_developers_settings_stay_out(self, tmp_path, monkeypatch):
        monkeypatch.setenv("CLASSY_CLIENT_SECRET", "a secret")
        monkeypatch.chdir(tmp_path)
        done = self.ran(
            tmp_path,
            "import os, sys, pathlib\npathlib.Path('gifts.csv').write_text('x')\nos.listdir()",
            "[name for name in os.environ if name.startswith('CLASSY_')], 'IPYTHONDIR' in os.environ",
        )
        assert done.problems == []
        shown = [cell["outputs"][0]["data"]["text/plain"] for cell in done.notebook["cells"]]
        assert shown == ["['gifts.csv']", "([], True)"]
        assert [cell["execution_count"] for cell in done.notebook["cells"]] == [1, 2]
        assert [path.name for path in tmp_path.iterdir()] == ["x.ipynb"]

    def test_the_cell_that_raises_is_named(self, tmp_path):
        done = self.ran(tmp_path, "1", "{}['no such key']", "print('never')")
        (problem,) = done.problems
        assert problem.startswith("cell 2 (cell-2) raised KeyError: 'no such key'")

    def test_a_kernel_that_dies_is_told(self, tmp_path):
        done = self.ran(tmp_path, "1", "import os\nos._exit(1)")
        (problem,) = done.problems
        assert problem.startswith("cell 2 (cell-2) did not end: DeadKernelError")

    def test_warnings_of_ours_are_refused_and_deprecations_of_others_are_not(self, tmp_path):
        old = self.ran(tmp_path, "import warnings\nwarnings.warn('soon', DeprecationWarning)")
        new = self.ran(tmp_path, "import warnings\nwarnings.warn('gifts are missing')")
        assert old.problems == []
        assert "gifts are missing" in new.problems[0]
