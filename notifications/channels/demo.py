"""The demo's carrier: nothing leaves the house, and every message is read at the demo's inbox."""

from __future__ import annotations

from datetime import datetime

from notifications.models import OutboxMessage
from notifications.rendering import Rendered
from notifications.sms.base import Accepted


class DemoChannel:
    can_look_up, repeats_for = True, 0

    def __init__(self, channel: str = "email") -> None:
        self.channel = channel
        self.name = f"demo-{channel}"

    def open(self) -> None:
        """There is nobody to reach."""

    def send(self, message: OutboxMessage, rendered: Rendered, *, reference: str) -> Accepted:
        """The outbox row itself is what people read."""
        return Accepted("", None, None)

    def look_up(
        self, message: OutboxMessage, rendered_text: str, *, since: datetime
    ) -> Accepted | None:
        """The outbox row itself is what people read: what is not sent is not there."""
        return None

    def close(self) -> None:
        """Nothing was opened."""
