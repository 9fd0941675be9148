"""Cards: what a connection and a resource show, as text and as HTML that a screen reader can read."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.connection import CANARY, CLIENT_ID, connected_to, orgs
from support.server import TOKEN, Reply, ScriptedServer

from classy_nb.analysis import RAISED
from classy_nb.cards import html_card, text_card
from classy_nb.client import Classy


class Read(HTMLParser):
    """Notes tags, and the text of each cell."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.cells: list[str] = []
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)
        if tag in ("th", "td", "strong"):
            self.cells.append("")

    def handle_data(self, data: str) -> None:
        self.cells[-1] += data


words = st.text(st.sampled_from("<>&\"'/= abc\u00e9\u202e"), min_size=1, max_size=20)


@given(title=words, name=words, value=words)
def test_whatever_the_text_it_stays_text(title: str, name: str, value: str) -> None:
    read = Read(html_card(title, [(name, value)]))
    assert read.tags == ["div", "strong", "table", "tr", "th", "td"]
    assert read.cells == [title, name, value]


def test_every_row_has_a_header_with_text_or_none() -> None:
    markup = html_card("gifts", [("mind", "all"), ("", "... and 3 more")])
    assert re.findall(r"<th scope=\"row\" [^>]*>([^<]*)</th>", markup) == ["mind"]
    assert "<td></td>" in markup


def test_nothing_to_say_is_a_title() -> None:
    assert text_card("gifts", []) == "gifts"
    assert Read(html_card("gifts", [])).cells == ["gifts"]


def test_a_name_from_the_api_cannot_be_markup(server: ScriptedServer) -> None:
    server.answers.append(Reply(body=orgs({7: "<script>alert(1)</script> & Sons"})))
    connected = connected_to(server)
    read = Read(connected._repr_html_())
    assert "script" not in read.tags
    assert read.cells[1:3] == ["organization", "<script>alert(1)</script> & Sons (id 7)"]
    assert "<script>alert(1)</script> & Sons (id 7)" in repr(connected)


def test_cards_of_all_resources_have_their_columns(connected: Classy) -> None:
    for name in connected.resources()["resource"]:
        resource = getattr(connected, name)
        read = Read(resource._repr_html_())
        assert read.cells[0] == name
        assert f"{len(resource.columns)} columns" in read.cells
        assert set(read.tags) == {"div", "strong", "table", "tr", "th", "td"}


def test_the_card(server: ScriptedServer) -> None:
    server.answers.append(
        Reply(body=orgs({9: "Second <b>Chance</b>"}), headers={"X-RateLimit-Remaining": "1741"})
    )
    with connected_to(server, timezone="Europe/Berlin") as classy:
        text, html = repr(classy), classy._repr_html_()
    assert text.splitlines() == [
        "Classy connection",
        "  organization   Second <b>Chance</b> (id 9)",
        "  token          renews in 119 min",
        "  requests left  1,741 this minute",
        "  time zone      Europe/Berlin (timezone=)",
        f"  data           {server.base_url} (read-only)",
        "  next           .resources() lists everything; .transactions shows how to fetch one kind of record",
        "                 .find('refund') finds columns and more by what you call them",
    ]
    assert "Second &lt;b&gt;Chance&lt;/b&gt; (id 9)" in html
    assert "<b>" not in html
    for shown in (text, html):
        for hidden in (CANARY, CLIENT_ID, TOKEN["access_token"]):
            assert str(hidden) not in shown


@pytest.mark.edge(7)
def test_the_card_says_when_fiscal_years_begin(server: ScriptedServer) -> None:
    server.answers.append(Reply(body=orgs({9: "Other"})))
    with connected_to(server, fiscal_year_start=7) as classy:
        assert "  fiscal years   begin in July\n" in repr(classy)


@pytest.mark.edge(9)
def test_a_card_says_for_each_call_what_it_includes(connected: Classy) -> None:
    assert (
        "pages(fundraising_team=...); fundraising_pages(member=...); fundraising_pages(): cover_photo, f"
        in (repr(connected.fundraising_pages))
    )
    lines = repr(connected.transactions).splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("  include"))
    assert lines[start].startswith(
        "  include        transactions(campaign=...); transactions(): items, member"
    )
    assert "campaign," not in lines[start].partition("): ")[2]
    assert lines[start + 1].strip() == "transactions(recurring_donation_plan=...): none"
    assert lines[start + 2].strip().startswith("transactions.get(transaction): answers, campaign, ")
    assert lines[start + 3].strip().startswith("with a warning where it is not listed")
    assert "  include        none\n" in repr(connected.campaigns)


@pytest.mark.edge(9)
def test_a_card_asks_for_by_only_where_there_is_a_date(connected: Classy) -> None:
    items, payouts = repr(connected.transaction_items), repr(connected.payouts)
    assert "  business date  none, and no other date: since= and until= do not apply\n" in items
    assert "by=" not in items
    assert "  business date  payout_date\n" in payouts
    assert "business date" not in repr(connected.me)


def test_the_card_where_the_api_says_no_limit(connected: Classy) -> None:
    assert "the API does not say" in repr(connected)


def test_the_card_of_a_resource(connected: Classy) -> None:
    text = repr(connected.transactions)
    lines = {line[:16].strip(): line[16:].strip() for line in text.splitlines()[1:]}
    assert text.splitlines()[0] == "transactions"
    assert "transactions(campaign=...)" in lines["lists"]
    assert lines["records"] == "transactions.get(transaction)"
    assert lines["business date"] == "purchased_at"
    assert "supporter" in lines["include"]
    assert "holds every status" in lines["mind"]
    assert re.search(r"\n    id +Number of the record; unique within its list \(Int64\)\n", text)
    assert lines["holds"].startswith("Gifts and orders, one row each, of every status")
    html = connected.transactions._repr_html_()
    assert html.startswith("<div><strong>transactions</strong>")
    assert "where=&#x27;status = success&#x27;" in html


@pytest.mark.edge(24)
def test_the_cards_say_which_amount_is_raised(connected: Classy) -> None:
    assert f"raised         {RAISED}, in currency_code;" in repr(connected.transactions)
    assert f'<td style="text-align:left">{RAISED}, in' in connected.transactions._repr_html_()
    assert "donation_amount, in currency_code" in repr(connected.recurring_donation_plans)
    assert "raised " not in repr(connected.supporters)


def test_the_card_says_what_is_required_deprecated_and_for_members(connected: Classy) -> None:
    assert "payouts(since=..., until=...)" in repr(connected.payouts)
    assert "deprecated" in repr(connected.matched_transactions)
    assert "members only" in repr(connected.me)
    assert "none, and no other date: since= and until= do not apply" in repr(connected.activity)
    for name in connected.resources()["resource"]:
        resource = getattr(connected, name)
        assert repr(resource).startswith(name)
        assert resource.name == name
        assert resource._repr_html_().count("<table>") == 1
