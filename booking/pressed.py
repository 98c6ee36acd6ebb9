"""A second press of the same agent, whose first answer was lost on its way: what it did already.

Asked under the lock of who books: of two presses at once, the second finds what the first made.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import QuerySet

from booking.actors import Actor, Who
from booking.models import HERE, Appointment, Child, Guardian, WaitingListEntry
from centres.calendar import from_minute
from centres.models import AppointmentType, Shift


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
    same = _booked_then(kind, start, actor).filter(**_of(who)).select_related("child")
    return next((each for each in same if _child_name(each.child) == who.child_first_name), None)


def put_on_list_before(who: Who, kind: AppointmentType, actor: Actor) -> WaitingListEntry | None:
    """The request that this agent has noted for this very person, and this child if it is for one,
    and that is still open; at whichever centre and for whichever due date, which may be what the
    second press puts right."""
    noted = WaitingListEntry.objects.filter(
        type=kind,
        state=WaitingListEntry.State.OPEN,
        appointment=None,
        asked_by=actor.label[:80],
        **_of(who),
    ).select_related("guardian__household", "child")
    is_child = kind.audience == AppointmentType.Audience.CHILD
    name, born_on = (who.child_first_name, who.child_born_on) if is_child else ("", None)
    for each in noted:
        child = each.child
        if _child_name(child) == name and (child.born_on if child else None) == born_on:
            return each
    return None


def noted_before(who: Who, shift: Shift, actor: Actor) -> Appointment | None:
    """The visit that this agent has noted at this session's door for this very person, and this
    child if one was typed. Whoever pressed something on it since, it is the same visit."""
    noted = Appointment.objects.filter(
        shift=shift,
        booked_via=Appointment.Via.DOOR,
        state__in=HERE,
        events__action="walk_in",
        events__actor=actor.label,
        **_of(who),
    ).select_related("guardian", "child")
    return next((each for each in noted if _is_of(each.child, who)), None)


def _is_of(child: Child | None, who: Who) -> bool:
    typed = (who.child_first_name, who.child_born_on)
    return (child.first_name, child.born_on) == typed if child else not all(typed)


def _of(who: Who) -> dict[str, str]:
    """The person as an agent typed it, to the letter."""
    return {
        "guardian__first_name": who.first_name,
        "guardian__last_name": who.last_name,
        "guardian__email": who.email,
        "guardian__phone": who.phone,
    }


def _child_name(child: Child | None) -> str:
    return child.first_name if child else ""
