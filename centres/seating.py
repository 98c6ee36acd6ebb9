"""How many places a half-day may have for the types it offers (pure but for its types)."""

from __future__ import annotations

from collections.abc import Iterable

from centres.errors import SeatsDoNotFit, gettext_noop
from centres.models import AppointmentType

MIXED = gettext_noop("Un atelier en groupe se propose sans motif individuel à côté.")
ALONE = gettext_noop("Un rendez-vous individuel n’a qu’une place.")
NO_GROUP = gettext_noop("Un atelier en groupe a au moins deux places.")
TOO_MANY = gettext_noop("Ces motifs ont au plus %(most)s places.")


def usual_seats(kinds: Iterable[AppointmentType]) -> int:
    """The places a new half-day begins with: as many as the smallest of its groups."""
    return min((kind.capacity for kind in kinds if kind.is_group), default=1)


def check_seats(kinds: Iterable[AppointmentType], seats: int) -> None:
    """A half-day of groups is one session of several places, no more than each type has; any other
    has one. Walk-ins are not booked: their places bind nobody. Raises SeatsDoNotFit."""
    booked = [kind for kind in kinds if kind.booking != AppointmentType.Booking.WALK_IN]
    groups = [kind for kind in booked if kind.is_group]
    if not booked:
        return
    if not groups:
        if seats > 1:
            raise SeatsDoNotFit(ALONE)
        return
    if len(groups) < len(booked):
        raise SeatsDoNotFit(MIXED)
    if seats < 2:
        raise SeatsDoNotFit(NO_GROUP)
    if seats > (most := usual_seats(groups)):
        raise SeatsDoNotFit(TOO_MANY, most=most)
