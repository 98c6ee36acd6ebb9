"""Sending what is due: claim, announce, send outside any transaction, close."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

from django.conf import settings

from notifications import outbox
from notifications.channels import carriers
from notifications.channels.base import Carrier
from notifications.channels.mail import reference_of
from notifications.composing import Content, compose
from notifications.errors import NotTaken, Refused, Uncertain
from notifications.models import OutboxMessage
from notifications.rendering import render

logger = logging.getLogger(__name__)

BATCH = 10


@dataclass(slots=True)
class Tally:
    """What a run did."""

    sent: int = 0
    failed: int = 0
    expired: int = 0


def deliver(*, seconds: float, batch: int = BATCH) -> Tally:
    """Send due messages until none is left, the provider is away, or the time is over."""
    tally = Tally(expired=outbox.expire())
    ends = time.monotonic() + seconds
    (channel, *_others) = carriers("email")
    try:
        while time.monotonic() < ends and (messages := outbox.claim_due(limit=batch)):
            if not _send_batch(messages, channel, tally):
                break
    finally:
        channel.close()
    return tally


def _send_batch(messages: list[OutboxMessage], channel: Carrier, tally: Tally) -> bool:
    """False when the provider cannot be reached: the whole batch waits, and so does the rest."""
    try:
        channel.open()
    except NotTaken as error:
        for message in filter(outbox.begin, messages):
            outbox.mark_failed(message, str(error))
        tally.failed += len(messages)
        logger.warning("Provider out of reach: %s. Messages put off: %d", error, len(messages))
        return False
    for message in messages:
        _send(message, channel, tally)
    return True


def _send(message: OutboxMessage, channel: Carrier, tally: Tally) -> None:
    """Compose, announce, hand over. Whatever changes in between withdraws the message: then it
    cannot be announced any more."""
    try:
        content = compose(message)
    except Exception as error:  # noqa: BLE001  one that cannot be composed must not stop the others
        if outbox.begin(message):
            outbox.mark_failed(message, _name(error), is_final=message.attempts >= 2)
            logger.warning(
                "Message %d (%s) not composed: %s", message.pk, message.kind, _name(error)
            )
        return
    if content is None:
        outbox.withdraw(message)
        return
    if not outbox.begin(message):
        return
    problem = _attempt(message, content, channel)
    if problem is None:
        tally.sent += 1
        return
    tally.failed += 1
    logger.warning("Message %d (%s) not sent: %s", message.pk, message.kind, problem)


def _attempt(message: OutboxMessage, content: Content, channel: Carrier) -> str | None:
    """Send one announced message and close it; what went wrong, if anything did."""
    try:
        rendered = render(message, content)
        channel.send(message, rendered, reference=reference_of(message))
    except NotTaken as error:
        problem = str(error)
        outbox.mark_failed(message, problem)
    except Refused as error:
        problem = str(error)
        outbox.mark_failed(message, problem, is_final=True)
    except Uncertain as error:
        problem = str(error)
        outbox.mark_failed(message, problem, is_uncertain=True)
    except Exception as error:  # noqa: BLE001  one that cannot be rendered must not stop the others
        problem = _name(error)
        outbox.mark_failed(message, problem, is_final=message.attempts >= 2)
    else:
        outbox.mark_sent(
            message,
            subject=rendered.subject,
            body=rendered.text,
            content=content,
            keep_secrets=settings.DEMO,
        )
        return None
    return problem


def _name(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
