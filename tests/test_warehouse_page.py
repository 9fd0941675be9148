"""docs/warehouse.md: its commands are understood, its workflow is one, its code runs with stand-ins."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import night
import pandas as pd
import pytest
import yaml

import classy_nb as cn
from classy_nb.cli import parser
from classy_nb.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "warehouse.md").read_text("utf-8")
CODE = re.findall(r"(?ms)^```python\n(.*?)^```", PAGE)
AIRFLOW, DAGSTER, DATABRICKS = CODE


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox(transactions=120, requests_per_minute=0, organizations=2) as started:
        yield started


@pytest.fixture
def warehouse(box: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Set the environment of a task; return the file that it writes to."""
    monkeypatch.setenv("CLASSY_CLIENT_ID", box.client_id)
    monkeypatch.setenv("CLASSY_CLIENT_SECRET", box.client_secret)
    monkeypatch.setenv("CLASSY_BASE_URL", box.base_url)
    monkeypatch.setenv("CLASSY_TOKEN_URL", box.token_url)
    monkeypatch.setenv("WAREHOUSE", str(tmp_path / "warehouse.duckdb"))
    return tmp_path / "warehouse.duckdb"


def gifts_in(warehouse: Path) -> dict[int, int]:
    """Return how many gifts of each organization are in a file."""
    with cn.Mirror(warehouse).connect() as duck:
        return dict(
            duck.sql("SELECT _organization_id, count(*) FROM transactions GROUP BY 1 ORDER BY 1").fetchall()
        )


def with_organizations(code: str, box: Sandbox) -> str:
    first, second = map(str, box.organization_ids)
    assert code.count("12345") == code.count("67890") == 1
    return code.replace("12345", first).replace("67890", second)


def commands(text: str) -> list[list[str]]:
    """Return the arguments of each ``classy-nb`` in a text."""
    found = re.findall(r"classy-nb (sync .*?)(?= >>| \|\||$)", text, re.MULTILINE)
    return [shlex.split(re.sub(r"\$\{\{.*?\}\}", "1", line), comments=True) for line in found]


def test_every_command_is_understood() -> None:
    found = commands("\n".join(re.findall(r"(?m)^(?: {4}|17 3 |.*- run: ).*classy-nb sync .*$", PAGE)))
    assert len(found) == 4  # two at the top, cron's, and GitHub's
    for arguments in found:
        assert parser().parse_args(arguments).to in (
            "classy.duckdb",
            "postgresql://sync@db.example.org/warehouse",
            "postgresql://sync@localhost/warehouse",
            "postgresql:///warehouse",
        )
        assert ":" not in arguments[2].partition("://")[2]  # no password


def test_every_option_of_the_table_exists() -> None:
    options = re.findall(r"(?m)^\| `(--[^`]+)` \|", PAGE)
    assert len(options) == 8
    for option in options:
        parser().parse_args(["sync", "--to", "x.duckdb", *shlex.split(option)])


def test_cron() -> None:
    (lines,) = re.findall(r"(?ms)^```cron\n(.*?)^```", PAGE)
    comment, line = lines.splitlines()
    assert comment.startswith("#")
    assert re.fullmatch(r"17 3 \* \* \* cd \S+ && \.venv/bin/classy-nb sync .* \|\| mail .*", line)
    assert "%" not in line  # a new line for cron


def test_the_workflow_of_github() -> None:
    (text,) = re.findall(r"(?ms)^```yaml\n(.*?)^```", PAGE)
    workflow = yaml.safe_load(text)
    assert workflow[True] == {"schedule": [{"cron": "17 3 * * *"}], "workflow_dispatch": None}  # "on"
    assert workflow["permissions"] == {}
    job = workflow["jobs"]["sync"]
    assert job["strategy"]["matrix"] == {"organization": [12345, 67890]}
    secrets = {name: value for name, value in job["env"].items() if "secrets." in value}
    assert secrets == {name: f"${{{{ secrets.{name} }}}}" for name in job["env"]}
    setup, install, run = job["steps"]
    assert setup["uses"].startswith("actions/setup-python@")
    assert install["run"] == "pip install 'classy-nb[postgres]'"
    (arguments,) = commands(run["run"])
    options = parser().parse_args(arguments)
    assert (options.exclude, options.hash, options.organization) == (["personal"], ["email_address"], [1])


