"""Make the guides' pictures: both forms, filled in, in a real browser, with a sandbox's made-up data.

::

    python tools/pictures.py --write   # draw them
    python tools/pictures.py --check   # fail if the committed ones look different

Each widget is on a blank page and connected to its Python side by the helpers in ``tests/browser``. This
needs ``pip install -e '.[browser]'`` and chromium (or the browser that CHROMIUM names).
"""

from __future__ import annotations

import argparse
import io
import os
import sys
import tempfile
from contextlib import chdir, contextmanager
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

    from playwright.sync_api import Page

FOLDER = ROOT / "docs" / "_static" / "pictures"
LARGEST = 150_000
"""The most bytes that a picture may have."""
_COLORS = 64
"""Both forms have fewer, apart from the edges of letters; this cuts files to a third of their size."""


@contextmanager
def page() -> Iterator[Page]:
    """Open a blank page in a browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.program(), args=chromium.FLAGS)
        yield browser.new_page()
        browser.close()


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
    parser = argparse.ArgumentParser(description="Make the guides' pictures.")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--write", action="store_true", help="draw them")
    what.add_argument("--check", action="store_true", help="fail where the committed ones look different")
    given = parser.parse_args(arguments)
    if chromium.program() is None:
        raise SystemExit("There is no chromium: install it, or name a browser in CHROMIUM.")
    os.umask(0o022)
    stale = False
    with page() as shown:
        drawn = {"login": login(shown), "explorer": explorer(shown)}
    for name, full in drawn.items():
        picture = with_few_colors(full)
        path = FOLDER / f"{name}.png"
        if given.write:
            FOLDER.mkdir(parents=True, exist_ok=True)
            path.write_bytes(picture)
        fresh = len(picture) <= LARGEST and path.is_file() and outputs.alike(path.read_bytes(), picture)
        stale = stale or not fresh
        word = "fresh" if fresh else f"stale or larger than {LARGEST:,}: python tools/pictures.py --write"
        print(f"{path.name}: {word}, {len(picture):,} bytes")
    return int(stale)


if __name__ == "__main__":
    sys.exit(main())
