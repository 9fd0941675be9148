"""A mirror answers as the API does: random questions to both, and the same frames, warnings and errors."""

from __future__ import annotations

import random
import shutil
import warnings
from typing import TYPE_CHECKING, Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.explorer import filled, press
from support.viewer import Viewer

import classy_nb as cn
from classy_nb.catalog import load
from classy_nb.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

ZONE = "America/Los_Angeles"
LISTS = (
    "transactions",
    "transaction_items",
    "supporters",
    "campaigns",
    "recurring_donation_plans",
    "recurring_donation_history",
    "fundraising_pages",
    "fundraising_teams",
    "designations",
    "registrations",
    "answers",
)
INCLUDES = {
    "transactions": ("items", "supporter", "recurring_donation_plan"),
    "fundraising_pages": ("supporter", "fundraising_team"),
    "fundraising_teams": ("campaign",),
}
PARENTS = {
    "transactions": ("campaign", "recurring_donation_plan"),
    "transaction_items": ("transaction",),
    "recurring_donation_plans": ("campaign",),
    "recurring_donation_history": ("recurring_donation_plan",),
    "fundraising_pages": ("campaign", "fundraising_team"),
    "fundraising_teams": ("campaign",),
    "registrations": ("campaign", "transaction"),
    "answers": ("question", "registration", "transaction", "fundraising_page"),
}


CENTS = ["id", "purchased_at", "status", "total_gross_amount", "fee_on_top", "card_last_four", "metadata"]
"""Some columns whose values have no more digits than the file keeps. The sandbox's ``charged_fees_amount``
has the noise of floats (0.8200000000000001), and a mirror has cents."""


class Pair:
    """A connection, and the mirror that was made with it."""

    def __init__(self, classy: cn.Classy, copy: Any, box: Sandbox) -> None:
        self.classy, self.copy, self.box = classy, copy, box
        self.frames = {name: getattr(classy, name)() for name in LISTS}


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    path = tmp_path_factory.mktemp("mirror") / "copy.duckdb"
    with (
        Sandbox(transactions=600, requests_per_minute=0) as box,
        cn.connect(
            box.client_id, box.client_secret, base_url=box.base_url, token_url=box.token_url, timezone=ZONE
        ) as classy,
    ):
        classy.mirror(path).refresh()
        yield Pair(classy, cn.open_mirror(path), box)


