"""Moving and cancelling an appointment, by its family or by an agent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from booking import messages, rules
from booking.actions.confirming import check_ahead, check_child_is_free, check_dates
from booking.actions.holding import Ask, Wanted, check_open, check_still_there, clear_way, live_hold
from booking.actors import FAMILY, Actor
from booking.constraints import refuse_clash
from booking.errors import SlotTaken, TooLate, WrongState
from booking.loading import update_appointment
from booking.locking import lock_appointments
from booking.models import Appointment
from centres.calendar import to_minute

# Because somebody asked; by the centre, for one appointment.
CANCEL, CALL_OFF = "cancel", "call_off"
# What a move takes over from the hold on the new time.
PLACE_FIELDS = (
    "shift",
    "practitioner",
    "centre",
    "site",
    "starts_at",
    "ends_at",
    "busy_from",
    "busy_until",
    "seat",
)
CHANGED_FIELDS = ("state", "sequence", "last_action", "actor", "note", "changed_at")


def _changeable(
    locked: dict[UUID, Appointment], uid: UUID, *, now: datetime, actor: Actor
) -> Appointment:
    """The locked appointment, still ahead. Raises WrongState, TooLate."""
    appointment = locked.get(uid)
    if appointment is None or appointment.state != Appointment.State.BOOKED:
        raise WrongState
    if not actor.is_agent:
        rules.check_still_changeable(
            starts_at=appointment.starts_at,
            notice_min=appointment.type.cancel_notice_min,
            now=now,
        )
    return appointment


@transaction.atomic
def move(*, uid: UUID, hold_uid: UUID, now: datetime, actor: Actor = FAMILY) -> Appointment:
    """Take the held new time and free the old one, in one transaction: never neither, never both.

    Both shifts are locked, so nobody slips in between. The old time is refused to nobody: it is
    offered again after the centre's delay. Raises WrongState, TooLate, HoldExpired, CentreNotOpen,
    NotOffered, AgeNotAllowed, WeeksNotAllowed, AlreadyBookedThen.
    """
    locked = lock_appointments([uid, hold_uid])
    appointment = _changeable(locked, uid, now=now, actor=actor)
    held = live_hold(locked, hold_uid, now=now)
    if held.moves_id != appointment.pk or held.type_id != appointment.type_id:
        raise WrongState
    check_ahead(held, now=now, actor=actor)
    check_open(held.centre, held.type, now=now, actor=actor)
    check_still_there(held)
    check_family_then(appointment, held)
    check_child_is_free(appointment, at=held)
    was = messages.before_move(appointment)
    swap_places(appointment, held, now=now)
    appointment.sequence += 1
    appointment.note, appointment.is_overbooked = "", False  # the new time was free
    record(appointment, "move", now=now, actor=actor)
    try:
        update_appointment(held, *PLACE_FIELDS, "state", "reoffer_at")
        update_appointment(appointment, *CHANGED_FIELDS, *PLACE_FIELDS, "is_overbooked")
    except IntegrityError as error:
        raise refuse_clash(error) from error
    messages.moved(appointment, now=now, was=was, actor=actor)
    return appointment


def swap_places(appointment: Appointment, held: Appointment, *, now: datetime) -> None:
    """Give the appointment the held place. The hold's row lapses on the old one, and keeps it off
    the list for the centre's delay, as after a cancellation."""
    held.reoffer_at = rules.reoffer_at(
        now=now, starts_at=appointment.starts_at, delay_min=appointment.centre.reoffer_delay_min
    )
    held.state = Appointment.State.LAPSED
    for field in PLACE_FIELDS:
        old, new = getattr(appointment, field), getattr(held, field)
        setattr(appointment, field, new)
        setattr(held, field, old)


def check_family_then(appointment: Appointment, held: Appointment) -> None:
    """Raises AgeNotAllowed or WeeksNotAllowed when it is too early or too late on the new day."""
    check_dates(
        held.type,
        held.centre,
        born_on=appointment.child.born_on if appointment.child else None,
        due_on=appointment.due_on,
        starts_at=held.starts_at,
    )


def record(appointment: Appointment, action: str, *, now: datetime, actor: Actor) -> None:
    appointment.last_action, appointment.actor = action, actor.label
    appointment.changed_at = now


def take_time(
    appointment: Appointment, write: Callable[[], None], *, now: datetime, actor: Actor
) -> None:
    """Write one that takes its time anew. As when holding, what nobody could confirm any more is
    cleared out of its way, once. Raises SlotTaken."""
    try:
        _write_or_refuse(write)
    except SlotTaken:
        start, anywhere = to_minute(appointment.starts_at), Wanted(None, None, ())
        ask = Ask(appointment.type, appointment.centre, start, now, actor, anywhere)
        if not clear_way(ask):
            raise
        _write_or_refuse(write)


@transaction.atomic
def _write_or_refuse(write: Callable[[], None]) -> None:
    try:
        write()
    except IntegrityError as error:
        raise refuse_clash(error) from error


@transaction.atomic
def cancel(
    *,
    uid: UUID,
    now: datetime,
    actor: Actor = FAMILY,
    reason: str = "",
    is_asked: bool = False,
    seen: int | None = None,
) -> Appointment:
    """Cancel an appointment still ahead; its time is offered again after the centre's delay.

    An agent cancels because the family asked (`is_asked`), or for the centre, which cannot receive
    it: that decides what the message says, and whether anybody else is offered the time. The
    message leaves once the agent cannot undo it any more. `seen` is the version (sequence) the
    agent saw. Cancelling twice is one cancellation. Raises WrongState, TooLate.
    """
    locked = lock_appointments([uid])
    already = locked.get(uid)
    if already is not None and already.state == Appointment.State.CANCELLED:
        return already
    appointment = _changeable(locked, uid, now=now, actor=actor)
    if seen is not None and appointment.sequence != seen:
        raise WrongState
    if appointment.starts_at <= now:
        raise TooLate
    is_called_off = actor.is_agent and not is_asked
    appointment.state = Appointment.State.CANCELLED
    appointment.sequence += 1
    appointment.note = reason[:200] or appointment.note  # why it was overbooked stays
    appointment.reoffer_at = _offered_again(appointment, is_called_off=is_called_off, now=now)
    record(appointment, CALL_OFF if is_called_off else CANCEL, now=now, actor=actor)
    update_appointment(appointment, *CHANGED_FIELDS, "reoffer_at")
    leaves_at = None
    if actor.is_agent:
        leaves_at = rules.news_leaves_at(now, starts_at=appointment.starts_at)
    messages.cancelled(appointment, now=now, actor=actor, is_asked=is_asked, leaves_at=leaves_at)
    return appointment


def _offered_again(
    appointment: Appointment, *, is_called_off: bool, now: datetime
) -> datetime | None:
    if is_called_off:  # nobody is there to receive another family
        return appointment.ends_at
    return rules.reoffer_at(
        now=now, starts_at=appointment.starts_at, delay_min=appointment.centre.reoffer_delay_min
    )
