"""Addresses that carry a secret open by that secret alone, whoever comes."""

from __future__ import annotations

from itertools import product

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, reverse
from django.utils import timezone
from pytest_django import Settings

from booking import throttle
from booking.access import contact_token, hold_token, manage_token
from booking.models import Appointment
from notifications.models import Receipt
from tests.architecture.access.table import A_UID, TABLE
from tests.architecture.access.test_url_access import OURS
from tests.architecture.access.world import World, make_world

pytestmark = pytest.mark.django_db


def of_rule(rule: str) -> list[URLPattern]:
    return [OURS[name] for name, line in TABLE.items() if line.rule == rule]


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def visitors(world: World) -> list[Client]:
    """One of each role."""
    return list(world.clients.values())


@pytest.fixture
def appointment(world: World) -> Appointment:
    return world.places["own"].appointment


def undone(visitor: Client, method: str, path: str) -> HttpResponse:
    """The answer to the first try: tries are counted, and many are refused for that alone."""
    throttle.forget()
    with transaction.atomic():
        answer = getattr(visitor, method)(path)
        transaction.set_rollback(True)
    assert isinstance(answer, HttpResponse)
    return answer


def path_of(pattern: URLPattern, token: str) -> str:
    names = pattern.pattern.converters
    uid = {name: A_UID for name in names if name == "uid"}
    kinds = {name: "1" if "int" in str(kind) else token for name, kind in names.items()}
    assert pattern.name
    return reverse(pattern.name, kwargs=kinds | uid)


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("rule", ["hold", "link", "watch"])
def test_a_wrong_token_opens_nothing(
    visitors: list[Client], appointment: Appointment, rule: str, method: str
) -> None:
    other_purpose = manage_token if rule == "hold" else hold_token
    right = other_purpose(appointment)
    before = Appointment.objects.values().get(pk=appointment.pk)
    tokens = (right, right[:-2] + "xx", str(appointment.uid), appointment.reference)
    for visitor, token, pattern in product(visitors, tokens, of_rule(rule)):
        path = path_of(pattern, token)
        response = undone(visitor, method, path)
        assert response.status_code in (404, 405), (path, response.status_code)
        assert appointment.spoken_reference not in response.content.decode()
    assert Appointment.objects.values().get(pk=appointment.pk) == before


def test_a_contact_page_shows_nothing_of_another_contact(
    visitors: list[Client], appointment: Appointment
) -> None:
    for visitor, pattern in product(visitors, of_rule("contact")):
        visitor.cookies["contact"] = contact_token("someone.else@example.org", now=timezone.now())
        body = undone(visitor, "get", path_of(pattern, "x")).content.decode()
        assert appointment.spoken_reference not in body
        assert appointment.guardian is not None
        assert appointment.guardian.last_name not in body


@pytest.mark.parametrize("method", ["get", "post"])
def test_nobody_passes_for_a_provider(settings: Settings, method: str) -> None:
    settings.SMS_URL = "brevo://:key@api.brevo.com?webhook_secret=a-secret-of-brevo"
    settings.EMAIL_URL = settings.SMS_URL
    for pattern in of_rule("provider"):
        for route in ("brevo", "brevo-email", "nobody"):
            for secret in ("wrong", "a-secret-of-brevo-not", settings.SECRET_KEY):
                path = reverse(pattern.name, kwargs={"route": route, "secret": secret})
                assert getattr(Client(), method)(path).status_code in (404, 405), path
    assert not Receipt.objects.exists()


def test_the_metrics_open_to_their_token_only(visitors: list[Client], settings: Settings) -> None:
    (pattern,) = of_rule("metrics")
    for token, visitor in product(("", "secret"), visitors):
        settings.METRICS_TOKEN = token
        for shown in ("", "Bearer ", "Bearer wrong"):
            answer = visitor.get(reverse(pattern.name), headers={"authorization": shown})
            assert answer.status_code == 404


def test_a_calendar_opens_by_no_session_but_by_its_address(visitors: list[Client]) -> None:
    (pattern,) = of_rule("feed")
    for visitor, token in product(visitors, ("x", "0", "None")):
        path = reverse(pattern.name, kwargs={"token": token})
        assert undone(visitor, "get", path).status_code == 404
        assert undone(visitor, "post", path).status_code == 405
