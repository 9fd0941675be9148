"""What all widgets share: messages only, nothing synced, no error escapes."""

import threading
from typing import Any

import pytest
from support.viewer import Viewer

from classy_nb.errors import BlockedError, ClassyWarning, UsageError, kept_warnings, warn
from classy_nb.widgets.widget import MessageWidget, css, esm
from classy_nb.widgets.words import words

NEEDED_BY_WIDGETS = {
    "_dom_classes",
    "_model_module",
    "_model_module_version",
    "_model_name",
    "_view_count",
    "_view_module",
    "_view_module_version",
    "_view_name",
    "layout",
    "tabbable",
    "tooltip",
}


class Echo(MessageWidget):
    _esm = "export default {}"
    _css = ".classy-nb {}"
    instructions = "Look elsewhere. " * 20

    def __init__(self) -> None:
        self.gone = 0
        super().__init__()

    def state(self) -> dict[str, Any]:
        return {"answer": 42}

    def receive(self, kind: str, message: dict[str, Any], buffers: list[memoryview]) -> None:
        if kind == "break":
            raise UsageError("It makes no sense.", advice="Ask otherwise.")
        if kind == "burst":
            raise ValueError("ann@example.org")
        self.tell("echo", of=kind, text=message.get("text"), sizes=[len(b) for b in buffers])

    def left(self) -> None:
        self.gone += 1


@pytest.fixture
def view() -> Viewer:
    return Viewer(Echo())


def test_nothing_is_synced_but_code_and_style(view: Viewer) -> None:
    assert set(view.panel.get_state()) == NEEDED_BY_WIDGETS | {"_esm", "_css", "_anywidget_id"}


def test_a_view_that_says_hello_is_sent_the_state(view: Viewer) -> None:
    view.say("hello")
    view.name = "view-2"
    view.say("hello")
    assert view.told == [({"kind": "state", "answer": 42}, [])] * 2
    assert view.panel.views == {"view-1", "view-2"}
    view.say("gone")
    assert (view.panel.views, view.panel.views_ever) == ({"view-1"}, {"view-1", "view-2"})
    assert view.panel.gone == 1


def test_other_messages_go_to_the_subclass(view: Viewer) -> None:
    view.say("sing", text="la")
    assert view.told == [({"kind": "echo", "of": "sing", "text": "la", "sizes": []}, [])]
    view.panel.tell("data", [b"abc"], name="x")
    assert view.told[1:] == [({"kind": "data", "name": "x"}, [b"abc"])]


@pytest.mark.parametrize("content", [None, 3, "hello", [], {}, {"kind": None}, {"kind": ["hello"]}])
def test_malformed_messages_are_ignored(view: Viewer, content: Any) -> None:
    view.panel._handle_custom_msg(content, [])
    assert view.told == []


def test_errors_are_shown_and_do_not_escape(view: Viewer) -> None:
    view.say("break")
    view.say("burst")
    assert [message["text"] for message in view.of("error")] == [
        "It makes no sense. Ask otherwise.",
        "Something went wrong behind this form (ValueError): run the cell again, or report it.",
    ]


def test_background_work_blocks_nobody_and_its_errors_are_shown(view: Viewer) -> None:
    begun, may_end = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        assert may_end.wait(20)
        raise BlockedError("A firewall is in front.", advice="Go elsewhere.")

    thread = view.panel.background(work)
    assert begun.wait(20)
    assert thread.daemon
    view.say("sing")
    assert [message["kind"] for message, _ in view.told] == ["echo"]
    may_end.set()
    thread.join(20)
    assert view.last("error")["text"] == "A firewall is in front. Go elsewhere."


def test_a_closed_widget_sends_nothing(view: Viewer) -> None:
    view.panel.close()
    view.panel.tell("echo")
    assert view.told == []


def test_where_widgets_are_not_shown_the_whole_text_is(view: Viewer) -> None:
    data, metadata = view.panel._repr_mimebundle_()
    assert data["text/plain"] == Echo.instructions  # whole, however long
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == view.panel.model_id
    assert metadata == {}


def test_colab_is_told_where_to_get_the_code_of_widgets(colab: dict[str, Any]) -> None:
    widget = Echo()
    _, metadata = widget._repr_mimebundle_()
    assert metadata == colab
    widget.close()


def test_code_and_style_are_the_shared_part_and_the_widgets_own() -> None:
    assert "function openBridge(" in esm("login/login")
    assert esm("login/login").count("export default") == 1
    assert ".classy-nb-status" in css("login/login")
    assert ".classy-nb-login" in css("login/login")


def test_the_javascript_never_inserts_markup() -> None:
    for name in ("login/login", "explorer/explorer", "explorer/fields", "explorer/results"):
        for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
            assert way not in esm(name), (name, way)


def test_words_for_errors() -> None:
    assert words(UsageError("No.", path="/a", method="GET")) == "No."
    assert words(ImportError("It needs its library: pip install 'x[y]'")).endswith("pip install 'x[y]'")
    assert "ann@" not in words(ImportError("ann@example.org"))


def test_warnings_are_kept_for_this_thread_only() -> None:
    heard: list[str] = []

    def elsewhere() -> None:
        with pytest.warns(ClassyWarning, match="loud"):
            warn("loud", ClassyWarning)
        heard.append("done")

    with kept_warnings() as kept:
        warn("quiet", ClassyWarning)
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join(20)
    assert (kept, heard) == (["quiet"], ["done"])
    with pytest.warns(ClassyWarning, match="after"):
        warn("after", ClassyWarning)
