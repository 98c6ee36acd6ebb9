"""Who works at the desks of these tests, logged in."""

from __future__ import annotations

from django.test import Client

from centres.models import Centre, Membership, User
from tests.factories import make_department

PASSWORD = "a password that is long enough"


def make_user(email: str, role: str = "", centre: Centre | None = None) -> User:
    """A member of staff with this role, in this centre or in the whole Département."""
    user = User.objects.create_user(email, PASSWORD)
    if role:
        Membership.objects.create(user=user, department=make_department(), centre=centre, role=role)
    return user


def at_desk(
    centre: Centre, *, email: str = "claire@example.org", role: str = "reception"
) -> Client:
    client = Client()
    client.force_login(make_user(email, role, centre))
    return client


def in_department(role: str = "administrator") -> Client:
    client = Client()
    client.force_login(make_user(f"{role}@example.org", role))
    return client
