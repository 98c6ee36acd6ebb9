"""The booking pages in a browser at 360 px: each state axe-clean, valid, no sideways scroll."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from booking.models import Appointment
from centres.rollout import Stage
from frontend import limits, pow
from tests.accessibility import axe_violations
from tests.factories import make_appointment, make_centre, make_type
from tests.frontend.bundles import serve_bundles
from tests.frontend.funnel import Scene, code_sent, held_at, make_scene
from tests.html_checker import html_errors

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SUBMIT = ".form__actions button"


class Visitor:
    """A family's browser; `seen` keeps the HTML of each state it looked at."""

    def __init__(self, page: Page, site: str) -> None:
        self.page, self.site = page, site
        self.seen: dict[str, str] = {}
        self.faults: list[str] = []

    def open(self, path: str) -> None:
        self.page.goto(self.site + path)

    def press(self, selector: str) -> None:
        with self.page.expect_navigation():
            self.page.click(selector)

    def look(self, name: str) -> None:
        self.seen[name] = self.page.content()
        self.faults += [f"{name}: {line}" for line in axe_violations(self.page)]
        if self.page.evaluate("document.body.scrollWidth > innerWidth"):
            self.faults.append(f"{name}: scrolls sideways")

    def fill_in(self, **values: str) -> None:
        for name, value in values.items():
            self.page.fill(f"#id_{name}", value)


@pytest.fixture
def visitor(browser: Browser, live_server: LiveServer) -> Iterator[Visitor]:
    context = browser.new_context(viewport={"width": 360, "height": 740}, locale="fr-FR")
    serve_bundles(context)
    yield Visitor(context.new_page(), live_server.url)
    context.close()


@pytest.fixture
def scene() -> Scene:
    return make_scene()


LEA = {
    "child_first_name": "Malo",
    "child_born_on_0": "3/3/2026",
    "first_name": "Léa",
    "last_name": "Le Goff",
    "email": "lea@example.org",
}


def test_the_whole_way_with_mistakes_and_a_lapsed_hold(visitor: Visitor, scene: Scene) -> None:
    for name, path in (
        ("home", "/"),
        ("ill child", "/urgence/"),
        ("need", "/motifs/enfant/"),
        ("where", f"/rdv/{scene.kind.slug}/"),
        ("unknown place", f"/rdv/{scene.kind.slug}/?q=nantes"),
        ("nothing fits", f"{scene.when_url}?jours=6"),
        ("when", scene.when_url),
    ):
        visitor.open(path)
        visitor.look(name)
    visitor.press(".slot--big")
    who = visitor.page.url.removeprefix(visitor.site)
    visitor.look("who")
    visitor.press(SUBMIT)
    visitor.look("who, errors")
    visitor.fill_in(**LEA)
    visitor.press(".hold-clock button.button")
    visitor.look("who, more time")
    visitor.press(SUBMIT)
    visitor.look("code")
    visitor.fill_in(code="12")
    visitor.press(SUBMIT)
    visitor.look("code, error")
    Appointment.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    visitor.page.reload()
    visitor.look("expired")
    visitor.press(SUBMIT)
    assert "/code/" in visitor.page.url, "what was typed went on with the new hold"
    visitor.fill_in(code=code_sent())
    visitor.press(SUBMIT)
    assert "/r/" in visitor.page.url
    assert held_at(who).state == Appointment.State.LAPSED
    visitor.page.go_back()
    assert "/r/" in visitor.page.url, "going back shows the appointment, not a form to send again"
    assert visitor.faults == []
    assert html_errors(visitor.seen) == []


def test_pages_that_say_no(visitor: Visitor, scene: Scene) -> None:
    closed = make_centre(stage=Stage.PAUSED)
    by_phone = make_type(booking="agents", is_discreet=True)
    visitor.open(f"/rdv/{scene.kind.slug}/{closed.slug}/")
    visitor.look("not open")
    visitor.open(f"/rdv/{by_phone.slug}/")
    visitor.look("not online")
    visitor.open(f"{scene.when_url}?semaine=2026-W99")
    visitor.look("bad week")
    visitor.open(scene.when_url)
    make_appointment(scene.shift, starts_at=scene.shift.starts_at)
    visitor.press(".slot--big")
    visitor.look("taken")
    assert "plus libre" in visitor.page.title()
    assert visitor.faults == []
    assert html_errors(visitor.seen) == []


@pytest.mark.parametrize("has_scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_search_that_asks_for_a_proof_leads_on_to_the_page_asked_for(
    browser: Browser, live_server: LiveServer, monkeypatch: pytest.MonkeyPatch, *, has_scripts: bool
) -> None:
    monkeypatch.setattr(limits, "SEARCHES", limits.Budget("search", 0, 99))
    monkeypatch.setattr(pow, "WAIT_SECONDS", 20 if has_scripts else 0)
    scene = make_scene()
    page = browser.new_page(java_script_enabled=has_scripts, locale="fr-FR")
    page.goto(f"{live_server.url}{scene.when_url}?moment=matin", wait_until="commit")
    if not has_scripts:
        page.click(SUBMIT)
    page.wait_for_selector(".days .slot")
    assert "moment=matin" in page.url
    assert page.title().startswith("Quand")
    page.close()
