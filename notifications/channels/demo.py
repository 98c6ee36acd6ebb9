"""The demo's channel: nothing leaves the house, and every message is read at the demo's inbox."""

from __future__ import annotations

from notifications.channels.base import Attachments
from notifications.models import OutboxMessage
from notifications.rendering import Rendered


class DemoChannel:
    def open(self) -> None:
        """There is nobody to reach."""

    def send(
        self, message: OutboxMessage, rendered: Rendered, attachments: Attachments = ()
    ) -> None:
        """The outbox row itself is what people read."""

    def close(self) -> None:
        """Nothing was opened."""
