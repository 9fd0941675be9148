"""A notebook in JupyterLab: run, save, read what was saved, restart, reload."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from browser.chromium import SIZE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from browser.servers import Server
    from playwright.sync_api import Locator, Page

# The notebook's own widget, whichever is in front; brought to the front.
PANEL = """
(name) => {
  const { shell } = window.jupyterapp ?? {};
  const isIt = (one) => one.context?.path === name && one.content?.widgets;
  const found = shell && [...shell.widgets("main")].find(isIt);
  if (found && shell.currentWidget !== found) shell.activateById(found.id);
  return found;
}
"""
READY = f"""
(name) => {{
  const panel = ({PANEL})(name);
  const kernel = panel?.context.sessionContext.session?.kernel;
  return panel?.context.isReady && kernel?.status === "idle" && kernel.connectionStatus === "connected";
}}
"""


def write_notebook(file: Path, *cells: str) -> None:
    """Write a notebook with these cells of code; their ids are their numbers."""
    import nbformat

    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell, id=f"cell-{n}") for n, cell in enumerate(cells)],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )
    nbformat.write(notebook, file)


class Notebook:
    """A notebook that is open on a page."""

    def __init__(self, page: Page, server: Server, file: Path) -> None:
        self.page = page
        self.server = server
        self.file = file

    def open(self, path: str = "/doc/tree/") -> Notebook:
        """Load the page anew and wait for a kernel that is ready."""
        self.page.goto(self.server.url(f"{path}{self.file.name}?reset"))
        self._load()
        return self

    def open_here(self) -> Notebook:
        """Open it in the JupyterLab that the page shows; load that where there is none."""
        if not self.page.evaluate("Boolean(window.jupyterapp)"):
            return self.open()
        self.command("docmanager:open", path=self.file.name, factory="Notebook")
        self.wait_idle()
        return self

    def close_here(self) -> None:
        """Close all that is open, saved or not; JupyterLab stays."""
        self.theme("JupyterLab Light")
        self.page.set_viewport_size(SIZE)
        self.page.evaluate(
            """() => [...window.jupyterapp.shell.widgets("main")].forEach((one) => {
              if (one.context?.model) one.context.model.dirty = false;
              one.close();
            })"""
        )
        self.page.wait_for_function(
            """() => ![...window.jupyterapp.shell.widgets("main")].some((w) => w.context)"""
        )

    def _load(self) -> None:
        self.page.wait_for_function("() => window.jupyterapp")
        self.page.evaluate("window.jupyterapp.started.then(() => window.jupyterapp.restored).then(() => 1)")
        self.wait_idle()

    def _panel(self, action: str, argument: Any = None) -> None:
        """Do something with the notebook's widget; it is ``panel`` in JavaScript."""
        self.page.evaluate(
            f"([name, argument]) => {{ const panel = ({PANEL})(name); {action} }}", [self.file.name, argument]
        )

    def command(self, name: str, *, wait: bool = True, **arguments: Any) -> None:
        """Run a command of JupyterLab, to its end unless told otherwise."""
        call = "window.jupyterapp.commands.execute(name, args)"
        body = f"{call}.then(() => null)" if wait else f"{{ {call}; }}"
        self.page.evaluate(f"([name, args]) => {body}", [name, arguments])

    def run(self, *, wait: bool = True) -> None:
        """Run all cells."""
        self.command("notebook:run-all-cells", wait=wait)

    def run_cell(self, number: int, *, wait: bool = True) -> None:
        """Run one cell, wherever the user has clicked meanwhile."""
        self._panel("panel.content.activeCellIndex = argument;", number)
        self.command("notebook:run-cell", wait=wait)

    def restart(self) -> None:
        """Restart the kernel, as from the menu."""
        self._panel("return panel.context.sessionContext.session.kernel.restart();")
        self.wait_idle()

    @contextmanager
    def hurry(self) -> Iterator[None]:
        """Let long waits that begin meanwhile take a tenth; other tests see to how long they are."""
        self.page.evaluate(
            """() => {
              const later = window.slowly = window.setTimeout;
              const less = (delay) => (delay < 2000 ? delay : delay / 10);
              window.setTimeout = (act, delay, ...more) => later(act, less(delay), ...more);
            }"""
        )
        yield
        self.page.evaluate("() => { window.setTimeout = window.slowly; }")

    def reload(self) -> None:
        """Load the page anew, as F5 does; the kernel stays."""
        self.page.reload()
        self._load()

    def save(self) -> str:
        """Save and return the file's text."""
        self._panel("")
        self.command("docmanager:save")
        return self.file.read_text("utf-8")

    def saved(self) -> Any:
        """Save and return the notebook as it is on the disk."""
        import nbformat

        return nbformat.reads(self.save(), as_version=4)

    def output(self, number: int) -> Locator:
        """Return a cell's output area."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(number).locator(".jp-OutputArea").first

    def wait_idle(self) -> None:
        """Wait for a kernel that is ready and has nothing to do."""
        self.page.wait_for_function(READY, arg=self.file.name)

    def second_view(self, number: int) -> Locator:
        """Show a cell's output once more, as "Create New View for Cell Output" does; return that view."""
        self._panel("panel.content.activeCellIndex = argument;", number)
        self.command("notebook:create-output-view")
        return self.page.locator(".jp-LinkedOutputView")

    def theme(self, name: str) -> None:
        """Choose the look: ``JupyterLab Light`` or ``JupyterLab Dark``."""
        light = "false" if name.endswith("Dark") else "true"
        if self.page.locator("body").get_attribute("data-jp-theme-light") == light:
            return
        self.command("apputils:change-theme", theme=name)
        self.page.wait_for_function(
            "light => document.body.dataset.jpThemeLight === light",
            arg=light,
        )
        self.page.locator("#jupyterlab-splash").wait_for(state="detached")
