"""Delivery over a real SMTP connection on the loopback."""

from __future__ import annotations

import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import close_old_connections, connection, connections

from notifications import routing
from notifications.delivery import deliver
from notifications.models import OutboxMessage
from notifications.queries import recent_messages
from notifications.reconcile import reconcile
from tests.factories import make_message
from tests.notifications.conftest import MailServer

State = OutboxMessage.State
ICS = "BEGIN:VCALENDAR\r\nMETHOD:PUBLISH\r\nSUMMARY:Été\r\nEND:VCALENDAR\r\n"


def make_due_again() -> None:
    OutboxMessage.objects.update(
        send_at=datetime.now(UTC) - timedelta(seconds=1),
        valid_until=datetime.now(UTC) + timedelta(hours=2),
    )


def only() -> OutboxMessage:
    return OutboxMessage.objects.get()


@pytest.mark.django_db
def test_a_mail_has_plain_text_first_html_and_a_calendar_file(mail_server: MailServer) -> None:
    file = {
        "name": "rendez-vous.ics",
        "type": "text/calendar; charset=utf-8; method=PUBLISH",
        "body": ICS,
    }
    make_message()
    OutboxMessage.objects.update(attachments=[file])
    assert deliver(seconds=5)["sent"] == 1
    (mail,) = mail_server.accepted
    alternative, calendar = mail.iter_parts()
    assert [p.get_content_type() for p in alternative.iter_parts()] == ["text/plain", "text/html"]
    assert calendar.get_content_type() == "text/calendar"
    assert calendar.get_param("method") == "PUBLISH"
    assert calendar.get_filename() == "rendez-vous.ics"
    assert calendar["Content-Transfer-Encoding"] == "base64"
    assert calendar.get_payload(decode=True) == ICS.encode()
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Content-Language"] == "fr"
    assert mail_server.recipients == ["karim@example.org"]
    body = alternative.get_body(("plain",))
    assert body is not None
    assert "042042" in body.get_content()
    assert (only().state, only().attempts, only().lease_until) == (State.SENT, 1, None)
    assert only().sent_at is not None


@pytest.mark.django_db
def test_nothing_is_sent_twice(mail_server: MailServer) -> None:
    make_message()
    deliver(seconds=5)
    deliver(seconds=5)
    assert len(mail_server.accepted) == 1


@pytest.mark.django_db
def test_an_expired_message_is_never_sent(mail_server: MailServer) -> None:
    make_message()
    past = datetime.now(UTC) - timedelta(minutes=1)
    OutboxMessage.objects.update(send_at=past - timedelta(minutes=1), valid_until=past)
    assert deliver(seconds=5) == Counter()
    reconcile()
    assert mail_server.accepted == []
    assert only().state == State.EXPIRED


@pytest.mark.django_db
def test_a_server_out_of_reach_puts_the_message_off_and_a_later_try_sends_it(
    mail_server: MailServer,
) -> None:
    make_message()
    mail_server.stop()
    assert deliver(seconds=5)["failed"] == 1
    waiting = only()
    assert (waiting.state, waiting.attempts) == (State.PLANNED, 1)
    assert "ConnectionRefused" in waiting.last_error
    assert waiting.send_at > datetime.now(UTC) + timedelta(seconds=1)
    mail_server.start()
    assert deliver(seconds=5)["sent"] == 0, "not before its time"
    make_due_again()
    assert deliver(seconds=5)["sent"] == 1
    assert (only().state, only().last_error) == (State.SENT, "")
    assert len(mail_server.accepted) == 1


@pytest.mark.django_db
def test_a_busy_server_is_tried_again(mail_server: MailServer) -> None:
    make_message()
    mail_server.mode = "busy"
    deliver(seconds=5)
    assert only().state == State.PLANNED
    assert "451" in only().last_error
    mail_server.mode = "accept"
    make_due_again()
    assert deliver(seconds=5)["sent"] == 1


