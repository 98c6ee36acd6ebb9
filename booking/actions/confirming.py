"""Confirming a held time for a family, and overbooking by an agent."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction
from django.db.models import Q

from booking import messages, queries, rules
from booking.actions.families import (
    BOOKED_FIELDS,
    OPEN_STATES,
    Family,
    belongs_to,
    book_first,
    book_for_new_family,
    family_of,
    known_family,
)
from booking.actions.holding import check_open, check_still_there, live_hold
from booking.actors import FAMILY, Actor, Who
from booking.constraints import refuse_clash
from booking.errors import (
    AlreadyBookedThen,
    ChildRequired,
    DueDateRequired,
    NotOffered,
    OverbookedEnough,
    PersonBookedThen,
    ReasonRequired,
    Refusal,
    TooSoon,
    WrongState,
)
from booking.loading import update_appointment
from booking.locking import lock_address, lock_appointments, lock_shift
from booking.models import Appointment, Guardian
from booking.overbooking import added, overbooked_in
from booking.rows import twin
from centres.calendar import from_minute
from centres.models import AppointmentType, Centre

Audience = AppointmentType.Audience
OVERBOOKED: dict[str, str] = {
    "state": Appointment.State.BOOKED,
    "booked_via": Appointment.Via.AGENT,
    "last_action": "overbook",
}


def confirm(
    *,
    uid: UUID,
    who: Who,
    now: datetime,
    actor: Actor = FAMILY,
    seen: Appointment | None = None,
    family: Family | None = None,
    is_told: bool = True,
) -> Appointment:
    """Turn a live hold into the family's appointment and plan its confirmation message.

    Confirming twice with the same contact returns the appointment unchanged (a double click, the
    back button). Every rule is checked again, on rows that are locked, or proved unchanged under
    the locks; `seen` is the hold as this request has loaded it already, so that what it names is
    not read twice; `family` the one an agent books for, whatever contact it has; unless it
    `is_told`, the caller tells it of several appointments at once. Raises HoldExpired,
    CentreNotOpen, NotOffered, ChildRequired, DueDateRequired, AgeNotAllowed, WeeksNotAllowed,
    LimitReached, AlreadyBookedThen, WrongState.
    """
    is_plain = actor == FAMILY and family is None and is_told
    if is_plain and seen is not None and (booked := _confirm_seen(seen, who, now=now)):
        return booked
    return _confirm(uid, who, now=now, actor=actor, seen=seen, family=family, is_told=is_told)


def _confirm_seen(seen: Appointment, who: Who, *, now: datetime) -> Appointment | None:
    """The commonest booking: a hold nobody touched since, of a family nobody knows. None, and
    nothing is written, where it is another, or refused: that is judged under the locks."""
    held = twin(seen)
    try:
        _book(live_hold({held.uid: held}, held.uid, now=now), who, now=now, actor=FAMILY)
    except Refusal:
        return None
    return held if book_first(held, who, now=now) else None


def _book(held: Appointment, who: Who, *, now: datetime, actor: Actor) -> None:
    """What a live hold becomes, nobody's yet. Raises as `confirm` does."""
    if held.moves_id is not None:
        raise WrongState
    check_ahead(held, now=now, actor=actor)
    check_open(held.centre, held.type, now=now, actor=actor)
    check_still_there(held)
    check_person(held.type, held.centre, who, starts_at=held.starts_at)
    held.due_on = due_date(held.type, who)
    held.state = Appointment.State.BOOKED
    held.expires_at = None
    held.last_action, held.actor, held.changed_at = "book", actor.label, now


def check_ahead(held: Appointment, *, now: datetime, actor: Actor) -> None:
    """Raises TooSoon: a family that took its time must not be told to come to what has begun."""
    if not actor.is_agent and held.starts_at <= now:
        raise TooSoon


@transaction.atomic
def _confirm(
    uid: UUID,
    who: Who,
    *,
    now: datetime,
    actor: Actor,
    seen: Appointment | None,
    family: Family | None,
    is_told: bool,
) -> Appointment:
    locked = lock_appointments([uid], address=who.contact, seen=[seen] if seen else [])
    appointment = locked.get(uid)
    if appointment is not None and appointment.state == Appointment.State.BOOKED:
        if not _is_theirs(appointment, who, actor):
            raise WrongState
        return appointment
    held = live_hold(locked, uid, now=now)
    _book(held, who, now=now, actor=actor)
    try:
        family = _give(held, who, family, now=now, actor=actor)
    except IntegrityError as error:
        raise refuse_clash(error) from error
    messages.confirmation(held, now=now, is_new=family.is_new, actor=actor, is_told=is_told)
    return held


def _give(
    booked: Appointment, who: Who, family: Family | None, *, now: datetime, actor: Actor
) -> Family:
    """Write the appointment as that of this family; else of a new one, or of the one this contact
    is known for."""
    if family is None:
        new = book_for_new_family(booked, who, now=now, actor=actor)
        if new is not None:
            belongs_to(booked, new)
            return new
        family = known_family(who, booked.centre, now=now, actor=actor)
    belongs_to(booked, family)
    check_child_is_free(booked, at=booked)
    update_appointment(booked, "household", "guardian", "child", *BOOKED_FIELDS)
    return family


def _is_theirs(appointment: Appointment, who: Who, actor: Actor) -> bool:
    """Whether this very person booked it. An agent proved nothing, the first time neither."""
    guardian = appointment.guardian
    if guardian is None:
        return False
    if actor.is_agent:
        return who.contact in (guardian.email, guardian.number)
    return guardian.has_proved(who.contact)


