"""Confirming a held time for a family, and overbooking by an agent."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction

from booking import messages, queries, rules
from booking.actions.families import OPEN_STATES, family_of
from booking.actions.holding import check_open, check_still_there, live_hold
from booking.actors import FAMILY, Actor, Who
from booking.constraints import refuse_clash
from booking.errors import AlreadyBookedThen, ReasonRequired, WrongState
from booking.locking import lock_appointments, lock_shift
from booking.models import Appointment
from centres.calendar import from_minute
from centres.models import AppointmentType, Centre


@transaction.atomic
def confirm(*, uid: UUID, who: Who, now: datetime, actor: Actor = FAMILY) -> Appointment:
    """Turn a live hold into the family's appointment and plan its confirmation message.

    Confirming twice with the same e-mail returns the appointment unchanged (a double click, the
    back button). Every rule is checked again. Raises HoldExpired, CentreNotOpen, NotOffered,
    AgeNotAllowed, WeeksNotAllowed, LimitReached, AlreadyBookedThen, WrongState.
    """
    locked = lock_appointments([uid])
    appointment = locked.get(uid)
    if appointment is not None and appointment.state == Appointment.State.BOOKED:
        if appointment.guardian is None or appointment.guardian.email != who.email:
            raise WrongState
        return appointment
    held = live_hold(locked, uid, now=now)
    if held.moves_id is not None:
        raise WrongState
    check_open(held.centre, held.type, now=now, actor=actor)
    check_still_there(held)
    check_person(held.type, held.centre, who, starts_at=held.starts_at)
    family = family_of(who, held.centre, now=now, actor=actor)
    held.guardian, held.child = family.guardian, family.child
    held.household = family.guardian.household
    if not family.is_new:
        check_child_is_free(held, at=held)
    held.state = Appointment.State.BOOKED
    held.expires_at = None
    held.last_action, held.actor, held.changed_at = "book", actor.label, now
    try:
        held.save(update_fields=[*CONFIRMED_FIELDS])
    except IntegrityError as error:
        raise refuse_clash(error) from error
    messages.confirmation(held, now=now)
    return held


CONFIRMED_FIELDS = (
    "guardian",
    "household",
    "child",
    "state",
    "expires_at",
    "last_action",
    "actor",
    "changed_at",
)


def check_person(kind: AppointmentType, centre: Centre, who: Who, *, starts_at: datetime) -> None:
    """Raises AgeNotAllowed or WeeksNotAllowed when the type is not meant for this person then."""
    limits = queries.type_rules(kind)
    on = starts_at.astimezone(ZoneInfo(centre.time_zone)).date()
    if kind.audience == AppointmentType.Audience.CHILD and who.child_born_on is not None:
        rules.check_age(limits, born_on=who.child_born_on, on=on)
    if kind.audience == AppointmentType.Audience.PREGNANCY and who.due_on is not None:
        rules.check_weeks(limits, due_on=who.due_on, on=on)


def check_child_is_free(appointment: Appointment, *, at: Appointment) -> None:
    """Raises AlreadyBookedThen when its child has another appointment at the time of `at`."""
    if appointment.child is None:
        return
    clash = Appointment.objects.filter(
        child=appointment.child,
        state__in=OPEN_STATES,
        starts_at__lt=at.ends_at,
        ends_at__gt=at.starts_at,
    ).exclude(pk=appointment.pk)
    if clash.exists():
        raise AlreadyBookedThen


@transaction.atomic
def overbook(
    *, shift_id: int, type_id: int, start: int, who: Who, reason: str, now: datetime, actor: Actor
) -> Appointment:
    """An agent adds an appointment over another, on purpose and with a reason, which is recorded.

    Raises ReasonRequired, TypeNotBookable, CentreNotOpen, AgeNotAllowed, WeeksNotAllowed.
    """
    if not actor.is_agent or not reason.strip():
        raise ReasonRequired
    kind = AppointmentType.objects.get(pk=type_id)
    starts_at, ends_at = from_minute(start), from_minute(start + kind.duration_min)
    shift = lock_shift(shift_id, since=starts_at, until=ends_at)
    check_open(shift.centre, kind, now=now, actor=actor)
    check_person(kind, shift.centre, who, starts_at=starts_at)
    guardian, child, _ = family_of(who, shift.centre, now=now, actor=actor)
    appointment = Appointment.objects.create(
        state=Appointment.State.BOOKED,
        shift=shift,
        practitioner_id=shift.practitioner_id,
        centre=shift.centre,
        site=shift.site,
        type=kind,
        starts_at=starts_at,
        ends_at=ends_at,
        busy_from=starts_at,
        busy_until=ends_at,
        household=guardian.household,
        guardian=guardian,
        child=child,
        is_overbooked=True,
        note=reason.strip()[:200],
        booked_via=Appointment.Via.AGENT,
        last_action="overbook",
        actor=actor.label,
        created_at=now,
        changed_at=now,
    )
    messages.confirmation(appointment, now=now)
    return appointment
