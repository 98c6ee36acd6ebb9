"""What a person does about a message that reached nobody: each action once, signed and dated.

A message that goes out again is a new row beside the old one (`instead_of`), never a second life of
it. Pressing twice is pressing once; what somebody else has settled meanwhile stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Q, QuerySet

from notifications import outbox
from notifications.composing import compose
from notifications.hours import PROMPT
from notifications.models import Inbound, OutboxMessage, Route
from notifications.models.outbox import LOST_STATES
from notifications.problems import problems_of
from notifications.sms import numbers
from notifications.words.kinds import KINDS

Channel, Handled, State = OutboxMessage.Channel, OutboxMessage.Handled, OutboxMessage.State
# Codes live for minutes: who still wants in has asked for another one. Links to choose a password
# and the paper list are for staff, who ask again, or have it on the screen. Who cancelled knows.
NOBODY_WAITS_FOR = ("code", "account", "paper", "cancelled")
AGAIN = re.compile(r":resend:\d+$")
LONGEST_NAME = 80


def gettext_noop(text: str) -> str:
    """Mark a text for translation; pages pass it through gettext."""
    return text


class NotHandled(Exception):
    """The action was refused. Nothing was changed."""

    code = "not_handled"
    message = gettext_noop("Cette action n’est pas possible.")
    status = 409


class AlreadyHandled(NotHandled):
    code = "already_handled"
    message = gettext_noop("Une autre personne s’en est déjà occupée.")


class NotLost(NotHandled):
    code = "not_lost"
    message = gettext_noop("Ce message a repris son chemin : il n’y a plus rien à faire.")


class StillUncertain(NotHandled):
    code = "still_uncertain"
    message = gettext_noop(
        "Ce message est peut-être arrivé : l’envoyer encore pourrait le doubler. "
        "Appelez la famille."
    )


class NoLongerUseful(NotHandled):
    code = "no_longer_useful"
    message = gettext_noop(
        "Ce message n’a plus d’objet : le rendez-vous a changé, ou son heure est passée."
    )


class SameAddress(NotHandled):
    code = "same_address"
    message = gettext_noop("C’est l’adresse qui n’a pas marché. Écrivez-en une autre.")
    status = 422


class KnownBad(NotHandled):
    code = "known_bad"
    message = gettext_noop(
        "Rien ne part plus à cette adresse : elle n’existe pas, ou la personne n’en veut plus."
    )
    status = 422


class BadAddress(NotHandled):
    """The address cannot be one; `said` is the sentence for the person."""

    code = "bad_address"
    message = gettext_noop("Vérifiez cette adresse.")
    status = 422

    def __init__(self, said: str = "") -> None:
        super().__init__(self.code)
        self.said = said


class NotByThisChannel(NotHandled):
    code = "not_by_this_channel"
    message = gettext_noop("Ce message ne peut pas partir par ce canal.")
    status = 422


class Done(NamedTuple):
    """The message handled, and the one that left instead, if any."""

    message: OutboxMessage
    instead: OutboxMessage | None = None


def waiting_for_a_person() -> QuerySet[OutboxMessage]:
    """Messages that reached nobody and that nobody has taken care of (index `message_lost`)."""
    lost = OutboxMessage.objects.filter(state__in=LOST_STATES, handled_as="")
    return lost.exclude(kind__in=NOBODY_WAITS_FOR)


def leave_to_a_person(intents: Iterable[outbox.Intent], *, now: datetime) -> None:
    """What no message can say, for want of an address: lost at once, in the caller's transaction,
    so that somebody phones. One statement, none when there is nothing."""
    OutboxMessage.objects.bulk_create(
        [
            OutboxMessage(
                intent_key=each.intent_key,
                kind=each.kind,
                subject_ref=each.subject_ref,
                person_ref=each.person_ref,
                scope=each.scope,
                channel=each.channel,
                recipient="",
                language=each.language,
                version=each.version,
                priority=each.priority,
                send_at=each.send_at,
                valid_until=each.valid_until,
                state=State.FAILED,
                created_at=now,
            )
            for each in intents
        ],
        ignore_conflicts=True,
    )


@transaction.atomic
def tell(*, pk: int, by: str, now: datetime) -> Done:
    """The family was told by telephone. Raises AlreadyHandled, NotLost."""
    message, is_again = _take(pk, Handled.TOLD, by)
    if not is_again:
        _settle(message, Handled.TOLD, by=by, now=now)
    return Done(message)


@transaction.atomic
def close(*, pk: int, by: str, now: datetime) -> Done:
    """Nothing will be done about it. Raises AlreadyHandled, NotLost."""
    message, is_again = _take(pk, Handled.CLOSED, by)
    if not is_again:
        _settle(message, Handled.CLOSED, by=by, now=now)
    return Done(message)


@transaction.atomic
def resend(*, pk: int, by: str, now: datetime) -> Done:
    """The same message again, to the same address. Raises AlreadyHandled, NotLost, StillUncertain,
    NoLongerUseful, KnownBad, BadAddress when there is none."""
    message, is_again = _take(pk, Handled.RESENT, by)
    if is_again:
        return Done(message, message.replacements.order_by("-id").first())
    instead = _send_instead(message, message.channel, message.recipient, now=now)
    _settle(message, Handled.RESENT, by=by, now=now)
    return Done(message, instead)


@transaction.atomic
def redirect(*, pk: int, channel: str, address: str, by: str, now: datetime) -> Done:
    """The same message to another address, by the same channel or the other one.

    Raises BadAddress, SameAddress, NotByThisChannel, and what `resend` raises.
    """
    recipient = clean_address(channel, address)
    message, is_again = _take(pk, Handled.CORRECTED, by)
    if is_again:
        return Done(message, message.replacements.order_by("-id").first())
    if (channel, recipient) == (message.channel, message.recipient):
        raise SameAddress
    if channel not in channels_for(message.kind):
        raise NotByThisChannel
    instead = _send_instead(message, channel, recipient, now=now)
    _settle(message, Handled.CORRECTED, by=by, now=now)
    return Done(message, instead)


def clean_address(channel: str, address: str) -> str:
    """An e-mail address in lower case, or a mobile number in E.164. Raises BadAddress."""
    try:
        if channel == Channel.SMS:
            return numbers.parse(address)
        recipient = address.strip().lower()
        validate_email(recipient)
    except ValidationError as error:
        raise BadAddress(" ".join(error.messages)) from error
    return recipient


def channels_for(kind: str) -> list[str]:
    """How a message of this kind may travel here: SMS only where a provider carries them."""
    written = KINDS.get(kind, {Channel.EMAIL: None})
    ways: list[str] = [Channel.EMAIL] if Channel.EMAIL in written else []
    if Channel.SMS in written and Route.objects.filter(channel=Channel.SMS).exists():
        ways.append(Channel.SMS)
    return ways


def reroute(message: OutboxMessage, ways: Sequence[tuple[str, str]]) -> None:
    """Let a message that has not left, locked, take these ways instead, the best first; without any
    it is lost, and a person tells what it was to say."""
    if ways:
        message.channel, message.recipient = ways[0]
    else:
        message.recipient, message.state = "", State.FAILED
    message.alternatives = [
        {"channel": channel, "recipient": recipient} for channel, recipient in ways[1:]
    ]
    message.save(update_fields=["channel", "recipient", "alternatives", "state"])


def give_to(person_ref: str, which: Q) -> int:
    """These messages are for another record of the same person from now on; how many."""
    return OutboxMessage.objects.filter(which).update(person_ref=person_ref)


@transaction.atomic
def read_reply(*, pk: int, by: str, now: datetime) -> Inbound:
    """Somebody has read what a family wrote back, and done what it asks. Raises AlreadyHandled."""
    reply = Inbound.objects.select_for_update(of=("self",)).get(pk=pk)
    if reply.handled_at is not None and reply.handled_by != by[:LONGEST_NAME]:
        raise AlreadyHandled
    if reply.handled_at is None:
        reply.handled_by, reply.handled_at = by[:LONGEST_NAME], now
        reply.save(update_fields=["handled_by", "handled_at"])
    return reply


def _take(pk: int, handled_as: str, by: str) -> tuple[OutboxMessage, bool]:
    """The message under a lock; whether this very person has done this very thing already."""
    message = OutboxMessage.objects.select_for_update(of=("self",), no_key=True).get(pk=pk)
    if message.handled_as:
        if (message.handled_as, message.handled_by) == (handled_as, by[:LONGEST_NAME]):
            return message, True
        raise AlreadyHandled
    if message.state == State.UNCERTAIN:
        if handled_as in (Handled.RESENT, Handled.CORRECTED):
            raise StillUncertain
    elif message.state not in LOST_STATES:
        raise NotLost
    return message, False


def _settle(message: OutboxMessage, handled_as: str, *, by: str, now: datetime) -> None:
    """Sign it, and all else that this person did not get about the same thing: one call tells all.
    An uncertain one is not tried again: the family knows."""
    message.handled_as, message.handled_by, message.handled_at = handled_as, by[:LONGEST_NAME], now
    handled = {"handled_as": handled_as, "handled_by": message.handled_by, "handled_at": now}
    same = Q(pk=message.pk)
    if message.person_ref:
        same |= Q(subject_ref=message.subject_ref, person_ref=message.person_ref)
    theirs = OutboxMessage.objects.filter(same, handled_as="")
    theirs.filter(state=State.UNCERTAIN).update(is_withdrawn=True, **handled)
    theirs.filter(state__in=LOST_STATES).update(**handled)


def _send_instead(
    message: OutboxMessage, channel: str, recipient: str, *, now: datetime
) -> OutboxMessage:
    """Write the same message anew. Raises NoLongerUseful, KnownBad, BadAddress."""
    if not recipient:
        raise BadAddress
    if problems_of([(channel, recipient)]):
        raise KnownBad
    intent = outbox.Intent(
        intent_key=_next_key(message, channel),
        kind=message.kind,
        subject_ref=message.subject_ref,
        person_ref=message.person_ref,
        scope=message.scope,
        channel=channel,
        recipient=recipient,
        sender=message.sender,
        language=message.language,
        version=message.version,
        context=message.context,
        priority=min(message.priority, outbox.NORMAL),
        send_at=now,
        valid_until=message.valid_until,
        leave_by=now + PROMPT,
    )
    written = outbox.enqueue([intent], now=now)
    if not written:
        raise NoLongerUseful
    OutboxMessage.objects.filter(pk__in=written).update(instead_of=message)
    instead = OutboxMessage.objects.get(pk=written[0])
    if compose(instead) is None:
        raise NoLongerUseful
    return instead


def _next_key(message: OutboxMessage, channel: str) -> str:
    """`<first key>:resend:<n>` to the same channel, `<key>:<channel>:<n>` to another: short
    however often somebody tries."""
    if channel != message.channel:
        return f"{message.intent_key}:{channel}:{message.replacements.count() + 1}"
    first = AGAIN.sub("", message.intent_key)
    known = OutboxMessage.objects.filter(subject_ref=message.subject_ref)
    before = known.filter(intent_key__startswith=f"{first}:resend:").count()
    return f"{first}:resend:{before + 1}"
