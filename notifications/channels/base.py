"""What a channel is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from notifications.models import OutboxMessage
from notifications.rendering import Rendered

Attachments = Sequence[Mapping[str, str]]  # {name, type, body} each


class Channel(Protocol):
    def open(self) -> None:
        """Reach the provider. Raises NotTaken."""

    def send(
        self, message: OutboxMessage, rendered: Rendered, attachments: Attachments = ()
    ) -> None:
        """Hand one message over, outside any transaction. Raises NotTaken, Refused, Uncertain."""

    def close(self) -> None:
        """Part from the provider; never fails."""
