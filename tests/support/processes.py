"""Other processes: forked ones that run a function, a TLS server, and what pools do with a connection."""

from __future__ import annotations

import os
import pickle
import select
import signal
import ssl
import subprocess
import time
from typing import TYPE_CHECKING, Any

from support.connection import orgs, paginator
from support.server import Asked, Reply, ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from classy_nb.client import Classy

_SECONDS = 30


def forked(function: Callable[[], Any]) -> Any:
    """Run a function in a forked process; return what it returns, or the exception that it raises."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            outcome = function()
        except BaseException as error:  # noqa: BLE001 - the parent gets it
            outcome = error
        try:
            os.write(writer, pickle.dumps(outcome))
        finally:
            os._exit(0)
    os.close(writer)
    try:
        data, end = b"", time.monotonic() + _SECONDS
        while select.select([reader], [], [], max(0.0, end - time.monotonic()))[0]:
            piece = os.read(reader, 1 << 16)
            if not piece:
                return pickle.loads(data)
            data += piece
        os.kill(child, signal.SIGKILL)
        raise TimeoutError("The forked process hangs.")
    finally:
        os.close(reader)
        os.waitpid(child, 0)


def campaigns_of_their_own(asked: Asked) -> Reply:
    """Answer ``/campaigns/N/transactions`` with 30 gifts whose ids tell the campaign, without a path."""
    if "campaigns" not in asked.path:
        return Reply(body=orgs({7: "Helping Hands"}))
    campaign = int(asked.path.split("/")[3])
    rows = [{"id": 1000 * campaign + i, "campaign_id": campaign} for i in range(30)]
    after = int(asked.query.get("filter", ["id>0"])[0].removeprefix("id>"))
    left = [row for row in rows if row["id"] > after]
    per_page = int(asked.query["per_page"][0])
    return Reply(body={**paginator(left[:per_page], total=len(left)), "per_page": per_page})


def own_rows(classy: Classy, campaign: int) -> bool:
    """Whether a campaign's list is the one that `campaigns_of_their_own` has."""
    frame = classy.transactions(campaign=campaign, progress=False)
    return frame["id"].tolist() == [1000 * campaign + i for i in range(30)]


def count_in(task: tuple[Classy, int]) -> tuple[int, bool]:
    """What a task of a pool does with the connection that comes with it."""
    classy, campaign = task
    return os.getpid(), own_rows(classy, campaign)


class TlsServer(ScriptedServer):
    """The scripted server behind TLS, with a certificate that is made for it in a folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.certificate, key = folder / "certificate.pem", folder / "key.pem"
        subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
        made = ["-keyout", str(key), "-out", str(self.certificate)]
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject, *made],
            check=True,
            capture_output=True,
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, key)
        self._server.socket = context.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )

    @property
    def origin(self) -> str:
        return super().origin.replace("http://", "https://")
