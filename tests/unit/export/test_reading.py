"""A CSV file back into a frame: values, dtypes, zone; what is not such a file."""

import gzip
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from support.csv_rows import frame_of
from support.frames import build

import classy_nb as cn
from classy_nb.catalog import Column, load
from classy_nb.errors import DataWarning, ExportError, UsageError

quick = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
LOS_ANGELES = "America/Los_Angeles"
# Every half hour around both switches: 01:30 in November comes twice.
SWITCHES = [
    moment
    for day in ("2026-03-08T08:00Z", "2026-11-01T07:00Z")
    for moment in pd.date_range(day, periods=8, freq="30min")
]


@pytest.fixture(autouse=True)
def _no_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CLASSY_TIMEZONE", raising=False)


@pytest.mark.edge(21)
@pytest.mark.parametrize("neutralize", [True, False])
@pytest.mark.parametrize("excel", [True, False])
@pytest.mark.parametrize("backend", ["numpy_nullable", "pyarrow"])
def test_every_kind_of_cell_comes_back(
    tmp_path: Path, backend: str, excel: object, neutralize: object
) -> None:
    frame = frame_of(backend).rename(columns={"postal_code": "billing_postal_code"})
    path = cn.to_csv(frame, tmp_path / "a.csv", excel=bool(excel), neutralize=bool(neutralize))
    again = cn.read_csv(path, neutralize=bool(neutralize), dtype_backend=backend)  # type: ignore[arg-type]
    assert_frame_equal(again, frame)


@pytest.mark.edge(21)
@pytest.mark.parametrize(
    "zone", [LOS_ANGELES, "UTC", "America/New_York", "America/St_Johns", "Europe/London", "Australia/Sydney"]
)
@pytest.mark.parametrize("name", ["purchased_at", "my own moment"])
def test_both_switches_of_summer_time(tmp_path: Path, zone: str, name: str) -> None:
    year = pd.date_range("2026-01-15T12:00Z", periods=12, freq="31D")
    moments = pd.Series([*SWITCHES, *year, pd.NaT]).dt.tz_convert(zone).dt.as_unit("us")
    frame = pd.DataFrame({"id": pd.array(range(len(moments)), dtype="Int64"), name: moments})
    assert_frame_equal(cn.read_csv(cn.to_csv(frame, tmp_path / "a.csv")), frame)


@pytest.mark.edge(21)
def test_the_zone_can_be_given_and_the_instants_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    winter = (
        pd.Series(pd.to_datetime(["2026-01-31T18:30Z"])).dt.tz_convert("America/Phoenix").dt.as_unit("us")
    )
    path = cn.to_csv(pd.DataFrame({"id": [1], "created_at": winter}), tmp_path / "a.csv")

    def zone(**options: str) -> str:
        column = cn.read_csv(path, **options)["created_at"]  # type: ignore[arg-type]
        assert column.tolist() == winter.tolist()
        return str(column.dt.tz)

    assert zone() == "America/Denver"
    assert zone(timezone="America/Phoenix") == "America/Phoenix"
    assert zone(timezone="Asia/Tokyo") == "Asia/Tokyo"
    monkeypatch.setenv("CLASSY_TIMEZONE", "America/Phoenix")
    assert zone() == "America/Phoenix"
    monkeypatch.setenv("CLASSY_TIMEZONE", "America/New_York")  # which has other offsets
    assert zone() == "America/Denver"
    with pytest.raises(UsageError, match="timezone='Mars' is unknown"):
        zone(timezone="Mars")


YEAR = [f"2026-{month:02}-15T12:00Z" for month in range(1, 13)]
WINTER, SUMMER = ["2026-01-31T18:30Z", "2026-02-01T18:30Z"], ["2026-07-01T18:30Z"]


@pytest.mark.edge(21)
@pytest.mark.parametrize(
    ("zone", "moments", "shown"),
    [
        ("America/Phoenix", WINTER, "America/Denver"),
        ("America/Phoenix", YEAR, "America/Phoenix"),
        ("America/Sao_Paulo", SUMMER, "America/Halifax"),
        ("America/Sao_Paulo", YEAR, "America/Sao_Paulo"),
        ("Europe/London", WINTER, "UTC"),
        ("Europe/London", YEAR, "Europe/London"),
        (LOS_ANGELES, WINTER, LOS_ANGELES),
        (LOS_ANGELES, SUMMER, LOS_ANGELES),
        ("UTC", YEAR, "UTC"),
        ("Europe/London", [None], "UTC"),
        ("Europe/London", [], "UTC"),
    ],
)
def test_the_zone_is_a_likely_one_and_the_instants_are_right(
    tmp_path: Path, zone: str, moments: list[str | None], shown: str
) -> None:
    column = pd.to_datetime(pd.Series(moments, dtype="datetime64[us, UTC]")).dt.tz_convert(zone)
    frame = pd.DataFrame({"id": pd.array(range(len(column)), "Int64"), "created_at": column})
    path = cn.to_csv(frame, tmp_path / "a.csv")
    again = cn.read_csv(path)
    assert str(again["created_at"].dt.tz) == shown
    assert_frame_equal(again.assign(created_at=again["created_at"].dt.tz_convert(zone)), frame)
    assert_frame_equal(cn.read_csv(path, timezone=zone), frame)


