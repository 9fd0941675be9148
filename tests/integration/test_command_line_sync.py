"""``classy-nb sync`` into a DuckDB file: its table, its exit codes, and what it refuses."""

from __future__ import annotations

import hmac
import warnings
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest

import classy_nb as cn
from classy_nb.cli import main
from classy_nb.mirror import syncing as mirror
from classy_nb.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

Run = Any


@pytest.fixture
def two() -> Iterator[Sandbox]:
    """A sandbox with two organizations that a test may change."""
    with Sandbox(transactions=400, requests_per_minute=0, organizations=2) as started:
        yield started


@pytest.fixture
def sync(
    two: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Run ``classy-nb sync`` in an empty folder, credentials in the environment."""
    for name, value in {
        "CLIENT_ID": two.client_id,
        "CLIENT_SECRET": two.client_secret,
        "BASE_URL": two.base_url,
        "TOKEN_URL": two.token_url,
    }.items():
        monkeypatch.setenv(f"CLASSY_{name}", value)
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> tuple[int, str, str]:
        try:
            with warnings.catch_warnings():
                code = main(["sync", *arguments])
        except SystemExit as leaving:
            code = int(leaving.code or 0)
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return code, out, err

    return call


def off_by_three(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the totals of lists be wrong, but not that of the organizations, which is asked for first."""

    def sync(*arguments: Any, **keywords: Any) -> Any:
        box.faults.total_off_by = 3
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", cn.DataWarning)
                return mirror.sync(*arguments, **keywords)
        finally:
            box.faults.clear()

    monkeypatch.setattr("classy_nb.mirror.sync", sync)


def cells(out: str) -> dict[str, list[str]]:
    """Return the columns before the words of each list's line."""
    lines = [line.split() for line in out.splitlines() if not line.startswith("organization")]
    assert lines[0][:4] == ["LIST", "HERE", "AT", "API"]
    return {line[0]: line[1:9] for line in lines[1:]}


def test_the_table_and_the_exit_code(sync: Run, two: Sandbox, tmp_path: Path) -> None:
    first, second = two.organization_ids
    which = ("--organization", str(first), "--resources", "transactions,transaction_items,designations")
    code, out, err = sync("--to", "classy.duckdb", *which)
    assert (code, err) == (0, "")
    assert out.startswith(f"organization {first} (")
    lines = cells(out)
    assert list(lines) == ["transactions", "designations", "transaction_items"]
    assert lines["transactions"][:5] == ["400", "400", "400", "0", "0"]
    assert [line[7] for line in lines.values()] == ["yes"] * 3
    assert "Not shown: a value changed without updated_at" in out

    inserted = set(two.insert_transactions(7))
    deleted = set(two.delete_transactions(2))
    code, out, err = sync("--to", "duckdb:///classy.duckdb", *which[:2])
    assert (code, err) == (0, "")
    here = 400 + len(inserted) - 2
    assert cells(out)["transactions"][:5] == [str(here), str(here), str(len(inserted - deleted)), "0", "2"]

    # The other organization shares the file.
    code, out, err = sync(
        "--to", "classy.duckdb", *which[2:], "--organization", str(first), "--organization", str(second)
    )
    assert (code, err) == (0, "")
    assert [line.split()[1] for line in out.splitlines() if line.startswith("organization")] == [
        str(first),
        str(second),
    ]
    for organization, rows in ((first, here), (second, 60)):
        with cn.open_mirror(tmp_path / "classy.duckdb", organization=organization).connect() as duck:
            counted = duck.execute(
                "SELECT count(*) FROM transactions WHERE _organization_id = ? AND _deleted_at IS NULL",
                [organization],
            )
            assert counted.fetchall() == [(rows,)]


def test_a_list_that_is_not_proven_equal_ends_with_1(
    sync: Run, two: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    which = ("--organization", str(two.organization_id), "--resources", "transactions")
    assert sync("--to", "classy.duckdb", *which)[0] == 0
    off_by_three(two, monkeypatch)
    code, out, err = sync("--to", "classy.duckdb", *which)
    assert code == 1
    assert cells(out)["transactions"][7] == "NO"
    assert err == f"classy-nb: organization {two.organization_id}: not proven equal: transactions\n"
    # Told not to trust the totals, it reads everything and compares.
    code, out, err = sync("--to", "classy.duckdb", *which, "--distrust-totals", "--full")
    assert code == 0
    assert "every cell compared" in out


def test_one_organization_that_fails_does_not_hold_up_the_others(
    sync: Run, two: Sandbox, tmp_path: Path, connecting: Callable[..., cn.Classy]
) -> None:
    first, second = two.organization_ids
    with connecting(two, organization=first) as classy:
        classy.mirror(tmp_path / "classy.duckdb", resources="campaigns", since="2024").refresh()
    code, out, err = sync(
        *("--to", "classy.duckdb", "--resources", "campaigns", "--since", "2025"),
        *("--organization", str(first), "--organization", str(second)),
    )
    assert code == 1
    assert f"organization {first}: " in err
    assert "not since 2025" in err
    assert cells(out)["campaigns"][7] == "yes"
    assert out.splitlines()[1].startswith(f"organization {second} (")


def test_personal_columns_are_left_out_and_hashes_join(
    sync: Run, two: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = ("--organization", str(two.organization_id), "--resources", "supporters,transactions")
    protected = ("--exclude", "personal", "--hash", "email_address")
    two.reset_log()
    code, out, err = sync("--to", "classy.duckdb", *options, *protected)
    assert (code, out) == (2, "")
    assert "CLASSY_HASH_KEY, which is not set" in err
    monkeypatch.setenv("CLASSY_HASH_KEY", "short")
    assert "shorter than 16 characters" in sync("--to", "classy.duckdb", *options, *protected)[2]
    assert not two.requests
    key = "0123456789abcdef-key"
    monkeypatch.setenv("CLASSY_HASH_KEY", key)
    assert sync("--to", "classy.duckdb", *options, *protected)[0] == 0
    with cn.open_mirror(tmp_path / "classy.duckdb").connect() as duck:
        hashes = dict(duck.sql("SELECT id, email_address FROM supporters").fetchall())
        about = dict(duck.sql("SELECT key, value FROM _mirror").fetchall())
    for person in two.truth("supporters"):
        address = person["email_address"]
        expected = address and hmac.new(key.encode(), address.encode(), sha256).hexdigest()
        assert hashes[person["id"]] == expected
    assert (about["exclude"], about["hash"]) == ("personal", "email_address")
    assert key not in str(about)
    file = (tmp_path / "classy.duckdb").read_bytes()
    assert key.encode() not in file
    assert b"@example" not in file

    # It need not be said again, also not in Python; another key or other columns are refused.
    code, out, _ = sync("--to", "classy.duckdb", *options)
    assert code == 0
    assert all(line[2:5] == ["0", "0", "0"] for line in cells(out).values())
    code, _, err = sync("--to", "classy.duckdb", *options, "--exclude", "city")
    assert code == 1
    assert "was made with exclude='personal', not 'city'" in err
    monkeypatch.setenv("CLASSY_HASH_KEY", f"{key}2")
    code, _, err = sync("--to", "classy.duckdb", *options)
    assert code == 1
    assert "hashed with another key" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--to", "oracle9"), "dlt has no destination 'oracle9' for tables"),
        (("--to", "filesystem"), "dlt has no destination 'filesystem' for tables"),
        (("--to", "mysql9://me:pass-word@host/x"), "dlt has no destination 'mysql9' for tables"),
        (("--to", "duckdb"), "A DuckDB file is named by its path"),
        (("--to", "postgresql://me:pass-word@host:port/x"), "The address of the database cannot be read"),
        (("--to", "x.duckdb", "--resources", "gifts"), "There is no resource 'gifts'"),
        (("--to", "x.duckdb", "--exclude", "shoe_size"), "No list has a column 'shoe_size'"),
        (("--to", "x.duckdb", "--since", "yesteryear"), "yesteryear"),
        (("--to", "x.duckdb", "postgresql://me:pass-word@host/x"), "unrecognized arguments"),
        (("--dataset", "x"), "--to"),
        (("--to", "x.duckdb", "--organization", "mine"), "--organization"),
    ],
)
def test_bad_input_ends_with_2_before_anything_is_sent(
    sync: Run, two: Sandbox, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    code, out, err = sync(*arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert "pass-word" not in err
    assert two.token_requests == 0
    assert list(tmp_path.iterdir()) == []


def test_a_missing_extra_is_named(sync: Run, two: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "duckdb", None)
    code, out, err = sync("--to", "x.duckdb")
    assert (code, out) == (1, "")
    assert "pip install 'classy-nb[mirror]'" in err
    assert two.token_requests == 0


@pytest.mark.parametrize("stopped", [KeyboardInterrupt("Stopped."), cn.InterruptedFetchError("Stopped.")])
def test_ctrl_c_ends_with_130(
    sync: Run, two: Sandbox, monkeypatch: pytest.MonkeyPatch, stopped: BaseException
) -> None:
    def interrupted(*_args: Any, **_more: Any) -> None:
        raise stopped

    monkeypatch.setattr("classy_nb.mirror.refresh.Refresh.run", interrupted)
    both = [part for organization in two.organization_ids for part in ("--organization", str(organization))]
    code, out, err = sync("--to", "x.duckdb", *both)
    assert code == 130
    assert err == "classy-nb: Stopped. What is written stays; the next refresh goes on from there.\n"
    assert out.count("organization") == 1  # it did not go on with the other one
