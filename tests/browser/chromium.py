"""The browser: Debian's chromium, or whichever the variable CHROMIUM names; none is downloaded."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Route, WebError

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    # Nobody watches, and each frame of a movement is drawn by the processor.
    "--force-prefers-reduced-motion",
    "--disable-smooth-scrolling",
]
NEEDED = ("playwright", "axe_playwright_python", "jupyterlab", "notebook", "voila", "nbclient", "nbconvert")


def program() -> str | None:
    """Return the path of the browser."""
    wanted = (os.environ.get("CHROMIUM"), *NAMES)
    return next((found for name in wanted if name and (found := shutil.which(name))), None)


def missing() -> str | None:
    """Say what these tests need and do not find; None where everything is there."""
    absent = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if absent:
        return f"not installed: {', '.join(absent)} (pip install -e '.[browser]')"
    if program() is None:
        return "there is no chromium (apt-get install chromium, or name one in CHROMIUM)"
    return None


PATIENCE = 20_000
"""Milliseconds that a wait may take on a busy machine; ordinary waits take a few hundred."""
SIZE = {"width": 1200, "height": 1000}
_ELSEWHERE = re.compile(r"^(https?|wss?)://(?!(127\.0\.0\.1|localhost)[:/])")


def fresh(browser: Browser, complaints: list[str]) -> BrowserContext:
    """Return a browser without a past, which reaches nobody but this machine.

    Addresses elsewhere that it asks for are added to the complaints, and errors in the panels' JavaScript:
    that comes from blobs, and what Jupyter's own does wrong is not for these tests.
    """

    def refuse(route: Route) -> None:
        complaints.append(route.request.url)
        route.abort()

    def failed(wrong: WebError) -> None:
        if "blob:" in (wrong.error.stack or ""):
            complaints.append(str(wrong.error))

    made = browser.new_context(accept_downloads=True, viewport=SIZE)
    made.set_default_timeout(PATIENCE)
    made.grant_permissions(["clipboard-read", "clipboard-write"])
    made.route(_ELSEWHERE, refuse)
    made.on("weberror", failed)
    return made
