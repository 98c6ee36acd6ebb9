"""What the demo's desks noted of families who come today and in the days after."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from random import Random

from booking.actions.remarking import NOTED
from booking.demo.staff import Place
from booking.models import Appointment, AppointmentEvent, AppointmentRemark

SAID = (
    "Poussette double",
    "Vient avec la grand-mère, qui traduit",
    "Arrive en bus, peut avoir dix minutes de retard",
    "Fauteuil roulant : salle du rez-de-chaussée",
    "Vient avec les deux enfants",
    "Rappeler la veille si le médecin est absent",
)
# One visit in so many has one.
SELDOM = 9


def write_remarks(places: Iterable[Place], *, now: datetime, rng: Random) -> int:
    """Beside some of the visits of four days; how many."""
    by_centre = {place.centre.pk: place.agents for place in places if place.agents}
    found = Appointment.objects.filter(
        centre__in=by_centre,
        state=Appointment.State.BOOKED,
        type__is_discreet=False,
        starts_at__range=(now - timedelta(hours=12), now + timedelta(days=4)),
    ).order_by("pk")
    remarks, events = [], []
    for visit in found[::SELDOM]:
        by = rng.choice(by_centre[visit.centre_id])
        remarks.append(
            AppointmentRemark(
                appointment=visit, text=rng.choice(SAID), written_at=now, written_by=by
            )
        )
        events.append(AppointmentEvent.beside(visit, NOTED, at=now, by=by))
    AppointmentRemark.objects.bulk_create(remarks)
    AppointmentEvent.objects.bulk_create(events)
    return len(remarks)
