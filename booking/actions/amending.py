"""An agent puts right what an appointment is for, or which child, at the time it has."""

from __future__ import annotations

from datetime import date, datetime
from functools import partial
from uuid import UUID

from django.db import transaction

from booking import messages, queries
from booking.actions.changing import CHANGED_FIELDS, record, take_time
from booking.actions.confirming import check_dates, check_is_free, due_date_is_asked
from booking.actions.holding import check_open, check_still_there
from booking.actors import Actor, check_agent
from booking.availability import footprint
from booking.errors import (
    AlreadyBookedThen,
    ChildRequired,
    DueDateRequired,
    NotOffered,
    OverbookedEnough,
    PersonBookedThen,
    Refusal,
    TypeNotBookable,
    WrongState,
    gettext_noop,
)
from booking.loading import update_appointment
from booking.locking import lock_appointments, lock_shift
from booking.models import HERE, Appointment, AppointmentEvent, Child, WaitingListEntry
from booking.overbooking import overbooked_in
from centres.calendar import from_minute, to_minute
from centres.models import AppointmentType

State = Appointment.State
Audience = AppointmentType.Audience
RETYPED, RECHILD, BOTH, REDATED = "retype", "rechild", "amend", "redate"
# Before it is over: often it is seen only when the family is there.
AMENDABLE = (State.BOOKED, State.ARRIVED, State.IN_PROGRESS)
FIELDS = ("type", "child", "due_on", "ends_at", "busy_from", "busy_until")


class TimeHeldElsewhere(Refusal):
    """A yes to another time, held for the family, would be refused once the type is another."""

    code = "time_held_elsewhere"
    message = gettext_noop("Un autre moment est retenu pour cette famille : attendez sa réponse.")


def shown(appointment: Appointment) -> str:
    """What an agent's page was made of. A child is no part of the version that families are told
    of, so it is named beside it."""
    return f"{appointment.sequence}.{appointment.child_id or 0}.{appointment.due_on or ''}"


@transaction.atomic
def amend(
    *,
    uid: UUID,
    kind: AppointmentType,
    child: Child | None,
    now: datetime,
    actor: Actor,
    due_on: date | None = None,
    seen: str | None = None,
) -> Appointment:
    """Make it one of this type and for this child (None: for the adult), with the same person at
    the same start, and of this date of birth to come (None: as it was). It is as long as the type
    is, and every rule of booking is judged again. A family that was told of another type is told of
    this one; what had not left yet says it. Of the child or the date no message says anything:
    whatever was still to be told stays so.

    `seen` is what the agent saw (`shown`). Changing nothing is no change. Raises
    AgentsOnly, WrongState, CentreNotOpen, TypeNotBookable, NotOffered (its half-day is not for this
    type, or not so long), SlotTaken (somebody comes right after), ChildRequired, DueDateRequired,
    AgeNotAllowed, WeeksNotAllowed, AlreadyBookedThen, PersonBookedThen, OverbookedEnough,
    TimeHeldElsewhere (another time is held for the family, of the former type).
    """
    check_agent(actor)
    appointment = _locked(uid, kind)
    child = _own(child, appointment) if kind.audience == Audience.CHILD else None
    due_on = (due_on or appointment.due_on) if due_date_is_asked(kind) else None
    action = _action(appointment, kind, child, due_on)
    if not action:
        return appointment
    if seen is not None and shown(appointment) != seen:
        raise WrongState
    _check_person(appointment, kind, child, due_on)
    is_retyped = appointment.type_id != kind.pk
    appointment.type, appointment.child, appointment.due_on = kind, child, due_on
    if is_retyped:
        _check_elsewhere(appointment, now=now)
        _check_type(appointment, now=now, actor=actor)
    _check_is_free(appointment)
    _write(appointment, action, now=now, actor=actor, is_retyped=is_retyped)
    WaitingListEntry.objects.filter(appointment=appointment, state="open").update(
        type=kind, child=child
    )
    return appointment


def _action(
    appointment: Appointment, kind: AppointmentType, child: Child | None, due_on: date | None
) -> str:
    """What is done to it, for its history; nothing if it is so already."""
    is_other = appointment.child_id != (child.pk if child else None)
    if appointment.type_id != kind.pk:
        # That an adult's type is for no child goes without saying.
        return BOTH if is_other and child else RETYPED
    if is_other:
        return RECHILD
    return REDATED if appointment.due_on != due_on else ""


def _write(
    appointment: Appointment, action: str, *, now: datetime, actor: Actor, is_retyped: bool
) -> None:
    """Only another type is another version, of which the family is told: a proposal, a call or a
    message of this one holds for the other child too. Raises SlotTaken."""
    record(appointment, action, now=now, actor=actor)
    appointment.sequence += is_retyped
    write = partial(update_appointment, appointment, *CHANGED_FIELDS, *FIELDS)
    take_time(appointment, write, now=now, actor=actor)
    if is_retyped:
        messages.corrected(appointment, now=now, actor=actor)
    else:
        AppointmentEvent.beside(appointment, action, at=now, by=actor.label).save()


