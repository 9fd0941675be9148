"""Make the pictures of the README and the guides, in a real browser, of a sandbox's made-up data.

::

    python tools/pictures.py --write   # draw them
    python tools/pictures.py --check   # fail if the committed ones look different

The README shows the quickstart's first frame and its plot, as ``notebooks/01_quickstart.ipynb`` has them, so
``tools/notebooks.py --write`` comes first. The guides show both forms, filled in: each widget is on a blank
page and connected to its Python side by the helpers in ``tests/browser``. This needs
``pip install -e '.[browser]'`` and chromium (or the browser that CHROMIUM names).
"""

from __future__ import annotations

import argparse
import io
import os
import sys
import tempfile
from contextlib import chdir, contextmanager
from html import escape
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import notebook_outputs as outputs

import classy_nb as cn
from classy_nb.sandbox import Sandbox
from classy_nb.widgets.widget import css, esm

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from browser import chromium  # noqa: E402 - after the path
from browser.login import FORM, LoginForm  # noqa: E402
from browser.login import ROOT as LOGIN  # noqa: E402
from browser.panel import open_panel  # noqa: E402
from browser.wired import Wired  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

FOLDER = ROOT / "notebooks"
QUICKSTART = FOLDER / "quickstart.png"
FORMS = ROOT / "docs" / "_static" / "pictures"
LARGEST = 150_000
"""The most bytes that a picture may have."""
_FRAME, _PLOT = "first-frame", "report"
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
_COLORS = 64
"""Both forms have fewer, apart from the edges of letters; this cuts files to a third of their size."""


@contextmanager
def browser() -> Iterator[Browser]:
    """Start a browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium.program(), args=chromium.FLAGS)
        yield started
        started.close()


def quickstart(opened: Browser) -> bytes:
    """Return the README's picture, half as fine again as it is shown."""
    view = opened.new_page(viewport={"width": 1000, "height": 600}, device_scale_factor=1.5)
    view.set_content(quickstart_page())
    picture: bytes = view.locator("main").screenshot()
    return picture


def quickstart_page() -> str:
    """Return the picture as HTML: the cell that asks, the frame that comes, the plot that ends it."""
    cells = {cell["id"]: cell for cell in outputs.load(FOLDER / "01_quickstart.ipynb")["cells"]}
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


def login(shown: Page) -> bytes:
    """Return a picture of the login form, with the id and the secret filled in."""
    panel = open_panel(shown, esm("login/login"), css("login/login"), {})
    shown.set_viewport_size({"width": 640, "height": 800})
    panel.wait_for_sent(1)
    panel.send({**FORM, "file": "/home/ann/reports/.env"})
    LoginForm(shown).fill("5f1c2a9be0b74d0d", "a secret that nobody sees")
    shown.locator("body").click(position={"x": 2, "y": 2})
    picture: bytes = shown.locator(LOGIN).screenshot()
    return picture


def explorer(shown: Page) -> bytes:
    """Return a picture of the explorer with a preview of this year's gifts."""
    with (
        tempfile.TemporaryDirectory() as folder,
        chdir(folder),
        Sandbox(transactions=6_000, requests_per_minute=0) as box,
        cn.connect(
            box.client_id, box.client_secret, base_url=box.base_url, token_url=box.token_url
        ) as classy,
    ):
        panel = classy.explore()
        wired = Wired(open_panel(shown, panel._esm, panel._css, {}), panel)  # noqa: SLF001 - what a notebook gets
        shown.set_viewport_size({"width": 860, "height": 1400})
        wired.carry(lambda: wired.viewer.of("state"))
        form: Any = wired.form
        form.ask_for_gifts_of_this_year()
        wired.carry()
        form.press("Preview")
        wired.until("rows")
        form.press("To a variable")  # no notebook will hold it, but the totals then cover all rows
        wired.carry()
        picture: bytes = form.root.screenshot()
        panel.close()
    return picture


def with_few_colors(picture: bytes) -> bytes:
    """Return a picture as a PNG with a palette."""
    from PIL import Image

    small = io.BytesIO()
    Image.open(io.BytesIO(picture)).convert("RGB").quantize(_COLORS).save(small, "png", optimize=True)
    return small.getvalue()


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Make the pictures of the README and the guides.")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--write", action="store_true", help="draw them")
    what.add_argument("--check", action="store_true", help="fail where the committed ones look different")
    given = parser.parse_args(arguments)
    if chromium.program() is None:
        raise SystemExit("There is no chromium: install it, or name a browser in CHROMIUM.")
    os.umask(0o022)
    with browser() as opened:
        drawn = {QUICKSTART: quickstart(opened)}
        shown = opened.new_page()
        drawn[FORMS / "login.png"] = with_few_colors(login(shown))
        drawn[FORMS / "explorer.png"] = with_few_colors(explorer(shown))
    stale = False
    for path, picture in drawn.items():
        if given.write and len(picture) <= LARGEST:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(picture)
        fresh = len(picture) <= LARGEST and path.is_file() and outputs.alike(path.read_bytes(), picture)
        stale = stale or not fresh
        word = "fresh" if fresh else f"stale or larger than {LARGEST:,}: python tools/pictures.py --write"
        print(f"{path.name}: {word}, {len(picture):,} bytes")
    return int(stale)


if __name__ == "__main__":
    sys.exit(main())
