"""The administration is closed to whoever is not its staff; of one Département, it shows that."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from centres.models import Department, Membership, User
from frontend.compartments import BY_SCOPE, OF_ALL, WAYS
from tests.architecture.access.table import ROLES
from tests.architecture.access.test_url_access import addresses
from tests.architecture.access.world import Place, World, make_world
from tests.frontend.staff.people import log_in

ADMIN = [route for route, _ in addresses() if route.startswith("admin/")]
BY_PEOPLE = {"booking.household", "centres.user"}
REGISTERED = {model._meta.label_lower: model for model in admin.site._registry}


@pytest.mark.django_db
def test_the_administration_is_closed_to_whoever_is_not_its_staff() -> None:
    roles = [role for role in ROLES if role not in ("nobody", "owner")]
    clients = make_world().clients
    for client, route in product([clients[role] for role in roles], ADMIN):
        if "<" in route or "(" in route or route.endswith(("login/", "logout/")):
            continue
        response = client.get(f"/{route}")
        assert response.status_code in (302, 404), (route, response.status_code)
        if response.status_code == 302:
            assert "/login/" in response["Location"]


def test_no_second_factor_is_shown_to_anybody() -> None:
    assert not [label for label in REGISTERED if label.partition(".")[0] in ("mfa", "account")]


def test_every_model_shown_there_says_whose_it_is() -> None:
    assert set(REGISTERED) <= set(WAYS) | BY_SCOPE | BY_PEOPLE | OF_ALL


def things(place: Place) -> dict[str, Model]:
    """One row of each kind, of this place."""
    visit = place.appointment
    assert visit.household is not None
    return {
        "booking.appointment": visit,
        "booking.callbackrequest": place.asked,
        "booking.household": visit.household,
        "centres.centre": place.centre,
        "centres.department": place.centre.department,
        "centres.practitioner": visit.practitioner,
        "centres.shift": visit.shift,
        "centres.openingrule": place.rule,
        "centres.user": User.objects.get(memberships=place.colleague["pk"]),
        "notifications.outboxmessage": place.message,
        "notifications.inbound": place.reply,
    }


def clerk_of(world: World) -> Client:
    """Somebody of the administration with every permission, of the own Département only."""
    user = User.objects.create_user("clerk@example.org", "x", is_staff=True)
    user.user_permissions.set(Permission.objects.all())
    department = world.places["own"].centre.department
    Membership.objects.create(user=user, department=department, role="administrator")
    client = Client()
    log_in(client, user)
    return client


def pages_of(thing: Model) -> list[str]:
    base = f"admin:{thing._meta.app_label}_{thing._meta.model_name}"
    names = [f"{base}_{name}" for name in ("change", "history", "delete")]
    names += ["admin:centre_stage"] if thing._meta.model_name == "centre" else []
    return [reverse(name, args=[thing.pk]) for name in names]


@pytest.mark.django_db
def test_one_administration_shows_nothing_of_another() -> None:
    world = make_world()
    clerk = clerk_of(world)
    own, abroad = things(world.places["own"]), things(world.places["abroad"])
    wrong: list[Any] = []
    for label, thing in abroad.items():
        listed = reverse(f"admin:{label.replace('.', '_')}_changelist")
        shown = clerk.get(listed).content.decode()
        mine = reverse(f"admin:{label.replace('.', '_')}_change", args=[own[label].pk])
        theirs = reverse(f"admin:{label.replace('.', '_')}_change", args=[thing.pk])
        wrong += [(label, "not mine")] if mine not in shown else []
        wrong += [(label, "listed")] if theirs in shown else []
        for path in pages_of(thing):
            for method in ("get", "post"):
                answer = getattr(clerk, method)(path, {"post": "yes"})
                is_led_away = answer.headers.get("Location") == "/admin/"
                is_refused = is_led_away or answer.status_code in (403, 404)
                wrong += [] if is_refused else [(path, method, answer.status_code)]
    assert wrong == []
    assert Department.objects.count() == 2


@pytest.mark.django_db
def test_what_is_of_all_is_for_who_administers_all() -> None:
    clerk = clerk_of(make_world())
    for label in OF_ALL & set(REGISTERED):
        path = reverse(f"admin:{label.replace('.', '_')}_changelist")
        assert clerk.get(path).status_code == 403, label
    user = User.objects.get(email="clerk@example.org")
    abroad = Department.objects.get(code="22")
    Membership.objects.create(user=user, department=abroad, role="auditor")
    types = reverse("admin:centres_appointmenttype_changelist")
    assert clerk.get(types).status_code == 403, "who audits it does not administer it"
    Membership.objects.create(user=user, department=abroad, role="administrator")
    assert clerk.get(types).status_code == 200


@pytest.mark.django_db
def test_a_form_offers_one_s_own_only() -> None:
    world = make_world()
    page = clerk_of(world).get(reverse("admin:centres_practitioner_add")).content.decode()
    assert ">Département 35</option>" in page
    assert ">Département 22</option>" not in page


@pytest.mark.django_db
def test_the_end_of_a_session_is_announced_there_too() -> None:
    page = make_world().client_of("owner").get("/admin/").content.decode()
    assert 'data-idle="1800"' in page
    assert "frontend/idle.js" in page
