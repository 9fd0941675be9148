"""Tests with a real PostgreSQL: ``pytest tests/database``, a run of their own.

They start a server in a temporary folder, as an unprivileged user, which takes some seconds; so plain
``pytest`` leaves this folder out (``norecursedirs``). Where the server or its drivers (the extra
``database``) are missing they are skipped; where ``CI`` is set they fail instead. In Debian, the package is
``postgresql``.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import quote

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    import sqlalchemy as sa

IN_CI = os.environ.get("CI", "").lower() not in ("", "0", "false")
_STARTS_WITHIN = 60
"""Seconds."""


def _missing(what: str) -> NoReturn:
    if IN_CI:
        pytest.fail(f"{what} must be here: install Debian's postgresql and '.[database]'.", pytrace=False)
    pytest.skip(f"{what} is not installed")


def _programs() -> Path:
    """Return the folder of the newest server; Debian's is not in the PATH."""
    found = [Path(path).parent for name in ("postgres", "initdb") if (path := shutil.which(name))]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: -float(path.parent.name))
    complete = (folder for folder in found if (folder / "postgres").exists() and (folder / "initdb").exists())
    return next(complete, None) or _missing("PostgreSQL")


@pytest.fixture(scope="session")
def database_url() -> Iterator[str]:
    """Return the address of an empty database, which is reached by a socket in its folder, without a port."""
    try:
        import psycopg
        import sqlalchemy as _  # noqa: F401 - the tests need it
    except ImportError as error:
        _missing(f"{error.name}")
    programs = _programs()
    # The server refuses to run as root, and pytest's folders are closed to anybody else.
    user: dict[str, Any] = {"user": "nobody", "group": "nogroup"} if os.geteuid() == 0 else {}
    with tempfile.TemporaryDirectory(prefix="pg-", ignore_cleanup_errors=True) as home:
        if user:
            shutil.chown(home, **user)
        # The folder that we are in may be closed to that user.
        options: dict[str, Any] = {**user, "cwd": home, "stdout": subprocess.DEVNULL}
        folder = Path(home) / "data"
        init: list[str | Path] = [programs / "initdb", "-D", folder, "-U", "ada", "-A", "trust", "-E", "UTF8"]
        subprocess.run([*init, "--locale=C.UTF-8", "--no-sync"], check=True, timeout=120, **options)
        serve: list[str | Path] = [programs / "postgres", "-D", folder, "-k", home]
        for setting in ("listen_addresses=", "fsync=off", "timezone=UTC"):
            serve += ["-c", setting]
        with (Path(home) / "log").open("wb") as log:
            server = subprocess.Popen(serve, stderr=log, **options)
        try:
            until = time.monotonic() + _STARTS_WITHIN
            while True:
                try:
                    psycopg.connect(host=home, user="ada", dbname="postgres").close()
                    break
                except psycopg.OperationalError:
                    if server.poll() is not None or time.monotonic() > until:
                        pytest.fail((Path(home) / "log").read_text("utf-8"), pytrace=False)
                    time.sleep(0.1)
            yield f"postgresql+psycopg://ada@/postgres?host={quote(home, safe='')}"
        finally:
            server.send_signal(signal.SIGINT)  # ends open sessions too
            server.wait(timeout=60)


@pytest.fixture
def engine(database_url: str) -> Iterator[sa.Engine]:
    """Return a connection to an empty schema."""
    import sqlalchemy as sa

    made = sa.create_engine(database_url, hide_parameters=True)
    with made.begin() as connection:
        connection.execute(sa.text("drop schema public cascade"))
        connection.execute(sa.text("create schema public"))
    yield made
    made.dispose()
