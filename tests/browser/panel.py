"""A panel's JavaScript on a blank page, with a model that stands in for the kernel: fast."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING, Any

from browser.chromium import SIZE

if TYPE_CHECKING:
    from playwright.sync_api import ConsoleMessage, Error, Locator, Page

ADDRESS = "http://localhost/panel"
"""Answered by the test itself; localhost counts as secure, so the page has a clipboard."""
BLANK = '<!doctype html><html lang="en"><head><title>Panel</title></head><body><main></main></body></html>'

# What anywidget gives to a panel: get, set, save_changes, send, on, off; nothing else may be relied on.
MODEL = """
async ({esm, css, state}) => {
  const style = document.createElement("style");
  style.textContent = css;
  document.head.append(style);
  const due = new Set();
  const [later, never] = [window.setTimeout, window.clearTimeout];
  window.setTimeout = (act, delay = 0, ...more) => {
    const number = later(() => { due.delete(number); act(...more); }, delay);
    if (delay < 1000) due.add(number);
    return number;
  };
  window.clearTimeout = (number) => { due.delete(number); never(number); };
  const text = new Blob([esm], {type: "text/javascript"});
  let widget = (await import(URL.createObjectURL(text))).default;
  if (typeof widget === "function") widget = await widget();
  const heard = new Map();
  const tell = (name, ...what) => [...(heard.get(name) ?? [])].forEach((callback) => callback(...what));
  const model = {
    get: (name) => state[name],
    set: (name, value) => { state[name] = value; tell("change:" + name); },
    save_changes: () => { window.classyTest.saved += 1; },
    send: (content, callbacks, buffers) => {
      window.classyTest.sent.push(structuredClone(content));
      window.classyTest.buffers.push((buffers ?? []).length);
    },
    on: (name, callback) => heard.set(name, [...(heard.get(name) ?? []), callback]),
    off: (name, callback) =>
      name == null
        ? heard.clear()
        : heard.set(name, (heard.get(name) ?? []).filter((one) => callback != null && one !== callback)),
    widget_manager: {},
  };
  const views = [];
  const show = async () => {
    const el = document.createElement("div");
    document.querySelector("main").append(el);
    const controller = new AbortController();
    const cleanup = await widget.render({model, el, signal: controller.signal, experimental: {}});
    views.push(async () => { controller.abort(); await cleanup?.(); el.remove(); });
  };
  const receive = (content, buffers) => tell("msg:custom", content, buffers);
  const close = async () => { while (views.length) await views.pop()(); };
  window.classyTest = {sent: [], buffers: [], saved: 0, state, due, show, receive, close};
  await widget.initialize?.({model, signal: new AbortController().signal, experimental: {}});
  await show();
}
"""
RECEIVE = """
([content, buffers]) => window.classyTest.receive(
  content, buffers.map((text) => new DataView(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer))
)
"""


class PanelPage:
    """One panel on a blank page.

    Attributes
    ----------
    page
        The page, for ``get_by_label`` and the like.
    errors
        What went wrong in JavaScript; the fixture fails the test on any.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        page.on("pageerror", self._failed)
        page.on("console", self._said)

    def _failed(self, error: Error) -> None:
        self.errors.append(str(error))

    def _said(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(message.text)

    def leave(self) -> None:
        """Make the page blank again, for another test."""
        self.page.remove_listener("pageerror", self._failed)
        self.page.remove_listener("console", self._said)
        self.page.unroute(ADDRESS)
        self.page.goto("about:blank")

    @property
    def root(self) -> Locator:
        """The panel's own element; with two views, both."""
        return self.page.locator(".classy-nb")

    @property
    def sent(self) -> list[Any]:
        """The messages that the panel has sent so far."""
        return self.page.evaluate("window.classyTest.sent")

    @property
    def saves(self) -> int:
        """How often the panel wrote synced state: it never should."""
        return self.page.evaluate("window.classyTest.saved")

    def wait_for_sent(self, count: int) -> list[Any]:
        """Return the messages as soon as there are so many."""
        self.page.wait_for_function("count => window.classyTest.sent.length >= count", arg=count)
        return self.sent

    def settle(self) -> None:
        """Wait until the panel has nothing more to do within a second: typing is sent after a pause."""
        self.page.wait_for_function("() => window.classyTest.due.size === 0")

    def send(self, message: Any, buffers: tuple[bytes, ...] = ()) -> None:
        """Give the panel a message, as if from the kernel."""
        texts = [base64.b64encode(buffer).decode() for buffer in buffers]
        self.page.evaluate(RECEIVE, [message, texts])

    def second_view(self) -> None:
        """Show the same panel once more, below."""
        self.page.evaluate("window.classyTest.show()")

    def close(self) -> None:
        """Take all views off the page, as when an output is cleared."""
        self.page.evaluate("window.classyTest.close()")


def text_of(source: str | Path) -> str:
    return source.read_text("utf-8") if isinstance(source, Path) else source


def open_panel(page: Page, esm: str | Path, css: str | Path, state: dict[str, Any]) -> PanelPage:
    """Show a panel on a page."""
    shown = PanelPage(page)
    page.set_viewport_size(SIZE)
    page.emulate_media(color_scheme="light")
    page.route(ADDRESS, lambda route: route.fulfill(body=BLANK, content_type="text/html; charset=utf-8"))
    page.goto(ADDRESS)
    page.evaluate(MODEL, {"esm": text_of(esm), "css": text_of(css), "state": state})
    return shown
