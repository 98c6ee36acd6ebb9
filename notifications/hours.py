"""The hours in which a message may leave: one that missed them waits for the next, if it is still
of use then; else somebody is shown it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import transaction

from notifications.clock import database_now
from notifications.models import OutboxMessage

State = OutboxMessage.State
Way = Mapping[str, str]  # {channel, recipient}
PAGE = 500
# Whoever has just pressed a button holds the phone: that much later it may be somebody's night.
PROMPT = timedelta(minutes=15)
# Another reminder of the same thing, by the same way, this soon after: it says all of it.
REMINDERS = ("reminder",)
SOON_AFTER = timedelta(hours=4)


class Opening(NamedTuple):
    """When a message may leave; without an end, until it is of no use any more."""

    send_at: datetime
    leave_by: datetime | None


# Whoever has messages written knows when somebody may be told by a way; None: not in time, or not
# by that way any more.
Opener = Callable[[OutboxMessage, Way, datetime], Opening | None]
_openers: list[Opener] = []


def register(opener: Opener) -> None:
    """Have somebody say when a message may leave by a way: nobody is woken by it."""
    _openers[:] = [opener]


def opening(message: OutboxMessage, way: Way, *, now: datetime) -> Opening | None:
    """The hours that are open now or next."""
    return _openers[0](message, way, now) if _openers else Opening(now, None)


def wait_for_next() -> None:
    """Messages whose hours ended before they left."""
    while _move_some() == PAGE:
        pass


@transaction.atomic
def _move_some() -> int:
    now = database_now()
    late = list(
        OutboxMessage.objects.select_for_update(skip_locked=True, no_key=True)
        .filter(state=State.PLANNED, leave_by__lte=now, valid_until__gt=now)
        .order_by("leave_by")[:PAGE]
    )
    for message in late:
        _move(message, now=now)
    OutboxMessage.objects.bulk_update(late, ["state", "send_at", "leave_by"])
    return len(late)


def _move(message: OutboxMessage, *, now: datetime) -> None:
    way = {"channel": message.channel, "recipient": message.recipient}
    found = opening(message, way, now=now)
    if found is None or found.send_at >= message.valid_until:
        message.state = State.EXPIRED
    elif _is_said_soon(message, found.send_at):
        message.state = State.SUPERSEDED
    else:
        message.send_at, message.leave_by = max(found.send_at, message.send_at), found.leave_by


def _is_said_soon(message: OutboxMessage, at: datetime) -> bool:
    if message.kind not in REMINDERS:
        return False
    others = OutboxMessage.objects.filter(
        subject_ref=message.subject_ref,
        kind=message.kind,
        person_ref=message.person_ref,
        channel=message.channel,
        recipient=message.recipient,
        state=State.PLANNED,
        send_at__gt=message.send_at,
        send_at__lt=at + SOON_AFTER,
    )
    return others.exists()
