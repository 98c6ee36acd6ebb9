"""What people write back: whoever had the message written is told, in one transaction a reply.

`notifications` finds what a reply means and which message it answers; another house registers what
to do about it. Each reply is acted on once, however often the provider tells it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from notifications import answers, callers, outbox, problems, receipts
from notifications.clock import database_now
from notifications.hours import PROMPT
from notifications.models import ContactProblem, Inbound, OutboxMessage, Receipt
from notifications.models.outbox import ASKING_KINDS
from notifications.sms.base import CannotTell, SmsProvider
from notifications.sms.numbers import parse

logger = logging.getLogger(__name__)

Meaning = Inbound.Meaning
State = OutboxMessage.State
PAGE = 100
ASK, STOPPED = "reply_ask", "stopped"
# One that was sent, or may have been, can have an answer.
LEFT = (State.SENDING, State.UNCERTAIN, State.SENT, State.DELIVERED, State.UNDELIVERABLE)
# Robots answer robots: of so many replies a day from one number, no more are answered.
MOST_ANSWERS, DAY = 8, timedelta(days=1)
READ_IN = timedelta(seconds=5)
# What cannot be read from the provider, or acted on, by then is left to a person.
GIVE_UP = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a reply, in a word; whether somebody has to read it, and of which centre."""

    outcome: str
    needs_person: bool = False
    scope: str = ""


Handler = Callable[[Inbound, datetime], Outcome]
_handlers: list[Handler] = []


def register(handler: Handler) -> None:
    """Have replies acted on by it, inside the transaction that closes them."""
    _handlers[:] = [handler]


def answer_waiting(limit: int = PAGE) -> int:
    """Act on the replies that wait, oldest first; how many came to their end."""
    read_named()
    waiting = Receipt.objects.filter(kind=Receipt.Kind.INBOUND, applied_at=None).exclude(sender="")
    ids = list(waiting.order_by("received_at", "pk").values_list("pk", flat=True)[:limit])
    return sum(_answer_safely(pk) for pk in ids)


def read_named() -> None:
    """Ask providers for replies of which they told but the number, outside any transaction.

    In any order: one that can never be read must not stand before the others. The first failure
    ends it for that provider, which may be away.
    """
    unread = Receipt.objects.filter(kind=Receipt.Kind.INBOUND, applied_at=None, sender="")
    tired: set[str] = set()
    for receipt in unread.order_by("?")[:PAGE]:
        provider = callers.sms_provider(receipt.route)
        if receipt.route in tired:
            continue
        if provider is None or not _read(receipt, provider):
            tired.add(receipt.route)
            _give_up(receipt, "unread")


def answer(
    inbound: Inbound,
    kind: str,
    context: Mapping[str, Any],
    *,
    language: str,
    subject_ref: str,
    now: datetime,
    valid_until: datetime,
) -> None:
    """One SMS back, in the transaction that acts on the reply; none to whom had enough today."""
    today = Inbound.objects.filter(
        sender=inbound.sender, receipt__received_at__gt=Now() - DAY
    ).count()
    if today > MOST_ANSWERS:
        return
    asked = inbound.answers
    intent = outbox.Intent(
        intent_key=f"reply:{inbound.receipt_id}",
        kind=kind,
        subject_ref=subject_ref,
        person_ref=asked.person_ref if asked else "",
        scope=inbound.scope,
        channel=OutboxMessage.Channel.SMS,
        recipient=inbound.sender,
        sender=asked.sender if asked else "",
        language=language,
        context=context,
        priority=outbox.URGENT,  # somebody holds the phone
        send_at=now,
        valid_until=valid_until,
        leave_by=now + PROMPT,
    )
    outbox.enqueue([intent], now=now)


def answers_question(inbound: Inbound) -> bool:
    """Whether it answers the question whether to cancel, which can have been read, and is answered
    once: « 1 », then « 2 » begins anew."""
    asked = inbound.answers
    if asked is None or asked.kind != ASK or not _may_be_read(asked, inbound):
        return False
    earlier = Inbound.objects.filter(answers=asked).exclude(pk=inbound.pk)
    return not earlier.exclude(meaning=Meaning.UNKNOWN).exists()


def is_asked_already(inbound: Inbound, subject_ref: str) -> bool:
    """Whether that question is still on its way to that number."""
    asked = inbound.answers
    if asked is not None and asked.kind == ASK and not _may_be_read(asked, inbound):
        return True
    return OutboxMessage.objects.filter(
        kind=ASK,
        channel=OutboxMessage.Channel.SMS,
        recipient=inbound.sender,
        subject_ref=subject_ref,
        state__in=(State.PLANNED, State.CLAIMED),
        valid_until__gt=Now(),
    ).exists()


def said_lately(inbound: Inbound, outcome: str) -> bool:
    """Whether an earlier reply of that number came to this end within a day."""
    earlier = Inbound.objects.filter(sender=inbound.sender, outcome=outcome)
    return earlier.filter(receipt__received_at__gt=Now() - DAY).exclude(pk=inbound.pk).exists()