def ask(call: Callable[..., Any], *given: Any, **keywords: Any) -> tuple[Any, list[str], Any]:
    """Return what a call gives, its warnings, and its error."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result, error = call(*given, **keywords), None
        except cn.ClassyError as raised:
            result, error = None, raised
    return result, [str(w.message) for w in caught], error


class Questions:
    """Random keywords for a list, with values that its records have."""

    def __init__(self, pair: Pair, name: str, seed: int) -> None:
        self.pair, self.name, self.random = pair, name, random.Random(seed)
        self.frame = pair.frames[name]
        endpoint = load().resources[name].lists[0]
        columns = load().columns(endpoint)
        kinds = ("int", "float", "text", "bool", "datetime")
        # The API's document does not say whether it filters by parts of objects, and the sandbox does not.
        self.kinds = {c.name: c.kind for c in columns if c.kind in kinds and "." not in c.name}
        self.known = {c.name for c in columns if c.known}
        self.own = list(dict.fromkeys(c.name.partition(".")[0] for c in columns))
        self.date = endpoint.date

    def one(self) -> dict[str, Any]:
        chance, keywords = self.random.random, dict[str, Any]()
        if chance() < 0.5:
            count = self.random.choice((1, 1, 2))
            keywords["where"] = [c for c in (self.condition() for _ in range(count)) if c is not None]
        if self.date and chance() < 0.4:
            first, last = sorted(self.random.sample(range(2022, 2028), 2))
            keywords["since"] = self.random.choice((first, f"{first}-03-15", f"{first}-06-01T12:30"))
            if chance() < 0.5:
                keywords["until"] = last
        if chance() < 0.3:
            keywords["fields"] = self.random.sample(self.own, min(4, len(self.own)))
        if self.name in INCLUDES and chance() < 0.35:
            keywords["include"] = self.random.choice(INCLUDES[self.name])
        if chance() < 0.5:
            names = [n for n in self.kinds if n in keywords.get("fields", [n])]
            if names:
                chosen = self.random.sample(names, min(len(names), self.random.choice((1, 2))))
                keywords["sort"] = [n + self.random.choice(("", ":desc")) for n in chosen]
        if chance() < 0.3:
            keywords["limit"] = self.random.choice((1, 7, 100, 10_000))
        if self.name in PARENTS and chance() < 0.25:
            parent = self.random.choice(PARENTS[self.name])
            keywords[parent] = self.parent(parent)
        if chance() < 0.2:
            keywords["flat"] = True
        if chance() < 0.3:
            keywords["dtype_backend"] = "pyarrow"
        return keywords

    def parent(self, key: str) -> int:
        lists = {"question": "answers"}
        frame = self.pair.frames[lists.get(key, f"{key}s")]
        return int(self.random.choice(frame["question_id" if key == "question" else "id"].dropna().tolist()))

    def condition(self) -> str | None:
        name = self.random.choice(list(self.kinds))
        values = self.frame[name].dropna()
        if not len(values):
            return None
        value = self.random.choice(values.tolist())
        kind = self.kinds[name]
        operators = ("=", "!=", "<", "<=", ">", ">=")
        if kind == "text":
            if "," in value or "%" in value or not value.strip() or value != value.strip() or len(value) > 60:
                return None
            if name in self.known:
                operators = ("=", "!=")
        if kind == "bool":
            value, operators = str(value).lower(), ("=", "!=")
        if kind == "datetime":
            day = self.random.random() < 0.5
            value = f"{value:%Y-%m-%d}" if day else value.tz_convert("UTC").isoformat()
            operators = ("=", "<", "<=", ">", ">=") if day else operators
        if kind == "float":
            value = f"{value:.2f}"
        return f"{name} {self.random.choice(operators)} {value}"


@pytest.mark.parametrize("name", LISTS)
def test_random_questions_have_the_same_answers(pair: Pair, name: str) -> None:
    questions = Questions(pair, name, seed=19)
    rows = 0
    for _ in range(30 if name == "transactions" else 12):
        keywords = questions.one()
        fetched, warned, error = ask(getattr(pair.classy, name), **keywords)
        assert error is None, (keywords, error)
        before = len(pair.box.requests)
        read, also_warned, error = ask(getattr(pair.copy, name), **keywords)
        assert error is None, (keywords, error)
        assert len(pair.box.requests) == before
        pd.testing.assert_frame_equal(read, fetched, obj=f"{name}({keywords})")
        assert read.dtypes.equals(fetched.dtypes), keywords
        assert also_warned == [text for text in warned if "the API seems to ignore" not in text], keywords
        asked = {
            k: v for k, v in keywords.items() if k in ("since", "until", "where", *PARENTS.get(name, ()))
        }
        counted = ask(getattr(pair.copy, name).count, **asked)[0]
        assert counted == ask(getattr(pair.classy, name).count, **asked)[0], asked
        rows += len(read)
    assert rows


BAD: tuple[tuple[str, dict[str, Any]], ...] = (
    ("transactions", {"where": "statos = success"}),
    ("transactions", {"where": "status success"}),
    ("transactions", {"where": "id = many"}),
    ("transactions", {"where": "metadata = x"}),
    ("transactions", {"since": "yesterdy"}),
    ("transactions", {"since": 2026, "until": 2025}),
    ("transactions", {"fields": "purchased"}),
    ("transactions", {"include": "itmes"}),
    ("transactions", {"sort": "created_at:down"}),
    ("transactions", {"sort": "created_at", "fields": "id"}),
    ("transactions", {"limit": 0}),
    ("transactions", {"flat": "yes"}),
    ("transactions", {"dtype_backend": "numpy"}),
    ("transactions", {"progress": "no"}),
    ("transactions", {"campaign": None}),
    ("transactions", {"campaign": "gala"}),
    ("transactions", {"status": "success"}),
    ("transactions", {"aggregates": True}),
    ("supporters", {"page": 2}),
    ("campaigns", {"supporter": 7}),
    ("transaction_items", {"since": 2026}),
)


@pytest.mark.parametrize(("name", "keywords"), BAD)
def test_bad_input_is_refused_with_the_same_error(pair: Pair, name: str, keywords: dict[str, Any]) -> None:
    _, _, error = ask(getattr(pair.classy, name), **keywords)
    _, _, same = ask(getattr(pair.copy, name), **keywords)
    assert isinstance(error, cn.UsageError)
    assert (type(same), str(same)) == (type(error), str(error))


@pytest.mark.parametrize("name", LISTS)
def test_a_record_is_the_same(pair: Pair, name: str) -> None:
    spec, frame = load().resources[name], pair.frames[name]
    number = int(frame["id"].iloc[len(frame) // 2])
    if not any(endpoint.key for endpoint in spec.objects):
        errors = [ask(getattr(both, name).get, number)[2] for both in (pair.classy, pair.copy)]
        assert [str(error) for error in errors] == [str(errors[0])] * 2
        assert isinstance(errors[0], cn.UsageError)
        return
    for keywords in ({}, {"flat": True}, {"fields": ["created_at"]}):
        fetched, read = (getattr(both, name).get(number, **keywords) for both in (pair.classy, pair.copy))
        pd.testing.assert_series_equal(read, fetched)


def test_a_record_with_its_lists_is_the_same(pair: Pair) -> None:
    number = int(pair.frames["transaction_items"]["transaction_id"].iloc[5])
    fetched, read = (both.transactions.get(number, include="items") for both in (pair.classy, pair.copy))
    pd.testing.assert_series_equal(read, fetched)
    assert read["items"][0]["transaction_id"] == number


def test_arrow_tables_are_the_same(pair: Pair) -> None:
    for keywords in (
        {"fields": CENTS},
        {"decimal": True},
        {"include": "items", "decimal": True},
        {"where": "id < 0"},
    ):
        fetched, read = (both.transactions.to_arrow(**keywords) for both in (pair.classy, pair.copy))
        assert read.schema.equals(fetched.schema), keywords
        assert read.equals(fetched), keywords


def test_batches_are_the_list_in_pieces(pair: Pair) -> None:
    whole = pair.classy.transactions(include="items")
    batches = list(pair.copy.transactions.batches(rows=128, include="items"))
    assert [len(batch) for batch in batches] == [128] * 4 + [88]
    pd.testing.assert_frame_equal(pd.concat(batches, ignore_index=True), whole)
    assert {batch.attrs["classy"]["total"] for batch in batches} == {600}
    few = list(pair.copy.transactions.batches(rows=100, limit=250, sort="purchased_at:desc"))
    assert [len(batch) for batch in few] == [100, 100, 50]
    pd.testing.assert_frame_equal(
        pd.concat(few, ignore_index=True), pair.classy.transactions(limit=250, sort="purchased_at:desc")
    )
    (empty,) = pair.copy.transactions.batches(where="id < 0")
    pd.testing.assert_frame_equal(empty, pair.classy.transactions(where="id < 0"))
    reader = pair.copy.transactions.batches(arrow=True, decimal=True, rows=200)
    assert pa.Table.from_batches(reader).equals(pair.classy.transactions.to_arrow(decimal=True))


def test_files_are_the_same(pair: Pair, tmp_path: Path) -> None:
    for way, ending in (("to_csv", "csv"), ("to_parquet", "parquet"), ("to_excel", "xlsx")):
        files = [
            getattr(both.transactions, way)(
                tmp_path / f"{label}.{ending}", where="status = success", fields=CENTS
            )
            for label, both in (("fetched", pair.classy), ("read", pair.copy))
        ]
        if ending == "csv":
            assert files[1].read_bytes() == files[0].read_bytes()
        elif ending == "parquet":
            assert pq.read_table(files[1]).equals(pq.read_table(files[0]))
        else:
            fetched, read = (pd.read_excel(file) for file in files)
            pd.testing.assert_frame_equal(read, fetched)
    path = pair.copy.transactions.to_parquet(tmp_path / "items.parquet", include="items")
    items = cn.explode(pd.read_parquet(path), "items")
    assert items["id"].tolist() == cn.explode(pair.copy.transactions(include="items"), "items")["id"].tolist()


def test_analysis_and_explode_take_the_frames(pair: Pair) -> None:
    keywords: dict[str, Any] = {"since": 2025, "include": "items"}
    fetched, read = (both.transactions(**keywords) for both in (pair.classy, pair.copy))
    pd.testing.assert_frame_equal(cn.explode(read, "items"), cn.explode(fetched, "items"))
    gifts = [cn.analysis.gifts(frame) for frame in (fetched, read)]
    pd.testing.assert_frame_equal(gifts[1], gifts[0])
    pd.testing.assert_frame_equal(cn.analysis.reconcile(read), cn.analysis.reconcile(fetched))
    assert read.attrs["classy"]["asked"] == fetched.attrs["classy"]["asked"]


def test_frames_say_that_they_come_from_the_mirror_and_of_when(pair: Pair) -> None:
    about = pair.copy.transactions(limit=3).attrs["classy"]
    assert (about["mirror"], about["requests"], about["total"], about["limit"]) == (
        str(pair.copy.path), 0, 600, 3,
    )  # fmt: skip
    with pair.copy.connect() as connection:
        [(synced,)] = connection.sql("SELECT epoch(max(_synced_at)) FROM _refreshes").fetchall()
    assert abs(pd.Timestamp(about["fetched_at"]).timestamp() - synced) < 1.01


NOT_HELD: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("payouts", {"since": 2026}, "classy.payouts("),
    ("questions", {}, "classy.questions("),
    ("transactions", {"include": "dedication"}, "classy.transactions(include='dedication')"),
    ("transactions", {"organization": 1}, "classy.transactions(organization=1)"),
    ("supporters", {"campaign": 1}, "classy.supporters(campaign=1)"),
    ("fundraising_pages", {"aggregates": True}, "classy.fundraising_pages(aggregates=True)"),
    ("fundraising_pages", {"aggregates2": True}, "classy.fundraising_pages(aggregates2=...)"),
)


@pytest.mark.parametrize(("name", "keywords", "call"), NOT_HELD)
def test_what_the_mirror_lacks_is_refused_with_the_live_call(
    pair: Pair, name: str, keywords: dict[str, Any], call: str
) -> None:
    with pytest.raises(cn.UsageError, match="mirror does not hold") as caught:
        getattr(pair.copy, name)(**keywords)
    assert call in str(caught.value)


def test_an_unknown_id_is_not_found(pair: Pair) -> None:
    with pytest.raises(cn.NotFoundError, match=r"classy.transactions.get\(5\) asks the API"):
        pair.copy.transactions.get(5)


def test_sql_gives_the_dtypes_of_frames(pair: Pair) -> None:
    found = pair.copy.sql(
        "SELECT status, count(*) AS gifts, sum(total_gross_amount) AS total, max(purchased_at) AS latest,"
        " bool_or(is_anonymous) AS any_hidden, sum(id) AS ids FROM transactions WHERE id > ?"
        " GROUP BY 1 ORDER BY 1",
        [0],
    )
    assert [str(dtype) for dtype in found.dtypes] == [
        "string", "Int64", "Float64", f"datetime64[us, {ZONE}]", "boolean", "Int64",
    ]  # fmt: skip
    gifts = pair.frames["transactions"]
    expected = gifts.groupby("status")["total_gross_amount"].sum().round(2)
    assert found["total"].round(2).tolist() == expected.tolist()
    assert found["latest"].max() == gifts["purchased_at"].max()
    empty = pair.copy.sql("SELECT id, purchased_at, total_gross_amount FROM transactions WHERE false")
    assert [str(dtype) for dtype in empty.dtypes] == ["Int64", f"datetime64[us, {ZONE}]", "Float64"]
    assert found.attrs["classy"]["mirror"] == str(pair.copy.path)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("DELETE FROM transactions", "one SELECT"),
        ("SELECT 1; SELECT 2", "one SELECT"),
        ("COPY transactions TO 'x.csv'", "one SELECT"),
        ("", "one SELECT"),
        ("SELECT * FROM transaction", "does not understand"),
        ("SELECT id, id FROM transactions", "two columns 'id'"),
        ("SELECT CAST(billing_city AS INTEGER) FROM transactions", "may quote values"),
        ("SELECT * FROM pair", "does not understand"),
    ],
)
def test_other_sql_is_refused(pair: Pair, text: str, match: str) -> None:
    with pytest.raises(cn.UsageError, match=match):
        pair.copy.sql(text)


def test_a_mirror_is_read_while_another_connection_has_it_open(pair: Pair) -> None:
    with duckdb.connect(str(pair.copy.path), read_only=True):
        assert pair.copy.transactions.count() == 600


def test_cards_say_how_many_rows_and_how_old(pair: Pair) -> None:
    shown = repr(pair.copy.transactions)
    assert "rows     600" in shown
    assert "ago (" in shown or "less than a minute ago" in shown
    assert "items" in shown
    assert "<td" in pair.copy.transactions._repr_html_()
    assert "not in this mirror" in repr(pair.copy.payouts)


def test_completion_offers_what_the_mirror_holds(pair: Pair) -> None:
    offered = dir(pair.copy)
    assert {*LISTS, "sql", "refresh"} <= {*offered}
    assert "payouts" not in offered
    with pytest.raises(AttributeError, match="Did you mean 'transactions'"):
        pair.copy.gifts  # noqa: B018


def test_a_mirror_since_a_date_says_where_it_begins(pair: Pair, tmp_path: Path) -> None:
    copy = pair.classy.mirror(
        tmp_path / "recent.duckdb", resources="transactions,campaigns", since="2026-01-01"
    )
    copy.refresh()
    begins = "filter=purchased_at>=2026-01-01T08:00:00+0000"
    for keywords in ({}, {"where": "status = success", "sort": "purchased_at"}):
        read, fetched = (
            copy.transactions(**keywords),
            pair.classy.transactions(since="2026-01-01", **keywords),
        )
        pd.testing.assert_frame_equal(read, fetched)
        assert begins in read.attrs["classy"]["asked"]
    later = copy.transactions(since="2026-03-01")
    pd.testing.assert_frame_equal(later, pair.classy.transactions(since="2026-03-01"))
    assert begins not in later.attrs["classy"]["asked"]
    with pytest.raises(cn.UsageError, match="does not hold transactions before 2026-01-01"):
        copy.transactions(since="2025-12-31")
    pd.testing.assert_frame_equal(copy.campaigns(since=2020), pair.classy.campaigns(since=2020))
    with pytest.raises(cn.UsageError, match=r"include='supporter'.*classy.transactions"):
        copy.transactions(include="supporter")
    with pytest.raises(cn.UsageError, match=r"does not hold supporters. classy.supporters"):
        copy.supporters()


def test_columns_that_the_catalog_does_not_know_are_in_the_frame(pair: Pair, tmp_path: Path) -> None:
    copied = tmp_path / "unknown.duckdb"
    shutil.copyfile(pair.copy.path, copied)
    with duckdb.connect(str(copied)) as connection:
        connection.execute(
            "UPDATE campaigns SET _unknown = json_object('sparkle', id % 7, 'note', 'x') WHERE id % 2 = 0"
        )
    copy = cn.open_mirror(copied)
    read = copy.campaigns()
    known = pair.frames["campaigns"]
    pd.testing.assert_frame_equal(read[known.columns], known)
    assert [*read.columns[len(known.columns) :]] == ["sparkle", "note"]
    assert (str(read["sparkle"].dtype), str(read["note"].dtype)) == ("Int64", "string")
    even = read["id"] % 2 == 0
    assert read["sparkle"][even].tolist() == (read["id"][even] % 7).tolist()
    assert read["sparkle"][~even].isna().all()
    assert "sparkle" not in copy.campaigns(fields="name")


def test_rows_that_vanished_are_left_out(pair: Pair, tmp_path: Path) -> None:
    copied = tmp_path / "vanished.duckdb"
    shutil.copyfile(pair.copy.path, copied)
    gone = int(pair.frames["supporters"]["id"].iloc[3])
    with duckdb.connect(str(copied)) as connection:
        connection.execute("UPDATE supporters SET _deleted_at = now() WHERE id = ?", [gone])
    copy = cn.open_mirror(copied)
    assert gone not in set(copy.supporters()["id"])
    assert copy.supporters.count() == len(pair.frames["supporters"]) - 1
    with pytest.raises(cn.NotFoundError, match="vanished"):
        copy.supporters.get(gone)
    gifts = copy.transactions(where=f"supporter_id = {gone}", include="supporter")
    assert gifts["supporter.id"].isna().all()


def test_an_earlier_state_answers_the_same_questions(pair: Pair) -> None:
    past = pair.copy.as_of("2100-01-01")
    for name, keywords in (("transactions", {"include": "items"}), ("supporters", {"where": "id > 0"})):
        pd.testing.assert_frame_equal(getattr(past, name)(**keywords), getattr(pair.copy, name)(**keywords))
    assert past.transactions(limit=1).attrs["classy"]["as_of"].startswith("2100")
    assert past.sql("SELECT count(*) AS n FROM transactions")["n"].tolist() == [600]
    assert "transactions" in dir(past)


def test_the_explorer_answers_out_of_the_mirror(pair: Pair, tmp_path: Path) -> None:
    panel = pair.copy.explore()
    viewer = Viewer(panel)
    viewer.say("hello")
    pair.box.reset_log()
    state = viewer.last("state")
    assert state["organization"] == f"{pair.classy.organization_name}, in a mirror"
    flags = {each["name"]: each["flags"] for each in state["resources"]}
    assert "not in the mirror" in flags["payouts"]
    assert "not in the mirror" not in flags["transactions"]

    where = [["status", "=", "success"]]
    expected = pair.classy.transactions(where="status = success")
    pair.box.reset_log()
    assert press(viewer, "count", where=where)["tone"] == "done"
    assert viewer.last("counts")["shown"]["total"] == len(expected)
    press(viewer, "preview", where=where)
    assert viewer.last("preview")["shown"]["caption"].endswith(
        f"5 of {len(expected)} rows by id, out of the mirror"
    )
    press(viewer, "variable", where=where, variable="gifts")
    pd.testing.assert_frame_equal(panel.frame, expected)
    press(viewer, "save", where=where, file=str(tmp_path / "gifts.csv"))
    pd.testing.assert_frame_equal(cn.read_csv(panel.file)[CENTS], expected[CENTS])
    viewer.say("form", form=filled(viewer, resource="payouts"))
    assert viewer.last("call")["problem"] == "The mirror does not hold payouts: classy.payouts asks the API."
    assert viewer.last("shape")["flags"][-1] == "not in the mirror"
    assert not pair.box.requests
    panel.close()
