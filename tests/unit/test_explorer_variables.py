"""Frames that the explorer gives a name in the notebook."""

from typing import Any

import pytest
from support.explorer import press
from support.viewer import Viewer

from classy_nb.panel.explorer import Explorer, _notebook


def test_a_frame_gets_a_name(viewer: Viewer, explorer: Explorer, notebook: dict[str, Any]) -> None:
    said = press(viewer, "variable")
    assert said["text"].startswith("The variable gifts holds 250 rows, ")
    assert notebook["gifts"] is explorer.frame
    assert len(notebook["gifts"]) == 250
    assert viewer.last("call")["text"] == "gifts = raiser.transactions()"
    said = press(viewer, "variable")  # our own earlier one is no loss
    assert said["question"] is None


def test_another_variable_is_replaced_only_when_told_so(viewer: Viewer, notebook: dict[str, Any]) -> None:
    notebook["mine"] = [1, 2]
    said = press(viewer, "variable", variable="mine")
    assert said["text"] == "mine exists already (a list). Replace it?"
    assert said["question"] == {"action": "variable", "yes": "Replace the variable"}
    assert notebook["mine"] == [1, 2]
    press(viewer, "variable", replace=True, variable="mine")
    assert len(notebook["mine"]) == 250


@pytest.mark.parametrize(
    ("name", "words"),
    [("my gifts", "no name for a variable"), ("raiser", "is the connection"), ("list", "a meaning")],
)
def test_names_of_variables_are_checked(
    viewer: Viewer, notebook: dict[str, Any], name: str, words: str
) -> None:
    before = dict(notebook)
    said = press(viewer, "variable", variable=name)
    assert words in said["text"]
    assert viewer.last("problem")["field"] == "variable"
    assert notebook == before
    assert viewer.last("call")["text"] == ""


def test_without_ipython_the_explorer_keeps_the_frame(
    viewer: Viewer, explorer: Explorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_notebook, "variables", lambda: None)
    assert "the explorer's attribute frame" in press(viewer, "variable")["text"]
    assert explorer.frame is not None
    assert len(explorer.frame) == 250
    assert explorer.call == "gifts = classy.transactions()"


def test_the_variables_are_those_of_the_notebook() -> None:
    from IPython.core.interactiveshell import InteractiveShell

    assert _notebook.variables() is None
    shell = InteractiveShell.instance()
    try:
        shell.user_ns["thing"] = thing = object()
        assert _notebook.variables() is shell.user_ns
        assert _notebook.name_of(thing, "otherwise") == "thing"
        assert _notebook.name_of(object(), "otherwise") == "otherwise"
    finally:
        shell.reset()
        InteractiveShell.clear_instance()
    assert _notebook.name_of(object(), "otherwise") == "otherwise"
