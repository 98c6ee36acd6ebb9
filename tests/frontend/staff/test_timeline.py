"""The messages of an appointment, told as they happened, for who has its reference."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from booking.models import Appointment, FamilyRead
from booking.wording import spoken_day
from centres.models import Centre
from notifications.models import Receipt
from tests.booking.test_desk import day_ref, lost, reply_to, visit
from tests.factories import make_centre
from tests.frontend.pages import plain, read
from tests.frontend.staff.people import at_desk
from tests.notifications.messages import make_attempt, make_row

pytestmark = pytest.mark.django_db
PAGE = "/equipe/rendez-vous/"


@pytest.fixture
def centre() -> Centre:
    return make_centre()


@pytest.fixture
def claire(centre: Centre) -> Client:
    return at_desk(centre)


@pytest.fixture
def appointment(centre: Centre) -> Appointment:
    return visit(centre)


def told(client: Client, appointment: Appointment) -> str:
    return read(client, f"{PAGE}{appointment.spoken_reference}/")


def test_another_centre_s_appointment_is_not_found(claire: Client) -> None:
    other = visit(make_centre())
    assert claire.get(f"{PAGE}{other.spoken_reference}/").status_code == 404
    assert not FamilyRead.objects.exists()


def test_who_opens_it_is_written_down_once(claire: Client, appointment: Appointment) -> None:
    told(claire, appointment)
    told(claire, appointment)
    line = FamilyRead.objects.get()
    assert (line.reader, line.household_id, line.centre, line.page) == (
        "claire@example.org",
        appointment.household_id,
        appointment.centre,
        "appointment",
    )


def test_its_history_is_told_in_sentences_with_its_messages(
    claire: Client, appointment: Appointment
) -> None:
    Appointment.objects.filter(pk=appointment.pk).update(
        state="cancelled", last_action="cancel", actor="claire@example.org", note="Déménagement"
    )
    lost(appointment, state="delivered", delivered_at=timezone.now())
    page = told(claire, appointment)
    history = page.split("Ce qui s’est passé")[1].split("Messages")[0]
    assert "La famille a pris le rendez-vous du" in history
    assert "claire@example.org (accueil) a annulé le rendez-vous du" in history
    assert "Motif : Déménagement." in history
    assert "Confirmation du rendez-vous : message reçu par" in history


def test_what_a_change_withdrew_is_told_after_it_and_at_its_hour(
    claire: Client, appointment: Appointment
) -> None:
    """On the appointment's page in the order of time, on the family's the other way round."""
    planned = timezone.now() - timedelta(days=3)
    for ref, kind in ((str(appointment.uid), "confirmation"), (day_ref(appointment), "reminder")):
        lost(appointment, subject_ref=ref, kind=kind, state="superseded", created_at=planned)
    Appointment.objects.filter(pk=appointment.pk).update(
        state="cancelled", sequence=appointment.sequence + 1, last_action="cancel", actor="family"
    )
    deeds = [
        "La famille a annulé le rendez-vous",
        "Confirmation du rendez-vous : message retiré",
        "Rappel du rendez-vous : message retiré",
    ]
    history = told(claire, appointment).split("Ce qui s’est passé")[1]
    assert history.index(deeds[0]) < min(map(history.index, deeds[1:]))
    family = read(claire, f"/equipe/familles/{appointment.household_id}/histoire/")
    assert family.index(deeds[0]) > max(map(family.index, deeds[1:]))
    today, former = (plain(spoken_day(timezone.localdate(at))) for at in (timezone.now(), planned))
    assert family.count(today) == 4, "booked, cancelled, and both messages"
    assert former not in family, "not when they were planned"


def test_what_was_withdrawn_without_a_known_change_has_no_hour(
    claire: Client, appointment: Appointment
) -> None:
    lost(appointment, state="superseded", created_at=timezone.now() - timedelta(days=3))
    family = f"/equipe/familles/{appointment.household_id}/histoire/"
    undated = r'<li class="timeline__step">Confirmation du rendez-vous\s: message retiré'
    for page in (f"{PAGE}{appointment.spoken_reference}/", family):
        assert re.search(undated, claire.get(page).content.decode())


def test_why_of_a_discreet_type_is_told_to_those_concerned_alone(
    claire: Client, centre: Centre, appointment: Appointment
) -> None:
    Appointment.objects.filter(pk=appointment.pk).update(
        state="cancelled", last_action="cancel", actor="claire@example.org", note="Délai légal"
    )
    type(appointment.type).objects.update(is_discreet=True)
    manager = at_desk(centre, email="marie@example.org", role="manager")
    family = f"/equipe/familles/{appointment.household_id}/"
    for client, is_told in ((claire, False), (manager, True)):
        for page in (told(client, appointment), read(client, family)):
            assert ("Délai légal" in page) is is_told


def test_each_step_is_a_sentence_and_no_code_is_shown(
    claire: Client, appointment: Appointment
) -> None:
    now = timezone.now()
    first = lost(appointment, handled_as="corrected", handled_by="claire", handled_at=now)
    make_attempt(first, "not_taken", detail="SMTPServerDisconnected 421")
    make_attempt(first, "refused", detail="550")
    sms = lost(
        appointment,
        channel="sms",
        recipient="+33639981234",
        state="delivered",
        instead_of=first,
        sent_at=now,
        delivered_at=now + timedelta(seconds=4),
    )
    make_attempt(sms, "found", unknown_since=now)
    page = told(claire, appointment)
    steps = [
        "Le prestataire ne l’a pas pris.",
        "Refusé par le prestataire.",
        "Renvoyé à une autre adresse (claire).",
        "Un autre message l’a remplacé : SMS à +33639981234.",
        "Le prestataire n’a pas répondu.",
        "Retrouvé chez le prestataire : il était bien parti.",
        "Reçu par la famille.",
    ]
    assert [step for step in steps if step not in page] == []
    assert not {"421", "550", "SMTP", "found", "not_taken"} & set(page.replace(".", " ").split())


def test_reminders_of_the_day_receipts_and_replies_are_there(
    claire: Client, appointment: Appointment
) -> None:
    reminder = lost(appointment, kind="reminder", subject_ref=day_ref(appointment), state="sent")
    dead = make_row(subject_ref=str(appointment.uid), channel="sms", state="undeliverable")
    Receipt.objects.create(
        route="ovh",
        kind="receipt",
        event_id="9",
        state="undeliverable",
        is_number_dead=True,
        received_at=timezone.now(),
        message=dead,
    )
    reply_to(appointment, answers=reminder, text="1", meaning="keep", needs_person=False)
    page = told(claire, appointment)
    assert "Rappel du rendez-vous" in page
    assert "Numéro hors service." in page
    assert "La famille a répondu « 1 » (je viens)." in page


def test_an_appointment_without_messages_says_so(claire: Client, appointment: Appointment) -> None:
    assert "Aucun message n’a été prévu" in told(claire, appointment)


def test_what_waits_says_when_it_leaves_and_what_was_withdrawn_why(
    claire: Client, appointment: Appointment
) -> None:
    lost(appointment, state="planned", send_at=timezone.now() + timedelta(hours=3))
    lost(appointment, state="superseded")
    page = told(claire, appointment)
    assert "Partira à ce moment-là." in page
    assert "Retiré avant de partir : le rendez-vous avait changé." in page


def test_it_costs_the_same_with_ten_messages_as_with_one(
    claire: Client, appointment: Appointment, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    told(claire, appointment)
    for rows in (1, 9):
        for _ in range(rows):
            make_attempt(lost(appointment), "refused")
        # Eleven, the history, what the family was before, and whether this reading is written
        # already (with its savepoint).
        with django_assert_num_queries(11 + 2 + 4):
            told(claire, appointment)
