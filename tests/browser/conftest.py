"""Tests in a real browser: ``pytest tests/browser``, a run of their own.

Playwright's interface runs an event loop in the main thread, which other tests cannot stand, and these take
minutes; so plain ``pytest`` leaves this folder out (``norecursedirs``). Where there is no chromium they are
skipped, and the summary says so; where ``CI`` is set they fail instead.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

import pytest
from browser import chromium, evidence, servers
from browser.headless import Headless
from browser.lab_page import LabPage
from browser.notebook import Notebook, write_notebook
from browser.panel import PanelPage, open_panel
from browser.wired import Wired
from support.canaries import leaks, tokens_of
from support.connection import CANARY, CLIENT_ID, WRONG_CANARY

import classy_nb as cn
from classy_nb.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from pathlib import Path

    from browser.servers import Home, Server
    from playwright.sync_api import Browser, BrowserContext, Page

MISSING = chromium.missing()
IN_CI = os.environ.get("CI", "").lower() not in ("", "0", "false")


class Absent(pytest.Module):
    """A file of tests that cannot run here."""

    def collect(self) -> Any:
        if IN_CI:
            pytest.fail(f"The browser tests must run here, but {MISSING}.", pytrace=False)
        pytest.skip(f"browser tests: {MISSING}", allow_module_level=True)


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Module | None:
    return Absent.from_parent(parent, path=module_path) if MISSING else None


SLOW_TO_START = ("lab", "voila", "headless")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let those come first that need no server."""
    items.sort(key=lambda item: any(name in fixtures_of(item) for name in SLOW_TO_START))


def fixtures_of(item: pytest.Item) -> list[str]:
    return getattr(item, "fixturenames", [])


def pytest_sessionfinish(session: pytest.Session) -> None:
    if MISSING and session.exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED:
        session.exitstatus = pytest.ExitCode.OK


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if MISSING and not IN_CI:
        terminalreporter.write_line(f"The browser tests were skipped: {MISSING}.", yellow=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: Any) -> Generator[None, Any, Any]:
    """Keep pictures of the open pages when a test failed."""
    report = yield
    if report.when == "call" and report.failed:
        given = [getattr(item, "funcargs", {}).get(name) for name in ("context", "lab_page", "blank")]
        pages = [page for one in given if one is not None for page in getattr(one, "pages", [one])]
        for number, page in enumerate(pages):
            evidence.picture(page, f"{plain(item.name)}-{number}", "failed")
        for shown in (one for one in given if isinstance(one, LabPage)):
            shown.leave()
    return report


def plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_")


@pytest.fixture(scope="session", autouse=True)
def started_early(request: pytest.FixtureRequest) -> Iterator[None]:
    """Start what will be needed: it gets ready while the first tests run. In the end all end at once."""
    asked = {name for item in request.session.items for name in fixtures_of(item)}
    started = [request.getfixturevalue(name) for name in SLOW_TO_START if name in asked]
    yield
    for server in started:
        if isinstance(server, servers.Server):
            server.ask_to_end()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The one browser of the run."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=chromium.PATIENCE)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium.program(), args=chromium.FLAGS)
        yield started
        started.close()


@pytest.fixture
def complaints() -> list[str]:
    """Addresses elsewhere that a page asked for, and errors in the panels' JavaScript."""
    return []


@pytest.fixture
def context(browser: Browser, complaints: list[str]) -> Iterator[BrowserContext]:
    """A browser without a past."""
    with chromium.fresh(browser, complaints) as made:
        yield made


@pytest.fixture(scope="session")
def blank(browser: Browser) -> Iterator[Page]:
    """A page that tests use in turn: a new one takes longer than most of them."""
    complaints: list[str] = []
    with chromium.fresh(browser, complaints) as made:
        yield made.new_page()
    assert complaints == []


@pytest.fixture
def panel_page(blank: Page, request: pytest.FixtureRequest) -> Iterator[Callable[..., PanelPage]]:
    """Show a panel's ESM and CSS (text or paths) on a blank page; JavaScript errors fail the test.

    A test that asks for ``context`` gets the page in that, to do with as it likes.
    """
    opened: list[PanelPage] = []
    own = "context" in request.fixturenames

    def show(esm: str | Path, css: str | Path = "", **state: Any) -> PanelPage:
        page = request.getfixturevalue("context").new_page() if own else blank
        opened.append(open_panel(page, esm, css, state))
        return opened[-1]

    yield show
    for panel in opened:
        panel.leave()
    assert [error for panel in opened for error in panel.errors] == []


