"""Asking to be called back: a number the centre can call, one promise each, nothing leaked."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from booking import actions
from booking.models import CallbackRequest
from centres.calendar import add_working_days
from centres.models import AppointmentType, Centre
from centres.rollout import Stage
from frontend.fields import french_number
from tests.booking.scene import AGENT
from tests.factories import PARIS, make_centre, make_type
from tests.frontend.pages import exhaust, read, text

pytestmark = pytest.mark.django_db
LEA = {"first_name": "Léa", "last_name": "Guillou", "phone": "06 39 98 12 34"}


@pytest.fixture
def kind() -> AppointmentType:
    return make_type(label="Vaccination")


@pytest.fixture
def centre() -> Centre:
    return make_centre(name="CDAS de Redon")


def url(kind: AppointmentType, centre: Centre) -> str:
    return reverse("callback", args=[kind.slug, centre.slug])


def test_a_request_gets_a_date_two_working_days_later(
    client: Client, kind: AppointmentType, centre: Centre
) -> None:
    assert "Le centre vous rappelle" in read(client, url(kind, centre))
    typed = LEA | {"moments": ["morning", "wednesday"], "email": "Lea@Example.org"}
    response = client.post(url(kind, centre), typed, follow=True)
    asked = CallbackRequest.objects.get()
    today = datetime.now(UTC).astimezone(PARIS).date()
    assert asked.promised_on == add_working_days(today, 2, ())
    assert (asked.phone, asked.email) == ("+33639981234", "lea@example.org")
    assert asked.preference.replace("\xa0", " ") == "Le matin, de 9 h à 12 h, Plutôt le mercredi"
    assert "Le centre vous rappelle au plus tard le" in text(response)
    assert str(asked.promised_on.day) in text(response)


def test_asking_again_however_the_number_is_written_keeps_the_promise(
    client: Client, kind: AppointmentType, centre: Centre
) -> None:
    first = client.post(url(kind, centre), LEA)
    again = client.post(url(kind, centre), LEA | {"phone": "+33 (0)6 39 98 12 34"})
    assert first.headers["Location"] == again.headers["Location"]
    assert CallbackRequest.objects.count() == 1


def test_asking_again_with_other_moments_changes_the_one_request(
    client: Client, kind: AppointmentType, centre: Centre
) -> None:
    client.post(url(kind, centre), LEA | {"moments": "morning"})
    client.post(url(kind, centre), LEA | {"moments": "wednesday", "first_name": "Lea"})
    asked = CallbackRequest.objects.get()
    assert (asked.preference, asked.first_name) == ("Plutôt le mercredi", "Lea")


def test_the_promise_repeats_nothing_that_was_typed(
    client: Client, kind: AppointmentType, centre: Centre
) -> None:
    client.post(url(kind, centre), LEA | {"email": "lea@example.org"})
    other = client.post(url(kind, centre), LEA | {"first_name": "Hugo"}, follow=True)
    body = other.content.decode()
    for secret in ("Léa", "Guillou", "39 98", "lea@example.org"):
        assert secret not in body
    assert "no-store" in other.headers["Cache-Control"]


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("06 39 98 12 34", "+33639981234"),
        ("02.61.91.12.34", "+33261911234"),
        ("0033 6 39 98 12 34", "+33639981234"),
        ("+262 692 12 34 56", "+262692123456"),
        ("06 39 98 12 3", ""),
        ("06 39 98 12 345", ""),
        ("15", ""),
        ("3949", ""),
        ("08 99 12 34 56", ""),
        ("+44 7700 900123", ""),
        ("pas de téléphone", ""),
        ("", ""),
    ],
)
def test_only_a_number_a_centre_can_call_is_taken(typed: str, number: str) -> None:
    assert french_number(typed) == number


@pytest.mark.parametrize(
    "change",
    [
        {"phone": "12"},
        {"first_name": "  "},
        {"email": "lea@"},
        {"moments": "midnight"},
        {"last_name": "x" * 61},
        {"last_name": "a\x00b"},
    ],
)
def test_a_mistake_is_said_and_nothing_typed_is_lost(
    client: Client, kind: AppointmentType, centre: Centre, change: dict[str, str]
) -> None:
    response = client.post(url(kind, centre), LEA | change)
    assert response.status_code == 422
    assert "point à corriger" in text(response)
    kept = "Guillou" if "last_name" not in change else "Léa"
    assert kept in response.content.decode()
    assert not CallbackRequest.objects.exists()


def test_unknown_types_centres_and_requests_are_unknown_pages(
    client: Client, kind: AppointmentType, centre: Centre
) -> None:
    for path in (
        reverse("callback", args=["nothing", centre.slug]),
        reverse("callback", args=[kind.slug, "nowhere"]),
        reverse("callback-done", args=[uuid4()]),
    ):
        assert client.get(path).status_code == 404


@pytest.mark.parametrize("booking", ["agents", "walk_in"])
def test_only_what_can_be_booked_online_is_called_back_for(
    client: Client, centre: Centre, booking: str
) -> None:
    assert client.post(url(make_type(booking=booking), centre), LEA).status_code == 409
    assert not CallbackRequest.objects.exists()


@pytest.mark.parametrize(
    ("stage", "status"),
    [(Stage.OPEN, 302), (Stage.PAUSED, 302), (Stage.AGENTS_ONLY, 302), (Stage.PREPARING, 409)],
)
def test_a_centre_whose_agents_are_not_there_yet_promises_nothing(
    client: Client, kind: AppointmentType, stage: Stage, status: int
) -> None:
    centre = make_centre(stage=stage)
    assert client.post(url(kind, centre), LEA).status_code == status
    assert CallbackRequest.objects.exists() is (status == 302)


def test_a_request_that_was_dealt_with_promises_no_more(
    client: Client, kind: AppointmentType, centre: Centre
) -> None:
    path = client.post(url(kind, centre), LEA).headers["Location"]
    asked = CallbackRequest.objects.get()
    actions.close_callback(
        uid=asked.uid, outcome="booked", note="", now=datetime.now(UTC), actor=AGENT
    )
    page = read(client, path)
    assert "Cette demande a été traitée" in page
    assert not re.search("au plus tard", page)


def test_too_many_requests_from_one_address_are_refused(
    client: Client, kind: AppointmentType, centre: Centre
) -> None:
    exhaust("callback")
    assert client.post(url(kind, centre), LEA).status_code == 429
    assert not CallbackRequest.objects.exists()


def test_a_call_back_has_a_budget_of_its_own(
    client: Client, kind: AppointmentType, centre: Centre
) -> None:
    exhaust("small")
    assert client.post(url(kind, centre), LEA).status_code == 302


def test_the_pages_cost_one_or_two_queries(
    client: Client,
    kind: AppointmentType,
    centre: Centre,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_num_queries(2):
        client.get(url(kind, centre))
    path = client.post(url(kind, centre), LEA).headers["Location"]
    with django_assert_num_queries(1):
        client.get(path)
