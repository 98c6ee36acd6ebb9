"""The messages of a declared absence or closure: for many families at once, in as many statements
as for one; and of taking it back before they have left."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import CharField, Exists, OuterRef, QuerySet
from django.db.models.functions import Cast

from booking import planning
from booking.actors import Actor
from booking.messages import (
    ABOUT_APPOINTMENT,
    CALLS,
    CLOSED,
    CONFIRMATION,
    KEPT,
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
# In the keys of what asks for a call because a half-day was cancelled or changed; then by which
# decision.
OFF = "off"
# What is to be phoned about an appointment as it stands.
_CALLED = OutboxMessage.objects.filter(
    subject_ref=Cast(OuterRef("uid"), CharField()), kind=TO_CALL, version=OuterRef("sequence")
)
# Until it was on again: then the call was closed, or the family told so.
_KEPT_SINCE = OutboxMessage.objects.filter(
    subject_ref=OuterRef("subject_ref"),
    kind=KEPT,
    version=OuterRef("version"),
    pk__gt=OuterRef("pk"),
)
_STILL_CALLED = _CALLED.exclude(handled_as=OutboxMessage.Handled.CLOSED).exclude(
    Exists(_KEPT_SINCE)
)
NAMED = ("centre", "household", "guardian", "type")
# What tells a family of its appointment as it is arranged.
ARRANGED = (CONFIRMATION, MOVED)


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
) -> dict[int, str]:
    """Plan one message for each family, to leave at `leaves_at`, and leave to the desk those that
    are to be phoned or that no message reaches. Nothing said before is true any more: it is
    withdrawn. The kind of what had not left yet, by appointment."""
    listed = list(told)
    refs = {str(each.appointment.uid): each.appointment.pk for each in listed}
    waiting = outbox.waiting(subject_refs=refs, kinds=ARRANGED)
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
    return {refs[ref]: kind for ref, kind in waiting.items()}


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
    told = {refs[ref] for ref in _told_since(dict.fromkeys(refs, since))}
    close_calls([each for each in appointments if each.pk not in told], by=by, now=now)
    return told


def _told_since(since: Mapping[str, datetime]) -> set[str]:
    """Those that a message, or somebody at the telephone, has told of a change since then."""
    if not since:
        return set()
    written = OutboxMessage.objects.filter(
        subject_ref__in=since,
        kind__in=[*ABOUT_APPOINTMENT, *CALLS],
        created_at__gte=min(since.values()),
    )
    found = written.values_list("subject_ref", "state", "handled_as", "created_at")
    return {
        ref
        for ref, state, handled, created_at in found
        if created_at >= since[ref]
        and (handled or state not in (State.SUPERSEDED, State.FAILED, State.SUPPRESSED))
    }


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


def put_back(
    appointments: Sequence[Appointment],
    *,
    left: Sequence[Was],
    waited: Sequence[tuple[str, Appointment]],
    event: str,
    now: datetime,
) -> None:
    """These stand where they stood before: their reminders again, and the messages, by kind, that
    had waited and were withdrawn."""
    days = [planning.day_of(each) for each in appointments]
    plans = planning.plan_days([*days, *(was.day for was in left)], now=now)
    if plans.withdraw:
        outbox.supersede(subject_refs=plans.withdraw, kinds=[REMINDER], wanted=plans.wanted)
    intents = list(plans.intents)
    for kind, each in waited:
        intents += _said_again(kind, each, event=event, now=now)
    outbox.enqueue(intents, now=now)


def _said_again(kind: str, appointment: Appointment, *, event: str, now: datetime) -> list[Intent]:
    """What had waited to be said of it, and was withdrawn; nothing if nothing had."""
    if not kind:
        return []
    is_news = kind == MOVED and appointment.starts_at < now + NEAR
    return messages_of(kind, appointment, now=now, every_way=is_news, event=event)


def stand_again(cases: Sequence[Case], *, by: str, now: datetime) -> list[Case]:
    """These take place as first agreed after all: what says otherwise does not leave, nobody is
    phoned about it any more, and those told of it are to be told that; which."""
    appointments = {str(each.appointment.uid): each.appointment for each in cases}
    since = {str(each.appointment.uid): each.declaration.declared_at for each in cases}
    outbox.supersede(subject_refs=appointments, kinds=ABOUT_APPOINTMENT)
    told = _told_since(since)
    told |= {str(each.appointment.uid) for each in cases if each.answer == Case.Answer.REFUSED}
    close_calls(appointments.values(), by=by, now=now)
    untold = [each for each in cases if str(each.appointment.uid) not in told]
    intents: list[Intent] = []
    for each in untold:
        event = f"kept{each.declaration_id}"
        intents += _said_again(each.was_waiting, each.appointment, event=event, now=now)
    outbox.enqueue(intents, now=now)
    again = [each for each in cases if str(each.appointment.uid) in told]
    to_call_of(KEPT, again, now=now)
    return again


def called_off(appointments: Collection[Appointment], *, decision: str, now: datetime) -> None:
    """By this `decision` their half-day does not receive them any more: these families are to be
    phoned, for nothing else tells them. What was still to be said of these visits is not true."""
    plans = planning.plan_days(
        map(planning.day_of, appointments), now=now
    )  # locks households first
    outbox.supersede(subject_refs=[str(each.uid) for each in appointments], kinds=ARRANGED)
    planning.apply(plans, now=now)
    to_call(TO_CALL, appointments, event=f"{OFF}{decision}", now=now)


def called_on(
    appointments: Collection[Appointment], *, decision: str, by: str, now: datetime
) -> None:
    """Their half-day receives them again: reminders too, and nobody is phoned about it any more;
    but those who were told that it does not are to be told that it does."""
    refs = {str(each.uid): each for each in appointments}
    plans = planning.plan_days(
        map(planning.day_of, appointments), now=now
    )  # locks households first
    calls = OutboxMessage.objects.filter(
        subject_ref__in=refs, kind=TO_CALL, intent_key__contains=f":{OFF}"
    )
    last = {each.subject_ref: each for each in calls.order_by("pk")}
    calls.filter(handled_as="").update(
        handled_as=OutboxMessage.Handled.CLOSED,
        handled_by=by[: handling.LONGEST_NAME],
        handled_at=now,
    )
    told = {ref for ref, call in last.items() if call.handled_as == call.Handled.TOLD}
    planning.apply(plans, now=now)
    intents: list[Intent] = []
    for ref, kind in _withheld(refs.keys() - told).items():
        intents += _said_again(kind, refs[ref], event=f"on{decision}", now=now)
    outbox.enqueue(intents, now=now)
    to_call(KEPT, [refs[ref] for ref in told], event=f"on{decision}", now=now)


def _withheld(refs: Collection[str]) -> dict[str, str]:
    """Of these (subjects) those whose family was never told of this appointment as it stands, for
    the message was withdrawn before it left; and its kind."""
    found = OutboxMessage.objects.filter(subject_ref__in=refs, kind__in=ARRANGED)
    last: dict[str, list[OutboxMessage]] = {}
    for each in found.order_by("version", "pk"):
        so_far = last.get(each.subject_ref, [])
        same = so_far if so_far and so_far[0].version == each.version else []
        last[each.subject_ref] = [*same, each]
    return {
        ref: rows[-1].kind
        for ref, rows in last.items()
        if all(each.state == State.SUPERSEDED for each in rows)
    }


def are_called_off(found: QuerySet[Appointment]) -> QuerySet[Appointment]:
    """Of these those that a half-day once did not receive as they stand."""
    return found.filter(Exists(_CALLED.filter(intent_key__contains=f":{OFF}")))


def uncalled(found: QuerySet[Appointment]) -> QuerySet[Appointment]:
    """Those of these that nobody is, or was, asked to phone about as they stand, since they were
    last on."""
    return found.exclude(Exists(_STILL_CALLED))


def called_in_vain(*, now: datetime) -> list[Appointment]:
    """Those that are still to be phoned because of a half-day that receives them again."""
    calls = handling.waiting_for_a_person().filter(
        kind=TO_CALL, intent_key__contains=f":{OFF}", valid_until__gt=now
    )
    found = Appointment.objects.filter(uid__in=list(calls.values_list("subject_ref", flat=True)))
    return [each for each in found.select_related(*NAMED, "shift") if each.is_received]


def to_call(kind: str, appointments: Collection[Appointment], *, event: str, now: datetime) -> None:
    """These families are to be phoned, whatever was sent to them."""
    leave_to_desk(kind, appointments, now=now, event=event)


def to_call_of(kind: str, cases: Iterable[Case], *, now: datetime) -> None:
    """The same of cases, told apart by their declarations: a family may be left to a call again
    without its appointment having changed."""
    by_declaration: defaultdict[int, list[Appointment]] = defaultdict(list)
    for each in cases:
        by_declaration[each.declaration_id].append(each.appointment)
    for declaration, appointments in by_declaration.items():
        to_call(kind, appointments, event=f"d{declaration}", now=now)
