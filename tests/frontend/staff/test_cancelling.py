"""Cancelling an appointment at the desk: why, what the family is told, what stands in the way."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from booking import actions
from booking.messages import leave_to_desk
from booking.models import Appointment, AppointmentEvent, FamilyRead
from centres.models import Centre, Shift
from notifications.models import OutboxMessage
from tests.booking.scene import AGENT
from tests.factories import (
    make_appointment,
    make_guardian,
    make_shift,
    make_site,
)
from tests.frontend.pages import text
from tests.frontend.staff.test_calendar import tomorrow
from tests.frontend.staff.test_moving import booked, centre, claire, shift

__all__ = ["booked", "centre", "claire", "shift"]
pytestmark = pytest.mark.django_db
Post = OutboxMessage.objects
QUERIES = 9


def page_of(booked: Appointment) -> str:
    return f"/equipe/rendez-vous/{booked.spoken_reference}/annuler/"


def cancel(
    client: Client, booked: Appointment, why: str = "family", version: object = None
) -> HttpResponse:
    version = booked.sequence if version is None else version
    answer = client.post(page_of(booked), {"why": why, "version": version}, follow=True)
    booked.refresh_from_db()
    return answer  # type: ignore[return-value]  # the test client's own


def test_a_family_that_phoned_is_told_that_it_is_cancelled_and_by_whom_is_kept(
    claire: Client, booked: Appointment
) -> None:
    answer = cancel(claire, booked, "unavailable")
    assert booked.state == "cancelled"
    assert "Rendez-vous annulé." in text(answer)
    assert {row.kind for row in Post.filter(subject_ref=str(booked.uid))} == {"cancelled"}
    event = AppointmentEvent.objects.filter(appointment=booked).latest("pk")
    assert (event.action, event.actor) == ("cancel", "claire@example.org")
    assert "Motif : La famille n’est plus disponible ce jour-là." in text(answer)


def test_a_family_the_centre_cannot_receive_is_told_so_by_every_way(
    claire: Client, booked: Appointment
) -> None:
    cancel(claire, booked, "centre")
    told = Post.filter(subject_ref=str(booked.uid), state="planned")
    assert {row.kind for row in told} == {"closed"}
    assert {row.channel for row in told} >= {"sms"}


def test_a_family_no_message_reaches_is_to_be_phoned_when_the_centre_cancels(
    claire: Client, shift: Shift
) -> None:
    booked = make_appointment(shift, guardian=make_guardian(email="", phone=""))
    assert "Aucun moyen d’écrire à cette famille" in text(claire.get(page_of(booked)))
    answer = cancel(claire, booked, "centre")
    assert "la famille est dans « À appeler »" in text(answer)


def test_one_that_asked_itself_is_on_no_list_of_calls(claire: Client, shift: Shift) -> None:
    booked = make_appointment(shift, guardian=make_guardian(email="", phone=""))
    answer = cancel(claire, booked)
    assert booked.state == "cancelled"
    assert "À appeler »" not in text(answer)
    assert not Post.filter(subject_ref=str(booked.uid)).exists()


def test_its_time_is_free_again(claire: Client, booked: Appointment, shift: Shift) -> None:
    cancel(claire, booked)
    shift.refresh_from_db()
    assert shift.busy == []


def test_a_time_at_which_the_centre_cannot_receive_is_shown_as_such_and_moved_to_by_nobody(
    claire: Client, booked: Appointment, shift: Shift
) -> None:
    cancel(claire, booked, "centre")
    board = claire.get(f"/equipe/aujourdhui/{shift.centre.slug}/?jour={tomorrow():%Y-%m-%d}")
    assert "Annulé par le centre, n’est pas reproposé" in text(board)
    history = claire.get(f"/equipe/rendez-vous/{booked.spoken_reference}/")
    assert text(history).count("le centre ne peut pas recevoir la famille") == 1
    assert "Motif" not in text(history)


def test_a_colleague_who_was_faster_is_said_and_not_taken_for_oneself(
    claire: Client, booked: Appointment
) -> None:
    page = claire.get(page_of(booked))
    actions.cancel(uid=booked.uid, now=timezone.now(), actor=AGENT)
    booked.refresh_from_db()
    answer = cancel(claire, booked, version=0)
    assert "Ce rendez-vous était déjà annulé." in text(answer)
    assert page.status_code == 200


def test_the_page_says_what_is_cancelled_and_offers_to_move_it_instead(
    claire: Client, booked: Appointment
) -> None:
    answer = claire.get(page_of(booked))
    assert "06 39 98 12 34" in answer.content.decode()
    assert f"/equipe/rendez-vous/{booked.spoken_reference}/deplacer/" in answer.content.decode()
    read = FamilyRead.objects.get()
    assert (read.household_id, read.page) == (booked.household_id, "appointment")


def test_the_appointment_and_its_family_lead_there(claire: Client, booked: Appointment) -> None:
    for path in (
        f"/equipe/rendez-vous/{booked.spoken_reference}/",
        f"/equipe/familles/{booked.household_id}/",
    ):
        assert page_of(booked) in claire.get(path).content.decode()
    cancel(claire, booked)
    after = claire.get(f"/equipe/rendez-vous/{booked.spoken_reference}/").content.decode()
    assert page_of(booked) not in after
    assert f"/equipe/familles/{booked.household_id}/rendez-vous/" in after


def test_moved_meanwhile_it_is_shown_anew_and_nothing_is_cancelled(
    claire: Client, booked: Appointment
) -> None:
    Appointment.objects.filter(pk=booked.pk).update(sequence=4)
    answer = cancel(claire, booked, "centre", version=0)
    assert answer.status_code == 409
    assert booked.state == "booked"
    assert "Rien n’est annulé" in text(answer)
    page = answer.content.decode()
    assert 'name="version" value="4"' in page
    assert 'value="centre" required id="id_why_6" checked' in page  # what was chosen stays chosen


def test_a_second_press_finds_it_cancelled_already(claire: Client, booked: Appointment) -> None:
    cancel(claire, booked)
    answer = cancel(claire, booked)
    assert "Ce rendez-vous était déjà annulé." in text(answer)
    assert booked.sequence == 1


@pytest.mark.parametrize("state", ["arrived", "in_progress", "fulfilled", "noshow"])
def test_what_is_under_way_or_over_is_not_cancelled(
    claire: Client, booked: Appointment, state: str
) -> None:
    Appointment.objects.filter(pk=booked.pk).update(state=state)
    assert "ne s’annule plus" in text(claire.get(page_of(booked)))
    assert cancel(claire, booked).status_code == 409
    assert booked.state == state


def test_what_is_past_is_a_no_show_and_not_cancelled(claire: Client, centre: Centre) -> None:
    gone = make_shift(starts_at=timezone.now() - timedelta(days=1), site=make_site(centre))
    booked = make_appointment(gone, guardian=make_guardian())
    assert "notez-le sur le tableau" in text(claire.get(page_of(booked)))
    assert cancel(claire, booked).status_code == 409
    assert booked.state == "booked"


@pytest.mark.parametrize(
    "body",
    [
        {"why": "", "version": "0"},
        {"why": "fatigue", "version": "0"},
        {"why": "family", "version": ""},
        {"why": "family", "version": "-1"},
        {"why": "family\0", "version": "0"},
        {},
    ],
)
def test_what_is_no_answer_is_refused_and_changes_nothing(
    claire: Client, booked: Appointment, body: dict[str, str]
) -> None:
    answer = claire.post(page_of(booked), body)
    assert answer.status_code == 422
    booked.refresh_from_db()
    assert (booked.state, Post.count()) == ("booked", 0)


def test_the_page_asks_as_much_of_one_appointment_as_of_ten(
    claire: Client, shift: Shift, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    first = make_appointment(shift, guardian=make_guardian())
    claire.get(page_of(first))  # what is read once
    with django_assert_num_queries(QUERIES):
        claire.get(page_of(first))
    for hour in range(1, 10):
        later = shift.starts_at + timedelta(days=hour)
        other = make_shift(starts_at=later, types=[first.type], site=shift.site)
        make_appointment(other, guardian=first.guardian)
    with django_assert_num_queries(QUERIES):
        claire.get(page_of(first))


def test_an_unknown_reference_is_not_found(claire: Client) -> None:
    assert claire.get("/equipe/rendez-vous/AAAA-AAAA/annuler/").status_code == 404


def undo(client: Client, booked: Appointment) -> HttpResponse:
    answer = client.post(f"/equipe/rendez-vous/{booked.spoken_reference}/retablir/", follow=True)
    booked.refresh_from_db()
    return answer  # type: ignore[return-value]  # the test client's own


def test_within_the_minute_one_press_takes_it_back_before_anybody_is_told(
    claire: Client, booked: Appointment
) -> None:
    answer = cancel(claire, booked, "centre")
    # After midnight it says the day too.
    leaves = r"Le message à la famille part (le [^.]*\s)?à\s\d{1,2}\sh"
    assert re.search(leaves, text(answer))
    assert re.search(r"Annuler l’annulation encore (60|5\d) secondes", text(answer))
    answer = undo(claire, booked)
    assert booked.state == "booked"
    assert "le rendez-vous aura bien lieu. Aucun message n’était parti." in text(answer)
    assert "déjà été prévenue" not in text(answer)
    assert "claire@example.org (accueil) a annulé l’annulation" in text(answer)
    assert not Post.filter(state="planned").exists()
    assert "Annuler l’annulation" not in text(answer)


def test_who_was_still_to_be_phoned_about_something_else_is_named_as_such(
    claire: Client, booked: Appointment
) -> None:
    leave_to_desk("moved", [booked], now=timezone.now() - timedelta(minutes=5))
    cancel(claire, booked, "centre")
    answer = undo(claire, booked)
    assert "Aucun message n’était parti. La famille reste à appeler." in text(answer)


def test_when_the_message_has_left_another_one_says_that_it_stands(
    claire: Client, booked: Appointment
) -> None:
    cancel(claire, booked, "centre")
    Post.update(state="sent", sent_at=timezone.now())
    answer = undo(claire, booked)
    assert "La famille avait déjà été prévenue de l’annulation." in text(answer)
    assert {row.kind for row in Post.filter(state="planned")} == {"confirmation"}


def test_who_has_its_time_meanwhile_is_named_and_it_stays_cancelled(
    claire: Client, booked: Appointment, shift: Shift
) -> None:
    cancel(claire, booked)
    make_appointment(shift, guardian=make_guardian())
    answer = undo(claire, booked)
    assert booked.state == "cancelled"
    assert "Le rendez-vous reste annulé." in text(answer)
    assert "a déjà un rendez-vous de 9 h à 9 h 30." in text(answer)


def test_after_the_minute_it_is_offered_no_more_and_refused(
    claire: Client, booked: Appointment
) -> None:
    cancel(claire, booked)
    Appointment.objects.update(changed_at=timezone.now() - timedelta(seconds=61))
    page = claire.get(f"/equipe/rendez-vous/{booked.spoken_reference}/")
    assert "Annuler l’annulation" not in text(page)
    assert "La minute est passée" in text(undo(claire, booked))
    assert booked.state == "cancelled"


def test_what_was_not_cancelled_stays_as_it_is(claire: Client, booked: Appointment) -> None:
    assert "a changé entre-temps" in text(undo(claire, booked))
    assert claire.get(f"/equipe/rendez-vous/{booked.spoken_reference}/retablir/").status_code == 405


def test_another_centre_s_cancellation_is_not_found(claire: Client) -> None:
    other = make_appointment(make_shift(), guardian=make_guardian())
    assert undo(claire, other).status_code == 404
