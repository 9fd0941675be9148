"""Without the tools of the extra "release" these tests are skipped; with CI set, that is a failure."""

from __future__ import annotations

import os
from importlib.util import find_spec

import pytest

TOOLS = ("check_jsonschema", "hatch_fancy_pypi_readme", "hatchling", "rattler_build", "validate_pyproject")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    missing = [name for name in TOOLS if not find_spec(name)]
    if missing and not os.environ.get("CI"):
        for item in items:
            item.add_marker(pytest.mark.skip(reason=f"pip install -e '.[release]': no {', '.join(missing)}"))