@pytest.mark.edge(21)
def test_without_instants_there_is_no_zone_to_guess(tmp_path: Path) -> None:
    frame = pd.DataFrame({"id": pd.array([1], "Int64")})
    assert_frame_equal(cn.read_csv(cn.to_csv(frame, tmp_path / "a.csv")), frame)


@pytest.mark.edge(21)
def test_offsets_of_no_zone_are_said_and_shown_in_utc(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,created_at\n1,2026-01-31T18:30:00+05:45\n2,2026-01-31T18:30:00-08:00\n")
    with pytest.warns(DataWarning, match="No zone is known that has the offsets of this file"):
        frame = cn.read_csv(path)
    assert frame["created_at"].tolist() == [
        pd.Timestamp("2026-01-31T12:45Z"),
        pd.Timestamp("2026-02-01T02:30Z"),
    ]


@pytest.mark.edge(21)
def test_instants_of_old_come_back(tmp_path: Path) -> None:
    moments = pd.Series(
        pd.to_datetime(["1850-06-01T12:00:00Z", "1890-06-01T12:00:00Z", "2026-07-01T00:00:00Z"])
    )
    frame = pd.DataFrame({"created_at": moments.dt.tz_convert(LOS_ANGELES).dt.as_unit("us")})
    assert_frame_equal(cn.read_csv(cn.to_csv(frame, tmp_path / "a.csv"), timezone=LOS_ANGELES), frame)


@pytest.mark.edge(21)
@quick
@given(
    texts=st.lists(
        st.none() | st.text(st.sampled_from("aé🎉,;|\t\r\n\"'=+-@ \0\u200b\u00a00N"), max_size=8),
        min_size=1,
        max_size=6,
    )
)
def test_any_text_comes_back(tmp_path: Path, texts: list[str | None]) -> None:
    column = pd.array(texts, dtype=pd.StringDtype("pyarrow"))
    frame = pd.DataFrame({"id": pd.array(range(len(texts)), dtype="Int64"), "comment": column})
    assert_frame_equal(cn.read_csv(cn.to_csv(frame, tmp_path / "a.csv")), frame)


@pytest.mark.edge(21)
@quick
@given(numbers=st.lists(st.none() | st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=5))
def test_any_number_comes_back(tmp_path: Path, numbers: list[float | None]) -> None:
    frame = pd.DataFrame(
        {"total_gross_amount": pd.array(numbers, dtype="Float64"), "x": pd.array(numbers, "Float64")}
    )
    again = cn.read_csv(cn.to_csv(frame, tmp_path / "a.csv"))
    assert again["total_gross_amount"].equals(frame["total_gross_amount"])
    if frame["x"].notna().any():
        assert again["x"].equals(frame["x"])


@pytest.mark.edge(21)
def test_columns_that_the_catalog_does_not_know(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "whole": pd.array([1, None], dtype="Int64"),
            "part": pd.array([1.0, None], dtype="Float64"),
            "flag": pd.array([True, None], dtype="boolean"),
            "day": pd.Series(["2026-01-31", None], dtype="datetime64[us]"),
            "wall": pd.Series(["2026-01-31T18:30:00.5", None], dtype="datetime64[us]"),
            "code": pd.array(["02139", "90210"], dtype=pd.StringDtype("pyarrow")),
            "version": pd.array(["1.10", "1.20"], dtype=pd.StringDtype("pyarrow")),
            "nested": pd.Series([[1, {"a": "x;=1"}], pd.NA], dtype=object),
            "nothing": pd.Series([pd.NA, pd.NA], dtype=object),
        }
    )
    path = cn.to_csv(frame, tmp_path / "a.csv")
    text = pd.array(['[1,{"a":"x;=1"}]', None], dtype=pd.StringDtype("pyarrow"))
    missing = pd.array([None, None], dtype=pd.StringDtype("pyarrow"))
    assert_frame_equal(cn.read_csv(path), frame.assign(nested=text, nothing=missing))
    objects = {"nested": object, "nothing": object}
    assert_frame_equal(cn.read_csv(path, dtype=objects), frame)


