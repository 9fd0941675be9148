"""Windows, played: what its Python lacks is taken away, and its renames are refused."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import classy_nb as cn
from classy_nb import files
from classy_nb.sandbox import Sandbox

PROGRAM = """
import os, pathlib, signal, sys, time
import asyncio, multiprocessing, subprocess, tempfile  # the standard library keeps what it needs itself
for module in ("fcntl", "grp", "pwd", "resource", "termios", "tty"):
    sys.modules[module] = None
for module, names in {
    os: "fork register_at_fork geteuid getuid fchmod chown statvfs",
    signal: "SIGKILL SIGHUP SIGALRM pthread_sigmask",
    time: "tzset",
}.items():
    for name in names.split():
        if hasattr(module, name):
            delattr(module, name)
import pyarrow.compute
def local_timestamp(values):  # as Arrow says it where no time zones are
    import pyarrow
    raise pyarrow.ArrowInvalid("Cannot locate or parse timezone 'UTC': Timezone database not found")
pyarrow.compute.local_timestamp = local_timestamp
pyarrow.compute.strftime = local_timestamp

import warnings
warnings.simplefilter("ignore")  # filelock has no locks without fcntl or msvcrt, and the export says so
import classy_nb as cn
from classy_nb.sandbox import Sandbox
with Sandbox(transactions=300) as box:
    cn.Credentials(
        box.client_id, box.client_secret, base_url=box.base_url, token_url=box.token_url
    ).save(".env")
    with cn.connect(env_file=".env") as classy:
        gifts = classy.transactions(progress=False)
        classy.transactions.to_csv("gifts.csv", progress=False)
        classy.transactions.to_excel("gifts.xlsx", progress=False)
        classy.transactions.to_parquet("gifts.parquet", progress=False)
        back = cn.read_csv("gifts.csv")
    assert (back["purchased_at"] == gifts["purchased_at"]).all()
    assert back["purchased_at"].dtype == gifts["purchased_at"].dtype
    print(len(gifts), gifts["purchased_at"].dtype)
"""


def test_lists_and_files_need_nothing_that_windows_lacks(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["300", "datetime64[us,", "America/Los_Angeles]"]


@pytest.fixture(scope="module")
def classy() -> Iterator[cn.Classy]:
    with (
        Sandbox(transactions=60, requests_per_minute=0) as box,
        cn.connect(
            box.client_id, box.client_secret, base_url=box.base_url, token_url=box.token_url
        ) as connection,
    ):
        yield connection


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let time pass at once for whoever waits to rename a file; return the pauses."""
    pauses: list[float] = []
    clock = SimpleNamespace(sleep=pauses.append, monotonic=lambda: sum(pauses))
    monkeypatch.setattr(files, "time", clock)
    return pauses


def refuse(monkeypatch: pytest.MonkeyPatch, target: Path, times: int) -> None:
    """Let a file be replaced only after so many refusals, as while somebody reads it."""
    real, left = os.replace, [None] * times

    def replace(source: Any, there: Any) -> None:
        if Path(there) == target and left:
            left.pop()
            raise PermissionError(13, "The process cannot access the file")
        real(source, there)

    monkeypatch.setattr(os, "replace", replace)


def test_a_mirror_waits_until_its_file_may_be_replaced(
    classy: cn.Classy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slept: list[float]
) -> None:
    copy = classy.mirror(tmp_path / "a.duckdb", resources=["campaigns"])
    refuse(monkeypatch, tmp_path / "a.duckdb", 4)
    copy.refresh()
    assert len(slept) == 4
    assert copy.sql("SELECT count(*) AS n FROM campaigns").loc[0, "n"] == classy.campaigns.count()


def test_a_mirror_that_stays_in_use_says_so_and_keeps_its_file(
    classy: cn.Classy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slept: list[float]
) -> None:
    path = tmp_path / "a.duckdb"
    copy = classy.mirror(path, resources=["campaigns"])
    copy.refresh()
    before = path.read_bytes()
    refuse(monkeypatch, path, 10_000)
    with pytest.raises(cn.MirrorError, match="in use and cannot be replaced") as caught:
        copy.refresh()
    assert "Close what reads it" in str(caught.value.advice)
    assert 9 < sum(slept) <= 10
    assert path.read_bytes() == before


def test_a_mirror_has_no_name_that_windows_keeps_for_a_device(
    classy: cn.Classy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = classy.mirror(tmp_path / "aux.duckdb", resources=["campaigns"])
    monkeypatch.setattr(files, "on_windows", lambda: True)
    with pytest.raises(cn.MirrorError, match=r"Windows keeps the name aux\.duckdb for a device"):
        copy.refresh()
    assert list(tmp_path.iterdir()) == []
