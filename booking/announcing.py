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
    ARRANGED,
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
from booking.untold import CHANGES, hold_again, said_again, withheld
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
    told = _told_since(dict.fromkeys(refs, since))
    close_calls(dict.fromkeys(refs.keys() - told, since), by=by, now=now)
    return {refs[ref] for ref in told}


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


def close_calls(since: Mapping[str, datetime], *, by: str, now: datetime) -> None:
    """Nobody needs to phone these families (subjects) any more about what was to be told of them
    since then; what was to be told before still is."""
    if not since:
        return
    left = OutboxMessage.objects.filter(
        subject_ref__in=since,
        kind__in=[*ABOUT_APPOINTMENT, *CALLS],
        state=State.FAILED,
        recipient="",
        created_at__gte=min(since.values()),
    )
    found = left.values_list("pk", "subject_ref", "created_at")
    over = [pk for pk, ref, created_at in found if created_at >= since[ref]]
    OutboxMessage.objects.filter(pk__in=over, handled_as="").update(
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
    """These stand where they stood before: their reminders again. What had still to be told of
    them, and of the others that `waited`, is told: by messages (of this kind) that had not left
    and were withdrawn, or by the desk."""
    days = [planning.day_of(each) for each in appointments]
    plans = planning.plan_days([*days, *(was.day for was in left)], now=now)
    if plans.withdraw:
        outbox.supersede(subject_refs=plans.withdraw, kinds=[REMINDER], wanted=plans.wanted)
    changed = {each.pk for each in appointments}
    all_of_them = [each for _kind, each in waited]
    hold_again({each: CHANGES if each.pk in changed else 0 for each in all_of_them})
    as_now = {str(each.uid): each.sequence for each in all_of_them}
    found = withheld(all_of_them).items()
    again = said_again(
        waited,
        {ref: rows for ref, rows in found if rows[0].version == as_now[ref]},
        event=event,
        now=now,
    )
    outbox.enqueue([*again, *plans.intents], now=now)


def uncancelled(appointment: Appointment, *, since: datetime, now: datetime, actor: Actor) -> bool:
    """It takes place after all. What says otherwise and has not left does not leave, and what had
    still to be told before is told after all; a family that has heard of it, as it returns, is told
    by every way that its appointment stands, or phoned."""
    plans = planning.plan_days([planning.day_of(appointment)], now=now)  # locks households first
    was_told = bool(withdraw_declared([appointment], since=since, by=actor.label, now=now))
    if was_told:
        again = messages_of(CONFIRMATION, appointment, now=now, actor=actor, every_way=True)
        if not again:
            leave_to_desk(KEPT, [appointment], now=now)
    else:
        hold_again({appointment: CHANGES})
        again = said_again([("", appointment)], withheld([appointment]), event="", now=now)
    if plans.withdraw:
        outbox.supersede(subject_refs=plans.withdraw, kinds=[REMINDER], wanted=plans.wanted)
    outbox.enqueue([*again, *plans.intents], now=now)
    return was_told


def stand_again(cases: Sequence[Case], *, by: str, now: datetime) -> list[Case]:
    """These take place as first agreed after all: what says otherwise does not leave, nobody is
    phoned about it any more, and those told of it are to be told that; which. What had still to be
    told of them before is."""
    appointments = {str(each.appointment.uid): each.appointment for each in cases}
    since = {str(each.appointment.uid): each.declaration.declared_at for each in cases}
    outbox.supersede(subject_refs=appointments, kinds=ABOUT_APPOINTMENT)
    told = _told_since(since)
    told |= {str(each.appointment.uid) for each in cases if each.answer == Case.Answer.REFUSED}
    close_calls(since, by=by, now=now)
    hold_again(dict.fromkeys(appointments.values(), 0))
    untold: defaultdict[int, list[tuple[str, Appointment]]] = defaultdict(list)
    for each in cases:
        if str(each.appointment.uid) not in told:
            untold[each.declaration_id].append((each.was_waiting, each.appointment))
    left = withheld([each for group in untold.values() for _kind, each in group], but=cases)
    intents: list[Intent] = []
    for declaration, waited in untold.items():
        intents += said_again(waited, left, event=f"kept{declaration}", now=now)
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
    untold = [each for ref, each in refs.items() if ref not in told]
    hold_again(dict.fromkeys(untold, 0))
    waited = [("", each) for each in untold]
    outbox.enqueue(said_again(waited, withheld(untold), event=f"on{decision}", now=now), now=now)
    to_call(KEPT, [refs[ref] for ref in told], event=f"on{decision}", now=now)


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
