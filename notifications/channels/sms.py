"""Text messages: what the outbox holds, handed to a provider of SMS."""

from __future__ import annotations

import time
from datetime import datetime

from notifications.channels.mail import reference_of
from notifications.models import OutboxMessage
from notifications.rendering import Rendered, sms_sender
from notifications.segments import segments
from notifications.sms.base import Accepted, Outgoing, SmsProvider

SHORTEST, LONGEST = 5, 2880  # minutes for which an operator keeps trying


class SmsCarrier:
    """Its provider's connections serve all threads."""

    channel = "sms"
    repeats_for = 0

    def __init__(self, provider: SmsProvider) -> None:
        self.provider = provider
        self.name = provider.name
        self.can_look_up = provider.can_look_up

    def open(self) -> None:
        """Every message is a request of its own."""

    def send(self, message: OutboxMessage, rendered: Rendered, *, reference: str) -> Accepted:
        outgoing = _outgoing(message, rendered.text, reference)
        accepted = self.provider.send(outgoing)
        if accepted.segments is not None:
            return accepted
        return Accepted(accepted.provider_id, segments(rendered.text), accepted.cost)

    def look_up(
        self, message: OutboxMessage, rendered_text: str, *, since: datetime
    ) -> Accepted | None:
        return self.provider.look_up(
            _outgoing(message, rendered_text, reference_of(message)), since=since
        )

    def close(self) -> None:
        """Connections are kept: whoever sends next needs them."""


def _outgoing(message: OutboxMessage, text: str, reference: str) -> Outgoing:
    """What is useless once it is late is not kept by the operator until then."""
    left = int(message.valid_until.timestamp() - time.time()) // 60
    return Outgoing(
        reference=reference,
        to=message.recipient,
        text=text,
        sender=sms_sender(message),
        valid_minutes=min(max(left, SHORTEST), LONGEST),
    )
