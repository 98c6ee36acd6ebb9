"""The way by SMS and “my messages” in a browser: axe-clean, valid, no sideways scroll."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer

from booking.models import Household
from tests.frontend.bundles import serve_bundles
from tests.frontend.funnel import Scene, code_sent, make_scene
from tests.frontend.test_funnel_in_browser import SUBMIT, Visitor
from tests.html_checker import html_errors

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WIDTHS = (1280, 360)
MOBILE = "+33612345678"
LEA = {
    "child_first_name": "Malo",
    "child_born_on_0": "3/3/2026",
    "first_name": "Léa",
    "last_name": "Le Goff",
    "phone": "06 12 34 56 78",
}


@pytest.fixture
def scene() -> Scene:
    return make_scene()


class AtBothWidths(Visitor):
    """Goes the way once, on a phone, and looks at each state on a wide screen too."""

    def look(self, name: str) -> None:
        for width in WIDTHS:
            self.page.set_viewport_size({"width": width, "height": 740})
            super().look(f"{name}, {width} px")


@pytest.fixture
def visitor(browser: Browser, live_server: LiveServer) -> Iterator[Visitor]:
    context = browser.new_context(locale="fr-FR")
    serve_bundles(context)
    yield AtBothWidths(context.new_page(), live_server.url)
    context.close()


def book(visitor: Visitor, scene: Scene) -> None:
    """By a phone and nothing else, after two mistakes."""
    visitor.open(scene.when_url)
    visitor.press(".slot--big")
    visitor.look("who")
    visitor.press(SUBMIT)
    visitor.look("who, nothing typed")
    visitor.fill_in(**LEA | {"phone": "02 99 02 35 35"})
    visitor.page.check("[name=contact_channel][value=sms]")
    visitor.press(SUBMIT)
    visitor.look("who, a landline")
    visitor.fill_in(**LEA)
    visitor.page.select_option("#id_message_language", "ar")
    visitor.press(SUBMIT)
    visitor.look("code by SMS")
    visitor.fill_in(code=code_sent(MOBILE))
    visitor.press(SUBMIT)
    visitor.look("booked")


def test_a_family_with_a_phone_only_books_and_chooses_its_messages(
    visitor: Visitor, scene: Scene
) -> None:
    book(visitor, scene)
    visitor.press("main a[href$='/messages/']")
    visitor.look("my messages")
    visitor.page.select_option("#id_contact_from", "10:00")
    visitor.press(SUBMIT)
    visitor.look("my messages, an error")
    visitor.page.select_option("#id_contact_until", "16:00")
    visitor.page.check("[name=contact_by][value=none]")
    visitor.press(SUBMIT)
    visitor.look("my messages, none")
    household = Household.objects.get()
    assert (household.language, household.contact_by) == ("ar", "none")
    visitor.open("/mes-rendez-vous/liste/")
    visitor.look("my appointments, by number")
    visitor.press("a[href='/mes-rendez-vous/messages/']")
    visitor.look("my messages, from the list")
    visitor.open("/s/x")
    visitor.look("a short link cut in two")
    assert visitor.faults == []
    assert html_errors(visitor.seen) == []


def test_my_appointments_by_number(visitor: Visitor, scene: Scene) -> None:
    visitor.open("/mes-rendez-vous/")
    visitor.look("start")
    visitor.fill_in(contact="06 12")
    visitor.press(SUBMIT)
    visitor.look("too short")
    visitor.fill_in(contact="06 12 34 56 78")
    visitor.press(SUBMIT)
    visitor.look("code")
    assert visitor.faults == []
    assert html_errors(visitor.seen) == []
