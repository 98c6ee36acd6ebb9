"""Every address names who may open it, and is walked by everyone who must not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone
from pytest_django import Settings

from booking.access import contact_token, hold_token, manage_token
from booking.models import Appointment
from centres.models import Membership, User
from notifications.models import Receipt
from tests.factories import make_appointment, make_centre, make_department

RULES = {"public", "hold", "link", "contact", "staff", "provider", "metrics"}
# Probes are for machines; they name nobody and are answered to anyone who reaches the process.
PROBES = {"healthz", "readyz"}


def addresses(
    patterns: list[URLPattern | URLResolver] | None = None, prefix: str = ""
) -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns if patterns is not None else get_resolver().url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, route)
        else:
            yield route, pattern


FAMILY = [(route, each) for route, each in addresses() if not route.startswith("admin/")]
ADMIN = [route for route, _ in addresses() if route.startswith("admin/")]


@pytest.mark.parametrize(("route", "pattern"), FAMILY, ids=[route or "/" for route, _ in FAMILY])
def test_every_address_names_who_may_open_it(route: str, pattern: URLPattern) -> None:
    if pattern.name not in PROBES:
        assert getattr(pattern.callback, "access", None) in RULES, route


def personal(rule: str) -> list[URLPattern]:
    return [each for _, each in FAMILY if getattr(each.callback, "access", "") == rule]


@pytest.fixture
def appointment(db: None) -> Appointment:
    now = timezone.now()
    return make_appointment(state="booked", starts_at=now + timedelta(days=3))


@pytest.fixture(params=["anonymous", "reception", "practitioner", "manager", "administrator"])
def visitor(request: pytest.FixtureRequest, appointment: Appointment) -> Client:
    """Someone without the family's token: nobody, or staff of another centre or of this one."""
    client = Client()
    if request.param == "anonymous":
        return client
    role = request.param
    everywhere = role == "administrator"
    user = User.objects.create_user(f"{role}@example.org", "x", is_staff=everywhere)
    department = appointment.centre.department
    for centre in [None] if everywhere else [appointment.centre, make_centre()]:
        Membership.objects.create(user=user, department=department, centre=centre, role=role)
    client.force_login(user)
    return client


def arguments(pattern: URLPattern, token: str) -> dict[str, object]:
    names = pattern.pattern.converters
    return {name: token if name in ("token", "held", "hold") else uuid4() for name in names}


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("rule", ["hold", "link"])
def test_a_wrong_token_opens_nothing_whoever_comes(
    visitor: Client, appointment: Appointment, rule: str, method: str
) -> None:
    other_purpose = manage_token if rule == "hold" else hold_token
    right = other_purpose(appointment)
    before = Appointment.objects.values().get(pk=appointment.pk)
    for token in (right, right[:-2] + "xx", str(appointment.uid), appointment.reference):
        for pattern in personal(rule):
            path = reverse(pattern.name, kwargs=arguments(pattern, token))
            response = getattr(visitor, method)(path)
            assert response.status_code in (404, 405), (path, response.status_code)
            assert appointment.spoken_reference not in response.content.decode()
    assert Appointment.objects.values().get(pk=appointment.pk) == before


@pytest.mark.parametrize("method", ["get", "post"])
def test_nobody_passes_for_a_provider(visitor: Client, settings: Settings, method: str) -> None:
    settings.SMS_URL = "brevo://:key@api.brevo.com?webhook_secret=a-secret-of-brevo"
    settings.EMAIL_URL = settings.SMS_URL
    assert personal("provider")
    for pattern in personal("provider"):
        for route in ("brevo", "brevo-email", "nobody"):
            for secret in ("wrong", "a-secret-of-brevo-not", settings.SECRET_KEY):
                path = reverse(pattern.name, kwargs={"route": route, "secret": secret})
                assert getattr(visitor, method)(path).status_code in (404, 405), path
    assert not Receipt.objects.exists()


def test_a_contact_page_shows_nothing_of_another_contact(
    visitor: Client, appointment: Appointment
) -> None:
    visitor.cookies["contact"] = contact_token("someone.else@example.org", now=timezone.now())
    for pattern in personal("contact"):
        path = reverse(pattern.name, kwargs=arguments(pattern, "x"))
        body = visitor.get(path).content.decode()
        assert appointment.spoken_reference not in body
        assert appointment.guardian is not None
        assert appointment.guardian.last_name not in body


@pytest.mark.parametrize("role", ["reception", "practitioner", "manager", "auditor"])
def test_the_administration_is_closed_to_whoever_is_not_its_staff(db: None, role: str) -> None:
    department = make_department()
    centre = None if role == "auditor" else make_centre(department=department)
    user = User.objects.create_user(f"{role}@example.org", "x")
    Membership.objects.create(user=user, department=department, centre=centre, role=role)
    for client in (Client(), Client()):
        for route in ADMIN:
            if "<" in route or "(" in route or route.endswith(("login/", "logout/")):
                continue
            response = client.get(f"/{route}")
            assert response.status_code in (302, 404), (route, response.status_code)
            if response.status_code == 302:
                assert "/login/" in response["Location"]
        client.force_login(user)
