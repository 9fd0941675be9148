"""Variables of the notebook: what they are called, and what may replace them. Calls written as Python."""

from typing import Any

import pytest
from support.explorer import press
from support.server import Asked, Reply, ScriptedServer
from support.viewer import Viewer

from classy_nb.client import Classy
from classy_nb.widgets.explorer import Explorer
from classy_nb.widgets.explorer import notebook as notebook_module
from classy_nb.widgets.explorer.notebook import call_text, name_problem


def test_a_frame_becomes_a_variable(viewer: Viewer, explorer: Explorer, notebook: dict[str, Any]) -> None:
    said = press(viewer, "variable")
    assert said["text"].startswith("The variable gifts holds 250 rows, ")
    assert notebook["gifts"] is explorer.frame
    assert len(notebook["gifts"]) == 250
    assert viewer.last("call")["texts"]["frame"] == "gifts = raiser.transactions()"


def test_a_connection_without_a_variable_is_not_mistaken_for_another(
    viewer: Viewer, explorer: Explorer, connected: Classy, notebook: dict[str, Any]
) -> None:
    notebook.clear()
    notebook.update(classy="another connection", _hidden=connected)
    assert explorer.call == (
        "# classy_2: the connection of this explorer (Helping Hands)\ngifts = classy_2.transactions()"
    )
    assert viewer.last("state")["form"]["resource"] == "transactions"


def test_a_variable_is_replaced_only_after_a_question(viewer: Viewer, notebook: dict[str, Any]) -> None:
    notebook["mine"] = [1, 2]
    said = press(viewer, "variable", variable="mine")
    assert said["text"] == "mine already exists (a list). Replace it?"
    assert said["question"] == {"action": "variable", "yes": "Replace the variable", "about": "mine"}
    assert notebook["mine"] == [1, 2]
    press(viewer, "variable", replace="mine", variable="mine")
    assert len(notebook["mine"]) == 250


def test_only_the_variable_in_question_is_replaced(viewer: Viewer, notebook: dict[str, Any]) -> None:
    notebook |= {"mine": [1], "other": [2]}
    press(viewer, "variable", variable="mine")
    said = press(viewer, "variable", replace="mine", variable="other")
    assert said["question"]["about"] == "other"
    press(viewer, "variable", variable="mine")
    notebook["mine"] = [3]
    assert press(viewer, "variable", replace="mine", variable="mine")["question"]["about"] == "mine"
    assert (notebook["mine"], notebook["other"]) == ([3], [2])


def test_an_earlier_frame_of_ours_is_not_replaced_unasked(viewer: Viewer, notebook: dict[str, Any]) -> None:
    press(viewer, "variable")
    notebook["gifts"]["mine"] = 1
    said = press(viewer, "variable")
    assert said["text"] == "gifts already exists (a DataFrame of 250 rows). Replace it?"
    assert "mine" in notebook["gifts"]


def test_a_variable_assigned_during_the_fetch_is_replaced_only_after_a_question(
    viewer: Viewer, explorer: Explorer, notebook: dict[str, Any], server: ScriptedServer
) -> None:
    reply = server.handler

    def meanwhile(asked: Asked) -> Reply:
        notebook["gifts"] = "work"
        return reply(asked)

    server.handler = meanwhile
    said = press(viewer, "variable")
    assert said["text"].startswith("Fetched 250 rows, ")
    assert "Meanwhile, gifts was given another value (a str). Replace it?" in said["text"]
    assert said["question"] == {"action": "assign", "yes": "Replace the variable", "about": "gifts"}
    assert notebook["gifts"] == "work"
    assert explorer.frame is not None
    notebook["gifts"] = "more work"
    assert press(viewer, "assign", replace="gifts")["question"]["about"] == "gifts"
    assert notebook["gifts"] == "more work"
    server.handler = None
    said = press(viewer, "assign", replace="gifts")
    assert (said["text"][:33], said["tone"]) == ("The variable gifts holds 250 rows", "done")
    assert notebook["gifts"] is explorer.frame


def test_an_answer_without_a_question_replaces_nothing(viewer: Viewer, notebook: dict[str, Any]) -> None:
    notebook["gifts"] = "work"
    press(viewer, "variable", variable="found")
    assert press(viewer, "assign", replace="gifts")["text"] == "Nothing was replaced."
    assert notebook["gifts"] == "work"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("my gifts", "not a valid variable name"),
        ("raiser", "is the connection"),
        ("list", "already has a meaning"),
    ],
)
def test_names_of_variables_are_checked(
    viewer: Viewer, notebook: dict[str, Any], name: str, words: str
) -> None:
    before = dict(notebook)
    said = press(viewer, "variable", variable=name)
    assert words in said["text"]
    assert viewer.last("problem")["field"] == "variable"
    assert notebook == before
    assert viewer.last("call")["texts"] == {"frame": ""}


def test_without_ipython_the_explorer_keeps_the_frame(
    viewer: Viewer, explorer: Explorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notebook_module, "variables", lambda: None)
    assert "the explorer's attribute frame" in press(viewer, "variable")["text"]
    assert explorer.frame is not None
    assert len(explorer.frame) == 250
    assert explorer.call == "gifts = classy.transactions()"


def test_the_variables_are_those_of_the_notebook() -> None:
    from IPython.core.interactiveshell import InteractiveShell

    assert notebook_module.variables() is None
    shell = InteractiveShell.instance()
    try:
        shell.user_ns["thing"] = thing = object()
        assert notebook_module.variables() is shell.user_ns
        assert notebook_module.name_of(thing) == "thing"
        assert notebook_module.name_of(object()) is None
    finally:
        shell.reset()
        InteractiveShell.clear_instance()
    assert notebook_module.name_of(object()) is None


@pytest.mark.parametrize("text", ['a"b', "a\\b", "a\nb", "a\u200b\U0001f600", "é", "'"])
def test_text_is_written_as_python_reads_it(text: str) -> None:
    assert eval(call_text("dict", {"where": text})) == {"where": text}


@pytest.mark.parametrize("name", ["\ufb01le", "\uff49\uff46", "In", "Out", "exit", "_x", "list", "for", "2a"])
def test_names_with_another_meaning_are_refused(name: str) -> None:
    assert name_problem(name) is not None


@pytest.mark.parametrize("name", ["gifts", "été", "x1", "gifts_2026"])
def test_good_variable_names_are_accepted(name: str) -> None:
    assert name_problem(name) is None


@pytest.mark.parametrize(
    "name", ["", "2026", "my gifts", "class", "list", "_", "__name__", "x.y", "None", "print"]
)
def test_bad_variable_names_are_refused(name: str) -> None:
    assert repr(name) in (name_problem(name) or "")
