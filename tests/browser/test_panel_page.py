"""The stand-in for a notebook, on which the panels' JavaScript is tested."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from browser.panel import PanelPage
    from playwright.sync_api import BrowserContext

ESM = """
export default {
  render({ model, el, signal }) {
    const root = document.createElement("div");
    root.className = "classy-nb";
    const heard = (content, buffers) => {
      root.textContent = content.text + (buffers?.[0] ? " " + buffers[0].byteLength : "");
    };
    model.on("msg:custom", heard);
    root.onclick = () => { throw new Error("boom"); };
    signal.addEventListener("abort", () => document.title = "aborted");
    el.append(root);
    model.send({ type: "hello", from: model.get("name") });
    return () => model.off("msg:custom", heard);
  },
};
"""


def test_messages_go_both_ways(panel_page: Callable[..., PanelPage]) -> None:
    panel = panel_page(ESM, ".classy-nb { color: rgb(1, 2, 3); }", name="ann")
    assert panel.wait_for_sent(1) == [{"type": "hello", "from": "ann"}]
    panel.send({"text": "good day"}, (b"\x00\xff\x80",))
    expect(panel.root).to_have_text("good day 3")
    expect(panel.root).to_have_css("color", "rgb(1, 2, 3)")
    assert panel.saves == 0


def test_two_views_and_their_end(panel_page: Callable[..., PanelPage]) -> None:
    panel = panel_page(ESM, name="ann")
    panel.second_view()
    panel.send({"text": "both"})
    expect(panel.root).to_have_text(["both", "both"])
    panel.close()
    expect(panel.root).to_have_count(0)
    expect(panel.page).to_have_title("aborted")


def test_an_error_in_javascript_is_noticed(
    context: BrowserContext, complaints: list[str], panel_page: Callable[..., PanelPage]
) -> None:
    panel = panel_page(ESM, name="ann")
    with panel.page.expect_event("pageerror"):
        panel.root.dispatch_event("click")
    assert "boom" in panel.errors.pop()
    assert "boom" in complaints.pop()
