"""The way in, in a browser: by keyboard alone, without scripts, each page accessible and valid."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from centres import actions
from centres.models import User
from frontend.bundles import BUNDLES
from tests.accessibility import axe_by_day_and_night, axe_violations, too_wide
from tests.booking.test_desk import asked
from tests.factories import make_centre
from tests.following import follow
from tests.frontend.bundles import serve_bundles
from tests.frontend.staff.people import PASSWORD, code_of, make_user, protect, sign_in
from tests.html_checker import html_errors

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
CLAIRE, CHOSEN = "claire@example.org", "cheval exact batterie agrafe"
DESK = "/equipe/familles/"
OPEN_TO_ALL = {
    "link over": "/equipe/connexion/choisir/MQ/x-y/",
    "demo codes": "/demo/codes",
    "log in": "/equipe/connexion/",
}
WIDTHS = (320, 360, 1280)
HEAVIEST = 60_000
Open = Callable[..., Page]


@pytest.fixture
def browse(browser: Browser, live_server: LiveServer) -> Iterator[Open]:
    contexts = []

    def start(**options: bool) -> Page:
        context = browser.new_context(
            viewport={"width": 360, "height": 740},
            locale="fr-FR",
            reduced_motion="reduce",
            base_url=live_server.url,
            **options,
        )
        contexts.append(context)
        serve_bundles(context)
        return context.new_page()

    yield start
    for context in contexts:
        context.close()


@pytest.fixture
def claire() -> User:
    return make_user(CLAIRE, "reception", make_centre(name="CDAS de Redon"))


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until the focus is there."""
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("which => document.activeElement.matches(which)", selector):
            return
    raise AssertionError(f"no way by keyboard to {selector}")


def type_in(page: Page, selector: str, text: str) -> None:
    tab_to(page, selector)
    page.keyboard.type(text)


def press(page: Page, selector: str = "main [type=submit]") -> None:
    tab_to(page, selector)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def test_from_a_link_to_the_desk_by_keyboard_alone_without_scripts(
    browse: Open, claire: User
) -> None:
    link = actions.link_to_choose(user=claire, by="chief@example.org", now=timezone.now())
    page = browse(java_script_enabled=True)
    page.context.route("**/static/frontend/site.js", lambda route: route.fulfill(body=""))
    page.goto("/" + link.split("/", 3)[3])
    type_in(page, "[name=password]", CHOSEN)
    type_in(page, "[name=again]", CHOSEN)
    press(page)
    assert "Votre mot de passe est choisi" in page.inner_text("main")
    page.goto(DESK)
    type_in(page, "[name=username]", CLAIRE)
    type_in(page, "[name=password]", CHOSEN)
    press(page)
    secret = page.inner_text(".factor__secret").replace(" ", "")
    assert page.get_attribute("[name=code]", "inputmode") == "numeric"
    assert page.get_attribute("[name=code]", "autocomplete") == "one-time-code"
    type_in(page, "[name=code]", code_of(secret))
    press(page)
    recovery = page.locator(".factor__codes code").all_inner_texts()
    assert len(recovery) == 10
    press(page)
    assert page.url.endswith(DESK)
    press(page, "form[action='/equipe/quitter/'] button")
    type_in(page, "[name=username]", CLAIRE)
    type_in(page, "[name=password]", CHOSEN)
    press(page)
    type_in(page, "[name=code]", recovery[3])
    press(page)
    assert "À appeler" in page.inner_text("header")


def faults_of(page: Page, name: str) -> list[str]:
    found = [*too_wide(page, WIDTHS), *axe_by_day_and_night(page)]
    faults = [f"{name}: {line}" for line in found]
    parts = [page.content(), *(text() for text in BUNDLES.values())]
    if sum(len(part.encode()) for part in parts) > HEAVIEST:
        faults.append(f"{name}: too heavy")
    return faults


class Seen:
    """Pages looked at, and what is wrong with them."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.html: dict[str, str] = {}

    def look(self, page: Page, name: str) -> None:
        self.faults += faults_of(page, name)
        self.html[name] = page.content()


def test_each_page_of_the_way_in_is_accessible_valid_narrow_and_light(
    browse: Open, claire: User
) -> None:
    link = actions.link_to_choose(user=claire, by="chief@example.org", now=timezone.now())
    page, seen = browse(), Seen()
    look = partial(seen.look, page)
    page.goto("/" + link.split("/", 3)[3])
    look("choose")
    for name, path in OPEN_TO_ALL.items():
        page.goto(path)
        look(name)
    page.fill("[name=username]", CLAIRE)
    page.fill("[name=password]", "wrong")
    follow(page, "main [type=submit]")
    look("wrong")
    page.fill("[name=password]", PASSWORD)
    follow(page, "main [type=submit]")
    look("set up")
    page.fill("[name=code]", code_of(page.inner_text(".factor__secret").replace(" ", "")))
    follow(page, "main [type=submit]")
    look("recovery codes")
    follow(page, "main [type=submit]")
    page.goto("/equipe/connexion/securite/")
    look("security")
    follow(page, "text=Se déconnecter")
    page.fill("[name=username]", CLAIRE)
    page.fill("[name=password]", PASSWORD)
    follow(page, "main [type=submit]")
    look("code")
    assert seen.faults == []
    assert html_errors(seen.html) == []


def test_the_warning_keeps_the_session_and_a_late_form_is_kept(
    browse: Open, claire: User, settings: Settings
) -> None:
    request = asked(claire.memberships.get().centre)
    page = browse()
    page.clock.install()
    page.goto("/equipe/rappels/")
    sign_in(page, CLAIRE)
    assert not page.is_visible("[data-idle]")
    page.clock.run_for(28 * 60_000 + 6_000)
    assert "deux minutes" in page.inner_text("[data-idle]")
    assert axe_violations(page) == []
    with page.expect_response("**/equipe/connexion/continuer/") as answer:
        page.click("text=Rester connecté")
    assert answer.value.status == 204
    page.wait_for_selector("[data-idle]", state="hidden")
    page.clock.run_for(31 * 60_000)
    assert "Vous êtes déconnecté" in page.inner_text("[data-idle]")
    settings.IDLE_MINUTES = -1  # as if the server had waited as long
    follow(page, "main button[value=answered]")
    settings.IDLE_MINUTES = 30
    assert "est gardé" in page.inner_text("main")
    sign_in(page, CLAIRE)
    assert "Reprendre où vous en étiez" in page.inner_text("h1")
    assert faults_of(page, "resume") == []
    assert html_errors({"resume": page.content()}) == []
    page.click("text=Envoyer maintenant")
    page.wait_for_url("**/equipe/rappels/**")
    request.refresh_from_db()
    assert request.state != request.State.OPEN


def test_in_a_demo_a_visitor_finds_the_code(browse: Open, claire: User) -> None:
    protect(claire, "EMGAVDEMOEMGAVDEMOEMGAVDEMOEMGAV")
    page = browse(java_script_enabled=False)
    page.goto("/demo/codes")
    assert CLAIRE in page.inner_text("table")
    code = page.locator("dd").nth(1).inner_text()
    page.goto("/equipe/connexion/")
    page.fill("[name=username]", CLAIRE)
    page.fill("[name=password]", PASSWORD)
    follow(page, "main [type=submit]")
    page.fill("[name=code]", code)
    follow(page, "main [type=submit]")
    assert "À appeler" in page.inner_text("header")