def test_airflow(box: Sandbox, warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dags: list[dict[str, Any]] = []
    tasks: list[Callable[..., int]] = []
    done: dict[int, int] = {}

    def dag(**options: Any) -> Any:
        dags.append(options)
        return lambda function: function

    class Task:
        def __init__(self, function: Callable[..., int]) -> None:
            self.function = function
            tasks.append(function)

        def expand(self, organization: list[int]) -> None:
            done.update({each: self.function(each) for each in organization})

    module = ModuleType("airflow.sdk")
    module.dag, module.task = dag, lambda **_: Task  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "airflow", ModuleType("airflow"))
    monkeypatch.setitem(sys.modules, "airflow.sdk", module)
    exec(compile(with_organizations(AIRFLOW, box), "Airflow", "exec"), {})
    assert dags[0]["schedule"] == "17 3 * * *"
    assert dags[0]["catchup"] is False
    assert list(done) == list(box.organization_ids)
    assert min(done.values()) > 100
    assert gifts_in(warehouse) == dict(zip(box.organization_ids, (120, 60), strict=True))
    report = pd.DataFrame({"list": ["campaigns", "transactions"], "equal": [True, False]})
    monkeypatch.setattr("classy_nb.mirror.sync", lambda *_: report)
    with pytest.raises(ValueError, match=r"^Not proven equal: transactions$"):
        tasks[0](box.organization_id)


def test_dagster(box: Sandbox, warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module: Any = ModuleType("dagster")
    module.StaticPartitionsDefinition = lambda keys: SimpleNamespace(get_partition_keys=lambda: keys)
    module.AssetExecutionContext = module.Failure = Exception
    module.MaterializeResult = SimpleNamespace
    module.asset = module.schedule = lambda **_: lambda function: function
    module.define_asset_job = lambda name, **options: SimpleNamespace(name=name, **options)
    module.RunRequest = module.Definitions = SimpleNamespace
    monkeypatch.setitem(sys.modules, "dagster", module)
    names: dict[str, Any] = {}
    exec(compile(with_organizations(DAGSTER, box), "Dagster", "exec"), names)
    requests = names["every_night"]()
    assert [request.partition_key for request in requests] == list(map(str, box.organization_ids))
    for request in requests:
        result = names["classy_lists"](SimpleNamespace(partition_key=request.partition_key))
        assert result.metadata["rows"] > 100
    assert gifts_in(warehouse) == dict(zip(box.organization_ids, (120, 60), strict=True))
    assert names["defs"].jobs == [names["night"]]


def test_databricks(box: Sandbox, warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = {
        ("classy", "CLASSY_CLIENT_ID"): box.client_id,
        ("classy", "CLASSY_CLIENT_SECRET"): box.client_secret,
    }
    utilities = SimpleNamespace(
        widgets=SimpleNamespace(get=lambda _: str(box.organization_id)),
        secrets=SimpleNamespace(get=lambda scope, key: secrets[scope, key]),
    )
    monkeypatch.delenv("CLASSY_CLIENT_ID")
    monkeypatch.delenv("CLASSY_CLIENT_SECRET")
    monkeypatch.setenv("DATABRICKS_RUNTIME_VERSION", "16.4")
    monkeypatch.setattr(
        "classy_nb.credentials.stores.shell", lambda: SimpleNamespace(user_ns={"dbutils": utilities})
    )
    assert DATABRICKS.count('sync(classy, "databricks")') == 1
    code = DATABRICKS.replace('"databricks"', repr(str(warehouse)))
    exec(compile(code, "Databricks", "exec"), {"dbutils": utilities})
    assert gifts_in(warehouse) == {box.organization_id: 120}


def test_the_cost_of_many_is_computed() -> None:
    one = night.Measured(requests=40, seconds=30.0, megabytes=200.0)
    assert night.cost(one, 1) == night.Cost(40, 0.5, 200.0)
    assert night.cost(one, 10) == night.Cost(400, 5.0, 200.0)
    assert night.cost(one, 10, 8) == night.Cost(400, 1.0, 1600.0)
    # 40,000 requests take 22 minutes, however many processes share an application.
    assert night.cost(one, 1000, 100) == night.Cost(40_000, pytest.approx(40_000 / 1800), 20_000.0)


def test_the_script_measures_and_its_table_is_on_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    night.main(["--transactions", "120", "--latency", "0"])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 + 6 + 2
    first = int(re.findall(r"first load: (\d+) requests", lines[-2])[0])
    again = int(re.findall(r"a night: (\d+) requests", lines[-1])[0])
    assert again < first < 200
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[:8]]
    assert [row[2] for row in cells[2::2]] == [f"{first * n:,}" for n in (1, 10, 1000)]
    # The page has the same table, of the size that its text names.
    assert "`python tools/night.py`" in PAGE
    assert lines[0] in PAGE
    table = PAGE[PAGE.index(lines[0]) :].splitlines()[2:8]
    shown = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
    assert [row[:2] for row in shown] == [row[:2] for row in cells[2:]]
    for one, ten, thousand in ((shown[i], shown[i + 2], shown[i + 4]) for i in (0, 1)):
        counts = [int(row[2].replace(",", "")) for row in (one, ten, thousand)]
        assert counts == [counts[0], counts[0] * 10, counts[0] * 1000]
        assert float(thousand[3].replace(",", "")) >= counts[2] / night.QUOTA - 0.1
