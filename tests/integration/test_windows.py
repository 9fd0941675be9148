"""What a Python on Windows lacks is taken away: nothing of ours misses it."""

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import os, pathlib, signal, sys, time
import asyncio, multiprocessing, subprocess, tempfile  # the standard library keeps what it needs itself
for module in ("fcntl", "grp", "pwd", "resource", "termios", "tty"):
    sys.modules[module] = None
for module, names in {
    os: "fork register_at_fork geteuid getuid O_NONBLOCK fchmod chown statvfs",
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
