"""A whole conversation by SMS: our reminder, the provider's receipts, a family's answers, as they
happen: senders, gateway, webhook and reconciler, each the real one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from booking.models import Appointment
from notifications import channels, delivery, outbox, replies, routing
from notifications.models import ContactProblem, Inbound, OutboxMessage
from notifications.reconcile import reconcile
from tests.factories import (
    PARIS,
    make_appointment,
    make_guardian,
    make_household,
    make_shift,
    next_tuesday,
)
from tests.notifications.posted import NUMBER
from tests.notifications.sms.dialects import provider_url
from tests.notifications.sms.gateway import gateway_in_thread
from tests.notifications.sms.steering import Steering

pytestmark = pytest.mark.django_db(transaction=True)
SECRET = "a-secret-of-the-webhooks"
Say = Callable[[str], None]


# OVHcloud's short numbers carry no link, which reminders have; its replies are tested beside the
# webhook.
@pytest.fixture(params=["brevo", "smsmode"])
def provider(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def gateway(
    provider: str, settings: Settings, live_server: LiveServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Steering]:
    # The gateway answers at once where a person takes a while to read.
    monkeypatch.setattr(replies, "READ_IN", timedelta(0))
    settings.SMS_CALLBACK_URL = f"{live_server.url}/webhooks/sms/{{route}}/{{secret}}/"
    with gateway_in_thread() as steering:
        settings.SMS_URL = provider_url(provider, steering.port, secret=SECRET)
        settings.SMS_SENDER = "36035"
        routing.forget()
        channels._carriers.cache_clear()
        steering.receipts("sent", "delivered", copies=3, spread=0.02)
        yield steering
        for carrier in channels.carriers("sms"):
            carrier.provider.close()  # type: ignore[attr-defined]  one of these tests
        channels._carriers.cache_clear()
        routing.forget()
        steering.close()


@pytest.fixture
def appointment() -> Appointment:
    household = make_household(contact_by="sms")
    guardian = make_guardian(household, phone=NUMBER)
    return make_appointment(make_shift(starts_at=next_tuesday()), guardian=guardian)


@pytest.fixture
def say(gateway: Steering, provider: str, live_server: LiveServer) -> Say:
    """The family writes; all that has to happen then happens."""
    url = f"{live_server.url}/webhooks/sms/{provider}/{SECRET}/"

    def write(text: str) -> None:
        gateway.inbound(provider, url=url, sender=NUMBER, text=text, copies=3)
        gateway.wait_for_posts()
        run(gateway)

    return write


def run(gateway: Steering) -> None:
    """Two passes of what runs all the time in production."""
    for _ in range(2):
        assert reconcile()
        delivery.deliver(seconds=10)
        gateway.wait_for_posts()
    assert reconcile()


def remind(appointment: Appointment, key: str = "reminder:1") -> None:
    on = appointment.starts_at.astimezone(PARIS).date()
    now = datetime.now(UTC)
    intent = outbox.Intent(
        intent_key=key,
        kind="reminder",
        subject_ref=f"day:{appointment.household_id}:{on}",
        person_ref=f"household:{appointment.household_id}",
        scope=appointment.centre.slug,
        channel="sms",
        recipient=NUMBER,
        language="fr",
        send_at=now,
        valid_until=appointment.starts_at,
    )
    with transaction.atomic():
        outbox.enqueue([intent], now=now)


def test_reminded_then_cancelled_by_two_answers(
    gateway: Steering, appointment: Appointment, say: Say
) -> None:
    remind(appointment)
    run(gateway)
    say("2")
    appointment.refresh_from_db()
    assert appointment.state == "booked"
    say("2")
    appointment.refresh_from_db()
    assert (appointment.state, appointment.actor) == ("cancelled", "family:sms")
    texts = [entry["text"] for entry in gateway.ledger()]
    assert len(texts) == 3
    assert texts[1].startswith("Annuler votre rendez-vous du")
    assert texts[2].startswith("C'est fait : rendez-vous du")
    assert gateway.counts()["doubled"] == 0
    assert {one.state for one in OutboxMessage.objects.filter(channel="sms")} <= {
        "delivered",
        "superseded",
    }
    assert list(Inbound.objects.order_by("pk").values_list("outcome", flat=True)) == [
        "asked",
        "cancelled",
    ]


def test_stop_is_answered_and_nothing_follows(
    gateway: Steering, appointment: Appointment, say: Say
) -> None:
    remind(appointment)
    run(gateway)
    say("STOP")
    say("stop")
    remind(appointment, "reminder:2")
    run(gateway)
    texts = [entry["text"] for entry in gateway.ledger()]
    assert len(texts) == 2
    assert "plus de SMS" in texts[1]
    assert ContactProblem.objects.get().reason == "stop"
    assert OutboxMessage.objects.get(intent_key="reminder:2").state == "suppressed"
