"""Lost answers: the provider is asked what became of a message; where none can tell, a rule says.

Nothing is sent again because an answer is missing, but because the message surely is, or because
the rule finds a second copy better than none.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import InterfaceError, OperationalError, connection

from notifications import ledger, routing
from notifications.channels.base import Carrier
from notifications.composing import Content, compose
from notifications.ledger import Begun, Outcome
from notifications.models import OutboxMessage
from notifications.rendering import render
from notifications.sms.base import CannotTell
from notifications.timing import LAST_SETTLED, LONGEST_PAUSE, LOOK_UP_AFTER, WORTH_REPEATING

logger = logging.getLogger(__name__)

MOST_AT_ONCE = 500
# Asking takes its time; the next pass goes on.
ASKING_SECONDS = 20.0
# Without these somebody comes in vain: worth a second SMS however late.
ALWAYS_WORTH_REPEATING = ("cancelled", "closed", "moved", "proposed")

DUE = """
SELECT message.*, attempt.number, attempt.opened_at,
    (SELECT min(opened_at) FROM notifications_attempt WHERE message_id = message.id) AS since,
    (SELECT count(*) FROM notifications_attempt
     WHERE message_id = message.id AND outcome = 'given_up') AS repeats,
    statement_timestamp() - coalesce(unknown_since, opened_at) AS unknown_for,
    valid_until - statement_timestamp() AS useful_for
FROM notifications_outboxmessage message
JOIN notifications_attempt attempt ON attempt.message_id = message.id AND closed_at IS NULL
WHERE state = 'uncertain' AND settle_at <= statement_timestamp()
ORDER BY settle_at LIMIT %(most)s
"""

ASK_AGAIN = """
UPDATE notifications_outboxmessage
SET settle_at = statement_timestamp() + %(pause)s, settle_tries = settle_tries + %(absences)s
WHERE id = %(id)s AND state = 'uncertain'
"""


@dataclass(frozen=True, slots=True)
class Doubt:
    """An open attempt without an answer: since when the message has been tried, how often it was
    sent again blindly, how long nothing is known of it, how long it is of use."""

    begun: Begun
    since: datetime
    repeats: int
    unknown_for: timedelta
    useful_for: timedelta

    @property
    def message(self) -> OutboxMessage:
        return self.begun.message


def settle_due() -> None:
    """Settle each uncertain message whose time has come, or put the question off."""
    ends = time.monotonic() + ASKING_SECONDS
    for doubt in _due():
        if time.monotonic() > ends:
            return
        _settle_alone(doubt)


def _due() -> list[Doubt]:
    # Any: the columns beside the message's own are known to the statement only.
    rows: Iterable[Any] = OutboxMessage.objects.raw(DUE, {"most": MOST_AT_ONCE})
    return [
        Doubt(
            Begun(row, row.number, row.opened_at),
            row.since,
            row.repeats,
            row.unknown_for,
            row.useful_for,
        )
        for row in rows
    ]


def _settle_alone(doubt: Doubt) -> None:
    """One answer that nobody thought of must not keep the others from being settled."""
    try:
        _settle(doubt)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        logger.exception("Message %d cannot be settled", doubt.message.pk)
        _not_yet(doubt, type(error).__name__)


def _settle(doubt: Doubt) -> None:
    carrier = routing.route_named(doubt.message.route)
    if carrier is not None and not carrier.can_look_up:
        repeats = _is_worth_repeating(doubt)
        ledger.given_up(doubt.begun, "no answer, and nobody to ask", repeats=repeats)
        return
    try:
        _ask(carrier, doubt)
    except CannotTell as error:
        _not_yet(doubt, str(error))


def _not_yet(doubt: Doubt, why: str) -> None:
    if doubt.useful_for < -LAST_SETTLED:
        ledger.given_up(doubt.begun, f"still unknown: {why}", repeats=False)
        return
    # The longer it has been unknown, the less another minute matters.
    _ask_again(doubt, min(max(doubt.unknown_for, LOOK_UP_AFTER), LONGEST_PAUSE))


def _ask(carrier: Carrier | None, doubt: Doubt) -> None:
    """Found: it is sent. Absent twice, a while apart: it may be sent again. Raises CannotTell."""
    message = doubt.message
    if carrier is None:
        raise CannotTell(f"{message.route} is not configured any more")
    content = _content(message)
    try:
        text = message.sent_body or _text(message, content)
        answer = carrier.look_up(message, text, since=doubt.since)
    except CannotTell:
        raise
    except Exception as error:
        logger.exception("Message %d: %s cannot be asked", message.pk, carrier.name)
        raise CannotTell(type(error).__name__) from error
    if answer is not None:
        ledger.accepted(doubt.begun, answer, content, outcome=Outcome.FOUND)
    elif message.settle_tries:
        ledger.absent(doubt.begun, f"{carrier.name} does not have it")
    else:
        _ask_again(doubt, LOOK_UP_AFTER, absences=1)


def _is_worth_repeating(doubt: Doubt) -> bool:
    """One second copy at most. Of a mail it is known as the same one; of an SMS it is not."""
    message = doubt.message
    if doubt.repeats or doubt.useful_for <= timedelta():
        return False
    if message.channel == OutboxMessage.Channel.EMAIL:
        return True
    return message.kind in ALWAYS_WORTH_REPEATING or doubt.useful_for > WORTH_REPEATING


def _ask_again(doubt: Doubt, pause: timedelta, *, absences: int = 0) -> None:
    with connection.cursor() as cursor:
        values: dict[str, Any] = {"id": doubt.message.pk, "pause": pause, "absences": absences}
        cursor.execute(ASK_AGAIN, values)


def _content(message: OutboxMessage) -> Content | None:
    """What it says, if that is true still."""
    try:
        return compose(message)
    except Exception:
        logger.exception("Message %d cannot be composed any more", message.pk)
        return None


def _text(message: OutboxMessage, content: Content | None) -> str:
    """The text of a secret is not kept, but can be put together again."""
    return render(message, content).text if content is not None else ""
