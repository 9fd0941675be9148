"""``cn.find`` and ``classy.find``: a table of what words may mean; errors that suggest by meaning."""

import inspect
import pickle
import pydoc
import tomllib
from functools import partial
from importlib.resources import files
from typing import Any

import pandas as pd
import pytest
from IPython.core.oinspect import Inspector
from support.server import ScriptedServer

import classy_nb as cn
from classy_nb import UsageError
from classy_nb.client import Classy
from classy_nb.client.finding import _functions


def test_a_find_is_a_frame_of_texts() -> None:
    found = cn.find("refund")

    assert isinstance(found, pd.DataFrame)
    assert list(found.columns) == ["kind", "name", "meaning", "use"]
    assert set(found.dtypes.astype(str)) == {"string"}
    assert found.iloc[0].tolist() == [
        "column",
        "transactions.refunded_at",
        "When the gift was returned; missing for all others",
        'classy.transactions(since="2026-01-01", by="refunded_at")',
    ]
    assert 3 < len(found) <= 12


def test_a_connection_finds_the_same_and_sends_nothing(connected: Classy, server: ScriptedServer) -> None:
    pd.testing.assert_frame_equal(connected.find("team goal"), cn.find("team goal"))
    pd.testing.assert_frame_equal(Classy().find("fee"), cn.find("fee"))  # not logged in
    connected.close()
    assert len(connected.find("fee")) > 0
    assert server.asked == []


@pytest.mark.parametrize(
    ("words", "function"),
    [
        ("churn", "cn.analysis.churn"),
        ("retention", "cn.analysis.retention"),
        ("lapsed donors", "cn.analysis.lybunt"),
        ("reconcile", "cn.analysis.reconcile"),
        ("top fundraisers", "cn.analysis.leaderboard"),
        ("excel", "cn.to_csv"),
        ("count", "classy.transactions.count"),
        ("stream", "classy.transactions.batches"),
        ("parquet", "classy.transactions.to_parquet"),
    ],
)
def test_functions_are_found(words: str, function: str) -> None:
    assert function in cn.find(words)["name"].head(3).tolist()


def test_every_public_function_is_found_by_its_name() -> None:
    analysis = [f"cn.analysis.{name}" for name in cn.analysis.__all__ if callable(getattr(cn.analysis, name))]
    assert {one.name for one in _functions()} >= {
        *analysis,
        "cn.to_csv",
        "cn.find",
        "classy.transactions.get",
    }
    for one in _functions():
        assert one.meaning, one
        assert one.name in cn.find(one.name.rpartition(".")[2])["name"].tolist()
    assert "cn.analysis.lybunt(gifts, year)" in cn.find("lybunt")["use"].tolist()


def test_the_functions_that_the_synonyms_name_exist() -> None:
    text = files("classy_nb.catalog").joinpath("synonyms.toml").read_text("utf-8")
    places = {place for line in tomllib.loads(text)["said"].values() for place in line}
    named = {place for place in places if place.startswith(("cn.", "classy."))}

    assert named <= {one.name for one in _functions()}


def test_nothing_found_says_what_to_try() -> None:
    found = cn.find("zzqx <b>wvkj</b>")

    assert found.empty
    assert list(found.columns) == ["kind", "name", "meaning", "use"]
    assert set(found.dtypes.astype(str)) == {"string"}
    assert repr(found).startswith("Nothing found for 'zzqx <b>wvkj</b>'. Try another English word")
    assert "classy.resources()" in str(found)
    html: Any = found
    assert html._repr_html_().startswith("<p>Nothing found for &#x27;zzqx &lt;b&gt;wvkj&lt;/b&gt;&#x27;.")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"find\(''\) names no word"),
        ("  \n", "names no word"),
        ("?!", "names no word"),
        (None, "takes words as text, not NoneType"),
        (3, "takes words as text, not int"),
        (b"refund", "takes words as text, not bytes"),
        (["refund"], "takes words as text, not list"),
        ("refund " * 100, "takes some words, not 700 characters"),
    ],
)
def test_what_is_not_a_word_is_refused(text: object, message: str) -> None:
    with pytest.raises(UsageError, match=message) as refused:
        cn.find(text)  # type: ignore[arg-type]
    assert 'find("refund")' in str(refused.value)