def is_first_stop(inbound: Inbound) -> bool:
    """Whether that number was not left in peace already before it wrote."""
    before = ContactProblem.objects.filter(
        channel=OutboxMessage.Channel.SMS,
        address=inbound.sender,
        reason=problems.Reason.STOP,
        since__lt=inbound.receipt.received_at,
    )
    return not before.exists() and not said_lately(inbound, STOPPED)


def withdraw_sms(inbound: Inbound, *, subject_refs: list[str], kind: str) -> None:
    """Keep a message just written, which nobody else can have seen, from also going by SMS to whom
    is answered by SMS."""
    OutboxMessage.objects.filter(
        channel=OutboxMessage.Channel.SMS,
        recipient=inbound.sender,
        subject_ref__in=subject_refs,
        kind=kind,
        state=State.PLANNED,
    ).update(state=State.SUPERSEDED, is_withdrawn=True)


def _may_be_read(asked: OutboxMessage, inbound: Inbound) -> bool:
    """Nobody reads and answers within seconds: two « 2 » in a row answer what came before."""
    if asked.sent_at is None:
        return asked.state != State.SENDING
    return inbound.receipt.received_at - asked.sent_at >= READ_IN


def _answer_safely(pk: int) -> bool:
    """One that cannot be acted on does not stop the others."""
    try:
        with transaction.atomic():
            return _answer(pk)
    except Exception as error:
        logger.exception("Reply %d not acted on: %s", pk, type(error).__name__)
    return _give_up(Receipt.objects.get(pk=pk), "failed")


def _answer(pk: int) -> bool:
    waiting = Receipt.objects.filter(pk=pk, applied_at=None).select_for_update(skip_locked=True)
    receipt = waiting.first()
    if receipt is None:
        return False
    inbound = _heard(receipt, _number(receipt.sender))
    if inbound.meaning == Meaning.STOP:
        _stop(inbound)
    outcome = Outcome("", needs_person=True)
    for handler in _handlers:
        outcome = handler(inbound, database_now())
    _close(receipt, inbound, outcome)
    return True


def _heard(receipt: Receipt, sender: str) -> Inbound:
    """The reply, with the last message to that number that it may answer."""
    _lock_number(sender)
    told, arrived = receipt.happened_at, receipt.received_at
    at = told if told and arrived - DAY <= told <= arrived else arrived
    asked = (
        OutboxMessage.objects.filter(
            Q(sent_at=None) | Q(sent_at__lte=arrived),
            channel=OutboxMessage.Channel.SMS,
            kind__in=ASKING_KINDS,
            recipient=sender,
            state__in=LEFT,
            valid_until__gt=at,
        )
        .order_by(F("sent_at").desc(nulls_first=True), "-pk")
        .first()
    )
    return Inbound.objects.create(
        receipt=receipt,
        sender=sender,
        text=receipt.text,
        at=at,
        meaning=answers.meaning(receipt.text),
        answers=asked,
        scope=asked.scope if asked else "",
    )


def _stop(inbound: Inbound) -> None:
    """Nobody's handler is needed to leave a number in peace."""
    stop = problems.Problem(OutboxMessage.Channel.SMS, inbound.sender, problems.Reason.STOP)
    problems.record([stop])


def _close(receipt: Receipt, inbound: Inbound, outcome: Outcome) -> None:
    inbound.outcome, inbound.needs_person = outcome.outcome, outcome.needs_person
    inbound.scope = outcome.scope or inbound.scope
    inbound.save(update_fields=["outcome", "needs_person", "scope"])
    Receipt.objects.filter(pk=receipt.pk).update(applied_at=Now(), message=inbound.answers)


@transaction.atomic
def _give_up(receipt: Receipt, why: str) -> bool:
    """Leave to a person what has been tried for long enough."""
    if database_now() - receipt.received_at < GIVE_UP:
        return False
    waiting = Receipt.objects.filter(pk=receipt.pk, applied_at=None)
    if waiting.select_for_update(skip_locked=True).first() is None:
        return False
    inbound = _heard(receipt, _number(receipt.sender))
    if inbound.meaning == Meaning.STOP:
        _stop(inbound)
    _close(receipt, inbound, Outcome(why, needs_person=True))
    return True


def _read(receipt: Receipt, provider: SmsProvider) -> bool:
    try:
        told = provider.read(receipt.event_id)
    except CannotTell as error:
        logger.warning("Reply %d not read: %s", receipt.pk, error)
        return False
    Receipt.objects.filter(pk=receipt.pk, applied_at=None).update(**receipts.reply_fields(told))
    return True


def _number(sender: str) -> str:
    """As we write numbers, where it is one."""
    try:
        return parse(sender)
    except ValidationError:
        return sender


def _lock_number(sender: str) -> None:
    """One reply of a number at a time, until its transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 1))", [sender])
