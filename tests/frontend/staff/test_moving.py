"""Moving an appointment at the desk: dropped in the grid, or chosen from a day's free times."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from booking import actions
from booking.actors import Actor
from booking.models import Appointment, FamilyRead, Household
from centres.calendar import to_minute
from centres.models import Absence, Centre, Closure, Shift
from frontend.moving import told
from notifications.models import OutboxMessage
from tests.factories import (
    PARIS,
    make_appointment,
    make_centre,
    make_child,
    make_department,
    make_guardian,
    make_practitioner,
    make_shift,
    make_site,
    make_type,
)
from tests.frontend.pages import plain, read, text
from tests.frontend.staff.people import at_desk
from tests.frontend.staff.test_calendar import free_time, tomorrow

pytestmark = pytest.mark.django_db


@pytest.fixture
def centre() -> Centre:
    return make_centre(name="CDAS de Redon")


@pytest.fixture
def shift(centre: Centre) -> Shift:
    return make_shift(starts_at=tomorrow(), site=make_site(centre))


@pytest.fixture
def booked(shift: Shift) -> Appointment:
    guardian = make_guardian(phone="+33639981234")
    make_child(guardian)
    return make_appointment(shift, guardian=guardian)


@pytest.fixture
def claire(centre: Centre) -> Client:
    return at_desk(centre)


def drop(client: Client, booked: Appointment, clock: str, column: str = "", **more: Any) -> Any:
    body = {
        "id": booked.pk,
        "seen": booked.sequence,
        "at": tomorrow(clock).strftime("%Y-%m-%dT%H:%M"),
        "column": column or f"p{booked.practitioner_id}",
    }
    answer = client.post(f"/equipe/calendrier/{booked.centre.slug}/glisser/", body | more)
    booked.refresh_from_db()
    return answer


def said(answer: HttpResponse) -> str:
    return plain(answer.json()["said"])  # type: ignore[attr-defined]


def test_a_block_let_go_near_a_free_time_is_moved_there_and_the_family_told(
    claire: Client, booked: Appointment
) -> None:
    answer = drop(claire, booked, "10:05")
    assert answer.status_code == 200
    assert booked.starts_at == tomorrow("10:00")
    assert "à 10 h. La famille reçoit un message." in said(answer)
    assert booked.actor == "claire@example.org"
    assert OutboxMessage.objects.filter(subject_ref=str(booked.uid), state="planned").exists()


def test_a_quarter_of_an_hour_is_a_move_too(claire: Client, booked: Appointment) -> None:
    assert drop(claire, booked, "09:15").status_code == 200
    assert drop(claire, booked, "09:00").status_code == 200
    assert booked.starts_at == tomorrow("09:00")


def test_what_lands_where_it_was_is_not_called_moved(claire: Client, booked: Appointment) -> None:
    answer = drop(claire, booked, "09:05")
    assert said(answer) == "Le rendez-vous reste où il était."
    assert booked.sequence == 0
    assert not OutboxMessage.objects.exists()


def test_it_goes_to_another_person_or_another_place(
    claire: Client, centre: Centre, booked: Appointment
) -> None:
    kinds = [booked.type]
    other = make_shift(starts_at=tomorrow(), types=kinds, site=make_site(centre))
    drop(claire, booked, "09:00", f"p{other.practitioner_id}")
    assert (booked.practitioner_id, booked.site_id) == (other.practitioner_id, other.site_id)
    site = Shift.objects.exclude(pk=other.pk).get().site
    drop(claire, booked, "10:00", f"s{site.pk}")
    assert booked.site == site


def test_a_session_takes_whoever_is_let_go_in_it(claire: Client, centre: Centre) -> None:
    group = make_type(mode="group", capacity=8)
    site = make_site(centre)
    first = make_shift(starts_at=tomorrow(), types=[group], seats=8, site=site)
    later = make_shift(
        starts_at=tomorrow("14:00"),
        types=[group],
        seats=8,
        site=site,
        practitioner=first.practitioner,
    )
    booked = make_appointment(first)
    assert drop(claire, booked, "15:10").status_code == 200
    assert booked.shift == later


def taken(booked: Appointment) -> None:
    make_appointment(booked.shift, starts_at=tomorrow("10:00"))


def held(booked: Appointment) -> None:
    make_appointment(
        booked.shift,
        state="held",
        guardian=None,
        starts_at=tomorrow("10:00"),
        expires_at=timezone.now() + timedelta(minutes=9),
    )


def held_for_days(booked: Appointment, **how: Any) -> None:
    make_appointment(
        booked.shift,
        state="held",
        starts_at=tomorrow("10:00"),
        expires_at=timezone.now() + timedelta(hours=48),
        **how,
    )


def proposed(booked: Appointment) -> None:
    moves = make_appointment(booked.shift, starts_at=tomorrow("11:30"))
    held_for_days(booked, moves=moves, booked_via="agent")


def offered(booked: Appointment) -> None:
    held_for_days(booked, actor="waiting-list")


def given_back(booked: Appointment) -> None:
    later = timezone.now() + timedelta(minutes=20)
    make_appointment(booked.shift, state="cancelled", starts_at=tomorrow("10:00"), reoffer_at=later)


HOURS = ("10:00", "10:30")


def _close(booked: Appointment) -> dict[str, Any]:
    hours = list(map(tomorrow, HOURS))
    minutes = [int(at.timestamp()) // 60 for at in hours]
    Shift.objects.filter(pk=booked.shift_id).update(closed=minutes)
    return {"starts_at": hours[0], "ends_at": hours[1]}


def away(booked: Appointment) -> None:
    Absence.objects.create(practitioner=booked.practitioner, **_close(booked))


def shut(booked: Appointment) -> None:
    department = booked.centre.department
    Closure.objects.create(department=department, label="Travaux", **_close(booked))


def shut_here_and_elsewhere(booked: Appointment) -> None:
    """Another place of the centre is closed all day, and somebody is away in the afternoon."""
    shut(booked)
    hours = {"starts_at": tomorrow("07:00"), "ends_at": tomorrow("19:00")}
    department, other = booked.centre.department, make_site(booked.centre)
    Closure.objects.create(department=department, site=other, label="Ailleurs", **hours)
    hours["starts_at"] = tomorrow("14:00")
    Absence.objects.create(practitioner=booked.practitioner, **hours)


def nothing(booked: Appointment) -> None:
    pass


REFUSED: list[tuple[Callable[[Appointment], None], str, str]] = [
    (taken, "10:00", "a déjà un rendez-vous de 10 h à 10 h 30."),
    (held, "10:00", "Quelqu’un remplit ce créneau, jusqu’à"),
    (proposed, "10:00", "Proposé à une famille, dont on attend la réponse."),
    (offered, "10:00", "Proposé à une famille en attente, jusqu’au "),
    (given_back, "10:00", "Ce créneau vient d’être rendu : il est reproposé"),
    (away, "10:00", "est absent·e de 10 h à 10 h 30."),
    (shut, "10:00", "C’est fermé de 10 h à 10 h 30 : Travaux."),
    (shut_here_and_elsewhere, "10:00", "C’est fermé de 10 h à 10 h 30 : Travaux."),
    (nothing, "14:00", "ne reçoit pas à ce moment-là."),
    (nothing, "11:50", "Il n’y a pas 30 minutes libres à partir de 11 h 50."),
]


@pytest.mark.parametrize(("before", "clock", "why"), REFUSED)
def test_a_refusal_says_what_stands_there(
    claire: Client, booked: Appointment, before: Callable[[Appointment], None], clock: str, why: str
) -> None:
    before(booked)
    answer = drop(claire, booked, clock)
    assert answer.status_code == 409
    assert why in said(answer)
    assert booked.starts_at == tomorrow("09:00")


def test_who_does_not_receive_for_it_is_named(
    claire: Client, centre: Centre, booked: Appointment
) -> None:
    other = make_shift(starts_at=tomorrow(), site=booked.site)
    answer = drop(claire, booked, "10:00", f"p{other.practitioner_id}")
    assert f"{other.practitioner} ne reçoit pas pour ce motif" in said(answer)
    nobody = drop(claire, booked, "10:00", f"p{make_practitioner().pk}")
    assert "ne reçoit pas à ce moment-là" in said(nobody)
    place = drop(claire, booked, "10:00", f"s{make_site(centre).pk}")
    assert "Personne ne reçoit à cet endroit" in said(place)
    Shift.objects.filter(pk=other.pk).update(status="cancelled")
    called_off = drop(claire, booked, "10:00", f"p{other.practitioner_id}")
    assert "Cette demi-journée" in said(called_off)


def test_nobody_of_another_departement_is_named(
    claire: Client, centre: Centre, booked: Appointment
) -> None:
    stranger = make_practitioner(make_department(code="56"), last_name="Kerboul")
    answer = drop(claire, booked, "10:00", f"p{stranger.pk}")
    assert said(answer) == "Personne ne reçoit à cet endroit à ce moment-là."
    start = free_time(booked.shift).partition("-")[0]
    choice = f"{start}-{booked.site_id}-{stranger.pk}"
    assert claire.get(page_of(booked), {"vers": choice}).status_code == 404


def test_that_no_message_can_reach_the_family_is_said(claire: Client, booked: Appointment) -> None:
    Household.objects.update(contact_by="none")
    answer = drop(claire, booked, "10:00")
    assert said(answer).endswith("Aucun message possible : la famille est dans « À appeler ».")
    assert not OutboxMessage.objects.filter(state="planned", version=1).exists()
    page = claire.post(
        page_of(booked), {"vers": free_time(booked.shift, "11:00"), "version": booked.sequence}
    )
    assert "Aucun message possible" in read(claire, page["Location"])


@pytest.mark.parametrize(
    ("later", "when"),
    [
        (timedelta(), "La famille reçoit un message."),
        (timedelta(hours=2), "Le message à la famille part à 22 h."),
        (timedelta(hours=12), "Le message à la famille part le mardi 2 mars à 8 h."),
    ],
)
def test_a_message_that_waits_for_the_morning_is_said_to(
    booked: Appointment, later: timedelta, when: str
) -> None:
    now = datetime(2027, 3, 1, 20, tzinfo=PARIS)
    actor = Actor("agent", "claire@example.org")
    Appointment.objects.update(sequence=0)
    moved = actions.move_to(
        uid=booked.uid, start=to_minute(tomorrow("10:00")), now=timezone.now(), actor=actor
    )
    leaves = now + later
    OutboxMessage.objects.update(send_at=leaves, valid_until=leaves + timedelta(days=1))
    assert plain(told(moved, seen=0, now=now)).endswith(when)


def test_an_old_page_moves_nothing_and_nonsense_is_refused(
    claire: Client, booked: Appointment
) -> None:
    assert drop(claire, booked, "10:00").status_code == 200
    old = drop(claire, booked, "11:00", seen=0)
    assert (old.status_code, "a changé entre-temps" in said(old)) == (409, True)
    assert drop(claire, booked, "10:00", at="hier").status_code == 400
    for wrong in ({"id": "x"}, {"seen": ""}, {"id": 10**19}):
        assert drop(claire, booked, "10:00", **wrong).status_code == 400
    assert drop(claire, booked, "10:00", id=10**17).status_code == 404
    for column in ("x1", "p", "p1;", "s٣"):
        assert drop(claire, booked, "10:00", column).status_code == 400
    assert booked.starts_at == tomorrow("10:00")


def test_another_centre_s_appointment_is_not_found(claire: Client, booked: Appointment) -> None:
    other = make_appointment(make_shift(starts_at=tomorrow()))
    assert drop(claire, other, "10:00").status_code == 404
    path = f"/equipe/calendrier/{booked.centre.slug}/glisser/"
    assert claire.post(path, {"id": other.pk, "seen": 0}).status_code == 404
    for method in (claire.get, claire.post):
        assert method(page_of(other)).status_code == 404


def page_of(booked: Appointment) -> str:
    return f"/equipe/rendez-vous/{booked.spoken_reference}/deplacer/"


def test_without_dragging_a_day_a_time_and_a_press_are_enough(
    claire: Client, booked: Appointment
) -> None:
    page = claire.get(page_of(booked)).content.decode()
    later = free_time(booked.shift, "10:30")
    assert f"?vers={later}" in page
    assert f"?vers={free_time(booked.shift)}" not in page, "where it is already"
    sure = read(claire, page_of(booked), vers=later)
    assert "à 10 h 30" in sure
    assert "à 9 h" in sure
    answer = claire.post(page_of(booked), {"vers": later, "version": booked.sequence})
    assert answer["Location"] == page_of(booked).removesuffix("deplacer/")
    booked.refresh_from_db()
    assert booked.starts_at == tomorrow("10:30")
    told = read(claire, answer["Location"])
    assert "Déplacé au" in told
    assert "La famille reçoit un message." in told
    assert FamilyRead.objects.filter(household=booked.household_id).exists()


def test_days_without_free_times_lead_to_those_that_have_some(
    claire: Client, booked: Appointment
) -> None:
    other = make_shift(starts_at=tomorrow(days=3), types=[booked.type], site=booked.site)
    page = read(claire, page_of(booked), le=tomorrow(days=2).date().isoformat())
    assert "Rien n’est libre ce jour-là" in page
    assert "Autres jours avec des créneaux libres" in page
    sought = claire.get(page_of(booked), {"le": other.starts_at.date().isoformat()})
    assert f"?vers={free_time(other).partition('-')[0]}" not in sought.content.decode()
    for wrong in ({"le": "demain"}, {"le": "9999-01-01"}, {"vers": "x"}, {"vers": "1-0-0"}):
        assert claire.get(page_of(booked), wrong).status_code == 404


def test_a_time_taken_while_it_was_looked_at_is_said_with_others_still_free(
    claire: Client, booked: Appointment
) -> None:
    later = free_time(booked.shift, "10:00")
    taken(booked)
    answer = claire.post(page_of(booked), {"vers": later, "version": booked.sequence})
    assert answer.status_code == 409
    page = text(answer)
    assert "Le rendez-vous n’a pas bougé" in page
    assert "a déjà un rendez-vous de 10 h à 10 h 30" in page
    assert "11 h" in page


def test_what_is_over_is_not_moved(claire: Client, booked: Appointment) -> None:
    Appointment.objects.update(state="noshow")
    assert "ne se déplace plus" in read(claire, page_of(booked))
    assert "Déplacer" not in read(claire, page_of(booked).removesuffix("deplacer/"))
