"""A PostgreSQL server of the tests' own: ``pytest tests/warehouse``, a run of its own.

The server starts on a free port, with its data in a temporary folder, and asks for a password as real ones
do. Plain ``pytest`` leaves this folder out (``norecursedirs``). Where PostgreSQL or a driver is missing, the
tests are skipped; where ``CI`` is set, they fail instead. In Debian, the package is ``postgresql``.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from contextlib import closing
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from integration.conftest import connect

from classy_nb.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    import classy_nb as cn

IN_CI = os.environ.get("CI", "").lower() not in ("", "0", "false")
USER = "sync"
PASSWORD = "p@ss:w/rd-Kanarienvogel7"  # with what an address must escape
SIZE = 900
_numbers = count(1)


@dataclass(frozen=True)
class Server:
    """A server that runs."""

    port: int
    password: str = PASSWORD

    @property
    def address(self) -> str:
        """The address of a database, with the password."""
        return f"postgresql://{USER}:{quote(PASSWORD, safe='')}@127.0.0.1:{self.port}/postgres"

    @property
    def address_without_password(self) -> str:
        return f"postgresql://{USER}@127.0.0.1:{self.port}/postgres"

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Run a statement; return its rows, if it has any."""
        import psycopg2

        with closing(psycopg2.connect(self.address)) as connection, connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else []


def _programs() -> Path:
    """Return the folder of PostgreSQL's programs, which Debian does not put on the PATH."""
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).resolve().parent
    versions = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if (path / "initdb").exists()]
    if versions:
        return max(versions, key=lambda path: int(path.parent.name))
    if IN_CI:
        pytest.fail("PostgreSQL must be here: install postgresql.", pytrace=False)
    pytest.skip("PostgreSQL is not installed")


def _as_nobody_special() -> dict[str, Any]:
    """Return how to run a program that refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    names = {entry.pw_name for entry in pwd.getpwall()}
    user = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A server with one database, whose user must give a password."""
    programs = _programs()
    if not IN_CI:
        pytest.importorskip("psycopg2")
    run_as = _as_nobody_special()
    home = Path(tempfile.mkdtemp(prefix="classy-postgres-"))
    data = home / "data"
    password = home / "password"
    password.write_text(PASSWORD)
    for path in (home, password):
        path.chmod(0o700)
        if run_as:
            os.chown(path, run_as["user"], run_as["group"])
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    try:
        subprocess.run(
            [
                *(programs / "initdb", "-D", data, "-U", USER, "--pwfile", password, "-A", "scram-sha-256"),
                *("--encoding=UTF8", "--locale=C", "--no-sync"),
            ],
            cwd=home, check=True, capture_output=True, timeout=120, **run_as,
        )  # fmt: skip
        settings = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": home}
        settings |= {"fsync": "off", "timezone": "Asia/Tokyo"}  # nobody's default may matter
        options = " ".join(f"-c {name}={value}" for name, value in settings.items())
        control = [programs / "pg_ctl", "-D", data, "-w", "-l", home / "log"]
        subprocess.run(
            [*control, "-o", options, "start"],
            cwd=home, check=True, stdout=subprocess.DEVNULL, timeout=120, **run_as,
        )  # fmt: skip
        try:
            yield Server(port)
        finally:
            subprocess.run(
                [*control, "-m", "immediate", "stop"],
                cwd=home, check=True, stdout=subprocess.DEVNULL, timeout=60, **run_as,
            )  # fmt: skip
    finally:
        shutil.rmtree(home)


@pytest.fixture
def dataset() -> str:
    """A schema that no other test uses."""
    return f"classy_{next(_numbers)}"


@pytest.fixture
def box() -> Iterator[Sandbox]:
    """A sandbox with two organizations, whose data a test may change."""
    with Sandbox(transactions=SIZE, organizations=2, requests_per_minute=0) as started:
        yield started


@pytest.fixture
def both(box: Sandbox) -> Iterator[list[cn.Classy]]:
    """Connections to both organizations."""
    connections = [connect(box, organization=organization) for organization in box.organization_ids]
    yield connections
    for connection in connections:
        connection.close()


@pytest.fixture
def asking(both: list[cn.Classy]) -> cn.Classy:
    return both[0]
