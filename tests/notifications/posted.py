"""Messages as they are once they were given to a provider, and what the provider tells of them."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

from notifications.models import Attempt, OutboxMessage, Receipt

NUMBER = "+33612345678"
_numbers = itertools.count(1)


def posted(state: str = "sent", **fields: Any) -> OutboxMessage:
    """An SMS in this state; one whose outcome is not known has an open attempt."""
    number, now = next(_numbers), datetime.now(UTC)
    is_known = state not in ("sending", "uncertain")
    defaults: dict[str, Any] = {
        "intent_key": f"reminder:{number}",
        "kind": "reminder",
        "subject_ref": f"day:{number}:2027-03-02",
        "channel": "sms",
        "recipient": NUMBER,
        "language": "fr",
        "send_at": now - timedelta(hours=1),
        "valid_until": now + timedelta(days=1),
        "created_at": now - timedelta(hours=1),
        "sent_at": now - timedelta(minutes=10) if is_known else None,
        "route": "brevo",
        "provider_id": f"id-{number}" if is_known else "",
        "state": state,
    }
    message = OutboxMessage.objects.create(**defaults | fields)
    if not is_known:
        Attempt.objects.create(
            message=message,
            number=1,
            route=message.route,
            opened_at=now - timedelta(minutes=2),
            deadline_at=now - timedelta(minutes=1),
            unknown_since=now - timedelta(minutes=1) if state == "uncertain" else None,
        )
    return message


def told(message: OutboxMessage | None = None, state: str = "delivered", **fields: Any) -> Receipt:
    """A receipt stored a moment ago, by the provider's own number if there is one."""
    number, now = next(_numbers), datetime.now(UTC)
    defaults: dict[str, Any] = {
        "route": "brevo",
        "kind": "receipt",
        "event_id": f"event-{number}",
        "provider_id": (message.provider_id if message else "") or f"unknown-{number}",
        "state": state,
        "received_at": now - timedelta(minutes=1),
    }
    return Receipt.objects.create(**defaults | fields)


def wrote(text: str, **fields: Any) -> Receipt:
    """A reply by SMS, stored a moment ago."""
    number, now = next(_numbers), datetime.now(UTC)
    defaults: dict[str, Any] = {
        "route": "brevo",
        "kind": "inbound",
        "event_id": f"reply-{number}",
        "sender": NUMBER,
        "text": text,
        "received_at": now - timedelta(seconds=30),
    }
    return Receipt.objects.create(**defaults | fields)
