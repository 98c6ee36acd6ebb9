"""What carries messages: one provider of one channel, and how it can fail.

Errors are those of `notifications.errors` and `notifications.sms.base`, whatever the channel.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from notifications.models import OutboxMessage
from notifications.rendering import Rendered
from notifications.sms.base import Accepted


class Carrier(Protocol):
    """One of a process serves all its threads. `name` is unique among all carriers.

    `repeats_for` is for how many seconds the provider knows the same reference again: told it a
    second time within them, it surely does not send twice (it raises Uncertain instead, and
    `look_up` tells). 0: it knows nothing again.
    """

    name: str
    channel: str
    can_look_up: bool
    repeats_for: int

    def open(self) -> None:
        """Reach the provider, where that is a step of its own. Raises NotTaken and its kinds."""

    def send(self, message: OutboxMessage, rendered: Rendered, *, reference: str) -> Accepted:
        """Hand one message over, outside any transaction; `reference` is the same for all attempts.

        Raises NotTaken, Refused, Uncertain and their kinds.
        """

    def look_up(
        self, message: OutboxMessage, rendered_text: str, *, since: datetime
    ) -> Accepted | None:
        """Ask whether the provider has it; `since` is when the first attempt began.

        None: surely not, a minute or more after the last attempt. Raises CannotTell.
        """

    def close(self) -> None:
        """Part from the provider until the next message; never fails."""
