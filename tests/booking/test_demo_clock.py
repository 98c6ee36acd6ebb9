"""The demo's fast clock: what is planned for the next days leaves now, and is told as planned."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import Client
from django.utils import timezone
from pytest_django import Settings as SettingsFixture

from booking import messages
from notifications.models import OutboxMessage
from tests.frontend.pages import booked, read

pytestmark = pytest.mark.django_db(transaction=True)


def plan(*, days: float) -> OutboxMessage:
    """A message about an appointment, due in so many days."""
    now = timezone.now()
    with transaction.atomic():
        messages.confirmation(booked(starts_at=now + timedelta(days=30)), now=now)
    message = OutboxMessage.objects.latest("id")
    message.send_at = now + timedelta(days=days)
    message.save(update_fields=["send_at"])
    return message


def run(days: int) -> str:
    out = StringIO()
    call_command("demo_clock", days=days, stdout=out)
    return out.getvalue()


def test_what_is_due_within_the_days_leaves_in_its_order(client: Client) -> None:
    third, first, second, later = (plan(days=days) for days in (3, 1, 2, 9))
    said = run(5)
    assert "3 messages left." in said
    places = [said.index(message.recipient) for message in (first, second, third)]
    assert places == sorted(places)
    assert later.recipient not in said
    times = [OutboxMessage.objects.get(pk=m.pk).sent_at for m in (first, second, third)]
    assert None not in times
    assert times == sorted(times, key=str)
    assert first.recipient in read(client, "/demo/inbox")


def test_the_row_keeps_the_truth_of_when_it_was_due() -> None:
    message = plan(days=2)
    run(3)
    due = message.send_at
    message.refresh_from_db()
    assert message.send_at == due
    assert message.sent_at is not None
    assert message.sent_at < timezone.now() < due


def test_what_has_nothing_true_to_say_stays_and_is_counted() -> None:
    message = plan(days=1)
    OutboxMessage.objects.filter(pk=message.pk).update(version=7)
    assert "0 left, 1 did not" in run(2)


def test_running_it_again_sends_nothing_twice() -> None:
    plan(days=1)
    run(2)
    assert run(2).startswith("0 messages left.")


@pytest.mark.parametrize("days", [0, -1, 61])
def test_only_so_many_days(days: int) -> None:
    with pytest.raises(CommandError, match="1 to 60"):
        run(days)


def test_outside_a_demo_nothing_leaves_before_its_time(settings: SettingsFixture) -> None:
    message = plan(days=1)
    settings.DEMO = False
    with pytest.raises(CommandError, match="DEMO=1"):
        run(2)
    message.refresh_from_db()
    assert message.state == "planned"
