"""Moving from the appointment's link: choose, hold, confirm; the old time is kept until then."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from dateutil.relativedelta import relativedelta
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from booking.access import hold_token
from booking.models import Appointment, Child
from booking.rules import TERM_DAYS
from booking.wording import NBSP
from centres.calendar import to_minute
from centres.models import AppointmentType, Shift
from centres.rollout import Stage
from frontend.templatetags.emgav import day_short
from frontend.week import week_name
from tests.factories import (
    make_appointment,
    make_centre,
    make_child,
    make_practitioner,
    make_shift,
    make_site,
    make_type,
)
from tests.frontend.pages import booked, exhaust, link, read, text

pytestmark = pytest.mark.django_db
State = Appointment.State


def value(shift: Shift, minutes: int) -> str:
    """What the button of a time sends."""
    return f"{to_minute(shift.starts_at) + minutes}-{shift.site_id}"


def chosen(client: Client, appointment: Appointment, minutes: int = 60) -> Appointment:
    """The new time held for the appointment by its button."""
    response = client.post(
        link(appointment, "move"), {"creneau": value(appointment.shift, minutes)}
    )
    held = Appointment.objects.get(moves=appointment, state=State.HELD)
    expected = link(appointment, "move-confirm", hold_token(held))
    assert response.headers["Location"] == expected
    return held


def confirm_url(appointment: Appointment, held: Appointment) -> str:
    return link(appointment, "move-confirm", hold_token(held))


def place(appointment: Appointment) -> tuple[str, datetime, int]:
    appointment.refresh_from_db()
    return appointment.state, appointment.starts_at, appointment.sequence


def test_it_lists_the_other_times_of_the_same_type_and_centre(client: Client) -> None:
    page = read(client, link(booked(), "move"))
    assert "9 h 30" in page
    assert "11 h 30" in page
    assert "Il reste à vous tant que la nouvelle date n’est pas confirmée" in page


def test_it_lists_only_times_the_child_is_not_too_old_for(client: Client) -> None:
    """Two months old now, three in five weeks; the type is for children up to two."""
    kind = make_type(age_max_months=2, notice_min=0)
    near, elsewhere = make_site(), make_site(make_centre(name="CDAS de Vitré"))
    first = make_shift(site=near, types=[kind])
    late = first.starts_at + timedelta(days=35)
    for site in (near, elsewhere):
        make_shift(site=site, types=[kind], starts_at=late, practitioner=make_practitioner())
    child = make_child(born_on=first.starts_at.date() - relativedelta(months=2, days=10))
    appointment = booked(shift=first, guardian=child.guardians.get(), child=child)
    page = read(client, link(appointment, "move"))
    assert "9 h 30" in page
    assert "CDAS de Vitré" not in page
    assert "9 h 30" not in read(client, link(appointment, "move"), semaine=week_name(late.date()))
    Child.objects.update(born_on=first.starts_at.date())
    assert "CDAS de Vitré" in read(client, link(appointment, "move"))


@pytest.mark.parametrize(("weeks", "is_listed"), [(14, True), (13, False)])
def test_it_lists_only_times_the_pregnancy_fits(
    client: Client, weeks: int, *, is_listed: bool
) -> None:
    """At the appointment the pregnancy has lasted 13 weeks; a week later, 14."""
    pregnancy = AppointmentType.Audience.PREGNANCY
    kind = make_type(audience=pregnancy, week_max=weeks, notice_min=0)
    shift = make_shift(types=[kind])
    later = shift.starts_at + timedelta(days=7)
    make_shift(site=shift.site, types=[kind], starts_at=later, practitioner=shift.practitioner)
    due_on = shift.starts_at.date() + timedelta(days=TERM_DAYS - 13 * 7)
    appointment = booked(shift=shift, due_on=due_on)
    page = read(client, link(appointment, "move"), semaine=week_name(later.date()))
    assert (day_short(later).replace(NBSP, " ") in page) is is_listed


def test_a_time_pressed_is_held_and_the_old_one_kept(client: Client) -> None:
    appointment = booked()
    before = place(appointment)
    held = chosen(client, appointment)
    assert held.starts_at == appointment.starts_at + timedelta(minutes=60)
    assert place(appointment) == before
    page = read(client, confirm_url(appointment, held))
    assert "Nouvelle date" in page
    assert "10 h" in page
    assert "À la place de" in page
    assert "Ce créneau est retenu pour vous jusqu’à" in page


def test_confirming_moves_it_and_says_so(client: Client) -> None:
    appointment = booked()
    held = chosen(client, appointment)
    response = client.post(confirm_url(appointment, held), follow=True)
    assert place(appointment) == (State.BOOKED, held.starts_at, 1)
    assert "Votre rendez-vous est déplacé" in text(response)


def test_choosing_again_gives_the_first_choice_back(client: Client) -> None:
    appointment = booked()
    first = chosen(client, appointment, 60)
    client.post(link(appointment, "move"), {"creneau": value(appointment.shift, 90)})
    first.refresh_from_db()
    assert first.state == State.LAPSED
    assert Appointment.objects.filter(moves=appointment, state=State.HELD).count() == 1


def test_more_time_can_be_asked_for_once(client: Client) -> None:
    appointment = booked()
    held = chosen(client, appointment)
    extend = f"{confirm_url(appointment, held)}?prolonger=1"
    assert client.post(extend).status_code == 302
    held.refresh_from_db()
    assert held.is_extended
    assert client.post(extend).status_code == 409
    assert "plus de temps" not in read(client, confirm_url(appointment, held))


@pytest.mark.parametrize("method", ["get", "post"])
def test_when_the_hold_is_over_the_old_time_is_kept_and_it_says_so(
    client: Client, method: str
) -> None:
    appointment = booked()
    held = chosen(client, appointment)
    before = place(appointment)
    Appointment.objects.filter(pk=held.pk).update(expires_at=datetime.now(UTC))
    response = getattr(client, method)(confirm_url(appointment, held))
    assert response.status_code == 410
    assert "Votre rendez-vous est gardé" in text(response)
    assert "Choisir un autre horaire" in text(response)
    assert place(appointment) == before


def test_a_second_press_and_the_back_button_find_it_moved(client: Client) -> None:
    appointment = booked()
    held = chosen(client, appointment)
    url = confirm_url(appointment, held)
    client.post(url)
    for response in (client.post(url), client.get(url)):
        assert response.headers["Location"] == f"{link(appointment)}?deplace=1"
    assert place(appointment)[2] == 1


def test_a_time_just_taken_is_refused_with_the_nearest_ones(client: Client) -> None:
    appointment = booked()
    shift = appointment.shift
    make_appointment(shift, starts_at=shift.starts_at + timedelta(minutes=60))
    response = client.post(link(appointment, "move"), {"creneau": value(shift, 60)})
    assert response.status_code == 409
    page = text(response)
    assert "Ce créneau vient d’être pris" in page
    assert "9 h 30" in page
    assert place(appointment)[0] == State.BOOKED


@pytest.mark.parametrize(
    ("sent", "status"),
    [("", 400), ("demain", 400), ("1-1", 409), ("99999999999-1", 400), ("999999999-1", 409)],
)
def test_a_time_no_button_sends_is_refused(client: Client, sent: str, status: int) -> None:
    appointment = booked()
    response = client.post(link(appointment, "move"), {"creneau": sent})
    assert response.status_code == status
    assert "Votre rendez-vous est gardé" in text(response)
    assert not Appointment.objects.filter(state=State.HELD).exists()


def test_a_hold_made_for_another_appointment_is_an_unknown_page(client: Client) -> None:
    mine, other = booked(), booked()
    theirs = chosen(client, other)
    plain = booked(state=State.HELD, expires_at=datetime.now(UTC) + timedelta(minutes=9))
    for held in (theirs, plain):
        for method in (client.get, client.post):
            assert method(confirm_url(mine, held)).status_code == 404
    assert client.get(link(mine, "move-confirm", "forged")).status_code == 404


def test_another_centre_can_be_chosen(client: Client) -> None:
    appointment = booked()
    elsewhere = make_site(make_centre(slug="vitre", name="CDAS de Vitré"))
    shift = make_shift(site=elsewhere, types=[appointment.type])
    assert "CDAS de Vitré" in read(client, link(appointment, "move"))
    assert "CDAS de Vitré" in read(client, link(appointment, "move"), centre="vitre")
    sent = {"creneau": value(shift, 30), "centre": "vitre"}
    client.post(link(appointment, "move"), sent)
    held = Appointment.objects.get(moves=appointment)
    client.post(confirm_url(appointment, held))
    appointment.refresh_from_db()
    assert appointment.centre.slug == "vitre"


def test_a_paused_centre_offers_its_phone_and_the_others(client: Client) -> None:
    appointment = booked()
    appointment.centre.stage = Stage.PAUSED
    appointment.centre.save()
    page = read(client, link(appointment, "move"))
    assert "Aucune autre date n’est libre en ligne" in page
    response = client.post(link(appointment, "move"), {"creneau": value(appointment.shift, 60)})
    assert response.status_code == 409
    assert read(client, link(appointment, "move"), status=404, centre="nowhere")


def test_a_week_that_does_not_exist_is_refused(client: Client) -> None:
    read(client, link(booked(), "move"), status=400, semaine="2026-W99")


def test_what_agents_book_is_moved_by_phone(client: Client) -> None:
    kind = make_type(booking=AppointmentType.Booking.AGENTS)
    appointment = booked(shift=make_shift(types=[kind]))
    assert "Déplacer" not in read(client, link(appointment))
    assert "Appelez le centre" in read(client, link(appointment, "move"), status=409)


def test_too_late_or_over_cannot_be_moved(client: Client) -> None:
    starts_at = datetime.now(UTC) + timedelta(minutes=30)
    late = booked(shift=make_shift(starts_at=starts_at))
    done = booked(state=State.CANCELLED)
    for appointment in (late, done):
        page = read(client, link(appointment, "move"), status=409)
        assert "02 99 71 00 00" in page


def test_too_many_presses_from_one_address_are_refused(client: Client) -> None:
    appointment = booked()
    exhaust("hold")
    response = client.post(link(appointment, "move"), {"creneau": value(appointment.shift, 60)})
    assert response.status_code == 429
    assert not Appointment.objects.filter(state=State.HELD).exists()


def test_the_list_costs_the_same_whatever_it_shows(client: Client) -> None:
    appointment = booked()
    counts = []
    for more in (0, 9):
        for number in range(more):
            site = make_site(make_centre())
            make_shift(site=site, types=[appointment.type])
            later = appointment.shift.starts_at + timedelta(days=number + 1)
            make_shift(
                starts_at=later,
                site=appointment.site,
                practitioner=appointment.practitioner,
                types=[appointment.type],
            )
        with CaptureQueriesContext(connection) as queries:
            client.get(link(appointment, "move"))
        counts.append(len(queries))
    # The appointment, its centre's sites, its times (twice when the next two weeks have none), all
    # centres, their next free times.
    assert counts[0] == counts[1] <= 6