def test_texts_are_shown_in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    found: Any = cn.find("amount")
    html = found._repr_html_()
    for cell in ("meaning", "use"):
        assert all(pydoc.html.escape(text).replace("&quot;", '"') in html for text in found[cell])
    for width in (80, 140, 300):
        monkeypatch.setenv("COLUMNS", str(width))
        assert max(map(len, repr(found).splitlines())) <= width
        for text in found["meaning"]:
            assert all(word in repr(found) for word in text.split() if len(word) < 15)


def test_what_is_made_of_a_find_is_an_ordinary_frame() -> None:
    found = cn.find("fee")

    assert type(found.head(2)) is pd.DataFrame
    assert type(found[found["kind"] == "column"]) is pd.DataFrame
    pd.testing.assert_frame_equal(pickle.loads(pickle.dumps(found)), found)
    assert found.to_csv(index=False).startswith("kind,name,meaning,use\n")


# --- wrong names


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("gifts", "transactions"),
        ("donations", "transactions"),
        ("pages", "fundraising_pages"),
        ("refunds", "transactions"),
        ("teams", "fundraising_teams"),
        ("sustainers", "recurring_donation_plans"),
        ("events", "campaigns"),
        ("attendees", "registrations"),
        ("funds", "designations"),
        ("transaction", "transactions"),
        ("Campaigns", "campaigns"),
    ],
)
def test_a_wrong_attribute_suggests_by_meaning(connected: Classy, written: str, meant: str) -> None:
    with pytest.raises(AttributeError) as missing:
        getattr(connected, written)
    assert f"has no attribute {written!r}. Did you mean {meant!r}?" in str(missing.value)
    assert f"find({written!r})" in str(missing.value)


@pytest.mark.parametrize(
    ("keywords", "advice"),
    [
        ({"start": 2026}, "Did you mean 'since'?"),
        ({"date_from": 2026}, "Did you mean 'since'?"),
        ({"end_date": 2026}, "Did you mean 'until'?"),
        ({"filter": "status = success"}, "Did you mean 'where'?"),
        ({"columns": "status"}, "Did you mean 'fields'?"),
        ({"order_by": "id"}, "Did you mean 'sort'?"),
        ({"top": 10}, "Did you mean 'limit'?"),
        ({"status": "success"}, "status is a column: where='status = ...' filters by it."),
        ({"refund": True}, "Columns are filtered by where=. Did you mean 'refunded_at'"),
        ({"fields": "refund"}, "Did you mean 'refunded_at' or 'status'?"),
        ({"fields": "email"}, "Did you mean 'member_email_address'?"),
        ({"where": "amount > 3"}, "Did you mean 'donation_gross_amount' or 'total_gross_amount'"),
        ({"sort": "gift_date"}, "Did you mean 'purchased_at'"),
        ({"since": 2026, "by": "modified"}, "Did you mean 'updated_at'?"),
        ({"include": "donor"}, "Did you mean 'supporter'?"),
    ],
)
def test_a_wrong_keyword_or_column_suggests_by_meaning(
    connected: Classy, server: ScriptedServer, keywords: dict[str, Any], advice: str
) -> None:
    gifts = connected.transactions
    streams = [] if "sort" in keywords else [partial(gifts.to_csv, "gifts.csv"), gifts.batches]
    for ask in (gifts, *streams):
        with pytest.raises(UsageError) as refused:
            ask(**keywords)
        assert advice in str(refused.value)
    assert server.asked == []


def test_a_wrong_parent_suggests_by_meaning(connected: Classy) -> None:
    with pytest.raises(UsageError, match="Did you mean 'fundraising_page'"):
        connected.soft_credits(page=3)
    with pytest.raises(UsageError, match="Did you mean 'refunded_at' or 'status'"):
        connected.transactions.get(3, fields="refund")


