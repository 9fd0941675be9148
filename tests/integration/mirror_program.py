"""A program that refreshes a mirror in small windows, as often as it is told; tests kill it."""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import Any

import classy_nb as cn
from classy_nb.mirror import local, refresh, source
from classy_nb.mirror.destination import DuckDBFile

WINDOW = 400


def main() -> None:
    options = json.loads(sys.argv[1])
    refresh.WINDOW_ROWS, source.BATCH_ROWS = WINDOW, WINDOW // 4
    windows = options.get("windows")
    if windows:
        write, written = refresh.Refresh._write_window, []

        def write_some(self: refresh.Refresh, *window: Any) -> None:
            if len(written) == windows:
                os.kill(os.getpid(), signal.SIGKILL)
            write(self, *window)
            written.append(window)

        refresh.Refresh._write_window = write_some
    if die_at := options.get("die_at"):
        where = local._Workshop if die_at == "finish" else DuckDBFile
        setattr(where, die_at, lambda *_: os.kill(os.getpid(), signal.SIGKILL))
    if options.get("watch"):
        watched: set[str] = set()

        def watch(event: str, arguments: tuple[object, ...]) -> None:
            if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
                watched.add(repr(arguments[1] if event == "socket.connect" else arguments[:2]))

        sys.addaudithook(watch)
    with cn.connect(
        options["id"], options["secret"], base_url=options["base_url"], token_url=options["token_url"]
    ) as c:
        sys.stdout.write("connected\n")
        sys.stdout.flush()
        report = c.mirror(options["path"], resources=options["resources"]).refresh()
    told = {"equal": bool(report["equal"].all()), "requests": int(report["requests"].sum())}
    sys.stdout.write(json.dumps(told) + "\n")
    if options.get("watch"):
        sys.stdout.write(json.dumps(sorted(watched)) + "\n")


if __name__ == "__main__":
    main()
