"""The plan in a browser: a rule changed by the keyboard alone, every page clean and narrow."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, Page, Route
from pytest_django.live_server_helper import LiveServer

from centres.actions import expand_rules
from centres.models import Centre, OpeningRule, RuleChange, Shift
from frontend.bundles import BUNDLES
from tests.accessibility import axe_violations
from tests.factories import (
    PARIS,
    make_appointment,
    make_centre,
    make_guardian,
    make_rule,
    make_site,
)
from tests.following import follow, follow_by_key
from tests.frontend.staff.people import log_in, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
NARROW = {"width": 320, "height": 700}
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
def redon() -> Centre:
    return make_centre(name="CDAS de Redon", slug="redon")


@pytest.fixture
def rule(redon: Centre) -> OpeningRule:
    rule = make_rule(site=make_site(redon))
    expand_rules(today=timezone.localdate(), rule_ids=[rule.pk])
    return rule


def _bundle(route: Route) -> None:
    path = route.request.url.partition("/static/")[2].partition("?")[0]
    kind = "text/css" if path.endswith(".css") else "text/javascript"
    route.fulfill(body=BUNDLES[path](), content_type=kind)


@pytest.fixture
def page(browser: Browser, live_server: LiveServer, redon: Centre) -> Iterator[Page]:
    """A manager's, logged in."""
    client = Client()
    log_in(client, make_user("claire@example.org", "manager", redon))
    context = browser.new_context(
        viewport=NARROW,  # type: ignore[arg-type]
        locale="fr-FR",
        reduced_motion="reduce",
        base_url=live_server.url,
    )
    for path in BUNDLES:
        context.route(f"**/static/{path}", _bundle)
    value = client.cookies[settings.SESSION_COOKIE_NAME].value
    cookie = {"name": settings.SESSION_COOKIE_NAME, "value": value, "url": live_server.url}
    context.add_cookies([cookie])  # type: ignore[list-item]
    yield context.new_page()
    context.close()


def check(page: Page) -> None:
    assert axe_violations(page) == []
    assert page.evaluate(OVERFLOW) == 0, page.url


def test_a_rule_is_changed_by_the_keyboard_alone(page: Page, rule: OpeningRule) -> None:
    page.goto("/equipe/planning/redon/plages/")
    check(page)
    page.focus(".plan__says a")
    follow_by_key(page)
    page.wait_for_selector("[name=opens]")
    check(page)
    page.focus("[name=closes]")
    page.keyboard.type("1300")
    follow_by_key(page)
    page.wait_for_selector("[name=seen]", state="attached")
    check(page)
    page.focus("[value=save]")
    follow_by_key(page)
    page.wait_for_selector("text=Annuler ce changement")
    check(page)
    page.focus(".undo button")
    follow_by_key(page)
    page.wait_for_selector("text=la plage est comme avant")
    assert RuleChange.objects.count() == 2


def test_half_days_and_spreadsheets_are_clean_and_narrow(page: Page, rule: OpeningRule) -> None:
    shift = Shift.objects.order_by("starts_at").last()
    assert shift
    make_appointment(shift, guardian=make_guardian(phone="+33639981234"))
    local = shift.starts_at.astimezone(PARIS)
    page.goto(f"/equipe/planning/redon/demi-journees/?semaine={local:%Y-%m-%d}")
    check(page)
    follow(page, ".plan__says a >> nth=0")
    check(page)
    follow(page, "text=Annuler cette demi-journée")
    page.wait_for_selector("text=n’aurait plus de place")
    check(page)
    for path in ("demi-journees/echanger/", "tableaux/plages/", "tableaux/absences/"):
        page.goto(f"/equipe/planning/redon/{path}")
        check(page)
    page.goto("/equipe/planning/redon/tableaux/plages/")
    page.click("summary >> nth=0")
    page.fill(
        "textarea", "professionnel;lieu;jours;de;à;premier jour;motifs\nx;y;z;midi;9:00;hier;w"
    )
    follow(page, "text=Essayer")
    page.wait_for_selector("text=cases à corriger")
    check(page)
