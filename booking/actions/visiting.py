"""The visit itself: arrived, in progress, fulfilled, or not come. Agents and practitioners only."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from booking.actors import Actor
from booking.errors import TooSoon, WrongState
from booking.locking import lock_appointments
from booking.models import Appointment

State = Appointment.State
# From which states each may be reached; a wrong click is mended by going back one.
REACHED_FROM: dict[str, tuple[str, ...]] = {
    State.ARRIVED: (State.BOOKED, State.IN_PROGRESS, State.NOSHOW),
    State.IN_PROGRESS: (State.ARRIVED, State.FULFILLED),
    State.FULFILLED: (State.IN_PROGRESS, State.ARRIVED),
    State.NOSHOW: (State.BOOKED,),
}


@transaction.atomic
def _become(state: str, action: str, *, uid: UUID, now: datetime, actor: Actor) -> Appointment:
    appointment = lock_appointments([uid]).get(uid)
    if appointment is None:
        raise WrongState
    if appointment.state == state:
        return appointment
    if appointment.state not in REACHED_FROM[state]:
        raise WrongState(state=appointment.state)
    if state == State.NOSHOW and now < appointment.starts_at:
        raise TooSoon
    appointment.state = state
    appointment.last_action, appointment.actor, appointment.changed_at = action, actor.label, now
    appointment.save(update_fields=["state", "last_action", "actor", "changed_at"])
    return appointment


def arrive(*, uid: UUID, now: datetime, actor: Actor) -> Appointment:
    """The family is here. Raises WrongState."""
    return _become(State.ARRIVED, "arrive", uid=uid, now=now, actor=actor)


def start(*, uid: UUID, now: datetime, actor: Actor) -> Appointment:
    """The practitioner receives them. Raises WrongState."""
    return _become(State.IN_PROGRESS, "start", uid=uid, now=now, actor=actor)


def fulfil(*, uid: UUID, now: datetime, actor: Actor) -> Appointment:
    """The visit took place. Raises WrongState."""
    return _become(State.FULFILLED, "fulfil", uid=uid, now=now, actor=actor)


def mark_noshow(*, uid: UUID, now: datetime, actor: Actor) -> Appointment:
    """Nobody came. Not before the start. Raises WrongState, TooSoon."""
    return _become(State.NOSHOW, "noshow", uid=uid, now=now, actor=actor)
