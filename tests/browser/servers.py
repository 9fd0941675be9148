"""JupyterLab and Voila as processes of their own, in a home of their own: nobody's settings play a part."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SETTINGS = {
    "@jupyterlab/docmanager-extension/plugin": {"autosave": False},
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    # The hostile setting: whatever widgets hold is saved in the notebook.
    "@jupyter-widgets/jupyterlab-manager/plugin": {"saveState": True},
}
START_SECONDS = 60


@dataclass
class Home:
    """Folders and environment of a Jupyter server and its kernels."""

    root: Path
    environ: dict[str, str]

    @classmethod
    def make(cls, root: Path, environ: Mapping[str, str]) -> Home:
        places = {
            "HOME": "home",
            "JUPYTER_CONFIG_DIR": "config",
            "JUPYTER_DATA_DIR": "data",
            "JUPYTER_RUNTIME_DIR": "runtime",
            "JUPYTERLAB_SETTINGS_DIR": "settings",
            "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
            "IPYTHONDIR": "ipython",
        }
        for folder in (*places.values(), "notebooks"):
            (root / folder).mkdir()
        for name, values in SETTINGS.items():
            file = root / "settings" / f"{name}.jupyterlab-settings"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(values))
        own = {name: str(root / folder) for name, folder in places.items()}
        # No address of a parent's display or proxy; kernels are to find modules as this process does.
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TMPDIR") if name in os.environ}
        return cls(root, {**kept, **own, "JUPYTER_PLATFORM_DIRS": "0", **environ})

    @property
    def notebooks(self) -> Path:
        """Where notebooks are, and where their kernels work."""
        return self.root / "notebooks"

    def run(self, *command: str, folder: Path, seconds: float = 120) -> subprocess.CompletedProcess[str]:
        """Run a Python module with this home, in a folder."""
        return subprocess.run(
            [sys.executable, "-m", *command],
            cwd=folder,
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )


class Server:
    """A Jupyter server on loopback, from ``with`` to its end; the first use waits until it is up.

    Parameters
    ----------
    home
        Its folders.
    name
        Of its log, in the home.
    command
        Module and options; ``{port}`` is filled in.
    ready
        Path that answers once it is up.
    """

    def __init__(self, home: Home, name: str, command: list[str], ready: str) -> None:
        self.home = home
        self.token = secrets.token_hex(12)
        self.log = home.root / f"{name}.log"
        self.port = free_port()
        self._ready = ready
        self._command = [sys.executable, "-m", *(part.format(port=self.port) for part in command)]
        self._process: subprocess.Popen[bytes] | None = None
        self._up = self._ending = False
        self._ends: dict[str, threading.Thread] = {}

    def url(self, path: str) -> str:
        """Return an address of this server, with the right to use it."""
        self._wait()
        return self._address(path)

    def _address(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}{'&' if '?' in path else '?'}token={self.token}"

    def __enter__(self) -> Self:
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=self.home.notebooks,
                env={**self.home.environ, "JUPYTER_TOKEN": self.token},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return self

    def _wait(self) -> None:
        end = time.monotonic() + START_SECONDS
        while not self._up:
            if self._process is None or self._process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"The server did not start:\n{self.log.read_text()[-4000:]}")
            self._up = self._answers()
            if not self._up:
                time.sleep(0.05)  # nothing tells when it listens

    def end_kernels(self) -> None:
        """End all kernels: each takes 100 MB, and a test does not need those of others.

        Which are ended is settled when this returns; their end is not waited for.
        """
        for kernel in json.loads(self._asked("/api/kernels")):
            path = f"/api/kernels/{kernel['id']}"
            if path not in self._ends:
                end = threading.Thread(target=self._asked, args=(path, "DELETE"), daemon=True)
                self._ends[path] = end
                end.start()

    def _asked(self, path: str, method: str = "GET") -> bytes:
        request = urllib.request.Request(self._address(path), method=method)
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.read()

    def _answers(self) -> bool:
        try:
            self._asked(self._ready)
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False
        return True

    def ask_to_end(self) -> None:
        """Ask it to end, and wait for nothing but the kernels that are ending already."""
        while self._ends:
            self._ends.popitem()[1].join(20)
        if self._process is not None and not self._ending:
            self._ending = True
            self._process.send_signal(signal.SIGTERM)

    def __exit__(self, *_: object) -> None:
        self.ask_to_end()
        if self._process is None:
            return
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(20)
        self._process = None


def free_port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return int(unused.getsockname()[1])


def lab(home: Home) -> Server:
    """JupyterLab, which looks for no news."""
    options = [
        "--no-browser",
        "--allow-root",
        "--ip=127.0.0.1",
        "--port={port}",
        "--ServerApp.port_retries=0",
        f"--ServerApp.root_dir={home.notebooks}",
        "--LabApp.expose_app_in_browser=True",
        "--JupyterNotebookApp.expose_app_in_browser=True",  # Notebook 7, which the same server offers
        "--LabApp.extension_manager=readonly",
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]
    return Server(home, "lab", ["jupyterlab", *options], "/api/status")


def voila(home: Home) -> Server:
    """Voila over the folder of the notebooks."""
    options = [
        "--no-browser",
        "--port={port}",
        "--Voila.ip=127.0.0.1",
        "--Voila.port_retries=0",
        "--Voila.token=",
        f"--Voila.root_dir={home.notebooks}",
    ]
    return Server(home, "voila", ["voila", *options], "/voila/static/voila.js")
