"""The short address in an SMS: on to the appointment, and a closed door to whoever guesses."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from booking import access
from booking.models import Appointment, RateCounter
from frontend import limits
from tests.frontend.pages import booked, exhaust, link, text

pytestmark = pytest.mark.django_db


def short(appointment: Appointment) -> str:
    return access.short_link(appointment).removeprefix(settings.PUBLIC_URL)


def test_it_leads_to_the_appointment_and_stays_out_of_caches(client: Client) -> None:
    appointment = booked()
    answer = client.get(short(appointment))
    assert answer.status_code == 302
    assert answer["Location"] == link(appointment)
    assert "no-store" in answer["Cache-Control"]
    assert answer["X-Robots-Tag"] == "noindex"


def test_opening_it_changes_nothing(client: Client) -> None:
    """Phones and scanners open every link they see."""
    appointment = booked()
    before = Appointment.objects.values().get()
    for _ in range(3):
        client.get(short(appointment))
        client.head(short(appointment))
    assert Appointment.objects.values().get() == before
    assert client.post(short(appointment)).status_code == 405


def test_one_letter_wrong_is_a_clear_page_that_nobody_keeps(client: Client) -> None:
    url = short(booked())
    other = "3" if url[-1] != "3" else "4"
    for wrong in (url[:-1] + other, url[:-1], f"{url}2", "/s/x", "/s/0OIl", f"/s/{'z' * 60}"):
        answer = client.get(wrong)
        assert answer.status_code == 404, wrong
        assert "parfois coupés en deux" in text(answer)
        assert "no-store" in answer["Cache-Control"]
        assert answer["X-Robots-Tag"] == "noindex"


def test_once_the_visit_is_over_it_says_so(client: Client) -> None:
    past = booked(starts_at=timezone.now() - timedelta(days=3))
    answer = client.get(short(past))
    assert answer.status_code == 410
    assert "plus valable" in text(answer)


def test_a_time_only_held_is_not_found(client: Client) -> None:
    held = booked(state="held", expires_at=timezone.now() + timedelta(minutes=9))
    assert client.get(short(held)).status_code == 404


def test_whoever_guesses_is_stopped_even_by_a_right_guess(client: Client) -> None:
    url = short(booked())
    exhaust("short", tries=limits.MISSES - 1)
    assert client.get(url).status_code == 302
    assert client.get(url[:-1]).status_code == 404
    answer = client.get(url)
    assert answer.status_code == 429
    assert 0 < int(answer["Retry-After"]) <= 600
    elsewhere = Client(REMOTE_ADDR="198.51.100.7")
    assert elsewhere.get(url).status_code == 302, "others go on"


def test_a_right_link_counts_for_nothing(client: Client) -> None:
    url = short(booked())
    for _ in range(5):
        client.get(url)
    assert not RateCounter.objects.exists()
