"""A family that has a phone and nothing else: the whole way, with and without scripts."""

import pytest

from booking.access import short_link
from booking.models import Appointment
from centres.models import Centre
from tests.frontend.funnel import code_sent
from tests.journeys.visitor import LEA, SUBMIT, Arrive, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
NURSE = "/rdv/rdv-puericultrice/"
MOBILE = "+33639981234"


@pytest.mark.parametrize("has_scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_mobile_is_enough_from_the_first_page_to_the_last(
    arrive: Arrive, redon: Centre, *, has_scripts: bool
) -> None:
    lea = arrive(java_script_enabled=has_scripts)
    _book(lea)
    booked = Appointment.objects.get(guardian__phone=MOBILE, guardian__email="")
    _choose_messages(lea)
    booked.household.refresh_from_db()
    assert (booked.household.language, booked.household.contact_from.hour) == ("tr", 10)
    _come_back(arrive(java_script_enabled=has_scripts), booked)


def _book(lea: Visitor) -> None:
    lea.open(f"{NURSE}redon/")
    lea.press(".days .slot")
    lea.fill_in(**LEA | {"email": "", "phone": "06 39 98 12"})
    lea.press(SUBMIT)
    assert "trop court" in lea.text(".error-summary")
    lea.fill_in(phone="06 39 98 12 34")
    lea.page.select_option("#id_message_language", "tr")
    lea.press(SUBMIT)
    assert lea.title == "Regardez vos SMS"
    lea.fill_in(code=code_sent(MOBILE))
    lea.press(SUBMIT)
    assert "Nous vous envoyons un SMS" in lea.text(".notice--success")


def _choose_messages(lea: Visitor) -> None:
    lea.press("main a[href$='/messages/']")
    assert lea.page.input_value("#id_message_language") == "tr"
    lea.page.select_option("#id_contact_from", "10:00")
    lea.page.select_option("#id_contact_until", "16:00")
    lea.press(SUBMIT)
    assert "C’est noté" in lea.text(".notice--success")


def _come_back(lea: Visitor, booked: Appointment) -> None:
    """On another phone: by the short link, then by the number and a new code."""
    lea.open(f"/s/{short_link(booked).rpartition('/')[2]}")
    assert lea.path.startswith("/r/")
    lea.open("/mes-rendez-vous/")
    lea.fill_in(contact="06 39 98 12 34")
    lea.press(SUBMIT)
    lea.fill_in(code=code_sent(MOBILE))
    lea.press(SUBMIT)
    assert "06 39 98 12 34" in lea.text(".lead")
    assert lea.page.locator(".cards .ticket").count() == 1