@pytest.fixture(scope="session")
def shared_box() -> Iterator[Sandbox]:
    """The sandbox that kernels talk to; its secret and its tokens are canaries."""
    with Sandbox(
        transactions=2_000, requests_per_minute=0, client_id=CLIENT_ID, client_secret=CANARY
    ) as started:
        yield started


@pytest.fixture
def box(shared_box: Sandbox) -> Iterator[Sandbox]:
    """The sandbox without faults."""
    shared_box.faults.clear()
    yield shared_box
    shared_box.faults.clear()


@pytest.fixture
def wired(
    panel_page: Callable[..., PanelPage], box: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Wired]:
    monkeypatch.chdir(tmp_path)
    with cn.connect(
        box.client_id, box.client_secret, base_url=box.base_url, token_url=box.token_url
    ) as classy:
        explorer = classy.explore()
        made = Wired(panel_page(explorer._esm, explorer._css), explorer)
        made.carry(lambda: made.viewer.of("state"))
        yield made
        assert made.panel.saves == 0
        explorer.close()


@pytest.fixture(scope="session")
def home(shared_box: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """Where Jupyter servers and kernels live, with credentials in the environment.

    In the end, whatever the tests did, no secret and no token is in any file there: saved and executed
    notebooks, their copies, logs, the history of IPython.
    """
    environ = {
        "CLASSY_CLIENT_ID": shared_box.client_id,
        "CLASSY_CLIENT_SECRET": shared_box.client_secret,
        "CLASSY_BASE_URL": shared_box.base_url,
        "CLASSY_TOKEN_URL": shared_box.token_url,
    }
    made = servers.Home.make(tmp_path_factory.mktemp("home"), environ)
    yield made
    tokens = tokens_of(shared_box) if shared_box.token_requests else {}
    canaries = {"secret": CANARY, "wrong secret": WRONG_CANARY, **tokens}
    assert leaks(made.root, CLIENT_ID, canaries) == []


@pytest.fixture(scope="session")
def lab(home: Home) -> Iterator[Server]:
    """JupyterLab, as a user would start it."""
    with servers.lab(home) as started:
        yield started


@pytest.fixture(scope="session")
def lab_page(browser: Browser) -> Iterator[LabPage]:
    """The page with JupyterLab in which tests open their notebooks in turn."""
    with LabPage(browser) as made:
        yield made


@pytest.fixture
def notebook(
    lab_page: LabPage, lab: Server, box: Sandbox, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Notebook]]:
    """Write a notebook with these cells and open it in JupyterLab."""
    file = lab.home.notebooks / f"{plain(request.node.name)}.ipynb"
    opened: list[Notebook] = []

    def show(*cells: str) -> Notebook:
        write_notebook(file, *cells)
        opened.append(Notebook(lab_page.page(), lab, file).open_here())
        return opened[-1]

    yield show
    lab_page.clear(opened)
    lab.end_kernels()
    complaints = lab_page.complaints.copy()
    lab_page.complaints.clear()  # the next test has its own
    assert complaints == []


@pytest.fixture
def notebook7(
    context: BrowserContext, lab: Server, complaints: list[str], request: pytest.FixtureRequest
) -> Iterator[Callable[..., Notebook]]:
    """The same in Notebook 7, which the same server offers."""
    file = lab.home.notebooks / f"{plain(request.node.name)}.ipynb"

    def show(*cells: str) -> Notebook:
        write_notebook(file, *cells)
        return Notebook(context.new_page(), lab, file).open("/notebooks/")

    yield show
    lab.end_kernels()
    assert complaints == []


@pytest.fixture(scope="session")
def voila(home: Home) -> Iterator[Server]:
    """Voila, which shows notebooks as pages."""
    with servers.voila(home) as started:
        yield started


@pytest.fixture(scope="session")
def headless(home: Home) -> Iterator[Headless]:
    """A notebook that runs without a browser."""
    with Headless(home) as started:
        yield started