def _own(child: Child | None, appointment: Appointment) -> Child | None:
    """This child as it is now. Raises WrongState when it is not, or no more, of the household."""
    if child is None:
        return None
    found = Child.objects.filter(pk=child.pk, household=appointment.household_id).first()
    if found is None:
        raise WrongState
    return found


def _locked(uid: UUID, kind: AppointmentType) -> Appointment:
    """The appointment, locked after every half-day of its practitioner that it touches as it is, or
    would as one of this type. Raises WrongState."""
    known = Appointment.objects.filter(uid=uid).select_related("type", "shift").first()
    if known is None:
        raise WrongState
    # One that its half-day does not receive keeps its type; that half-day is perhaps a colleague's,
    # and two persons' are locked in one statement or in a circle.
    if known.is_received:
        _starts, ends, since, until = _hours(known, kind)
        lock_shift(
            known.shift_id,
            since=min(known.busy_from, since),
            until=max(known.busy_until, until, ends),
        )
    appointment = lock_appointments([uid]).get(uid)
    if appointment is None or appointment.state not in AMENDABLE:
        raise WrongState
    # Moved while we waited: what is locked is not what it touches now.
    place = appointment.shift_id, appointment.starts_at, appointment.ends_at
    if place != (known.shift_id, known.starts_at, known.ends_at):
        raise WrongState
    return appointment


def _hours(
    appointment: Appointment, kind: AppointmentType
) -> tuple[datetime, datetime, datetime, datetime]:
    """When it would begin and end as one of this type, and from when to when it would keep its
    practitioner busy: a seat takes its session whole, one added over others its own time."""
    starts_at = appointment.starts_at
    if appointment.seat:
        return starts_at, appointment.ends_at, appointment.busy_from, appointment.busy_until
    start, timing = to_minute(starts_at), queries.type_rules(kind).timing
    ends_at = from_minute(start + timing.duration)
    if appointment.is_walk_in:
        ends_at = min(ends_at, appointment.shift.ends_at)
    if appointment.is_overbooked:
        return starts_at, ends_at, starts_at, ends_at
    since, until = footprint(start, timing)
    return starts_at, ends_at, from_minute(since), from_minute(until)


def _check_person(
    appointment: Appointment, kind: AppointmentType, child: Child | None, due_on: date | None
) -> None:
    """Raises ChildRequired, DueDateRequired, AgeNotAllowed, WeeksNotAllowed."""
    if kind.audience == Audience.CHILD and child is None:
        raise ChildRequired
    if due_date_is_asked(kind) and due_on is None:
        raise DueDateRequired
    if appointment.is_walk_in:
        return
    check_dates(
        kind,
        appointment.centre,
        born_on=child.born_on if child else None,
        due_on=due_on,
        starts_at=appointment.starts_at,
    )


def _check_elsewhere(appointment: Appointment, *, now: datetime) -> None:
    """Raises TimeHeldElsewhere: what is held to move it is for what it was, and a yes to it would
    be refused."""
    held = Appointment.objects.filter(moves=appointment, state=State.HELD, expires_at__gt=now)
    if held.exists():
        raise TimeHeldElsewhere


def _check_type(appointment: Appointment, *, now: datetime, actor: Actor) -> None:
    """Give it the hours of its new type. Raises CentreNotOpen, TypeNotBookable, NotOffered,
    OverbookedEnough."""
    kind, shift = appointment.type, appointment.shift
    if not appointment.is_walk_in:
        check_open(appointment.centre, kind, now=now, actor=actor)
    elif not kind.is_active or kind.booking != AppointmentType.Booking.WALK_IN:
        # Else anybody who came would be one added over others, without a limit.
        raise TypeNotBookable
    if not shift.offers.filter(type=kind).exists():
        raise NotOffered
    hours = _hours(appointment, kind)
    _starts, appointment.ends_at, appointment.busy_from, appointment.busy_until = hours
    check_still_there(appointment)
    # Itself among them.
    if appointment.is_added and len(overbooked_in([shift])) > kind.overbook_max:
        raise OverbookedEnough


def _check_is_free(appointment: Appointment) -> None:
    """Raises AlreadyBookedThen, PersonBookedThen."""
    if appointment.is_walk_in:
        _check_is_not_there(appointment)
        return
    check_is_free(appointment)


def _check_is_not_there(appointment: Appointment) -> None:
    """Nobody comes twice to one session. Raises AlreadyBookedThen, PersonBookedThen."""
    child = appointment.child
    whose = {"child": child} if child else {"child": None, "guardian": appointment.guardian}
    there = Appointment.objects.filter(**whose, shift=appointment.shift, state__in=HERE).exclude(
        pk=appointment.pk
    )
    if there.exists():
        raise AlreadyBookedThen if child else PersonBookedThen
