"""The messages of a declared absence or closure: for many families at once, in as many statements
as for one; and of taking it back before they have left."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from booking import planning
from booking.actors import Actor
from booking.messages import (
    ABOUT_APPOINTMENT,
    CALLS,
    CLOSED,
    CONFIRMATION,
    MOVED,
    NEAR,
    PROPOSED,
    TO_CALL,
    Was,
    leave_to_desk,
    messages_of,
)
from booking.models import Appointment, Case
from booking.planning import REMINDER, DayKey
from notifications import handling, outbox
from notifications.models import OutboxMessage
from notifications.outbox import Intent

Choice = Case.Choice
TELLS = {Choice.MOVE: MOVED, Choice.CANCEL: CLOSED, Choice.PROPOSE: PROPOSED}
State = OutboxMessage.State


class Told(NamedTuple):
    """What was done for one family: its appointment as it is now, where it was, what is held."""

    choice: str
    appointment: Appointment
    was: dict[str, Any]
    proposal: Appointment | None = None

    @property
    def was_at(self) -> datetime:
        return datetime.fromisoformat(self.was["starts_at"])

    @property
    def was_on(self) -> DayKey | None:
        household = self.appointment.household_id
        if household is None:
            return None
        return planning.key_of(household, self.was_at, self.appointment.centre.time_zone)


def declared(
    told: Iterable[Told], *, event: str, now: datetime, leaves_at: datetime, actor: Actor
) -> set[int]:
    """Plan one message for each family, to leave at `leaves_at`, and leave to the desk those that
    are to be phoned or that no message reaches. Nothing said before is true any more: it is
    withdrawn. Those (appointments) whose confirmation had not left yet."""
    listed = list(told)
    refs = {str(each.appointment.uid): each.appointment.pk for each in listed}
    untold = {refs[ref] for ref in outbox.waiting(subject_refs=refs, kinds=[CONFIRMATION])}
    intents: list[Intent] = []
    to_phone: defaultdict[str, list[Appointment]] = defaultdict(list)
    for each in listed:
        found = _message_of(each, event=event, now=now, leaves_at=leaves_at, actor=actor)
        intents += found
        if not found:
            to_phone[TELLS.get(Choice(each.choice), TO_CALL)].append(each.appointment)
    plans = planning.plan_days(_days(listed), now=now)
    outbox.supersede(
        subject_refs=[*refs, *plans.withdraw],
        kinds=[*ABOUT_APPOINTMENT, REMINDER],
        wanted=plans.wanted,
    )
    for kind, appointments in to_phone.items():
        leave_to_desk(kind, appointments, now=now, event=event)
    outbox.enqueue([*intents, *plans.intents], now=now)
    return untold


def _message_of(
    told: Told, *, event: str, now: datetime, leaves_at: datetime, actor: Actor
) -> list[Intent]:
    if told.choice == Choice.CALL:
        return []
    soonest = min(told.was_at, told.appointment.starts_at)
    return messages_of(
        TELLS[Choice(told.choice)],
        told.appointment,
        now=leaves_at,
        actor=actor,
        every_way=told.choice == Choice.CANCEL or soonest < now + NEAR,
        priority=outbox.BULK,
        event=event,
        valid_until=told.proposal.expires_at if told.proposal else None,
    )


def _days(told: Iterable[Told]) -> list[DayKey | None]:
    """The days of families whose visits have changed."""
    changed = [each for each in told if each.choice in (Choice.MOVE, Choice.CANCEL)]
    after = [planning.day_of(each.appointment) for each in changed]
    return [*after, *(each.was_on for each in changed)]


def withdraw_declared(
    appointments: Sequence[Appointment], *, since: datetime, by: str, now: datetime
) -> set[int]:
    """Withdraw what was planned for these since then; those (appointments) that a message, or
    somebody at the telephone, has told all the same."""
    refs = {str(each.uid): each.pk for each in appointments}
    outbox.supersede(subject_refs=refs, kinds=ABOUT_APPOINTMENT)
    written = OutboxMessage.objects.filter(
        subject_ref__in=refs, kind__in=[*ABOUT_APPOINTMENT, TO_CALL], created_at__gte=since
    )
    told = {
        refs[ref]
        for ref, state, handled in written.values_list("subject_ref", "state", "handled_as")
        if handled or state not in (State.SUPERSEDED, State.FAILED, State.SUPPRESSED)
    }
    close_calls([each for each in appointments if each.pk not in told], by=by, now=now)
    return told


def close_calls(appointments: Iterable[Appointment], *, by: str, now: datetime) -> None:
    """Nobody needs to phone these families about it any more."""
    OutboxMessage.objects.filter(
        subject_ref__in=[str(each.uid) for each in appointments],
        kind__in=[*ABOUT_APPOINTMENT, *CALLS],
        state=State.FAILED,
        recipient="",
        handled_as="",
    ).update(
        handled_as=OutboxMessage.Handled.CLOSED,
        handled_by=by[: handling.LONGEST_NAME],
        handled_at=now,
    )


def withdraw_proposals(appointments: Iterable[Appointment]) -> None:
    """What was proposed to these is held no more: what has not left does not leave."""
    refs = [str(each.uid) for each in appointments]
    outbox.supersede(subject_refs=refs, kinds=[PROPOSED])


def put_back(
    appointments: Sequence[Appointment],
    *,
    left: Sequence[Was],
    untold: Sequence[Appointment],
    event: str,
    now: datetime,
) -> None:
    """These stand where they stood before: their reminders again, and the confirmations that had
    been withdrawn."""
    days = [planning.day_of(each) for each in appointments]
    plans = planning.plan_days([*days, *(was.day for was in left)], now=now)
    if plans.withdraw:
        outbox.supersede(subject_refs=plans.withdraw, kinds=[REMINDER], wanted=plans.wanted)
    intents = list(plans.intents)
    for each in untold:
        intents += messages_of(CONFIRMATION, each, now=now, event=event)
    outbox.enqueue(intents, now=now)


def to_call(kind: str, appointments: Collection[Appointment], *, event: str, now: datetime) -> None:
    """These families are to be phoned, whatever was sent to them."""
    leave_to_desk(kind, appointments, now=now, event=event)
