"""The demo's inbox: every message readable, its links alive; nothing of it outside a demo."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from pytest_django import Settings as SettingsFixture

from booking import messages, verification
from notifications.delivery import deliver
from tests.frontend.pages import booked, link, read

pytestmark = pytest.mark.django_db
INBOX = "/demo/inbox"


def test_a_message_is_read_with_its_link_alive(client: Client) -> None:
    appointment = booked()
    messages.confirmation(appointment, now=timezone.now())
    body = client.get(INBOX).content.decode()
    assert appointment.guardian is not None
    assert appointment.guardian.email in body
    assert f'href="{settings.PUBLIC_URL}{link(appointment)}"' in body
    assert "rendez-vous.ics" in body


def test_a_code_is_readable(client: Client) -> None:
    sent = verification.send_code(
        purpose="access", contact="lea@example.org", language="fr", now=timezone.now()
    )
    assert sent.code_hash
    assert any(word.isdigit() and len(word) == 6 for word in read(client, INBOX).split())


def test_what_families_typed_is_shown_as_text(client: Client) -> None:
    appointment = booked()
    appointment.site.name = "<script>alert(1)</script>"
    appointment.site.save()
    messages.confirmation(appointment, now=timezone.now())
    assert "<script>alert" not in client.get(INBOX).content.decode()


def test_an_empty_inbox_says_so(client: Client) -> None:
    assert "Aucun message" in read(client, INBOX)


def test_outside_a_demo_there_is_no_such_page(client: Client, settings: SettingsFixture) -> None:
    settings.DEMO = False
    assert client.get(INBOX).status_code == 404


def test_the_inbox_costs_one_query(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(10):
        messages.confirmation(booked(), now=timezone.now())
    assert deliver(seconds=10)["sent"] == 10  # one that has not left yet is composed for the page
    with django_assert_num_queries(1):
        assert client.get(reverse("demo-inbox")).content.count(b'class="mail"') == 10
