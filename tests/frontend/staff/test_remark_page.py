"""A remark on an appointment at the desk: where it is read, by whom, and what is refused."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils.html import escape
from pytest_django import DjangoAssertNumQueries

from booking import actions
from booking.access import manage_token
from booking.actors import Actor
from booking.models import Appointment, AppointmentRemark
from centres.models import AppointmentType, Centre, Shift
from tests.factories import make_appointment, make_guardian, make_shift, make_type
from tests.frontend.pages import text
from tests.frontend.staff.people import at_desk
from tests.frontend.staff.test_calendar import tomorrow
from tests.frontend.staff.test_moving import booked, centre, claire, shift

__all__ = ["booked", "centre", "claire", "shift"]
pytestmark = pytest.mark.django_db
PRAM = "Poussette double"
QUERIES = 18


def page_of(booked: Appointment) -> str:
    return f"/equipe/rendez-vous/{booked.spoken_reference}/"


def board_of(booked: Appointment) -> str:
    return f"/equipe/aujourdhui/{booked.centre.slug}/?jour={tomorrow():%Y-%m-%d}"


def write(client: Client, booked: Appointment, typed: str, **body: str) -> HttpResponse:
    path = f"{page_of(booked)}remarque/"
    return client.post(path, {"text": typed, "seen": "", **body}, follow=True)  # type: ignore[return-value]  # the test client's own


def test_it_is_read_on_the_appointment_the_board_and_the_paper(
    claire: Client, booked: Appointment
) -> None:
    answer = write(claire, booked, PRAM)
    assert "C’est noté." in text(answer)
    assert "claire@example.org (accueil) a écrit une remarque." in text(answer)
    assert PRAM in answer.content.decode()
    assert PRAM in text(claire.get(board_of(booked)))
    printed = f"/equipe/aujourdhui/{booked.centre.slug}/imprimer/?jour={tomorrow():%Y-%m-%d}"
    assert PRAM in text(claire.get(printed))


def test_no_family_reads_it(claire: Client, booked: Appointment, client: Client) -> None:
    write(claire, booked, PRAM)
    path = f"/r/{manage_token(booked)}/"
    for name in ("", "imprimer/", "calendrier.ics"):
        assert PRAM not in client.get(path + name).content.decode()


def test_it_is_removed_by_one_press(claire: Client, booked: Appointment) -> None:
    write(claire, booked, PRAM)
    answer = write(claire, booked, PRAM, seen=PRAM, vider="1")
    assert "Il n’y a plus de remarque." in text(answer)
    assert not AppointmentRemark.objects.exists()


def test_what_is_too_long_is_told_by_how_much_and_nothing_is_lost(
    claire: Client, booked: Appointment
) -> None:
    long = "a" * 213
    answer = write(claire, booked, long)
    assert answer.status_code == 422
    assert "200 caractères au plus : il y en a 13 de trop." in text(answer)
    assert long in answer.content.decode()
    assert "C’est noté." in text(write(claire, booked, "a" * 200))


def test_the_second_of_two_who_write_at_once_is_told_what_stands_and_keeps_its_text(
    claire: Client, booked: Appointment, centre: Centre
) -> None:
    paul = at_desk(centre, email="paul@example.org")
    write(paul, booked, PRAM)
    answer = write(claire, booked, "Vient avec sa sœur")
    assert answer.status_code == 409
    assert f"paul@example.org (accueil) a noté : « {PRAM} »" in text(answer)
    page = answer.content.decode()
    assert "Vient avec sa sœur</textarea>" in page
    assert f'name="seen" value="{PRAM}"' in page
    assert "C’est noté." in text(write(claire, booked, "Vient avec sa sœur", seen=PRAM))


def test_of_a_discreet_type_it_is_for_those_concerned_alone(
    claire: Client, centre: Centre, shift: Shift
) -> None:
    discreet = make_shift(
        starts_at=tomorrow("14:00"), site=shift.site, types=[make_type(is_discreet=True)]
    )
    booked = make_appointment(discreet, guardian=make_guardian())
    boss = at_desk(centre, email="boss@example.org", role="manager")
    write(boss, booked, PRAM)
    for path in (page_of(booked), board_of(booked)):
        assert PRAM in boss.get(path).content.decode()
        assert PRAM not in claire.get(path).content.decode()
    answer = write(claire, booked, "Autre chose", seen=PRAM)
    assert answer.status_code == 403
    assert "à son professionnel et au responsable" in text(answer)
    assert AppointmentRemark.objects.get().text == PRAM


@pytest.mark.parametrize("typed", ["Vient avec\nsa <sœur>", "a" * 213])
def test_who_may_not_know_any_more_gets_back_what_was_typed_and_nothing_else(
    claire: Client, booked: Appointment, centre: Centre, typed: str
) -> None:
    boss = at_desk(centre, email="boss@example.org", role="manager")
    assert 'name="text"' in claire.get(page_of(booked)).content.decode()
    write(boss, booked, PRAM)
    AppointmentType.objects.filter(pk=booked.type_id).update(is_discreet=True)
    answer = write(claire, booked, typed)
    page = answer.content.decode()
    assert answer.status_code == 403
    assert f"{escape(typed)}</textarea>" in page
    for secret in (PRAM, str(booked.guardian), booked.type.label):
        assert secret not in page
    assert AppointmentRemark.objects.get().text == PRAM


def test_who_typed_nothing_gets_no_box_to_copy_from(claire: Client, booked: Appointment) -> None:
    AppointmentType.objects.filter(pk=booked.type_id).update(is_discreet=True)
    answer = write(claire, booked, "")
    assert answer.status_code == 403
    assert "<textarea" not in answer.content.decode()


def test_of_what_was_cancelled_nobody_writes_one(claire: Client, booked: Appointment) -> None:
    Appointment.objects.filter(pk=booked.pk).update(state="cancelled")
    assert "remarque/" not in claire.get(page_of(booked)).content.decode()
    assert write(claire, booked, PRAM).status_code == 409


def test_another_centre_s_is_not_found(claire: Client) -> None:
    other = make_appointment(make_shift(), guardian=make_guardian())
    assert write(claire, other, PRAM).status_code == 404


def test_the_board_asks_as_much_with_one_remark_as_with_ten(
    claire: Client, booked: Appointment, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    actor = Actor("agent", "claire@example.org")
    claire.get(board_of(booked))
    with django_assert_num_queries(QUERIES):
        claire.get(board_of(booked))
    for hour in range(1, 10):
        later = booked.shift.starts_at + timedelta(hours=hour)
        other = make_appointment(
            make_shift(starts_at=later, types=[booked.type], site=booked.site),
            guardian=booked.guardian,
        )
        actions.write_remark(uid=other.uid, text=PRAM, seen="", now=other.created_at, actor=actor)
    with django_assert_num_queries(QUERIES):
        assert claire.get(board_of(booked)).content.decode().count(PRAM) == 9
