"""Text messages by an HTTP provider."""

from __future__ import annotations

from datetime import datetime
from uuid import NAMESPACE_URL, uuid5

from django.conf import settings

from notifications.models import OutboxMessage
from notifications.rendering import Rendered
from notifications.sms.base import Accepted, Outgoing, SmsProvider


class SmsCarrier:
    channel, repeats_for = "sms", 0

    def __init__(self, provider: SmsProvider) -> None:
        self.provider = provider
        self.name, self.can_look_up = provider.name, provider.can_look_up

    def open(self) -> None:
        """Its client connects by itself."""

    def send(self, message: OutboxMessage, rendered: Rendered, *, reference: str) -> Accepted:
        return self.provider.send(self._outgoing(message, rendered.text, reference))

    def look_up(
        self, message: OutboxMessage, rendered_text: str, *, since: datetime
    ) -> Accepted | None:
        outgoing = self._outgoing(
            message, rendered_text, uuid5(NAMESPACE_URL, message.intent_key).hex
        )
        return self.provider.look_up(outgoing, since=since)

    def close(self) -> None:
        """One client serves all threads, for as long as the process lives."""

    @staticmethod
    def _outgoing(message: OutboxMessage, text: str, reference: str) -> Outgoing:
        sender = message.sender or getattr(settings, "SMS_SENDER", "")
        return Outgoing(reference, message.recipient, text, sender)
