"""Make pages from the notebooks: their committed outputs, and alternative text for each plot.

The text names the heading above the plot, so that readers who cannot see the picture know what it shows.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"

_HEADING = re.compile(r"(?m)^#+ (.+)$")


def pages() -> dict[str, str]:
    """Return the text of each notebook for the site, by file name."""
    return {
        file.name: _page(json.loads(file.read_text("utf-8"))) for file in sorted(NOTEBOOKS.glob("*.ipynb"))
    }


def _page(notebook: dict[str, Any]) -> str:
    heading = ""
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            heading = (_HEADING.findall(source) or [heading])[-1]
            continue
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if "image/png" in data:
                words = f"Plot of this notebook's data: {heading}. The code above says what is drawn."
                cell["metadata"]["mystnb"] = {"image": {"alt": words}}
    return json.dumps(notebook, ensure_ascii=False, indent=1) + "\n"
