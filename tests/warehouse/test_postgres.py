"""Lists in PostgreSQL: the rows and types that DuckDB has, through changes, kills and concurrent syncs."""

from __future__ import annotations

import hmac
import random
import signal
import subprocess
import sys
import time
from contextlib import closing
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import orjson
import pyarrow as pa
import pytest
from integration.shell import environment
from support.mirrors import GIFTS, assert_equal, assert_history_is_whole, live, send

import classy_nb as cn
from classy_nb.mirror import DEFAULT, mirrored_lists, sync
from classy_nb.mirror.destination import DltDestination

if TYPE_CHECKING:
    from pathlib import Path

    from warehouse.conftest import Server

    from classy_nb.sandbox import Sandbox

TYPES = {
    "BIGINT": ("bigint", None, None),
    "DECIMAL(18,2)": ("numeric", 18, 2),
    "DOUBLE": ("double precision", None, None),
    "BOOLEAN": ("boolean", None, None),
    "TIMESTAMP WITH TIME ZONE": ("timestamp with time zone", None, None),
    "DATE": ("date", None, None),
    "VARCHAR": ("character varying", None, None),
}
"""PostgreSQL's types for DuckDB's, with precision and scale."""


def in_postgres(postgres: Server, dataset: str, name: str, organization: int) -> list[tuple[Any, ...]]:
    """Return an organization's rows of a list as they were given, and whether they are gone."""
    (one,) = mirrored_lists([name])
    kinds = [column for column in one.kinds if column not in ("_synced_at", "_deleted_at")]
    columns = ", ".join(f'"{column}"' for column in kinds)
    return postgres.rows(
        f"SELECT {columns}, _deleted_at IS NOT NULL FROM {dataset}.{name} "
        f"WHERE _organization_id = {organization} ORDER BY id"
    )


def in_duckdb(path: Path, name: str, organization: int) -> list[tuple[Any, ...]]:
    (one,) = mirrored_lists([name])
    kinds = [column for column in one.kinds if column not in ("_synced_at", "_deleted_at")]
    columns = ", ".join(f'"{column}"' for column in kinds)
    with cn.open_mirror(path, organization=organization).connect() as duck:
        return duck.sql(
            f"SELECT {columns}, _deleted_at IS NOT NULL FROM {name} "
            f"WHERE _organization_id = {organization} ORDER BY id"
        ).fetchall()


def types_of(postgres: Server, dataset: str, name: str) -> list[tuple[Any, ...]]:
    return postgres.rows(
        "SELECT column_name, data_type, CASE data_type WHEN 'numeric' THEN numeric_precision END, "
        "CASE data_type WHEN 'numeric' THEN numeric_scale END FROM information_schema.columns "
        f"WHERE table_schema = '{dataset}' AND table_name = '{name}' ORDER BY ordinal_position"
    )


