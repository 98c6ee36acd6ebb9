"""An appointment whose practitioner is away, and for which another time is held."""

from __future__ import annotations

from datetime import timedelta

from booking.models import Appointment, Declaration
from centres.models import Absence
from tests.factories import make_appointment, make_shift


def propose(appointment: Appointment) -> None:
    """Its practitioner is away then, and another time is held for it, the day after."""
    period = {"starts_at": appointment.starts_at, "ends_at": appointment.ends_at}
    away = Absence.objects.create(practitioner=appointment.practitioner, **period)
    starts_at = appointment.starts_at + timedelta(days=1)
    shift = make_shift(site=appointment.site, types=[appointment.type], starts_at=starts_at)
    held = make_appointment(
        shift,
        state="held",
        starts_at=starts_at,
        moves=appointment,
        expires_at=appointment.starts_at,
    )
    declaration = Declaration.objects.create(
        centre=appointment.centre, absence=away, declared_at=appointment.created_at
    )
    declaration.cases.create(
        appointment=appointment,
        choice="propose",
        sequence=appointment.sequence,
        proposal=held,
        answer_by=held.expires_at,
    )
