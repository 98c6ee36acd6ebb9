"""Messages, what was tried with each, who carries them, what came back, and their words."""

from notifications.models.outbox import Attempt, OutboxMessage
from notifications.models.providers import ContactProblem, Heartbeat, Inbound, Receipt, Route
from notifications.models.wording import Wording

__all__ = [
    "Attempt",
    "ContactProblem",
    "Heartbeat",
    "Inbound",
    "OutboxMessage",
    "Receipt",
    "Route",
    "Wording",
]
