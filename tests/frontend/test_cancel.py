"""Cancelling from the appointment's link: asked first, done by a POST, once, and in time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from booking.models import Appointment
from notifications.models import OutboxMessage
from tests.factories import make_shift, make_type
from tests.frontend.pages import booked, exhaust, link, read, text

pytestmark = pytest.mark.django_db


def soon() -> Appointment:
    """An appointment in half an hour: too late to change it online."""
    starts_at = datetime.now(UTC) + timedelta(minutes=30)
    return booked(shift=make_shift(starts_at=starts_at, types=[make_type(notice_min=0)]))


def test_it_asks_first_with_reasons_one_may_leave_out(client: Client) -> None:
    page = read(client, link(booked(), "cancel"))
    assert "Annuler ce rendez-vous" in page
    assert "Je ne souhaite pas le dire" in page
    assert "Je ne suis plus disponible" in page


@pytest.mark.parametrize("language", ["fr", "en"])
def test_cancelling_keeps_the_reason_in_the_words_of_staff(client: Client, language: str) -> None:
    client.cookies["django_language"] = language
    appointment = booked()
    response = client.post(link(appointment, "cancel"), {"reason": "transport"})
    assert response.headers["Location"] == f"{link(appointment)}?annule=1"
    appointment.refresh_from_db()
    assert appointment.state == Appointment.State.CANCELLED
    assert appointment.note == "Je ne peux pas venir jusqu’au centre"
    assert OutboxMessage.objects.filter(kind="cancelled").count() == 1


@pytest.mark.parametrize("typed", [{}, {"reason": ""}])
def test_a_reason_is_never_needed(client: Client, typed: dict[str, str]) -> None:
    appointment = booked()
    client.post(link(appointment, "cancel"), typed)
    appointment.refresh_from_db()
    assert (appointment.state, appointment.note) == (Appointment.State.CANCELLED, "")


def test_the_page_then_says_so_and_offers_another(client: Client) -> None:
    response = client.post(link(booked(), "cancel"), follow=True)
    assert "Ce rendez-vous n’aura pas lieu" in text(response)
    assert "Prendre un autre rendez-vous" in text(response)


def test_an_unknown_reason_is_an_error_and_cancels_nothing(client: Client) -> None:
    appointment = booked()
    response = client.post(link(appointment, "cancel"), {"reason": "<script>"})
    assert response.status_code == 422
    assert "point à corriger" in text(response)
    appointment.refresh_from_db()
    assert appointment.state == Appointment.State.BOOKED


def test_a_second_press_and_the_back_button_lead_to_the_cancelled_page(client: Client) -> None:
    appointment = booked()
    url = link(appointment, "cancel")
    client.post(url, {"reason": "other"})
    for response in (
        client.post(link(appointment, "cancel")),
        client.get(link(appointment, "cancel")),
    ):
        assert response.status_code == 302
        assert response.headers["Location"] == link(appointment)
    appointment.refresh_from_db()
    assert appointment.sequence == 1


@pytest.mark.parametrize("method", ["get", "post"])
def test_too_late_is_said_with_the_phone_and_changes_nothing(client: Client, method: str) -> None:
    appointment = soon()
    response = getattr(client, method)(link(appointment, "cancel"))
    assert response.status_code == 409
    assert "trop tard" in text(response)
    assert "02 99 71 00 00" in text(response)
    appointment.refresh_from_db()
    assert appointment.state == Appointment.State.BOOKED


def test_one_that_took_place_cannot_be_cancelled(client: Client) -> None:
    appointment = booked(state=Appointment.State.FULFILLED)
    assert client.post(link(appointment, "cancel")).status_code == 409
    appointment.refresh_from_db()
    assert appointment.state == Appointment.State.FULFILLED


def test_too_many_presses_from_one_address_are_refused(client: Client) -> None:
    appointment = booked()
    exhaust("small")
    assert client.post(link(appointment, "cancel")).status_code == 429
    appointment.refresh_from_db()
    assert appointment.state == Appointment.State.BOOKED


def test_another_site_cannot_press_the_button(client: Client) -> None:
    strict = Client(enforce_csrf_checks=True)
    appointment = booked()
    assert strict.post(link(appointment, "cancel")).status_code == 403
    appointment.refresh_from_db()
    assert appointment.state == Appointment.State.BOOKED
