"""The demo's carriers: nothing leaves the house, and every message is read at the demo's inbox."""

from __future__ import annotations

from datetime import datetime

from notifications.models import OutboxMessage
from notifications.rendering import Rendered
from notifications.segments import segments
from notifications.sms.base import Accepted
from notifications.words.kinds import SMS


class DemoCarrier:
    """The outbox row itself is what people read, so what was not sent is surely not there."""

    can_look_up = True
    repeats_for = 0

    def __init__(self, channel: str) -> None:
        self.channel = channel
        self.name = f"demo-{channel}"

    def open(self) -> None:
        """There is nobody to reach."""

    def send(self, message: OutboxMessage, rendered: Rendered, *, reference: str) -> Accepted:
        parts = segments(rendered.text) if self.channel == SMS else None
        return Accepted(reference, parts, None)

    def look_up(
        self, message: OutboxMessage, rendered_text: str, *, since: datetime
    ) -> Accepted | None:
        return None

    def close(self) -> None:
        """Nothing was opened."""
