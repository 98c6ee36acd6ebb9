"""The page of one appointment: what it shows in each state, and that looking changes nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from icalendar import Calendar
from pytest_django import DjangoAssertNumQueries

from booking.access import hold_token
from booking.models import Appointment, AppointmentEvent
from centres.models import AppointmentType, Shift
from tests.factories import make_appointment, make_centre, make_shift, make_site, make_type
from tests.frontend.pages import booked, link, read

pytestmark = pytest.mark.django_db
State = Appointment.State
PAGES = ["appointment", "ics", "print", "cancel", "move"]


def at(hours: float, **fields: object) -> Appointment:
    """An appointment that began (or begins) so many hours from now."""
    starts_at = datetime.now(UTC) + timedelta(hours=hours)
    site = make_site(certainty="sure")
    shift = make_shift(starts_at=starts_at, site=site, types=[make_type(notice_min=0)])
    return booked(shift=shift, **fields)


def test_it_says_when_where_with_whom_and_what_to_bring(client: Client) -> None:
    appointment = booked()
    page = read(client, link(appointment))
    assert "mardi" in page
    assert "9 h" in page
    assert "Espace des Halles 12, place du Parlement Redon" in page
    assert str(appointment.practitioner) in page
    assert "Carnet de santé Carte Vitale" in page
    assert f"{appointment.reference[:4]}-{appointment.reference[4:]}" in page
    assert "02 99 71 00 00" in page


def test_one_that_its_half_day_does_not_receive_any_more_says_not_to_come(client: Client) -> None:
    appointment = booked()
    assert "Ne venez pas" not in read(client, link(appointment))
    Shift.objects.update(status="cancelled")
    page = read(client, link(appointment))
    assert "Ne venez pas à ce moment-là" in page
    assert "02 99 71 00 00" in page
    Shift.objects.update(status="open")
    assert "Ne venez pas" not in read(client, link(appointment))


@pytest.mark.parametrize("name", ["appointment", "cancel"])
def test_the_ticket_names_the_door_not_the_centre_it_belongs_to(client: Client, name: str) -> None:
    site = make_site(make_centre(name="CDAS de Redon"), name="Permanence", town="Pipriac")
    page = client.get(link(make_appointment(make_shift(site=site)), name)).content.decode()
    ticket = page.split('class="ticket__text"')[1].split("</div>")[0]
    assert "Permanence, Pipriac" in ticket
    assert "CDAS de Redon" not in ticket


@pytest.mark.parametrize(
    ("address", "certainty", "is_said_unsure"),
    [
        ("", "sure", True),
        ("1 rue du Port", "placeholder", True),
        ("1 rue du Port", "likely", False),
    ],
)
def test_an_address_nobody_checked_is_never_given_as_sure(
    client: Client, address: str, certainty: str, is_said_unsure: bool
) -> None:
    site = make_site(address=address, certainty=certainty)
    page = read(client, link(make_appointment(make_shift(site=site))))
    assert ("Adresse à confirmer : appelez le centre au 02 99 71 00 00" in page) is is_said_unsure


def test_a_call_says_which_number_will_be_called_and_gives_no_place(client: Client) -> None:
    kind = make_type(mode=AppointmentType.Mode.PHONE)
    page = read(client, link(booked(shift=make_shift(types=[kind]))))
    assert "nous vous appelons" in page
    assert "06 39 98 12 34" in page
    assert "place du Parlement" not in page


@pytest.mark.parametrize(
    ("news", "state", "is_told"),
    [
        ("nouveau", State.BOOKED, True),
        ("nouveau", State.CANCELLED, False),
        ("deplace", State.BOOKED, True),
        ("deplace", State.CANCELLED, False),
    ],
)
def test_the_address_may_tell_news_only_if_they_are_true(
    client: Client, news: str, state: str, is_told: bool
) -> None:
    page = read(client, link(booked(state=state)), **{news: "1"})
    sentence = {"nouveau": "est confirmé", "deplace": "est déplacé"}[news]
    assert (sentence in page) is is_told


def test_each_state_has_its_own_words_and_what_can_still_be_done(client: Client) -> None:
    said = {
        "ahead": read(client, link(at(30))),
        "cancelled": read(client, link(at(30, state=State.CANCELLED))),
        "here": read(client, link(at(-0.1, state=State.ARRIVED))),
        "over": read(client, link(at(-2, state=State.FULFILLED))),
        "missed": read(client, link(at(-2, state=State.NOSHOW))),
    }
    assert "Ajouter à mon agenda" in said["ahead"]
    assert "Ce rendez-vous n’aura pas lieu" in said["cancelled"]
    assert "Votre arrivée est notée" in said["here"]
    for name in ("over", "missed"):
        assert "Ce rendez-vous est passé" in said[name]
    for name in ("cancelled", "over", "missed"):
        assert "Prendre un autre rendez-vous" in said[name]
    assert all("Annuler" not in page for name, page in said.items() if name != "ahead")


def test_too_late_to_change_shows_the_phone_instead_of_buttons(client: Client) -> None:
    page = read(client, link(at(0.5)))
    assert "trop tard" in page
    assert "02 99 71 00 00" in page
    assert "Déplacer" not in page


@pytest.mark.parametrize("name", PAGES)
def test_looking_changes_nothing(client: Client, name: str) -> None:
    appointment = booked()
    before = Appointment.objects.values().get()
    assert client.get(link(appointment, name)).status_code == 200
    assert client.head(link(appointment, name)).status_code == 200
    assert Appointment.objects.values().get() == before
    assert AppointmentEvent.objects.count() == 1


@pytest.mark.parametrize("name", PAGES)
def test_the_pages_stay_out_of_caches_engines_and_foreign_referrers(
    client: Client, name: str
) -> None:
    headers = client.get(link(booked(), name)).headers
    assert "no-store" in headers["Cache-Control"]
    assert "noindex" in headers["X-Robots-Tag"]
    # Not "no-referrer": forms would then be sent with "Origin: null", which CSRF checks refuse.
    assert headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("name", PAGES)
def test_a_forged_or_cut_link_is_an_unknown_page_that_tells_nothing(
    client: Client, name: str
) -> None:
    appointment, other = booked(), booked()
    good, foreign = link(appointment, name), link(other, name)
    token, other_token = good.split("/")[2], foreign.split("/")[2]
    mixed = token.split("~")[0] + "~" + other_token.split("~")[1]
    for bad in (mixed, token[:-1], token + "x", hold_token(appointment), "x", "~", "é~é"):
        response = client.get(good.replace(token, bad))
        assert response.status_code == 404
        assert appointment.reference not in response.content.decode()


def test_a_hold_is_no_appointment_yet(client: Client) -> None:
    held = booked(state=State.HELD, expires_at=datetime.now(UTC) + timedelta(minutes=9))
    assert client.get(link(held)).status_code == 404


@pytest.mark.parametrize("name", PAGES)
def test_a_link_ends_with_the_day_of_the_visit(client: Client, name: str) -> None:
    page = read(client, link(at(-14), name), status=410)
    assert "Dr Nadia" not in page


def test_the_calendar_file_is_a_neutral_event_with_a_stable_uid(client: Client) -> None:
    appointment = booked(sequence=2)
    response = client.get(link(appointment, "ics"))
    assert response["Content-Type"].startswith("text/calendar; charset=utf-8")
    assert 'filename="rendez-vous.ics"' in response["Content-Disposition"]
    event = Calendar.from_ical(response.content).walk("VEVENT")[0]
    assert str(appointment.uid) in event["UID"]
    assert event["SEQUENCE"] == 2
    assert "onsultation" not in event["SUMMARY"]


def test_the_calendar_file_of_a_cancelled_one_cancels(client: Client) -> None:
    response = client.get(link(booked(state=State.CANCELLED), "ics"))
    assert Calendar.from_ical(response.content)["METHOD"] == "CANCEL"
    assert "method=CANCEL" in response["Content-Type"]


def test_the_sheet_to_print_has_all_but_the_frame(client: Client) -> None:
    appointment = booked()
    response = client.get(link(appointment, "print"))
    body = response.content.decode()
    assert "<header" not in body
    assert "<footer" not in body
    page = read(client, link(appointment, "print"))
    assert "Carnet de santé" in page
    assert appointment.spoken_reference in page


def test_the_page_speaks_english_to_those_who_ask(client: Client) -> None:
    client.cookies["django_language"] = "en"
    page = read(client, link(booked()))
    assert "Tuesday" in page
    assert "9:00 am" in page
    assert "Child health check" in page


def test_only_the_methods_that_mean_something_are_answered(client: Client) -> None:
    appointment = booked()
    assert client.post(link(appointment)).status_code == 405
    assert client.put(link(appointment, "cancel")).status_code == 405


def test_the_page_costs_three_queries(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    appointments = [booked() for _ in range(10)]
    with django_assert_num_queries(3):  # itself; what the centre proposes; what it waits for
        client.get(link(appointments[0]))
    with django_assert_num_queries(1):
        client.get(link(appointments[0], "print"))
