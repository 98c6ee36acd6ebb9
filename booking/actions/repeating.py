"""Telling a family once more what it was told: it lost the message, or never saw it."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from booking import messages
from booking.actors import Actor, check_agent
from booking.errors import NoWayThere, ToldEnough, WrongState
from booking.locking import lock_appointments
from booking.models import Appointment, AppointmentEvent

AGAIN = "again"
# Of one appointment, by whatever way: each rings, and a phone number may be somebody else's.
MOST, WITHIN = 3, timedelta(hours=24)


@transaction.atomic
def send_again(*, uid: UUID, channel: str, now: datetime, actor: Actor) -> Appointment:
    """Send the confirmation of an appointment to come once more by this channel, and write down who
    asked for it. Raises AgentsOnly, WrongState, ToldEnough, NoWayThere."""
    check_agent(actor)
    appointment = lock_appointments([uid]).get(uid)
    if appointment is None or appointment.state != Appointment.State.BOOKED:
        raise WrongState
    if appointment.starts_at <= now:
        raise WrongState
    before = AppointmentEvent.objects.filter(appointment=appointment, action=AGAIN)
    if before.filter(at__gt=now - WITHIN).count() >= MOST:
        raise ToldEnough
    if not messages.again(appointment, channel, number=before.count() + 1, now=now):
        raise NoWayThere
    AppointmentEvent.beside(appointment, AGAIN, at=now, by=actor.label).save()
    return appointment
