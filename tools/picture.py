"""Make notebooks/quickstart.png, the README's picture: the quickstart's first frame and its plot.

::

    python tools/picture.py --write   # draw it
    python tools/picture.py --check   # fail where the committed one looks different

It shows committed outputs of ``notebooks/01_quickstart.ipynb``, so ``tools/notebooks.py --write`` comes
first. Needs ``pip install -e '.[browser]'`` and chromium (or the browser that CHROMIUM names).
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from html import escape
from importlib import import_module
from pathlib import Path
from typing import Any

import notebook_outputs as outputs

FOLDER = Path(__file__).parents[1] / "notebooks"
NOTEBOOK = FOLDER / "01_quickstart.ipynb"
PICTURE = FOLDER / "quickstart.png"
LARGEST = 150_000
"""Bytes that the picture may have."""
_FRAME, _PLOT = "first-frame", "report"
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_STYLE = """
body { margin: 0; width: max-content; background: #fff; color: #222; font: 13px "DejaVu Sans", sans-serif; }
main { padding: 14px 18px; display: grid; grid-template-columns: 44px 1fr; row-gap: 10px; }
.mark { color: #616161; font: 12px "DejaVu Sans Mono", monospace; padding-top: 8px; }
.code { background: #f5f5f5; border: 1px solid #e0e0e0; padding: 7px 10px; }
pre { margin: 0; font: 12.5px/1.45 "DejaVu Sans Mono", monospace; }
table { border: 0; border-collapse: collapse; font-size: 12.5px; }
th, td { padding: 5px 9px; text-align: right; border: 0; white-space: nowrap; }
thead th { border-bottom: 1px solid #bdbdbd; }
tbody tr:nth-child(odd) { background: #f5f5f5; }
img { width: 590px; }
"""


def page() -> str:
    """Return the picture as HTML: the cell that asks, the frame that comes, the plot that ends it."""
    cells = {cell["id"]: cell for cell in outputs.load(NOTEBOOK)["cells"]}
    frame, plot = cells[_FRAME], cells[_PLOT]
    table = next(o["data"]["text/html"] for o in frame["outputs"] if "text/html" in o.get("data", {}))
    image = next(o["data"]["image/png"] for o in plot["outputs"] if "image/png" in o.get("data", {}))
    rows = [
        (f"[{frame['execution_count']}]:", f'<div class="code">{_colored(frame["source"])}</div>'),
        ("", _without_style(table)),
        ("", f'<img alt="" src="data:image/png;base64,{escape(image)}">'),
    ]
    cells_html = "".join(f'<div class="mark">{mark}</div><div>{what}</div>' for mark, what in rows)
    return f"<!doctype html><meta charset='utf-8'><style>{_STYLE}</style><main>{cells_html}</main>"


def _colored(code: str) -> str:
    pygments: Any = import_module("pygments")
    lexer = import_module("pygments.lexers").PythonLexer()
    formatter = import_module("pygments.formatters").HtmlFormatter(noclasses=True, nobackground=True)
    colored: str = pygments.highlight(code, lexer, formatter)
    return colored


def _without_style(table: str) -> str:
    return table[: table.index("<style")] + table[table.index("</style>") + len("</style>") :]


def draw() -> bytes:
    """Return the picture (PNG, half as fine again as it is shown)."""
    from playwright.sync_api import sync_playwright

    names = (os.environ.get("CHROMIUM"), *_BROWSERS)
    program = next((found for name in names if name and (found := shutil.which(name))), None)
    if program is None:
        raise SystemExit("There is no chromium: install it, or name a browser in CHROMIUM.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        view = browser.new_page(viewport={"width": 1000, "height": 600}, device_scale_factor=1.5)
        view.set_content(page())
        picture: bytes = view.locator("main").screenshot()
        browser.close()
    return picture


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Make the README's picture.")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--write", action="store_true", help="draw it")
    what.add_argument("--check", action="store_true", help="fail where the committed one looks different")
    given = parser.parse_args(arguments)
    picture = draw()
    if len(picture) > LARGEST:
        print(f"{PICTURE.name} would have {len(picture):,} bytes, more than {LARGEST:,}.")
        return 1
    if given.write:
        PICTURE.write_bytes(picture)
    fresh = PICTURE.is_file() and outputs.alike(PICTURE.read_bytes(), picture)
    word = "fresh" if fresh else "stale: python tools/picture.py --write"
    print(f"{PICTURE.name}: {word}, {len(picture):,} bytes")
    return 0 if fresh else 1


if __name__ == "__main__":
    sys.exit(main())