def check_person(kind: AppointmentType, centre: Centre, who: Who, *, starts_at: datetime) -> None:
    """Raises ChildRequired or DueDateRequired when the type cannot be judged without, AgeNotAllowed
    or WeeksNotAllowed when it is not meant for this person then."""
    check_is_whole(kind, who)
    check_dates(kind, centre, born_on=who.child_born_on, due_on=who.due_on, starts_at=starts_at)


def check_is_whole(kind: AppointmentType, who: Who) -> None:
    """Raises ChildRequired or DueDateRequired when who it is for is not told whole."""
    check_child_is_named(kind, who)
    if due_date_is_asked(kind) and who.due_on is None:
        raise DueDateRequired


def check_child_is_named(kind: AppointmentType, who: Who) -> None:
    """Raises ChildRequired unless the child is told whole, of a type that is for one."""
    if kind.audience == Audience.CHILD and not (who.child_first_name and who.child_born_on):
        raise ChildRequired


def check_dates(
    kind: AppointmentType,
    centre: Centre,
    *,
    born_on: date | None,
    due_on: date | None,
    starts_at: datetime,
) -> None:
    """Raises AgeNotAllowed or WeeksNotAllowed. A date nobody knows (any more) is not judged."""
    limits = queries.type_rules(kind)
    on = starts_at.astimezone(ZoneInfo(centre.time_zone)).date()
    if kind.audience == Audience.CHILD and born_on is not None:
        rules.check_age(limits, born_on=born_on, on=on)
    if kind.audience == Audience.PREGNANCY and due_on is not None:
        rules.check_weeks(limits, due_on=due_on, on=on)


def due_date_is_asked(kind: AppointmentType) -> bool:
    return kind.audience == Audience.PREGNANCY


def due_date(kind: AppointmentType, who: Who) -> date | None:
    """What is kept of a pregnancy, of a type that asks for it only."""
    return who.due_on if due_date_is_asked(kind) else None


def check_child_is_free(appointment: Appointment, *, at: Appointment) -> None:
    """Raises AlreadyBookedThen when its child has another appointment at the time of `at`. Who is
    at an open session can leave it for one."""
    if appointment.child is None:
        return
    clash = Appointment.objects.filter(
        child=appointment.child,
        state__in=OPEN_STATES,
        starts_at__lt=at.ends_at,
        ends_at__gt=at.starts_at,
    ).exclude(Q(pk=appointment.pk) | Q(booked_via=Appointment.Via.DOOR))
    if clash.exists():
        raise AlreadyBookedThen


def check_is_free(appointment: Appointment) -> None:
    """Whoever it is for cannot be in two places. Raises AlreadyBookedThen, PersonBookedThen."""
    check_child_is_free(appointment, at=appointment)
    if appointment.child is None:
        check_adult_is_free(
            appointment.guardian,
            starts_at=appointment.starts_at,
            ends_at=appointment.ends_at,
            but=appointment,
        )


def check_adult_is_free(
    guardian: Guardian | None,
    *,
    starts_at: datetime,
    ends_at: datetime,
    but: Appointment | None = None,
) -> None:
    """Who comes without a child cannot be in two places either. Raises PersonBookedThen."""
    clash = Appointment.objects.filter(
        guardian=guardian,
        child=None,
        state__in=OPEN_STATES,
        starts_at__lt=ends_at,
        ends_at__gt=starts_at,
    ).exclude(Q(pk=but.pk if but else 0) | Q(booked_via=Appointment.Via.DOOR))
    if clash.exists():
        raise PersonBookedThen


@transaction.atomic
def overbook(
    *,
    shift_id: int,
    type_id: int,
    start: int,
    who: Who,
    reason: str,
    now: datetime,
    actor: Actor,
    family: Family | None = None,
) -> Appointment:
    """An agent adds an appointment over another, on purpose and with a reason, which is recorded.
    `family` is the one it is for, whatever contact it has; else it is who this contact means.

    Raises ReasonRequired, TypeNotBookable, CentreNotOpen, NotOffered (its half-day is not for this
    type, does not receive anybody then, or the time is over), OverbookedEnough, ChildRequired,
    DueDateRequired, AgeNotAllowed, WeeksNotAllowed, AlreadyBookedThen.
    """
    if not actor.is_agent or not reason.strip():
        raise ReasonRequired
    kind = AppointmentType.objects.get(pk=type_id)
    starts_at, ends_at = from_minute(start), from_minute(start + kind.duration_min)
    if who.contact:
        lock_address(who.contact)
    shift = lock_shift(shift_id, since=starts_at, until=ends_at)
    check_open(shift.centre, kind, now=now, actor=actor)
    if ends_at <= now or not shift.offers.filter(type=kind).exists():
        raise NotOffered
    appointment = added(shift, kind, starts_at, ends_at, **OVERBOOKED, note=reason.strip()[:200])
    appointment.due_on = due_date(kind, who)
    appointment.actor = actor.label
    appointment.created_at = appointment.changed_at = now
    check_still_there(appointment)
    if len(overbooked_in([shift])) >= kind.overbook_max:
        raise OverbookedEnough
    check_person(kind, shift.centre, who, starts_at=starts_at)
    family = family or family_of(who, shift.centre, now=now, actor=actor)
    belongs_to(appointment, family)
    check_child_is_free(appointment, at=appointment)
    appointment.save(force_insert=True)
    messages.confirmation(appointment, now=now, is_new=family.is_new, actor=actor)
    return appointment
