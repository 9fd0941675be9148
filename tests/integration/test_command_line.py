"""``classy-nb`` as a shell sees it: sandbox, export, demo, resources."""

from __future__ import annotations

import re
import select
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from integration.shell import CLASSY_NB, environment, run

import classy_nb as cn
from classy_nb import catalog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from classy_nb.sandbox import Sandbox

DEMO = ("campaigns", "transactions", "supporters", "recurring_donation_plans", "fundraising_pages")
DAYS = ("next_processing_date", "recur_until", "pause_until", "plan_paused_on_date")


@contextmanager
def serving(home: Path, *options: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Start ``classy-nb sandbox`` and wait for its line ``ready``; give its banner."""
    command = [*CLASSY_NB, "sandbox", "--port", "0", "--transactions", "120", *options]
    with subprocess.Popen(
        command, cwd=home, env=environment(home), stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stderr is not None
            banner = b""
            while not banner.endswith(b"ready\n"):
                readable, _, _ = select.select([process.stdout], [], [], 30)
                assert readable, f"no 'ready' in 30 s: {banner!r}"
                part = process.stdout.read(4096)
                assert part, f"the sandbox ended: {process.stderr.read()!r}"
                banner += part
            yield process, banner.decode()
        finally:
            if process.poll() is None:
                process.kill()


def said(banner: str, name: str) -> str:
    found = re.search(rf"(?m)^{name} +(\S+)$", banner)
    assert found, banner
    return found.group(1)


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_sandbox_from_a_shell(tmp_path: Path, ending: signal.Signals) -> None:
    with serving(tmp_path, "--client-id", "myOwnId123456", "--client-secret", "myOwnSecret7890") as (
        process,
        banner,
    ):
        assert "stand-in" in banner
        assert (said(banner, "client id"), said(banner, "client secret")) == (
            "myOwnId123456",
            "myOwnSecret7890",
        )
        with cn.connect(
            "myOwnId123456", "myOwnSecret7890", base_url=said(banner, "API"), token_url=said(banner, "token")
        ) as classy:
            assert classy.organization == int(said(banner, "organization"))
            assert classy.transactions.count() == 120
            process.send_signal(ending)
            assert process.wait(10) == 0
        assert process.stdout is not None
        assert process.stderr is not None
        assert (process.stdout.read(), process.stderr.read()) == (b"", b"")
    assert list(tmp_path.iterdir()) == []


def test_sandbox_makes_credentials_up(tmp_path: Path) -> None:
    with serving(tmp_path) as (_, one), serving(tmp_path) as (_, other):
        assert said(one, "client secret") != said(other, "client secret")
        assert said(one, "API").startswith("http://127.0.0.1:")
        with pytest.raises(cn.LoginError):
            cn.connect(
                said(one, "client id"),
                said(other, "client secret"),
                base_url=said(one, "API"),
                token_url=said(one, "token"),
            )


def dotenv(folder: Path, box: Sandbox) -> None:
    (folder / ".env").write_text(
        f"CLASSY_CLIENT_ID={box.client_id}\nCLASSY_CLIENT_SECRET={box.client_secret}\n"
        f"CLASSY_BASE_URL={box.base_url}\nCLASSY_TOKEN_URL={box.token_url}\n"
    )
    (folder / ".env").chmod(0o600)


def read_back(path: Path, like: pd.DataFrame) -> pd.DataFrame:
    """Read a CSV file with the dtypes of a frame, as the docstring of ``to_csv`` says."""
    dates = [name for name, dtype in like.dtypes.items() if str(dtype).startswith("datetime64")]
    dtypes = {
        name: "string" if str(dtype) in ("object", "str") else dtype
        for name, dtype in like.dtypes.items()
        if name not in dates
    }
    back = pd.read_csv(path, dtype=dtypes, keep_default_na=False, na_values=[""])
    for name in dates:
        zone = getattr(like[name].dtype, "tz", None)
        read = pd.to_datetime(back[name], utc=zone is not None, format="ISO8601")
        back[name] = (read.dt.tz_convert(zone) if zone else read).astype(like[name].dtype)
    return back


def assert_same(back: pd.DataFrame, frame: pd.DataFrame) -> int:
    """Compare all columns but those of objects; return how many rows there were."""
    assert list(back.columns) == list(frame.columns)
    plain = [name for name, dtype in frame.dtypes.items() if str(dtype) not in ("object", "str")]
    assert len(plain) > len(frame.columns) // 2
    for name in plain:
        if str(frame[name].dtype) == "string":
            # Text that a spreadsheet would run has an apostrophe in front; an empty text reads as missing.
            got = (
                back[name].fillna("").astype(object).str.replace(r"^'(?=['\"\s]*[=+\-@\t\r])", "", regex=True)
            )
            assert got.tolist() == frame[name].fillna("").tolist(), name
        else:
            pd.testing.assert_series_equal(back[name], frame[name], check_exact=True)
    return len(back)


def test_export_with_a_dotenv_file(
    box: Sandbox, connecting: Callable[..., cn.Classy], tmp_path: Path
) -> None:
    dotenv(tmp_path, box)
    command = [
        *CLASSY_NB,
        "export",
        "transactions",
        "--since",
        "2026-01-01",
        "--timezone",
        "America/Los_Angeles",
    ]
    ended = run([*command, "--to", "gifts.csv"], tmp_path)
    assert (ended.returncode, ended.stderr) == (0, ""), ended.stderr
    assert "gifts.csv" in ended.stdout
    with connecting(box, timezone="America/Los_Angeles") as classy:
        frame = classy.transactions(since="2026-01-01")
    assert 0 < assert_same(read_back(tmp_path / "gifts.csv", frame), frame) < 600
    assert sorted(path.name for path in tmp_path.iterdir()) == [".env", "gifts.csv"]


def test_export_below_a_parent(box: Sandbox, connecting: Callable[..., cn.Classy], tmp_path: Path) -> None:
    dotenv(tmp_path, box)
    campaign = box.truth("transactions")[0]["campaign_id"]
    chosen = [
        "--parent",
        f"campaign={campaign}",
        "--where",
        "status = success",
        "--fields",
        "total_gross_amount",
    ]
    ended = run([*CLASSY_NB, "export", "transactions", *chosen, "--to", "some.csv"], tmp_path)
    assert ended.returncode == 0, ended.stderr
    with connecting(box) as classy:
        frame = classy.transactions(campaign=campaign, where="status = success", fields="total_gross_amount")
    back = pd.read_csv(tmp_path / "some.csv")
    assert back["id"].tolist() == frame["id"].tolist() != []
    assert back["total_gross_amount"].tolist() == frame["total_gross_amount"].tolist()


def test_export_says_what_is_wrong(box: Sandbox, tmp_path: Path) -> None:
    for arguments, code, words in (
        (["export", "transaction", "--to", "x.csv"], 2, "transactions"),
        (["export", "transactions", "--where", "statu = x", "--to", "x.csv"], 1, "CLASSY_CLIENT_ID"),
        (["resources", "transactionss"], 2, "transactions"),
    ):
        ended = run([*CLASSY_NB, *arguments], tmp_path)
        assert ended.returncode == code, ended.stderr
        assert words in ended.stderr
        assert "Traceback" not in ended.stderr
    dotenv(tmp_path, box)
    ended = run([*CLASSY_NB, "export", "transactions", "--where", "statu = x", "--to", "x.csv"], tmp_path)
    assert ended.returncode == 2
    assert "status" in ended.stderr
    assert [path.name for path in tmp_path.iterdir()] == [".env"]


def test_export_to_a_disk_that_is_full(box: Sandbox, tmp_path: Path) -> None:
    """A limit on the size of files is the nearest thing to a full disk that anybody may set."""
    dotenv(tmp_path, box)
    program = (
        "import resource, sys\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\n"
        "from classy_nb.cli import main\n"
        "sys.exit(main(['export', 'transactions', '--to', 'gifts.csv']))\n"
    )
    ended = run([sys.executable, "-c", program], tmp_path)
    assert ended.returncode == 1
    assert "gifts.csv could not be written" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == [".env"]


def test_demo_writes_files_that_pandas_reads_back(tmp_path: Path) -> None:
    ended = run([*CLASSY_NB, "demo", "--transactions", "800", "--to", "out"], tmp_path)
    assert (ended.returncode, ended.stderr) == (0, ""), ended.stderr
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(
        f"{name}.csv" for name in DEMO
    )
    with cn.demo(transactions=800) as classy:
        for name in DEMO:
            frame = getattr(classy, name)()
            assert assert_same(read_back(tmp_path / "out" / f"{name}.csv", frame), frame) > 0
            assert f"{len(frame):,} rows of {len(frame):,}" in ended.stdout
    assert "The five campaigns that raised the most" in ended.stdout


def test_resources_needs_no_account(tmp_path: Path) -> None:
    ended = run([*CLASSY_NB, "resources"], tmp_path)
    assert ended.returncode == 0
    listed = {line.split()[0] for line in ended.stdout.splitlines()[1:]}
    assert listed == set(catalog.load().resources)
    one = run([*CLASSY_NB, "resources", "transactions"], tmp_path)
    assert "total_gross_amount" in one.stdout
    assert "Float64" in one.stdout
