"""Taking back, within the minute, the cancellation of one appointment by an agent."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import NamedTuple
from uuid import UUID

from django.db import transaction

from booking import announcing
from booking.actions.changing import CALL_OFF, CANCEL, CHANGED_FIELDS, record, take_time
from booking.actions.confirming import check_is_free
from booking.actions.holding import check_still_there
from booking.actors import Actor, check_agent
from booking.errors import OverbookedEnough, SlotTaken, UncancelTooLate, WrongState
from booking.loading import update_appointment
from booking.locking import lock_appointments
from booking.models import Appointment, AppointmentEvent, WaitingListEntry
from booking.overbooking import overbooked_in
from booking.rules import UNDO_FOR

State = Appointment.State
UNCANCEL = "uncancel"


class Restored(NamedTuple):
    """The appointment as it stands, and whether its family had heard of the cancellation; None when
    it stood already."""

    appointment: Appointment
    was_told: bool | None


def _is_by_agent(appointment: Appointment) -> bool:
    """Whether an agent cancelled this one appointment. What a family cancelled is the family's to
    book again; who came without an appointment, and was noted by mistake, has none to restore."""
    is_one = appointment.last_action in (CANCEL, CALL_OFF) and "@" in appointment.actor
    return is_one and appointment.state == State.CANCELLED


def seconds_to_undo(appointment: Appointment, *, now: datetime) -> int:
    """So long an agent may still take back this cancellation; 0 if not at all."""
    if not _is_by_agent(appointment) or appointment.starts_at <= now:
        return 0
    return max(0, int((appointment.changed_at + UNDO_FOR - now).total_seconds()))


@transaction.atomic
def uncancel(*, uid: UUID, now: datetime, actor: Actor) -> Restored:
    """Let an appointment that an agent has just cancelled take place after all, at its time, if
    nobody has taken it. The family that has not heard of it yet never does; else it is told anew.

    Done again, it is done. Raises AgentsOnly, WrongState, UncancelTooLate after a minute or once it
    would have begun, SlotTaken, NotOffered when its half-day does not receive it any more,
    OverbookedEnough when it was added over others and another is instead, AlreadyBookedThen,
    PersonBookedThen.
    """
    check_agent(actor)
    appointment = lock_appointments([uid]).get(uid)
    if appointment is None:
        raise WrongState
    if appointment.state == State.BOOKED and appointment.last_action == UNCANCEL:
        return Restored(appointment, was_told=None)
    cancelled_at = _check_cancelled(appointment, now=now)
    check_still_there(appointment)
    _check_may_be_added(appointment)
    check_is_free(appointment)
    _stand(appointment, now=now, actor=actor)
    WaitingListEntry.objects.filter(
        appointment=appointment,
        ending=WaitingListEntry.Ending.USELESS,
        closed_at__gte=cancelled_at,
    ).update(state=WaitingListEntry.State.OPEN, ending="", closed_at=None, closed_by="")
    was_told = announcing.uncancelled(appointment, since=cancelled_at, now=now, actor=actor)
    return Restored(appointment, was_told)


def _check_cancelled(appointment: Appointment, *, now: datetime) -> datetime:
    """When it was cancelled, which may still be undone. Raises WrongState, UncancelTooLate."""
    if not _is_by_agent(appointment):
        raise WrongState
    if now > appointment.changed_at + UNDO_FOR or appointment.starts_at <= now:
        raise UncancelTooLate
    return appointment.changed_at


def _check_may_be_added(appointment: Appointment) -> None:
    """Raises OverbookedEnough once as many others as its type allows are added in its place."""
    most = appointment.type.overbook_max
    if appointment.is_added and len(overbooked_in([appointment.shift])) >= most:
        raise OverbookedEnough


def _stand(appointment: Appointment, *, now: datetime, actor: Actor) -> None:
    """Write it as it was before. Raises SlotTaken."""
    appointment.state, appointment.reoffer_at = State.BOOKED, None
    appointment.sequence += 1
    appointment.note = _note_before(appointment)
    record(appointment, UNCANCEL, now=now, actor=actor)
    take_time(appointment, partial(_write, appointment), now=now, actor=actor)


def _write(appointment: Appointment) -> None:
    appointment.seat = _seat(appointment)
    update_appointment(appointment, *CHANGED_FIELDS, "seat", "reoffer_at")


def _seat(appointment: Appointment) -> int:
    """In a session its own seat, or another that is free. Raises SlotTaken when there is none."""
    if not appointment.seat:
        return 0
    others = Appointment.objects.filter(shift=appointment.shift_id, seat__gt=0).exclude(
        state__in=[State.CANCELLED, State.LAPSED]
    )
    taken = set(others.values_list("seat", flat=True))
    if appointment.seat not in taken:
        return appointment.seat
    free = set(range(1, appointment.shift.seats + 1)) - taken
    if not free:
        raise SlotTaken
    return min(free)


def _note_before(appointment: Appointment) -> str:
    """Why it was added over others, if it was: the reason of the cancellation stood over it."""
    if not appointment.is_overbooked:
        return ""
    before = AppointmentEvent.objects.filter(
        appointment=appointment, sequence__lt=appointment.sequence - 1
    )
    note = before.order_by("-id").values_list("note", flat=True).first()
    return note or appointment.note
