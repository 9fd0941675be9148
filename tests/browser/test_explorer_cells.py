"""The explorer and other cells: neither waits for the other longer than necessary."""

from __future__ import annotations

import os
import re
import signal
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from browser.evidence import picture
from browser.explorer import CELL, ExplorerForm
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from browser.notebook import Notebook

    from classy_nb.sandbox import Sandbox


@contextmanager
def held(kernel: int) -> Iterator[None]:
    """Stop a kernel: it cannot answer, as in a cell that lets no other thread run."""
    os.kill(kernel, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(kernel, signal.SIGCONT)


def test_other_cells_run_during_a_job_and_a_busy_kernel_answers_later(
    notebook: Callable[..., Notebook], box: Sandbox
) -> None:
    opened = notebook(CELL, "import os\nprint(os.getpid())")
    form = ExplorerForm(opened.output(0))
    opened.run_cell(0)
    form.labelled("Resource").select_option("transactions")
    expect(form.call).to_contain_text("classy.transactions()")
    box.faults.then(*["ok"] * 12, *["stall"] * 60)
    form.press("To a variable")
    expect(form.progress).to_be_visible()
    opened.run_cell(1)
    kernel = int(opened.output(1).locator(".jp-OutputArea-output").inner_text())
    expect(form.progress).to_be_visible()  # still running: the cell did not wait
    picture(opened.page, "explorer-running")
    pressed = time.monotonic()
    form.press("Cancel")
    expect(form.progress).to_be_hidden()
    expect(form.status).to_contain_text(re.compile("cancelled|stopped", re.IGNORECASE))
    assert time.monotonic() - pressed < 5
    assert [file.name for file in opened.file.parent.glob("*.part*")] == []

    box.faults.clear()
    form.labelled("Resource").select_option("supporters")
    expect(form.call).to_contain_text("classy.supporters()")
    with held(kernel), opened.hurry():
        form.press("Preview")
        expect(form.status).to_contain_text(re.compile("kernel is busy|long cell is running"))
        expect(form.rows).to_have_count(0)
    expect(form.rows).to_have_count(5)
    expect(form.status).to_contain_text(re.compile(r"5 of [\d,]+ rows"))
