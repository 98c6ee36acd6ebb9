"""What a channel is, and the three ways a send can go wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from notifications.models import OutboxMessage
from notifications.rendering import Rendered

Attachments = Sequence[Mapping[str, str]]  # {name, type, body} each


class SendError(Exception):
    """The message was not sent, or nobody knows."""


class NotTaken(SendError):
    """Surely not accepted: it may be tried again soon."""


class Refused(SendError):
    """Surely not accepted, and never will be as it is."""


class Uncertain(SendError):
    """The provider may have accepted it and its answer was lost."""


class Channel(Protocol):
    def open(self) -> None:
        """Reach the provider. Raises NotTaken."""

    def send(
        self, message: OutboxMessage, rendered: Rendered, attachments: Attachments = ()
    ) -> None:
        """Hand one message over, outside any transaction. Raises NotTaken, Refused, Uncertain."""

    def close(self) -> None:
        """Part from the provider; never fails."""
