"""The login form's JavaScript on a blank page: what it sends, what it shows, where the focus goes."""

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

WHERE_IS_IT = """
secret => {
  const places = [document.documentElement.outerHTML, location.href, document.title, document.cookie];
  places.push(JSON.stringify({...localStorage}), JSON.stringify({...sessionStorage}));
  places.push(JSON.stringify(window.classyTest.state));
  for (const field of document.querySelectorAll("input, textarea, select")) places.push(field.value);
  return places.filter((text) => text.includes(secret)).length;
}
"""


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


def submitted(panel: PanelPage) -> list[Any]:
    return [message for message in panel.sent if message["kind"] == "submit"]


def test_enter_sends_the_secret_once_and_it_is_nowhere_then(panel: PanelPage, form: LoginForm) -> None:
    form.client_id.fill(f"  {CLIENT_ID} ")
    form.secret.fill(CANARY)
    assert panel.page.evaluate(WHERE_IS_IT, CANARY) == 1
    form.secret.press("Enter")
    expect(form.status).to_have_text("Connecting…")
    sent = {"kind": "submit", "environment": "live", "remember": False}
    assert submitted(panel) == [{**sent, "client_id": CLIENT_ID, "client_secret": CANARY}]
    expect(form.secret).to_have_value("")
    panel.page.evaluate("window.classyTest.sent.length = 0")
    assert panel.page.evaluate(WHERE_IS_IT, CANARY) == 0
    form.secret.press("Enter")  # again, while the answer is awaited
    panel.send(BUSY)
    expect(form.status).to_have_text("Connecting to api.classy.org…")
    form.connect.click(force=True)
    assert panel.sent == []
    assert panel.saves == 0
    panel.send(CONNECTED)
    expect(form.status).to_have_text("Connected to <b>Other</b> at 14:02")
    expect(panel.root).to_contain_text("The credentials were saved in .env.")
    expect(panel.root.locator("form, input, button, b")).to_have_count(0)
    assert violations(panel.page, ROOT) == []


def test_after_an_error_the_id_is_kept_and_the_focus_is_where_to_go_on(
    panel: PanelPage, form: LoginForm
) -> None:
    form.fill(CLIENT_ID, CANARY)
    form.connect.click()
    panel.send(BUSY)
    panel.send(REFUSED)
    expect(form.status).to_have_text("The login was refused. <i>Check</i> both.")
    expect(form.client_id).to_have_value(CLIENT_ID)
    expect(form.secret).to_have_value("")
    expect(form.secret).to_be_focused()
    for field in (form.client_id, form.secret):
        expect(field).to_have_attribute("aria-invalid", "true")
        expect(field).to_have_accessible_description("The login was refused. <i>Check</i> both.")
    assert violations(panel.page, ROOT) == []
    panel.page.keyboard.type("x")
    assert form.secret.get_attribute("aria-invalid") is None
    panel.page.keyboard.press("Enter")
    expect(form.status).to_have_text("Connecting…")
    assert [message["client_secret"] for message in submitted(panel)] == [CANARY, "x"]


@pytest.mark.parametrize("key", ["Enter", "Shift+Enter", "Control+Enter"])
def test_blank_fields_are_not_sent(panel: PanelPage, form: LoginForm, key: str) -> None:
    form.client_id.press("Enter")
    expect(form.status).to_have_text("Fill in the client id and the client secret.")
    expect(form.client_id).to_be_focused()
    form.client_id.fill("x")
    form.secret.fill("   ")
    form.secret.press(key)
    if key != "Control+Enter":  # which some browsers do not take for a submit
        expect(form.status).to_have_text("Fill in the client secret.")
        expect(form.secret).to_be_focused()
    assert submitted(panel) == []


def test_the_secret_can_be_shown(panel: PanelPage, form: LoginForm) -> None:
    form.fill(CLIENT_ID, CANARY)
    toggle = panel.root.get_by_role("button", name="Show secret")
    expect(toggle).to_have_attribute("aria-pressed", "false")
    toggle.click()
    expect(form.secret).to_have_attribute("type", "text")
    toggle = panel.root.get_by_role("button", name="Hide secret")
    expect(toggle).to_have_attribute("aria-pressed", "true")
    form.connect.click()
    expect(form.secret).to_have_attribute("type", "password")
    expect(form.secret).to_have_attribute("autocomplete", "current-password")
    expect(form.client_id).to_have_attribute("autocomplete", "username")


def test_the_keyboard_is_enough_and_its_keys_stay_in_the_form(panel: PanelPage, form: LoginForm) -> None:
    panel.page.evaluate(
        "window.outside = []; document.addEventListener('keydown', (e) => window.outside.push(e.key))"
    )
    press = panel.page.keyboard.press
    form.client_id.focus()
    panel.page.keyboard.type("dd00")
    press("Tab")
    expect(form.secret).to_be_focused()
    panel.page.keyboard.type("x b")
    press("Tab")
    press("Space")
    expect(form.secret).to_have_attribute("type", "text")
    press("Tab")
    expect(panel.root.get_by_label("Environment")).to_be_focused()
    press("Tab")
    expect(panel.root.get_by_label("Remember in .env")).to_be_focused()
    press("Space")
    press("Tab")
    expect(form.connect).to_be_focused()
    press("Enter")
    [message] = submitted(panel)
    assert (message["client_id"], message["client_secret"], message["remember"]) == ("dd00", "x b", True)
    assert panel.page.evaluate("window.outside") == []
    form.client_id.press("Control+s")
    assert "s" in panel.page.evaluate("window.outside")  # the notebook can still be saved


