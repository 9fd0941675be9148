"""Cards as HTML: escaped, and readable by a screen reader."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from classy_nb.client.cards import html_card, text_card

if TYPE_CHECKING:
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


def test_a_name_from_the_api_cannot_be_markup(connected: Classy) -> None:
    connected.organization_name = "<script>alert(1)</script> & Sons"
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
