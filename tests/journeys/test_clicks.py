"""The commonest tasks of the desk cost the clicks and keys that docs/comparison.md says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, expect

from booking.models import Appointment, Guardian
from centres.models import AppointmentType, Centre, Practitioner, Shift
from tests.factories import (
    PARIS,
    make_appointment,
    make_centre,
    make_child,
    make_guardian,
    make_practitioner,
    make_shift,
    make_site,
    make_type,
)
from tests.frontend.staff.people import log_in, make_user
from tests.journeys.hand import Effort, Hand
from tests.journeys.website import Website

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
TABLE = Path(settings.BASE_DIR) / "docs" / "comparison.md"
ROW = re.compile(r"^\| (?P<task>[^|]+?) \| (?P<clicks>\d+) \| (?P<keys>\d+) \|", re.MULTILINE)
FAMILIES = 9
KIND = "Consultation de l’enfant avec le médecin"


def written() -> dict[str, Effort]:
    """Task by task, what the document says of us."""
    rows = ROW.finditer(TABLE.read_text(encoding="utf-8"))
    return {row["task"]: Effort(int(row["clicks"]), int(row["keys"])) for row in rows}


def succeeds(hand: Hand) -> None:
    expect(hand.page.locator(".notice--success")).to_be_visible()


def on(days: int, hour: int) -> datetime:
    day = timezone.now().astimezone(PARIS).date() + timedelta(days=days)
    return datetime.combine(day, time(hour), PARIS)


@pytest.fixture
def centre(transactional_db: None) -> Centre:
    """A doctor and another; the family Le Goff comes today, nobody else in the week to come."""
    centre = make_centre(name="CDAS de Redon")
    site = make_site(centre)
    kind = make_type(label=KIND)
    vaccination = make_type(label="Vaccination")
    first, second = (make_practitioner(centre.department) for _ in range(2))
    # Whatever the hour of this run, the next free time of the kind is a week away.
    today = make_shift(
        starts_at=on(0, 8), hours=10, site=site, practitioner=first, types=[vaccination]
    )
    for days in (7, 8):
        make_shift(starts_at=on(days, 9), site=site, practitioner=second, types=[kind])
    nolwenn = make_guardian(first_name="Nolwenn", last_name="Le Goff")
    make_child(nolwenn, first_name="Maëlys")
    make_appointment(today, guardian=nolwenn)
    return centre


@pytest.fixture
def hand(browser: Browser, site: Website, centre: Centre) -> Iterator[Hand]:
    """On the board of the day, where whoever logs in arrives; this one plans, too."""
    client = Client()
    log_in(client, make_user("claire@example.org", "manager", centre))
    name = settings.SESSION_COOKIE_NAME
    cookie = {"name": name, "value": client.cookies[name].value, "url": site.url}
    context = browser.new_context(
        viewport={"width": 1280, "height": 900}, locale="fr-FR", base_url=site.url
    )
    context.add_cookies([cookie])  # type: ignore[list-item]
    page = context.new_page()
    page.goto("/equipe/aujourdhui/")
    page.wait_for_selector("#board")
    yield Hand(page)
    context.close()


def find_le_goff(hand: Hand) -> None:
    hand.press("nav >> text=Familles")
    expect(hand.page.locator("[name=q]")).to_be_focused()
    hand.type("le goff")
    hand.key("Enter")
    hand.press(".choices a")


def test_a_known_family_gets_the_next_free_time(hand: Hand) -> None:
    find_le_goff(hand)
    hand.press("text=Prendre rendez-vous")
    hand.choose("#id_kind", KIND)
    hand.press("text=Voir les créneaux")
    hand.press("button.slot >> nth=0")
    succeeds(hand)
    assert Appointment.objects.get(starts_at__gt=on(1, 0)).guardian.last_name == "Le Goff"
    assert hand.effort == written()["Find a family and book the next time"]


def test_a_new_family_is_noted_with_its_appointment(hand: Hand) -> None:
    hand.press("nav >> text=Familles")
    hand.press("text=Nouvelle famille")
    hand.press("#id_first_name")
    born_on = timezone.localdate() - timedelta(days=400)
    for text, tabs in (("Gwenola", 1), ("Le Goff", 1), ("0639981234", 2), ("Erwann", 1)):
        hand.type(text)
        hand.key("Tab", tabs)
    hand.type(f"{born_on:%d/%m/%Y}")
    hand.choose("#id_kind", KIND)
    hand.press("text=Voir les créneaux")
    hand.press("button.slot >> nth=0")
    succeeds(hand)
    assert Appointment.objects.get(starts_at__gt=on(1, 0)).guardian.first_name == "Gwenola"
    assert hand.effort == written()["Register a new family and book"]


def test_an_appointment_is_moved_to_another_time_of_that_day(hand: Hand) -> None:
    nolwenn, later = Guardian.objects.get(), Shift.objects.get(starts_at=on(7, 9))
    visit = make_appointment(later, guardian=nolwenn)
    find_le_goff(hand)
    hand.press(f"a[href$='/{visit.spoken_reference}/'] >> nth=0")
    hand.press("text=Déplacer")
    hand.press("a.slot >> nth=-1")
    hand.press("text=Déplacer et prévenir la famille")
    succeeds(hand)
    visit.refresh_from_db()
    assert visit.starts_at > on(7, 10)
    assert hand.effort == written()["Move an appointment"]


def test_one_press_says_that_a_family_has_arrived(hand: Hand) -> None:
    hand.press(".row button >> text=Arrivé")
    expect(hand.page.locator("#board")).to_contain_text("attend depuis")
    assert Appointment.objects.get().state == "arrived"
    assert hand.effort == written()["Say that a family has arrived"]


def test_a_sick_doctor_s_half_day_is_solved_on_one_page(hand: Hand, centre: Centre) -> None:
    ill = Practitioner.objects.order_by("pk").first()
    assert ill is not None
    kind, site = AppointmentType.objects.get(label=KIND), centre.sites.get()
    morning = make_shift(starts_at=on(1, 8), hours=5, site=site, practitioner=ill, types=[kind])
    visits = [
        make_appointment(morning, starts_at=on(1, 8) + timedelta(minutes=30 * number))
        for number in range(FAMILIES)
    ]
    hand.press("nav >> text=Planning")
    hand.press("text=Déclarer une absence")
    hand.choose("#id_what", str(ill))
    hand.date("#id_since_on", on(1, 8).date())
    hand.press("text=Voir les familles touchées")
    hand.press("text=Déclarer et prévenir les familles")
    succeeds(hand)
    moved = Appointment.objects.filter(pk__in=[visit.pk for visit in visits])
    assert not moved.filter(shift=morning).exists()
    assert hand.effort == written()["A doctor falls ill: a half-day of nine families"]