def test_the_file_that_would_be_written_is_named(panel: PanelPage, form: LoginForm) -> None:
    box = panel.root.get_by_label("Remember in .env")
    expect(box).not_to_be_checked()
    expect(box).to_have_accessible_description("Writes /home/ann/work/.env, readable by you only.")
    panel.send({**FORM, "file": r"C:\work\my.env", "file_name": r"..\my.env"})
    expect(panel.root.get_by_label("Remember in my.env")).to_be_visible()


def test_the_sandbox_takes_no_credentials(panel: PanelPage, form: LoginForm) -> None:
    environment = panel.root.get_by_label("Environment")
    expect(environment.locator("option").first).to_have_text("Live (api.classy.org)")
    form.fill(CLIENT_ID, CANARY)
    panel.root.get_by_label("Remember in .env").check()
    environment.select_option("sandbox")
    for field in (form.client_id, form.secret, panel.root.get_by_label("Remember in .env")):
        expect(field).to_be_disabled()
    assert violations(panel.page, ROOT) == []
    form.connect.click()
    expect(form.status).to_have_text("Connecting…")
    assert submitted(panel) == [{"kind": "submit", "environment": "sandbox", "remember": False}]
    assert panel.page.evaluate(WHERE_IS_IT, CANARY) == 0
    panel.send({**FORM, "error": {"text": "It needs a library.", "invalid": [], "focus": "client_secret"}})
    expect(environment).to_be_focused()
    environment.select_option("live")
    expect(form.secret).to_be_enabled()
    expect(form.status).to_have_text("")


def test_a_closed_form_is_a_line(panel: PanelPage, form: LoginForm) -> None:
    form.fill(CLIENT_ID, CANARY)
    panel.send(CLOSED)
    expect(form.status).to_have_text("This form was closed. Call <b>login()</b> again.")
    expect(form.status).to_have_attribute("data-tone", "")
    expect(panel.root.locator("form, input, button, b")).to_have_count(0)
    assert panel.page.evaluate(WHERE_IS_IT, CANARY) == 0
    assert violations(panel.page, ROOT) == []


def test_an_organization_is_chosen(panel: PanelPage, form: LoginForm) -> None:
    form.fill(CLIENT_ID, CANARY)
    form.connect.click()
    panel.send(CHOOSE)
    expect(form.organization).to_be_focused()
    expect(form.secret).to_be_hidden()
    expect(form.organization.locator("option")).to_have_text(
        ["Helping Hands (7)", "<b>Other</b> (9)", "No name (11)"]
    )
    assert violations(panel.page, ROOT) == []
    form.organization.select_option("9")
    panel.send(CHOOSE)  # a second view said hello
    expect(form.organization).to_have_value("9")
    form.connect.click()
    assert panel.sent[-1] == {"kind": "choose", "organization": "9"}
    panel.send({**CHOOSE, "error": {"text": "Choose another.", "invalid": [], "focus": "client_secret"}})
    expect(form.status).to_have_text("Choose another.")
    panel.root.get_by_role("button", name="Back").click()
    assert panel.sent[-1] == {"kind": "back"}
    panel.send(FORM)
    expect(form.secret).to_be_focused()


def test_a_view_that_nobody_used_leaves_the_focus_alone(panel: PanelPage, form: LoginForm) -> None:
    panel.page.evaluate("document.activeElement.blur()")
    panel.send(REFUSED)
    panel.send(CHOOSE)
    panel.send(REFUSED)
    expect(form.status).to_contain_text("refused")
    assert panel.page.evaluate("document.activeElement === document.body")


def test_two_views_are_two_forms(panel: PanelPage) -> None:
    panel.second_view()
    panel.send(FORM)
    hellos = [message["view"] for message in panel.sent if message["kind"] == "hello"]
    assert len(set(hellos)) == 2
    expect(panel.root).to_have_count(2)
    fields = panel.page.get_by_label("Client secret", exact=True)
    fields.nth(1).fill(CANARY)
    expect(fields.nth(0)).to_have_value("")
    ids = panel.page.evaluate("[...document.querySelectorAll('[id]')].map((one) => one.id)")
    assert len(ids) == len(set(ids)) > 10
    panel.close()
    gone = [message["view"] for message in panel.sent if message["kind"] == "gone"]
    assert sorted(gone) == sorted(hellos)


@pytest.mark.parametrize(("ending", "told"), [({"alone": True}, []), ({"alone": False}, ["gone"])])
def test_a_view_that_python_has_closed_does_not_say_that_it_goes(
    panel: PanelPage, form: LoginForm, ending: dict[str, bool], told: list[str]
) -> None:
    panel.send({**CONNECTED, **ending})
    expect(form.status).to_contain_text("Connected to")
    panel.close()
    assert [message["kind"] for message in panel.sent if message["kind"] != "hello"] == told