@pytest.mark.edge(21)
def test_dtype_gives_back_what_is_not_ours(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "zip": pd.array(["90210", "90211"], dtype=pd.StringDtype("pyarrow")),
            "count": pd.array([1, 2], dtype="int32"),
            "share": [0.5, float("nan")],
            "month": pd.period_range("2026-01", periods=2, freq="M"),
            "took": pd.to_timedelta(["1 days", "-2 hours"]),
            "kind": pd.Categorical(["a", "b"], ["b", "a"], ordered=True),
            "at": pd.Series(SWITCHES[:2]).dt.tz_convert("Asia/Kathmandu").dt.as_unit("us"),
            "nanoseconds": pd.to_datetime(["2026-01-31", "2026-01-31T01:02:03.5"], format="ISO8601").as_unit(
                "ns"
            ),
        }
    )
    path = cn.to_csv(frame, tmp_path / "a.csv")
    assert_frame_equal(cn.read_csv(path, dtype=frame.dtypes), frame)
    assert cn.read_csv(path, dtype={"zip": "string"}, timezone="UTC")["zip"].tolist() == ["90210", "90211"]
    with pytest.raises(UsageError, match=r"Column 'kind' of .* does not fit"):
        cn.read_csv(path, dtype={"kind": "Int64"}, timezone="UTC")


@pytest.mark.edge(21)
def test_a_name_that_means_several_things(tmp_path: Path) -> None:
    """Ids are numbers, but text in a few lists; ``status`` is a flag in some."""
    path = tmp_path / "a.csv"
    path.write_text("id,status,amount\n12,active,5\n13,,7\n")
    frame = cn.read_csv(path)
    assert [str(dtype) for dtype in frame.dtypes] == ["Int64", "string", "Int64"]
    texts = cn.read_csv(path, resource="asr_messages")["id"]
    assert (str(texts.dtype), texts.tolist()) == ("string", ["12", "13"])
    path.write_text("id,status,amount\nab,true,5.0\n")
    assert cn.read_csv(path).iloc[0].tolist() == ["ab", True, 5.0]
    with pytest.raises(UsageError, match="The resource 'gifts' does not exist"):
        cn.read_csv(path, resource="gifts")


@pytest.mark.edge(21)
def test_lists_can_be_exploded_again(tmp_path: Path) -> None:
    frame = build(
        [{"id": 7, "items": [{"id": 1}, {"id": 2}]}],
        [Column("id", "int"), Column("items", "list", record="TransactionItem")],
    )
    again = cn.read_csv(cn.to_csv(frame, tmp_path / "a.csv"))
    assert_frame_equal(cn.explode(again, "items"), cn.explode(frame, "items"))


@pytest.mark.edge(21)
def test_names_that_occur_twice_and_formulas_in_names(tmp_path: Path) -> None:
    frame = pd.DataFrame([[1, 2, "=1"]], columns=["a", "a", "=b;=c"], index=pd.Index([7], name="a"))
    again = cn.read_csv(cn.to_csv(frame, tmp_path / "a.csv"))
    assert again.columns.tolist() == ["a", "a", "a", "=b;=c"]
    assert again.iloc[0].tolist() == [7, 1, 2, "=1"]


@pytest.mark.edge(21)
@pytest.mark.parametrize("resource", ["transactions", "campaigns", "supporters"])
def test_a_frame_without_rows(tmp_path: Path, resource: str) -> None:
    spec = load().resources[resource].lists[0]
    frame = build([], load().columns(spec), timezone="UTC")
    assert_frame_equal(cn.read_csv(cn.to_csv(frame, tmp_path / "a.csv"), resource=resource), frame)


@pytest.mark.edge(21)
@pytest.mark.parametrize(
    "content", [b"a,b\n1\n", b"a,b\n1,2,3\n", b"a,b\n1,\xff\n", b'a,b\n"1,2\n', b"\xff\xfea\x00"]
)
def test_what_is_not_such_a_file_is_refused_without_its_rows(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="is not a whole CSV file in UTF-8") as caught:
        cn.read_csv(path)
    assert caught.value.__cause__ is None


@pytest.mark.edge(21)
def test_half_a_compressed_file_is_refused(tmp_path: Path) -> None:
    for ending in ("gz", "bz2", "xz"):
        path = cn.to_csv(pd.DataFrame({"a": range(1000)}), tmp_path / f"a.csv.{ending}")
        path.write_bytes(path.read_bytes()[:-20])
        with pytest.raises(UsageError, match="is not a whole CSV file"):
            cn.read_csv(path)
    (tmp_path / "b.csv.gz").write_bytes(b"id\n1\n")
    with pytest.raises((UsageError, ExportError)):
        cn.read_csv(tmp_path / "b.csv.gz")
    (tmp_path / "c.csv.gz").write_bytes(gzip.compress(b"id\n1\n"))
    assert cn.read_csv(tmp_path / "c.csv.gz")["id"].tolist() == [1]


@pytest.mark.edge(21)
def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"none\.csv could not be read: it does not exist"):
        cn.read_csv(tmp_path / "none.csv")
    (tmp_path / "folder").mkdir()
    with pytest.raises(ExportError, match="folder could not be read: it is a folder"):
        cn.read_csv(tmp_path / "folder")
