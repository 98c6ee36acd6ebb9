"""The desk's pages in a browser: axe-clean, valid, narrow and light, whole without scripts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from booking.desk import appointments_of
from booking.models import Household
from centres.models import Centre, User
from frontend.bundles import BUNDLES
from notifications.models import OutboxMessage
from tests.booking.test_desk import asked, lost, reply_to, visit
from tests.factories import make_centre, make_guardian, make_household
from tests.following import follow
from tests.frontend.bundles import serve_bundles
from tests.frontend.staff.people import come_in, make_user
from tests.notifications.messages import make_attempt, make_route, make_sent, make_unsure

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
HEAVIEST = 80_000
CHIEF = "administrator@example.org"
Open = Callable[..., Page]


@pytest.fixture
def browse(browser: Browser, live_server: LiveServer) -> Iterator[Open]:
    """A browser of a person who is logged in."""
    contexts = []

    def start(email: str, **options: bool) -> Page:
        context = browser.new_context(
            viewport={"width": 360, "height": 740},
            locale="fr-FR",
            reduced_motion="reduce",
            base_url=live_server.url,
            **options,
        )
        contexts.append(context)
        serve_bundles(context)
        come_in(context, User.objects.get(email=email), live_server.url)
        page = context.new_page()
        page.goto("/equipe/messages/")
        return page

    yield start
    for context in contexts:
        context.close()


@pytest.fixture
def centre() -> Centre:
    """A centre with one of each reason to phone."""
    centre = make_centre(name="CDAS de Redon")
    make_route(
        "ovh",
        "sms",
        circuit="open",
        needs_person=True,
        reason="402 Payment Required",
        opened_at=timezone.now(),
        credit=Decimal(40),
        credit_unit="sms",
    )
    make_route("smtp")
    make_attempt(lost(visit(centre, days=1)), "refused")
    turkish = make_guardian(make_household(language="tr", needs_interpreter=True))
    lost(visit(centre, guardian=turkish), state="undeliverable")
    unsure = visit(centre, days=4)
    make_unsure(
        since=timezone.now() - timedelta(hours=1),
        subject_ref=str(unsure.uid),
        scope=centre.slug,
        version=unsure.sequence,
    )
    reply_to(visit(centre, days=3))
    asked(centre, preference="le matin")
    make_sent(channel="sms", route="ovh", scope=centre.slug, segments=1, cost=Decimal("0.05"))
    return centre


def paths(centre: Centre) -> dict[str, str]:
    failed, unsure = (
        OutboxMessage.objects.filter(state=state).earliest("id")
        for state in ("failed", "uncertain")
    )
    family = f"/equipe/familles/{household(failed)}/"
    twice = [make_guardian(Household.objects.get(pk=household(failed))).pk for _ in range(2)]
    return {
        "choice": "/equipe/messages/",
        "list": f"/equipe/messages/centre/{centre.slug}/",
        "message": f"/equipe/messages/{failed.pk}/",
        "unsure": f"/equipe/messages/{unsure.pk}/",
        "families": "/equipe/familles/",
        "found": "/equipe/familles/?q=le+goff",
        "not found": "/equipe/familles/?q=xyz",
        "family": family,
        "history": f"{family}histoire/",
        "parent": f"{family}parent/{twice[0]}/",
        "twice": f"{family}parent/{twice[0]}/reunir/{twice[1]}/",
        "reads": f"{family}consultations/",
        "merge": f"{family}reunir/{household(unsure)}/",
        "timeline": f"/equipe/rendez-vous/{reference(failed)}/",
        "health": "/equipe/messages/sante/",
    }


def reference(message: OutboxMessage) -> str:
    return appointments_of(message)[0].spoken_reference


def household(message: OutboxMessage) -> int | None:
    return appointments_of(message)[0].household_id


def test_the_longest_list_is_light(browse: Open, centre: Centre) -> None:
    for days in range(40):
        lost(visit(centre, days=days + 1))
    make_user("claire@example.org", "reception", centre)
    page = browse("claire@example.org")
    assert "Et 33 autres familles" in page.inner_text("main")
    parts = [page.content(), *(text() for text in BUNDLES.values())]
    assert sum(len(part.encode()) for part in parts) < HEAVIEST


def test_without_scripts_a_family_is_told_and_leaves_the_list(browse: Open, centre: Centre) -> None:
    make_user("claire@example.org", "reception", centre)
    page = browse("claire@example.org", java_script_enabled=False)
    assert page.locator("ol.cards > li").count() == 5
    follow(page, "text=Prévenu par téléphone >> nth=0")
    assert page.locator("ol.cards > li").count() == 4
    assert "la famille est prévenue" in page.inner_text(".notice--success")
    follow(page, "text=Lire le message >> nth=0")
    page.fill("#id_address", "nouvelle@exemple.fr")
    follow(page, "text=Envoyer à cette adresse")
    assert page.locator("ol.cards > li").count() == 3
    follow(page, "text=Noter l’appel")
    follow(page, "text=Répondu")
    page.goto(f"/equipe/messages/centre/{centre.slug}/")
    follow(page, "text=C’est fait")
    assert page.locator("ol.cards > li").count() == 1


def test_a_family_is_two_keys_away(browse: Open, centre: Centre) -> None:
    make_user("claire@example.org", "reception", centre)
    page = browse("claire@example.org")
    page.goto("/equipe/familles/?q=le+goff")
    follow(page, "ol.choices a >> nth=1")
    opened = page.url
    page.goto("/equipe/familles/")
    assert "Vos dernières familles" in page.inner_text("main")
    expect(page.locator("#id_q")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(opened)
    assert {width: ahead_of(page, width) for width in (360, 1280)} == {360: "below", 1280: "beside"}


def ahead_of(page: Page, width: int) -> str:
    """Where a family's visits stand, seen from who it is."""
    page.set_viewport_size({"width": width, "height": 900})
    who, visits = (page.locator(each).bounding_box() for each in (".family__who", "#ahead"))
    assert who
    assert visits
    return "beside" if visits["x"] > who["x"] + who["width"] else "below"


def test_a_family_is_found_by_keyboard_without_scripts(browse: Open, centre: Centre) -> None:
    make_user("claire@example.org", "reception", centre)
    page = browse("claire@example.org", java_script_enabled=False)
    page.goto("/equipe/familles/")
    page.focus("#id_q")
    page.keyboard.type("karim goff")
    page.keyboard.press("Enter")
    page.wait_for_url("**/?q=karim+goff")
    page.focus("#id_q")
    for key in ("Tab", "Tab", "Enter"):
        page.keyboard.press(key)
    page.wait_for_url(re.compile(r"/equipe/familles/\d+/$"))
    assert "Karim Le Goff" in page.inner_text("h1")
