"""Call-backs and the waiting list in a browser: the desk's pages and the family's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from booking import waiting_links
from booking.models import Appointment, CallbackTry, WaitingListOffer
from centres.models import Centre
from tests.accessibility import faults_of_pages
from tests.factories import make_appointment, make_guardian, make_shift, make_site, make_type
from tests.frontend.bundles import serve_bundles
from tests.frontend.pages import link
from tests.frontend.staff.calls import offered, waits
from tests.frontend.staff.test_callbacks_page import CLAIRE, asked

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WIDTHS = (320, 360, 1280)


@pytest.fixture
def appointment() -> Appointment:
    """A month ahead, of a family that waits; a time is held for it, three calls are promised."""
    starts_at = timezone.now() + timedelta(days=30)
    guardian = make_guardian(phone="+33639981234", first_name="Awa", last_name="Diallo")
    shift = make_shift(
        starts_at=starts_at, site=make_site(name="Espace des Halles"), types=[make_type()]
    )
    found = make_appointment(shift, guardian=guardian)
    offered(waits(found))
    for days in (-2, 0, 3):
        request = asked(found, days=days, preference="Plutôt le matin")
        CallbackTry.objects.create(
            request=request, at=timezone.now(), by=CLAIRE.label, outcome="unreached"
        )
    return found


@pytest.fixture
def centre(appointment: Appointment) -> Centre:
    return appointment.centre


@pytest.fixture
def browse(browser: Browser, live_server: LiveServer) -> Iterator[Page]:
    context = browser.new_context(
        viewport={"width": 360, "height": 740},
        locale="fr-FR",
        reduced_motion="reduce",
        base_url=live_server.url,
    )
    serve_bundles(context)
    yield context.new_page()
    context.close()


def test_each_page_of_a_family_is_accessible_valid_and_fits(
    browse: Page, appointment: Appointment
) -> None:
    offer = WaitingListOffer.objects.get()
    pages = {
        "appointment": link(appointment),
        "wishes": link(appointment, "earlier"),
        "offer": f"/proposition/{waiting_links.offer_token(offer)}/",
    }
    assert faults_of_pages(browse, pages, widths=WIDTHS) == []


def test_a_family_says_yes_by_keyboard_alone(browse: Page, appointment: Appointment) -> None:
    offer = WaitingListOffer.objects.get()
    browse.goto(f"/proposition/{waiting_links.offer_token(offer)}/")
    browse.focus("main button")
    browse.keyboard.press("Enter")
    browse.wait_for_selector("text=Votre rendez-vous est déplacé")
    appointment.refresh_from_db()
    assert appointment.starts_at == offer.starts_at
