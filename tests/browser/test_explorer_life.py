"""The explorer over the life of its kernel, and in two views: restarted, busy, typed into."""

from __future__ import annotations

import os
import re
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

from browser.explorer import CELL, ExplorerForm
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from browser.notebook import Notebook


def test_after_a_restart_the_explorer_says_to_run_the_cell_again(notebook: Callable[..., Notebook]) -> None:
    opened = notebook(CELL)
    form = ExplorerForm(opened.output(0))
    opened.run_cell(0)
    form.labelled("Resource").select_option("supporters")
    expect(form.call).to_contain_text("classy.supporters()")
    opened.restart()
    with opened.hurry():
        form.press("Preview")
    expect(form.status).to_contain_text("run the cell again")
    expect(form.rows).to_have_count(0)

    opened.run_cell(0)
    form.labelled("Resource").select_option("supporters")
    form.press("Preview")
    expect(form.rows).to_have_count(5)
    expect(form.status).to_contain_text(re.compile(r"5 of [\d,]+ rows"))


@contextmanager
def held(kernel: int) -> Iterator[None]:
    """Let a kernel do nothing: it is too busy to answer, as in a cell that lets no other thread run."""
    os.kill(kernel, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(kernel, signal.SIGCONT)


def test_what_is_asked_of_a_busy_kernel_comes_when_it_is_free(notebook: Callable[..., Notebook]) -> None:
    opened = notebook(CELL, "import os\nprint(os.getpid())")
    form = ExplorerForm(opened.output(0))
    opened.run_cell(0)
    opened.run_cell(1)
    form.labelled("Resource").select_option("supporters")
    expect(form.call).to_contain_text("classy.supporters()")
    kernel = int(opened.output(1).locator(".jp-OutputArea-output").inner_text())
    with held(kernel), opened.hurry():
        form.press("Preview")
        expect(form.status).to_contain_text(re.compile("kernel is busy|long cell is running"))
        expect(form.rows).to_have_count(0)
    expect(form.rows).to_have_count(5)
    expect(form.status).to_contain_text(re.compile(r"5 of [\d,]+ rows"))


def test_of_two_views_the_other_follows_and_the_focus_stays(notebook: Callable[..., Notebook]) -> None:
    opened = notebook(CELL)
    opened.run_cell(0)
    first = ExplorerForm(opened.output(0))
    first.labelled("Resource").select_option("transactions")
    second = ExplorerForm(opened.second_view(0))
    expect(second.labelled("Resource")).to_have_value("transactions")

    second.labelled("Since").fill("2026-01-01")
    expect(first.labelled("Since")).to_have_value("2026-01-01")
    for form in (first, second):
        expect(form.call).to_have_text('gifts = classy.transactions(since="2026-01-01")')
    expect(second.labelled("Since")).to_be_focused()

    second.press("Add condition")
    second.press("Preview")  # with a condition that says nothing yet
    condition = second.root.get_by_role("group", name="Condition 1")
    expect(condition.locator("[aria-invalid=true]")).to_be_focused()
    expect(first.root.get_by_role("group", name="Condition 1")).to_be_visible()
    condition.get_by_label("Column").select_option("status")
    condition.get_by_label("Value").fill("success")
    second.press("Preview")
    for form in (first, second):
        expect(form.rows).to_have_count(5)
    expect(second.root.get_by_role("button", name="Preview", exact=True)).to_be_focused()
