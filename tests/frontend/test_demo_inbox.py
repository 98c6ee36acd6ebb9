"""The demo's inbox: every message readable, its links alive; nothing of it outside a demo."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser
from pytest_django import Settings as SettingsFixture
from pytest_django.live_server_helper import LiveServer

from booking import messages, verification
from frontend.bundles import stylesheet
from notifications.delivery import deliver
from notifications.models import OutboxMessage
from notifications.words.examples import example_values
from tests.accessibility import axe_by_day_and_night
from tests.factories import make_guardian, make_household, make_message
from tests.frontend.pages import booked, link, read
from tests.html_checker import html_errors
from tests.messages import become

pytestmark = pytest.mark.django_db
INBOX = "/demo/inbox"


def reply(language: str = "fr", **fields: Any) -> None:
    """An SMS that nobody composes: its values are written with it."""
    make_message(
        kind="reply_ask",
        channel="sms",
        recipient="+33639981234",
        language=language,
        context=dict(example_values(language)),
        **fields,
    )


def queries(client: Client) -> int:
    with CaptureQueriesContext(connection) as caught:
        assert client.get(INBOX).status_code == 200
    return len(caught)


def test_a_message_is_read_with_its_link_alive(client: Client) -> None:
    appointment = booked()
    messages.confirmation(appointment, now=timezone.now())
    body = client.get(INBOX).content.decode()
    assert appointment.guardian is not None
    assert appointment.guardian.email in body
    assert f'href="{settings.PUBLIC_URL}{link(appointment)}"' in body
    assert "rendez-vous.ics" in body


def test_what_has_just_left_comes_first_and_the_rest_on_other_pages(client: Client) -> None:
    now = timezone.now()
    make_message(recipient="early@example.org", now=now - timedelta(days=9))
    become("sent")
    OutboxMessage.objects.update(sent_at=now)
    for number in range(31):
        reply(now=now - timedelta(days=1 + number))
    first = client.get(INBOX).content.decode()
    assert first.index("early@example.org") < first.index("+33639981234")
    assert "?page=2" in first
    second = client.get(f"{INBOX}?page=2").content.decode()
    assert second.count("inbox__item") == 2
    assert ("?page=1" in second, "?page=3" in second) == (True, False)


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


def test_a_text_is_shown_as_a_phone_does(client: Client) -> None:
    reply()
    body = client.get(INBOX).content.decode()
    assert 'class="text-message__bubble" lang="fr" dir="ltr"' in body
    assert settings.SMS_SENDER in body
    assert "1 SMS (GSM-7" in body
    assert "24/11 à 10h et 14h30" in body


def test_arabic_is_read_from_right_to_left(client: Client) -> None:
    reply("ar")
    guardian = make_guardian(make_household(language="ar"))
    messages.confirmation(booked(guardian=guardian), now=timezone.now())
    body = client.get(INBOX).content.decode()
    assert 'class="text-message__bubble" lang="ar" dir="rtl"' in body
    assert 'class="mail" lang="ar" dir="rtl"' in body
    assert "arabe" in body
    assert "Votre rendez-vous est confirmé." in body, "in French below"


def test_each_message_says_where_it_stands(client: Client) -> None:
    reply()
    assert deliver(seconds=5)["sent"] == 1
    reply(
        send_at=timezone.now() + timedelta(days=2), valid_until=timezone.now() + timedelta(days=3)
    )
    seen = read(client, INBOX)
    for says in ("envoyé", "Envoyé ", "prévu", "Prévu "):
        assert says in seen


def test_what_leaves_later_is_read_when_asked_for(client: Client) -> None:
    now = datetime.now(UTC)
    reply(send_at=now + timedelta(days=2), valid_until=now + timedelta(days=3))
    body = client.get(INBOX).content.decode()
    assert "text-message__bubble" not in body
    asked = body.split('href="?lire=')[1].split("#")[0]
    assert "text-message__bubble" in client.get(INBOX, {"lire": asked}).content.decode()
    for wrong in ("x", "9" * 40, "-1", "²"):
        assert client.get(INBOX, {"lire": wrong}).status_code == 200


def test_what_is_no_longer_true_is_said_to_stay(client: Client) -> None:
    appointment = booked()
    messages.confirmation(appointment, now=timezone.now())
    appointment.sequence += 1
    appointment.save()
    assert "il ne partira pas" in read(client, INBOX)


def test_messages_are_found_by_address_and_number_however_typed(client: Client) -> None:
    reply()
    make_message(recipient="karim@example.org")
    for number in ("06 39 98 12 34", "0639981234", "+33 6 39 98 12 34", "981234"):
        seen = read(client, INBOX, q=number)
        assert "+33639981234" in seen, number
        assert "karim" not in seen, number
    assert "karim" in read(client, INBOX, q="KARIM@")
    assert "Aucun message à cette adresse" in read(client, INBOX, q="nobody@example.org")
    assert read(client, INBOX, q="x" * 5000)


def test_an_e_mail_is_seen_as_it_is_received(client: Client) -> None:
    pk = make_message()
    answer = client.get(reverse("demo-letter", args=[pk]))
    assert answer.content.decode().startswith("<!doctype html>")
    assert "042042" in answer.content.decode()
    assert "style-src 'self' 'unsafe-inline'" in answer["Content-Security-Policy"]
    assert "script-src 'self'" in answer["Content-Security-Policy"]
    reply()
    for absent in (10**9, (pk or 0) + 1):
        assert client.get(reverse("demo-letter", args=[absent])).status_code == 404


def test_no_letter_is_read_outside_a_demo(client: Client, settings: SettingsFixture) -> None:
    pk = make_message()
    settings.DEMO = False
    assert client.get(reverse("demo-letter", args=[pk])).status_code == 404


def test_the_inbox_costs_the_same_however_full(client: Client) -> None:
    now = timezone.now()

    def one_of_each() -> None:
        messages.confirmation(booked(), now=now)
        assert deliver(seconds=10)["sent"]
        reply(send_at=now + timedelta(days=2), valid_until=now + timedelta(days=3))

    one_of_each()
    few = queries(client)
    for _ in range(6):
        one_of_each()
    assert queries(client) == few
    assert few <= 2


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_the_inbox_is_accessible_and_fits(
    browser: Browser, live_server: LiveServer, client: Client
) -> None:
    for language in ("fr", "ar", "uk"):
        reply(language)
        guardian = make_guardian(make_household(language=language))
        with transaction.atomic():
            messages.confirmation(booked(guardian=guardian), now=timezone.now())
    reply(
        send_at=timezone.now() + timedelta(days=2), valid_until=timezone.now() + timedelta(days=3)
    )
    assert html_errors({"inbox": client.get(INBOX).content.decode()}) == []
    page = browser.new_page(reduced_motion="reduce")
    # The bundle exists as a file only after collectstatic.
    css = stylesheet()
    page.route(
        "**/static/frontend/site.css",
        lambda route: route.fulfill(body=css, content_type="text/css"),
    )
    for width in (360, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        page.goto(f"{live_server.url}{INBOX}")
        assert axe_by_day_and_night(page) == [], width
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()
