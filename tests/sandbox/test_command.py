"""``classy-nb sandbox``: the banner, ``ready``, and a clean end."""

import argparse
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from classy_nb.sandbox import Faults, command

ROOT = Path(__file__).parents[2]


def started(*options: str) -> subprocess.Popen:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-m", "classy_nb.sandbox", "--port", "0", "--transactions", "60", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=ROOT,
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_serves_until_it_is_told_to_stop(number):
    process = started(
        "--client-id", "my-id", "--client-secret", "my-secret", "--script", "503", "--latency-ms", "1"
    )
    try:
        lines = []
        while not lines or lines[-1] != "ready":
            lines.append(process.stdout.readline().rstrip("\n"))
            assert process.poll() is None
        text = "\n".join(lines)
        assert "stand-in" in lines[0]
        assert "invented" in lines[0]
        assert "my-id" in text
        assert "my-secret" in text
        urls = {line.split()[0]: line.split()[-1] for line in lines[1:3]}
        fields = {"grant_type": "client_credentials", "client_id": "my-id", "client_secret": "my-secret"}
        token = requests.post(urls["token"], data=fields, timeout=5).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        url = f"{urls['API']}/apps/my-id/organizations"
        assert [requests.get(url, headers=headers, timeout=5).status_code for _ in range(2)] == [503, 200]
    finally:
        process.send_signal(number)
        _, errors = process.communicate(timeout=10)
    assert (process.returncode, errors) == (0, "")


def options(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return parser.parse_args(arguments)


def test_defaults():
    found = options()
    assert (found.port, found.transactions, found.seed, found.latency_ms) == (8765, 60_100, 1, 0)
    assert (found.requests_per_minute, found.token_lifetime) == (1800, 7200)
    assert (found.client_id, found.client_secret, found.organizations) == (None, None, 1)
    assert command.faults_of(found) == Faults(seed=1)


def test_faults_from_options():
    found = command.faults_of(
        options(
            "--fault",
            "503=0.02",
            "--fault",
            "reset=0.01",
            "--script",
            "429, ok",
            "--token-script",
            "500",
            "--slow",
            "supporters=30",
            "--cloudflare",
            "default_agents",
            "--no-rate-headers",
            "--key-filter",
            "ignore",
            "--total-off-by",
            "-2",
            "--insert-per-request",
            "0.5",
            "--refresh-tokens",
            "--seed",
            "9",
        )
    )
    assert found.rates == {"503": 0.02, "reset": 0.01}
    assert (list(found.script), list(found.token_script)) == (["429", "ok"], ["500"])
    assert (found.slow, found.cloudflare, found.rate_headers) == (
        {"supporters": 30.0},
        "default_agents",
        False,
    )
    assert (found.key_filter, found.total_off_by, found.insert_per_request) == ("ignore", -2, 0.5)
    assert (found.refresh_tokens, found.seed) == (True, 9)


def test_bad_options_are_refused(capsys):
    with pytest.raises(SystemExit):
        options("--fault", "503")
    assert "NAME=NUMBER" in capsys.readouterr().err
    with pytest.raises(ValueError, match="No such fault"):
        command.faults_of(options("--script", "explode"))
    keep = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        assert command.serve(options("--script", "explode")) == 2
        assert "No such fault" in capsys.readouterr().err
        assert command.serve(options("--transactions", "1")) == 2
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = str(taken.getsockname()[1])
            assert command.serve(options("--transactions", "60", "--port", port)) == 2
    finally:
        for number, handler in keep.items():
            signal.signal(number, handler)


def test_a_missing_server_library_says_what_to_do(monkeypatch):
    import importlib.util

    from classy_nb.sandbox import Sandbox

    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ImportError, match=r"pip install 'classy-nb\[demo\]'"):
        Sandbox(transactions=60)


def test_importing_the_package_is_cheap():
    code = "import sys, classy_nb.sandbox as s; s.Faults; print({'numpy', 'aiohttp'} & set(sys.modules))"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout.strip() == "set()"


def test_names_of_the_package():
    from classy_nb import sandbox

    assert dir(sandbox) == ["Faults", "ONE_TIME", "Sandbox", "TODAY"]
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = sandbox.Nothing


def test_repr_before_and_after_starting():
    from classy_nb.sandbox import Sandbox

    box = Sandbox(transactions=60)
    assert repr(box) == "<Sandbox: a stand-in with invented data, not started>"
    with pytest.raises(RuntimeError, match="has not been started"):
        _ = box.base_url
    with box:
        assert box.base_url in repr(box)
        assert box.client_secret not in repr(box)


@pytest.mark.edge(31)
@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--port", "-1"),
        ("--port", "65536"),
        ("--organizations", "0"),
        ("--requests-per-minute", "-1"),
        ("--latency-ms", "nan"),
        ("--token-lifetime", "inf"),
        ("--token-lifetime", "-1"),
    ],
)
def test_numbers_that_make_no_sense_are_refused(capsys, option, value):
    keep = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        assert command.serve(options("--transactions", "60", f"{option}={value}")) == 2
    finally:
        for number, handler in keep.items():
            signal.signal(number, handler)
    assert option.removeprefix("--").replace("-", "_") in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--today", "blah"], "'blah' is not a day such as 2026-11-30"),
        (["--fault", "500=often"], "'often' is not a number"),
        (["--slow", "transactions"], "'transactions' is not NAME=NUMBER"),
    ],
)
def test_an_argument_that_cannot_be_is_named(arguments, message, capsys):
    with pytest.raises(SystemExit) as ended:
        options(*arguments)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("rate", [7, -0.1, float("nan")])
def test_a_fault_has_a_share_of_the_requests(rate):
    with pytest.raises(ValueError, match="from 0 to 1"):
        Faults(rates={"500": rate})
