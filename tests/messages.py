"""Messages as they would leave now, or as if they had."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection

from notifications.composing import Content, compose
from notifications.models import OutboxMessage
from notifications.rendering import Rendered, render


def content(message: OutboxMessage) -> Content:
    found = compose(message)
    assert found is not None, f"nothing to say: {message}"
    return found


def rendered(message: OutboxMessage) -> Rendered:
    return render(message, content(message))


# How each state is reached: the database refuses short cuts.
STEPS = {
    "sending": ("claimed", "sending"),
    "uncertain": ("claimed", "sending", "uncertain"),
    "sent": ("claimed", "sending", "sent"),
    "delivered": ("claimed", "sending", "sent", "delivered"),
    "undeliverable": ("claimed", "sending", "undeliverable"),
    "failed": ("failed",),
    "expired": ("expired",),
    "superseded": ("superseded",),
}


def become(state: str, **of: Any) -> None:
    """Bring planned messages to a state."""
    ids = list(OutboxMessage.objects.filter(state="planned", **of).values_list("pk", flat=True))
    for step in STEPS[state]:
        OutboxMessage.objects.filter(pk__in=ids).update(state=step)


# The database's clock cannot be moved, but what is written can be moved along it.
ELAPSE = """
UPDATE notifications_outboxmessage SET send_at = send_at + by, valid_until = valid_until + by,
    leave_by = leave_by + by, created_at = least(created_at, clock_timestamp())
FROM (SELECT clock_timestamp() - %s::timestamptz) AS elapsed (by)
"""


def elapse(until: datetime) -> None:
    """All messages are now as far from their times as they would be at this moment."""
    with connection.cursor() as cursor:
        cursor.execute(ELAPSE, [until])
