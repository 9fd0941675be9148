"""The explorer as a widget: what a notebook holds, and what is left when it is closed."""

import ipywidgets

from classy_nb.client import Classy
from classy_nb.widgets.explorer import Explorer


def test_where_widgets_are_not_shown_text_says_what_to_do(explorer: Explorer) -> None:
    text = repr(explorer)
    assert "Helping Hands" in text
    assert 'raiser.transactions.to_csv("gifts.csv", since=2026)' in text
    bundle, _ = explorer._repr_mimebundle_()
    assert bundle["text/plain"] == text
    assert explorer.call == "gifts = raiser.transactions()"
    assert (explorer.frame, explorer.file) == (None, None)


def test_closing_the_explorer_leaves_no_widgets_behind(connected: Classy) -> None:
    def alive() -> set[str]:
        return set(ipywidgets.Widget.get_manager_state()["state"])

    before = alive()
    made = connected.explore()
    assert alive() > before
    made.close()
    assert alive() == before
