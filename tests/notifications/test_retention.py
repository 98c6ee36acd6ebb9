"""Old messages forget whom they went to and what they said; what is on its way forgets nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from booking.tasks import forget_leftovers
from notifications import retention
from notifications.models import ContactProblem, Inbound, OutboxMessage, Receipt
from tests.factories import make_message
from tests.messages import become
from tests.notifications.sending import run

pytestmark = pytest.mark.django_db
OLD = datetime.now(UTC) - retention.KEPT


def message(*, state: str = "sent", valid_until: datetime = OLD) -> OutboxMessage:
    made = OutboxMessage.objects.get(pk=make_message())
    if state != "planned":
        become(state, pk=made.pk)
    OutboxMessage.objects.filter(pk=made.pk).update(
        send_at=valid_until - timedelta(hours=1),
        valid_until=valid_until,
        sent_subject="Votre rendez-vous",
        sent_body="Bonjour",
        attachments=[{"name": "a.ics", "type": "text/calendar", "body": "x"}],
        alternatives=[{"channel": "sms", "recipient": "+33612345678"}],
        cost="0.0450",
        segments=1,
    )
    return made


def kept(made: OutboxMessage) -> dict[str, object]:
    made.refresh_from_db()
    names = ("recipient", "context", "attachments", "alternatives", "sent_subject", "sent_body")
    return {name: getattr(made, name) for name in names}


@pytest.mark.parametrize(
    "state", ["sent", "delivered", "failed", "undeliverable", "expired", "superseded"]
)
def test_an_old_message_keeps_neither_address_nor_words(state: str) -> None:
    made = message(state=state)
    assert retention.forget_old() == 1
    assert set(map(str, kept(made).values())) == {"", "{}", "[]"}
    # What it was, when it left and what it cost stay.
    assert (made.kind, made.state, made.segments, str(made.cost)) == ("code", state, 1, "0.0450")
    assert retention.forget_old() == 0


def test_a_younger_one_and_one_on_its_way_stay_whole() -> None:
    young = message(valid_until=OLD + timedelta(minutes=5))
    waiting = [message(state=state) for state in ("planned", "sending", "uncertain")]
    assert retention.forget_old() == 0
    for made in (young, *waiting):
        assert kept(made)["recipient"] == "karim@example.org"


def test_what_people_wrote_back_is_forgotten_too() -> None:
    receipt = Receipt.objects.create(
        route="ovh",
        kind="inbound",
        event_id="1",
        sender="+33612345678",
        text="2",
        received_at=OLD,
        applied_at=OLD,
    )
    reply = Inbound.objects.create(
        receipt=receipt, sender="+33612345678", text="2", at=OLD, meaning="cancel"
    )
    assert retention.forget_old() == 2
    for row in (receipt, reply):
        row.refresh_from_db()
        assert (row.sender, row.text) == ("", "")


def test_a_dead_address_is_forgotten_after_a_year_a_wish_never() -> None:
    year_ago = timezone.now() - timedelta(days=366)
    for number, (reason, since) in enumerate(
        [("dead", year_ago), ("dead", timezone.now()), ("stop", year_ago)]
    ):
        ContactProblem.objects.create(
            channel="sms", address=f"+3363998123{number}", reason=reason, since=since
        )
    assert retention.forget_old() == 1
    assert sorted(ContactProblem.objects.values_list("reason", flat=True)) == ["dead", "stop"]


def test_more_than_one_batch_is_emptied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    for _ in range(5):
        message()
    assert retention.forget_old() == 5


EMPTIED = """
INSERT INTO notifications_outboxmessage
    (intent_key, kind, subject_ref, person_ref, scope, channel, recipient, sender, language,
     version, context, attachments, alternatives, priority, send_at, valid_until, state,
     is_withdrawn, attempts, last_error, route, provider_id, settle_tries, sent_subject, sent_body,
     handled_as, handled_by, created_at)
SELECT 'old:' || n, 'reminder', 'day:' || n, '', '', 'sms', '', '', 'fr', 0, '{}', '[]', '[]', 7,
    now() - interval '1 year', now() - interval '360 days', 'sent', false, 0, '', '', '', 0, '',
    '', '', '', now() - interval '1 year'
FROM generate_series(1, 5000) n
"""


def test_what_was_emptied_before_is_not_read_again() -> None:
    message()
    run(EMPTIED, "ANALYZE notifications_outboxmessage")
    with connection.cursor() as cursor:
        values = {"kept": retention.KEPT, "batch": retention.BATCH}
        cursor.execute(f"EXPLAIN {retention.MESSAGES}", values)
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "message_to_forget" in plan, plan


def test_the_daily_chore_does_it() -> None:
    made = message()
    forget_leftovers()
    assert kept(made)["recipient"] == ""
