"""One claimed message, from its words to its provider's answer; and all that is due, one by one.

`pool` does the same with many threads.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Literal

from django.db import InterfaceError, OperationalError, connection

from notifications import failpoints, ledger, routing
from notifications.channels.base import Carrier
from notifications.composing import Content, compose
from notifications.errors import BadAddress, NotTaken, Refused, SendError
from notifications.ledger import Begun
from notifications.models import OutboxMessage
from notifications.outbox import reference
from notifications.rendering import Rendered, render
from notifications.sms.base import Accepted, AccountProblem, RecipientBusy, TryLater
from notifications.timing import (
    DEADLINE,
    LOOK_UP_AFTER,
    SETTLE_BLINDLY_AFTER,
    back_off,
    jittered,
)

logger = logging.getLogger(__name__)

BATCH = 10
# The database may be away for a moment just when a provider has answered: its answer is too
# precious to be given up at once.
PATIENCE = (0.1, 0.3, 1.0, 2.0, 4.0, 8.0)
AT_ONCE = timedelta(seconds=1)

What = Literal["sent", "failed", "left"]


def deliver(*, seconds: float) -> Counter[What]:
    """Send what is due, in this thread, until nothing is left, no provider works, or the time is
    over; how many were sent, failed, or left where they were."""
    tally: Counter[What] = Counter()
    ends = time.monotonic() + seconds
    try:
        for channel in routing.CHANNELS:
            while time.monotonic() < ends and (messages := claim(channel, limit=BATCH)):
                tally.update(send(message) for message in messages)
    finally:
        routing.part()
    return tally


def claim(
    channel: str, *, limit: int, priorities: tuple[int, ...] = ledger.ALL_PRIORITIES
) -> list[OutboxMessage]:
    """As many due messages of a channel as its providers may be given now."""
    room = routing.room(channel)
    if room is not None:
        limit = min(room, limit)
    if limit <= 0:
        return []
    return ledger.claim(channel=channel, limit=limit, priorities=priorities)


def send(message: OutboxMessage) -> What:
    """Compose, announce, hand over, close. Raises OperationalError or InterfaceError when the
    database goes away before anything is announced."""
    try:
        ready = _ready(message)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:  # noqa: BLE001  one without words must not stop the others
        ledger.stumble(message, _name(error))
        logger.warning("Message %d (%s) has no words: %s", message.pk, message.kind, _name(error))
        return "failed"
    return "left" if ready is None else _call(*ready)


def _ready(message: OutboxMessage) -> tuple[Begun, Carrier, Rendered, Content] | None:
    """Whatever changes before the attempt is announced withdraws the message: then it cannot be
    announced any more."""
    content = compose(message)
    if content is None:
        ledger.withdraw(message)
        return None
    rendered = render(message, content)
    carrier = routing.pick(message.channel, tries=message.attempts, bound_to=message.route)
    if carrier is None:
        ledger.put_off(message, "no provider may be called now")
        return None
    deadline = DEADLINE[message.channel]
    begun = ledger.begin(message, rendered, route=carrier.name, deadline=deadline)
    return (begun, carrier, rendered, content) if begun else None


def settle_after(carrier: Carrier | None, channel: str) -> timedelta:
    """How long after a lost answer something can be done about it."""
    if carrier is not None and carrier.can_look_up:
        return LOOK_UP_AFTER
    return SETTLE_BLINDLY_AFTER[channel]


def _call(begun: Begun, carrier: Carrier, rendered: Rendered, content: Content) -> What:
    """The one call of an open attempt, and its closing."""
    message = begun.message
    answer = _answer(begun, carrier, rendered)
    _surely(lambda: _close(begun, carrier, answer, content))
    if isinstance(answer, Accepted):
        return "sent"
    logger.warning("Message %d (%s) not sent: %s", message.pk, message.kind, _name(answer))
    return "failed"


def _answer(begun: Begun, carrier: Carrier, rendered: Rendered) -> Accepted | Exception:
    message = begun.message
    try:
        answer = carrier.send(message, rendered, reference=reference(message))
    except Exception as error:  # noqa: BLE001  each is an answer; `_close` says which
        return error
    failpoints.reach("after_send")
    return answer


def _close(begun: Begun, carrier: Carrier, answer: Accepted | Exception, content: Content) -> None:
    if isinstance(answer, Accepted):
        ledger.accepted(begun, answer, content)
        routing.record_success(carrier.name)
    elif isinstance(answer, Refused):
        ledger.refused(begun, str(answer), is_address_bad=isinstance(answer, BadAddress))
    elif isinstance(answer, NotTaken):
        _put_back(begun, carrier, answer)
    else:
        # Lost, or something nobody thought of: who knows how far it went.
        problem = str(answer) if isinstance(answer, SendError) else _name(answer)
        ledger.unknown(begun, problem, wait=settle_after(carrier, begun.message.channel))
        routing.record_failure(carrier.name, problem)


def _put_back(begun: Begun, carrier: Carrier, error: NotTaken) -> None:
    """Planned again: at once if another provider has not had its turn yet, else later and later."""
    message = begun.message
    if isinstance(error, AccountProblem):
        routing.record_account_problem(carrier.name, str(error))
    many = len(routing.routes(message.channel))
    has_turn_left = begun.number % many != 0 and routing.others_work(message.channel, carrier.name)
    wait = jittered(AT_ONCE) if has_turn_left else back_off(-(-begun.number // many))
    at_least = error.retry_after if isinstance(error, TryLater) and not has_turn_left else None
    of_recipient = isinstance(error, RecipientBusy)
    ledger.not_taken(begun, str(error), wait=wait, at_least=at_least, blames_recipient=of_recipient)
    if not of_recipient:
        routing.record_failure(carrier.name, str(error))


def _surely(close: Callable[[], None]) -> None:
    """Write down what a provider said, even if the database has to come back first. If it does not,
    the attempt stays open and is settled like any whose answer was lost."""
    for pause in PATIENCE:
        try:
            close()
            return
        except (OperationalError, InterfaceError):
            if connection.in_atomic_block:
                raise
            connection.close()
            time.sleep(pause)
    close()


def _name(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
