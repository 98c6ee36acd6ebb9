"""The whole way of a family on a phone, from the first page to a cancelled appointment."""

import re

import icalendar
import pytest

from booking.models import Appointment
from centres.models import Centre
from tests.journeys.visitor import LEA, SUBMIT, Arrive, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
NURSE = "/rdv/rdv-puericultrice/"


@pytest.mark.parametrize("has_scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_family_books_moves_and_cancels(
    arrive: Arrive, redon: Centre, *, has_scripts: bool
) -> None:
    lea = arrive(java_script_enabled=has_scripts)
    _choose_what_and_where(lea)
    _choose_when(lea)
    _say_who_after_mistakes(lea)
    _prove_the_address(lea)
    assert "/r/" in lea.path
    assert lea.title == "C’est noté !"
    first = _calendar(lea)
    lea.go_back()
    assert "/r/" in lea.path, "going back after confirming shows the appointment"
    _move(lea)
    second = _calendar(lea)
    assert (second["UID"], second["SEQUENCE"]) == (first["UID"], 1)
    assert second["DTSTART"].dt != first["DTSTART"].dt
    _cancel(lea)
    booked = Appointment.objects.get(guardian__email=LEA["email"])
    assert (booked.state, booked.sequence) == ("cancelled", 2)
    assert not Appointment.objects.filter(state="held").exists()


def _choose_what_and_where(lea: Visitor) -> None:
    lea.open("/")
    lea.press("a[href='/motifs/enfant/']")
    lea.press(f"a[href='{NURSE}']")
    lea.fill_in(q="redon")
    lea.press(".search button")
    lea.press(f".card--here a[href='{NURSE}redon/']")


def _choose_when(lea: Visitor) -> None:
    assert lea.page.locator(".proposals button").count() == 3
    assert lea.page.locator(".days .slot").count() > 10
    lea.press(".proposals button >> nth=1")
    assert lea.path.startswith("/retenu/")
    clock = lea.text(".hold-clock__text")
    assert "retenu pour vous jusqu’à" in clock


def _say_who_after_mistakes(lea: Visitor) -> None:
    """Nothing, then a wrong year and half an address: what was typed is still there."""
    lea.press(SUBMIT)
    assert lea.status == 422
    assert "points à corriger" in lea.text(".error-summary")
    wrong = LEA | {"child_born_on_2": "3026", "email": "lea@"}
    lea.fill_in(**wrong)
    lea.press(SUBMIT)
    assert lea.status == 422
    typed = lea.typed()
    assert {name: typed[name] for name in wrong} == wrong
    assert lea.page.locator("[aria-invalid=true]").count() >= 2
    lea.fill_in(child_born_on_2=LEA["child_born_on_2"], email=LEA["email"])
    lea.press(SUBMIT)
    assert "/code/" in lea.path


def _prove_the_address(lea: Visitor) -> None:
    lea.fill_in(code="000000")
    lea.press(SUBMIT)
    assert lea.status == 422
    assert "Il vous reste 4 essais" in lea.text(".error-summary")
    lea.fill_in(code=_code_in_the_mail(lea))
    lea.press(SUBMIT)


def _code_in_the_mail(lea: Visitor) -> str:
    with lea.another_tab():
        lea.open("/demo/inbox")
        found = re.search(r"\b\d{6}\b|\b\d{3}\s\d{3}\b", lea.text())
    assert found
    return found[0]


def _calendar(lea: Visitor) -> icalendar.Event:
    with lea.page.expect_download() as download:
        lea.page.click("a[href$='calendrier.ics']")
    calendar = icalendar.Calendar.from_ical(download.value.path().read_bytes())
    [event] = calendar.walk("VEVENT")
    assert isinstance(event, icalendar.Event)
    assert "puéricultrice" not in str(event["SUMMARY"]), "who looks over a shoulder learns nothing"
    return event


def _move(lea: Visitor) -> None:
    before = lea.text(".ticket")
    lea.press("a[href$='/deplacer/']")
    lea.press(".days .slot >> nth=2")
    assert "À la place de" in lea.text()
    lea.press(SUBMIT)
    assert "déplacé" in lea.text(".notice--success")
    assert lea.text(".ticket") != before
    lea.press("a[href$='/imprimer/']")
    assert "Carnet de santé" in lea.text()
    lea.press("a[href^='/r/']")


def _cancel(lea: Visitor) -> None:
    lea.press("a[href$='/annuler/']")
    lea.page.check("[name=reason][value=unavailable]")
    lea.press(SUBMIT)
    assert lea.title == "Votre rendez-vous est annulé"
    lea.go_back()
    lea.page.reload()
    assert lea.title == "Votre rendez-vous est annulé", "a cancelled one cannot be cancelled twice"