def test_two_organizations_in_one_dataset_equal_two_files_of_their_own(
    postgres: Server,
    dataset: str,
    box: Sandbox,
    both: list[cn.Classy],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PGPASSWORD", postgres.password)
    address = postgres.address_without_password
    first = sync(both, address, dataset=dataset)
    assert first["equal"].all()
    assert first.groupby("organization")["list"].apply(set).tolist() == [set(DEFAULT)] * 2
    assert (first["inserted"] == first["rows_here"]).all()
    mirrors = [each.mirror(tmp_path / f"{each.organization}.duckdb") for each in both]

    def compare() -> None:
        for mirror, connection in zip(mirrors, both, strict=True):
            assert mirror.refresh()["equal"].all()
            assert_equal(mirror, connection)
            for name in DEFAULT:
                here = in_postgres(postgres, dataset, name, mirror.organization)
                assert len(here) > 0
                assert here == in_duckdb(mirror.path, name, mirror.organization), name

    compare()
    with mirrors[0].connect() as duck:
        for name in DEFAULT:
            described = duck.sql(f"SELECT column_name, column_type FROM (DESCRIBE {name})").fetchall()
            assert types_of(postgres, dataset, name) == [(c, *TYPES[t]) for c, t in described], name
            assert types_of(postgres, dataset, f"{name}_versions") == types_of(postgres, dataset, name)

    inserted = box.insert_transactions(60)
    refunded = set(box.refund_transactions(60))
    deleted = set(box.delete_transactions(20))
    box.insert_transactions(5, both[1].organization)
    box.change_records("supporters", 5)
    second = sync(both, address, dataset=dataset).set_index(["organization", "list"])
    assert second["equal"].all()
    gifts = second.loc[(both[0].organization, "transactions")]
    assert gifts[["inserted", "vanished"]].tolist() == [
        len(set(inserted) - deleted),
        len(deleted - set(inserted)),
    ]
    assert gifts["changed"] == len(refunded - deleted - set(inserted))
    assert second.loc[(both[0].organization, "supporters"), "changed"] == 5
    assert second.loc[(both[1].organization, "transactions"), "inserted"] == 5
    compare()
    gone = f"SELECT id FROM {dataset}.transactions WHERE _deleted_at IS NOT NULL"
    assert {id_ for (id_,) in postgres.rows(gone)} == deleted - set(inserted)
    versions = (
        f"SELECT count(*) FROM {dataset}.transactions_versions WHERE id IN ({', '.join(map(str, deleted))})"
    )
    assert postgres.rows(versions) == [(2 * len(deleted - set(inserted)),)]

    third = sync(both, address, dataset=dataset)
    assert third["equal"].all()
    assert not third[["inserted", "changed", "vanished"]].to_numpy().any()
    assert third["requests"].max() <= 3
    # What dlt merged from holds donors: it goes.
    schemas = "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'classy%staging%'"
    assert postgres.rows(schemas) == []


def test_values_that_do_not_fit_are_the_same_as_in_duckdb(
    postgres: Server,
    dataset: str,
    asking: cn.Classy,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, second = asking.designations(fields="id", limit=2)["id"]
    odd = orjson.Fragment(rb'"nul \u0000 \ud800"')
    sent: dict[int, dict[str, Any]] = {
        first: {"goal": 10**18, "created_at": "yesterday", "name": odd},
        second: {"city": {"a": "\0"}, "is_active": 7},
    }
    send(monkeypatch, sent)
    path = tmp_path / "m.duckdb"
    names = [f"{name}__v_text" for name in ("goal", "created_at", "name", "city", "is_active")]
    columns = f"id, _row_hash, {', '.join(names)}"

    def refresh(to: Any) -> None:
        with pytest.warns(cn.DataWarning, match="half of an emoji"):
            assert sync(asking, to, dataset=dataset, resources="designations")["equal"].all()

    refresh(postgres.address)
    refresh(path)
    with cn.open_mirror(path).connect() as duck:
        there = duck.sql(f"SELECT {columns} FROM designations ORDER BY id").fetchall()
    here = postgres.rows(f"SELECT {columns} FROM {dataset}.designations ORDER BY id")
    assert here == there
    assert [row[2:] for row in here if row[0] in sent] == [
        ("1000000000000000000", "yesterday", '"nul \\u0000 \ufffd"', None, None),
        (None, None, None, '{"a":"\\u0000"}', "7"),
    ]
    del sent[first]["created_at"]
    refresh(postgres.address)
    versions = f"SELECT created_at__v_text FROM {dataset}.designations_versions WHERE id = {first}"
    assert postgres.rows(f"{versions} ORDER BY _synced_at") == [("yesterday",), (None,)]


PROGRAM = """
import sys
from classy_nb import connect
from classy_nb.mirror import refresh, sync

refresh.WINDOW_ROWS = 100
with connect(organization=int(sys.argv[3])) as classy:
    print("begins", flush=True)
    lists = "transactions,transaction_items,campaigns"
    report = sync(classy, sys.argv[1], dataset=sys.argv[2], resources=lists)
    print("equal" if report["equal"].all() else report.to_string(), flush=True)
"""


def start(
    postgres: Server, box: Sandbox, dataset: str, home: Path, organization: int
) -> subprocess.Popen[str]:
    """Start a sync in a process of its own."""
    environ = {
        "PGPASSWORD": postgres.password,
        "CLASSY_CLIENT_ID": box.client_id,
        "CLASSY_CLIENT_SECRET": box.client_secret,
        "CLASSY_BASE_URL": box.base_url,
        "CLASSY_TOKEN_URL": box.token_url,
        "PYTHONWARNINGS": "ignore",
    }
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, postgres.address_without_password, dataset, str(organization)],
        env=environment(home, **environ),
        cwd=home,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    with process:
        out, err = process.communicate(timeout=300)
    return process.returncode, out, err


def assert_equals_live(postgres: Server, dataset: str, classy: cn.Classy, names: tuple[str, ...]) -> None:
    """Every record of the API is there once, as it is."""
    for name in names:
        fresh = live(classy, name)
        columns = ", ".join(f'"{column}"' for column in fresh.column_names)
        here = postgres.rows(
            f"SELECT {columns} FROM {dataset}.{name} "
            f"WHERE _organization_id = {classy.organization} AND _deleted_at IS NULL ORDER BY id"
        )
        assert len(here) == len(fresh), name
        for place, column in enumerate(fresh.column_names):
            expected = fresh[column]
            if pa.types.is_timestamp(expected.type):
                # Python finds that no moment of the hour in which clocks go back equals one of another zone.
                expected = expected.cast(pa.timestamp("us", "UTC"))
            assert [row[place] for row in here] == expected.to_pylist(), f"{name}.{column}"


def test_a_sync_that_is_killed_goes_on_and_nothing_is_there_twice(
    postgres: Server, dataset: str, box: Sandbox, asking: cn.Classy, tmp_path: Path
) -> None:
    moments = random.Random(7)
    for _ in range(4):  # of a first load
        process = start(postgres, box, dataset, tmp_path, asking.organization)
        assert process.stdout is not None
        assert process.stdout.readline() == "begins\n"
        time.sleep(moments.uniform(2, 12))
        process.send_signal(signal.SIGKILL)
        ended(process)
        box.insert_transactions(3)
        box.delete_transactions(2)
    code, out, err = ended(start(postgres, box, dataset, tmp_path, asking.organization))
    assert (code, out) == (0, "begins\nequal\n"), err
    names = (*GIFTS, "campaigns")
    assert_equals_live(postgres, dataset, asking, names)
    for _ in range(3):  # of a refresh
        box.insert_transactions(30)
        box.refund_transactions(30)
        box.delete_transactions(5)
        process = start(postgres, box, dataset, tmp_path, asking.organization)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(moments.uniform(1, 6))
        process.send_signal(signal.SIGKILL)
        ended(process)
    code, out, err = ended(start(postgres, box, dataset, tmp_path, asking.organization))
    assert (code, out) == (0, "begins\nequal\n"), err
    assert_equals_live(postgres, dataset, asking, names)
    for name in names:
        twice = f"SELECT id FROM {dataset}.{name}_versions GROUP BY id, _synced_at HAVING count(*) > 1"
        assert postgres.rows(twice) == []
    assert_history_is_whole(postgres.rows, names, dataset)
    # What the killed ones left on this machine has gone, too.
    assert list(tmp_path.glob("classy-sync-*")) == []


def test_what_a_failed_sync_wrote_belongs_to_the_next_one(
    postgres: Server,
    dataset: str,
    box: Sandbox,
    both: list[cn.Classy],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PGPASSWORD", postgres.password)
    address = postgres.address_without_password

    def stop(*_: object) -> None:
        raise RuntimeError("stopped here")

    for _ in range(2):  # during the first load, and later
        box.refund_transactions(1)
        with monkeypatch.context() as patch:
            patch.setattr(DltDestination, "record", stop)
            with pytest.raises(RuntimeError, match="stopped here"):
                sync(both, address, dataset=dataset, resources=GIFTS)
        box.refund_transactions(4)
        box.insert_transactions(3)
        box.delete_transactions(2)
        assert sync(both, address, dataset=dataset, resources=GIFTS)["equal"].all()
        for each in both:
            assert_equals_live(postgres, dataset, each, GIFTS)
        assert_history_is_whole(postgres.rows, GIFTS, dataset)


def test_organizations_are_synced_at_the_same_time_but_each_by_one(
    postgres: Server, dataset: str, box: Sandbox, both: list[cn.Classy], tmp_path: Path
) -> None:
    processes = [start(postgres, box, dataset, tmp_path, each.organization) for each in both]
    for process in processes:
        code, out, err = ended(process)
        assert (code, out) == (0, "begins\nequal\n"), err
    box.insert_transactions(20)
    box.insert_transactions(20, both[1].organization)
    processes = [start(postgres, box, dataset, tmp_path, each.organization) for each in both]
    for process in processes:
        code, out, err = ended(process)
        assert (code, out) == (0, "begins\nequal\n"), err
    for each in both:
        assert_equals_live(postgres, dataset, each, (*GIFTS, "campaigns"))

    import psycopg2

    from classy_nb.mirror.destination import _lock_key

    with closing(psycopg2.connect(postgres.address)) as other, other.cursor() as cursor:
        cursor.execute(f"SELECT pg_advisory_lock({_lock_key(dataset, both[0].organization)})")
        with pytest.raises(cn.MirrorError, match="Another refresh of organization"):
            sync(both[0], postgres.address, dataset=dataset)
        assert sync(both[1], postgres.address, dataset=dataset)["equal"].all()


def test_hashed_columns_join_and_personal_ones_are_left_out(
    postgres: Server, dataset: str, asking: cn.Classy, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = "transactions,supporters"
    protected = {"exclude": "personal", "hash": "email_address"}
    with pytest.raises(cn.UsageError, match="CLASSY_HASH_KEY, which is not set"):
        sync(asking, postgres.address, dataset=dataset, resources=names, **protected)
    monkeypatch.setenv("CLASSY_HASH_KEY", "a key of 24 characters !")
    assert sync(asking, postgres.address, dataset=dataset, resources=names, **protected)["equal"].all()
    again = sync(asking, postgres.address, dataset=dataset)  # what was said is remembered
    assert not again[["inserted", "changed", "vanished"]].to_numpy().any()
    for name in ("transactions", "supporters", "supporters_versions"):
        columns = {row[0] for row in types_of(postgres, dataset, name)}
        assert columns.isdisjoint({"last_name", "city", "billing_last_name", "comment", "phone"})
    people = live(asking, "supporters").to_pylist()
    key = b"a key of 24 characters !"
    hashes = [
        (p["id"], p["email_address"] and hmac.new(key, p["email_address"].encode(), sha256).hexdigest())
        for p in people
    ]
    assert postgres.rows(f"SELECT id, email_address FROM {dataset}.supporters ORDER BY id") == hashes
    written = "".join(
        row
        for name in names.split(",")
        for (row,) in postgres.rows(f"SELECT t::text FROM {dataset}.{name} AS t")
    )
    assert "@" not in written
    for word in ({p["last_name"] for p in people} | {p["email_address"] for p in people}) - {None, ""}:
        assert f",{word}," not in written
    with pytest.raises(cn.MirrorError, match="was made with exclude='personal', not 'city'"):
        sync(asking, postgres.address, dataset=dataset, exclude="city")
    monkeypatch.setenv("CLASSY_HASH_KEY", "another key of 20 characters")
    with pytest.raises(cn.MirrorError, match="hashed with another key"):
        sync(asking, postgres.address, dataset=dataset)


def test_no_password_shows(
    postgres: Server,
    dataset: str,
    box: Sandbox,
    asking: cn.Classy,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    from classy_nb.cli import main

    for name, value in {
        "CLIENT_ID": box.client_id,
        "CLIENT_SECRET": box.client_secret,
        "BASE_URL": box.base_url,
        "TOKEN_URL": box.token_url,
    }.items():
        monkeypatch.setenv(f"CLASSY_{name}", value)
    caplog.set_level("DEBUG")
    which = ("--organization", str(asking.organization), "--resources", "designations", "--dataset", dataset)
    assert main(["sync", "--to", postgres.address, *which]) == 0
    told, said = capfd.readouterr()
    assert "designations" in told
    assert "put it into PGPASSWORD" in said
    monkeypatch.setenv("PGPASSWORD", postgres.password)
    assert main(["sync", "--to", postgres.address_without_password, *which]) == 0
    more, said_more = capfd.readouterr()
    assert "PGPASSWORD" not in said_more
    # By name, with dlt's own setting; and with the password in a file, as for psql.
    monkeypatch.delenv("PGPASSWORD")
    with monkeypatch.context() as patch:
        patch.setenv("DESTINATION__POSTGRES__CREDENTIALS", postgres.address)
        assert main(["sync", "--to", "postgres", *which]) == 0
    passwords = tmp_path / "pgpass"
    passwords.write_text("127.0.0.1:*:*:sync:" + postgres.password.replace(":", "\\:") + "\n")
    passwords.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(passwords))
    assert main(["sync", "--to", postgres.address_without_password, *which]) == 0
    by_other_ways, said_then = capfd.readouterr()
    assert by_other_ways.count("yes") == 2
    wrong = postgres.address.replace("sync:", "nobody:")
    assert main(["sync", "--to", wrong, *which]) == 1
    refused, why = capfd.readouterr()
    assert 'password authentication failed for user "nobody"' in why
    assert main(["sync", "--to", postgres.address.replace(str(postgres.port), "1"), *which]) == 1
    _, unreachable = capfd.readouterr()
    assert "Connection refused" in unreachable
    everything = [
        told,
        said,
        more,
        said_more,
        by_other_ways,
        said_then,
        refused,
        why,
        unreachable,
        caplog.text,
    ]
    for form in (postgres.password, postgres.address.split(":", 2)[2].split("@")[0], "Kanarienvogel"):
        assert not any(form in text for text in everything)


def test_without_the_driver_for_arrow_the_rows_are_the_same(
    postgres: Server, dataset: str, box: Sandbox, asking: cn.Classy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("classy_nb.mirror.destination.find_spec", lambda _: None)
    names = (*GIFTS, "campaigns", "recurring_donation_plans")
    for _ in range(2):
        assert sync(asking, postgres.address, dataset=dataset, resources=names)["equal"].all()
        assert_equals_live(postgres, dataset, asking, names)
        box.refund_transactions(5)


def test_what_a_row_holds_is_not_in_an_error(postgres: Server, dataset: str, asking: cn.Classy) -> None:
    sync(asking, postgres.address, dataset=dataset, resources="supporters")
    postgres.rows(
        f"ALTER TABLE {dataset}.supporters ADD CONSTRAINT short CHECK (length(first_name) < 1) NOT VALID"
    )
    postgres.rows(f"UPDATE {dataset}.supporters SET _row_hash = 'x', first_name = ''")
    with pytest.raises(cn.MirrorError) as caught:
        sync(asking, postgres.address, dataset=dataset)
    people = live(asking, "supporters").to_pylist()
    assert not any(p["email_address"] in str(caught.value) for p in people if p["email_address"])
    postgres.rows(f"ALTER TABLE {dataset}.supporters DROP CONSTRAINT short")
    report = sync(asking, postgres.address, dataset=dataset)
    assert report["equal"].all()
    assert_equals_live(postgres, dataset, asking, ("supporters",))
