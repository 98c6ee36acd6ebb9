"""A second press of the same agent, whose first answer was lost on its way: what it booked already.

Asked under the lock of who books: of two presses at once, the second finds what the first made.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import QuerySet

from booking.actors import Actor, Who
from booking.models import Appointment, Child, Guardian
from centres.calendar import from_minute
from centres.models import AppointmentType


def _booked_then(kind: AppointmentType, start: int, actor: Actor) -> QuerySet[Appointment]:
    """What this agent has booked at this start, wherever and with whom."""
    return Appointment.objects.filter(
        starts_at=from_minute(start),
        type=kind,
        state=Appointment.State.BOOKED,
        actor=actor.label,
    )


def pressed_for(
    guardian: Guardian, child: Child | None, kind: AppointmentType, start: int, actor: Actor
) -> Appointment | None:
    """What this agent has booked for this parent and child then."""
    return _booked_then(kind, start, actor).filter(guardian=guardian, child=child).first()


def pressed_together(
    guardian: Guardian,
    children: Sequence[Child],
    kind: AppointmentType,
    starts: Sequence[int],
    actor: Actor,
) -> list[Appointment]:
    """What this agent has booked for just these children at these starts, or for all at the first
    in a session, with one practitioner. Nothing once one of them is no longer so: that is another
    wish, to be judged as any."""
    ahead = [from_minute(start) for start in starts]
    known = Appointment.objects.filter(
        type=kind,
        state=Appointment.State.BOOKED,
        actor=actor.label,
        guardian=guardian,
        child__in=children,
        starts_at__in=ahead,
    )
    by_child = {each.child_id: each for each in known}
    booked = [by_child[child.pk] for child in children if child.pk in by_child]
    is_whole = len(booked) == len(children) and len({each.shift_id for each in booked}) == 1
    taken = sorted(each.starts_at for each in booked)
    is_same = is_whole and taken in (ahead, [ahead[0]] * len(ahead))
    return booked if is_same else []


def pressed_before(who: Who, kind: AppointmentType, start: int, actor: Actor) -> Appointment | None:
    """What this agent has booked for this very person then."""
    booked = _booked_then(kind, start, actor).filter(
        guardian__first_name=who.first_name,
        guardian__last_name=who.last_name,
        guardian__email=who.email,
        guardian__phone=who.phone,
    )
    same = booked.select_related("child")
    return next((each for each in same if _child_name(each) == who.child_first_name), None)


def _child_name(appointment: Appointment) -> str:
    return appointment.child.first_name if appointment.child else ""
