"""Rows of the outbox as sending leaves them: lost, uncertain, sent, with their ledger."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from notifications.models import Attempt, OutboxMessage, Route

_numbers = itertools.count(1)
KIND = "confirmation"
# Twenty thousand that were sent, of 22 centres.
LEAVE_MANY = """INSERT INTO notifications_outboxmessage
    (intent_key, kind, subject_ref, person_ref, scope, channel, recipient, sender, language,
     version, context, attachments, alternatives, priority, send_at, valid_until, state,
     is_withdrawn, attempts, last_error, route, provider_id, settle_tries, sent_subject, sent_body,
     created_at, handled_as, handled_by)
SELECT 'many:' || n, 'reminder', 's' || n, '', 'c' || n % 22, 'sms', '+336', '', 'fr',
    0, '{}', '[]', '[]', 3, now(), now() + interval '2 days', 'sent',
    false, 0, '', '', '', 0, '', '', now(), '', ''
FROM generate_series(1, 20000) AS n"""


def make_row(**fields: Any) -> OutboxMessage:
    """A message that failed, still useful for two days, about nothing in particular."""
    number, now = next(_numbers), timezone.now()
    defaults: dict[str, Any] = {
        "intent_key": f"note:{number}",
        "kind": KIND,
        "subject_ref": f"note-{number}",
        "person_ref": f"guardian:{number}",
        "scope": "redon",
        "channel": "email",
        "recipient": f"lea{number}@example.org",
        "state": "failed",
        "send_at": now - timedelta(hours=1),
        "valid_until": now + timedelta(days=2),
        "created_at": now - timedelta(hours=1),
    }
    return OutboxMessage.objects.create(**defaults | fields)


def make_attempt(message: OutboxMessage, outcome: str = "accepted", **fields: Any) -> Attempt:
    """An attempt that ended a moment ago, in this way; without one it is open."""
    now = timezone.now()
    defaults: dict[str, Any] = {
        "number": message.ledger.count() + 1,
        "route": "smtp",
        "opened_at": now,
        "deadline_at": now + timedelta(seconds=45),
        "outcome": outcome,
        "closed_at": now if outcome else None,
    }
    return Attempt.objects.create(message=message, **defaults | fields)


def make_unsure(*, since: datetime, **fields: Any) -> OutboxMessage:
    """A message whose provider never answered."""
    message = make_row(state="uncertain", settle_at=timezone.now(), **fields)
    make_attempt(message, "", opened_at=since, unknown_since=since)
    return message


def make_sent(*, seconds: float = 1, ago: timedelta = timedelta(), **fields: Any) -> OutboxMessage:
    """A message accepted so long after it was due."""
    at = timezone.now() - ago
    due = at - timedelta(seconds=seconds)
    route = fields.pop("route", "smtp")
    message = make_row(
        state="sent", route=route, sent_at=at, **{"send_at": due, "created_at": due} | fields
    )
    make_attempt(message, route=route, opened_at=due, closed_at=at)
    return message


def make_route(name: str = "smtp", channel: str = "email", **fields: Any) -> Route:
    return Route.objects.update_or_create(name=name, defaults={"channel": channel} | fields)[0]
