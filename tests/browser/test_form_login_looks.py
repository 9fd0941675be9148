"""The login form on a blank page: how it looks, and what it says where no kernel answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from browser.accessibility import violations
from browser.login import BUSY, CHOOSE, CLOSED, CONNECTED, FORM, REFUSED, ROOT, LoginForm
from playwright.sync_api import expect
from support.connection import CANARY, CLIENT_ID

from classy_nb.widgets.widget import css, esm

if TYPE_CHECKING:
    from collections.abc import Callable

    from browser.panel import PanelPage
    from playwright.sync_api import BrowserContext


@pytest.fixture
def panel(panel_page: Callable[..., PanelPage]) -> PanelPage:
    """The form, of which the kernel knows."""
    shown = panel_page(esm("login/login"), css("login/login"))
    shown.wait_for_sent(1)
    shown.send(FORM)
    return shown


@pytest.fixture
def form(panel: PanelPage) -> LoginForm:
    return LoginForm(panel.page)


@pytest.mark.parametrize("width", [1200, 320])
def test_each_label_stands_at_its_field_also_above_a_hint(
    panel: PanelPage, form: LoginForm, width: int
) -> None:
    panel.page.set_viewport_size({"width": width, "height": 1000})
    environment = panel.root.get_by_label("Environment")
    environment.select_option("sandbox")
    for field in (form.client_id, form.secret, environment):
        name, box = field.evaluate(
            "one => [one.labels[0], one].map((part) => part.getBoundingClientRect().toJSON())"
        )
        if width > 320:
            assert abs((name["top"] + name["bottom"]) - (box["top"] + box["bottom"])) <= 2
        else:
            assert 0 <= box["top"] - name["bottom"] <= 8
    tops = [
        field.evaluate("one => one.getBoundingClientRect().top") for field in (form.client_id, form.secret)
    ]
    tops.append(environment.evaluate("one => one.getBoundingClientRect().top"))
    assert tops[2] - tops[1] == pytest.approx(tops[1] - tops[0], abs=1)  # the rows are equally far apart


def test_without_a_kernel_the_form_says_so(
    context: BrowserContext, panel_page: Callable[..., PanelPage]
) -> None:
    context.clock.install()
    panel = panel_page(esm("login/login"), css("login/login"))
    form = LoginForm(panel.page)
    expect(form.status).to_have_text("Connecting to the kernel…")
    expect(form.secret).to_be_hidden()
    context.clock.fast_forward(3_000)
    expect(form.status).to_contain_text("Still waiting: the kernel is busy")
    context.clock.fast_forward(6_000)
    expect(form.status).to_contain_text("No kernel answers behind this form: run the cell again")
    assert violations(panel.page, ROOT) == []
    panel.send(FORM)  # it was busy for long
    expect(form.secret).to_be_visible()
    expect(form.status).to_have_text("")


def test_sent_to_no_kernel_the_form_says_so_and_recovers(
    context: BrowserContext, panel_page: Callable[..., PanelPage]
) -> None:
    context.clock.install()
    panel = panel_page(esm("login/login"), css("login/login"))
    panel.send(FORM)
    form = LoginForm(panel.page)
    form.fill(CLIENT_ID, CANARY)
    form.connect.click()
    context.clock.fast_forward(3_000)
    expect(form.status).to_contain_text("Still waiting")
    context.clock.fast_forward(6_000)
    expect(form.status).to_contain_text("run the cell again")
    expect(form.secret).to_have_value("")
    form.secret.press("Enter")
    assert [message["kind"] for message in panel.sent].count("submit") == 1
    panel.send(REFUSED)
    expect(form.status).to_contain_text("The login was refused.")
    expect(form.secret).to_be_editable()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_can_be_read_and_fits_everywhere(panel: PanelPage, form: LoginForm, scheme: Any) -> None:
    panel.page.emulate_media(color_scheme=scheme)
    if scheme == "dark":
        panel.page.evaluate("document.body.style.background = '#16191d'")
    panel.page.set_viewport_size({"width": 320, "height": 800})
    for state in (FORM, REFUSED, BUSY, CHOOSE, CONNECTED, CLOSED):
        panel.send(state)
        assert violations(panel.page, ROOT) == []
        assert panel.root.evaluate("one => one.scrollWidth <= one.clientWidth")
        assert panel.page.evaluate("document.documentElement.scrollWidth") <= 320


def test_colab_says_itself_whether_it_is_dark(panel: PanelPage) -> None:
    panel.page.emulate_media(color_scheme="dark")
    panel.page.evaluate("window.google = {colab: {}}")
    panel.second_view()
    schemes = "views => views.map((view) => getComputedStyle(view).colorScheme)"
    assert panel.root.evaluate_all(schemes) == ["dark", "light"]  # the second is in a light notebook of Colab
    panel.page.evaluate("document.documentElement.setAttribute('theme', 'dark')")
    assert panel.root.evaluate_all(schemes) == ["dark", "dark"]
    panel.page.emulate_media(color_scheme="light")
    assert panel.root.evaluate_all(schemes) == ["dark", "dark"]