# --- the data dictionary


def test_columns_are_shown_whole(connected: Classy) -> None:
    columns: Any = connected.transactions.columns
    assert type(columns.head()) is pd.DataFrame
    assert columns.set_index("column").loc["fundraising_page_id", "joins_to"] == "fundraising_pages.id"
    html = columns._repr_html_()
    assert html.count("<tr") == len(columns) + 1
    assert "This is what counts as raised" in html


def test_documentation_says_what_a_resource_holds(connected: Classy) -> None:
    text = inspect.getdoc(connected.transactions) or ""
    assert text.startswith("Gifts and orders, one row each, of every status")
    assert 'classy.transactions(since="2026-01-01")' in text
    lines = [line.split(maxsplit=2) for line in text.splitlines()]
    assert ["refunded_at", "datetime", "When the gift was returned; missing for all others"] in lines
    assert "refunded_at" in pydoc.render_doc(connected.transactions)
    for name in connected.resources()["resource"]:
        documented = inspect.getdoc(getattr(connected, name)) or ""
        assert all(column in documented for column in getattr(connected, name).columns["column"])


def test_documentation_needs_no_login() -> None:
    assert "Street address" in (inspect.getdoc(Classy().supporters) or "")


def test_the_card_says_what_columns_mean(connected: Classy) -> None:
    card = repr(connected.supporters)
    assert "People who gave or signed up: names, addresses, consent" in card
    assert "\n    address1       Street address, first line (string)\n" in card
    assert "27 columns     .columns has all, with meanings, values and what ids join to" in card
    assert "\n    ...            and 15 more; find('refund') searches all columns" in card
    assert "<td" in connected.supporters._repr_html_()
    assert "Street address, first line" in connected.supporters._repr_html_()


def test_shift_tab_shows_what_the_columns_mean(connected: Classy) -> None:
    shown = Inspector(theme_name="nocolor").info(connected.transactions)

    assert shown["docstring"].startswith("Gifts and orders, one row each")
    assert "Call it to fetch a whole list as a DataFrame" in shown["class_docstring"]
    assert "since" in shown["call_def"] or "since" in shown["definition"]


# Chosen by somebody who had not seen the synonyms.
THIRTY_WORDS = {
    "monthly donor": "recurring_donation_plans",
    "zip code": "supporters.postal_code",
    "phone number": "supporters.phone",
    "memorial": "dedications",
    "in memory of": "transactions.in_honor_of",
    "donation page": "campaigns",
    "processing fee": "transactions.processor_fee_amount",
    "net amount": "transactions.donation_net_amount",
    "chargeback": "transactions.status = cb_lost",
    "refund date": "transactions.refunded_at",
    "credit card": "transactions.card_type",
    "bank transfer": "transactions.payment_method",
    "employer match": "donation_matching_plans",
    "promo code": "promo_codes",
    "attendees": "registrations",
    "shirt size": "registrations.tshirt_size",
    "appeal code": "source_tracking_codes",
    "fund": "designations",
    "thank you letter": "acknowledgements",
    "team captain": "fundraising_teams.team_lead_supporter_id",
    "leaderboard": "cn.analysis.leaderboard",
    "thermometer": "campaigns.goal",
    "peer to peer": "fundraising_pages",
    "unsubscribe": "supporters.opt_in",
    "birthday": "supporters.birthday",
    "lapsed": "cn.analysis.lybunt",
    "deposit": "payouts",
    "anonymous": "transactions.is_anonymous",
    "cancelled": "recurring_donation_plans.canceled_at",
    "cover fees": "transactions.is_donor_covered_fee",
    "company": "transactions.company_name",
    "major donors": "cn.analysis.rfm",
}


@pytest.mark.parametrize("words", THIRTY_WORDS)
def test_words_that_people_use_find_what_they_mean(words: str) -> None:
    assert THIRTY_WORDS[words] in list(cn.find(words)["name"])[:3]
