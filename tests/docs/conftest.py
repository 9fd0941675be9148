"""The site: ``pytest tests/docs``, a run of its own, which builds it first (about 40 seconds on two cores).

It needs the extras ``docs`` and ``browser``, and chromium. Where something is missing, the tests that
need it are skipped; where ``CI`` is set they fail instead.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest
from browser import chromium

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parents[2]
SITE = ROOT / "docs" / "_build" / "html"
NEEDED = ("sphinx", "pydata_sphinx_theme", "numpydoc", "myst_nb", "sphinx_design", "sphinx_copybutton")
IN_CI = os.environ.get("CI", "").lower() not in ("", "0", "false")


def require(missing: str | None) -> None:
    """Skip what needs something that is not here; in CI, fail."""
    if missing:
        (pytest.fail if IN_CI else pytest.skip)(missing)


@pytest.fixture(scope="session")
def site() -> Path:
    """The folder of the site, built from what has changed: warnings are errors, and nothing is fetched."""
    absent = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    require(f"not installed: {', '.join(absent)} (pip install -e '.[docs]')" if absent else None)
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-n", "-j", "auto", "-b", "html"]
    nowhere = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
    ended = subprocess.run(
        [*command, str(ROOT / "docs"), str(SITE)],
        env={**os.environ, **nowhere, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    return SITE


class Quiet(SimpleHTTPRequestHandler):
    """Serves files without a word."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's own name
        """Say nothing."""


@pytest.fixture(scope="session")
def address(site: Path) -> Iterator[str]:
    """The address of the site on this machine."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    require(chromium.missing())
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=chromium.PATIENCE)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium.program(), args=chromium.FLAGS)
        yield started
        started.close()


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """A page that asks nobody else for anything, and whose scripts make no errors."""
    complaints: list[str] = []
    with chromium.fresh(browser, complaints) as context:
        made = context.new_page()
        made.on("pageerror", lambda error: complaints.append(str(error)))
        yield made
    # Without a server, a browser lets no page read the excerpts that a search shows below its finds.
    assert [one for one in complaints if "Failed to fetch" not in one] == []
