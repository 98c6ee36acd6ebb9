"""The visit itself: arrived, in progress, fulfilled, or not come. Agents and practitioners only."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction

from booking.actors import Actor, check_agent
from booking.errors import VisitTooSoon, WrongState
from booking.locking import lock_appointments
from booking.models import Appointment

State = Appointment.State
# From which states each may be reached; a wrong click is mended by going back one.
REACHED_FROM: dict[str, tuple[str, ...]] = {
    State.BOOKED: (State.ARRIVED, State.NOSHOW),
    State.ARRIVED: (State.BOOKED, State.IN_PROGRESS, State.NOSHOW),
    State.IN_PROGRESS: (State.ARRIVED, State.FULFILLED),
    State.FULFILLED: (State.IN_PROGRESS, State.ARRIVED),
    State.NOSHOW: (State.BOOKED,),
    # Of who came without an appointment, see await_again.
    State.CANCELLED: (State.ARRIVED,),
}


@transaction.atomic
def _become(
    state: str, action: str, *, uid: UUID, now: datetime, actor: Actor, seen: str
) -> Appointment:
    """`seen` is the state that whoever presses had before their eyes, if they say so: what another
    has made of it meanwhile is not undone by a press that meant something else."""
    appointment = lock_appointments([uid]).get(uid)
    if appointment is None:
        raise WrongState
    if state == State.BOOKED and appointment.is_walk_in:
        state, action = State.CANCELLED, "unnote"
    if appointment.state == state:
        return appointment
    if appointment.state not in REACHED_FROM[state] or seen not in ("", appointment.state):
        raise WrongState(state=appointment.state)
    if state in (State.ARRIVED, State.NOSHOW):
        _check_has_come(appointment, state, now=now)
    appointment.state = state
    appointment.last_action, appointment.actor, appointment.changed_at = action, actor.label, now
    appointment.save(update_fields=["state", "last_action", "actor", "changed_at"])
    return appointment


def _check_has_come(appointment: Appointment, state: str, *, now: datetime) -> None:
    """Raises VisitTooSoon: a family may come early, but on the day; late is after the start."""
    zone = ZoneInfo(appointment.centre.time_zone)
    if state == State.NOSHOW:
        is_early = now < appointment.starts_at
    else:
        is_early = now.astimezone(zone).date() < appointment.starts_at.astimezone(zone).date()
    if is_early:
        raise VisitTooSoon


def arrive(*, uid: UUID, now: datetime, actor: Actor, seen: str = "") -> Appointment:
    """The family is here. Not before the day. Raises WrongState, VisitTooSoon."""
    return _become(State.ARRIVED, "arrive", uid=uid, now=now, actor=actor, seen=seen)


def await_again(*, uid: UUID, now: datetime, actor: Actor, seen: str = "") -> Appointment:
    """The family neither came nor stayed away: a wrong click on one of these is undone, and both
    stand in the history. Of who came without an appointment nothing is awaited: the visit itself
    is taken back. Agents only. Raises AgentsOnly, WrongState."""
    check_agent(actor)
    return _become(State.BOOKED, "await", uid=uid, now=now, actor=actor, seen=seen)


def start(*, uid: UUID, now: datetime, actor: Actor, seen: str = "") -> Appointment:
    """The practitioner receives them. Raises WrongState."""
    return _become(State.IN_PROGRESS, "start", uid=uid, now=now, actor=actor, seen=seen)


def fulfil(*, uid: UUID, now: datetime, actor: Actor, seen: str = "") -> Appointment:
    """The visit took place. Raises WrongState."""
    return _become(State.FULFILLED, "fulfil", uid=uid, now=now, actor=actor, seen=seen)


def mark_noshow(*, uid: UUID, now: datetime, actor: Actor, seen: str = "") -> Appointment:
    """Nobody came. Not before the start. Raises WrongState, VisitTooSoon."""
    return _become(State.NOSHOW, "noshow", uid=uid, now=now, actor=actor, seen=seen)
