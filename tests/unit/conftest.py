"""What several test files need."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from support.connection import Pauses
from support.explorer import STATUSES, gift
from support.lists import Listed, rows
from support.server import ScriptedServer
from support.streams import Batches
from support.tokens import Clock
from support.viewer import Viewer

from classy_nb.client import Classy
from classy_nb.widgets.explorer import Explorer
from classy_nb.widgets.explorer import notebook as notebook_module


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch, connected: Classy) -> dict[str, Any]:
    """The variables of a notebook, in which the connection is called ``raiser``."""
    variables: dict[str, Any] = {"_": connected, "raiser": connected}
    monkeypatch.setattr(notebook_module, "variables", lambda: variables)
    return variables


@pytest.fixture
def explorer(
    connected: Classy, server: ScriptedServer, notebook: dict[str, Any], tmp_path: Path, monkeypatch: Any
) -> Iterator[Explorer]:
    server.handler = Listed(rows(250)).reply
    monkeypatch.chdir(tmp_path)
    panel = connected.explore()
    yield panel
    panel.close()


@pytest.fixture
def listed(server: ScriptedServer) -> Listed:
    found = Listed([gift(n, status) for n, status in enumerate(STATUSES, 1)])
    server.handler = found.reply
    return found


@pytest.fixture
def viewer(explorer: Explorer) -> Viewer:
    """One who looks at the panel that the test file calls ``explorer``."""
    found = Viewer(explorer)
    found.say("hello")
    return found


@pytest.fixture
def colab(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Colab, which gets widgets' code from elsewhere; what an output has to say for it of a widget."""
    url = "https://widgets.example.org/manager.js"
    output = SimpleNamespace(
        enable_custom_widget_manager=lambda: None, _widgets=SimpleNamespace(_installed_url=url)
    )
    monkeypatch.setitem(sys.modules, "google.colab.output", cast("Any", output))
    return {"application/vnd.jupyter.widget-view+json": {"colab": {"custom_widget_manager": {"url": url}}}}


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """A file of which there is an older one."""
    path = tmp_path / "there" / "gifts.file"
    path.parent.mkdir()
    path.write_text("older")
    return path


@pytest.fixture
def undisturbed(tmp_path: Path) -> Callable[[Callable[..., Path]], bytes]:
    return lambda write: cast("Path", write(Batches(), tmp_path / "undisturbed")).read_bytes()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pauses() -> Pauses:
    """Waits that take no time but move the clock by which the bound in seconds is kept."""
    return Pauses()
