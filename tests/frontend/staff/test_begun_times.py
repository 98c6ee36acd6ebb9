"""A free time that began minutes ago, on the pages: on the board and for who is there, never
proposed to who is on the phone."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from booking.models import Appointment
from centres.calendar import to_minute
from centres.models import AppointmentType, Centre, Shift
from notifications.models import OutboxMessage
from tests.booking.test_desk import visit
from tests.factories import make_child, make_guardian, make_shift, make_site, make_type

pytestmark = pytest.mark.django_db


@pytest.fixture
def kind() -> AppointmentType:
    return make_type(slug="medecin", step_min=30)


@pytest.fixture
def shift(redon: Centre, kind: AppointmentType) -> Shift:
    """A half-day that began ten minutes ago."""
    starts_at = timezone.now().replace(second=0, microsecond=0) - timedelta(minutes=10)
    return make_shift(site=make_site(redon), starts_at=starts_at, types=[kind])


def choice(shift: Shift) -> str:
    return f"{to_minute(shift.starts_at)}-{shift.site_id}"


def board(redon: Centre, shift: Shift) -> str:
    on = timezone.localtime(shift.starts_at).date()
    return f"/equipe/aujourdhui/{redon.slug}/?jour={on.isoformat()}"


def test_the_board_leads_from_a_free_time_to_a_family(
    claire: Client, redon: Centre, shift: Shift
) -> None:
    body = claire.get(board(redon, shift)).content.decode()
    links = re.findall(r'href="(/equipe/calendrier/[^"]+/creneau/[^"]+)"', body)
    assert len(links) == 2, "the one that has begun, and the next one"
    assert "déjà commencé" in body
    answer = claire.get(links[0])
    assert answer["Location"].startswith("/equipe/familles/?kind=medecin")
    chosen = claire.get(answer["Location"]).content.decode()
    assert "Pour qui est le rendez-vous" in chosen


def test_it_is_offered_to_who_is_there_and_not_proposed(
    claire: Client, redon: Centre, shift: Shift
) -> None:
    karim = make_guardian()
    ines = make_child(karim)
    visit(redon, guardian=karim)
    path = f"/equipe/familles/{karim.household_id}/rendez-vous/"
    wish = {"guardian": karim.pk, "child": ines.pk, "kind": "medecin", "centre": redon.slug}
    body = claire.get(path, wish).content.decode()
    begun, _heading, proposed = body.partition('id="soonest"')
    assert choice(shift) in begun
    assert choice(shift) not in proposed
    answer = claire.post(path, {**wish, "creneau": choice(shift)})
    booked = Appointment.objects.get(shift=shift)
    assert answer["Location"] == f"/equipe/aujourdhui/{redon.slug}/#v{booked.pk}"
    assert not OutboxMessage.objects.filter(subject_ref=str(booked.uid)).exists()
    page = claire.get(board(redon, shift)).content.decode()
    assert "sans message" in page


def test_a_time_that_was_pressed_is_the_one_that_is_kept(
    claire: Client, redon: Centre, shift: Shift
) -> None:
    karim = make_guardian()
    make_child(karim)
    visit(redon, guardian=karim)
    path = f"/equipe/familles/{karim.household_id}/rendez-vous/"
    wish = {"kind": "medecin", "centre": redon.slug, "creneau": choice(shift)}
    body = claire.get(path, wish).content.decode()
    assert "Le créneau choisi" in body
    assert "n’est pas libre" not in body
    assert "si la famille est là" not in body
    assert "déjà commencé" in body
