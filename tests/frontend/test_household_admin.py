"""Agents set what a family asked for by phone; what they type proves nothing."""

from datetime import time
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from booking.models import FamilyRead, Guardian, Household
from centres.models import User
from notifications.models import ContactProblem
from tests.factories import make_guardian
from tests.frontend.staff.people import log_in

pytestmark = pytest.mark.django_db
MOBILE = "+33612345678"


@pytest.fixture
def guardian() -> Guardian:
    now = timezone.now()
    return make_guardian(email="lea@example.org", phone=MOBILE, phone_verified_at=now)


@pytest.fixture
def agent() -> Client:
    user = User.objects.create_user("claire@example.org", "x", is_staff=True)
    names = ("view_household", "change_household", "view_guardian", "change_guardian")
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    client = Client()
    log_in(client, user)
    return client


def page(guardian: Guardian) -> str:
    return f"/admin/booking/household/{guardian.household_id}/change/"


def form(guardian: Guardian, **changes: str) -> dict[str, str]:
    fields = {
        "language": "fr",
        "contact_by": "any",
        "guardians-TOTAL_FORMS": "1",
        "guardians-INITIAL_FORMS": "1",
        "guardians-0-id": str(guardian.pk),
        "guardians-0-household": str(guardian.household_id),
        "guardians-0-first_name": guardian.first_name,
        "guardians-0-last_name": guardian.last_name,
        "guardians-0-email": guardian.email,
        "guardians-0-phone": guardian.number,
    }
    return fields | changes


def save(client: Client, guardian: Guardian, **changes: str) -> Any:
    return client.post(page(guardian), form(guardian, **changes))


def test_an_agent_sets_the_discreet_mode(agent: Client, guardian: Guardian) -> None:
    chosen = {
        "language": "ar",
        "contact_by": "sms",
        "contact_from": "10:00",
        "contact_until": "16:00",
        "sms_sender": "CD35INFO",
    }
    assert save(agent, guardian, **chosen).status_code == 302
    household = Household.objects.get()
    assert (household.language, household.contact_by, household.sms_sender) == (
        "ar",
        "sms",
        "CD35INFO",
    )
    assert (household.contact_from, household.contact_until) == (time(10), time(16))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"sms_sender": "RDV"}, "ne dit pas qui écrit"),
        ({"sms_sender": "PMI35"}, "suivi de santé"),
        ({"contact_from": "10:00"}, "les deux heures"),
        ({"contact_from": "16:00", "contact_until": "10:00"}, "après celle de début"),
        ({"language": "tlh"}, "tlh"),
    ],
)
def test_what_operators_or_the_clock_refuse_is_said(
    agent: Client, guardian: Guardian, changes: dict[str, str], said: str
) -> None:
    answer = save(agent, guardian, **changes)
    assert answer.status_code == 200
    assert said in answer.content.decode()
    household = Household.objects.get()
    assert (household.sms_sender, household.contact_from) == ("", None)


def test_a_contact_an_agent_typed_is_proved_no_more(agent: Client, guardian: Guardian) -> None:
    save(agent, guardian, **{"guardians-0-phone": "+33612345679"})
    guardian.refresh_from_db()
    assert (guardian.number, guardian.phone_verified_at) == ("+33612345679", None)
    assert guardian.email_verified_at is not None, "what they left alone still is"
    save(agent, guardian, **{"guardians-0-email": "autre@example.org"})
    guardian.refresh_from_db()
    assert guardian.email_verified_at is None


def test_an_address_that_does_not_work_is_shown(agent: Client, guardian: Guardian) -> None:
    assert "⚠" not in agent.get(page(guardian)).content.decode()
    ContactProblem.objects.create(
        channel="sms", address=MOBILE, reason="dead", since=timezone.now()
    )
    shown = agent.get(page(guardian)).content.decode()
    assert f"⚠ {MOBILE}" in shown
    assert "existe pas" in shown


def test_a_household_is_found_by_its_number_and_made_or_ended_by_nobody(
    agent: Client, guardian: Guardian
) -> None:
    make_guardian(last_name="Ailleurs")
    found = agent.get("/admin/booking/household/", {"q": MOBILE}).content.decode()
    assert "Karim Le Goff" in found
    assert "Ailleurs" not in found
    for name in ("add/", f"{guardian.household_id}/delete/"):
        assert agent.get(f"/admin/booking/household/{name}").status_code == 403


def test_opening_it_in_the_administration_is_on_record_too(
    agent: Client, guardian: Guardian
) -> None:
    agent.get(page(guardian))
    line = FamilyRead.objects.get()
    assert (line.reader, line.household_id) == ("claire@example.org", guardian.household_id)
    assert agent.get("/admin/booking/household/987654/change/").status_code == 302
    assert FamilyRead.objects.count() == 1
