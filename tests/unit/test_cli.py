"""The command line: tables, files, errors with exit codes and without tracebacks."""

import csv
import errno
import getpass
import os
import platform
import subprocess
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.connection import CANARY, CLIENT_ID, orgs, paginator
from support.lists import Faults, Listed, rows
from support.server import Reply, ScriptedServer

import classy_nb
from classy_nb import errors
from classy_nb.catalog import load
from classy_nb.cli import main

ROOT = Path(classy_nb.__file__).parent.parent
Run = Any


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: str) -> tuple[int, str, str]:
        try:
            code = main(arguments)
        except SystemExit as leaving:
            code = int(leaving.code or 0)
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return code, out, err

    return call


@pytest.fixture
def export(run: Run, logged_in: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run ``export`` against the scripted server, credentials in the environment."""
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: run("export", *arguments)


def test_the_table_of_resources(run: Run) -> None:
    code, out, err = run("resources")
    lines = out.splitlines()
    assert (code, err) == (0, "")
    assert lines[0].split() == ["RESOURCE", "PARENTS", "WAYS", "COLUMNS", "DATE", "REMARKS"]
    assert len(lines) == 1 + len(load().resources)
    gifts = next(line for line in lines if line.startswith("transactions "))
    assert "campaign, organization, recurring_donation_plan" in gifts
    assert "list, .get" in gifts
    assert "purchased_at" in gifts
    assert next(line for line in lines if line.startswith("matched_transactions")).endswith("deprecated")
    assert next(line for line in lines if line.startswith("me ")).endswith("member_only")


def test_words_are_found(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    code, out, err = run("find", "money", "back")
    assert (code, err) == (0, "")
    assert out.splitlines()[0].split() == ["kind", "name", "meaning", "use"]
    assert out.splitlines()[1].split()[:2] == ["column", "transactions.refunded_at"]
    assert run("find", "zzqx")[1].startswith("Nothing found for 'zzqx'. Try another English word")
    code, _, err = run("find", "??")
    assert code == 2
    assert "names no word" in err


def test_a_resource_is_suggested_by_meaning(run: Run) -> None:
    assert "Did you mean 'transactions'" in run("resources", "gifts")[2]
    assert "Did you mean 'transactions'" in run("export", "donations", "--to", "gifts.csv")[2]


def test_one_resource(run: Run) -> None:
    code, out, _ = run("resources", "transactions")
    assert code == 0
    assert out.startswith("transactions\n")
    assert "  total_gross_amount" in out
    assert "When the gift was returned; missing for all others" in out
    assert "datetime64[us, ZONE]" in out  # the connection's, and there is none
    assert "..." in out


def test_an_unknown_resource(run: Run) -> None:
    code, out, err = run("resources", "transaction")
    assert (code, out) == (2, "")
    assert err.startswith("classy-nb: The resource 'transaction' does not exist. Did you mean 'transactions'")


def test_a_file_is_written(export: Run, server: ScriptedServer, tmp_path: Path) -> None:
    server.handler = Listed(rows(250)).reply
    code, out, err = export("transactions", "--to", "gifts.csv", "--where", "status = success")
    assert (code, err) == (0, "")
    assert "gifts.csv: " in out
    with (tmp_path / "gifts.csv").open(newline="", encoding="utf-8") as file:
        written = list(csv.DictReader(file))
    assert [int(row["id"]) for row in written] == [r["id"] for r in rows(250) if r["status"] == "success"]
    assert [p.name for p in tmp_path.iterdir()] == ["gifts.csv"]


def test_all_options_reach_the_question(export: Run, server: ScriptedServer) -> None:
    listed = Listed([])
    server.handler = listed.reply
    code, _, err = export(
        *("fundraising-pages".replace("-", "_"), "--to", "pages.csv", "--since", "2026-01-31"),
        *("--until", "2027", "--by", "updated_at", "--fields", "status", "--include", "member,supporter"),
        *("--sort", "created_at:desc", "--limit", "5", "--aggregates", "--timezone", "America/Los_Angeles"),
        *("--where", "status = active", "--where", "id > 5", "--set", "aggregates2=true"),
        *("--parent", "campaign=12", "--organization", "7"),
    )
    assert (code, err) == (0, "")
    assert server.asked[-1].path == "/2.0/campaigns/12/fundraising-pages"
    assert listed.asked == [
        {
            "aggregates2": "true",
            "with": "member,supporter",
            "aggregates": "true",
            "fields": "id,status",
            "filter": "status=active,id>5,updated_at>=2026-01-31T08:00:00+0000,"
            "updated_at<2027-01-01T08:00:00+0000",
            "sort": "created_at:desc,id",
            "page": "1",
            "per_page": "5",
        }
    ]


@pytest.mark.parametrize(
    ("options", "said", "sent"),
    [
        (
            ("--since", "Giving Tuesday 2025"),
            "Giving Tuesday 2025: 2025-12-02",
            "purchased_at>=2025-12-02T08:00:00+0000,purchased_at<2025-12-03T08:00:00+0000",
        ),
        (
            ("--since", "FY2026", "--fiscal-year-start", "7"),
            "FY2026: 2025-07-01 to 2026-06-30",
            "purchased_at>=2025-07-01T07:00:00+0000,purchased_at<2026-07-01T07:00:00+0000",
        ),
        (
            ("--since", "2026-01-31", "--until", "Q1 2026"),
            "Q1 2026: through 2026-03-31",
            "purchased_at>=2026-01-31T08:00:00+0000,purchased_at<2026-04-01T07:00:00+0000",
        ),
    ],
)
def test_export_of_a_period_in_words_says_which_dates_it_came_to(
    export: Run, server: ScriptedServer, options: tuple[str, ...], said: str, sent: str
) -> None:
    listed = Listed([])
    server.handler = listed.reply
    zone = ("--timezone", "America/Los_Angeles")
    code, out, err = export("transactions", "--to", "gifts.csv", *zone, *options)
    assert (code, err) == (0, "")
    assert out.endswith(f" MB, {said}, times in America/Los_Angeles (timezone=)\n")
    assert listed.asked[0]["filter"] == sent


@pytest.mark.parametrize("option", ["--since", "--until"])
def test_export_refuses_what_is_not_a_period_before_it_connects(
    export: Run, server: ScriptedServer, option: str
) -> None:
    code, out, err = export("transactions", "--to", "gifts.csv", option, "last mnoth")
    assert (code, out, server.asked) == (2, "", [])
    assert f"{option[2:]}='last mnoth' is not a date or a period in words. Did you mean 'last month'" in err


@pytest.mark.edge(7)
def test_export_says_in_which_time_zone(export: Run, server: ScriptedServer) -> None:
    server.answers[:] = [
        Reply(body=paginator([{"id": 7, "name": "x", "timezone_identifier": "America/New_York"}]))
    ]
    listed = Listed([{"id": 1, "created_at": "2026-01-01T02:00:00+0000"}])
    server.handler = listed.reply
    code, out, _ = export("campaigns", "--to", "all.csv", "--fields", "created_at", "--since", "2025")
    assert code == 0
    assert out.endswith("all.csv: 1 row, 0.0 MB, times in America/New_York (the organization's)\n")
    assert listed.asked[0]["filter"].startswith("created_at>=2025-01-01T05:00:00+0000")
    assert "2025-12-31" in Path("all.csv").read_text("utf-8")


@pytest.mark.edge(10)
def test_export_believes_an_organization_that_is_not_listed(export: Run, server: ScriptedServer) -> None:
    server.answers[:] = [Reply(403, {"error": "No."})]
    server.handler = Listed([{"id": 1}]).reply
    code, out, err = export("campaigns", "--to", "all.csv", "--organization", "7", "--timezone", "UTC")
    assert (code, err) == (0, "")
    assert "times in UTC (timezone=)" in out
    server.answers[:] = [Reply(403, {"error": "No."})]
    code, _, err = export("campaigns", "--to", "all.csv")
    assert code == 1
    assert "--organization in a shell" in err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["transaction"], "The list 'transaction' does not exist. Did you mean 'transactions'"),
        (["me"], "'me' is not a list: there is nothing to export. In Python, classy.me.get()"),
        (["transactions", "--to", "-"], "--to - does not write to the standard output"),
        (["transactions", "--where", "statsu = a"], "Did you mean 'status'"),
        (["transactions", "--since", "soon"], "since='soon' is not a date"),
        (["transactions", "--sort", "id"], "take sort= only with limit="),
        (["transactions", "--set", "campaign"], "is not NAME=VALUE"),
        (["transactions", "--parent", "campaign"], "--parent (or --set): 'campaign' is not NAME=VALUE."),
        (["transactions", "--where", "status = a and id > 5"], "looks like 2 conditions in one text"),
        (["transactions", "--set", "=5"], "is not NAME=VALUE"),
        (["transactions", "--set", "where=id > 5"], "has an option of its own"),
        (["transactions", "--set", "member=5"], "has no parent member="),
        (["transactions", "--timezone", "Mars/Olympus"], "Mars/Olympus"),
    ],
)
def test_what_makes_no_sense_ends_with_2(
    export: Run, tmp_path: Path, arguments: list[str], says: str
) -> None:
    code, out, err = export("--to", "x.csv", *arguments)
    assert (code, out) == (2, "")
    assert err.startswith("classy-nb: ")
    assert says in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["demo", "--transactions", "0"], "transactions must be at least 60"),
        (["sync", "--to", "folder/"], "'folder/' names a folder"),
    ],
)
def test_so_do_the_other_commands(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    says: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    assert says in capsys.readouterr().err


def test_what_fails_ends_with_1_and_leaves_no_file(
    export: Run, server: ScriptedServer, tmp_path: Path
) -> None:
    server.handler = lambda _: Reply(403, {"error": "This action is unauthorized."})
    code, out, err = export("transactions", "--to", "gifts.csv")
    assert (code, out) == (1, "")
    assert "The API denied access." in err
    assert list(tmp_path.iterdir()) == []


def test_refused_credentials_end_with_1(export: Run, server: ScriptedServer) -> None:
    server.login_handler = lambda _: Reply(400, {"error": "invalid_client", "error_description": CANARY})
    code, _, err = export("transactions", "--to", "gifts.csv")
    assert code == 1
    assert "The login was refused" in err
    assert CANARY not in err


def test_missing_credentials_end_with_1(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    code, _, err = run("export", "transactions", "--to", "gifts.csv")
    assert code == 1
    assert "CLASSY_CLIENT_ID" in err


def test_a_folder_that_is_not_there_ends_with_1(export: Run) -> None:
    code, _, err = export("transactions", "--to", "no/such/folder/gifts.csv")
    assert code == 1
    assert "folder" in err


def test_a_file_in_the_way_of_the_demo_ends_with_1(run: Run, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    code, _, err = run("demo", "--to", str(tmp_path / "taken"))
    assert code == 1
    assert "taken" in err


def test_ctrl_c_ends_with_130(export: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_args: Any, **_more: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("classy_nb.client.connect", interrupted)
    code, out, err = export("transactions", "--to", "gifts.csv")
    assert (code, out, err) == (130, "", "classy-nb: Stopped.\n")


def test_warnings_are_notes_on_stderr(export: Run, server: ScriptedServer) -> None:
    server.handler = Listed([]).reply
    before = warnings.showwarning
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        code, _, err = export("activity", "--to", "x.csv", "--parent", "fundraising_team=5")
    assert code == 0
    assert err.startswith("classy-nb: note: /fundraising-teams/{fundraising_team}/activity is deprecated")
    assert warnings.showwarning is before


@pytest.mark.parametrize("arguments", [[], ["nope"], ["export"], ["export", "transactions"]])
def test_bad_usage_ends_with_2(run: Run, arguments: list[str]) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("usage: classy-nb")


def test_help_and_version(run: Run) -> None:
    for arguments in (
        ["--help"],
        ["export", "--help"],
        ["demo", "-h"],
        ["sandbox", "-h"],
        ["resources", "-h"],
    ):
        code, out, err = run(*arguments)
        assert (code, err) == (0, "")
        assert out.startswith("usage: classy-nb")


def test_the_version_comes_with_what_a_report_needs(run: Run) -> None:
    code, out, err = run("--version")
    assert (code, err) == (0, "")
    assert out == (
        f"classy-nb {classy_nb.__version__}, {platform.python_implementation()} {platform.python_version()}, "
        f"pandas {pd.__version__}, pyarrow {pa.__version__}, {platform.system()} {platform.machine()}\n"
    )


def test_a_bug_leaves_with_the_versions_for_its_report(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise KeyError("campaign_id")

    monkeypatch.setattr("classy_nb.cli.run_find", fail)
    with pytest.raises(KeyError) as caught:
        main(["find", "refund"])
    [note] = caught.value.__notes__
    assert note == (
        "This looks like a bug in classy_nb. Please report the lines above, without donors' data, at "
        f"{errors.ISSUES}, with: {errors.versions()}"
    )


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["export", "--help"], ["resources"]])
def test_what_needs_no_data_imports_nothing_heavy(arguments: list[str]) -> None:
    code = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from classy_nb.cli import main
try:
    main({arguments!r})
except SystemExit:
    pass
print(*{{name.split(".")[0] for name in sys.modules}}, file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stderr.split())
    assert loaded.isdisjoint({"pandas", "numpy", "pyarrow", "requests", "aiohttp", "ipywidgets", "IPython"})


def test_a_reader_that_has_gone_is_no_failure() -> None:
    """``classy-nb resources | head -1``."""
    find = f"import sys; sys.path.insert(0, {str(ROOT)!r})"
    code = f"{find}; from classy_nb.cli import main; sys.exit(main(['resources']))"
    process = subprocess.Popen(
        [sys.executable, "-I", "-u", "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    error = process.stderr.read()
    process.stderr.close()
    process.wait(30)
    assert b"Traceback" not in error


@pytest.mark.edge(17)
@pytest.mark.parametrize("name", ["x.parquet", "x.PARQUET"])
def test_export_to_parquet_is_parquet(export: Run, server: ScriptedServer, tmp_path: Path, name: str) -> None:
    server.handler = Listed(rows(150)).reply
    code, out, err = export("transactions", "--to", name)
    assert (code, err) == (0, "")
    assert name in out
    assert pq.read_table(tmp_path / name)["id"].to_pylist() == [row["id"] for row in rows(150)]


@pytest.mark.edge(17)
@pytest.mark.parametrize("name", ["x.xlsx", "x.XLSX"])
def test_export_to_excel_is_a_workbook(
    export: Run, server: ScriptedServer, tmp_path: Path, name: str
) -> None:
    server.handler = Listed(rows(150)).reply
    code, out, err = export("transactions", "--to", name)
    assert (code, err) == (0, "")
    assert name in out
    sheet = openpyxl.load_workbook(tmp_path / name)["transactions"]
    assert [row[0] for row in sheet.values] == ["id", *(row["id"] for row in rows(150))]


@pytest.mark.edge(17)
@pytest.mark.parametrize(
    "arguments",
    [
        ("--to", "x.xlsx", "--excel"),
        ("--to", "x.xlsx", "--raw-text"),
        ("--to", "x.xls"),
        ("--to", "x.json"),
        ("--to", "x.csv.zip"),
        ("--to", "x.parquet", "--excel"),
        ("--to", "x.parquet", "--raw-text"),
    ],
)
def test_export_refuses_what_it_cannot_write_before_it_connects(
    export: Run, server: ScriptedServer, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    code, out, err = export("transactions", *arguments)
    assert (code, out, server.asked) == (2, "", [])
    assert err.startswith("classy-nb: ")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.edge(30)
def test_a_full_disk_says_where_the_rows_are_from_the_shell_too(
    export: Run, server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.handler = Listed(rows(150)).reply
    replace = os.replace

    def full(source: Any, there: Any) -> None:
        if Path(there).name == "x.csv":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        replace(source, there)

    monkeypatch.setattr(os, "replace", full)
    code, _, err = export("transactions", "--to", "x.csv")
    assert code == 1
    assert "the disk is full" in err
    assert "150 rows are kept beside x.csv; the same call resumes there." in err
    assert f"They are in {tmp_path / '.x.csv.partial'}" in err
    assert (tmp_path / ".x.csv.partial").is_dir()


@pytest.mark.edge(15)
def test_export_accepts_a_total_that_is_wrong_for_good(
    export: Run, server: ScriptedServer, tmp_path: Path
) -> None:
    server.handler = Listed(rows(150), Faults(total="+1")).reply
    code, _, err = export("transactions", "--to", "gifts.csv")
    assert (code, list(tmp_path.iterdir())) == (1, [])
    assert "150 of 151 records arrived, the same ones in two complete reads" in err
    server.answers.append(Reply(body=orgs({7: "Helping Hands"})))
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        code, _, err = export("transactions", "--to", "gifts.csv", "--accept-incomplete")
    assert code == 0
    assert "note: 150 of 151 records arrived" in err
    with (tmp_path / "gifts.csv").open(encoding="utf-8", newline="") as file:
        assert len(list(csv.DictReader(file))) == 150


@pytest.mark.edge(4)
def test_export_compares_with_whole_days(export: Run, server: ScriptedServer) -> None:
    server.handler = Listed([]).reply
    zone = ("--timezone", "America/Los_Angeles")
    code, _, _ = export(
        "transactions",
        "--to",
        "a.csv",
        "--where",
        "purchased_at <= 2026-03-08",
        "--where",
        "status = success",
        *zone,
    )
    assert code == 0
    assert server.asked[-1].query["filter"] == ["purchased_at<2026-03-09T07:00:00+0000,status=success"]
    server.answers.append(Reply(body=orgs({7: "Helping Hands"})))
    code, _, err = export("transactions", "--to", "a.csv", "--where", "purchased_at != 2026-03-08", *zone)
    assert (code, "the API has no OR" in err) == (2, True)


@pytest.mark.edge(26)
@pytest.mark.parametrize("options", [[], ["--env-file", ".env"]])
def test_a_file_that_everybody_may_write_is_refused(
    export: Run, server: ScriptedServer, options: list[str]
) -> None:
    file = Path(".env").absolute()
    file.write_text("CLASSY_TIMEZONE=Asia/Tokyo\n")
    file.chmod(0o666)
    code, out, err = export("campaigns", "--to", "x.csv", *options)
    assert (code, out) == (1, "")
    assert f"{file} can be changed by anyone" in err
    assert server.asked == []


@pytest.mark.edge(11)
def test_a_refused_login_says_where_each_part_came_from(export: Run, server: ScriptedServer) -> None:
    server.login_handler = lambda _: Reply(400, {"error": "invalid_client"})
    code, _, err = export("campaigns", "--to", "x.csv")
    assert code == 1
    assert "client secret from CLASSY_CLIENT_SECRET in the environment" in err
    assert CANARY not in err


def test_names_that_a_console_cannot_show_do_not_stop_the_command(tmp_path: Path) -> None:
    code = (
        "import sys; from classy_nb import cli\n"
        "cli.run_find = lambda options: cli._say('Zoë → Łódź ✓')\n"
        "sys.exit(cli.main(['find', 'x']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"},
        capture_output=True,
        cwd=tmp_path,
        check=True,
    )
    assert done.stdout.decode("cp1252").strip() == "Zoë ? ?ód? ?"


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Type the id and the secret at the prompts."""
    answers = {"Client id: ": CLIENT_ID, "Client secret: ": CANARY}
    monkeypatch.setattr(getpass, "getpass", answers.__getitem__)


def login(run: Run, server: ScriptedServer, *arguments: str) -> tuple[int, str, str]:
    server.answers.append(Reply(body=orgs({7: "Helping Hands"})))
    addresses = ("--base-url", server.base_url, "--token-url", server.token_url)
    code, out, err = run("login", *addresses, *arguments)
    assert CANARY not in out + err
    return code, out, err


@pytest.mark.usefixtures("typed")
def test_login_tries_the_credentials_and_keeps_them_in_a_file(
    run: Run, server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, _ = login(run, server)
    assert (code, out.splitlines()[-1]) == (0, f"Saved in {tmp_path / '.env'}.")
    assert "Connected to Helping Hands" in out
    assert f"CLASSY_CLIENT_SECRET='{CANARY}'" in (tmp_path / ".env").read_text()


@pytest.mark.usefixtures("typed")
def test_login_keeps_the_credentials_in_the_keyring_where_export_finds_them(
    run: Run, server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    entries: dict[Any, str] = {}
    keyring = SimpleNamespace(
        get_password=lambda *name: entries.get(name),
        set_password=lambda service, name, text: entries.update({(service, name): text}),
    )
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    code, out, _ = login(run, server, "--keyring")
    assert code == 0
    assert "Saved in the system's keyring: connect(keyring=True) and --keyring find them there." in out
    assert entries["classy_nb", "CLASSY_CLIENT_SECRET"] == CANARY
    assert list(tmp_path.iterdir()) == []
    server.answers.append(Reply(body=orgs({7: "Helping Hands"})))
    server.handler = Listed(rows(3)).reply
    code, _, err = run("export", "transactions", "--to", "x.csv", "--keyring")
    assert (code, err) == (0, "")
    assert (tmp_path / "x.csv").is_file()


def test_login_says_at_once_that_there_is_no_keyring(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getpass, "getpass", lambda _: pytest.fail("asked in vain"))
    monkeypatch.setitem(sys.modules, "keyring", None)
    code, _, err = run("login", "--keyring")
    assert (code, "pip install 'classy-nb[keyring]'" in err) == (1, True)
    code, _, err = run("login", "--keyring", "--env-file", "x.env")
    assert (code, "give one of them" in err) == (2, True)
