"""The plan in a browser: a rule changed by the keyboard alone, every page clean and narrow."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from centres.actions import expand_rules
from centres.models import Centre, OpeningRule, RuleChange
from tests.accessibility import axe_violations
from tests.factories import (
    make_centre,
    make_rule,
    make_site,
)
from tests.following import follow_by_key
from tests.frontend.bundles import serve_bundles
from tests.frontend.staff.people import come_in, make_user

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


@pytest.fixture
def page(browser: Browser, live_server: LiveServer, redon: Centre) -> Iterator[Page]:
    """A manager's, logged in."""
    context = browser.new_context(
        viewport=NARROW,  # type: ignore[arg-type]
        locale="fr-FR",
        reduced_motion="reduce",
        base_url=live_server.url,
    )
    serve_bundles(context)
    come_in(context, make_user("claire@example.org", "manager", redon), live_server.url)
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
