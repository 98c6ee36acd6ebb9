"""The health page: its figures, its alarms with their runbooks, and a signed hand on providers."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from notifications.models import Route
from tests.factories import make_centre
from tests.frontend.pages import read
from tests.frontend.staff.people import at_desk, in_department
from tests.notifications.messages import make_route, make_row, make_sent

pytestmark = pytest.mark.django_db
PAGE = "/equipe/messages/sante/"


def hand(client: Client, name: str, action: str) -> int:
    return client.post(f"/equipe/prestataires/{name}/{action}/").status_code


def test_figures_and_alarms_are_told_with_what_to_do() -> None:
    make_route("ovh", "sms", credit=Decimal(21), credit_unit="sms")
    centre = make_centre()
    for _ in range(7):
        make_sent(channel="sms", route="ovh", segments=1, scope=centre.slug, seconds=3)
    make_row()
    page = read(in_department(), PAGE)
    assert "Messages perdus, dont la famille est à appeler : 1." in page
    assert "Que faire : docs/runbooks/uncertain-messages.md" in page
    assert "Urgent : L’horloge des tâches (beat) ne donne plus signe de vie." in page
    assert "Crédit : 21 SMS, encore 21 jours à ce rythme" in page
    assert f"{centre.name} 7 7" in page
    assert "SMS 1 h 7 3,0 3,0 3,0" in page


def test_an_empty_service_is_told_too() -> None:
    page = read(in_department(), PAGE)
    assert "Aucun prestataire n’est encore connu." in page
    assert "Rien n’est parti depuis 24 heures." in page


def test_an_auditor_sees_and_touches_nothing() -> None:
    make_route("ovh", "sms", circuit="open", needs_person=True)
    auditor = in_department("auditor")
    page = auditor.get(PAGE).content.decode()
    assert "Suspendu" in page
    assert "Remettre en service" not in page
    assert [hand(auditor, "ovh", act) for act in ("remettre", "arreter", "utiliser")] == [404] * 3
    assert auditor.get("/equipe/messages/")["Location"] == PAGE


def test_a_desk_sees_no_health_page() -> None:
    assert at_desk(make_centre(), role="manager").get(PAGE).status_code == 404


def test_a_provider_is_put_back_and_out_of_use_signed() -> None:
    make_route(
        "ovh", "sms", circuit="open", needs_person=True, reason="402", opened_at=timezone.now()
    )
    chief = in_department()
    assert "Remettre en service" in chief.get(PAGE).content.decode()
    assert hand(chief, "ovh", "remettre") == 302
    route = Route.objects.get()
    assert (route.circuit, route.needs_person) == ("closed", False)
    assert route.changed_by == "administrator@example.org"
    assert hand(chief, "ovh", "arreter") == 302
    assert not Route.objects.get().is_enabled
    assert "Les envois sont arrêtés par une personne." in read(chief, PAGE)
    assert hand(chief, "ovh", "utiliser") == 302
    assert Route.objects.get().is_enabled
    assert hand(chief, "ovh", "exploser") == hand(chief, "nobody", "arreter") == 404


def test_it_costs_the_same_at_any_size(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    chief = in_department()
    for rows in (1, 10):
        for number in range(rows):
            make_route(f"sms{number}", "sms", credit=9)
            make_sent(channel="sms", route=f"sms{number}", scope=f"centre-{number}")
            make_row()
        # session, user, memberships, centres, figures, names of centres
        with django_assert_num_queries(5 + 7 + 1):
            chief.get(PAGE)
