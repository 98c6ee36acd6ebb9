"""What was still to be told of appointments when something came between that is taken back: it is
to be told after all, by the message that had not left, or by the desk."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from booking.actors import SYSTEM
from booking.messages import ARRANGED, CALLS, MOVED, NEAR, leave_to_desk, messages_of
from booking.models import Appointment, Case
from notifications import outbox
from notifications.models import OutboxMessage
from notifications.outbox import Intent

Handled, State = OutboxMessage.Handled, OutboxMessage.State
# What is changed and taken back has changed twice.
CHANGES = 2


def hold_again(changes: Mapping[Appointment, int]) -> None:
    """What was said of these so many changes ago, or was to be, is so again."""
    outbox.holds_again(
        {str(each.uid): (each.sequence - ago, each.sequence) for each, ago in changes.items()},
        kinds=[*ARRANGED, *CALLS],
    )


def withheld(
    appointments: Iterable[Appointment], *, but: Collection[Case] = ()
) -> dict[str, list[OutboxMessage]]:
    """Of these (subjects) that take place, for all but these cases, the messages that were to tell
    of them as they were last arranged, and were withdrawn before they left."""
    refs = [str(each.uid) for each in appointments]
    found = OutboxMessage.objects.filter(subject_ref__in=refs, kind__in=ARRANGED)
    last: dict[str, list[OutboxMessage]] = {}
    for each in found.order_by("version", "pk"):
        so_far = last.get(each.subject_ref, [])
        same = so_far if so_far and so_far[0].version == each.version else []
        last[each.subject_ref] = [*same, each]
    never_left = {ref: left for ref, rows in last.items() if (left := _not_left(rows))}
    if not never_left:
        return {}
    limbo = Case.objects.in_limbo().filter(appointment__uid__in=list(never_left))
    others = limbo.exclude(pk__in=[each.pk for each in but])
    booked = Appointment.objects.filter(uid__in=list(never_left)).exclude(
        pk__in=others.values("appointment")
    )
    received = {str(each.uid) for each in booked.select_related("shift") if each.is_received}
    return {ref: rows for ref, rows in never_left.items() if ref in received}


def _not_left(rows: Iterable[OutboxMessage]) -> list[OutboxMessage]:
    """Of what was to be said of one version, the last by each channel if it was withdrawn; nothing
    once somebody has told it, or decided not to."""
    last = {each.channel: each for each in rows}
    settled = (Handled.TOLD, Handled.CLOSED)
    if any(each.handled_as in settled for each in rows):
        return []
    return [each for each in last.values() if each.state == State.SUPERSEDED]


def said_again(
    waited: Iterable[tuple[str, Appointment]],
    rows_of: Mapping[str, Sequence[OutboxMessage]],
    *,
    event: str,
    now: datetime,
) -> list[Intent]:
    """What had waited to be said of these (the kind, if it is known) and was withheld (`rows_of`),
    by the ways that it was to take; what has none any more is left to the desk."""
    intents: list[Intent] = []
    unreached: defaultdict[str, list[Appointment]] = defaultdict(list)
    for known_kind, each in waited:
        rows = rows_of.get(str(each.uid), ())
        kind = known_kind or (rows[-1].kind if rows else "")
        if not kind:
            continue
        found = _by_their_ways(kind, rows, each, event=event, now=now)
        intents += found
        if not found:
            unreached[kind].append(each)
    for kind, appointments in unreached.items():
        leave_to_desk(kind, appointments, now=now, event=event)
    return intents


def _by_their_ways(
    kind: str,
    rows: Sequence[OutboxMessage],
    appointment: Appointment,
    *,
    event: str,
    now: datetime,
) -> list[Intent]:
    """The same as these rows were to say, at hours at which the centre may ring."""
    is_news = kind == MOVED and appointment.starts_at < now + NEAR
    every_way = not any(each.alternatives for each in rows) if rows else is_news
    found = messages_of(kind, appointment, now=now, actor=SYSTEM, every_way=every_way, event=event)
    ways = {each.channel for each in rows}
    return [each for each in found if each.channel in ways] or found