@pytest.mark.django_db
def test_a_rejected_address_is_given_up_and_the_address_stays_out_of_the_error(
    mail_server: MailServer,
) -> None:
    make_message()
    mail_server.mode = "reject"
    assert deliver(seconds=5)["failed"] == 1
    assert only().state == State.UNDELIVERABLE
    assert "550" in only().last_error
    assert "karim" not in only().last_error


@pytest.mark.django_db
def test_one_message_that_cannot_be_rendered_does_not_stop_the_others(
    mail_server: MailServer,
) -> None:
    make_message(kind="no-such-kind", intent_key="poison")
    make_message(intent_key="good")
    for _ in range(3):
        deliver(seconds=5)
        OutboxMessage.objects.filter(state=State.PLANNED).update(
            send_at=datetime.now(UTC) - timedelta(seconds=1)
        )
    assert OutboxMessage.objects.get(intent_key="good").state == State.SENT
    assert OutboxMessage.objects.get(intent_key="poison").state == State.FAILED
    assert len(mail_server.accepted) == 1


@pytest.mark.django_db
def test_an_idle_connection_the_server_dropped_is_no_failure(mail_server: MailServer) -> None:
    (carrier,) = routing.routes("email")
    carrier.open()
    mail_server.stop()
    mail_server.start()
    carrier.open()
    carrier.close()


@pytest.mark.django_db(transaction=True)
def test_a_mail_leaves_outside_any_transaction_and_is_announced_before(
    mail_server: MailServer,
) -> None:
    seen: list[tuple[Any, ...]] = []

    def look() -> None:
        """From another connection, while the server is being handed the mail."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE datname = current_database() AND state = 'idle in transaction'"
            )
            (open_transactions,) = cursor.fetchone()
        message = only()
        attempt = message.ledger.get()
        seen.append((open_transactions, message.state, attempt.number, attempt.closed_at))
        connections.close_all()

    mail_server.on_data = look
    make_message()
    assert deliver(seconds=5)["sent"] == 1
    assert seen == [(0, State.SENDING, 1, None)]


@pytest.mark.django_db(transaction=True)
def test_deliverers_side_by_side_send_each_message_once(mail_server: MailServer) -> None:
    keys = {f"code:{n}" for n in range(120)}
    for n, key in enumerate(sorted(keys)):
        make_message(intent_key=key, recipient=f"family{n}@example.org")
    barrier = threading.Barrier(4)
    sent: list[int] = []

    def run() -> None:
        close_old_connections()
        try:
            barrier.wait()
            sent.append(deliver(seconds=30)["sent"])
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(sent) == 120
    assert sum(count > 0 for count in sent) >= 2, "the work was shared"
    assert set(Counter(mail_server.recipients).values()) == {1}
    assert len(mail_server.accepted) == 120
    assert set(OutboxMessage.objects.values_list("state", flat=True)) == {State.SENT}


@pytest.mark.django_db
def test_in_the_demo_nothing_leaves_and_everything_is_readable(settings: Any) -> None:
    settings.DEMO = True
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    make_message(intent_key="unsent", send_at=datetime.now(UTC) + timedelta(minutes=5))
    make_message(intent_key="sent")
    assert deliver(seconds=5)["sent"] == 1
    sent, unsent = recent_messages(10)
    assert (sent.state, unsent.state) == (State.SENT, State.PLANNED)
    for message in (sent, unsent):
        assert message.subject == "Votre code à six chiffres"
        assert "042042" in message.text
        assert "042042" in message.html


@pytest.mark.django_db
def test_only_a_demo_may_have_no_mail_server(settings: Any) -> None:
    settings.DEMO = False
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    make_message()
    with pytest.raises(ImproperlyConfigured):
        deliver(seconds=5)
    assert only().state == State.PLANNED


@pytest.mark.django_db
def test_the_command_does_the_same_without_celery(mail_server: MailServer) -> None:
    make_message()
    out = StringIO()
    call_command("deliver", "--once", stdout=out)
    assert out.getvalue() == "sent: 1, failed: 0\n"
    started = time.monotonic()
    call_command("deliver", stdout=out)
    assert time.monotonic() - started < 2, "it ends when nothing is due"
