"""The desk's list of who waits: times to offer by phone, families put on it and taken off."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from booking import actions
from booking.actions.waiting import Wishes
from booking.models import Appointment, WaitingListEntry, WaitingListOffer
from centres.models import Centre
from tests.factories import (
    make_guardian,
    make_rule,
    make_site,
    make_type,
)
from tests.frontend.pages import read, text
from tests.frontend.staff.calls import booked_in_a_month, offered, url, waits
from tests.frontend.staff.people import at_desk
from tests.messages import become
from tests.notifications.messages import make_row

pytestmark = pytest.mark.django_db


@pytest.fixture
def appointment() -> Appointment:
    return booked_in_a_month()


@pytest.fixture
def centre(appointment: Appointment) -> Centre:
    return appointment.centre


@pytest.fixture
def claire(centre: Centre) -> Client:
    return at_desk(centre)


def test_a_time_held_for_who_has_no_message_is_answered_by_phone(
    claire: Client, centre: Centre, appointment: Appointment
) -> None:
    offer = offered(waits(appointment))
    page = read(claire, url(centre))
    assert "à proposer par téléphone" in page
    assert "Gardée jusqu’à" in page
    answer = claire.post(f"/equipe/propositions/{offer.uid}/", {"reponse": "oui"})
    assert answer["Location"] == f"/equipe/rendez-vous/{appointment.spoken_reference}/"
    appointment.refresh_from_db()
    assert (appointment.starts_at, appointment.actor) == (offer.starts_at, "claire@example.org")
    assert claire.post(f"/equipe/propositions/{offer.uid}/", {"reponse": "non"}).status_code == 410


def test_who_does_not_pick_up_the_phone_has_refused_nothing(
    claire: Client, appointment: Appointment
) -> None:
    for said, state in (("absent", "withdrawn"), ("non", "refused")):
        WaitingListOffer.objects.all().delete()
        offer = offered(waits(appointment))
        assert claire.post(f"/equipe/propositions/{offer.uid}/", {"reponse": said})
        offer.refresh_from_db()
        assert (offer.state, offer.answered_by) == (state, "claire@example.org")


def test_the_board_counts_and_names_what_is_to_be_proposed_by_phone(
    claire: Client, centre: Centre, appointment: Appointment
) -> None:
    offer = offered(waits(appointment))
    board = f"/equipe/aujourdhui/{centre.slug}/?jour={timezone.localdate(offer.starts_at)}"
    page = read(claire, board)
    assert "Rappels à faire : 1" in page
    assert "À proposer par téléphone à une famille en attente" in page
    WaitingListOffer.objects.update(way="message")
    page = read(claire, board)
    assert "Rappels à faire : 0" in page
    assert "Proposé à une famille en attente" in page


def test_an_offer_by_message_is_the_desks_only_once_its_message_is_lost(
    claire: Client, centre: Centre, appointment: Appointment
) -> None:
    offer = offered(waits(appointment), way="message")
    make_row(kind="offer", subject_ref=offer.subject_ref, state="planned")
    assert "Refuse" not in read(claire, url(centre))
    become("failed", kind="offer")
    assert "Refuse" in read(claire, url(centre))


def test_an_agent_puts_a_family_on_the_list_and_takes_it_off(
    claire: Client, centre: Centre, appointment: Appointment
) -> None:
    family = f"/equipe/familles/{appointment.household_id}/"
    assert "Plus tôt si possible" in read(claire, family)
    address = f"{family}attente/?rdv={appointment.reference}"
    assert claire.get(address).status_code == 200
    typed = {"days": ["1", "2", "4"], "sites": [appointment.site_id], "notice": "0"}
    assert claire.post(address, typed)["Location"] == family
    entry = WaitingListEntry.objects.get()
    assert (entry.appointment, entry.asked_by) == (appointment, "claire@example.org")
    assert "En liste d’attente" in read(claire, family)
    page = read(claire, url(centre))
    assert "Souhaite : lundi, mardi et jeudi" in page
    claire.post(f"/equipe/attente/{entry.uid}/retirer/")
    entry.refresh_from_db()
    assert entry.ending == "withdrawn"


def test_without_an_appointment_the_booking_page_leads_to_the_list(
    claire: Client, centre: Centre, appointment: Appointment
) -> None:
    kind, guardian = make_type(audience="adult"), appointment.guardian
    assert guardian is not None
    make_rule(site=appointment.site, types=[kind])
    family = f"/equipe/familles/{appointment.household_id}/"
    wish = f"?guardian={guardian.pk}&child=&kind={kind.slug}&centre={centre.slug}&practitioner="
    page = claire.get(f"{family}rendez-vous/{wish}")
    assert "Inscrire sur la liste d’attente" in text(page)
    typed = {"days": ["1"], "sites": [appointment.site_id], "notice": "0"}
    assert claire.post(f"{family}attente/{wish}", typed)["Location"] == family
    assert WaitingListEntry.objects.get().type == kind
    assert "sans rendez-vous" in read(claire, url(centre))


def test_a_family_that_waits_without_an_appointment_is_opened_from_the_list(
    claire: Client, centre: Centre, appointment: Appointment
) -> None:
    moussa = make_guardian(first_name="Moussa", last_name="Traoré")
    actions.ask_for_any(
        guardian=moussa,
        child=None,
        kind=appointment.type,
        centre=centre,
        wishes=Wishes(sites=(appointment.site_id,)),
        now=timezone.now(),
    )
    family = f"/equipe/familles/{moussa.household_id}/"
    assert f'href="{family}"' in claire.get(url(centre)).content.decode()
    assert "En liste d’attente, sans rendez-vous" in read(claire, family)
    found = claire.get("/equipe/familles/", {"q": "traore"}).content.decode()
    assert f'href="{family}"' in found
    other = at_desk(make_site().centre, email="paul@example.org")
    assert other.get(family).status_code == 404
