"""Type or child of an appointment put right at the desk: what can be chosen, what is said."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.http import HttpResponse
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from booking.actions.amending import shown
from booking.models import Appointment, FamilyRead
from centres.models import AppointmentType, Centre, Shift
from notifications.models import OutboxMessage
from tests.factories import (
    make_appointment,
    make_child,
    make_guardian,
    make_shift,
    make_type,
)
from tests.frontend.pages import text
from tests.frontend.staff.people import at_desk
from tests.frontend.staff.test_calendar import tomorrow
from tests.frontend.staff.test_moving import centre, claire

__all__ = ["centre", "claire"]
pytestmark = pytest.mark.django_db
QUERIES = 11


@pytest.fixture
def exam() -> AppointmentType:
    return make_type(label="Examen du 4e mois")


@pytest.fixture
def vaccine() -> AppointmentType:
    return make_type(label="Vaccination", duration_min=45)


@pytest.fixture
def shift(centre: Centre, exam: AppointmentType, vaccine: AppointmentType) -> Shift:
    site = make_shift(starts_at=tomorrow("14:00")).site
    site.centre = centre
    site.save()
    return make_shift(starts_at=tomorrow(), site=site, types=[exam, vaccine])


@pytest.fixture
def booked(shift: Shift, exam: AppointmentType) -> Appointment:
    guardian = make_guardian(phone="+33639981234")
    child = make_child(guardian, first_name="Ilyès")
    make_child(guardian, first_name="Lina")
    return make_appointment(shift, guardian=guardian, child=child, type=exam)


def page_of(booked: Appointment) -> str:
    return f"/equipe/rendez-vous/{booked.spoken_reference}/corriger/"


def amend(client: Client, booked: Appointment, kind: str, **body: object) -> HttpResponse:
    asked = {"kind": kind, "child": booked.child_id or "", "version": shown(booked), **body}
    answer = client.post(page_of(booked), asked, follow=True)
    booked.refresh_from_db()
    return answer  # type: ignore[return-value]  # the test client's own


def test_one_press_makes_it_another_type_and_tells_the_family(
    claire: Client, booked: Appointment, vaccine: AppointmentType
) -> None:
    OutboxMessage.objects.update(state="sent")
    assert page_of(booked) in claire.get(page_of(booked)[: -len("corriger/")]).content.decode()
    answer = amend(claire, booked, vaccine.slug)
    assert booked.type == vaccine
    assert "C’est corrigé. La famille reçoit un message." in text(answer)
    assert "claire@example.org (accueil) a corrigé le motif du rendez-vous" in text(answer)
    assert OutboxMessage.objects.filter(kind="corrected", state="planned").exists()


def test_the_other_twin_needs_no_message(
    claire: Client, booked: Appointment, exam: AppointmentType
) -> None:
    lina = booked.household.children.get(first_name="Lina")  # type: ignore[union-attr]
    answer = amend(claire, booked, exam.slug, child=lina.pk)
    assert booked.child == lina
    assert "C’est corrigé." in text(answer)
    assert "La famille" not in text(answer).split("C’est corrigé.")[1].split("Déplacer")[0]


def test_what_can_be_chosen_is_what_its_half_day_is_for_and_who_the_family_is(
    claire: Client, booked: Appointment
) -> None:
    make_type(label="Pesée")
    make_child(make_guardian(), first_name="Zoé")
    page = text(claire.get(page_of(booked)))
    for word in ("Examen du 4e mois, 30 min", "Vaccination, 45 min", "Ilyès, né·e le", "Lina"):
        assert word in page
    assert "Pesée" not in page
    assert "Zoé" not in page


def test_an_arrival_is_corrected_to_what_its_session_is_open_for(
    claire: Client, booked: Appointment, exam: AppointmentType, vaccine: AppointmentType
) -> None:
    AppointmentType.objects.filter(pk=exam.pk).update(booking="walk_in")
    assert "Vaccination, 45 min" in text(claire.get(page_of(booked)))  # type: ignore[arg-type]
    Appointment.objects.update(booked_via="door", state="arrived", is_overbooked=True, note="x")
    page = text(claire.get(page_of(booked)))  # type: ignore[arg-type]
    assert "Examen du 4e mois" in page
    assert "Vaccination" not in page
    assert amend(claire, booked, vaccine.slug).status_code == 422


def test_who_comes_right_after_is_named_and_moving_is_the_next_thing_to_do(
    claire: Client, booked: Appointment, shift: Shift, vaccine: AppointmentType
) -> None:
    make_appointment(
        shift,
        guardian=make_guardian(),
        type=booked.type,
        starts_at=booked.starts_at + timedelta(minutes=30),
    )
    answer = amend(claire, booked, vaccine.slug)
    assert answer.status_code == 409
    assert booked.type != vaccine
    assert "a déjà un rendez-vous de 9 h 30 à 10 h." in text(answer)
    page = answer.content.decode()
    assert f"/equipe/rendez-vous/{booked.spoken_reference}/deplacer/" in page
    assert f'value="{vaccine.slug}" required id="id_kind_1" checked' in page


def test_the_wrong_age_is_said(
    claire: Client, booked: Appointment, vaccine: AppointmentType
) -> None:
    AppointmentType.objects.filter(pk=vaccine.pk).update(age_min_months=100, age_max_months=120)
    answer = amend(claire, booked, vaccine.slug)
    assert answer.status_code == 422
    assert "pas prévu pour cet âge" in text(answer)


def test_a_child_is_asked_for_where_it_takes_one(
    claire: Client, booked: Appointment, exam: AppointmentType
) -> None:
    answer = amend(claire, booked, exam.slug, child="")
    assert answer.status_code == 422
    assert "Ce motif est pour un enfant" in text(answer)


def test_a_pregnancy_s_date_is_asked_for(
    claire: Client, booked: Appointment, vaccine: AppointmentType
) -> None:
    AppointmentType.objects.filter(pk=vaccine.pk).update(audience="pregnancy")
    answer = amend(claire, booked, vaccine.slug)
    assert answer.status_code == 422
    assert "Écrivez la date prévue" in text(answer)


def test_a_date_alone_is_put_right_and_no_message_leaves(
    claire: Client, booked: Appointment, exam: AppointmentType
) -> None:
    OutboxMessage.objects.update(state="sent")
    AppointmentType.objects.filter(pk=exam.pk).update(audience="pregnancy")
    due = booked.starts_at.date() + timedelta(days=90)
    Appointment.objects.filter(pk=booked.pk).update(child=None, due_on=due)
    booked.refresh_from_db()
    later = due + timedelta(days=4)
    boxes = {f"due_on_{part}": getattr(later, part) for part in ("day", "month", "year")}
    wrong = boxes | {"due_on_day": 32}
    assert "Le jour va de 1 à 31." in text(amend(claire, booked, exam.slug, **wrong))
    answer = amend(claire, booked, exam.slug, **boxes)
    assert booked.due_on == later
    assert "C’est corrigé." in text(answer)
    assert "a complété ce qui est noté pour le rendez-vous" in text(answer)
    assert not OutboxMessage.objects.filter(state="planned").exclude(kind="reminder").exists()


def test_changed_meanwhile_it_is_shown_anew_and_what_was_chosen_stays(
    claire: Client, booked: Appointment, vaccine: AppointmentType
) -> None:
    seen = shown(booked)
    Appointment.objects.filter(pk=booked.pk).update(sequence=4)
    answer = amend(claire, booked, vaccine.slug, version=seen)
    assert answer.status_code == 409
    assert f'name="version" value="{shown(booked)}"' in answer.content.decode()
    assert "C’est corrigé." in text(amend(claire, booked, vaccine.slug))


def test_to_choose_the_same_is_said(
    claire: Client, booked: Appointment, exam: AppointmentType
) -> None:
    assert "Rien n’a changé." in text(amend(claire, booked, exam.slug))


@pytest.mark.parametrize("state", ["cancelled", "fulfilled", "noshow"])
def test_what_is_over_is_not_corrected(
    claire: Client, booked: Appointment, vaccine: AppointmentType, state: str
) -> None:
    Appointment.objects.filter(pk=booked.pk).update(state=state)
    assert "ne se corrige plus" in text(claire.get(page_of(booked)))
    assert amend(claire, booked, vaccine.slug).status_code == 409


@pytest.mark.parametrize("body", [{"kind": "?"}, {"kind": ""}, {"child": "9"}, {"version": "x"}])
def test_what_no_page_can_send_is_refused(
    claire: Client, booked: Appointment, exam: AppointmentType, body: dict[str, str]
) -> None:
    asked = {"kind": exam.slug, "child": booked.child_id, "version": 0} | body
    assert claire.post(page_of(booked), asked).status_code == 422


def test_a_discreet_type_is_corrected_by_those_concerned(
    claire: Client, booked: Appointment, centre: Centre, exam: AppointmentType
) -> None:
    AppointmentType.objects.filter(pk=exam.pk).update(is_discreet=True)
    answer = claire.get(page_of(booked), follow=True)
    assert "à son professionnel et au responsable" in text(answer)  # type: ignore[arg-type]
    boss = at_desk(centre, email="boss@example.org", role="manager")
    assert "Examen du 4e mois" in text(boss.get(page_of(booked)))


def test_who_opens_it_is_on_record(claire: Client, booked: Appointment) -> None:
    claire.get(page_of(booked))
    assert FamilyRead.objects.get().page == "appointment"


def test_another_centre_s_is_not_found(claire: Client) -> None:
    other = make_appointment(make_shift(), guardian=make_guardian())
    assert claire.get(page_of(other)).status_code == 404


def test_the_page_asks_as_much_of_one_child_and_type_as_of_ten(
    claire: Client, booked: Appointment, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    claire.get(page_of(booked))
    with django_assert_num_queries(QUERIES):
        claire.get(page_of(booked))
    for _number in range(9):
        make_child(booked.guardian)  # type: ignore[arg-type]
    with django_assert_num_queries(QUERIES):
        claire.get(page_of(booked))
